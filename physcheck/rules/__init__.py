"""Rule packs, and from signals to violations.

load_pack       YAML -> Pack                        loading.py
select_rules    Pack -> Pack with fewer rules       packs.py
measure         Pack, Shot -> signals of each rule  deciding.py
decide          Pack, signals -> Decision           deciding.py
tell_incidents  violations, tracks -> incidents      incidents.py
describe_rule   Pack, name -> text for a person     describing.py
rule_page       Pack, name -> page in Markdown      describing.py
"""

from __future__ import annotations

from physcheck.rules.deciding import Decision, decide, measure
from physcheck.rules.describing import RuleRow, describe_rule, list_rules, rule_page
from physcheck.rules.incidents import tell_incidents, thing_name
from physcheck.rules.loading import load_pack, pack_names, validate_pack
from physcheck.rules.packs import Null, Pack, Rule, config_sha256, select_rules, suggestion

__all__ = [
    "Decision",
    "Null",
    "Pack",
    "Rule",
    "RuleRow",
    "config_sha256",
    "decide",
    "describe_rule",
    "list_rules",
    "load_pack",
    "measure",
    "pack_names",
    "rule_page",
    "select_rules",
    "suggestion",
    "tell_incidents",
    "thing_name",
    "validate_pack",
]

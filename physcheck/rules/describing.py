"""The text of `physcheck rules list` and `rules show`, from the checks' docstrings."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from physcheck.checks import Check, registry
from physcheck.errors import ConfigurationError
from physcheck.rules.packs import Pack, Rule, suggestion

__all__ = ["RuleRow", "describe_rule", "list_rules"]

_WIDTH = 88
_INDENT = 12


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One line of `physcheck rules list`."""

    name: str
    group: str
    check: str
    limit: float
    unit: str
    summary: str


def list_rules(pack: Pack, *, checks: Mapping[str, Check] | None = None) -> list[RuleRow]:
    """Return a row for each rule of a pack, in the pack's order."""
    known = registry() if checks is None else checks
    return [
        RuleRow(rule.name, rule.group, rule.check, rule.limit, rule.unit, known[rule.check].summary)
        for rule in pack.rules
    ]


def describe_rule(pack: Pack, name: str, *, checks: Mapping[str, Check] | None = None) -> str:
    """Tell all there is to know of a rule.

    Raises:
        ConfigurationError: the pack has no rule of that name.
    """
    known = registry() if checks is None else checks
    rules = {rule.name: rule for rule in pack.rules}
    if name not in rules:
        where = f"unknown rule '{name}' in pack '{pack.name}'"
        raise ConfigurationError(where + suggestion(name, rules))
    rule = rules[name]
    check = known[rule.check]
    title = f"{rule.name} (group {rule.group}, pack {pack.name} {pack.version})"
    sections = {
        "Check": check.name,
        "Statistic": check.statistic,
        "Limit": _limit_text(rule),
        "Null" if rule.steepness is None else "Odds": _odds_text(rule),
        "Abstains": check.abstains,
        "Blind to": check.blind_to,
        "Source": check.source,
    }
    lines = [title, "", *_wrapped(check.summary, 2), ""]
    for heading, text in sections.items():
        lines += _wrapped(f"{heading:<{_INDENT - 2}}{text}", 2, _INDENT)
    return "\n".join([*lines, *_parameter_lines(rule, check)])


def _limit_text(rule: Rule) -> str:
    """Say from which number on the rule accuses."""
    frames = f" in {rule.min_frames} frames in a row" if rule.min_frames > 1 else ""
    return f"more than {rule.limit:g} {rule.unit}{frames}"


def _odds_text(rule: Rule) -> str:
    """Say how a value becomes a probability."""
    if rule.steepness is not None:
        return f"even at the limit, growing as (value / limit) to the power {rule.steepness:g}"
    shape = "" if rule.null.shape is None else f", shape {rule.null.shape:g}"
    return f"{rule.null.family}, scale {rule.null.scale:g} {rule.unit}{shape}"


def _parameter_lines(rule: Rule, check: Check) -> list[str]:
    """List the parameters with the default where the pack changes it."""
    if not check.parameters:
        return []
    lines = ["", "  Parameters"]
    for parameter in check.parameters:
        value = rule.parameters[parameter.name]
        text = f"{parameter.name} = {value}"
        if value != parameter.default:
            text += f" (the check's own: {parameter.default})"
        if parameter.description:
            text += f": {parameter.description}"
        lines += _wrapped(text, 4, 6)
    return lines


def _wrapped(text: str, indent: int, later: int | None = None) -> list[str]:
    """Break a text into lines."""
    rest = indent if later is None else later
    return textwrap.wrap(text, _WIDTH, initial_indent=" " * indent, subsequent_indent=" " * rest)

"""The text of `physcheck rules list` and `rules show`, and the pages of docs/rules.

All of it comes from the checks' docstrings, the pack and what was measured.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from physcheck.checks import PRINCIPLES, Check, registry
from physcheck.errors import ConfigurationError
from physcheck.rules.measured import RuleMeasured, measured_rules
from physcheck.rules.packs import Pack, Rule, suggestion

__all__ = ["RuleRow", "describe_rule", "list_rules", "measured_lines", "rule_page"]

_WIDTH = 88
_INDENT = 12
_MARKED = re.compile(r"[*_<|]")
"""Characters that mean something in Markdown."""


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
    """Tell all there is to know of a rule, as text for a terminal.

    Raises:
        ConfigurationError: the pack has no rule of that name.
    """
    rule, check = _find(pack, name, checks)
    title = f"{rule.name} (group {rule.group}, pack {pack.name} {pack.version})"
    lines = [title, "", *_wrapped(check.summary, 2), ""]
    for heading, text in _sections(rule, check).items():
        lines += _wrapped(f"{heading:<{_INDENT - 2}}{text}", 2, _INDENT)
    for number, text in enumerate(measured_lines(name)):
        lines += _wrapped(f"{'' if number else 'Measured':<{_INDENT - 2}}{text}", 2, _INDENT)
    return "\n".join([*lines, *_parameter_lines(rule, check)])


def rule_page(
    pack: Pack,
    name: str,
    *,
    pictures: Sequence[tuple[str, str]] = (),
    checks: Mapping[str, Check] | None = None,
) -> str:
    """Tell all there is to know of a rule, as a page in Markdown.

    Args:
        pack, name: the rule.
        pictures: addresses and what they show, put below the first line.
        checks: in place of the registry.

    Raises:
        ConfigurationError: the pack has no rule of that name.
    """
    rule, check = _find(pack, name, checks)
    parts = [f"# {rule.name}", check.summary]
    parts += [f"![{text}]({address})\n\n*{text}*" for address, text in pictures]
    for heading, text in _sections(rule, check).items():
        parts += [f"## {heading}", _MARKED.sub(r"\\\g<0>", text)]
    measured = measured_lines(name)
    if measured:
        parts += ["## Measured", "\n".join(f"- {line}" for line in measured)]
    if check.parameters:
        rows = ["| parameter | value | meaning |", "|---|---|---|"]
        rows += [
            f"| `{one.name}` | {rule.parameters[one.name]} | {one.description} |"
            for one in check.parameters
        ]
        parts += ["## Parameters", "\n".join(rows)]
    told = f"Group `{rule.group}`, pack `{pack.name}` {pack.version}. Made by `physcheck rules show"
    return "\n\n".join([*parts, f"{told} {rule.name} --markdown`."]) + "\n"


def measured_lines(name: str) -> list[str]:
    """What was measured of a rule of the shipped pack, a line for each labelled set."""
    found = measured_rules()
    sets = found.rules.get(name, {}) if found else {}
    return [f"{which}: {_measured_text(one)}" for which, one in sets.items()]


def _measured_text(one: RuleMeasured) -> str:
    parts = []
    if one.n_labelled:
        parts.append(
            f"{one.n_hit_by_name} of {one.n_labelled} labelled violations seen by this rule, "
            f"{one.n_hit} by any"
        )
    else:
        parts.append("none labelled")
    if one.n_claims:
        parts.append(f"{one.n_right} of {one.n_claims} claims right")
    parts.append(f"{one.n_accused} of {one.n_clean} clean clips accused")
    text = ", ".join(parts)
    if one.curve and one.curve.bins:
        bins = "; ".join(
            f"{_range(b.low, b.high)} {b.recall * 100:.0f} % of {b.n}" for b in one.curve.bins
        )
        text += f". Seen by size of the wrong, {one.curve.unit}: {bins}"
    return text


def _range(low: float, high: float) -> str:
    return f"{low:.3g}" if f"{low:.3g}" == f"{high:.3g}" else f"{low:.3g} to {high:.3g}"


def _find(pack: Pack, name: str, checks: Mapping[str, Check] | None) -> tuple[Rule, Check]:
    """The rule of that name and its check."""
    known = registry() if checks is None else checks
    rules = {rule.name: rule for rule in pack.rules}
    if name not in rules:
        where = f"unknown rule '{name}' in pack '{pack.name}'"
        raise ConfigurationError(where + suggestion(name, rules))
    return rules[name], known[rules[name].check]


def _sections(rule: Rule, check: Check) -> dict[str, str]:
    """What is said of a rule, by heading."""
    return {
        "Why": PRINCIPLES[rule.group],
        "Check": check.name,
        "Statistic": check.statistic,
        "Limit": _limit_text(rule),
        "Null" if rule.steepness is None else "Odds": _odds_text(rule),
        "Abstains": check.abstains,
        "Blind to": check.blind_to,
        "Source": check.source,
    }


def _limit_text(rule: Rule) -> str:
    """Say from which number on the rule accuses."""
    frames = f" in {rule.min_frames} frames in a row" if rule.min_frames > 1 else ""
    origin = f"; {rule.origin}" if rule.origin else ""
    return f"more than {rule.limit:g} {rule.unit}{frames}{origin}"


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

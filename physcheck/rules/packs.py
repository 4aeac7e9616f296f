"""What a rule pack is once it was read: frozen, complete, with every default filled in."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from physcheck.checks import GROUPS, Value
from physcheck.errors import ConfigurationError

__all__ = ["Null", "Pack", "Rule", "config_sha256", "select_rules", "suggestion"]


@dataclass(frozen=True, slots=True)
class Null:
    """How a statistic spreads where nothing is wrong, see `physcheck.statistics`.

    scale: in the rule's unit. shape: of a lognormal, else None.
    """

    family: str
    scale: float
    shape: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A check with its parameters and the limit from which on it accuses.

    limit: in `unit`; a value counts when it is larger. min_frames: how many rows
    in a row must be over the limit. parameters: all that the check takes. steepness: odds
    of a violation grow as (value / limit) to this power, learned from labelled footage;
    None where they follow from the null. origin: where the limit came from, or "".
    """

    name: str
    check: str
    group: str
    limit: float
    unit: str
    min_frames: int
    null: Null
    parameters: Mapping[str, Value]
    steepness: float | None = None
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Pack:
    """The rules of one file.

    sha256: of the file's bytes, followed by those of the packs it extends. calibrated:
    whether every limit in force was learned from labelled footage. score_curve: knots
    (probability of the worst moment, of something wrong in the clip), both from 0 to 1;
    none: they are taken as the same.
    """

    name: str
    version: str
    description: str
    sha256: str
    path: str
    rules: tuple[Rule, ...]
    calibrated: bool = False
    score_curve: tuple[tuple[float, float], ...] = ()


def suggestion(word: str, options: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the nearest word, or else the words there are."""
    known = sorted(options)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; known: {', '.join(known)}" if known else "; there is none"


def select_rules(pack: Pack, *, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> Pack:
    """Keep the rules that are selected and not ignored.

    Args:
        pack: where to choose from.
        select: names of rules or groups; none means all. A word that names a rule
            and a group ("trajectory") means the whole group.
        ignore: names of rules or groups; they win over `select`.

    Raises:
        ConfigurationError: a name is unknown, or no rule is left.
    """
    selected, ignored = _named(pack, select), _named(pack, ignore)
    kept = tuple(
        rule
        for rule in pack.rules
        if (rule.name in selected or not selected) and rule.name not in ignored
    )
    if not kept:
        raise ConfigurationError(f"pack '{pack.name}': no rule is left of what was selected")
    return replace(pack, rules=kept)


def _named(pack: Pack, names: Iterable[str]) -> set[str]:
    """Return the names of the rules that are meant by names of rules or groups."""
    found: set[str] = set()
    for name in names:
        meant = {rule.name for rule in pack.rules if name in (rule.name, rule.group)}
        if not meant:
            raise ConfigurationError(_unknown(pack, name))
        found |= meant
    return found


def _unknown(pack: Pack, name: str) -> str:
    """Say that no rule has this name or group."""
    if name in GROUPS:
        return f"pack '{pack.name}' has no rule of the group '{name}'"
    words = {word for rule in pack.rules for word in (rule.name, rule.group)}
    return f"unknown rule or group '{name}' in pack '{pack.name}'{suggestion(name, words)}"


def config_sha256(pack: Pack, settings: Mapping[str, object]) -> str:
    """Return one hash for all that decides a result: the rules in force and the settings.

    Args:
        pack: after `select_rules`; where its file lies does not matter.
        settings: what JSON can hold, and paths.
    """
    state: dict[str, object] = {
        "pack": [pack.name, pack.version],
        "rules": [_asked(rule) for rule in pack.rules],
        "settings": dict(settings),
    }
    if pack.score_curve:
        state["score_curve"] = pack.score_curve
    text = json.dumps(state, sort_keys=True, ensure_ascii=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _asked(rule: Rule) -> dict[str, object]:
    """A rule's fields; what it does not say, or only tells, leaves no trace in the hash."""
    state: dict[str, object] = asdict(rule)
    del state["origin"]
    if rule.steepness is None:
        del state["steepness"]
    return state


def _plain(value: object) -> str:
    """Turn a path into text; refuse what has no stable text."""
    if isinstance(value, Path):
        return value.as_posix()
    raise TypeError(f"a setting of type {type(value).__name__} cannot be hashed")

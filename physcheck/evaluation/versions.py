"""Two versions of the same clips side by side: what is mended, what is new."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from physcheck.records import FLAG_PROBABILITY, Report, ViolationRecord
from physcheck.statistics import bootstrap_interval

__all__ = ["Comparison", "PairRecord", "compare_reports", "render_comparison"]

_APART_S = 0.25
"""Violations of one rule are the same where no more than this lies between them, s."""


class _Branch(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class PairRecord(_Branch):
    """One clip in two versions. fixed: of the first, gone in the second; new: the reverse."""

    name: str
    score_before: float | None
    score_after: float | None
    fixed: tuple[ViolationRecord, ...]
    new: tuple[ViolationRecord, ...]
    n_kept: int


class Comparison(_Branch):
    """All pairs. score_change: mean of after - before, with its 95 % interval where it has one."""

    pairs: tuple[PairRecord, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    score_change: float | None
    interval: tuple[float, float] | None
    n_scored: int

    def to_json(self) -> str:
        """As JSON text."""
        return self.model_dump_json(indent=2) + "\n"


class _Same(NamedTuple):
    """Two violations that may be one, and how far their peaks are apart, s."""

    apart_s: float
    before: int
    after: int


def compare_reports(before: dict[str, Report], after: dict[str, Report]) -> Comparison:
    """Compare what was found in two versions of clips.

    Only violations that are likelier than not count. Two are the same where they break the
    same rule at about the same time; things and places may differ, as versions do.

    Args:
        before, after: reports by the name under which clips are paired.
    """
    shared = [name for name in before if name in after]
    pairs = tuple(_pair(name, before[name], after[name]) for name in shared)
    changes = [
        one.score_after - one.score_before
        for one in pairs
        if one.score_before is not None and one.score_after is not None
    ]
    return Comparison(
        pairs=pairs,
        only_before=tuple(name for name in before if name not in after),
        only_after=tuple(name for name in after if name not in before),
        score_change=float(np.mean(changes)) if changes else None,
        interval=_interval(changes),
        n_scored=len(changes),
    )


def _interval(changes: Sequence[float]) -> tuple[float, float] | None:
    """95 % interval of the mean; none for a single clip."""
    if len(changes) < 2:
        return None
    return bootstrap_interval(np.array(changes), lambda drawn: float(drawn.mean()))


def _pair(name: str, before: Report, after: Report) -> PairRecord:
    first, second = _sure(before), _sure(after)
    kept = _matched(first, second)
    gone = {one.before for one in kept}
    come = {one.after for one in kept}
    return PairRecord(
        name=name,
        score_before=before.score,
        score_after=after.score,
        fixed=tuple(one for k, one in enumerate(first) if k not in gone),
        new=tuple(one for k, one in enumerate(second) if k not in come),
        n_kept=len(kept),
    )


def _sure(report: Report) -> list[ViolationRecord]:
    return [one for one in report.violations if one.probability >= FLAG_PROBABILITY]


def _matched(first: Sequence[ViolationRecord], second: Sequence[ViolationRecord]) -> list[_Same]:
    """One-to-one, the nearest in time first."""
    near = [
        _Same(_middle_s(a) - _middle_s(b), i, j)
        for i, a in enumerate(first)
        for j, b in enumerate(second)
        if a.rule == b.rule
        and a.start_s <= b.stop_s + _APART_S
        and b.start_s <= a.stop_s + _APART_S
    ]
    kept: list[_Same] = []
    for one in sorted(near, key=lambda same: abs(same.apart_s)):
        if all(one.before != other.before and one.after != other.after for other in kept):
            kept.append(one)
    return kept


def _middle_s(one: ViolationRecord) -> float:
    return (one.start_s + one.stop_s) / 2


def render_comparison(comparison: Comparison) -> str:
    """As text: a line for each clip in which something changed, then the sum."""
    lines = [_line(one) for one in comparison.pairs if one.fixed or one.new]
    lines += [f"{_plain(name)}: in the first only" for name in comparison.only_before]
    lines += [f"{_plain(name)}: in the second only" for name in comparison.only_after]
    fixed, new = (
        sum(len(getattr(one, what)) for one in comparison.pairs) for what in ("fixed", "new")
    )
    kept = sum(one.n_kept for one in comparison.pairs)
    n_pairs = len(comparison.pairs)
    clips = f"{n_pairs} clip{'' if n_pairs == 1 else 's'} in both"
    total = f"{clips}: {fixed} fixed, {new} new, {kept} in both{_change(comparison)}"
    return "\n".join([*lines, total]) + "\n"


def _change(comparison: Comparison) -> str:
    if comparison.score_change is None:
        return ", no scores to compare"
    text = f", score {comparison.score_change:+.2f}"
    if comparison.interval is None:
        return text
    low, high = comparison.interval
    return f"{text} (95 % interval {low:+.2f} to {high:+.2f}, {comparison.n_scored} clips)"


def _line(one: PairRecord) -> str:
    both = (("fixed", one.fixed), ("new", one.new))
    parts = [f"{word}: {_named(found)}" for word, found in both if found]
    scores = f"score {_score(one.score_before)} -> {_score(one.score_after)}"
    return f"{_plain(one.name)}: {scores}; {'; '.join(parts)}"


def _named(found: Iterable[ViolationRecord]) -> str:
    return ", ".join(f"{one.rule} at {one.start_s:.2f} s" for one in found)


def _score(score: float | None) -> str:
    return "none" if score is None else f"{score:.2f}"


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)

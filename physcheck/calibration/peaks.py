"""The largest number that each rule reached in each labelled clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from physcheck.labels import ClipLabel
from physcheck.records import Report, RuleTimeline
from physcheck.rules import Pack, Rule
from physcheck.types import Bools, Floats

__all__ = ["ClipReport", "Peaks", "gather_peaks"]

SLACK_FRAMES = 3
"""A labelled interval is widened by this much, as in the evaluation."""


class ClipReport(NamedTuple):
    """A label and what was said of its clip. origin: the name of the label set."""

    origin: str
    label: ClipLabel
    report: Report


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """What N clips reached, in the units of R rules; NaN where a rule judged nothing.

    values: (N, R) the largest of the whole clip in a clean one, of the labelled intervals
    in a violating one. elsewhere: (N, R) the largest outside of them. clean: (N,).
    groups: (N,) clips of one group are not independent. origins: (N,) names of label sets.
    rules: (R,) names. kinds: (N,) what is labelled in each clip.
    """

    values: Floats
    elsewhere: Floats
    clean: Bools
    groups: tuple[str, ...]
    origins: tuple[str, ...]
    rules: tuple[str, ...]
    kinds: tuple[frozenset[str], ...]


def gather_peaks(clips: Sequence[ClipReport], pack: Pack) -> Peaks:
    """Read the largest numbers from reports that were made with a pack.

    Clips whose label says nothing of intervals, or is unsure, are left out.
    """
    told = [one for one in clips if one.label.placed]
    shape = (len(told), len(pack.rules))
    values, elsewhere = np.full(shape, np.nan), np.full(shape, np.nan)
    for row, (_, label, report) in enumerate(told):
        for column, rule in enumerate(pack.rules):
            lane = _lane(report.timeline.rules.get(rule.name), rule, len(report.timeline.times_s))
            wrong = _labelled(label, len(lane))
            values[row, column] = _largest(lane if label.verdict == "clean" else lane[wrong])
            elsewhere[row, column] = _largest(lane[~wrong])
    return Peaks(
        values=values,
        elsewhere=elsewhere,
        clean=np.array([one.label.verdict == "clean" for one in told], dtype=np.bool_),
        groups=tuple(one.label.group for one in told),
        origins=tuple(one.origin for one in told),
        rules=tuple(rule.name for rule in pack.rules),
        kinds=tuple(frozenset(v.kind for v in one.label.violations) for one in told),
    )


def _lane(timeline: RuleTimeline | None, rule: Rule, n_frames: int) -> Floats:
    """What the rule measured in each frame, (F,); held for as long as the rule wants."""
    if timeline is None or timeline.excess is None:
        return np.full(n_frames, np.nan)
    excess = np.array([np.nan if one is None else one for one in timeline.excess])
    lane = np.full(n_frames, np.nan)
    if len(excess) >= rule.min_frames:
        held = sliding_window_view(excess, rule.min_frames).min(axis=1)
        lane[rule.min_frames - 1 :] = held * rule.limit
    return lane


def _labelled(label: ClipLabel, n_frames: int) -> Bools:
    """(F,) True where something is labelled as wrong, with some slack."""
    wrong = np.zeros(n_frames, dtype=np.bool_)
    for one in label.violations:
        wrong[max(one.start_frame - SLACK_FRAMES, 0) : one.end_frame + SLACK_FRAMES + 1] = True
    return wrong


def _largest(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.max()) if len(known) else float("nan")

"""Which claims are right: predicted events against labelled ones.

A claim hits a labelled violation when its peak frame lies within the labelled interval
widened by 3 frames, and the centre of its box at the peak lies inside the labelled box
grown 1.5 times about its centre. Where the label has no box, the time alone decides. A
claim without a box is judged by its time alone as well: that is generous to predictors
that know no place.

Matching is not one-to-one. Several claims on one event are all right, and the event
counts once; a user who looks at any of them finds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from physcheck import boxes as geometry
from physcheck.evaluation.predictions import Event, Prediction
from physcheck.labels import ClipLabel, ViolationLabel
from physcheck.types import Bools, Floats, Ints

__all__ = [
    "EventMatch",
    "KindCount",
    "RuleCount",
    "count_kinds",
    "count_rules",
    "event_groups",
    "hit_figures",
    "hits",
    "match_events",
    "onset_errors_s",
    "onset_figures_ms",
]

SLACK_FRAMES = 3
GROWTH = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class EventMatch:
    """What was found in one clip, and which claims are right.

    groups: the labelled violations of each of the E events, as indices.
    hit: (E,) whether some claim hits the event. right: (P,) whether a claim hits some event.
    """

    groups: tuple[tuple[int, ...], ...]
    hit: Bools
    right: Bools

    @property
    def counts(self) -> Ints:
        """(4,) events, events hit, claims, claims that are right; see `hit_figures`."""
        return np.array([len(self.hit), self.hit.sum(), len(self.right), self.right.sum()])


def match_events(label: ClipLabel, prediction: Prediction, *, kinds: bool) -> EventMatch:
    """Match the claims about one clip with what is labelled.

    Args:
        kinds: whether a claim must name the kind. Where it need not, labelled violations
            that overlap in time and place are one event, see `event_groups`.

    Returns:
        The match. Clips that say nothing of events (`label.placed` is False) are empty;
        every claim about a clean clip is wrong.
    """
    found = hits(label, prediction, kinds=kinds)
    alone = tuple((row,) for row in range(len(found)))
    groups = alone if kinds or not label.placed else event_groups(label)
    hit = np.array([found[list(group)].any() for group in groups], dtype=np.bool_)
    return EventMatch(groups=groups, hit=hit, right=_any(found, axis=0))


def hits(label: ClipLabel, prediction: Prediction, *, kinds: bool) -> Bools:
    """Which claim hits which labelled violation, (V, P)."""
    if not label.placed:
        return np.zeros((0, 0), dtype=np.bool_)
    found = [
        [
            _is_hit(one, event) and (not kinds or one.kind == event.kind)
            for event in prediction.events
        ]
        for one in label.violations
    ]
    return np.array(found, dtype=np.bool_).reshape(len(label.violations), len(prediction.events))


def _any(found: Bools, axis: int) -> Bools:
    return np.asarray(found.any(axis=axis), dtype=np.bool_)


def _is_hit(one: ViolationLabel, event: Event) -> bool:
    """Whether time and place agree, see the module."""
    first, last = one.start_frame - SLACK_FRAMES, one.end_frame + SLACK_FRAMES
    if not first <= event.peak_frame <= last:
        return False
    if one.box_at_peak is None or event.box is None:
        return True
    x1, y1, x2, y2 = _grown(one.box_at_peak[1:])
    x, y = geometry.centre(np.asarray(event.box, dtype=np.float64))
    return bool(x1 <= x <= x2 and y1 <= y <= y2)


def _grown(box: Sequence[float]) -> Floats:
    return geometry.expand(np.asarray(box, dtype=np.float64), GROWTH)


def event_groups(label: ClipLabel) -> tuple[tuple[int, ...], ...]:
    """Labelled violations that are one event when kinds are ignored.

    Two belong together where their intervals share a frame and their boxes, grown 1.5
    times, overlap (or one has no box); so do all that a chain of such pairs joins.

    Returns:
        Indices into `label.violations`, in order; each index stands in one group.
    """
    return join(
        [(one.start_frame, one.end_frame) for one in label.violations],
        [None if one.box_at_peak is None else one.box_at_peak[1:] for one in label.violations],
    )


def join(
    intervals: Sequence[tuple[int, int]], places: Sequence[Sequence[float] | None]
) -> tuple[tuple[int, ...], ...]:
    """Groups of things that overlap in time and place, directly or through others.

    Args:
        intervals: first and last frame of each. places: its box, xyxy px, or None: anywhere.
    """
    groups: list[tuple[int, ...]] = []
    for new in range(len(intervals)):
        touched = [
            group for group in groups if any(_overlap(intervals, places, new, old) for old in group)
        ]
        groups = [group for group in groups if group not in touched]
        groups.append((*(row for group in touched for row in group), new))
    return tuple(sorted(tuple(sorted(group)) for group in groups))


def _overlap(
    intervals: Sequence[tuple[int, int]], places: Sequence[Sequence[float] | None], a: int, b: int
) -> bool:
    if intervals[a][0] > intervals[b][1] or intervals[b][0] > intervals[a][1]:
        return False
    one, other = places[a], places[b]
    if one is None or other is None:
        return True
    return bool(geometry.intersection(_grown(one)[None], _grown(other)[None])[0, 0] > 0)


def hit_figures(counts: ArrayLike) -> Floats:
    """Precision, recall and F1 over many clips.

    Args:
        counts: (N, 4) of `EventMatch.counts`, one row a clip.

    Returns:
        (3,) precision (share of the claims that are right), recall (share of the events
        that are hit), F1. NaN where there is no claim, no event, neither.
    """
    n_events, n_hit, n_claims, n_right = np.asarray(counts).reshape(-1, 4).sum(axis=0)
    precision = n_right / n_claims if n_claims else np.nan
    recall = n_hit / n_events if n_events else np.nan
    if np.isnan(precision) and np.isnan(recall):
        return np.full(3, np.nan)
    both = np.nan_to_num(precision) + np.nan_to_num(recall)
    f1 = 2 * np.nan_to_num(precision) * np.nan_to_num(recall) / both if both > 0 else 0.0
    return np.array([precision, recall, f1])


class KindCount(NamedTuple):
    """Of one labelled kind: how many, how many hit by any claim, by a claim of that kind."""

    n_labelled: int
    n_hit: int
    n_hit_by_name: int


class RuleCount(NamedTuple):
    """Of one rule: claims, claims that hit anything, claims that hit its own kind."""

    n_claims: int
    n_right: int
    n_right_by_name: int


def count_kinds(
    labels: Sequence[ClipLabel], predictions: Sequence[Prediction]
) -> dict[str, KindCount]:
    """Count for each labelled kind, in alphabetical order; violations are not merged."""
    rows: list[tuple[str, bool, bool]] = []
    for label, prediction in zip(labels, predictions, strict=True):
        if label.placed:
            any_kind = _any(hits(label, prediction, kinds=False), axis=1)
            by_name = _any(hits(label, prediction, kinds=True), axis=1)
            names = (one.kind for one in label.violations)
            rows += zip(names, any_kind.tolist(), by_name.tolist(), strict=True)
    return {name: KindCount(*_tally(rows, name)) for name in _names(rows)}


def count_rules(
    labels: Sequence[ClipLabel], predictions: Sequence[Prediction]
) -> dict[str, RuleCount]:
    """Count for each rule that claims something, in alphabetical order."""
    rows: list[tuple[str, bool, bool]] = []
    for label, prediction in zip(labels, predictions, strict=True):
        if label.placed:
            any_kind = _any(hits(label, prediction, kinds=False), axis=0)
            by_name = _any(hits(label, prediction, kinds=True), axis=0)
            names = (event.kind for event in prediction.events)
            rows += zip(names, any_kind.tolist(), by_name.tolist(), strict=True)
    return {name: RuleCount(*_tally(rows, name)) for name in _names(rows)}


def _names(rows: Sequence[tuple[str, bool, bool]]) -> list[str]:
    return sorted({name for name, _, _ in rows})


def _tally(rows: Sequence[tuple[str, bool, bool]], name: str) -> tuple[int, int, int]:
    """How many rows have the name, and how many of them are right, and right by name."""
    own = [row for row in rows if row[0] == name]
    return len(own), sum(row[1] for row in own), sum(row[2] for row in own)


def onset_errors_s(label: ClipLabel, prediction: Prediction) -> tuple[float, ...]:
    """How much later than labelled each right claim says that it begins, s.

    A claim that hits several violations is held against one of its own kind, else
    against the one whose interval is nearest to its peak, else the first.
    """
    found = hits(label, prediction, kinds=False)
    errors = []
    for column, event in enumerate(prediction.events if label.placed else ()):
        meant = [one for one, hit in zip(label.violations, found[:, column], strict=True) if hit]
        if meant:
            nearest = min(meant, key=lambda one: (one.kind != event.kind, _distance(one, event)))
            claimed = _time_s(event.start_frame, label, prediction)
            errors.append(claimed - _time_s(nearest.start_frame, label, prediction))
    return tuple(error for error in errors if not np.isnan(error))


def _distance(one: ViolationLabel, event: Event) -> int:
    """Frames from the peak to the interval, 0 inside."""
    return max(one.start_frame - event.peak_frame, event.peak_frame - one.end_frame, 0)


def _time_s(frame: int, label: ClipLabel, prediction: Prediction) -> float:
    """When a frame is shown; by the frame rate of the label where the clip has no such frame."""
    if 0 <= frame < len(prediction.times_s):
        return float(prediction.times_s[frame])
    return frame / label.fps if label.fps else float("nan")


def onset_figures_ms(errors_s: Sequence[float]) -> tuple[float, float]:
    """Median error of the onset and median of its size, ms; NaN where there are none."""
    if not len(errors_s):
        return float("nan"), float("nan")
    errors = np.asarray(errors_s, dtype=np.float64) * 1000
    return float(np.median(errors)), float(np.median(np.abs(errors)))

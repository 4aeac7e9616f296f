"""Figures of segments, as temporal action localisation has them: times only, one to one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from physcheck.evaluation.matching import event_groups, join
from physcheck.evaluation.predictions import Prediction
from physcheck.labels import ClipLabel
from physcheck.types import Floats, Ints

__all__ = ["T_IOUS", "segment_counts", "segment_f1", "t_iou"]

T_IOUS = (0.1, 0.3, 0.5)


def segment_counts(label: ClipLabel, prediction: Prediction, limit: float) -> Ints:
    """Match claims with labelled segments one to one, kinds and places ignored.

    From the most probable claim down, each takes the free segment that it shares most
    with, if their temporal IoU reaches the limit. Claims and labels that overlap in time
    and place are joined into one segment each before, by the same rule on both sides.

    Args:
        limit: smallest temporal intersection over union, in (0, 1].

    Returns:
        (3,) labelled segments, matched, claimed segments; zeros where `label.placed` is False.

    Source: Caba Heilbron et al. (2015), ActivityNet; its evaluation code.
    """
    if not label.placed:
        return np.zeros(3, dtype=np.int64)
    labelled, claimed = _labelled(label), _claimed(prediction)
    shares = t_iou(claimed, labelled)
    free = np.ones(len(labelled), dtype=np.bool_)
    for row in shares:
        best = int(np.argmax(np.where(free, row, -1.0))) if free.any() else -1
        if best >= 0 and row[best] >= limit:
            free[best] = False
    return np.array([len(labelled), (~free).sum(), len(claimed)])


def _labelled(label: ClipLabel) -> Floats:
    """(E, 2) first frame and the frame after the last of each event."""
    members = [[label.violations[row] for row in group] for group in event_groups(label)]
    ends = [
        (min(one.start_frame for one in group), max(one.end_frame for one in group) + 1)
        for group in members
    ]
    return np.array(ends, dtype=np.float64).reshape(-1, 2)


def _claimed(prediction: Prediction) -> Floats:
    """(S, 2) first frame and the frame after the last, the most probable first."""
    events = prediction.events
    groups = join(
        [(event.start_frame, event.stop_frame - 1) for event in events],
        [event.box for event in events],
    )
    members = [[events[row] for row in group] for group in groups]
    members.sort(key=lambda group: -max(event.probability for event in group))
    ends = [
        (min(event.start_frame for event in group), max(event.stop_frame for event in group))
        for group in members
    ]
    return np.array(ends, dtype=np.float64).reshape(-1, 2)


def t_iou(a: ArrayLike, b: ArrayLike) -> Floats:
    """Temporal intersection over union of each segment of `a` with each of `b`.

    Args:
        a: (N, 2) start and stop. b: (M, 2), in the same unit.

    Returns:
        (N, M) in [0, 1].
    """
    one, other = np.asarray(a, dtype=np.float64)[:, None], np.asarray(b, dtype=np.float64)[None]
    low, high = np.maximum(one[..., 0], other[..., 0]), np.minimum(one[..., 1], other[..., 1])
    both = np.maximum(high - low, 0.0)
    either = (one[..., 1] - one[..., 0]) + (other[..., 1] - other[..., 0]) - both
    return np.asarray(both / np.where(either > 0, either, 1.0), dtype=np.float64)


def segment_f1(counts: ArrayLike) -> float:
    """F1 over many clips; NaN where nothing is labelled and nothing claimed.

    Args:
        counts: (N, 3) of `segment_counts`, one row a clip.
    """
    n_labelled, n_matched, n_claimed = np.asarray(counts).reshape(-1, 3).sum(axis=0)
    both = n_labelled + n_claimed
    return float(2 * n_matched / both) if both else float("nan")

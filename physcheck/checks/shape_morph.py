"""The check `shape-morph`."""

from __future__ import annotations

import numpy as np

from physcheck import boxes as geometry
from physcheck.changes import between, change_signal
from physcheck.checks import check
from physcheck.things import is_articulated
from physcheck.types import Change, Shot, Signal, Track

__all__ = ["shape_morph"]


@check("shape-morph", group="size", unit="log ratio")
def shape_morph(
    shot: Shot,
    *,
    min_size_px: float = 24.0,
    min_seen_frames: int = 24,
    error_weight: float = 2.0,
    min_log_odds: float = 0.0,
) -> list[Signal]:
    """A rigid thing is stretched or squashed into another shape.

    Statistic: step of the log ratio of the longer to the shorter axis of its
        silhouette, however it lies, over one frame to a dozen, less what blur may add,
        less the largest step at other times of its life, less its uncertainty.
        0.22 is 25 % longer or shorter.
    Abstains: too small, at the border, near other things, seen too briefly on either
        side, has limbs or is soft, or its area changes as much (hidden, turned in depth).
    Blind to: outlines of the same proportions; changes together with size; things
        that always bend; changes that take longer than about twelve frames.
    Source: ellipse of equal second moments, Hu (1962).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        min_seen_frames: frames a thing must have been clear in.
        error_weight: standard errors taken off the step.
        min_log_odds: nats by which the evidence must speak against what is innocent.
    """
    return [
        change_signal(
            track,
            kind="shape",
            unit="log ratio",
            unfit=_unfit(track, min_size_px, min_seen_frames),
            amount=lambda change: change.amount - error_weight * change.error,
            sentence=_sentence,
            min_log_odds=min_log_odds,
            known=between(track.clear, 6),
        )
        for track in shot.tracks
    ]


def _unfit(track: Track, min_size_px: float, min_seen_frames: int) -> str:
    if np.median(geometry.size(track.boxes[track.observed]).min(axis=1)) < min_size_px:
        return "too small"
    if is_articulated(track.label):
        return "has limbs or is soft"
    return "too few clear frames" if track.clear.sum() < min_seen_frames else ""


def _sentence(change: Change) -> str:
    return f"proportions change by {100 * np.expm1(change.amount):.0f} %, area does not"

"""The check `shape-morph`."""

from __future__ import annotations

import numpy as np

from physcheck import boxes as geometry
from physcheck.changes import between, change_signal
from physcheck.checks import check
from physcheck.things import is_articulated
from physcheck.types import Change, Shot, Signal, Track

__all__ = ["shape_morph"]


@check("shape-morph", group="size", unit="nats")
def shape_morph(
    shot: Shot,
    *,
    min_size_px: float = 12.0,
    min_seen_frames: int = 14,
    min_step: float = 0.05,
    error_weight: float = 2.0,
) -> list[Signal]:
    """A rigid thing is stretched or squashed into another shape.

    Statistic: log odds that it was stretched or squashed, against all else that changes
        an outline: step of the log ratio of the longer to the shorter axis of its
        silhouette, or of its width to its height, over one frame to a dozen, beyond what
        blur may add; how often it does so at other times of its life; how much its
        size changes too; how far its picture before must be stretched to be found in the
        picture after; how long it lasts. Weighed together as labelled changes teach, and
        capped where a turn in the plane of the picture, or another thing in its place,
        explains it.
    Abstains: too small, at the border, near other things, seen in fewer than six
        frames on either side, has limbs or is soft, cut, fade or lost camera.
    Blind to: outlines of the same proportions; changes together with size; things
        that always bend; changes that take longer than about twelve frames.
    Source: ellipse of equal second moments, Hu (1962).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        min_seen_frames: frames a thing must have been clear in.
        min_step: log ratio; a step that may be less is none.
        error_weight: standard errors taken off the step.
    """
    return [
        change_signal(
            track,
            kind="shape",
            unfit=_unfit(track, min_size_px, min_seen_frames),
            certainly=lambda one: one.amount - error_weight * one.error - min_step,
            sentence=_sentence,
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
    return f"proportions change by {100 * np.expm1(change.amount):.0f} % from then on"

"""The check `appearance-change`."""

from __future__ import annotations

import numpy as np

from physcheck import boxes as geometry
from physcheck.changes import between, change_signal
from physcheck.checks import check
from physcheck.things import is_scenery
from physcheck.types import Change, Shot, Signal, Track

__all__ = ["appearance_change"]


@check("appearance-change", group="size", unit="nats")
def appearance_change(
    shot: Shot,
    *,
    min_size_px: float = 12.0,
    min_seen_frames: int = 10,
    min_distance: float = 2.0,
    error_weight: float = 2.0,
) -> list[Signal]:
    """A thing takes on the colours of another.

    Statistic: log odds that it took on other colours, against light, blur, another side
        and another thing: distance of its mean colour afterwards from all mixtures of
        its colour before with that of its surroundings, under lighter and darker light
        (weighted Y, U and V), over one frame to a dozen; the largest such distance at
        other times of its life; whether its new colour was beside it before, or its old
        one is after; whether its size changes too. Weighed together as labelled changes
        teach.
    Abstains: too small, seen too briefly, at the border, merged with another, cut, fade
        or lost camera.
    Blind to: mere changes of brightness by less than a quarter; colours that pale into
        those behind it; patterns of equal mean colour; changes that take longer than
        about twelve frames; things that never move.
    Source: mixture of colours under blur, Porter and Duff (1984); change against the
        thing's own, after consistency of subjects in VBench (Huang et al. 2024).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        min_seen_frames: frames a thing must have been seen in.
        min_distance: grey levels; a change that may be less is none.
        error_weight: standard errors taken off the distance.
    """
    return [
        change_signal(
            track,
            kind="look",
            unfit=_unfit(track, min_size_px, min_seen_frames),
            certainly=lambda one: one.amount - error_weight * one.error - min_distance,
            sentence=_sentence,
            known=between(track.observed & ~track.border & ~track.merged, 3),
        )
        for track in shot.tracks
    ]


def _unfit(track: Track, min_size_px: float, min_seen_frames: int) -> str:
    if np.median(geometry.size(track.boxes[track.observed]).min(axis=1)) < min_size_px:
        return "too small"
    if is_scenery(track.label):
        return "part of the scenery"
    return "seen too briefly" if track.observed.sum() < min_seen_frames else ""


def _sentence(change: Change) -> str:
    return f"another colour from then on, by {change.amount:.0f} grey levels"

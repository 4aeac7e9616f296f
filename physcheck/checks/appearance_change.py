"""The check `appearance-change`."""

from __future__ import annotations

import numpy as np

from physcheck import boxes as geometry
from physcheck.changes import between, change_signal
from physcheck.checks import check
from physcheck.things import is_scenery
from physcheck.types import Change, Shot, Signal, Track

__all__ = ["appearance_change"]


@check("appearance-change", group="size", unit="grey levels")
def appearance_change(
    shot: Shot,
    *,
    min_size_px: float = 24.0,
    min_seen_frames: int = 10,
    error_weight: float = 2.0,
    min_log_odds: float = 0.0,
) -> list[Signal]:
    """A thing takes on the colours of another.

    Statistic: distance of its mean colour afterwards from all mixtures of its colour
        before with that of its surroundings, under lighter and darker light (weighted
        Y, U and V, grey levels), over one frame to a dozen, less the largest such
        distance at other times of its life, less its uncertainty.
    Abstains: too small, seen too briefly, at the border, merged with another; other
        things that take part, its new colour beside it before or its old one after, a
        size that changes too.
    Blind to: mere changes of brightness by less than a quarter; colours that pale into
        those behind it; patterns of equal mean colour; changes that take longer than
        about twelve frames; things that never move.
    Source: mixture of colours under blur, Porter and Duff (1984); change against the
        thing's own, after consistency of subjects in VBench (Huang et al. 2024).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        min_seen_frames: frames a thing must have been seen in.
        error_weight: standard errors taken off the distance.
        min_log_odds: nats by which the pixels must speak against what is innocent.
    """
    return [
        change_signal(
            track,
            kind="look",
            unit="grey levels",
            unfit=_unfit(track, min_size_px, min_seen_frames),
            amount=lambda change: change.amount - error_weight * change.error,
            sentence=_sentence,
            min_log_odds=min_log_odds,
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

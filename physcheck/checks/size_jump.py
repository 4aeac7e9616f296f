"""The check `size-jump`."""

from __future__ import annotations

from functools import partial

import numpy as np

from physcheck import boxes as geometry
from physcheck.changes import between, change_signal
from physcheck.checks import check
from physcheck.signals import robust_scale, rolling_median
from physcheck.things import is_articulated
from physcheck.types import Bools, Change, Shot, Signal, Track

__all__ = ["size_jump"]


@check("size-jump", group="size", unit="nats")
def size_jump(
    shot: Shot,
    *,
    min_size_px: float = 12.0,
    max_waver: float = 0.3,
    min_step: float = 0.05,
    error_weight: float = 2.0,
    articulated_slack: float = 0.2,
) -> list[Signal]:
    """A thing is suddenly, and from then on, larger or smaller.

    Statistic: log odds that the thing itself grew or shrank, against all that makes only
        its box do so: step of log size between the six frames before and after, by
        which width and height changed alike; whether its picture before, magnified, is
        its picture after, or still there at its old scale; whether a side stays;
        what is near. Where its silhouette keeps its area it only turned. Weighed
        together as labelled changes teach. What posture can do is taken off for what
        has limbs or is soft.
    Abstains: too small, at the border, merged with another, outline wavers so much that
        nothing can be told, fewer than three frames on a side, cut, fade or lost camera.
    Blind to: growth that takes longer than about six frames; steps below 5 %; things
        whose outline wavers all the time; things that also change their look.
    Source: log size as a smooth state, PDI-Bench (2025).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        max_waver: scatter of log size beyond which a thing is not judged.
        min_step: log size; a step that may be less is none.
        error_weight: standard errors taken off the step.
        articulated_slack: log size that posture may add, of what has limbs or is soft.
    """
    return [
        change_signal(
            track,
            kind="size",
            unfit=_unfit(track, min_size_px, max_waver),
            certainly=partial(
                _certainly,
                error_weight,
                min_step + (articulated_slack if is_articulated(track.label) else 0.0),
            ),
            sentence=partial(_sentence, track),
            known=between(_known(track), 2),
        )
        for track in shot.tracks
    ]


def _certainly(error_weight: float, least: float, change: Change) -> float:
    return change.amount - error_weight * change.error - least


def _known(track: Track) -> Bools:
    return track.observed & ~track.border & ~track.merged


def _unfit(track: Track, min_size_px: float, max_waver: float) -> str:
    size = geometry.size(track.boxes)
    if np.median(size[track.observed].min(axis=1)) < min_size_px:
        return "too small"
    log_size = np.where(_known(track)[:, None], np.log(np.maximum(size, 1.0)), np.nan)
    rough = [
        robust_scale(log_size[:, axis] - rolling_median(log_size[:, axis], 2)) for axis in (0, 1)
    ]
    drift = [
        robust_scale(log_size[:, axis] - rolling_median(log_size[:, axis], 8)) for axis in (0, 1)
    ]
    if not np.isfinite(rough).all():
        return "seen too briefly"
    return "outline wavers" if max(max(rough), max(drift) / 2) > max_waver else ""


def _sentence(track: Track, change: Change) -> str:
    before = geometry.size(track.boxes[track.frames <= change.start])[-6:]
    after = geometry.size(track.boxes[track.frames >= change.stop])[:6]
    ratio = float(np.median(np.sqrt(after.prod(axis=1))) / np.median(np.sqrt(before.prod(axis=1))))
    way = "larger" if ratio > 1 else "smaller"
    return f"{100 * abs(ratio - 1):.0f} % {way} from then on, width and height alike"

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


@check("size-jump", group="size", unit="log size")
def size_jump(
    shot: Shot,
    *,
    min_size_px: float = 12.0,
    max_waver: float = 0.3,
    error_weight: float = 2.0,
    min_log_odds: float = 0.2,
    articulated_slack: float = 0.2,
) -> list[Signal]:
    """A thing is suddenly, and from then on, larger or smaller.

    Statistic: step of log size between the six clear frames before and after, by which
        width and height changed alike (what hides or turns a thing changes one more
        than the other), less its uncertainty. 0.18 is 20 % larger. It counts where the
        thing's picture before, magnified, is its picture after, rather than still
        there at its old scale. What a change of posture can do is taken off for
        what has limbs or is soft.
    Abstains: too small, at the border, merged with another, outline wavers so much that
        nothing can be told, fewer than three frames on a side, the pixels say that only
        the box changed.
    Blind to: growth that takes longer than about six frames; steps below 15 %; things
        whose outline wavers all the time; things that also change their look.
    Source: log size as a smooth state, PDI-Bench (2025).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        max_waver: scatter of log size beyond which a thing is not judged.
        error_weight: standard errors taken off the step.
        min_log_odds: nats by which the pixels must say that the thing changed.
        articulated_slack: log size that posture may add, of what has limbs or is soft.
    """

    return [
        change_signal(
            track,
            kind="size",
            unit="log size",
            unfit=_unfit(track, min_size_px, max_waver),
            amount=partial(
                _amount, error_weight, articulated_slack if is_articulated(track.label) else 0.0
            ),
            sentence=partial(_sentence, track),
            min_log_odds=min_log_odds,
            known=between(_known(track), 2),
        )
        for track in shot.tracks
    ]


def _amount(error_weight: float, slack: float, change: Change) -> float:
    return change.amount - error_weight * change.error - slack


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

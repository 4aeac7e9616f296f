"""The check `reversed`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from physcheck.checks import check
from physcheck.falls import Bounce, bounces, stretches_of, untouched
from physcheck.signals import signal_of
from physcheck.types import Evidence, Shot, Signal, Track

__all__ = ["reversed_time"]

_SPREAD = 0.05
"""By how much the logarithms of honest gains differ among themselves."""


@check("reversed", group="view", unit="log energy")
def reversed_time(
    shot: Shot, *, error_weight: float = 2.0, reach_sizes: float = 0.5, min_bounces: int = 2
) -> list[Signal]:
    """Time runs backwards: bounces that gain height each time.

    Statistic: mean logarithm of height after over height before, less its error, over
        all bounces of a thing, each with the weight of its precision; a bounce forwards
        in time always loses.
    Abstains: fewer than two bounces between free falls that nothing else could have
        caused, in which case a gain is told by `energy-gain` alone.
    Blind to: clips without bounces, such as people walking backwards, smoke that
        gathers or a cup that mends.
    Source: the arrow of time, Pickup et al. (2014), Seeing the arrow of time.

    Args:
        error_weight: standard errors taken off the mean.
        reach_sizes: body lengths around a contact in which others may have struck it.
        min_bounces: fewer than these tell nothing of the direction of time.
    """
    return [
        _measure(
            track,
            shot,
            [
                bounce
                for bounce in bounces(stretches_of(shot, track.id))
                if untouched(track, shot, bounce.time_s, reach_sizes)
            ],
            error_weight,
            min_bounces,
        )
        for track in shot.tracks
    ]


def _measure(
    track: Track, shot: Shot, found: Sequence[Bounce], error_weight: float, min_bounces: int
) -> Signal:
    n = len(track.frames)
    values, reasons = np.full(n, np.nan), np.full(n, "too few bounces", dtype="U40")
    evidence: tuple[Evidence, ...] = ()
    if len(found) >= min_bounces:
        gains = np.log([max(one.gain, 1e-9) for one in found])
        weights = 1 / (np.array([one.error for one in found]) ** 2 + _SPREAD**2)
        mean = float(gains @ weights / weights.sum() - error_weight / np.sqrt(weights.sum()))
        rows = np.flatnonzero(track.observed)
        middle = int(rows[np.argmin(np.abs(track.times_s[rows] - shot.times_s.mean()))])
        # Time runs as wrongly throughout; the middle of the shot stands for it.
        values[rows] = mean - 1e-3 * np.abs(rows - middle) / len(rows)
        reasons[rows] = ""
        evidence = (_evidence(track, int(rows[0]), int(rows[-1]), middle, found),)
    return signal_of(track, values, reasons, unit="log energy", evidence=evidence)


def _evidence(
    track: Track, first: int, last: int, middle: int, found: Sequence[Bounce]
) -> Evidence:
    x1, y1, x2, y2 = (float(v) for v in track.boxes[middle])
    gains = ", ".join(f"{one.gain:.2f}" for one in found)
    return Evidence(
        start=int(track.frames[first]),
        stop=int(track.frames[last]) + 1,
        box=(x1, y1, x2, y2),
        text=f"bounces {len(found)} times, each to a multiple of the height before ({gains}), "
        "as if time ran backwards",
    )

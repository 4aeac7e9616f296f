"""The check `upside-down`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from physcheck.checks import check
from physcheck.falls import is_fall, strength, stretches_of
from physcheck.signals import signal_of
from physcheck.types import Evidence, Shot, Signal, Stretch, Track

__all__ = ["upside_down"]


@check("upside-down", group="view", unit="sigma")
def upside_down(
    shot: Shot, *, max_ratio: float = 2.0, alone: float = 0.25, max_strength: float = 40.0
) -> list[Signal]:
    """Things fall upwards: the picture stands on its head.

    Statistic: how far the upward acceleration of the weaker of a thing's two surest free
        falls, which must agree, stands above its error; a lone fall counts for a quarter.
        Taken off it is the same for things that fall down the picture.
    Abstains: no free fall.
    Blind to: clips without falls, such as people who walk on the ceiling; pictures
        turned by a quarter.
    Source: up from falls and supports, as in Physion (Bear et al. 2021).

    Args:
        max_ratio: falls whose accelerations differ by more do not agree.
        alone: weight of a fall that no other one of the thing confirms.
        max_strength: standard errors beyond which a fall is no surer.
    """
    falls = {track.id: _falls(shot, track) for track in shot.tracks}
    settings = (max_ratio, alone, max_strength)
    down = max((_sureness(of, 1.0, *settings) for of in falls.values()), default=0.0)
    return [
        _measure(track, shot, falls[track.id], _sureness(falls[track.id], -1.0, *settings), down)
        for track in shot.tracks
    ]


def _falls(shot: Shot, track: Track) -> list[Stretch]:
    return [one for one in stretches_of(shot, track.id) if is_fall(one)]


def _sureness(
    falls: Sequence[Stretch], sign: float, max_ratio: float, alone: float, most: float
) -> float:
    """Standard errors by which a thing is known to fall down (sign 1) or up (-1) the picture."""
    own = sorted(
        (one for one in falls if sign * strength(one) > 0), key=lambda one: -abs(strength(one))
    )
    if not own:
        return 0.0
    best = min(abs(strength(own[0])), most)
    second = max(
        (
            abs(strength(one))
            for one in own[1:]
            if 1 / max_ratio < one.acceleration[1] / own[0].acceleration[1] < max_ratio
        ),
        default=0.0,
    )
    return max(alone * best, min(second, most))


def _measure(track: Track, shot: Shot, falls: Sequence[Stretch], up: float, down: float) -> Signal:
    n = len(track.frames)
    values, reasons = np.full(n, np.nan), np.full(n, "no free fall", dtype="U40")
    evidence: tuple[Evidence, ...] = ()
    if falls:
        rows = np.flatnonzero(track.observed)
        middle = int(rows[np.argmin(np.abs(track.times_s[rows] - shot.times_s.mean()))])
        # The picture is as wrong throughout; the middle of the shot stands for it.
        values[rows] = max(up - down, 0.0) - 1e-3 * np.abs(rows - middle) / n
        reasons[rows] = ""
        if up > down:
            evidence = (_evidence(track, int(rows[0]), int(rows[-1]), middle, falls),)
    return signal_of(track, values, reasons, unit="sigma", evidence=evidence)


def _evidence(
    track: Track, first: int, last: int, middle: int, falls: Sequence[Stretch]
) -> Evidence:
    x1, y1, x2, y2 = (float(v) for v in track.boxes[middle])
    pulls = ", ".join(f"{-one.acceleration[1]:.0f}" for one in falls)
    return Evidence(
        start=int(track.frames[first]),
        stop=int(track.frames[last]) + 1,
        box=(x1, y1, x2, y2),
        text=f"falls up the picture {len(falls)} times, with {pulls} px/s^2",
    )

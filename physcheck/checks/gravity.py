"""The check `gravity`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from physcheck.checks import check
from physcheck.falls import is_fall, strength, stretches_of
from physcheck.fitness import size_of
from physcheck.signals import signal_of
from physcheck.things import is_self_propelled
from physcheck.types import Evidence, Floats, Ints, Shot, Signal, Stretch, Track

__all__ = ["gravity"]

_MAX_MISFIT = 1.6
_SURELY = 3.0
"""Standard errors."""


@check("gravity", group="trajectory", unit="share of the fall")
def gravity(
    shot: Shot,
    *,
    min_size_px: float = 10.0,
    min_rows: int = 6,
    min_way_sizes: float = 0.7,
    max_growth: float = 0.35,
    error_weight: float = 2.0,
) -> list[Signal]:
    """A thing that fell freely floats, rises ever faster or falls quite differently.

    Statistic: of the accelerations up and down the picture of a flight and of the thing's
        surest free fall, what the smaller lacks of the larger, as a share and less its
        error: 0 where they agree, over 1 where they oppose each other. The smaller one of
        that as it is and after allowing for a thing that came nearer, by its size.
    Abstains: no free fall of the thing to compare with; flights too short, too level, too
        unsure or with a growing outline; what may rest or roll on something, or have
        bounced unseen; other things near; people, animals, vehicles.
    Blind to: falls that are wrong by a constant factor (slow motion is consistent, and
        without a scale there is no absolute g); whatever a wide lens makes of one and the
        same fall as well, which is up to a factor of three near the camera.
    Source: one shared gravity for what falls freely, as in Physion (Bear et al. 2021).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        min_rows: frames that a flight must be seen in.
        min_way_sizes: body lengths that it must go up or down the picture.
        max_growth: log size by which the outline may change in a flight.
        error_weight: standard errors taken off the difference.
    """
    falls = [one for one in shot.world.stretches if is_fall(one)]
    down = float(np.sign(sum(np.clip(strength(one), -40, 40) for one in falls))) or 1.0
    settings = (min_rows, min_way_sizes, max_growth)
    return [
        _measure(track, shot, down, min_size_px, settings, error_weight) for track in shot.tracks
    ]


def _measure(
    track: Track,
    shot: Shot,
    down: float,
    min_size_px: float,
    settings: tuple[int, float, float],
    error_weight: float,
) -> Signal:
    n = len(track.frames)
    values, reasons = np.full(n, np.nan), np.full(n, "no free fall", dtype="U40")
    evidence: list[Evidence] = []
    if is_self_propelled(track.label):
        reasons[:] = "moves by itself"
    elif size_of(track) < min_size_px:
        reasons[:] = "too small"
    else:
        stretches = stretches_of(shot, track.id)
        surest = _surest(stretches, down)
        if surest is not None:
            for one in stretches:
                evidence += _compare(track, one, surest, settings, error_weight, values, reasons)
    return signal_of(track, values, reasons, unit="share of the fall", evidence=evidence)


def _surest(stretches: Sequence[Stretch], down: float) -> Stretch | None:
    """The free fall the way things fall here that stands furthest above its error."""
    falls = [one for one in stretches if is_fall(one) and down * strength(one) > 0]
    return max(falls, key=lambda one: abs(strength(one)), default=None)


def _compare(
    track: Track,
    one: Stretch,
    surest: Stretch,
    settings: tuple[int, float, float],
    error_weight: float,
    values: Floats,
    reasons: NDArray[np.str_],
) -> list[Evidence]:
    rows = np.flatnonzero(np.isin(track.frames, one.frames))
    if one is surest:
        values[rows], reasons[rows] = 0.0, ""
        return []
    ratio = float(one.acceleration[1] / surest.acceleration[1])
    excuse = _unusable(track, one, rows, ratio, surest, settings)
    if excuse:
        reasons[rows] = excuse
        return []
    nearer = surest.size_px / one.size_px
    error = float(one.acceleration_sigma[1] / abs(surest.acceleration[1]))
    differs = min(_lack(ratio), _lack(ratio * nearer)) - error_weight * error
    middle = rows[len(rows) // 2]
    # The whole flight is as wrong; its middle stands for it.
    values[rows] = max(differs, 0.0) - 1e-3 * np.abs(rows - middle) / len(rows)
    reasons[rows] = ""
    return [_evidence(track, one, surest, int(middle), ratio)] if differs > 0.3 else []


def _lack(ratio: float) -> float:
    """What the smaller of two accelerations lacks of the larger; over 1 where they oppose."""
    return 1 - (min(ratio, 1 / ratio) if ratio > 0 else ratio)


def _unusable(
    track: Track,
    one: Stretch,
    rows: Ints,
    ratio: float,
    surest: Stretch,
    settings: tuple[int, float, float],
) -> str:
    """Why a stretch is no flight to be compared, "" where it is."""
    min_rows, min_way_sizes, max_growth = settings
    way = float(np.ptp(one.places[:, 1])) / one.size_px
    if len(one.frames) < min_rows or one.misfit > _MAX_MISFIT:
        return "too few clear frames"
    if way < min_way_sizes:
        return "hardly goes up or down"
    if abs(one.growth) > max_growth:
        return "the outline changes"
    if not track.clear[rows].all():
        return "something is near"
    if ratio > 0 and not is_fall(one):
        return "may rest on something"
    if ratio < 0 and not _rises(one, surest):
        return "may have bounced"
    return ""


def _rises(one: Stretch, surest: Stretch) -> bool:
    """It goes against the fall from the start, so that no contact can have turned it."""
    down = float(np.sign(surest.acceleration[1]))
    speed = -down * float(one.velocity(float(one.times_s[0]))[1])
    error = float(np.sqrt(one.velocity_variance(float(one.times_s[0]))[1]))
    return speed > _SURELY * error


def _evidence(track: Track, one: Stretch, surest: Stretch, row: int, ratio: float) -> Evidence:
    x1, y1, x2, y2 = (float(v) for v in track.boxes[row])
    way = "upwards with" if ratio < 0 else "with"
    return Evidence(
        start=int(one.frames[0]),
        stop=int(one.frames[-1]) + 1,
        box=(x1, y1, x2, y2),
        text=f"falls {way} {abs(ratio):.2f} times the acceleration that it has in frames "
        f"{surest.frames[0]} to {surest.frames[-1]}",
    )

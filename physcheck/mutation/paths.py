"""How a thing goes through the footage: where it flies, bounces, rests or is carried.

All is told from its boxes alone, in the coordinates of the first frame, so that a
camera that moves does not make a resting thing travel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physcheck.mutation.footage import Footage, Thing
from physcheck.signals import rolling_median, runs
from physcheck.types import Bools, Floats

__all__ = ["Course", "Flight", "from_reference", "measure_course", "to_reference"]

_SHORTEST_FLIGHT_S = 0.2
_SHORTEST_FLIGHT = 7
"""Frames; fewer say nothing of an acceleration."""
_LEAST_SAG = 0.5
"""A flight bends by at least this share of the thing's height; a walk does not."""
_LEAST_SAG_PX = 6.0
_CLOSE = 0.06
"""Share of its height by which a thing may miss its fitted path; boxes are rough."""
_CLOSE_PX = 1.5
_SPOILT = 0.75
"""A frame at the end is left out where the rest fits by so much better without it."""
_EXACT_PX = 0.25
_SIDEWAYS = 0.4
"""Largest sideways share of the acceleration in free flight; a pendulum has more."""
_REST_S = 0.5
_REST = 0.04
"""Share of its size by which the box of a resting thing may wander."""
_REST_PX = 1.5
_CARRIED = 8
"""Frames for which a thing goes along the ground at least."""
_UNEVEN = 0.08
_NEAR = 2


@dataclass(frozen=True, slots=True, eq=False)
class Flight:
    """A stretch with one downward acceleration. start, stop: frames of the footage.

    acceleration: (2,) px per frame squared, y down. velocity: (2,) px per frame and
    place: (2,) of the centre at `start`. All in the coordinates of the first frame.
    """

    start: int
    stop: int
    place: Floats
    velocity: Floats
    acceleration: Floats

    def velocity_at(self, k: int) -> Floats:
        """(2,) px per frame at frame `k`."""
        return self.velocity + self.acceleration * (k - self.start)

    @property
    def apex(self) -> int:
        """The frame at which it is highest, within the flight."""
        rising = -self.velocity[1] / max(float(self.acceleration[1]), 1e-9)
        return int(np.clip(round(self.start + rising), self.start, self.stop - 1))


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """The way of one thing. T frames, from `first` on; px.

    feet: (T, 2) lower middle of its box in each frame, smoothed a little.
    feet_ref, centre_ref: (T, 2) feet and centre in the coordinates of the first frame.
    size: (T, 2) width and height, smoothed.
    flights: in order. bounces: frames at which a fall turns into a rise.
    rests: (start, stop) where it stays. carried: (start, stop) where it goes along the ground.
    """

    first: int
    feet: Floats
    feet_ref: Floats
    centre_ref: Floats
    size: Floats
    flights: tuple[Flight, ...]
    bounces: tuple[int, ...]
    rests: tuple[tuple[int, int], ...]
    carried: tuple[tuple[int, int], ...]

    @property
    def last(self) -> int:
        """The last frame."""
        return self.first + len(self.feet) - 1

    def foot(self, k: int) -> Floats:
        """(2,) lower middle in frame `k`, px of that frame."""
        return np.asarray(self.feet[k - self.first])

    def foot_ref(self, k: int) -> Floats:
        """(2,) lower middle in frame `k`, px of the first frame."""
        return np.asarray(self.feet_ref[k - self.first])

    def height(self, k: int) -> float:
        """Height of the thing in frame `k`, px."""
        return float(self.size[k - self.first, 1])

    def width(self, k: int) -> float:
        """Width of the thing in frame `k`, px."""
        return float(self.size[k - self.first, 0])

    def body(self, k: int) -> float:
        """Geometric mean of width and height in frame `k`, px."""
        return float(np.sqrt(np.prod(self.size[k - self.first])))

    def velocity(self, k: int, reach: int = 3) -> Floats:
        """(2,) px per frame just before frame `k`, in the coordinates of the first frame."""
        index = k - self.first
        low = max(0, index - reach)
        if index <= low:
            return np.zeros(2)
        return np.asarray((self.feet_ref[index] - self.feet_ref[low]) / (index - low))

    def flight_at(self, k: int) -> Flight | None:
        """The flight that frame `k` is in."""
        return next((one for one in self.flights if one.start <= k < one.stop), None)


def to_reference(footage: Footage, k: int, points: Floats) -> Floats:
    """Points (..., 2) of frame `k` in the coordinates of the first frame, px."""
    return _project(footage.to_reference[k], points)


def from_reference(footage: Footage, k: int, points: Floats) -> Floats:
    """Points (..., 2) of the first frame's coordinates in frame `k`, px."""
    return _project(np.linalg.inv(footage.to_reference[k]), points)


def _project(matrix: Floats, points: Floats) -> Floats:
    lifted = np.concatenate([points, np.ones((*points.shape[:-1], 1))], axis=-1) @ matrix.T
    return np.asarray(lifted[..., :2] / lifted[..., 2:])


def measure_course(footage: Footage, thing: Thing) -> Course:
    """Describe the way of a thing."""
    boxes = np.stack([rolling_median(column, 1) for column in thing.boxes.T], axis=1)
    size = np.stack([rolling_median(boxes[:, k + 2] - boxes[:, k], _NEAR) for k in (0, 1)], axis=1)
    middle = (boxes[:, 0] + boxes[:, 2]) / 2
    feet = np.stack([middle, boxes[:, 3]], axis=1)
    centre = np.stack([middle, (boxes[:, 1] + boxes[:, 3]) / 2], axis=1)
    first = int(thing.frames[0])
    feet_ref, centre_ref = (
        np.stack([to_reference(footage, first + k, p) for k, p in enumerate(points)])
        for points in (feet, centre)
    )
    raw = np.stack(
        [
            to_reference(footage, first + k, (box[:2] + box[2:]) / 2)
            for k, box in enumerate(thing.boxes)
        ]
    )
    shortest = max(_SHORTEST_FLIGHT, round(_SHORTEST_FLIGHT_S * footage.fps))
    flights = tuple(_flights(raw, size, first, shortest))
    bounces = tuple(_bounces(feet_ref, size, flights, first))
    rests = tuple(_rests(centre_ref, size, first, max(6, round(_REST_S * footage.fps))))
    carried = tuple(_carried(feet_ref, size, flights, first))
    return Course(first, feet, feet_ref, centre_ref, size, flights, bounces, rests, carried)


def _flights(centre: Floats, size: Floats, first: int, shortest: int) -> list[Flight]:
    """The longest stretches with one downward acceleration, none overlapping."""
    found, start = [], 0
    while start + shortest <= len(centre):
        best = None
        for stop in range(start + shortest, len(centre) + 1):
            height = float(np.median(size[start:stop, 1]))
            fit = _parabola(centre[start:stop], height)
            if fit is None:
                break
            if _bends(fit, stop - start, height):
                best = stop
        if best is None:
            start += 1
            continue
        begin, end, fit = _trimmed(centre, start, best, shortest)
        found.append(Flight(first + begin, first + end, *fit))
        start = max(end - 1, start + 1)
    return found


def _trimmed(
    centre: Floats, start: int, stop: int, shortest: int
) -> tuple[int, int, tuple[Floats, Floats, Floats]]:
    """Without frames at either end that do not belong to the flight: they spoil the fit."""
    miss = _fitted(centre[start:stop])[1]
    while stop - start > shortest:
        ends = [(start + 1, stop), (start, stop - 1)]
        misses = [_fitted(centre[low:high])[1] for low, high in ends]
        better = int(np.argmin(misses))
        if misses[better] > _SPOILT * miss or miss < _EXACT_PX:
            break
        (start, stop), miss = ends[better], misses[better]
    return start, stop, _fitted(centre[start:stop])[0]


def _fitted(xy: Floats) -> tuple[tuple[Floats, Floats, Floats], float]:
    """Place, velocity and acceleration of a path (n, 2), and its root mean square miss, px."""
    t = np.arange(len(xy), dtype=np.float64)
    design = np.stack([np.ones_like(t), t, t**2 / 2], axis=1)
    fit = np.linalg.lstsq(design, xy, rcond=None)[0]
    miss = float(np.sqrt(((xy - design @ fit) ** 2).sum(axis=1).mean()))
    return (fit[0], fit[1], fit[2]), miss


def _parabola(xy: Floats, height: float) -> tuple[Floats, Floats, Floats] | None:
    """Place, velocity, acceleration of a path (n, 2), or None where it is no parabola."""
    fit, miss = _fitted(xy)
    close = max(_CLOSE_PX, _CLOSE * height)
    t = np.arange(len(xy), dtype=np.float64)[:, None]
    off = np.abs(xy - (fit[0] + fit[1] * t + fit[2] * t**2 / 2)).max()
    return None if miss > close or off > 3 * close else fit


def _bends(fit: tuple[Floats, Floats, Floats], n: int, height: float) -> bool:
    ax, ay = fit[2]
    sag = ay * n**2 / 8
    return bool(sag > max(_LEAST_SAG_PX, _LEAST_SAG * height) and abs(ax) < _SIDEWAYS * ay)


def _bounces(feet: Floats, size: Floats, flights: tuple[Flight, ...], first: int) -> list[int]:
    """Frames at which the lower edge turns sharply from falling to rising next to a flight."""
    ends = {one.start - first for one in flights} | {one.stop - 1 - first for one in flights}
    found: list[int] = []
    for end in sorted(ends):
        low, high = max(3, end - _NEAR), min(len(feet) - 4, end + _NEAR)
        if high < low:
            continue
        k = low + int(np.argmax(feet[low : high + 1, 1]))
        down = (feet[k, 1] - feet[k - 3, 1]) / 3
        up = (feet[k, 1] - feet[k + 3, 1]) / 3
        sharp = max(0.7, 0.03 * size[k, 1])
        near = found and k + first - found[-1] <= 2 * _NEAR
        if down > sharp and up > sharp and not near:
            found.append(k + first)
    return found


def _rests(centre: Floats, size: Floats, first: int, shortest: int) -> list[tuple[int, int]]:
    """Stretches in which the centre stays within a small circle."""
    found, start = [], 0
    while start + shortest <= len(centre):
        reach = max(_REST_PX, _REST * float(np.sqrt(np.prod(size[start]))))
        home = np.median(centre[start : start + shortest], axis=0)
        away = np.hypot(*(centre[start:] - home).T) > reach
        n = int(np.argmax(away)) if away.any() else len(away)
        if n >= shortest:
            found.append((first + start, first + start + n))
            start += n
        else:
            start += 1
    return found


def _carried(
    feet: Floats, size: Floats, flights: tuple[Flight, ...], first: int
) -> list[tuple[int, int]]:
    """Stretches without flight in which the lower edge goes evenly along the ground."""
    ground = np.ones(len(feet), dtype=bool)
    for one in flights:
        ground[max(0, one.start - first - 1) : one.stop - first + 1] = False
    return [
        (first + start, first + stop)
        for start, stop in runs(ground)
        if stop - start >= _CARRIED and _even(feet[start:stop], size[start:stop])
    ]


def _even(feet: Floats, size: Floats) -> Bools | bool:
    """Whether the lower edge is smooth and steeper ways are the exception."""
    t = np.linspace(-1, 1, len(feet))
    smooth = np.polynomial.polynomial.polyval(t, np.polynomial.polynomial.polyfit(t, feet[:, 1], 3))
    height = float(np.median(size[:, 1]))
    uneven = float(np.sqrt(np.mean((feet[:, 1] - smooth) ** 2)))
    return uneven < max(_CLOSE_PX, _UNEVEN * height)

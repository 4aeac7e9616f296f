"""When and where a thing that went behind something should come out again.

What hides it is read from the picture along its way: the scenery before the edge at
which it went, what stands beyond that edge, and where the scenery from before goes on.
There it should come out, and there the pixels are asked whether anything did. All
places are stabilised px of the clip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physcheck import boxes as geometry
from physcheck.explain.pixels import Pixels
from physcheck.explain.second_look import Path
from physcheck.types import Bools, Floats, Ints, Return

__all__ = ["Seen", "awaited"]

_N_FIT = 14
"""Newest whole rows that tell the way."""
_MIN_FIT, _MIN_BENT = 4, 8
_LEAST_NOISE_PX = 0.3
_WHOLE, _UNSURE_PX = 0.12, 1.5
"""Log size, and px, by which a box that is cut by nothing may differ from the usual."""
_CURVED = 4.0
"""Standard errors from which on a way is taken to be curved."""
_LEAST_PACE = 0.04
"""Sizes a row; slower things may stop anywhere."""
_SLOWED = 0.5
"""Share of its speed at which a thing that slows down is taken to stop."""
_N_PLATE = 13
_PLATE_BEFORE, _PLATE_AFTER = 25, 75
"""Rows whose median is the scenery without what moves, and how far away they may be."""
_N_CONTRAST = 6
_ACROSS, _BREADTH = 9, 0.35
"""Samples across the way, over this share of the thing to either side."""
_LEAST_CONTRAST, _LEAST_CLEARNESS = 5.0, 2.0
"""What hides must differ from the scenery by so many grey levels, and times the scatter."""
_FARTHEST = 10.0
"""Lengths of the thing beyond which nothing is foreseen."""
_FALLS = 0.6
"""Share of its way that goes down the picture, from which on it may fall and lie."""
_SAME = 0.9
"""Share of a stretch that must look like the scenery before."""
_REACH = 0.6
"""Lengths over which the scenery from before must go on beyond what hides."""
_SPREAD = 0.25
"""Standard deviation of the log of how long a thing stays behind, over what is foreseen."""
_STEPS = 1.0
"""Standard deviation of when it is seen first and last, steps."""
_BOUND = 2.0
"""Standard deviations that a window of return spans to either side."""
_ALIKE = 0.4
"""By how much more it must look like the scenery before than like what hides, in contrasts."""
_SHOWS = 0.4
"""Share of the thing's own contrast from which on something shows in a place."""
_LEAST_SHOWN = 1.6
"""Grey levels; what shows less cannot be told from grain."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Rows (m,) of the piece in which a thing was seen, the newest first, and boxes (m, 4)."""

    rows: Ints
    boxes: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Clock:
    """Time in steps since the last row in which the thing was seen.

    A still scene leaves out doubled frames, so rows tell no time.
    """

    frames: Ints
    last: int
    unit: float

    @classmethod
    def of(cls, pixels: Pixels, path: Path, seen: Seen) -> _Clock:
        frames = pixels.piece.frames
        usual = np.diff(np.sort(frames[seen.rows])) if len(seen.rows) > 1 else np.ones(1)
        return cls(frames, path.last, float(np.median(usual)))

    def steps(self, rows: Ints) -> Floats:
        """Steps at which rows stand."""
        return np.asarray((self.frames[rows] - self.frames[self.last]) / self.unit)

    def steps_to(self, row: int) -> float:
        """Steps at which a row stands."""
        return float(self.steps(np.array([row]))[0])

    def frame(self, steps: float) -> int:
        """The frame at a time; those beyond the piece are counted on."""
        return int(self.frames[self.last]) + round(steps * self.unit)

    def row(self, steps: float) -> int:
        """The row that stands at a time."""
        at = np.searchsorted(self.frames, self.frame(steps), side="right") - 1
        return int(np.clip(at, 0, len(self.frames) - 1))


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """Where the thing is by its own motion: (3, 2) coefficients of powers of the steps.

    error: relative standard error of the speed. rows: (m,) that it was fitted to, the
        newest first.
    """

    coefficients: Floats
    size: Floats
    error: float
    rows: Ints

    def places(self, steps: Floats) -> Floats:
        """(K, 2) px, so many steps (K,) after the last row."""
        return np.asarray(np.vander(steps, 3, increasing=True) @ self.coefficients)

    def velocities(self, steps: Floats) -> Floats:
        """(K, 2) px a step."""
        return np.asarray(self.coefficients[1] + 2 * steps[:, None] * self.coefficients[2])

    def around(self, place: Floats) -> Floats:
        """Its box (4,) with the middle at a place (2,)."""
        return np.concatenate([place - self.size / 2, place + self.size / 2])

    @property
    def pace(self) -> float:
        """Px a step, at the last row."""
        return float(np.linalg.norm(self.coefficients[1]))

    @property
    def along(self) -> Floats:
        """(2,) unit vector of the way, at the last row."""
        return np.asarray(self.coefficients[1] / max(self.pace, 1e-9))

    @property
    def across(self) -> Floats:
        """(2,) px, as long as the thing is wide across its way."""
        normal = np.array([-self.along[1], self.along[0]])
        return np.asarray(normal * float(np.abs(normal) @ self.size))

    @property
    def length(self) -> float:
        """Of the thing, along its way."""
        return float(np.abs(self.along) @ self.size)


@dataclass(frozen=True, slots=True, eq=False)
class _Strip:
    """The scenery along the way, without what moves.

    steps: (n,) after the last row. way_px: (n,) since then. look: (n, M, 3) grey levels at
    and beside it. step_px: from one to the next.
    """

    steps: Floats
    way_px: Floats
    look: Floats
    step_px: float


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    """Where a thing went behind something: its path to there, its way on, and the pixels.

    plate: rows whose median shows the scenery without what moves.
    """

    pixels: Pixels
    path: Path
    clock: _Clock
    way: _Way
    plate: Ints

    def usual(self, box: Floats) -> Floats:
        """What a box (4,) shows when nothing moves, a patch."""
        return np.asarray(np.median([self.pixels.patch(int(k), box) for k in self.plate], axis=0))

    def along(self) -> _Strip:
        """The scenery from two lengths before the last row up to the border."""
        way, step = self.way, float(np.mean(self.pixels.px))
        steps = np.arange(-2.2 * way.length, (_FARTHEST + 2) * way.length, step) / way.pace
        slow = np.linalg.norm(way.velocities(steps), axis=1) < _SLOWED * way.pace
        slow &= steps > 0
        steps = steps[: int(np.argmax(slow))] if slow.any() else steps
        places = way.places(steps)
        px = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(places, axis=0), axis=1))]
        px -= np.interp(0.0, steps, px)
        points = places[:, None] + np.linspace(-1, 1, _ACROSS)[:, None] * _BREADTH * way.across
        look = np.median([self.pixels.at(int(row), points) for row in self.plate], axis=0)
        outside = ~np.isfinite(look).all(axis=(1, 2))
        now = int(np.searchsorted(px, 0.0))
        low = int(np.flatnonzero(outside[:now])[-1]) + 1 if outside[:now].any() else 0
        high = now + int(np.argmax(outside[now:])) if outside[now:].any() else len(px)
        return _Strip(steps[low:high], px[low:high], look[low:high], step)

    def empty_steps(self, near_px: float, out: Floats) -> float:
        """How long nothing shows where it is due, nor where it went; 0 where unknown.

        Args:
            near_px: edge at which it went. out: (2,) place at which it should come out.
        """
        way, clock, last = self.way, self.clock, self.path.last
        level = _SHOWS * self._contrast()
        if level < _LEAST_SHOWN:
            return 0.0
        back = way.coefficients[0] + way.along * (near_px - way.length / 2)
        gone = max((near_px + way.length / 2) / way.pace + 1, 1.0)
        rows = last + np.arange(1, min(self.path.room, self.pixels.n - 1 - last) + 1)
        watched = [(out + k * way.across, 0.0) for k in (-0.8, 0.0, 0.8)] + [(back, gone)]
        return min(
            self._empty_in(way.around(place), rows[clock.steps(rows) > since], level)
            for place, since in watched
        )

    def _empty_in(self, box: Floats, rows: Ints, level: float) -> float:
        """Steps until more than `level` shows in a box, over the rows (m,) given."""
        usual = self.usual(box)
        for row in rows.tolist():
            change = float(np.abs(self.pixels.patch(row, box) - usual).mean())
            if change > level or not self.pixels.holds(row, box):
                return self.clock.steps_to(row - 1)
        return self.clock.steps_to(int(rows[-1])) if len(rows) else 0.0

    def _contrast(self) -> float:
        """Grey levels by which the thing differed from the scenery, where it was seen whole."""
        rows = self.way.rows[:_N_CONTRAST]
        boxes = [self.way.around(place) for place in self.way.places(self.clock.steps(rows))]
        differ = [
            np.abs(self.pixels.patch(int(row), box) - self.usual(box)).mean()
            for row, box in zip(rows, boxes, strict=True)
        ]
        return float(np.median(differ))


def awaited(pixels: Pixels, path: Path, seen: Seen) -> Return | None:
    """Foresee the return of a thing that went behind something.

    Args:
        pixels: of the piece. path: up to the end, forward. seen: the rows before it.

    Returns:
        When and where, None where what hides it has no far edge that can be seen, or
        where the thing is so slow, or slows down so, that it may stop there.
    """
    clock = _Clock.of(pixels, path, seen)
    way = _way(path, seen, clock)
    if way is None or way.pace < _LEAST_PACE * float(way.size.mean()):
        return None
    low = max(path.last - _PLATE_BEFORE, 0)
    high = min(path.last + min(_PLATE_AFTER, path.room), pixels.n - 1)
    plate = np.unique(np.linspace(low, high, _N_PLATE).astype(np.int64))
    scene = _Scene(pixels, path, clock, way, plate)
    strip = scene.along()
    edges = _edges(strip, way, float(_leads(way, seen.boxes[:2]).max()))
    return None if edges is None else _return(scene, strip, *edges)


def _way(path: Path, seen: Seen, clock: _Clock) -> _Way | None:
    """Fitted to the newest rows in which nothing cut the thing."""
    sizes = np.maximum(geometry.size(seen.boxes), 1e-3)
    differ = np.abs(np.log(sizes / path.size))
    whole = np.asarray((differ < _WHOLE + _UNSURE_PX / path.size).all(axis=1))
    way = _fitted(path, seen, clock, whole)
    if way is None:
        return None
    ahead = _leads(way, seen.boxes)
    free = whole & (ahead < ahead.max() - max(1.0, 0.05 * way.length))
    return _fitted(path, seen, clock, free) or way


def _fitted(path: Path, seen: Seen, clock: _Clock, use: Bools) -> _Way | None:
    """A parabola if the newest of the rows are surely bent, else a line."""
    rows = np.flatnonzero(use)[:_N_FIT]
    if len(rows) < _MIN_FIT:
        return None
    t, places = clock.steps(seen.rows[rows]), geometry.centre(seen.boxes[rows])
    coefficients, errors = _polynomial(t, places, 1)
    if len(t) >= _MIN_BENT:
        bent, bent_errors = _polynomial(t, places, 2)
        if np.abs(bent[2] / bent_errors[2]).max() > _CURVED:
            coefficients, errors = bent, bent_errors
    full = np.zeros((3, 2))
    full[: len(coefficients)] = coefficients
    pace = max(float(np.linalg.norm(full[1])), 1e-9)
    return _Way(full, path.size, float(np.linalg.norm(errors[1])) / pace, seen.rows[rows])


def _polynomial(t: Floats, places: Floats, degree: int) -> tuple[Floats, Floats]:
    """Coefficients (degree + 1, 2) of places (m, 2) over times (m,), and their errors."""
    powers = np.vander(t, degree + 1, increasing=True)
    inverse = np.linalg.inv(powers.T @ powers)
    coefficients = inverse @ powers.T @ places
    left = places - powers @ coefficients
    noise = np.sqrt((left**2).sum(axis=0) / max(len(t) - degree - 1, 1))
    errors = np.sqrt(np.diag(inverse))[:, None] * np.maximum(noise, _LEAST_NOISE_PX)
    return np.asarray(coefficients), np.asarray(errors)


def _leads(way: _Way, boxes: Floats) -> Floats:
    """How far the leading edge of each box is along the way, px from the last foreseen place."""
    centre, half = geometry.centre(boxes), geometry.size(boxes) / 2
    return np.asarray((centre - way.coefficients[0]) @ way.along + half @ np.abs(way.along))


def _edges(strip: _Strip, way: _Way, lead_px: float) -> tuple[float, float] | None:
    """Where what hides the thing begins and ends, px along the way; None if not seen."""
    found = _near_edge(strip, way, lead_px)
    if found is None:
        return None
    near, before, behind = found
    like_before, like_behind = (
        np.abs(strip.look - one).mean(axis=(1, 2)) for one in (before, behind)
    )
    margin = (like_behind - like_before) / np.abs(before - behind).mean()
    n = max(round(_REACH * way.length / strip.step_px), 3)
    for k in np.flatnonzero(strip.way_px > near + 0.5 * way.length):
        goes_on = margin[k : k + n]
        if len(goes_on) < n:
            return None
        if (goes_on > 0).mean() >= _SAME and goes_on.mean() > _ALIKE:
            return near, float(strip.way_px[k])
    return None


def _near_edge(strip: _Strip, way: _Way, lead_px: float) -> tuple[float, Floats, Floats] | None:
    """The edge near the foremost place seen, the looks (M, 3) before and behind it."""
    px, length = strip.way_px, way.length
    best, least = None, 0.0
    nearest, farthest = lead_px - 0.3 * length, lead_px + 0.3 * length + 1.5 * way.pace
    for near in np.arange(nearest, farthest, strip.step_px):
        before = strip.look[(px > near - 1.2 * length) & (px < near - 1.5 * strip.step_px)]
        behind = strip.look[(px > near + 1.5 * strip.step_px) & (px < near + 0.7 * length)]
        if min(len(before), len(behind)) < 3:
            continue
        a, b = np.median(before, axis=0), np.median(behind, axis=0)
        contrast = float(np.abs(a - b).mean())
        scatter = float(np.abs(before - a).mean() + np.abs(behind - b).mean()) / 2
        clear = contrast - _LEAST_CLEARNESS * scatter
        if contrast > _LEAST_CONTRAST and clear > least:
            best, least = (float(near), a, b), clear
    return best


def _return(scene: _Scene, strip: _Strip, near_px: float, far_px: float) -> Return | None:
    """When it should show, and until when nothing does."""
    way, clock, half = scene.way, scene.clock, scene.way.length / 2
    slack = 1.2 * way.pace + 0.15 * way.length
    if not -half - slack < near_px < half + slack:
        return None
    first, due = np.interp([far_px - half, far_px + half], strip.way_px, strip.steps)
    if due < 1 or far_px + half > strip.way_px[-1]:
        return None
    spread = float(np.hypot(_SPREAD, way.error))
    sigma = float(np.hypot(spread * due, _STEPS))
    place = way.places(np.array([due]))[0]
    empty = scene.empty_steps(near_px, place)
    there = scene.pixels.to_frame(clock.row(due), way.around(place)) * np.tile(scene.pixels.px, 2)
    x1, y1, x2, y2 = there.tolist()
    return Return(
        start=clock.frame(max(float(first) * np.exp(-_BOUND * spread), 1.0)),
        due=clock.frame(float(due)),
        stop=clock.frame(float(due) + _BOUND * sigma) + 1,
        box=(x1, y1, x2, y2),
        behind="scenery",
        empty_until=clock.frame(empty) if empty > 0 else -1,
        overdue=(empty - float(due)) / sigma if empty > 0 else float("nan"),
        doubt="it falls, and may lie there" if way.along[1] > _FALLS else "",
    )

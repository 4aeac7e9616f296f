"""Kinds that change how many things there are: vanish, appear, lost-behind, split, merge."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from physcheck.mutation.compositor import Placement
from physcheck.mutation.kinds.plans import (
    AFTER,
    BEFORE,
    Plan,
    Refusal,
    Scene,
    Second,
    aim,
    draw_frame,
    log_uniform,
    ramp,
    reach_of,
    sideways,
)
from physcheck.mutation.occluder import make_occluder
from physcheck.types import Floats

__all__ = ["appear", "lost_behind", "merge", "split", "vanish"]

_SHORTEST_ABSENCE = 2
_LONGEST_ABSENCE = 60
_BOARD_WIDTH = (1.35, 1.9)
_BOARD_TRIES = 12
_TRIES = 24
_FARTHEST = 4.0
_LEAST_APART = 0.6


def vanish(scene: Scene, rng: np.random.Generator) -> Plan | Refusal:
    """Gone from one frame to the next, for some frames or for good."""
    k = draw_frame(rng, scene.first, scene.last)
    if k is None:
        return Refusal(f"in the open for fewer than {BEFORE + AFTER} frames")
    n_gone = round(log_uniform(rng, _SHORTEST_ABSENCE, _LONGEST_ABSENCE))
    back = k + n_gone if k + n_gone <= scene.last - 2 else None
    stop = scene.last + 1 if back is None else back
    note = "gone for good" if back is None else f"gone for {n_gone} frames"
    comes = () if back is None else (Second("appear", back - 1, back, back, "is there again"),)
    return Plan(
        kind="vanish",
        start_frame=k - 1,
        end_frame=k,
        peak_frame=k - 1,
        peak=(Placement(source=k - 1),),
        magnitude=float(stop - k),
        unit="frames gone",
        size_px=scene.course.body(k),
        note=note,
        moves=dict.fromkeys(range(k, stop), ()),
        seconds=comes,
    )


def appear(scene: Scene, rng: np.random.Generator) -> Plan | Refusal:
    """Not there before, whole from one frame to the next."""
    k = draw_frame(rng, scene.first, scene.last)
    if k is None:
        return Refusal(f"in the open for fewer than {BEFORE + AFTER} frames")
    return Plan(
        kind="appear",
        start_frame=k - 1,
        end_frame=k,
        peak_frame=k,
        peak=(Placement(source=k),),
        magnitude=scene.course.body(k),
        unit="px of size",
        size_px=scene.course.body(k),
        note="was not there before",
        moves=dict.fromkeys(range(scene.first, k), ()),
        start=scene.first,
        details={"frames_absent": float(k - scene.first)},
    )


def lost_behind(scene: Scene, rng: np.random.Generator) -> Plan | Refusal:
    """It goes behind a board, which stands there in the twin as well, and never comes out."""
    course = scene.course
    way = course.feet_ref[scene.first - course.first : scene.last + 1 - course.first]
    widest = max(course.width(k) for k in range(scene.first, scene.last + 1))
    if np.ptp(way[:, 0]) < (1 + _BOARD_WIDTH[0]) * widest + 8:
        return Refusal("moves too little sideways to pass behind anything")
    for _ in range(_BOARD_TRIES):
        plan = _behind_board(scene, rng, widest)
        if plan is not None:
            return plan
    return Refusal("no place for a board that it goes behind and comes out of")


def _behind_board(scene: Scene, rng: np.random.Generator, widest: float) -> Plan | None:
    course = scene.course
    middle = int(rng.integers(scene.first, scene.last + 1))
    half = widest * rng.uniform(*_BOARD_WIDTH) / 2
    x = float(course.foot_ref(middle)[0])
    near = range(max(scene.first, middle - 40), min(scene.last, middle + 40) + 1)
    behind = [k for k in near if abs(course.foot_ref(k)[0] - x) < half + widest / 2]
    high = max(course.height(k) for k in behind)
    low = max(float(course.foot_ref(k)[1]) for k in behind)
    top = min(float(course.foot_ref(k)[1]) - course.height(k) for k in behind)
    if low - top > 2.2 * high:
        return None
    box = np.array([x - half, top - 0.15 * high, x + half, low + 0.12 * high])
    passing = _passing(scene, middle, box)
    if passing is None:
        return None
    occluder = make_occluder(scene.footage, box, scene.things, rng)
    if occluder is None:
        return None
    before, hidden, out = passing
    seen = np.stack([scene.thing.box(before), scene.thing.box(out)])
    around = (*seen[:, :2].min(axis=0), *seen[:, 2:].max(axis=0))
    return Plan(
        kind="lost-behind",
        start_frame=hidden,
        end_frame=out,
        peak_frame=out,
        box=(float(around[0]), float(around[1]), float(around[2]), float(around[3])),
        magnitude=float(scene.last + 1 - out),
        unit="frames missing",
        size_px=course.body(middle),
        note="goes behind the board and does not come out",
        moves=dict.fromkeys(range(hidden, scene.last + 1), ()),
        occluder=occluder,
    )


def _passing(scene: Scene, middle: int, box: Floats) -> tuple[int, int, int] | None:
    """Frames: last one clear of the board, first one hidden, first one whole behind it."""
    course = scene.course

    def sides(k: int) -> tuple[float, float]:
        x, half = float(course.foot_ref(k)[0]), course.width(k) / 2
        return x - half, x + half

    def hides(k: int) -> bool:
        left, right = sides(k)
        return bool(left > box[0] + 1 and right < box[2] - 1)

    def clear(k: int) -> bool:
        left, right = sides(k)
        return bool(right < box[0] - 2 or left > box[2] + 2)

    if not hides(middle):
        return None
    hidden = middle
    while hidden > scene.first and hides(hidden - 1):
        hidden -= 1
    before = _first_where(clear, range(hidden, scene.first + 2, -1))
    out = _first_where(clear, range(middle, scene.last - AFTER + 2))
    if before is None or out is None:
        return None
    comes_out_there = (course.foot_ref(out)[0] - box[0]) * (course.foot_ref(before)[0] - box[0])
    return (before, hidden, out) if comes_out_there < 0 else None


def _first_where(holds: Callable[[int], bool], frames: range) -> int | None:
    return next((k for k in frames if holds(k)), None)


def split(scene: Scene, rng: np.random.Generator) -> Plan | Refusal:
    """A copy leaves the thing and goes beside it."""
    return _with_copy(scene, rng, "split")


def merge(scene: Scene, rng: np.random.Generator) -> Plan | Refusal:
    """There are two of it, and one joins the other."""
    return _with_copy(scene, rng, "merge")


def _with_copy(scene: Scene, rng: np.random.Generator, kind: str) -> Plan | Refusal:
    slowest = max(4, min(20, (scene.last - scene.first) // 3))
    for _ in range(_TRIES):
        n = int(rng.integers(4, slowest + 1))
        k = draw_frame(rng, scene.first, scene.last - n if kind == "split" else scene.last)
        if k is None or (kind == "merge" and k - n < scene.first + BEFORE):
            continue
        apart = log_uniform(rng, _LEAST_APART, _FARTHEST)
        plan = _copy_at(scene, kind, k if kind == "split" else k - n, n, apart, rng)
        if plan is not None:
            return plan
    return Refusal("no room for a second one beside it, or seen too shortly")


def _copy_at(
    scene: Scene, kind: str, k: int, n: int, apart: float, rng: np.random.Generator
) -> Plan | None:
    """From `k` on the copy takes n frames to leave, or to arrive."""
    course = scene.course
    tilt = rng.uniform(-0.15, 0.15) if sideways(scene, k) else rng.uniform(-1.2, 1.2)
    way = apart * np.array([np.cos(tilt), np.sin(tilt)]) * rng.choice([-1.0, 1.0])

    def share(j: int) -> float:
        done = ramp((j - k) / n)
        return done if kind == "split" else 1 - done

    def copy(j: int) -> Placement:
        return aim(scene, j, course.foot_ref(j) + way * share(j) * course.body(j))

    frames = range(k + 1, scene.last + 1) if kind == "split" else range(scene.first, k + n)
    if reach_of(scene, frames, copy) < len(frames):
        return None
    peak = k + n // 2
    return Plan(
        kind=kind,
        start_frame=k,
        end_frame=k + n,
        peak_frame=peak,
        peak=(Placement(source=peak), copy(peak)),
        magnitude=apart,
        unit="body lengths apart",
        size_px=course.body(k),
        note="becomes two" if kind == "split" else "two become one",
        moves={j: (copy(j), Placement(source=j)) for j in frames},
        start=scene.first if kind == "merge" else None,
    )

"""Kinds that put a thing where it cannot be: teleport, hover, floor-penetration and others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from physcheck.mutation.compositor import Placement
from physcheck.mutation.kinds.plans import (
    AFTER,
    BEFORE,
    Plan,
    Refusal,
    Scene,
    aim,
    draw_frame,
    log_uniform,
    placed,
    ramp,
    reach_of,
    sideways,
)
from physcheck.types import Floats

__all__ = ["floor_penetration", "hover", "spontaneous_motion", "teleport"]

_TRIES = 40
_JUMP = (0.25, 7.0)
"""Body lengths."""
_BELOW = 0.25
"""Share of its height by which a jump may lead below the lowest place of its way."""
_LIKE = 30.0
"""Grey levels by which the ground at the target may differ from that at the start."""
_LIFT = (0.12, 1.6)
"""Heights of the thing."""
_LEAST_LIFT_PX = 4.0
_SINK = (0.07, 0.85)
_LEAST_SINK_PX = 2.0
_SPEED = (0.25, 6.0)
"""Body lengths a second at which a resting thing sets off."""
_STEEP = 0.4
_REST = 0.08
_HOLD = 8
_HELD = 0.6
"""A thing that rests by more than this share of its height above its lowest place is held."""


def teleport(scene: Scene, rng: np.random.Generator) -> Plan | Refusal:
    """Its way goes on elsewhere from one frame on."""
    course = scene.course
    for _ in range(_TRIES):
        k = draw_frame(rng, scene.first, scene.last)
        if k is None:
            return Refusal(f"in the open for fewer than {BEFORE + AFTER} frames")
        jump = log_uniform(rng, *_JUMP)
        tilt = rng.uniform(-0.2, 0.2) if sideways(scene, k) else rng.uniform(-np.pi, np.pi)
        way = jump * course.body(k) * np.array([np.cos(tilt), np.sin(tilt)])
        way = way * rng.choice([-1.0, 1.0])
        plan = _jumped(scene, k, way)
        if plan is not None:
            return replace(plan, magnitude=jump, details={"px": float(np.hypot(*way))})
    return Refusal("no place in the picture to jump to")


def _jumped(scene: Scene, k: int, way: Floats) -> Plan | None:
    def at(j: int) -> Placement:
        return aim(scene, j, scene.course.foot_ref(j) + way)

    lowest = float(scene.course.feet_ref[:, 1].max()) + _BELOW * scene.course.height(k)
    frames = range(k, scene.last + 1)
    n = reach_of(scene, frames, at)
    if any(scene.course.foot_ref(j)[1] + way[1] > lowest for j in frames[:n]):
        return None
    if n < AFTER or not _alike(scene, k, at(k)):
        return None
    return Plan(
        kind="teleport",
        start_frame=k - 1,
        end_frame=k,
        peak_frame=k,
        peak=(at(k),),
        magnitude=0.0,
        unit="body lengths jumped",
        size_px=scene.course.body(k),
        note="is elsewhere from one frame to the next",
        moves={j: (at(j),) for j in frames[:n]},
        stop=k + n,
    )


def _alike(scene: Scene, k: int, placement: Placement) -> bool:
    """Whether the ground at the target is about as bright as around the thing."""
    here, there = scene.thing.box(k), placed(scene, placement)
    return bool(np.abs(_rim(scene, k, here) - _rim(scene, k, there)).max() < _LIKE)


def _rim(scene: Scene, k: int, box: Floats) -> Floats:
    """(3,) median colour just outside a box."""
    frame = scene.footage.frames[k]
    height, width = frame.shape[:2]
    x1, y1, x2, y2 = np.clip(np.round(box).astype(int), 0, [width, height, width, height])
    left, top = max(x1 - 5, 0), max(y1 - 5, 0)
    around = frame[top : y2 + 5, left : x2 + 5]
    outside = np.ones(around.shape[:2], dtype=bool)
    outside[y1 - top : y2 - top, x1 - left : x2 - left] = False
    return np.asarray(np.median(around[outside], axis=0), dtype=np.float64)


def hover(scene: Scene, rng: np.random.Generator) -> Plan | Refusal:
    """A fall halts in mid-air, or what stands is lifted by nothing and stays up."""
    plans = [plan for plan in (_halt(scene, rng), _lift(scene, rng)) if plan is not None]
    if not plans:
        return Refusal("nothing falls, and nothing stands or goes along the ground")
    return plans[0]


def _halt(scene: Scene, rng: np.random.Generator) -> Plan | None:
    course = scene.course
    falls = [
        (max(one.apex, scene.first + BEFORE), min(one.stop - 2, scene.last - _HOLD))
        for one in course.flights
    ]
    falls = [(low, high) for low, high in falls if high >= low]
    if not falls:
        return None
    low, high = falls[int(rng.integers(len(falls)))]
    k = int(rng.integers(low, high + 1))
    moves = {j: (aim(scene, j, course.foot_ref(k)),) for j in range(k + 1, scene.last + 1)}
    missed = [float(np.hypot(*(course.foot_ref(j) - course.foot_ref(k)))) for j in moves]
    peak = k + 1 + int(np.argmax(missed))
    if max(missed) < _LEAST_LIFT_PX:
        return None
    return Plan(
        kind="hover",
        start_frame=k,
        end_frame=scene.last,
        peak_frame=peak,
        peak=moves[peak],
        magnitude=max(missed),
        unit="px off its way",
        size_px=course.body(k),
        note="its fall halts in mid-air",
        moves=moves,
    )


def _lift(scene: Scene, rng: np.random.Generator) -> Plan | None:
    """Raised over some frames, and up there to the end."""
    course = scene.course
    n = int(rng.integers(6, 25))
    k = _on_ground(scene, rng, after=n + _HOLD)
    if k is None or not _level(scene, k):
        return None
    lift = max(_LEAST_LIFT_PX, log_uniform(rng, *_LIFT) * course.height(k))

    def at(j: int) -> Placement:
        return aim(scene, j, course.foot_ref(j) - np.array([0.0, lift * ramp((j - k) / n)]))

    frames = range(k + 1, scene.last + 1)
    if reach_of(scene, frames, at) < len(frames):
        return None
    return Plan(
        kind="hover",
        start_frame=k,
        end_frame=scene.last,
        peak_frame=k + n,
        peak=(at(k + n),),
        magnitude=lift,
        unit="px off its way",
        size_px=course.body(k),
        note=f"rises by {lift:.0f} px within {n} frames and stays up",
        moves={j: (at(j),) for j in frames},
    )


def _on_ground(scene: Scene, rng: np.random.Generator, after: int) -> int | None:
    """A frame in which it rests, stands or goes along the ground, and does so for a while."""
    spans = [
        (max(start, scene.first), min(stop - 1, scene.last))
        for start, stop in (*scene.course.carried, *_standing(scene))
    ]
    frames = [k for low, high in spans if (k := draw_frame(rng, low, high, BEFORE, after))]
    return frames[int(rng.integers(len(frames)))] if frames else None


def _level(scene: Scene, k: int) -> bool:
    """Whether it rests or goes along the picture; what goes up in it may just walk away."""
    near = range(max(scene.first, k - 10), min(scene.last, k + 10) + 1)
    way = np.ptp([scene.course.foot_ref(j) for j in near], axis=0)
    return bool(way[1] < max(_STEEP * way[0], _REST * scene.course.height(k)))


def _standing(scene: Scene) -> list[tuple[int, int]]:
    """Rests at the lowest place of its way; higher up it is held, or hangs."""
    feet = scene.course.feet_ref
    lowest = float(feet[:, 1].max())
    return [
        (start, stop)
        for start, stop in scene.course.rests
        if lowest - scene.course.foot_ref(start)[1] < _HELD * scene.course.height(start)
    ]


def floor_penetration(scene: Scene, rng: np.random.Generator) -> Plan | Refusal:
    """It sinks below the place where it touches the ground."""
    bounces = [k for k in scene.course.bounces if scene.first + BEFORE <= k <= scene.last - BEFORE]
    plan = _through_bounce(scene, rng, bounces) if bounces else _sink(scene, rng)
    return plan or Refusal("nothing bounces, stands or goes along the ground for long enough")


def _through_bounce(scene: Scene, rng: np.random.Generator, bounces: list[int]) -> Plan | None:
    """Below the floor for as long as its speed takes it there and back."""
    course = scene.course
    b = bounces[int(rng.integers(len(bounces)))]
    depth = max(_LEAST_SINK_PX, log_uniform(rng, *_SINK) * course.height(b))
    speed = max(1.0, abs(float(course.velocity(b)[1])))
    n = int(np.clip(np.ceil(depth / speed) + 1, 2, BEFORE))
    line = float(course.foot(b)[1]) if rng.random() < 0.5 else None

    def at(j: int) -> Placement:
        below = depth * (0.5 + 0.5 * np.cos(np.pi * (j - b) / n))
        return replace(
            aim(scene, j, course.foot_ref(j) + np.array([0.0, below])), hidden_below_y=line
        )

    frames = range(max(b - n + 1, scene.first), min(b + n, scene.last + 1))
    if reach_of(scene, frames, at) < len(frames):
        return None
    return _sunk(scene, b, frames[0] - 1, frames[-1] + 1, depth, line, {j: at(j) for j in frames})


def _sunk(
    scene: Scene,
    peak: int,
    start: int,
    end: int,
    depth: float,
    line: float | None,
    moves: dict[int, Placement],
) -> Plan:
    how = "drawn over the floor" if line is None else "its lower part is hidden by the floor"
    return Plan(
        kind="floor-penetration",
        start_frame=start,
        end_frame=min(end, scene.last),
        peak_frame=peak,
        peak=(replace(moves[peak], hidden_below_y=None),),
        magnitude=depth,
        unit="px sunk",
        size_px=scene.course.body(peak),
        note=f"sinks by {depth:.0f} px, {how}",
        moves={j: (one,) for j, one in moves.items()},
        details={"hidden": float(line is not None)},
    )


def _sink(scene: Scene, rng: np.random.Generator) -> Plan | None:
    """Sinks in over some frames and goes on so, its lower part hidden by the ground.

    Drawn over the ground it would only seem to come nearer.
    """
    course = scene.course
    n = int(rng.integers(3, 17))
    k = _on_ground(scene, rng, after=n + AFTER)
    if k is None:
        return None
    depth = max(_LEAST_SINK_PX, log_uniform(rng, *_SINK) * course.height(k))

    def at(j: int) -> Placement:
        below = depth * ramp((j - k) / n)
        placement = aim(scene, j, course.foot_ref(j) + np.array([0.0, below]))
        return replace(placement, hidden_below_y=float(course.foot(j)[1]))

    moves = {j: at(j) for j in range(k + 1, scene.last + 1)}
    line = float(course.foot(k)[1])
    return _sunk(scene, k + n, k, k + n, depth, line, moves)


def spontaneous_motion(scene: Scene, rng: np.random.Generator) -> Plan | Refusal:
    """What rests sets off with nothing near it."""
    half_s = max(6, round(0.5 * scene.footage.fps))
    spans = [
        (max(start, scene.first), min(stop, scene.last + 1)) for start, stop in _standing(scene)
    ]
    spans = [(low, high) for low, high in spans if high - low >= half_s + _HOLD]
    if not spans:
        return Refusal("nothing rests in the open for half a second and more")
    low, high = spans[int(rng.integers(len(spans)))]
    for _ in range(_TRIES):
        plan = _set_off(scene, rng, int(rng.integers(low + half_s, high - _HOLD + 1)), high)
        if plan is not None:
            return plan
    return Refusal("no room beside the resting thing")


def _set_off(scene: Scene, rng: np.random.Generator, k: int, stop: int) -> Plan | None:
    course, fps = scene.course, scene.footage.fps
    pace = log_uniform(rng, *_SPEED)
    speed = pace * course.body(k) / fps * rng.choice([-1.0, 1.0])
    start_up = int(rng.integers(1, 7))

    def at(j: int) -> Placement:
        t = j - k
        gone = t * t / (2 * start_up) if t < start_up else t - start_up / 2
        return aim(scene, j, course.foot_ref(j) + np.array([speed * gone, 0.0]))

    frames = range(k + 1, stop)
    n = reach_of(scene, frames, at)
    if n < AFTER:
        return None
    peak = min(k + start_up, k + n)
    return Plan(
        kind="spontaneous-motion",
        start_frame=k,
        end_frame=peak,
        peak_frame=peak,
        peak=(at(peak),),
        magnitude=pace,
        unit="body lengths per second",
        size_px=course.body(k),
        note="rests, then slides off with nothing near it",
        moves={j: (at(j),) for j in frames[:n]},
        stop=k + 1 + n,
    )

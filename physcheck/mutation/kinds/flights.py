"""Kinds that bend a free flight: trajectory, gravity, energy-gain; and the arrow of time."""

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
    clear_of_others,
    inside,
    log_uniform,
)
from physcheck.mutation.paths import Flight
from physcheck.types import Floats

__all__ = ["energy_gain", "gravity", "reversed_time", "trajectory", "upside_down"]

_TRIES = 30
_BEFORE = 4
_AFTER = 5
_TURN_DEG = (8.0, 150.0)
_GRAVITY = (0.12, 2.2)
"""By how much the acceleration differs, as a share of the true one."""
_GAIN = (1.1, 3.5)
"""Energy after the bounce, as a multiple of that before it."""
_LOSS = 0.8
_NO_FLIGHT = f"nothing is in free flight for {_BEFORE + _AFTER} frames in the open"


def trajectory(scene: Scene, rng: np.random.Generator) -> Plan | Refusal:
    """In free flight it turns, with nothing near it."""
    for _ in range(_TRIES):
        found = _in_flight(scene, rng)
        if found is None:
            return Refusal(_NO_FLIGHT)
        k, flight = found
        degrees = float(log_uniform(rng, *_TURN_DEG) * rng.choice([-1.0, 1.0]))
        speed = flight.velocity_at(k)
        if np.hypot(*speed) < 0.04 * scene.course.body(k):
            continue
        turned = _turned(speed, degrees)
        plan = _bent(scene, k, turned, flight.acceleration)
        if plan is not None:
            return replace(
                plan,
                kind="trajectory",
                start_frame=k - 1,
                end_frame=k + 1,
                peak_frame=k + 1,
                peak=plan.moves[k + 1],
                magnitude=abs(degrees),
                unit="degrees turned",
                note=f"turns by {degrees:.0f} degrees in free flight",
                details={
                    "degrees": float(degrees),
                    "px_per_frame": float(np.hypot(*(turned - speed))),
                },
            )
    return Refusal("every turn of its flight leads out of the picture or into the floor")


def _turned(velocity: Floats, degrees: float) -> Floats:
    sine, cosine = np.sin(np.deg2rad(degrees)), np.cos(np.deg2rad(degrees))
    return np.array([[cosine, -sine], [sine, cosine]]) @ velocity


def gravity(scene: Scene, rng: np.random.Generator) -> Plan | Refusal:
    """From a frame on it falls with another acceleration, or upwards."""
    for _ in range(_TRIES):
        found = _in_flight(scene, rng)
        if found is None:
            return Refusal(_NO_FLIGHT)
        k, flight = found
        differs = log_uniform(rng, *_GRAVITY) * rng.choice([-1.0, 1.0])
        plan = _bent(scene, k, flight.velocity_at(k), (1 + differs) * flight.acceleration)
        if plan is not None:
            last = max(plan.moves)
            return replace(
                plan,
                kind="gravity",
                end_frame=last,
                peak_frame=(k + last + 1) // 2,
                peak=plan.moves[(k + last + 1) // 2],
                magnitude=abs(differs),
                unit="change of acceleration, share of the true one",
                note=f"falls with {1 + differs:.2f} times the acceleration from then on",
                details={"ratio": float(1 + differs)},
            )
    return Refusal("every other fall leads out of the picture or into the floor")


def _in_flight(scene: Scene, rng: np.random.Generator) -> tuple[int, Flight] | None:
    """A frame within a flight, with enough of it before and after."""
    spans = [
        (max(one.start, scene.first) + _BEFORE, min(one.stop, scene.last + 1) - _AFTER, one)
        for one in scene.course.flights
    ]
    spans = [span for span in spans if span[1] >= span[0]]
    if not spans:
        return None
    low, high, flight = spans[int(rng.integers(len(spans)))]
    return int(rng.integers(low, high + 1)), flight


def _bent(scene: Scene, k: int, velocity: Floats, acceleration: Floats) -> Plan | None:
    """On another parabola from frame `k` on, until the floor or the picture ends."""
    course = scene.course
    start = course.foot_ref(k)
    floor = float(course.feet_ref[:, 1].max()) + 0.1 * course.height(k)
    moves: dict[int, tuple[Placement, ...]] = {}
    for j in range(k + 1, scene.last + 1):
        t = j - k
        foot = start + velocity * t + acceleration * t**2 / 2
        placement = aim(scene, j, foot)
        if not (inside(scene, placement) and clear_of_others(scene, j, placement)):
            break
        if foot[1] > floor:
            break
        moves[j] = (placement,)
    if len(moves) < _AFTER - 1:
        return None
    return Plan(
        kind="",
        start_frame=k,
        end_frame=k + 1,
        peak_frame=k + 1,
        magnitude=0.0,
        unit="",
        size_px=course.body(k),
        note="",
        moves=moves,
        stop=max(moves) + 1,
    )


def energy_gain(scene: Scene, rng: np.random.Generator) -> Plan | Refusal:
    """It bounces higher than it fell from."""
    reason = "nothing falls and bounces in the open"
    for b in rng.permutation([k for k in scene.course.bounces if _whole(scene, k)]):
        flight = _flight_before(scene, int(b))
        if flight is None:
            continue
        plan = _higher(scene, int(b), flight, rng)
        if plan is not None:
            return plan
        reason = "no room in the picture for a higher bounce"
    return Refusal(reason)


def _whole(scene: Scene, b: int) -> bool:
    return scene.first + BEFORE <= b <= scene.last - AFTER


def _flight_before(scene: Scene, b: int) -> Flight | None:
    ends = [one for one in scene.course.flights if one.start < b and b - 2 <= one.stop <= b + 3]
    return ends[-1] if ends else None


def _higher(scene: Scene, b: int, flight: Flight, rng: np.random.Generator) -> Plan | None:
    """After frame `b` it rises with more than the speed that it came down with."""
    course = scene.course
    pull = float(flight.acceleration[1])
    fall = float(flight.velocity_at(b)[1])
    foot = course.foot_ref(b)
    room = float(foot[1]) - course.height(b) - 8.0
    most = room * 2 * pull / max(fall, 1e-6) ** 2
    if fall <= 0 or most < _GAIN[0] * 1.05:
        return None
    gain = log_uniform(rng, _GAIN[0], min(_GAIN[1], most))
    rise = np.sqrt(gain) * fall
    along = (course.foot_ref(min(b + 4, scene.last)) - foot)[0] / (min(b + 4, scene.last) - b)
    apex = b + round(rise / pull)
    moves: dict[int, tuple[Placement, ...]] = {}
    for j in range(b + 1, scene.last + 1):
        t = j - b
        height = rise * t - pull * t * t / 2
        placement = aim(scene, j, foot + np.array([along * t, -height]))
        if height < 0 or not (inside(scene, placement) and clear_of_others(scene, j, placement)):
            break
        moves[j] = (placement,)
    if len(moves) < AFTER or max(moves) < b + 0.7 * (apex - b):
        return None
    peak = min(apex, max(moves))
    return Plan(
        kind="energy-gain",
        start_frame=b,
        end_frame=peak,
        peak_frame=peak,
        peak=moves[peak],
        magnitude=gain,
        unit="energy after / before",
        size_px=course.body(b),
        note=f"bounces to {gain:.2f} times the height that its fall gives it",
        moves=moves,
        stop=max(moves) + 1,
    )


def reversed_time(scene: Scene, rng: np.random.Generator) -> Plan | Refusal:
    """The clip runs backwards, so that bounces grow."""
    course = scene.course
    start, stop = scene.chance.start, scene.chance.stop
    kept = [flight for flight in course.flights if start <= flight.start and flight.stop <= stop]
    losses = [
        (speed[0] / speed[1], b)
        for b in course.bounces
        if _whole(scene, b) and (speed := _speeds(scene, b)) is not None
    ]
    losses = [one for one in losses if one[0] < _LOSS]
    if not losses or len(kept) < 2:
        return Refusal("no bounce that loses height, between two flights in the open")
    least, b = min(losses)
    return Plan(
        kind="reversed",
        start_frame=min(flight.start for flight in kept),
        end_frame=max(flight.stop - 1 for flight in kept),
        peak_frame=b,
        peak=(Placement(source=b),),
        magnitude=float(1 / least),
        unit="energy after / before",
        size_px=course.body(b),
        note="the clip runs backwards: bounces gain height",
        picture="backwards",
        details={"n_bounces": float(len(losses))},
    )


def _speeds(scene: Scene, b: int) -> tuple[float, float] | None:
    """Squared speeds after and before a bounce, px^2 per frame^2."""
    after = [one for one in scene.course.flights if b - 2 <= one.start <= b + 2]
    before = _flight_before(scene, b)
    if not after or before is None:
        return None
    up, down = after[0].velocity_at(b)[1], before.velocity_at(b)[1]
    return (float(up**2), float(down**2)) if up < 0 < down else None


def upside_down(scene: Scene, rng: np.random.Generator) -> Plan | Refusal:
    """The whole picture stands on its head, so that things fall upwards."""
    start, stop = scene.chance.start, scene.chance.stop
    flights = [one for one in scene.course.flights if start <= one.start and one.stop <= stop]
    if not flights:
        return Refusal(_NO_FLIGHT)
    longest = max(flights, key=lambda one: one.stop - one.start)
    peak = (longest.start + longest.stop) // 2
    return Plan(
        kind="upside-down",
        start_frame=min(one.start for one in flights),
        end_frame=max(one.stop - 1 for one in flights),
        peak_frame=peak,
        peak=(Placement(source=peak),),
        magnitude=float(sum(one.stop - one.start for one in flights)),
        unit="frames of free fall",
        size_px=scene.course.body(peak),
        note="the picture stands on its head: things fall upwards",
        picture="upside down",
    )

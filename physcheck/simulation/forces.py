"""Things that move as nothing moves: no support, no cause, too much, too little."""

from __future__ import annotations

import numpy as np

from physcheck.simulation.engine import GRAVITY, Moving, World
from physcheck.simulation.plans import Case, Claim, Plan, around, log_uniform, on, runs, spans
from physcheck.simulation.states import TICKS, History, tick_before
from physcheck.types import Bools

__all__ = ["bounces_of", "energy_gain", "gravity", "hover", "spontaneous_motion", "trajectory"]


def _in_air(case: Case, reach: int) -> Bools:
    """(F,) in free flight for some frames on each side."""
    return around(~case.touching, reach)


def hover(case: Case, rng: np.random.Generator) -> Plan | None:
    """A thing in free flight stands still in the air, then falls on."""
    k = case.pick(rng, _in_air(case, 2))
    if k is None:
        return None
    n = min(round(log_uniform(rng, 2.0, 45.0)), case.n_frames - k)
    script = {tick_before(k): [on(case.subject, World.hold)]}
    if k + n < case.n_frames:
        script[tick_before(k + n)] = [on(case.subject, World.release)]
    end = k + n - 1
    note = f"stands still in mid-air for {n} frames"
    claim = Claim("hover", case.subject, k, end, (k + end + 1) // 2, n, "frames", note)
    return Plan(k, script, lambda broken: [claim])


def trajectory(case: Case, rng: np.random.Generator) -> Plan | None:
    """A thing turns, stops or speeds up with nothing near it: in flight, or while it rolls."""
    speed = case.base.frames(case.base.speed)[:, case.subject]
    rolling = case.touching & (speed > 0.25)
    k = case.pick(rng, _in_air(case, 3) | (around(rolling, 4) & case.touching))
    if k is None:
        return None
    kick_px = log_uniform(rng, 0.4, 16.0)
    kick = kick_px / case.scale(k) * case.base.fps
    going = case.base.frames(case.base.velocity)[k, case.subject]
    if case.touching[k]:
        aside = np.array((-np.sign(going[0]) * kick, 0.0))
    else:
        turn = rng.uniform(0, 2 * np.pi)
        aside = kick * np.array((np.cos(turn), np.sin(turn)))

    def push(world: World, thing: Moving) -> None:
        vx, vy = thing.body.velocity
        thing.body.velocity = vx + aside[0], vy + aside[1]
        if thing.actor.form == "ball" and case.touching[k]:
            thing.body.angular_velocity = -thing.body.velocity[0] / thing.half[1]

    start, end = spans(k, case.n_frames)
    note = f"velocity changes by {kick_px:.1f} px a frame with nothing near"
    claim = Claim("trajectory", case.subject, start, end, end, kick_px, "px/frame", note)
    return Plan(k, {tick_before(k): [on(case.subject, push)]}, lambda broken: [claim])


def gravity(case: Case, rng: np.random.Generator) -> Plan | None:
    """From a frame on a thing in flight falls faster, slower, or up."""
    k = case.pick(rng, _in_air(case, 2))
    if k is None:
        return None
    amount = log_uniform(rng, 0.08, 2.0)
    change = amount * (1.0 if rng.random() < 0.35 else -1.0)

    def lighten(world: World, thing: Moving) -> None:
        thing.pull = 1.0 + change

    def claims(broken: History) -> list[Claim]:
        free = ~broken.touched(case.subject)
        free[:k] = False
        end = next((b for a, b in runs(free) if a <= k <= b), k)
        if end - k < 4:
            return []
        note = f"falls with {1 + change:.2f} times the gravity of everything else"
        return [Claim("gravity", case.subject, k, end, (k + end) // 2, amount, "g", note)]

    return Plan(k, {tick_before(k): [on(case.subject, lighten)]}, claims)


def energy_gain(case: Case, rng: np.random.Generator) -> Plan | None:
    """A thing bounces higher than it fell from."""
    bounces = bounces_of(case)
    if not bounces:
        return None
    tick, drop_m = bounces[int(rng.integers(len(bounces)))]
    most = 0.9 * case.roomy_m / drop_m
    if most < 1.1:
        return None
    ratio = log_uniform(rng, 1.03, min(most, 5.0))
    up = float(np.sqrt(2 * GRAVITY * drop_m * ratio))

    def throw(world: World, thing: Moving) -> None:
        thing.body.velocity = thing.body.velocity[0], up

    frame = tick // TICKS

    def claims(broken: History) -> list[Claim]:
        heights = broken.frames(broken.bottom)[frame:, case.subject]
        falling = np.flatnonzero(np.diff(heights[1:]) < 0)
        end = min(frame + 1 + (int(falling[0]) if falling.size else 10**6), case.n_frames - 1)
        note = f"rises to {ratio:.2f} times the height that it fell from"
        return [Claim("energy-gain", case.subject, frame, end, end, ratio, "ratio", note)]

    return Plan(-(-(tick - 2) // TICKS), {tick: [on(case.subject, throw)]}, claims)


def bounces_of(case: Case) -> list[tuple[int, float]]:
    """Ticks in which the subject leaves a support upwards, and from how high it fell, m."""
    rising = case.base.velocity[:, case.subject, 1]
    bottom = case.base.bottom[:, case.subject]
    turns = np.flatnonzero((rising[:-1] < -0.8) & (rising[1:] > 0.4)) + 1
    found, since = [], 0
    for tick in turns:
        level = float(bottom[tick])
        drop_m = float(bottom[since:tick].max()) - level
        since, frame = int(tick), int(tick) // TICKS
        seen = case.clear[max(frame - REACH, 0) : frame + REACH].all()
        if 8 <= frame <= case.n_frames - 10 and seen and drop_m * case.scale(frame) > 8.0:
            found.append((int(tick), drop_m))
    return found


REACH = 4
"""Frames on each side of a bounce in which it must be seen."""


def spontaneous_motion(case: Case, rng: np.random.Generator) -> Plan | None:
    """A thing that has been at rest starts to move, touched by nothing."""
    speed = case.base.frames(case.base.speed)[:, case.subject]
    still = speed < 0.004
    n_still = max(round(0.5 * case.base.fps), 8)
    long_still = np.array([still[max(k - n_still, 0) : k + 1].all() for k in range(len(still))])
    k = case.pick(rng, long_still)
    if k is None:
        return None
    start_px = log_uniform(rng, 0.25, 12.0)
    speed_m = start_px / case.scale(k) * case.base.fps
    turn = rng.uniform(0.25, 0.75) * np.pi if rng.random() < 0.3 else rng.choice((0.0, np.pi))
    aside = speed_m * np.cos(turn), speed_m * np.sin(turn)

    def start(world: World, thing: Moving) -> None:
        world.release(thing)
        thing.body.velocity = aside
        if thing.actor.form == "ball":
            thing.body.angular_velocity = -aside[0] / thing.half[1]

    first, last = spans(k, case.n_frames)
    note = f"starts by itself with {start_px:.1f} px a frame"
    kind = "spontaneous-motion"
    claim = Claim(kind, case.subject, first, last, last, start_px, "px/frame", note)
    return Plan(k, {tick_before(k): [on(case.subject, start)]}, lambda broken: [claim])

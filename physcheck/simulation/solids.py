"""Things that go into what is solid, or are struck and do not mind."""

from __future__ import annotations

import numpy as np

from physcheck.simulation.engine import THING, Deed, Moving, World
from physcheck.simulation.plans import Case, Claim, Plan, around, both, log_uniform, on, runs
from physcheck.simulation.presence import meeting_tick
from physcheck.simulation.states import TICKS, History
from physcheck.types import Floats

__all__ = ["collision", "floor_penetration", "interpenetration"]

NEAR_FLOOR_M = 0.05
"""What is touched this low is the floor; between two ticks the states miss its exact height."""

LEAST_SUNK_PX = 0.5
"""A lower edge less than this below its support counts as on it."""


def floor_penetration(case: Case, rng: np.random.Generator) -> Plan | None:
    """A thing goes into what it lands, rolls or rests on, and comes up again or stays."""
    tick = _landing(case, rng)
    if tick is None:
        return None
    frame = tick // TICKS
    level = float(case.base.bottom[tick - 1 : tick + 2, case.subject].min())
    level = level if level > NEAR_FLOOR_M else 0.0
    deepest_px = 0.9 * case.size_px[frame]
    sunk_px = log_uniform(rng, 1.5, deepest_px)
    depth_m = sunk_px / case.scale(frame)
    stays, is_cut = rng.random() < 0.5, rng.random() < 0.5

    def open_up(world: World, thing: Moving) -> None:
        world.open_floor(thing, depth_m)
        if is_cut:
            thing.cut = level

    def close(world: World, thing: Moving) -> None:
        sunk = thing.body.position[1] - thing.reach_down < level - 1e-3
        if not sunk and thing.body.velocity[1] > 0.05:
            world.close_floor(thing)
            thing.cut = -np.inf

    script: dict[int, list[Deed]] = {tick - 1: [on(case.subject, open_up)]}
    if not stays:
        after = range(tick + TICKS // 2, case.n_frames * TICKS)
        script |= {t: [on(case.subject, close)] for t in after}

    def claims(broken: History) -> list[Claim]:
        lower = broken.frames(broken.bottom)[:, case.subject]
        sunk = (level - lower) * case.px_per_m[:, case.subject]
        sunk[:frame] = 0.0
        how = "lower edge {:.1f} px in what holds it" + ", cut there" * is_cut
        return _deepest("floor-penetration", case.subject, sunk, how)

    return Plan(-(-(tick - 2) // TICKS), script, claims)


def _deepest(kind: str, thing: int, depth_px: Floats, how: str) -> list[Claim]:
    """The first time something is in something; depth_px: (F,); how: note for the depth."""
    inside = runs(depth_px > LEAST_SUNK_PX)
    if not inside:
        return []
    start, end = inside[0]
    peak = start + int(np.argmax(depth_px[start : end + 1]))
    most = float(depth_px[peak])
    return [Claim(kind, thing, start, end, peak, most, "px", how.format(most))]


def _landing(case: Case, rng: np.random.Generator) -> int | None:
    """A tick in which the subject lands; or one in which it lies or rolls."""
    touching = case.base.touching[:, case.subject]
    landings = np.flatnonzero(touching[1:] & ~touching[:-1]) + 1
    seen = around(case.clear, 4)
    n = case.n_frames
    frames = landings // TICKS
    good = landings[(frames >= 8) & (frames <= n - 10) & seen[np.minimum(frames, n - 1)]]
    if good.size:
        return int(rng.choice(good))
    k = case.pick(rng, around(case.touching, 3))
    return None if k is None else k * TICKS - TICKS // 2


def collision(case: Case, rng: np.random.Generator) -> Plan | None:
    """What is struck does not move, or moves before it is struck."""
    contact = meeting_tick(case)
    if contact is None:
        return None
    late = min(contact + 2 * TICKS, case.n_frames * TICKS)
    struck_m = float(case.base.speed[late, case.other])
    still = case.base.speed[: contact - 1, case.other]
    if still[-TICKS:].max() > 0.01 or struck_m * case.scale(contact // TICKS) < 2.0:
        return None
    frame = contact // TICKS
    struck_px = struck_m * float(case.px_per_m[frame, case.other]) / case.base.fps
    early = int(min(round(log_uniform(rng, 2.0, 14.0)), frame - 6))
    if rng.random() < 0.5 and early >= 2 and still[-(early + 4) * TICKS :].max() < 0.01:
        return _moves_early(case, contact, early, struck_px)

    def claims(broken: History) -> list[Claim]:
        start, end = frame, min(frame + 2, case.n_frames - 1)
        note = f"struck and unmoved; {struck_px:.1f} px a frame were due"
        return [Claim("collision", case.other, start, end, end, struck_px, "px/frame", note)]

    return Plan(-(-(contact - 2) // TICKS), {contact - 1: [on(case.other, World.hold)]}, claims)


def _moves_early(case: Case, contact: int, early: int, struck_px: float) -> Plan:
    """What would be struck starts some frames before it is touched."""
    tick = contact - early * TICKS
    after = case.base.velocity[min(contact + TICKS, len(case.base.velocity) - 1), case.other]

    def start(world: World, thing: Moving) -> None:
        thing.body.velocity = tuple(after)
        if thing.actor.form == "ball":
            thing.body.angular_velocity = -after[0] / thing.half[1]

    frame = -(-(tick - 2) // TICKS)
    note = f"moves {early} frames before it is struck, {struck_px:.1f} px a frame"
    claim = Claim("collision", case.other, frame - 1, frame, frame, struck_px, "px/frame", note)
    return Plan(frame, {tick: [on(case.other, start)]}, lambda broken: [claim])


def interpenetration(case: Case, rng: np.random.Generator) -> Plan | None:
    """Two solid things go through each other."""
    contact = meeting_tick(case)
    if contact is None:
        return None
    wide = case.base.half[0, case.subject, 0] + case.base.half[0, case.other, 0]

    def loosen(world: World, thing: Moving) -> None:
        world.regrip(thing, thing.grip & ~THING)

    def claims(broken: History) -> list[Claim]:
        place = broken.frames(broken.place)[..., 0]
        gap = np.abs(place[:, case.subject] - place[:, case.other])
        shared = (wide - gap) * case.px_per_m[:, case.subject]
        shared[: contact // TICKS] = 0.0
        how = "{:.1f} px into one another"
        return _deepest("interpenetration", case.subject, shared, how)

    who = (case.subject, case.other)
    script = both({contact - 1: [on(index, loosen) for index in who]})
    return Plan(-(-(contact - 2) // TICKS), script, claims)

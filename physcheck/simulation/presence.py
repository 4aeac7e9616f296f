"""Things that cease to be, begin to be, or are elsewhere all at once."""

from __future__ import annotations

import numpy as np

from physcheck.simulation.engine import THING, Moving, World
from physcheck.simulation.plans import Case, Claim, Plan, both, log_uniform, on, runs, spans
from physcheck.simulation.states import TICKS, History, tick_before

__all__ = ["appear", "lost_behind", "merge", "split", "teleport", "vanish"]


def _hide(world: World, thing: Moving) -> None:
    world.show(thing, False)


def _show(world: World, thing: Moving) -> None:
    world.show(thing, True)


def _drawn_length(rng: np.random.Generator, left: int) -> int:
    """For how many frames: from one to all that are left, the short ones as often."""
    if rng.random() < 0.4:
        return left
    return int(min(round(log_uniform(rng, 1.0, left)), left))


def vanish(case: Case, rng: np.random.Generator) -> Plan | None:
    """A thing in the open is gone, for a few frames or for good."""
    k = case.pick(rng)
    if k is None:
        return None
    left = case.n_frames - k
    n = _drawn_length(rng, left)
    script = {tick_before(k): [on(case.subject, _hide)]}
    if n < left:
        script[tick_before(k + n)] = [on(case.subject, _show)]

    def claims(broken: History) -> list[Claim]:
        start, end = spans(k, case.n_frames)
        gone = Claim("vanish", case.subject, start, end, start, n, "frames", f"gone for {n} frames")
        if n == left:
            return [gone]
        back = Claim(
            "appear", case.subject, k + n - 1, k + n, k + n, n, "frames", "comes back from nothing"
        )
        return [gone, back]

    return Plan(k, script, claims)


def appear(case: Case, rng: np.random.Generator) -> Plan | None:
    """A thing starts to be in the open, for a few frames or for good."""
    k = case.pick(rng)
    if k is None:
        return None
    left = case.n_frames - k
    n = _drawn_length(rng, left)
    script = {tick_before(k): [on(case.subject, _show)]}
    if n < left:
        script[tick_before(k + n)] = [on(case.subject, _hide)]

    def claims(broken: History) -> list[Claim]:
        start, end = spans(k, case.n_frames)
        here = Claim("appear", case.subject, start, end, end, n, "frames", f"there for {n} frames")
        if n == left:
            return [here]
        last = k + n - 1
        gone = Claim("vanish", case.subject, last, last + 1, last, n, "frames", "gone as it came")
        return [here, gone]

    return Plan(k, script, claims)


def teleport(case: Case, rng: np.random.Generator) -> Plan | None:
    """A thing is elsewhere from one frame to the next, and goes on from there."""
    k = case.pick(rng)
    if k is None:
        return None
    place = case.base.frames(case.base.place)[k, case.subject]
    in_air = not case.touching[k]
    for _ in range(12):
        jump_px = log_uniform(rng, 4.0, 220.0)
        turn = rng.uniform(0, 2 * np.pi) if in_air else rng.choice((0.0, np.pi))
        dx, dy = (jump_px / case.scale(k) * f for f in (np.cos(turn), np.sin(turn)))
        x, y = float(place[0] + dx), float(place[1] + dy)
        if y >= case.base.half[0, case.subject, 1] and case.inside(x, y, k):
            break
    else:
        return None

    def jump(world: World, thing: Moving) -> None:
        at = thing.body.position
        thing.body.position = at[0] + dx, at[1] + dy

    start, end = spans(k, case.n_frames)
    note = f"{jump_px:.1f} px away from one frame to the next"
    claim = Claim("teleport", case.subject, start, end, end, jump_px, "px", note)
    return Plan(k, {tick_before(k): [on(case.subject, jump)]}, lambda broken: [claim])


def lost_behind(case: Case, rng: np.random.Generator) -> Plan | None:
    """A thing goes behind something and does not come out, though it was on its way."""
    n_frames = case.n_frames
    hidden = [
        (a, b)
        for a, b in runs(case.visible == 0.0)
        if case.clear[:a].sum() >= 6 and case.clear[b:].sum() >= 4 and b < n_frames - 6
    ]
    if not hidden:
        return None
    first, last = hidden[int(rng.integers(len(hidden)))]
    k = (first + last + 1) // 2
    end = int(np.flatnonzero(case.clear & (np.arange(n_frames) > last))[0])
    n = n_frames - 1 - last
    note = f"does not come out from behind, missing for {n} frames"
    kind = "lost-behind"
    claim = Claim(kind, case.subject, first - 1, end, end, n, "frames", note, True)
    return Plan(k, {tick_before(k): [on(case.subject, _hide)]}, lambda broken: [claim])


def split(case: Case, rng: np.random.Generator) -> Plan | None:
    """One thing becomes two that part from each other."""
    k = case.pick(rng)
    if k is None:
        return None
    speed_px = log_uniform(rng, 0.5, 12.0)
    speed = speed_px / case.scale(k) * case.base.fps
    in_air = not case.touching[k]
    turn = rng.uniform(0, 2 * np.pi) if in_air else rng.choice((0.0, np.pi))
    aside = speed / 2 * np.cos(turn), speed / 2 * np.sin(turn)

    def part(world: World) -> None:
        one, two = world.things[case.subject], world.things[case.spare]
        vx, vy = one.body.velocity
        two.body.position, two.body.angle = one.body.position, one.body.angle
        world.release(two)
        two.body.velocity = vx - aside[0], vy - aside[1]
        one.body.velocity = vx + aside[0], vy + aside[1]
        two.body.angular_velocity = one.body.angular_velocity
        world.show(two, True)

    def claims(broken: History) -> list[Claim]:
        place = broken.frames(broken.place)[..., :2]
        apart = np.hypot(*(place[:, case.spare] - place[:, case.subject]).T)
        wide = 2 * broken.half[0, case.subject].max()
        done = np.flatnonzero((apart > wide) & (np.arange(len(apart)) >= k))
        end = int(done[0]) if done.size else case.n_frames - 1
        note = f"two where there was one, parting at {speed_px:.1f} px a frame"
        return [Claim("split", case.subject, k - 1, end, end, speed_px, "px/frame", note)]

    return Plan(k, {tick_before(k): [part]}, claims)


def merge(case: Case, rng: np.random.Generator) -> Plan | None:
    """Two things that meet become one."""
    contact = meeting_tick(case)
    if contact is None:
        return None
    mine, theirs = case.subject, case.other
    size = 2 * case.base.half[0, theirs].max()

    def open_up(world: World, thing: Moving) -> None:
        world.regrip(thing, thing.grip & ~THING)

    def swallow(world: World) -> None:
        one, two = world.things[mine], world.things[theirs]
        near = abs(one.body.position[0] - two.body.position[0]) < 0.2 * size
        if near and not two.gone:
            world.show(two, False)

    after = {tick: [swallow] for tick in range(contact, case.n_frames * TICKS)}
    script = both({contact - 1: [on(mine, open_up), on(theirs, open_up)]}, after)

    def claims(broken: History) -> list[Claim]:
        gone = np.flatnonzero(broken.frames(broken.there)[:, theirs] < 0.5)
        if gone.size == 0 or gone[0] > case.n_frames - 4:
            return []
        start, end = contact // TICKS, int(gone[0])
        size_px = float(size * case.px_per_m[end, theirs])
        note = "two that met are one"
        return [Claim("merge", mine, start, end, end, size_px, "px", note)]

    return Plan(-(-(contact - 2) // TICKS), script, claims)


def meeting_tick(case: Case) -> int | None:
    """The tick in which subject and other touch first, in plain view."""
    place, half = case.base.place, case.base.half
    gap = np.abs(place[:, case.subject, 0] - place[:, case.other, 0])
    near = gap <= half[0, case.subject, 0] + half[0, case.other, 0] + 2e-3
    ticks = np.flatnonzero(near)
    if ticks.size == 0 or ticks[0] == 0:
        return None
    frame = int(ticks[0]) // TICKS
    n = case.n_frames
    if not max(8, n // 6) <= frame <= n - 12 or not case.clear[frame - 4 : frame + 4].all():
        return None
    return int(ticks[0])

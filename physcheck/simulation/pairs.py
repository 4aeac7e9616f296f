"""Kinds of violations, each with the scene that it needs: how a pair of takes is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from physcheck.drawing.scene import Seen
from physcheck.simulation import forces, outlines, presence, solids, stories
from physcheck.simulation.cast import Cast, play, play_beside
from physcheck.simulation.engine import Actor, run
from physcheck.simulation.plans import Case, Claim, Plan, runs
from physcheck.simulation.settings import Setting, draw_setting
from physcheck.simulation.stories import Meeting
from physcheck.simulation.takes import Take, contrast
from physcheck.types import Bools, Floats

__all__ = ["KINDS", "Kind", "Pair", "add_extras", "draw_pair"]

ANY = ("throw", "bounce", "roll", "rest", "roll-off", "ramp", "depth")
FLIGHT = ("throw", "bounce", "roll-off")

MOST_TRIES = 200
"""Scenes that are drawn before a kind is given up."""

LEAST_SEEN = 0.4
"""Share of the thing that is to be seen where the break is plainest."""

Breaker = Callable[[Case, np.random.Generator], Plan | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """How a law is broken (`breaks`), and by a thing in which role.

    roles: what the subject may be doing. scene: draws subject and other in place of a
    role. unborn: the subject is not there in the possible clip. needs_spare: see `Case`.
    hides: whether it can be broken is known only once it is seen what hides the subject.
    """

    breaks: Breaker
    roles: tuple[str, ...] = ANY
    scene: Callable[[np.random.Generator, Setting, Cast], Meeting] | None = None
    unborn: bool = False
    needs_spare: bool = False
    hides: bool = False


class Pair(NamedTuple):
    """Two takes that are the same before frame `frame`; `claims` are made of the broken one.

    rows: what is to be seen, frame by frame, in the possible and in the impossible take.
    """

    possible: Take
    impossible: Take
    frame: int
    claims: tuple[Claim, ...]
    rows: tuple[list[list[Seen]], list[list[Seen]]]


def draw_pair(kind: str, seeds: Sequence[int]) -> Pair:
    """Draw scenes until one lets a law be broken in plain view.

    Args:
        kind: one of `KINDS`, "reversed" or "upside-down". seeds: of the randomness.

    Raises:
        RuntimeError: no scene did; a fault of this program.
    """
    for attempt in range(MOST_TRIES):
        rng = np.random.default_rng((*seeds, attempt))
        pair = whole_clip(kind, rng) if kind in WHOLE else _attempt(KINDS[kind], rng)
        if pair is not None:
            return pair
    raise RuntimeError(f"no scene for {kind} in {MOST_TRIES} tries, seeds {tuple(seeds)}")


def _attempt(kind: Kind, rng: np.random.Generator) -> Pair | None:
    """Draw one scene and break it; None where that is not to be seen."""
    setting = draw_setting(rng)
    cast = Cast()
    if kind.scene is not None:
        subject, other = kind.scene(rng, setting, cast)
    else:
        z_m = setting.draw_depth(rng, 0.1, 0.9)
        subject = other = play(rng, setting, cast, kind.roles, z_m)
    if cast.is_crowded(setting.far_m):
        return None
    add_extras(rng, setting, cast, int(rng.choice((0, 1, 1, 2, 2, 3, 4))))
    spare = _add_spare(cast, subject, rng) if kind.needs_spare else subject
    ghost = Take(setting, cast, run(cast.actors, cast.slopes, setting.n_frames, setting.fps))
    outlook = ghost.outlook(subject)
    if outlook.sum() < 16:
        return None
    hopeful = case_of(ghost, outlook, outlook.astype(float), (subject, other, spare))
    if not kind.hides and kind.breaks(hopeful, np.random.default_rng(0)) is None:
        return None
    rows = [ghost.truth(k) for k in range(setting.n_frames)]
    clear, visible = ghost.clear(rows, subject), ghost.visible(rows, subject)
    case = case_of(ghost, clear, visible, (subject, other, spare))
    plan = kind.breaks(case, rng)
    if plan is None or plan.frame < 6:
        return None
    actors = list(cast.actors)
    if kind.unborn:
        actors[subject] = replace(actors[subject], there=False)
    return _film(ghost, rows, actors, subject if kind.unborn else None, plan)


def _film(
    ghost: Take, rows: list[list[Seen]], actors: list[Actor], unborn: int | None, plan: Plan
) -> Pair | None:
    """Let the broken clip happen, and see whether its claims are to be seen."""
    setting, cast = ghost.setting, ghost.cast
    arguments = actors, cast.slopes, setting.n_frames, setting.fps
    possible = ghost
    if unborn is not None:
        possible = Take(setting, cast, run(*arguments))
        rows = [possible.truth(k) for k in range(setting.n_frames)]
    impossible = Take(setting, cast, run(*arguments, plan.script))
    shared = [list(row) for row in rows[: plan.frame]]
    later = [impossible.truth(k) for k in range(plan.frame, setting.n_frames)]
    broken = shared + later
    claims = tuple(
        claim
        for claim in plan.claims(impossible.history)
        if _is_seen(cast, claim, rows if claim.box_from_twin else broken)
    )
    if not claims:
        return None
    return Pair(possible, impossible, plan.frame, claims, (rows, broken))


def _is_seen(cast: Cast, claim: Claim, rows: list[list[Seen]]) -> bool:
    """Whether the thing can be seen in the frame in which the break is plainest."""
    if not 0 <= claim.peak < len(rows):
        return False
    name = cast.actors[claim.thing].name
    return any(row.name == name and row.visible >= LEAST_SEEN for row in rows[claim.peak])


def case_of(take: Take, clear: Bools, visible: Floats, who: tuple[int, int, int]) -> Case:
    """What a break must know of a take; who: subject, other and spare."""
    subject, other, spare = who
    states, setting = take.history, take.setting

    def inside(x_m: float, y_m: float, frame: int) -> bool:
        z_m = states.frames(states.place)[frame, subject, 2]
        half = states.frames(states.half)[frame, subject]
        return take.would_hold(np.array((x_m, y_m, z_m)), half, frame)

    return Case(
        base=states,
        subject=subject,
        other=other,
        spare=spare,
        clear=clear,
        visible=visible,
        px_per_m=take.px_per_m,
        inside=inside,
        contrast=contrast(*take.cast.looks[subject]),
        roomy_m=setting.top_m(float(states.place[0, subject, 2])),
    )


def add_extras(rng: np.random.Generator, setting: Setting, cast: Cast, n_things: int) -> None:
    """More things that mind their own business, where there is room; at times an occluder."""
    for _ in range(n_things):
        play_beside(rng, setting, cast)
    if rng.random() < 0.3:
        trial = cast.copy()
        stories.put_occluder(rng, setting, trial, setting.draw_depth(rng, 0.0, 0.7))
        if not trial.is_crowded(setting.far_m):
            cast.take_over(trial)


def _add_spare(cast: Cast, subject: int, rng: np.random.Generator) -> int:
    """A second thing just like the subject that is not there yet, in a lane of its own."""
    actor = cast.actors[subject]
    lane = cast.next_lane
    cast.slopes.extend(
        replace(slope, lane=lane) for slope in cast.slopes if slope.lane == actor.lane
    )
    spare = replace(actor, lane=lane, there=False, fixed=True, velocity=(0.0, 0.0))
    return cast.add(spare, rng, cast.looks[subject][0])


def whole_clip(kind: str, rng: np.random.Generator) -> Pair | None:
    """The clip backwards, or turned over: wrong from the first frame to the last."""
    setting = draw_setting(rng, camera=None if kind == "reversed" else "static")
    cast = Cast()
    subject = play(rng, setting, cast, ("throw", "bounce"), setting.draw_depth(rng, 0.1, 0.9))
    if cast.is_crowded(setting.far_m):
        return None
    add_extras(rng, setting, cast, int(rng.choice((0, 0, 1, 1, 2))))
    take = Take(setting, cast, run(cast.actors, cast.slopes, setting.n_frames, setting.fps))
    rows = [take.truth(k) for k in range(setting.n_frames)]
    clear = take.clear(rows, subject)
    visible = take.visible(rows, subject)
    bounces = forces.bounces_of(case_of(take, clear, visible, (subject, subject, subject)))
    if clear.sum() < 0.5 * len(clear) or not bounces:
        return None
    if kind == "reversed":
        broken = replace(take, history=take.history.backwards())
    else:
        broken = replace(take, upside_down=True)
    broken_rows = [broken.truth(k) for k in range(setting.n_frames)]
    seen = broken.clear(broken_rows, subject)
    first, last = max(runs(seen), key=lambda run: run[1] - run[0])
    peak = (first + last) // 2
    note = "runs backwards" if kind == "reversed" else "the picture is turned over"
    claim = Claim(kind, subject, 0, setting.n_frames - 1, peak, None, "", note)
    return Pair(take, broken, 0, (claim,), (rows, broken_rows))


KINDS: dict[str, Kind] = {
    "vanish": Kind(presence.vanish),
    "appear": Kind(presence.appear, unborn=True),
    "teleport": Kind(presence.teleport),
    "lost-behind": Kind(presence.lost_behind, scene=stories.pass_behind, hides=True),
    "split": Kind(presence.split, needs_spare=True),
    "merge": Kind(presence.merge, scene=stories.meet),
    "size-jump": Kind(outlines.size_jump),
    "shape-morph": Kind(outlines.shape_morph),
    "appearance-change": Kind(outlines.appearance_change),
    "floor-penetration": Kind(solids.floor_penetration, ("bounce", "throw", "roll", "rest")),
    "hover": Kind(forces.hover, FLIGHT),
    "trajectory": Kind(forces.trajectory, (*FLIGHT, "roll")),
    "gravity": Kind(forces.gravity, FLIGHT),
    "energy-gain": Kind(forces.energy_gain, ("throw", "bounce")),
    "spontaneous-motion": Kind(forces.spontaneous_motion, ("rest",)),
    "collision": Kind(solids.collision, scene=stories.meet),
    "interpenetration": Kind(solids.interpenetration, scene=stories.meet),
}

WHOLE = ("reversed", "upside-down")
"""Kinds that are wrong in the whole clip."""

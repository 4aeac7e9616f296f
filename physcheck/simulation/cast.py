"""What things do in a clip before any law is broken: they fly, bounce, roll, rest, meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import combinations

import numpy as np

from physcheck.drawing.cameras import eased
from physcheck.drawing.solids import Solid, ramp, table
from physcheck.drawing.things import Look
from physcheck.drawing.variety import random_look, random_material
from physcheck.simulation.engine import GRAVITY, Actor, Form, Slope
from physcheck.simulation.plans import log_uniform
from physcheck.simulation.settings import Setting

__all__ = ["EXTRAS", "ROLES", "Cast", "Role", "draw_actor", "play", "play_beside"]

SMALLEST_PX, LARGEST_PX = 11.0, 78.0

LONGEST_S = 6.0
"""No clip is longer."""

GAP_M = 0.02
"""Between the things of two lanes there is at least so much air."""


@dataclass(slots=True)
class Cast:
    """The things of a clip, what they stand on, and how they look.

    looks: of each actor, at first and after an appearance change. slabs: lane and the
    depths (m) between which its things are; what no actor is in has a negative lane.
    tags: what is to be seen in the clip.
    """

    actors: list[Actor] = field(default_factory=list)
    looks: list[tuple[Look, Look]] = field(default_factory=list)
    slopes: list[Slope] = field(default_factory=list)
    solids: list[Solid] = field(default_factory=list)
    slabs: list[tuple[int, float, float]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    @property
    def next_lane(self) -> int:
        """A lane that nothing is in."""
        return max((actor.lane for actor in self.actors), default=-1) + 1

    def add(self, actor: Actor, rng: np.random.Generator, look: Look | None = None) -> int:
        """Take a thing in, give it a name and looks, and return its index."""
        count = sum(one.form == actor.form for one in self.actors) + 1
        self.actors.append(replace(actor, name=f"{actor.form} {count}"))
        self.looks.append((look or random_look(rng), random_look(rng)))
        depths = [actor.depth(time_s) for time_s in np.linspace(0.0, LONGEST_S, 25)]
        reach = float(max(actor.half))
        self.slabs.append((actor.lane, min(depths) - reach, max(depths) + reach))
        return len(self.actors) - 1

    def stand(self, solids: Sequence[Solid], lane: int | None = None) -> None:
        """Put up what does not move; things of the lane may lie on it."""
        self.solids.extend(solids)
        lane = -len(self.slabs) - 1 if lane is None else lane
        self.slabs += [(lane, solid.z_m, solid.back_m) for solid in solids]

    def is_crowded(self, far_m: float) -> bool:
        """Whether anything reaches into another lane's depths, or beyond `far_m`."""
        if any(back > far_m for _, _, back in self.slabs):
            return True
        return any(
            one[0] != two[0] and one[1] < two[2] + GAP_M and two[1] < one[2] + GAP_M
            for one, two in combinations(self.slabs, 2)
        )

    def take_over(self, other: Cast) -> None:
        """Become like another."""
        for part in fields(self):
            setattr(self, part.name, getattr(other, part.name))

    def copy(self) -> Cast:
        """The same, to go on from."""
        return Cast(**{part.name: list(getattr(self, part.name)) for part in fields(self)})


Role = Callable[[np.random.Generator, Setting, Cast, float], int]
"""Brings a thing into the cast, at a depth (m), and returns its index."""


def draw_actor(
    rng: np.random.Generator,
    setting: Setting,
    z_m: float,
    form: Form | None = None,
    size_px: float | None = None,
) -> Actor:
    """A thing of some size at a depth, that lies in the middle of the floor."""
    largest_px = min(LARGEST_PX, 30 + 0.1 * setting.size_px[0])
    size_px = size_px or log_uniform(rng, SMALLEST_PX, largest_px)
    form = form or ("ball" if rng.random() < 0.68 else "box")
    half = size_px / 2 / setting.scale(z_m)
    flat = 1.0 if form == "ball" else float(np.exp(rng.uniform(-0.35, 0.35)))
    return Actor(
        name="",
        form=form,
        half=(half * flat, half / flat),
        place=(0.0, half / flat),
        bounce=float(rng.uniform(0.6, 0.9) if form == "ball" else rng.uniform(0.2, 0.45)),
        friction=float(rng.uniform(0.3, 0.9) if form == "ball" else rng.uniform(0.03, 0.12)),
        drag=float(rng.uniform(0.03, 0.3)),
        depth=lambda time_s: z_m,
    )


def _place(
    rng: np.random.Generator,
    cast: Cast,
    actor: Actor,
    place: tuple[float, float],
    velocity: tuple[float, float],
) -> int:
    """Bring a thing in, in a lane of its own; a ball that rolls turns as it goes."""
    rolls = actor.form == "ball" and place[1] - actor.half[1] < 0.01
    spin = -velocity[0] / actor.half[1] if rolls else float(rng.normal(0.0, 2.5))
    if actor.form == "box":
        spin = 0.0 if place[1] - actor.half[1] < 0.01 else float(rng.normal(0.0, 1.5))
    ready = replace(
        actor,
        place=place,
        velocity=velocity,
        lane=cast.next_lane,
        spin=spin,
        angle=float(rng.uniform(0, 6.28)) if actor.form == "ball" else 0.0,
    )
    return cast.add(ready, rng)


def throw(rng: np.random.Generator, setting: Setting, cast: Cast, z_m: float) -> int:
    """Thrown across the picture; bounces where it lands."""
    actor = draw_actor(rng, setting, z_m)
    wide, top = setting.half_width_m(z_m), setting.top_m(z_m)
    side = float(rng.choice((-1.0, 1.0)))
    start_y = actor.half[1] + rng.uniform(0.1, 0.5) * top
    apex = max(rng.uniform(0.55, 0.92) * top, start_y + 0.02)
    up = float(np.sqrt(2 * GRAVITY * (apex - start_y)))
    across = -side * rng.uniform(0.5, 1.1) * wide / max(setting.duration_s * 0.6, 1.0)
    place = (side * wide * rng.uniform(0.35, 0.9), start_y)
    cast.tags.append("throw")
    return _place(rng, cast, actor, place, (across, up))


def bounce(rng: np.random.Generator, setting: Setting, cast: Cast, z_m: float) -> int:
    """Dropped or tossed a little; bounces."""
    actor = draw_actor(rng, setting, z_m, "ball" if rng.random() < 0.85 else None)
    wide, top = setting.half_width_m(z_m), setting.top_m(z_m)
    place = (wide * rng.uniform(-0.6, 0.6), max(rng.uniform(0.55, 0.9) * top, 2 * actor.half[1]))
    across = wide / setting.duration_s * rng.uniform(-0.7, 0.7)
    cast.tags.append("bounce")
    return _place(rng, cast, actor, place, (across, float(rng.uniform(-0.2, 1.0))))


def roll(rng: np.random.Generator, setting: Setting, cast: Cast, z_m: float) -> int:
    """Rolls or slides along the floor and may come to rest."""
    actor = draw_actor(rng, setting, z_m)
    wide, side = setting.half_width_m(z_m), float(rng.choice((-1.0, 1.0)))
    speed = wide * rng.uniform(0.5, 1.5) / setting.duration_s
    slowing = actor.friction * GRAVITY if actor.form == "box" else actor.drag
    speed = max(speed, float(np.sqrt(2 * slowing * 0.5 * wide)) if actor.form == "box" else 0.0)
    place = (side * wide * rng.uniform(0.3, 0.95), actor.half[1])
    cast.tags.append("roll" if actor.form == "ball" else "slide")
    return _place(rng, cast, actor, place, (-side * speed, 0.0))


def rest(rng: np.random.Generator, setting: Setting, cast: Cast, z_m: float) -> int:
    """Lies still on the floor, or on a table."""
    actor = draw_actor(rng, setting, z_m)
    wide = setting.half_width_m(z_m)
    x_m, level = wide * float(rng.uniform(-0.75, 0.75)), 0.0
    if rng.random() < 0.35:
        level = _put_table(rng, setting, cast, z_m, x_m, actor)
    cast.tags.append("rest")
    return _place(rng, cast, actor, (x_m, level + actor.half[1]), (0.0, 0.0))


def _put_table(
    rng: np.random.Generator, setting: Setting, cast: Cast, z_m: float, x_m: float, actor: Actor
) -> float:
    """A table under a place, in the lane that comes next; the height of its top, m."""
    level = float(rng.uniform(0.2, 0.4)) * setting.top_m(z_m)
    wide = float(rng.uniform(3.0, 5.0)) * actor.half[0] + 0.5
    deep = max(2.2 * actor.half[0], 0.35)
    parts = table(
        x_m, z_m - deep / 2, wide, level, deep, random_material(rng), int(rng.integers(1, 10**6))
    )
    cast.stand(parts, cast.next_lane)
    ends = (x_m - wide / 2, level), (x_m + wide / 2, level)
    cast.slopes.append(Slope(cast.next_lane, *ends))
    cast.tags.append("table")
    return level


def roll_off(rng: np.random.Generator, setting: Setting, cast: Cast, z_m: float) -> int:
    """Rolls on a table, over its edge, and falls."""
    actor = draw_actor(rng, setting, z_m, "ball")
    side = float(rng.choice((-1.0, 1.0)))
    x_m = setting.half_width_m(z_m) * side * float(rng.uniform(0.2, 0.6))
    level = _put_table(rng, setting, cast, z_m, x_m, actor)
    speed = float(rng.uniform(0.4, 1.0)) + actor.drag
    cast.tags.append("falls off")
    return _place(rng, cast, actor, (x_m, level + actor.half[1]), (-side * speed, 0.0))


def down_ramp(rng: np.random.Generator, setting: Setting, cast: Cast, z_m: float) -> int:
    """Rolls down a ramp and on over the floor."""
    actor = draw_actor(rng, setting, z_m, "ball")
    wide, side = setting.half_width_m(z_m), float(rng.choice((-1.0, 1.0)))
    high = float(rng.uniform(0.2, 0.45)) * setting.top_m(z_m)
    far, near = side * wide * rng.uniform(0.75, 0.95), side * wide * rng.uniform(0.1, 0.35)
    deep = max(2.4 * actor.half[0], 0.3)
    seed = int(rng.integers(1, 10**6))
    wedge = ramp((near, 0.0), (far, high), z_m - deep / 2, deep, random_material(rng), seed)
    cast.stand((wedge,), cast.next_lane)
    ends = sorted(((far, high), (near, 0.0)))
    cast.slopes.append(Slope(cast.next_lane, ends[0], ends[1], 0.3))
    slope = np.arctan2(high, abs(far - near))
    radius = actor.half[1]
    at = far - side * (0.04 + radius), high - 0.04 * np.tan(slope)
    place = (float(at[0]), float(at[1] + radius / np.cos(slope)))
    cast.tags.append("ramp")
    return _place(rng, cast, actor, place, (0.0, 0.0))


def in_depth(rng: np.random.Generator, setting: Setting, cast: Cast, z_m: float) -> int:
    """Rolls towards the camera or away from it."""
    far, near = setting.draw_depth(rng, 0.75, 1.0), setting.draw_depth(rng, 0.05, 0.35)
    start, stop = (far, near) if rng.random() < 0.5 else (near, far)
    actor = draw_actor(rng, setting, near, "ball")
    actor = replace(
        actor, depth=eased(start, stop, -0.2, setting.duration_s * rng.uniform(0.9, 1.3))
    )
    wide = setting.half_width_m(near)
    place = (wide * float(rng.uniform(-0.6, 0.6)), actor.half[1])
    cast.tags.append("approach" if stop < start else "retreat")
    return _place(
        rng, cast, actor, place, (wide / setting.duration_s * rng.uniform(-0.4, 0.4), 0.0)
    )


ROLES: dict[str, Role] = {
    "throw": throw,
    "bounce": bounce,
    "roll": roll,
    "rest": rest,
    "roll-off": roll_off,
    "ramp": down_ramp,
    "depth": in_depth,
}
"""What one thing can do by itself."""

EXTRAS = ("throw", "bounce", "roll", "rest", "rest", "roll-off", "ramp", "depth")
"""What those do that are only there."""

TRIES_FOR_ROOM = 8


def play(
    rng: np.random.Generator, setting: Setting, cast: Cast, names: Sequence[str], z_m: float
) -> int:
    """Give a new thing one of some roles."""
    return ROLES[str(rng.choice(names))](rng, setting, cast, z_m)


def play_beside(
    rng: np.random.Generator, setting: Setting, cast: Cast, names: Sequence[str] = EXTRAS
) -> bool:
    """Give a new thing a role where there is room for it; tell whether there was."""
    for _ in range(TRIES_FOR_ROOM):
        trial = cast.copy()
        play(rng, setting, trial, names, setting.draw_depth(rng))
        if not trial.is_crowded(setting.far_m):
            cast.take_over(trial)
            return True
    return False

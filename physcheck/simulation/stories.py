"""Scenes of several things: a meeting, a passage behind something, a pile, look-alikes."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from physcheck.drawing.solids import Solid, crate, curtain, pillar, screen
from physcheck.drawing.variety import random_look, random_material
from physcheck.simulation.cast import Cast, draw_actor
from physcheck.simulation.engine import Actor
from physcheck.simulation.plans import log_uniform
from physcheck.simulation.settings import Setting

__all__ = ["Meeting", "lookalikes", "meet", "pass_behind", "pile", "put_occluder", "stop_behind"]


class Meeting(NamedTuple):
    """Who comes, and who is met."""

    subject: int
    other: int


def rolling(actor: Actor, x_m: float, speed: float, lane: int) -> Actor:
    """An actor on the floor that goes along it."""
    spin = -speed / actor.half[1] if actor.form == "ball" else 0.0
    return replace(actor, place=(x_m, actor.half[1]), velocity=(speed, 0.0), spin=spin, lane=lane)


def meet(rng: np.random.Generator, setting: Setting, cast: Cast) -> Meeting:
    """One thing rolls into another that lies on the floor."""
    z_m = setting.draw_depth(rng, 0.1, 0.8)
    wide, side = setting.half_width_m(z_m), float(rng.choice((-1.0, 1.0)))
    size_px = log_uniform(rng, 14.0, 60.0)
    coming = draw_actor(rng, setting, z_m, "ball", size_px)
    met = draw_actor(rng, setting, z_m, "ball" if rng.random() < 0.7 else "box")
    met = draw_actor(rng, setting, z_m, met.form, size_px * float(rng.uniform(0.75, 1.25)))
    lane = cast.next_lane
    at, start = side * wide * rng.uniform(-0.25, 0.25), side * wide * rng.uniform(0.6, 0.9)
    way = abs(start - at) - coming.half[0] - met.half[0]
    time_s = setting.duration_s * rng.uniform(0.3, 0.55)
    speed = way / time_s + 0.5 * coming.drag * time_s
    subject = cast.add(rolling(coming, start, -side * speed, lane), rng)
    other = cast.add(rolling(met, at, 0.0, lane), rng)
    cast.tags.append("collision")
    return Meeting(subject, other)


def put_occluder(
    rng: np.random.Generator,
    setting: Setting,
    cast: Cast,
    z_m: float,
    x_m: float | None = None,
    width_m: float | None = None,
    height_m: float | None = None,
) -> Solid:
    """Something that stands nearer than what it is to hide; z_m: its back."""
    half = setting.half_width_m(z_m)
    x_m = float(rng.uniform(-0.9, 0.9)) * half if x_m is None else x_m
    width_m = width_m or half * float(rng.uniform(0.12, 0.4))
    height_m = height_m or setting.top_m(z_m) * float(rng.uniform(0.25, 0.6))
    seed = int(rng.integers(1, 10**6))
    kind = str(rng.choice(("pillar", "crate", "curtain", "screen")))
    material = random_material(rng)
    if kind == "pillar":
        solid = pillar(x_m, z_m - width_m, width_m, material, seed=seed)
    elif kind == "curtain":
        solid = curtain(x_m - width_m / 2, x_m + width_m / 2, z_m - 0.05, seed=seed)
    elif kind == "screen":
        ends = x_m - width_m / 2, x_m + width_m / 2
        solid = screen(*ends, z_m - 0.12, height_m, material, seed=seed)
    else:
        deep = float(rng.uniform(0.2, 0.5))
        solid = crate(x_m, z_m - deep, width_m, height_m, deep, material, seed)
    cast.stand((solid,))
    cast.tags.append("occluder")
    return solid


def pass_behind(
    rng: np.random.Generator, setting: Setting, cast: Cast, wide: tuple[float, float] = (1.3, 3.5)
) -> Meeting:
    """A thing rolls behind something and out on its other side.

    wide: least and most width of what hides it, in widths of the thing.
    """
    z_m = setting.draw_depth(rng, 0.45, 0.95)
    half, side = setting.half_width_m(z_m), float(rng.choice((-1.0, 1.0)))
    actor = draw_actor(rng, setting, z_m, "ball", log_uniform(rng, 13.0, 52.0))
    actor = replace(actor, drag=float(rng.uniform(0.01, 0.05)))
    start, middle = side * half * rng.uniform(0.65, 0.9), side * half * rng.uniform(-0.15, 0.2)
    time_s = setting.duration_s * rng.uniform(0.35, 0.5)
    speed = abs(start - middle) / time_s + 0.5 * actor.drag * time_s
    subject = cast.add(rolling(actor, start, -side * speed, cast.next_lane), rng)
    _cover(rng, setting, cast, z_m, middle, actor, wide)
    cast.tags.append("occlusion")
    return Meeting(subject, subject)


def _cover(
    rng: np.random.Generator,
    setting: Setting,
    cast: Cast,
    z_m: float,
    x_m: float,
    actor: Actor,
    wide: tuple[float, float],
) -> None:
    """Something nearer that hides an actor where it is at x_m; it stands right before it."""
    back = z_m - max(actor.half) - float(rng.uniform(0.1, 0.5))
    nearer = back / z_m
    width_m = (2 * actor.half[0] * float(rng.uniform(*wide)) + 0.1) * nearer
    eye = setting.room.view.eye_m
    seen_top = eye - (eye - 2 * actor.half[1]) * nearer
    height_m = seen_top * float(rng.uniform(1.15, 2.0)) + 0.05
    put_occluder(rng, setting, cast, back, x_m * nearer, width_m, height_m)


def stop_behind(rng: np.random.Generator, setting: Setting, cast: Cast) -> Meeting:
    """A thing rolls behind something and comes to rest there."""
    z_m = setting.draw_depth(rng, 0.45, 0.95)
    half, side = setting.half_width_m(z_m), float(rng.choice((-1.0, 1.0)))
    actor = draw_actor(rng, setting, z_m, "ball", log_uniform(rng, 13.0, 45.0))
    start, middle = side * half * rng.uniform(0.6, 0.85), side * half * rng.uniform(-0.2, 0.2)
    time_s = setting.duration_s * rng.uniform(0.5, 0.7)
    drag = 2 * abs(start - middle) / time_s**2
    actor = replace(actor, drag=drag)
    subject = cast.add(rolling(actor, start, -side * drag * time_s, cast.next_lane), rng)
    _cover(rng, setting, cast, z_m, middle, actor, (2.2, 3.5))
    cast.tags.append("stops behind")
    return Meeting(subject, subject)


def lookalikes(rng: np.random.Generator, setting: Setting, cast: Cast) -> Meeting:
    """Two things that look the same roll past each other."""
    depths = sorted(setting.draw_depth(rng, *part) for part in ((0.15, 0.4), (0.55, 0.9)))
    size_px, look = log_uniform(rng, 16.0, 56.0), random_look(rng)
    found = []
    for side, z_m in zip((-1.0, 1.0), depths, strict=True):
        actor = draw_actor(rng, setting, z_m, "ball", size_px * depths[0] / z_m)
        wide = setting.half_width_m(z_m)
        speed = wide * rng.uniform(1.1, 1.6) / setting.duration_s + actor.drag
        start = side * wide * rng.uniform(0.6, 0.9)
        found.append(cast.add(rolling(actor, start, -side * speed, cast.next_lane), rng, look))
    cast.tags.append("look-alikes")
    return Meeting(*found)


def pile(rng: np.random.Generator, setting: Setting, cast: Cast) -> Meeting:
    """A ball runs into a pile of boxes, which falls."""
    z_m = setting.draw_depth(rng, 0.2, 0.7)
    wide, side = setting.half_width_m(z_m), float(rng.choice((-1.0, 1.0)))
    size_px = log_uniform(rng, 20.0, 38.0)
    lane, level, foot = cast.next_lane, 0.0, side * wide * float(rng.uniform(-0.3, 0.1))
    box = draw_actor(rng, setting, z_m, "box", size_px)
    for _ in range(int(rng.integers(2, 4))):
        half = box.half[0] * float(rng.uniform(0.85, 1.1)), box.half[1]
        x_m = foot + box.half[0] * float(rng.uniform(-0.25, 0.25))
        stone = replace(
            box,
            half=half,
            place=(x_m, level + half[1]),
            lane=lane,
            bounce=0.15,
            friction=0.4,
            density=0.35,
            drag=0.0,
        )
        cast.add(stone, rng)
        level += 2 * half[1]
    ball = draw_actor(rng, setting, z_m, "ball", size_px * float(rng.uniform(1.2, 1.8)))
    start = side * wide * 0.9
    time_s = setting.duration_s * float(rng.uniform(0.2, 0.35))
    speed = max(abs(start - foot) / time_s, 2.2)
    subject = cast.add(rolling(replace(ball, density=2.0), start, -side * speed, lane), rng)
    cast.tags.append("pile falls")
    return Meeting(subject, subject - 1)

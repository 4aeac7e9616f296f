"""Rooms and looks drawn by chance: simple places, no two alike."""

from __future__ import annotations

import colorsys
from dataclasses import replace

import numpy as np

from physcheck.drawing.scene import Room
from physcheck.drawing.skins import Material
from physcheck.drawing.solids import Solid, crate, curtain, pillar, shelf, table
from physcheck.drawing.things import Look, View

__all__ = ["random_look", "random_material", "random_room"]

Colour = tuple[float, float, float]
Hung = tuple[str, float, float, float, float]

PLACES = (
    (("plaster", "wallpaper"), ("planks", "carpet", "tiles"), True),
    (("brick", "concrete", "plaster"), ("concrete", "tiles"), False),
    (("plaster", "brick"), ("grass", "concrete"), False),
    (("tiles", "plaster"), ("tiles", "concrete"), False),
    (("planks", "wallpaper"), ("carpet", "planks"), True),
)
"""Walls and floors that go together, and whether there is a skirting board."""
HANGINGS = ("poster", "poster", "window", "books", "planks", "metal")
PATTERNS = (
    "stripe",
    "panels",
    "seams",
    "spots",
    "plain",
    "halves",
    "rings",
    "checks",
    "smooth",
    "smooth",
)
MATERIALS = ("cardboard", "wood", "planks", "brick", "concrete", "metal", "plaster", "tiles")


def random_look(rng: np.random.Generator) -> Look:
    """Two colours that differ, a pattern and a gloss."""
    hue = float(rng.uniform())
    strength = float(rng.uniform(0.08, 0.85))
    value = float(rng.uniform(0.35, 0.9))
    other = colour(
        hue + float(rng.uniform(0.2, 0.8)),
        float(rng.uniform(0.05, 0.6)),
        float(np.clip(value + rng.choice((-1.0, 1.0)) * rng.uniform(0.25, 0.5), 0.15, 0.97)),
    )
    pattern = str(rng.choice(PATTERNS))
    return Look(colour(hue, strength, value), other, pattern, gloss=float(rng.uniform(0.25, 1.0)))


def colour(hue: float, saturation: float, value: float) -> Colour:
    """Red, green and blue in grey levels."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return 255.0 * red, 255.0 * green, 255.0 * blue


def random_material(rng: np.random.Generator, names: tuple[str, ...] = MATERIALS) -> Material:
    """A texture in a tint."""
    return Material(str(rng.choice(names)), random_tint(rng, 0.35))


def random_tint(rng: np.random.Generator, strength: float) -> Colour:
    """A factor for each channel: some colour, and lighter or darker."""
    red, green, blue = colorsys.hsv_to_rgb(float(rng.uniform()), float(rng.uniform(0, strength)), 1)
    level = float(rng.uniform(0.7, 1.12)) / (0.3 * red + 0.59 * green + 0.11 * blue)
    level = min(level, 1.3)
    return red * level, green * level, blue * level


def random_view(rng: np.random.Generator, width_px: int, height_px: int) -> View:
    """A camera at the height of a standing or a sitting person."""
    focal_px = width_px * float(rng.uniform(0.85, 1.25))
    horizon_px = height_px * float(rng.uniform(0.24, 0.42))
    return View(width_px, height_px, horizon_px, focal_px, eye_m=float(rng.uniform(1.2, 2.0)))


def random_room(rng: np.random.Generator, width_px: int, height_px: int) -> Room:
    """A wall with things on it, a floor, furniture along the wall, light from somewhere.

    Args:
        rng: source of randomness; the same state gives the same room.
        width_px, height_px: size of the picture.
    """
    view = random_view(rng, width_px, height_px)
    low, high = view.horizon_px + 0.2 * height_px, 0.74 * height_px
    foot_px = float(rng.uniform(min(low, high - 4), high))
    walls, floors, skirting = PLACES[int(rng.integers(len(PLACES)))]
    room = Room(
        view,
        foot_px=foot_px,
        wall=str(rng.choice(walls)),
        floor=str(rng.choice(floors)),
        hung=random_hangings(rng, view, view.depth_at(foot_px)),
        skirting=skirting and bool(rng.uniform() < 0.8),
        seed=int(rng.integers(2**31)),
        wall_tint=random_tint(rng, 0.18),
        floor_tint=random_tint(rng, 0.18),
        glow=(
            float(rng.uniform(0.74, 1.04)),
            float(rng.uniform(-0.13, 0.13)),
            float(rng.uniform(-0.1, 0.06)),
        ),
        floor_px_per_m=110.0,
    )
    return replace(room, furniture=random_furniture(rng, room))


def half_width(view: View, z_m: float) -> float:
    """Half of how much of the room is seen at a distance, m."""
    return view.width_px / 2 / view.px_per_m(z_m)


def random_hangings(rng: np.random.Generator, view: View, wall_m: float) -> tuple[Hung, ...]:
    """Up to four things on the wall, side by side."""
    half = half_width(view, wall_m)
    top_m = view.eye_m + view.horizon_px / view.px_per_m(wall_m)
    places = np.linspace(-1.1, 1.1, 6) * half
    chosen = rng.permutation(len(places))[: int(rng.integers(1, 5))]
    hung: list[Hung] = []
    for place in chosen:
        name = str(rng.choice(HANGINGS))
        width = float(rng.uniform(0.12, 0.2)) * 2 * half
        tall = 0.3 if name == "books" else float(rng.uniform(0.6, 1.3))
        height = min(width * tall, 0.55 * top_m)
        low, high = min(0.45 * top_m, top_m - height), 0.8 * top_m
        y = float(np.clip(rng.uniform(low, high), 0.3 + height / 2, None))
        x = float(places[place] + rng.uniform(-0.06, 0.06) * half)
        hung.append((name, x, y, width, height))
        if name == "books":
            hung.append(("planks", x, y - height / 2 - 0.03, width * 1.15, 0.06))
    return tuple(hung)


def random_furniture(rng: np.random.Generator, room: Room) -> tuple[Solid, ...]:
    """Up to three pieces that stand along the wall or hang before it."""
    wall_m = room.wall_z_m
    pieces: list[Solid] = []
    half = half_width(room.view, wall_m)
    places = rng.permutation(np.linspace(-1.0, 1.0, 5))[: int(rng.integers(0, 4))]
    for place in places:
        pieces += random_piece(rng, float(place * half), wall_m)
    return tuple(pieces)


def random_piece(rng: np.random.Generator, x_m: float, wall_m: float) -> tuple[Solid, ...]:
    """One piece of furniture at the wall."""
    kind = str(rng.choice(("crate", "crate", "table", "pillar", "curtain", "shelf")))
    seed = int(rng.integers(2**31))
    material = random_material(rng)
    wide, deep = float(rng.uniform(0.45, 1.0)), float(rng.uniform(0.3, 0.45))
    z_m = wall_m - deep - 0.05
    match kind:
        case "table":
            tall = float(rng.uniform(0.5, 0.8))
            wood = random_material(rng, ("wood", "planks"))
            return table(x_m, z_m, wide + 0.4, tall, deep, wood, seed)
        case "pillar":
            return (pillar(x_m, wall_m - 0.35, 0.3, material, seed=seed),)
        case "curtain":
            cloth = random_material(rng, ("curtain",))
            return (curtain(x_m - wide / 2, x_m + wide / 2, wall_m - 0.15, cloth, seed),)
        case "shelf":
            high = float(rng.uniform(0.7, 1.3))
            return (
                shelf(x_m - wide / 2, x_m + wide / 2, high, wall_m - 0.25, 0.22, material, seed),
            )
        case _:
            tall = wide * float(rng.uniform(0.5, 1.4))
            return (crate(x_m, z_m, wide, tall, deep, material, seed),)

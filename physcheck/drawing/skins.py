"""What the faces of boxes and of standing solids look like, at the size at which they are seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from physcheck.drawing.textures import TEXTURES, Pixels, fractal_noise
from physcheck.drawing.things import Look

__all__ = ["Material", "Skin", "box_skin", "material_skin", "step_of"]

Skin = NDArray[np.uint8]
"""A texture, (h, w, 3)."""

BOX_SIDE_PX = 128
"""Side of a box's skin in full size."""
LARGEST_PX = 640
"""No skin has a longer side."""


@dataclass(frozen=True)
class Material:
    """What a solid is made of: the name of a texture and a tint by which it is multiplied."""

    texture: str = "plaster"
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)


@lru_cache(maxsize=96)
def box_skin(look: Look, seed: int, seen_px: int) -> Skin:
    """One face of a box, (side, side, 3), not much larger than it is seen."""
    whole = painted(look, seed)
    side = BOX_SIDE_PX
    while side // 2 >= max(seen_px, 8):
        side //= 2
    return np.asarray(cv2.resize(whole, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


@lru_cache(maxsize=64)
def painted(look: Look, seed: int) -> Skin:
    """A face of a box in full size: worn paint, a pattern in the second colour, dark edges."""
    rng = np.random.default_rng((seed, 5))
    side = BOX_SIDE_PX
    y, x = (np.mgrid[0:side, 0:side].astype(np.float32) + 0.5) / side * 2.0 - 1.0
    base, second = (np.array(c, np.float32) for c in (look.colour, look.second))
    mix = np.clip(pattern(look.pattern, x, y) * side / 3.0 + 0.5, 0.0, 1.0)[..., None]
    wear = 1.0 + 0.045 * fractal_noise(rng, side, side, (side / 3, side / 3), 4)
    edge = 1.0 - 0.25 * np.clip((np.maximum(np.abs(x), np.abs(y)) - 0.93) / 0.05, 0.0, 1.0)
    face = (base * (1 - mix) + second * mix) * (wear * edge)[..., None]
    return np.asarray(np.clip(face, 0.0, 255.0), np.uint8)


def pattern(name: str, x: Pixels, y: Pixels) -> Pixels:
    """Signed distance into the second colour of points on a face, -1 to 1 along each side."""
    return np.asarray(PATTERNS.get(name, stripe)(x, y))


def stripe(x: Pixels, y: Pixels) -> Pixels:
    """One upright band."""
    return np.asarray(0.17 - np.abs(x))


def dots(x: Pixels, y: Pixels) -> Pixels:
    """Round dots in rows."""
    return np.asarray(0.25 - np.hypot(np.mod(x * 1.5, 1.0) - 0.5, np.mod(y * 1.5, 1.0) - 0.5) / 1.5)


def checks(x: Pixels, y: Pixels) -> Pixels:
    """A chessboard of three by three."""
    waves = np.sin(np.pi * 1.5 * (x + 1)), np.sin(np.pi * 1.5 * (y + 1))
    nearest = np.minimum(np.abs(waves[0]), np.abs(waves[1])) / (np.pi * 1.5)
    return np.asarray(np.sign(waves[0] * waves[1]) * nearest)


PATTERNS: dict[str, Callable[[Pixels, Pixels], Any]] = {
    "panels": lambda x, y: np.maximum(
        np.maximum(np.abs(x), np.abs(y)) - 0.76, 0.12 - np.abs(x - y)
    ),
    "seams": lambda x, y: 0.05 - np.abs(np.mod(y * 1.5 + 0.5, 1.0) - 0.5) / 1.5,
    "spots": dots,
    "plain": lambda x, y: np.minimum(0.28 - np.abs(x - 0.4), 0.16 - np.abs(y + 0.5)),
    "halves": lambda x, y: y - 0.1,
    "rings": lambda x, y: 0.12 - np.abs(np.hypot(x, y) - 0.55),
    "checks": checks,
    "smooth": lambda x, y: np.full_like(x, -1.0),
}
"""Signed distances into the second colour; a band where the name is not known."""


@lru_cache(maxsize=96)
def material_skin(
    material: Material, seed: int, wide_m: float, high_m: float, px_per_m: float
) -> Skin:
    """The face of a solid, (h, w, 3), drawn at a scale of px to the metre."""
    longest = max(wide_m, high_m)
    scale = min(px_per_m, LARGEST_PX / longest)
    width, height = (max(8, round(side * scale)) for side in (wide_m, high_m))
    rng = np.random.default_rng((seed, 6))
    skin = TEXTURES[material.texture](rng, height, width, scale)
    skin = skin * np.array(material.tint, np.float32)
    return np.asarray(np.clip(skin, 0.0, 255.0), np.uint8)


def step_of(px_per_m: float) -> float:
    """The scale at which a skin is drawn for one at which it is seen: steps of 1.5."""
    return float(1.5 ** np.ceil(np.log(max(px_per_m, 1.0)) / np.log(1.5)))

"""Surfaces that look like photographs of plain things, made from noise.

Every function takes a random generator, a size in px and how many px make a
metre, and returns (h, w, 3) float32 RGB in grey levels 0 to 255.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["TEXTURES", "Pixels", "Texture", "fractal_noise"]

Pixels = NDArray[np.floating[Any]]
Texture = Callable[[np.random.Generator, int, int, float], Pixels]


def fractal_noise(
    rng: np.random.Generator, height: int, width: int, cell: tuple[float, float], octaves: int
) -> Pixels:
    """Sum octaves of smooth noise, each half as coarse and 0.6 as strong as the one before.

    Args:
        rng: source of randomness.
        height, width: size of the answer, px.
        cell: size of the coarsest spots along y and x, px.
        octaves: how many layers.

    Returns:
        (height, width), mean 0, standard deviation 1.
    """
    total = np.zeros((height, width), np.float32)
    strength = 1.0
    for octave in range(octaves):
        rows = max(2, round(height / cell[0] * 2**octave) + 2)
        columns = max(2, round(width / cell[1] * 2**octave) + 2)
        grid = rng.standard_normal((min(rows, height), min(columns, width))).astype(np.float32)
        total += strength * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        strength *= 0.6
    total -= total.mean()
    return np.asarray(total / total.std(), np.float32)


def tinted(grey: Pixels, colour: tuple[float, float, float]) -> Pixels:
    """Turn a (h, w) relief of mean 0 (1 = one grey level) into a coloured surface."""
    base = np.array(colour, np.float32)
    return np.asarray(base + grey[..., None] * (base / base.mean()), np.float32)


def plaster(rng: np.random.Generator, height: int, width: int, px_per_m: float) -> Pixels:
    """Painted wall: broad stains, trowel marks, fine speckle."""
    stains = fractal_noise(rng, height, width, (px_per_m, px_per_m), 4)
    marks = fractal_noise(rng, height, width, (px_per_m * 0.06, px_per_m * 0.2), 3)
    return tinted(4.0 * stains + 2.5 * marks, (196.0, 188.0, 174.0))


def concrete(rng: np.random.Generator, height: int, width: int, px_per_m: float) -> Pixels:
    """Bare concrete: clouds, pores and grit."""
    clouds = fractal_noise(rng, height, width, (px_per_m * 0.8, px_per_m * 0.8), 6)
    grit = fractal_noise(rng, height, width, (px_per_m * 0.04, px_per_m * 0.04), 2)
    pores = fractal_noise(rng, height, width, (px_per_m * 0.09, px_per_m * 0.09), 2)
    relief = 7.0 * clouds + 3.0 * grit - 12.0 * np.clip(pores - 2.0, 0.0, 1.5)
    return tinted(relief, (134.0, 133.0, 130.0))


def brick(rng: np.random.Generator, height: int, width: int, px_per_m: float) -> Pixels:
    """Running bond of red bricks with pale joints."""
    brick_h, brick_w = 0.16 * px_per_m, 0.44 * px_per_m
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    y += 0.005 * px_per_m * fractal_noise(rng, height, width, (px_per_m, px_per_m), 2)
    row = np.floor(y / brick_h)
    x_shifted = x + (row % 2) * brick_w / 2
    column = np.floor(x_shifted / brick_w)
    edge_y = np.abs(y / brick_h - row - 0.5) * brick_h
    edge_x = np.abs(x_shifted / brick_w - column - 0.5) * brick_w
    joint = 0.018 * px_per_m
    inside = np.minimum(brick_h / 2 - edge_y, brick_w / 2 - edge_x) - joint
    mix = np.clip(inside / joint + 0.5, 0.0, 1.0)[..., None]
    shade = rng.normal(0.0, 9.0, (64, 64)).astype(np.float32)
    tone = shade[row.astype(int) % 64, column.astype(int) % 64]
    rough = 4.0 * fractal_noise(rng, height, width, (px_per_m * 0.1, px_per_m * 0.1), 3)
    bricks = tinted(tone + rough, (158.0, 106.0, 88.0))
    mortar = tinted(rough, (176.0, 168.0, 158.0))
    return np.asarray(bricks * mix + mortar * (1 - mix), np.float32)


def planks(rng: np.random.Generator, height: int, width: int, px_per_m: float) -> Pixels:
    """Floor boards along x with grain, each board in its own tone."""
    board = 0.22 * px_per_m
    y = np.arange(height, dtype=np.float32)[:, None]
    row = np.floor(y / board).astype(int)
    tone = rng.normal(0.0, 8.0, 512).astype(np.float32)[row % 512]
    grain = fractal_noise(rng, height, width, (px_per_m * 0.05, px_per_m * 1.2), 4)
    grain = grain + 0.5 * np.sin(grain * 4.0 + y * 0.3)
    seam = np.clip(1.0 - np.minimum(y % board, board - y % board) / (0.012 * px_per_m), 0, 1)
    return tinted(tone + 7.0 * grain - 45.0 * seam, (158.0, 118.0, 82.0))


def grass(rng: np.random.Generator, height: int, width: int, px_per_m: float) -> Pixels:
    """Mown lawn: patches of two greens and short blades."""
    patches = fractal_noise(rng, height, width, (px_per_m * 1.2, px_per_m * 1.2), 4)
    blades = fractal_noise(rng, height, width, (px_per_m * 0.14, px_per_m * 0.05), 3)
    surface = tinted(5.0 * patches + 9.0 * blades, (92.0, 122.0, 62.0))
    surface[..., 0] += 5.0 * patches
    return surface


def cardboard(rng: np.random.Generator, height: int, width: int, px_per_m: float) -> Pixels:
    """Brown corrugated board with faint flutes and a strip of tape."""
    clouds = fractal_noise(rng, height, width, (px_per_m * 0.3, px_per_m * 0.3), 4)
    flutes = np.sin(np.arange(width, dtype=np.float32) * 0.9)[None, :]
    surface = tinted(5.0 * clouds + 2.0 * flutes, (176.0, 138.0, 96.0))
    middle, half = width // 2, max(2, width // 14)
    surface[:, middle - half : middle + half] += np.array((24.0, 22.0, 14.0), np.float32)
    return surface


def poster(rng: np.random.Generator, height: int, width: int, px_per_m: float) -> Pixels:
    """A framed print: sky, hills and a border."""
    y = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None]
    hills = 0.6 + 0.08 * fractal_noise(rng, 1, width, (1.0, width * 0.3), 3)
    near = 0.8 + 0.05 * fractal_noise(rng, 1, width, (1.0, width * 0.2), 3)
    picture = np.stack(np.broadcast_arrays(150 - 40 * y, 178 - 20 * y, 196 - 4 * y), -1)
    picture = np.repeat(picture, width, 1) if picture.shape[1] == 1 else picture
    for line, colour in ((hills, (96.0, 116.0, 110.0)), (near, (70.0, 88.0, 66.0))):
        mix = np.clip((y - line) * height + 0.5, 0.0, 1.0)[..., None]
        picture = picture * (1 - mix) + np.array(colour, np.float32) * mix
    picture = picture + 3.0 * fractal_noise(rng, height, width, (9.0, 9.0), 2)[..., None]
    rim = max(3, height // 16)
    framed = np.full((height, width, 3), 58.0, np.float32)
    framed[rim:-rim, rim:-rim] = picture[rim:-rim, rim:-rim]
    return framed


def books(rng: np.random.Generator, height: int, width: int, px_per_m: float) -> Pixels:
    """Spines of books side by side (dark gaps stand for the back of the shelf)."""
    row = np.full((height, width, 3), 70.0, np.float32)
    x = 0
    while x < width - 4:
        thick = int(rng.integers(max(3, width // 26), max(5, width // 12)))
        top = int(rng.integers(0, max(1, height // 3)))
        colour = rng.uniform(60.0, 170.0, 3).astype(np.float32)
        row[top:, x : x + thick] = 0.6 * colour + 0.4 * colour.mean()
        row[top:, x : x + 1] *= 0.6
        x += thick + int(rng.integers(0, 2))
    return row + 2.0 * fractal_noise(rng, height, width, (6.0, 6.0), 2)[..., None]


def tiles(rng: np.random.Generator, height: int, width: int, px_per_m: float) -> Pixels:
    """Glazed square tiles with darker joints, each in its own tone."""
    side = 0.3 * px_per_m
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    row, column = np.floor(y / side), np.floor(x / side)
    edge = np.minimum(
        side / 2 - np.abs(y - (row + 0.5) * side), side / 2 - np.abs(x - (column + 0.5) * side)
    )
    joint = np.clip(1.0 - edge / max(0.012 * px_per_m, 0.8), 0.0, 1.0)
    tone = rng.normal(0.0, 5.0, (64, 64)).astype(np.float32)
    glaze = 2.5 * fractal_noise(rng, height, width, (px_per_m * 0.5, px_per_m * 0.5), 3)
    relief = tone[row.astype(int) % 64, column.astype(int) % 64] + glaze - 42.0 * joint
    return tinted(relief, (182.0, 178.0, 168.0))


def wallpaper(rng: np.random.Generator, height: int, width: int, px_per_m: float) -> Pixels:
    """Paper with upright stripes in two tones and faint spots."""
    x = np.arange(width, dtype=np.float32)[None, :] / px_per_m
    y = np.arange(height, dtype=np.float32)[:, None] / px_per_m
    stripes = np.clip(8.0 * np.sin(2 * np.pi * x / 0.36), -1.0, 1.0)
    spots = np.sin(2 * np.pi * x / 0.18) * np.sin(2 * np.pi * y / 0.22) > 0.86
    fibres = fractal_noise(rng, height, width, (px_per_m * 0.4, px_per_m * 0.1), 4)
    return tinted(6.0 * stripes - 9.0 * spots + 2.5 * fibres, (190.0, 182.0, 168.0))


def carpet(rng: np.random.Generator, height: int, width: int, px_per_m: float) -> Pixels:
    """Short woven pile with trodden patches."""
    pile = fractal_noise(rng, height, width, (px_per_m * 0.04, px_per_m * 0.04), 2)
    trodden = fractal_noise(rng, height, width, (px_per_m * 0.9, px_per_m * 0.9), 3)
    return tinted(6.0 * pile + 4.0 * trodden, (132.0, 112.0, 104.0))


def curtain(rng: np.random.Generator, height: int, width: int, px_per_m: float) -> Pixels:
    """Cloth that hangs in folds."""
    x = np.arange(width, dtype=np.float32)[None, :] / px_per_m
    way = 0.5 * fractal_noise(rng, height, width, (height * 1.5, px_per_m * 0.4), 2)
    folds = np.sin(2 * np.pi * x / 0.21 + way)
    weave = fractal_noise(rng, height, width, (px_per_m * 0.03, px_per_m * 0.03), 2)
    return tinted(22.0 * folds + 2.5 * weave, (150.0, 132.0, 118.0))


def wood(rng: np.random.Generator, height: int, width: int, px_per_m: float) -> Pixels:
    """One sawn board with long grain."""
    grain = fractal_noise(rng, height, width, (px_per_m * 0.05, px_per_m * 0.9), 4)
    rings = np.sin(3.0 * grain)
    return tinted(6.0 * grain + 4.0 * rings, (166.0, 128.0, 90.0))


def metal(rng: np.random.Generator, height: int, width: int, px_per_m: float) -> Pixels:
    """Brushed sheet with a soft vertical sheen."""
    brushed = fractal_noise(rng, height, width, (px_per_m * 0.015, px_per_m * 0.8), 2)
    sheen = np.sin(np.linspace(0.3, 5.5, width, dtype=np.float32))[None, :]
    return tinted(3.0 * brushed + 14.0 * sheen, (150.0, 154.0, 158.0))


def window(rng: np.random.Generator, height: int, width: int, px_per_m: float) -> Pixels:
    """A window with two panes of sky, a cross and a frame."""
    y, x = (np.mgrid[0:height, 0:width].astype(np.float32) + 0.5) / np.float32(1.0)
    sky = 6.0 * fractal_noise(rng, height, width, (height / 2, width / 2), 3)
    pane = np.stack(np.broadcast_arrays(186 + sky, 200 + sky, 214.0 - 20 * y / height), -1)
    rim = max(2.0, 0.06 * min(height, width))
    bars = np.minimum(np.minimum(x, width - x), np.minimum(y, height - y)) < rim
    bars |= np.abs(x - width / 2) < rim / 2
    bars |= np.abs(y - height / 2) < rim / 2
    return np.asarray(np.where(bars[..., None], np.float32(226.0), pane), np.float32)


TEXTURES: dict[str, Texture] = {
    "plaster": plaster,
    "concrete": concrete,
    "brick": brick,
    "planks": planks,
    "grass": grass,
    "cardboard": cardboard,
    "poster": poster,
    "books": books,
    "tiles": tiles,
    "wallpaper": wallpaper,
    "carpet": carpet,
    "curtain": curtain,
    "wood": wood,
    "metal": metal,
    "window": window,
}

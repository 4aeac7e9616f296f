"""Did a thing's silhouette grow, or only its box? The strip beside each side tells.

A thing that turns shows another picture from frame to frame, so that its picture
before, magnified, is not its picture after. Its silhouette tells all the same: where
it grew, the strips that lay outside its old sides differ from the background as much
as its middle does, on all four sides, and did not before. A shadow, a hand or another
thing that joins it fills some of the strips; an outline that was drawn wider fills none.
"""

from __future__ import annotations

import numpy as np

from physcheck import boxes as geometry
from physcheck.explain.pixels import GRID, Pixels
from physcheck.types import Bools, Floats, Ints

__all__ = ["silhouette_growth"]

_N_AWAY = 7
_MIN_AWAY = 3
_REACH_ROWS = 45
_APART = 1.3
"""Widths by which a box is grown before another counts as clear of it."""
_MIN_CONTRAST = 6.0
_EDGE = 0.15
"""Share of a strip that is left out on either side: edges are soft."""
_HALF_WIDTH = 0.3
"""Half the length of a strip, as a share of the smaller box's side."""


def silhouette_growth(
    pixels: Pixels, first: int, boxes: Floats, known: Bools, small: Ints, large: Ints
) -> float:
    """How much more the strips around the small silhouette are filled when it is large.

    Args:
        pixels: of the piece. first: row of the track's first frame.
        boxes: (T, 4) of the track, stabilised px. known: (T,) where they were seen.
        small, large: rows of the track in which it is small, and large.

    Returns:
        Filling of the least filled strip in the large rows less that of the most
        filled in the small rows; 0 is none, 1 as the thing's middle. NaN where the
        background is not seen, or hardly differs from the thing.
    """
    sizes = [np.median(geometry.size(boxes[rows]), axis=0) for rows in (small, large)]
    if np.any(sizes[1] <= sizes[0]):
        return float("nan")
    filled = [_filling(pixels, first, boxes, known, int(k), *sizes) for k in large]
    empty = [_filling(pixels, first, boxes, known, int(k), *sizes) for k in small]
    strips_large, strips_small = np.median(filled, axis=0), np.median(empty, axis=0)
    return float(strips_large.min() - strips_small.max())


def _filling(
    pixels: Pixels,
    first: int,
    boxes: Floats,
    known: Bools,
    k: int,
    small_px: Floats,
    large_px: Floats,
) -> Floats:
    """How filled the strips left, right, above and below are, (4,); NaN if unknown."""
    middle = geometry.centre(boxes[k : k + 1])[0]
    box = np.concatenate([middle - large_px / 2, middle + large_px / 2])
    away = _rows_away(boxes, known, k, box)
    if len(away) < _MIN_AWAY:
        return np.full(4, np.nan)
    ground = np.median([pixels.patch(first + int(row), box) for row in away], axis=0)
    differs = np.abs(pixels.patch(first + k, box) - ground).mean(axis=2)
    core, strips = _masks(small_px / large_px)
    contrast = float(differs[core].mean())
    if contrast < _MIN_CONTRAST:
        return np.full(4, np.nan)
    filled = [differs[strip].mean() if strip.any() else np.nan for strip in strips]
    return np.array(filled) / contrast


def _rows_away(boxes: Floats, known: Bools, k: int, box: Floats) -> Ints:
    """Rows of the track near k in which it was seen clear of a box, the nearest first."""
    wide = geometry.expand(box[None], _APART)
    clear = known & (geometry.iou(wide, boxes)[0] == 0)
    rows = np.flatnonzero(clear & (np.abs(np.arange(len(boxes)) - k) <= _REACH_ROWS))
    return rows[np.argsort(np.abs(rows - k), kind="stable")][:_N_AWAY]


def _masks(ratio: Floats) -> tuple[Bools, list[Bools]]:
    """The core of the smaller box, and the strips from its sides to those of the larger.

    Args:
        ratio: (2,) width and height of the smaller over the larger, below 1.
    """
    axis = (np.arange(GRID) + 0.5) / GRID * 2 - 1
    x, y = axis[None, :] / ratio[0], axis[:, None] / ratio[1]
    core = x**2 + y**2 < 0.6
    wide = 1 / ratio - 1
    near, far = 1 + _EDGE * wide, 1 + (1 - _EDGE) * wide
    # At least one line of samples, however thin the strip is.
    step = 2 / GRID / ratio
    far = np.maximum(far, near + step)
    strips = [
        (sign * along >= low) & (sign * along < high) & (np.abs(across) < 2 * _HALF_WIDTH)
        for along, across, low, high in ((x, y, near[0], far[0]), (y, x, near[1], far[1]))
        for sign in (-1, 1)
    ]
    return core, strips

"""How alike two places look: the same thing twice, or two halves of one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from physcheck import boxes as geometry
from physcheck.explain.pixels import Pixels
from physcheck.types import Bools, Floats

__all__ = ["correlation", "ends_alike", "likeness", "likeness_later"]

_CHROMA = np.array([1.0, 1.6, 1.6], dtype=np.float32)
"""Weights of Y, U and V: what the eye sees as equally far."""
_NOISE = 3.0
"""Grey levels that grain and compression make."""
_MARGIN = 0.08
_SIDE = 20
"""Samples across one of two things in one outline."""
_SLACK = 2
"""Samples by which the second may lie elsewhere than the outline says."""
_SHIFTS = tuple((y, x) for y in (0, -2, -1, 1, 2) for x in (0, -2, -1, 1, 2) if not (y and x))
_LEAST_SHARE = 0.15
_LONGEST = 80


def likeness(pixels: Pixels, row: int, one: Floats, other: Floats) -> float:
    """Correlation of the pictures in two boxes (4,) of a row.

    Where they overlap, one hides the other: then only that part of the boxes counts
    which the one in front leaves free, whichever is in front.
    """
    a, b = (_picture(pixels, row, box) for box in (one, other))
    shift = (geometry.centre(other) - geometry.centre(one)) / geometry.size(one)
    return _beside(a, b, shift)


def likeness_later(
    pixels: Pixels, row: int, box: Floats, later: int, others: Sequence[Floats]
) -> list[float]:
    """Correlation of the picture in a box (4,) with those in other boxes of another row."""
    a = _picture(pixels, row, box)
    return [correlation(a, _picture(pixels, later, other)) for other in others]


def ends_alike(pixels: Pixels, row: int, box: Floats, single: Floats, *, crossed: bool) -> float:
    """Correlation of the two ends of an outline, each as large as the thing was by itself.

    Args:
        row: of the piece. box: (4,) the outline, stabilised px. single: (2,) px.
        crossed: whether the ends are the lower left and the upper right one.
    """
    size = box[2:] - box[:2]
    ratio = np.clip(size / single, 1.0, _LONGEST / _SIDE)
    n_x, n_y = (int(value) for value in np.round(_SIDE * ratio))
    reach = np.tile(size / (n_x, n_y) * _SLACK, 2) * [-1, -1, 1, 1]
    shape = (n_y + 2 * _SLACK, n_x + 2 * _SLACK)
    picture = pixels.canvas(row, box + reach, shape) * _CHROMA
    if crossed:
        picture = picture[::-1]
    a = picture[_SLACK : _SLACK + _SIDE, _SLACK : _SLACK + _SIDE]
    return max(
        _beside(a, _end(picture, n_y + y, n_x + x), np.array([n_x + x, n_y + y]) / _SIDE - 1)
        for y, x in _SHIFTS
    )


def _end(picture: Floats, n_y: int, n_x: int) -> Floats:
    """The samples that end in row n_y and column n_x of an outline."""
    y, x = n_y + _SLACK - _SIDE, n_x + _SLACK - _SIDE
    return picture[y : y + _SIDE, x : x + _SIDE]


def _picture(pixels: Pixels, row: int, box: Floats) -> Floats:
    return np.asarray(pixels.patch(row, box, _MARGIN) * _CHROMA)


def _beside(a: Floats, b: Floats, shift: Floats) -> float:
    """Correlation of two pictures of which one may hide a part of the other.

    Args:
        shift: (2,) way from the first to the second in x and y, in their size.
    """
    best = correlation(a, b)
    if (np.abs(shift) >= 1).any():
        return best
    # Beside the one in front there is the other, where beside the other there is the ground.
    core = _core(len(a))
    for covered in (_inside(len(a), shift), _inside(len(a), -shift)):
        free = ~covered & core
        if free.mean() >= _LEAST_SHARE:
            best = max(best, correlation(a[free], b[free]))
    return best


@cache
def _core(n: int) -> Bools:
    """Samples of a box that most things fill: an ellipse."""
    axis = (np.arange(n) + 0.5) / n * 2 - 1
    return np.asarray(axis[None] ** 2 + axis[:, None] ** 2 < 0.9)


def _inside(n: int, shift: Floats) -> Bools:
    """Samples of a box that lie in the same box shifted by a share of its size."""
    axis = (np.arange(n) + 0.5) / n
    x, y = ((axis > way) & (axis < 1 + way) for way in shift)
    return np.asarray(y[:, None] & x[None])


def correlation(a: Floats, b: Floats) -> float:
    """Of two pictures (..., C), each channel about its mean; grain lowers it."""
    a, b = (one.reshape(-1, one.shape[-1]) for one in (a, b))
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    noise = _NOISE**2 * len(a)
    power = (np.vdot(a, a) + noise) * (np.vdot(b, b) + noise)
    return float(np.vdot(a, b) / np.sqrt(power))

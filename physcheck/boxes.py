"""Geometry of upright boxes (x1, y1, x2, y2) in px, y pointing down, many at a time.

A box with x2 <= x1 or y2 <= y1 is empty: its area is zero and it overlaps nothing.
NaN goes in, NaN comes out.
"""

from __future__ import annotations

import numpy as np

from physcheck.types import Bools, Floats

__all__ = [
    "area",
    "centre",
    "clip",
    "containment",
    "expand",
    "from_centre",
    "gap",
    "intersection",
    "iou",
    "lower_edge",
    "size",
    "touches_border",
    "union",
]


def centre(boxes: Floats) -> Floats:
    """Middle of each box, (..., 4) px to (..., 2) px."""
    return np.asarray((boxes[..., :2] + boxes[..., 2:]) / 2, dtype=np.float64)


def size(boxes: Floats) -> Floats:
    """Width and height of each box, (..., 4) px to (..., 2) px; never negative."""
    return np.asarray(np.maximum(boxes[..., 2:] - boxes[..., :2], 0.0), dtype=np.float64)


def area(boxes: Floats) -> Floats:
    """Area of each box, (..., 4) px to (...) px^2."""
    return np.asarray(size(boxes).prod(axis=-1), dtype=np.float64)


def lower_edge(boxes: Floats, half_width: int = 8) -> Floats:
    """How low a thing reaches as a whole, (T, 4) px to (T,) px.

    Where a shadow or a string lengthens a box downwards, its upper edge and its
    usual height, the median of the rows around, tell where its lower edge is.
    """
    height = boxes[:, 3] - boxes[:, 1]
    padded = np.pad(height, half_width, mode="reflect" if len(height) > half_width else "edge")
    usual = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * half_width + 1), axis=1)
    return np.asarray(np.minimum(boxes[:, 3], boxes[:, 1] + usual), dtype=np.float64)


def from_centre(centres: Floats, sizes: Floats) -> Floats:
    """Boxes of given middle (..., 2) px and width and height (..., 2) px, as (..., 4) px."""
    half = np.asarray(sizes) / 2
    return np.concatenate([centres - half, centres + half], axis=-1)


def intersection(a: Floats, b: Floats) -> Floats:
    """Area that each box of `a` shares with each box of `b`.

    Args:
        a: (N, 4) px. b: (M, 4) px.

    Returns:
        (N, M) px^2.
    """
    # Axis by axis: arrays (N, M, 2) cost three times as much.
    across, down = (
        np.minimum(a[:, None, k + 2], b[:, k + 2]) - np.maximum(a[:, None, k], b[:, k])
        for k in range(2)
    )
    return np.asarray(np.maximum(across, 0.0) * np.maximum(down, 0.0), dtype=np.float64)


def _share(part: Floats, whole: Floats) -> Floats:
    """Part / whole, 0 where the whole is nothing, in [0, 1] despite rounding."""
    empty = whole <= 0
    share = np.where(empty, 0.0, part / np.where(empty, 1.0, whole))
    return np.minimum(share, 1.0)


def iou(a: Floats, b: Floats) -> Floats:
    """Intersection over union of each box of `a` with each box of `b`.

    Args:
        a: (N, 4) px. b: (M, 4) px.

    Returns:
        (N, M) in [0, 1]; 0 for two empty boxes.
    """
    both = intersection(a, b)
    return _share(both, area(a)[:, None] + area(b)[None, :] - both)


def containment(a: Floats, b: Floats) -> Floats:
    """Share of each box of `a` that lies inside each box of `b`.

    Args:
        a: (N, 4) px. b: (M, 4) px.

    Returns:
        (N, M) in [0, 1]; 0 for an empty box of `a`.
    """
    return _share(intersection(a, b), np.broadcast_to(area(a)[:, None], (len(a), len(b))))


def gap(a: Floats, b: Floats) -> Floats:
    """Shortest distance between each box of `a` and each box of `b`.

    Args:
        a: (N, 4) px. b: (M, 4) px.

    Returns:
        (N, M) px, 0 where the two touch or overlap.
    """
    after = b[None, :, :2] - a[:, None, 2:]
    before = a[:, None, :2] - b[None, :, 2:]
    apart = np.maximum(np.maximum(after, before), 0.0)
    return np.asarray(np.hypot(apart[..., 0], apart[..., 1]), dtype=np.float64)


def union(boxes: Floats) -> Floats:
    """Smallest box around all boxes, (N, 4) px to (4,) px; NaN for none."""
    if len(boxes) == 0:
        return np.full(4, np.nan)
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def expand(boxes: Floats, factor: float) -> Floats:
    """Boxes (..., 4) px with the same middle, `factor` times as wide and as high."""
    return from_centre(centre(boxes), size(boxes) * factor)


def clip(boxes: Floats, width_px: float, height_px: float) -> Floats:
    """The part of each box (..., 4) px inside the picture; empty where there is none."""
    limit = np.array([width_px, height_px, width_px, height_px], dtype=np.float64)
    return np.clip(boxes, 0.0, limit)


def touches_border(
    boxes: Floats, width_px: float, height_px: float, margin_px: float = 1.0
) -> Bools:
    """Tell which boxes reach within `margin_px` of the edge of the picture.

    Args:
        boxes: (..., 4) px.

    Returns:
        (...) bool, True also for boxes that lie outside; False for NaN.
    """
    near = (boxes[..., :2] <= margin_px).any(axis=-1)
    far = (boxes[..., 2:] >= np.array([width_px, height_px]) - margin_px).any(axis=-1)
    return np.asarray(near | far, dtype=np.bool_)

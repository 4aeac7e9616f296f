"""From a picture of differences to things: seeds, one level a thing, shadows told apart.

All arrays are of the working picture. A *difference* is in standard deviations
of the background where it is called z, else in grey levels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from physcheck.types import Bytes

__all__ = ["Blob", "Grey", "Masks", "find_blobs"]

_SEED_GREY = 8.0
_MIN_AREA = 20
_LEVELS = (0.15, 0.25, 0.38, 0.52)
"""Shares of the blob's own 95 % difference that may be its outline."""
_LEVEL_ENOUGH = 0.75
_BOX = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Masks:
    """Where a frame differs from its plate: (h, w) 8-bit, 255 where it does.

    grow: enough to belong to a thing. seed: enough to be one.
    """

    grow: Bytes
    seed: Bytes


@dataclass(frozen=True, slots=True, eq=False)
class Blob:
    """A connected region that differs from the background.

    box: x, y, w, h in px. mask: (h, w) uint8 0 or 1. area: px.
    strength: its 95 % difference, grey levels.
    """

    box: tuple[int, int, int, int]
    mask: Bytes
    area: int
    strength: float


Grey = NDArray[np.floating[Any]]
"""Grey levels; single precision is enough for them."""

Differences = Callable[[int, int, int, int], tuple[Grey, Grey]]


def find_blobs(masks: Masks, differences: Differences) -> list[Blob]:
    """Find the regions that stand out, each with the outline that suits it best.

    Args:
        masks: where the frame differs.
        differences: gives, for a box x, y, w, h, the difference in grey levels and
            the contrast in which the outline is sought, (h, w) each.

    Returns:
        The regions of at least 20 px, in no special order.
    """
    grow = cv2.morphologyEx(masks.grow, cv2.MORPH_CLOSE, _BOX)
    # Of OpenCV's algorithms this one takes a third of the default's time here.
    n, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        grow, 8, cv2.CV_32S, cv2.CCL_BBDT
    )
    if n <= 1:
        return []
    found: list[Blob] = []
    for k in np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= _MIN_AREA) + 1:
        x, y, w, h = (int(value) for value in stats[k, :4])
        inside = (labels[y : y + h, x : x + w] == k).astype(np.uint8)
        if cv2.countNonZero(cv2.bitwise_and(masks.seed[y : y + h, x : x + w], 255 * inside)):
            found += _at_best_level(inside, *differences(x, y, w, h), x, y)
    return found


def _at_best_level(inside: Bytes, grey: Grey, contrast: Grey, x: int, y: int) -> list[Blob]:
    """Cut a region at the lowest level whose outline is nearly as sharp as the sharpest."""
    values = contrast[inside > 0]
    strength = _high(values)
    padded = cv2.copyMakeBorder(contrast, 2, 2, 2, 2, cv2.BORDER_REPLICATE)
    room = cv2.copyMakeBorder(inside, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=0)
    slope = cv2.magnitude(cv2.Sobel(padded, cv2.CV_32F, 1, 0), cv2.Sobel(padded, cv2.CV_32F, 0, 1))
    base = float(values.min())
    cuts = [room]
    for share in _LEVELS:
        if share * strength > base:
            cuts.append(room & (padded > share * strength).astype(np.uint8))
    sharpness = [_outline_sharpness(cut, slope) for cut in cuts]
    best = max(sharpness)
    chosen = next(c for c, s in zip(cuts, sharpness, strict=True) if s >= _LEVEL_ENOUGH * best)
    closed = cv2.morphologyEx(chosen, cv2.MORPH_CLOSE, _BOX)[2:-2, 2:-2]
    return _split(np.ascontiguousarray(closed), grey, x, y)


def _high(values: Grey) -> float:
    """The value that 95 % stay below."""
    k = int(0.95 * (len(values) - 1))
    return float(np.partition(values, k)[k])


def _outline_sharpness(mask: Bytes, slope: Grey) -> float:
    outline = mask - cv2.erode(mask, _BOX)
    return float(cv2.mean(slope, outline)[0])


def _split(mask: Bytes, grey: Grey, x: int, y: int) -> list[Blob]:
    n, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    parts = []
    for k in range(1, n):
        bx, by, w, h, area = (int(value) for value in stats[k])
        if area < _MIN_AREA:
            continue
        part = (labels[by : by + h, bx : bx + w] == k).astype(np.uint8)
        values = grey[by : by + h, bx : bx + w][part > 0]
        strength = _high(values)
        if strength >= _SEED_GREY:
            parts.append(Blob((x + bx, y + by, w, h), part, area, strength))
    return parts

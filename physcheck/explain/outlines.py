"""How the silhouettes of a track spread: what is left of its outline when place is taken off."""

from __future__ import annotations

import cv2
import numpy as np

from physcheck import boxes as geometry
from physcheck.types import Detections, Floats, Track

__all__ = ["log_area", "spread_of"]

_SAME_PX = 0.01
_MIN_PIXELS = 12
_MIN_ROWS = 12


def spread_of(track: Track, first: int, detections: list[Detections], px: Floats) -> Floats:
    """Variance of its pixels along x, along y, and covariance, in each of its frames.

    Args:
        track: as fitted. first: row of its first frame in the piece.
        detections: of the piece, px of the clip. px: (2,) px of the clip in a working px.

    Returns:
        (T, 3) px^2; that of the ellipse in the box where there are no silhouettes; NaN
        where it was not seen, or too small to have an outline.
    """
    spread = np.full((len(track.frames), 3), np.nan)
    if track.clear.sum() < _MIN_ROWS:
        return spread
    for k in np.flatnonzero(track.clear):
        spread[k] = _one(track.boxes[k], detections[first + int(k)], px)
    return spread


def _one(box: Floats, detections: Detections, px: Floats) -> Floats:
    off = np.abs(detections.boxes - box).max(axis=1)
    pick = int(np.argmin(off)) if len(off) else -1
    if detections.masks is None or pick < 0 or off[pick] > _SAME_PX:
        width, height = geometry.size(box[None])[0] / 4
        return np.array([width**2, height**2, 0.0])
    x0, y0, x1, y1 = np.rint(box / np.tile(px, 2)).astype(int)
    window = detections.masks[max(y0, 0) : y1, max(x0, 0) : x1] == pick + 1
    m = cv2.moments(window.astype(np.uint8), binaryImage=True)
    if m["m00"] < _MIN_PIXELS:
        return np.full(3, np.nan)
    spread = np.array([m["mu20"] * px[0] ** 2, m["mu02"] * px[1] ** 2, m["mu11"] * px.prod()])
    # A pixel is no point: it spreads by itself.
    return np.asarray(spread / m["m00"] + np.array([px[0] ** 2, px[1] ** 2, 0.0]) / 12)


def log_area(spread: Floats) -> Floats:
    """(N,) log size of silhouettes that spread so (N, 3), however they lie; NaN where unknown."""
    determinant = spread[:, 0] * spread[:, 1] - spread[:, 2] ** 2
    return np.asarray(np.log(np.maximum(determinant, 1e-3)) / 4)

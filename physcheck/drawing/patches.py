"""Pieces of picture: convex shapes with soft edges, textured faces, and how they are laid."""

from __future__ import annotations

import math

import cv2
import numpy as np

from physcheck.drawing.textures import Pixels
from physcheck.drawing.things import Patch
from physcheck.types import Bytes, Floats

__all__ = ["Window", "area", "convex_cover", "hull", "plain_patch", "textured", "window_around"]

Window = tuple[int, int, int, int]
"""left, top, width, height of a rectangle of px."""


def window_around(points: Floats, size: tuple[int, int], margin_px: int = 1) -> Window | None:
    """The px of a picture (width, height) around points (n, 2); None if there are none."""
    (x1, y1), (x2, y2) = np.floor(points.min(0)), np.ceil(points.max(0))
    left, top = max(int(x1) - margin_px, 0), max(int(y1) - margin_px, 0)
    right, bottom = min(int(x2) + margin_px, size[0]), min(int(y2) + margin_px, size[1])
    if left >= right or top >= bottom:
        return None
    return left, top, right - left, bottom - top


def hull(points: Floats) -> Floats:
    """The corners of the convex hull of points, clockwise as seen, (n, 2)."""
    found = cv2.convexHull(points.astype(np.float32), clockwise=False)
    return np.asarray(found[:, 0], np.float64)


def area(polygon: Floats) -> float:
    """Area of a polygon, px^2; positive when it runs clockwise as seen."""
    corners = polygon.tolist()
    pairs = zip(corners, corners[1:] + corners[:1], strict=True)
    return 0.5 * float(sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairs))


def convex_cover(polygon: Floats, window: Window) -> Pixels:
    """Share of each px that a convex polygon covers, (h, w).

    polygon: (n, 2) px, clockwise as seen.
    """
    left, top, width, height = window
    x = np.arange(left, left + width, dtype=np.float32)[None, :] + 0.5
    y = np.arange(top, top + height, dtype=np.float32)[:, None] + 0.5
    inside = np.full((height, width), 0.5, np.float32)
    corners = polygon.tolist()
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        length = math.hypot(bx - ax, by - ay)
        if length < 1e-6:
            continue
        nx, ny = np.float32((ay - by) / length), np.float32((bx - ax) / length)
        edge = (x - np.float32(ax)) * nx + (y - np.float32(ay)) * ny
        np.minimum(inside, edge, out=inside)
    return np.asarray(np.clip(inside + 0.5, 0.0, 1.0))


def textured(skin: Bytes, quad: Floats, window: Window) -> Pixels:
    """A texture (h, w, 3) laid on four corners (upper left first, clockwise), (h, w, 3)."""
    left, top, width, height = window
    skin = shrunk(skin, quad)
    high, wide = skin.shape[:2]
    source = np.array(((0, 0), (wide, 0), (wide, high), (0, high)), np.float32) - 0.5
    target = (quad - (left, top) - 0.5).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    warped = cv2.warpPerspective(
        skin, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.float32)


def shrunk(skin: Bytes, quad: Floats) -> Bytes:
    """A texture not much larger along each side than the quad that it is laid on."""
    high, wide = skin.shape[:2]
    a, b, c, d = quad.tolist()
    across, along = max(math.dist(a, b), math.dist(c, d)), max(math.dist(b, c), math.dist(d, a))
    while wide >= 4 and wide >= 2.0 * across:
        wide //= 2
    while high >= 4 and high >= 2.0 * along:
        high //= 2
    if (high, wide) == skin.shape[:2]:
        return skin
    return np.asarray(cv2.resize(skin, (wide, high), interpolation=cv2.INTER_AREA), np.uint8)


def plain_patch(window: Window, cover: Pixels) -> Patch:
    """Darkness of the given strength."""
    return Patch(window[0], window[1], np.zeros((*cover.shape, 3), np.float32), cover)

"""What is behind the things under a moving camera: the median of frames before and after.

The camera has moved little between a few frames, so that they share one plate: it is
made in the view of the middle one and brought to the views of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from physcheck.camera import Camera
from physcheck.detectors.plate import Thresholds, thresholds
from physcheck.detectors.stacks import median
from physcheck.types import Bytes, Floats, Piece

__all__ = ["NearPlate", "near_limits", "warp"]

_OFFSETS = (-14, -9, -5, 5, 9, 14)
"""Frames before and after whose aligned median is the plate."""
_LEAST_APART = 5
"""A nearer frame still shows the things where they are."""
_EACH_SIDE = 2
"""Frames on either side of the middle one that share its plate."""
_FEWEST = 3
_NOISE = 4.0
_HALF = np.diag([0.5, 0.5, 1.0])
_WHOLE = np.diag([2.0, 2.0, 1.0])

View = tuple[Bytes, Bytes]
"""Luma (h, w) and chroma (h2, w2, 2)."""


@dataclass(frozen=True, slots=True, eq=False)
class NearPlate:
    """The plate of a few frames, in the view of the middle one.

    middle: its row. stop: the first row after them. luma: (h, w) and chroma: (h2, w2, 2);
    None where too few frames are near.
    """

    middle: int
    stop: int
    luma: Bytes | None
    chroma: Bytes | None

    @classmethod
    def of(cls, piece: Piece, camera: Camera, first: int) -> NearPlate:
        """The plate for the frames of a piece from row `first` on."""
        n = len(piece.frames)
        middle = min(first + _EACH_SIDE, n - 1)
        stop = middle + _EACH_SIDE + 1
        rows = _neighbours(middle, n)
        if len(rows) < _FEWEST:
            return cls(middle, stop, None, None)
        luma, chroma = zip(*_views(piece, camera, rows, middle), strict=True)
        return cls(middle, stop, median(luma), median(chroma))

    def is_vague(self, camera: Camera, k: int) -> bool:
        """Whether it is not known what is behind the things of row k."""
        low, high = min(k, self.middle), max(k, self.middle)
        lost = camera.lost[max(0, min(k - 2, low + 1)) : max(k + 3, high + 1)].any()
        return self.luma is None or bool(lost)

    def seen_from(self, piece: Piece, camera: Camera, k: int) -> View:
        """Luma and chroma in the view of row k, whose own pixels are where nothing is known.

        Raises:
            ValueError: too few frames are near.
        """
        if self.luma is None or self.chroma is None:
            raise ValueError("too few frames are near")
        if k == self.middle:
            return self.luma, self.chroma
        onto = piece.luma[k], piece.chroma[k]
        return warp((self.luma, self.chroma), camera.between(self.middle, k), onto)


def _views(piece: Piece, camera: Camera, rows: Sequence[int], middle: int) -> list[View]:
    """Frames as the middle one sees them.

    What one of them does not show is taken from its opposite in time, for what a camera
    that pans no longer shows it showed before; and from the middle one itself where
    neither shows it, so that nothing can differ there.
    """
    own = piece.luma[middle], piece.chroma[middle]
    ways = [camera.between(j, middle) for j in rows]
    views: list[View] = []
    for i, (j, way) in enumerate(zip(rows, ways, strict=True)):
        onto = own if 2 * i < len(rows) else views[len(rows) - 1 - i]
        views.append(warp((piece.luma[j], piece.chroma[j]), way, onto))
    for i in range(len(rows) // 2):
        _fill(views[i], views[-1 - i], ways[i])
    return views


def _fill(view: View, opposite: View, way: Floats) -> None:
    """Put the opposite's pixels where a frame, brought here by a homography, shows none."""
    unseen = cv2.bitwise_not(_shown(way, view[0].shape))
    if cv2.countNonZero(unseen):
        size = view[1].shape[1::-1]
        cv2.copyTo(opposite[0], unseen, view[0])
        small = cv2.resize(unseen, size, interpolation=cv2.INTER_NEAREST)
        cv2.copyTo(opposite[1], small, view[1])


def _shown(way: Floats, shape: tuple[int, ...]) -> Bytes:
    """(h, w) 255 where a frame of this shape shows something after a homography (3, 3)."""
    h, w = shape
    corners = np.array([[0, 0, 1], [w - 1, 0, 1], [w - 1, h - 1, 1], [0, h - 1, 1]], dtype=float)
    there = corners @ way.T
    # Far beyond the picture all places are alike, and integers have an end.
    places = np.clip(np.rint(there[:, :2] / there[:, 2:]), -(10**4), 10**4).astype(np.int32)
    mask = np.zeros((h, w), np.uint8)
    return np.asarray(cv2.fillConvexPoly(mask, places, 255))


def _neighbours(middle: int, n: int) -> list[int]:
    near = sorted({min(max(middle + offset, 0), n - 1) for offset in _OFFSETS})
    return [j for j in near if abs(j - middle) >= _LEAST_APART]


def warp(view: View, way: Floats, onto: View | None = None) -> View:
    """A frame as another one sees it, by a homography (3, 3) in px of the luma.

    Args:
        view: luma (h, w) and chroma (h2, w2, 2).
        onto: what shows where `view` does not; its last rows and columns go on without it.
    """
    # One plane at a time is faster than both of the colour in one picture.
    planes = [view[0], *cv2.split(view[1])]
    below = [None] * 3 if onto is None else [onto[0].copy(), *cv2.split(onto[1])]
    ways = (way, *(_HALF @ way @ _WHOLE,) * 2)
    luma, *colour = (_warp_plane(*one) for one in zip(planes, ways, below, strict=True))
    return luma, np.asarray(cv2.merge(colour))


def _warp_plane(plane: Bytes, way: Floats, below: Bytes | None) -> Bytes:
    edge = cv2.BORDER_REPLICATE if below is None else cv2.BORDER_TRANSPARENT
    size = plane.shape[::-1]
    return np.asarray(cv2.warpPerspective(plane, way, size, dst=below, borderMode=edge))


def near_limits(luma: Bytes, chroma: Bytes) -> Thresholds:
    """Limits beside a plate, wider where it has edges, which are never quite in place."""
    across, down = cv2.spatialGradient(luma)
    # Four gradients a px are half of what Sobel's kernel, eight times as large, gives.
    slope = cv2.magnitude(across.astype(np.float32), down.astype(np.float32)) / np.float32(16)
    return thresholds(_NOISE + slope, np.full(chroma.shape[:2], _NOISE))

"""What is behind the things under a moving camera: the median of frames before and after.

The camera has moved little between a few frames, so that they share one plate: it is
made in the view of the middle one and brought to the views of the others.
"""

from __future__ import annotations

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
        views = [warp(piece.luma[j], piece.chroma[j], camera.between(j, middle)) for j in rows]
        luma, chroma = zip(*views, strict=True)
        return cls(middle, stop, median(luma), median(chroma))

    def is_vague(self, camera: Camera, k: int) -> bool:
        """Whether it is not known what is behind the things of row k."""
        low, high = min(k, self.middle), max(k, self.middle)
        lost = camera.lost[max(0, min(k - 2, low + 1)) : max(k + 3, high + 1)].any()
        return self.luma is None or bool(lost)

    def seen_from(self, camera: Camera, k: int) -> tuple[Bytes, Bytes]:
        """Luma and chroma in the view of row k.

        Raises:
            ValueError: too few frames are near.
        """
        if self.luma is None or self.chroma is None:
            raise ValueError("too few frames are near")
        if k == self.middle:
            return self.luma, self.chroma
        return warp(self.luma, self.chroma, camera.between(self.middle, k))


def _neighbours(middle: int, n: int) -> list[int]:
    near = sorted({min(max(middle + offset, 0), n - 1) for offset in _OFFSETS})
    return [j for j in near if abs(j - middle) >= _LEAST_APART]


def warp(luma: Bytes, chroma: Bytes, matrix: Floats) -> tuple[Bytes, Bytes]:
    """A frame as another one sees it, by a homography (3, 3) in px of the luma."""
    edge = cv2.BORDER_REPLICATE
    there = cv2.warpPerspective(luma, matrix, luma.shape[::-1], borderMode=edge)
    half = _HALF @ matrix @ _WHOLE
    # One plane at a time is faster than both in one picture.
    planes = [
        cv2.warpPerspective(plane, half, plane.shape[::-1], borderMode=edge)
        for plane in cv2.split(chroma)
    ]
    return np.asarray(there), np.asarray(cv2.merge(planes))


def near_limits(luma: Bytes, chroma: Bytes) -> Thresholds:
    """Limits beside a plate, wider where it has edges, which are never quite in place."""
    across, down = cv2.spatialGradient(luma)
    # Four gradients a px are half of what Sobel's kernel, eight times as large, gives.
    slope = cv2.magnitude(across.astype(np.float32), down.astype(np.float32)) / np.float32(16)
    return thresholds(_NOISE + slope, np.full(chroma.shape[:2], _NOISE))

"""Frames of a piece, planes of luma and chroma, as RGB."""

from __future__ import annotations

import cv2
import numpy as np

from physcheck.pieces import shrink
from physcheck.types import Bytes

__all__ = ["rgb_of"]


def rgb_of(luma: Bytes, chroma: Bytes, size: tuple[int, int]) -> Bytes:
    """A frame as RGB.

    Args:
        luma: (h, w) full range. chroma: (h2, w2, 2) U and V. size: (width, height) wanted.
    """
    y, uv = _resized(luma, size), _resized(chroma, size)
    # OpenCV wants Y, V, U; its matrix is that of BT.601 in full range.
    planes = cv2.merge([y, cv2.extractChannel(uv, 1), cv2.extractChannel(uv, 0)])
    return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YCrCb2RGB), dtype=np.uint8)


def _resized(plane: Bytes, size: tuple[int, int]) -> Bytes:
    if size[0] < plane.shape[1]:
        return shrink(plane, size)
    if plane.shape[1::-1] == size:
        return plane
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)

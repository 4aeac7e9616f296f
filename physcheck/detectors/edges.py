"""Edges of pictures."""

from __future__ import annotations

import cv2
import numpy as np

from physcheck.types import Floats

__all__ = ["gradient"]


def gradient(image: Floats) -> Floats:
    """Length of the gradient, grey levels a px, (h, w)."""
    dx = cv2.Sobel(image, cv2.CV_32F, 1, 0, scale=1 / 8)
    dy = cv2.Sobel(image, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(cv2.magnitude(dx, dy))

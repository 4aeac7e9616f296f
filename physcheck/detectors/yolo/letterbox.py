"""Pictures brought to the size that a network wants, and boxes brought back.

The picture keeps its shape; grey bars fill the sides up to a multiple of the
network's stride, the same way as in ultralytics' rectangular inference.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from physcheck.types import Bytes, Floats

__all__ = ["GREY", "Letterbox", "fit"]

GREY = 114
"""Level of the bars, as in training."""


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a picture lies in the network's input; all sizes are (width, height), px.

    source: the picture. inner: the picture as it is laid into the input.
    outer: the input. left, top: where in it.
    """

    source: tuple[int, int]
    inner: tuple[int, int]
    outer: tuple[int, int]
    left: int
    top: int

    @property
    def gain(self) -> tuple[float, float]:
        """Px of the input in one px of the picture, along x and y."""
        return self.inner[0] / self.source[0], self.inner[1] / self.source[1]

    def lay(self, picture: Bytes, canvas: Bytes) -> None:
        """Lay a picture (h, w, 3) into an input (H, W, 3), bars included."""
        canvas[:] = GREY
        place = canvas[self.top : self.top + self.inner[1], self.left : self.left + self.inner[0]]
        if picture.shape[1::-1] == self.inner:
            place[:] = picture
        else:
            place[:] = cv2.resize(picture, self.inner, interpolation=cv2.INTER_LINEAR)

    def to_source(self, boxes: NDArray[np.floating]) -> Floats:
        """Boxes (N, 4) of the input as px of the picture, cut at its edges."""
        shifted = np.asarray(boxes, dtype=np.float64) - [self.left, self.top] * 2
        scaled = shifted / (self.gain * 2)
        return np.asarray(np.clip(scaled, 0.0, self.source * 2), dtype=np.float64)


def fit(width: int, height: int, imgsz: int, stride: int = 32) -> Letterbox:
    """How a picture is laid into the smallest input whose longer side is `imgsz`.

    Args:
        width, height: of the picture, px.
        imgsz: longer side of the input, px; a multiple of `stride`.
        stride: both sides of the input are multiples of it, px.
    """
    ratio = min(imgsz / height, imgsz / width)
    inner = max(round(width * ratio), 1), max(round(height * ratio), 1)
    spare_x, spare_y = ((imgsz - side) % stride for side in inner)
    # The odd px goes to the right and to the bottom.
    left, top = round(spare_x / 2 - 0.1), round(spare_y / 2 - 0.1)
    outer = inner[0] + spare_x, inner[1] + spare_y
    return Letterbox((width, height), inner, outer, left, top)

"""Frames of a piece as RGB: from planes of luma and chroma, or from pictures on a device."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from physcheck.detectors.devices import memory_told
from physcheck.pieces import shrink
from physcheck.tensors import resized
from physcheck.types import Bytes, Tensor

__all__ = ["pictures_of_size", "rgb_of"]

_AT_ONCE_PX = 16_000_000
"""Px of pictures on a device that are brought to another size at a time."""


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


def pictures_of_size(pictures: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
    """Pictures that lie on a device as a batch there.

    Args:
        pictures: (3, h, w) uint8 or floats from 0 to 1, all alike.
        size: (width, height) wanted, px.

    Returns:
        (B, 3, height, width) floats, whole levels from 0 to 255.

    Raises:
        DeviceOutOfMemoryError: the batch is too large.
    """
    import torch

    scale = 255.0 if pictures[0].is_floating_point() else 1.0
    # Some at a time: large frames must not need as much memory again as the network.
    step = max(1, _AT_ONCE_PX // pictures[0][0].numel())
    some = (pictures[k : k + step] for k in range(0, len(pictures), step))
    with memory_told():
        batch = torch.cat([resized(torch.stack(list(few)), size) for few in some])
        return (batch * scale).round().clamp(0.0, 255.0)

"""Frames of a piece become the RGB that a network wants.

They are planes of luma and chroma, or pictures that lie on the network's device already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from physcheck.detectors.colours import pictures_of_size, rgb_of
from physcheck.detectors.devices import memory_told
from physcheck.detectors.yolo.letterbox import GREY, Letterbox
from physcheck.tensors import resized
from physcheck.types import Bytes, Tensor

__all__ = ["lay_pictures", "lay_planes", "lay_planes_on_device", "lay_rgb"]


def lay_planes(frames: Sequence[tuple[Bytes, Bytes]], letterbox: Letterbox) -> Bytes:
    """Frames (luma, chroma) as a batch (B, H, W, 3) of the network's input."""
    batch = _canvas(len(frames), letterbox)
    for (luma, chroma), canvas in zip(frames, batch, strict=True):
        letterbox.lay(rgb_of(luma, chroma, letterbox.inner), canvas)
    return batch


def lay_rgb(pictures: Sequence[Bytes], letterbox: Letterbox) -> Bytes:
    """RGB pictures (h, w, 3) as a batch (B, H, W, 3) of the network's input."""
    batch = _canvas(len(pictures), letterbox)
    for picture, canvas in zip(pictures, batch, strict=True):
        letterbox.lay(picture, canvas)
    return batch


def lay_planes_on_device(
    frames: Sequence[tuple[Bytes, Bytes]], letterbox: Letterbox, device: str
) -> Any:
    """The same as `lay_planes` on a GPU: only the planes travel, half of what RGB would.

    Returns:
        (B, 3, H, W) tensor on the device, channels last, 0 to 1.

    Raises:
        DeviceOutOfMemoryError: the batch is too large.
    """
    with memory_told():
        y = _sent(np.stack([luma for luma, _ in frames])[..., None], device)
        uv = _sent(np.stack([chroma for _, chroma in frames]), device)
        return _laid(_rgb_there(y, uv, letterbox.inner), letterbox)


def lay_pictures(pictures: Sequence[Tensor], letterbox: Letterbox) -> Tensor:
    """The same as `lay_planes_on_device` for pictures that are there: nothing travels.

    Args:
        pictures: (3, h, w) uint8 or floats from 0 to 1, of one size.

    Raises:
        DeviceOutOfMemoryError: the batch is too large.
    """
    with memory_told():
        return _laid(pictures_of_size(pictures, letterbox.inner), letterbox)


def _rgb_there(y: Tensor, uv: Tensor, size: tuple[int, int]) -> Tensor:
    """Planes (B, 1, h, w) and (B, 2, h2, w2) as RGB (B, 3, height, width), 0 to 255."""
    import torch

    y, uv = resized(y, size)[:, 0], resized(uv, size) - 128.0
    u, v = uv[:, 0], uv[:, 1]
    return torch.stack([y + 1.403 * v, y - 0.714 * v - 0.344 * u, y + 1.773 * u], dim=1)


def _laid(rgb: Tensor, letterbox: Letterbox) -> Tensor:
    """Levels (B, 3, h, w) within their bars, 0 to 1, channels last."""
    import torch

    shape = (len(rgb), 3, letterbox.outer[1], letterbox.outer[0])
    canvas = torch.full(shape, GREY / 255.0, device=rgb.device)
    canvas = canvas.to(memory_format=torch.channels_last)
    rows = slice(letterbox.top, letterbox.top + letterbox.inner[1])
    columns = slice(letterbox.left, letterbox.left + letterbox.inner[0])
    canvas[:, :, rows, columns] = rgb.round().clamp(0.0, 255.0) / 255.0
    return canvas


def _canvas(n_pictures: int, letterbox: Letterbox) -> Bytes:
    return np.empty((n_pictures, letterbox.outer[1], letterbox.outer[0], 3), dtype=np.uint8)


def _sent(planes: Bytes, device: str) -> Any:
    """Planes (B, h, w, C) as (B, C, h, w) on the device."""
    import torch

    there = torch.from_numpy(planes)
    if device.startswith("cuda"):
        there = there.pin_memory()
    return there.to(device, non_blocking=True).permute(0, 3, 1, 2)

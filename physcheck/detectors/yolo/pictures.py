"""Frames of a piece, planes of luma and chroma, become the RGB that a network wants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from physcheck.detectors.colours import rgb_of
from physcheck.detectors.devices import DeviceOutOfMemoryError
from physcheck.detectors.yolo.letterbox import GREY, Letterbox
from physcheck.types import Bytes

__all__ = ["lay_planes", "lay_planes_on_device", "lay_rgb"]


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
    import torch

    try:
        return _laid_there(torch, frames, letterbox, device)
    except torch.cuda.OutOfMemoryError:
        raise DeviceOutOfMemoryError from None


def _laid_there(
    torch: Any, frames: Sequence[tuple[Bytes, Bytes]], letterbox: Letterbox, device: str
) -> Any:
    size = letterbox.inner[::-1]
    y = _sent(np.stack([luma for luma, _ in frames])[..., None], device)
    uv = _sent(np.stack([chroma for _, chroma in frames]), device)
    y, uv = (_resized_there(plane, size) for plane in (y, uv))
    u, v = uv[:, 0] - 128.0, uv[:, 1] - 128.0
    y = y[:, 0]
    rgb = torch.stack([y + 1.403 * v, y - 0.714 * v - 0.344 * u, y + 1.773 * u], dim=1)
    shape = (len(frames), 3, letterbox.outer[1], letterbox.outer[0])
    canvas = torch.full(shape, GREY / 255.0, device=device).to(memory_format=torch.channels_last)
    rows = slice(letterbox.top, letterbox.top + size[0])
    columns = slice(letterbox.left, letterbox.left + size[1])
    canvas[:, :, rows, columns] = rgb.round().clamp(0.0, 255.0) / 255.0
    return canvas


def _canvas(n_pictures: int, letterbox: Letterbox) -> Bytes:
    return np.empty((n_pictures, letterbox.outer[1], letterbox.outer[0], 3), dtype=np.uint8)


def _sent(planes: Bytes, device: str) -> Any:
    """Planes (B, h, w, C) as floats (B, C, h, w) on the device."""
    import torch

    there = torch.from_numpy(planes)
    if device.startswith("cuda"):
        there = there.pin_memory()
    return there.to(device, non_blocking=True).permute(0, 3, 1, 2).float()


def _resized_there(planes: Any, size: tuple[int, ...]) -> Any:
    from torch.nn import functional

    if tuple(planes.shape[2:]) == size:
        return planes
    if planes.shape[2] > size[0]:
        return functional.interpolate(planes, size=size, mode="area")
    return functional.interpolate(planes, size=size, mode="bilinear")

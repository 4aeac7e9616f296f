"""Frames that torch holds, on any device, become pieces of shots.

A tensor on a GPU stays there: it is shrunk where it lies, only the small planes travel,
and detectors on the same device look at the frames themselves. torch is imported by
whoever made the tensor, never by this module.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from physcheck.errors import ConfigurationError, ShapeError
from physcheck.pieces import WorkingFrame, working_sizes
from physcheck.types import Bytes, Floats, Ints, Tensor
from physcheck.video import ArrayReader

__all__ = ["TensorReader", "is_tensor", "read_tensor", "resized"]

_AT_ONCE_PX = 4_000_000
"""Px that are shrunk at a time, so that a device which holds the frames needs little more."""

_SHIFT = 14
_HALF = 1 << (_SHIFT - 1)
"""Colours are weighted in 2**-14."""


def is_tensor(source: object) -> bool:
    """Whether something is a tensor of torch, which need not be installed."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(source, torch.Tensor)


def read_tensor(frames: Tensor, fps: float | None) -> ArrayReader:
    """Give the reader that suits the place of a tensor; see `TensorReader`.

    Raises:
        ConfigurationError: the rate is missing or not positive.
        ShapeError: the tensor has another form.
    """
    if frames.device.type != "cpu":
        return TensorReader(frames, fps)
    # In ordinary memory it is as good as an array, and OpenCV is faster there.
    return ArrayReader(_arrays(_planes_first(frames)), fps, name="<tensor>")


class TensorReader(ArrayReader):
    """The same as `ArrayReader` for a tensor, which is shrunk on its own device.

    The planes are those of `ArrayReader` within one grey level, and each piece holds the
    frames on the device as views of the tensor.
    """

    def __init__(
        self, frames: Tensor, fps: float | None = None, *, name: str = "<tensor>", **settings: Any
    ) -> None:
        """Take RGB frames and either their rate or their times.

        Args:
            frames: (F, H, W, 3) or (F, 3, H, W), uint8, or floats from 0 to 1.
            fps, name, settings: as for `ArrayReader`.

        Raises:
            ConfigurationError: as for `ArrayReader`.
            ShapeError: the tensor has another form.
        """
        self._tensor = _planes_first(frames)
        super().__init__((), fps, name=name, **settings)

    def _worked(self) -> Iterator[tuple[WorkingFrame, Floats]]:
        height, width = self._tensor.shape[2:]
        luma_size, _ = working_sizes(width, height, self._working_px)
        px = np.array([width / luma_size[0], height / luma_size[1]])
        number, n_at_once = 0, max(1, _AT_ONCE_PX // (height * width))
        while number < len(self._tensor):
            some = self._tensor[number : number + n_at_once]
            try:
                luma, chroma = _planes(some, self._working_px)
            except sys.modules["torch"].cuda.OutOfMemoryError:
                n_at_once = _fewer(len(some), some.device)
                continue
            self._shape = (height, width, 3)
            for frame in zip(luma, chroma, some, strict=True):
                yield self._stamped(number, *frame), px
                number += 1

    def _stamped(self, number: int, luma: Bytes, chroma: Bytes, picture: Tensor) -> WorkingFrame:
        time_s = self._time(number)
        return WorkingFrame(number, time_s, luma, chroma, False, picture=picture)


def resized(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    """Bring pictures to a size where they lie: a side that shrinks by area, else linearly.

    Args:
        pictures: (B, C, H, W) of any type.
        size: (width, height) wanted, px.

    Returns:
        (B, C, h, w) float32, unrounded; the same as OpenCV's within rounding.
    """
    # Rows first: they are the longer way through memory, and fewer are left for the columns.
    return _along(_along(pictures, 2, size[1]), 3, size[0]).float()


def _along(pictures: Tensor, axis: int, n_wanted: int) -> Tensor:
    """Weighted sums of rows (axis 2) or of columns (axis 3)."""
    n_there = pictures.shape[axis]
    if n_there == n_wanted:
        return pictures
    torch = sys.modules["torch"]
    places, weights = _area(n_there, n_wanted) if n_wanted < n_there else _linear(n_there, n_wanted)
    where = torch.from_numpy(places).to(pictures.device)
    shares = torch.from_numpy(weights.astype(np.float32)).to(pictures.device)
    shares = shares[:, :, None] if axis == 2 else shares[:, None, :]
    parts = (
        pictures.index_select(axis, place).float() * share
        for place, share in zip(where, shares, strict=True)
    )
    total = next(parts)
    for part in parts:
        total += part
    return total


def _area(n_there: int, n_wanted: int) -> tuple[Ints, Floats]:
    """Which px lie below each px of a shorter side, (K, n_wanted), and their shares of it."""
    number = np.arange(n_wanted, dtype=np.int64)
    start, stop = number * n_there // n_wanted, -(-(number + 1) * n_there // n_wanted)
    place = start + np.arange((stop - start).max(), dtype=np.int64)[:, None]
    left, right = number * n_there / n_wanted, (number + 1) * n_there / n_wanted
    below = np.minimum(place + 1, right) - np.maximum(place, left)
    shares = np.clip(below, 0.0, None) * n_wanted / n_there
    return np.minimum(place, n_there - 1), shares


def _linear(n_there: int, n_wanted: int) -> tuple[Ints, Floats]:
    """The two px around each px of a longer side, (2, n_wanted), and their shares of it."""
    middle = (np.arange(n_wanted) + 0.5) * n_there / n_wanted - 0.5
    start = np.floor(middle).astype(np.int64)
    place = np.clip(np.stack([start, start + 1]), 0, n_there - 1)
    return place, np.stack([1.0 - (middle - start), middle - start])


def _planes(frames: Tensor, working_px: int) -> tuple[Bytes, Bytes]:
    """Luma (B, h, w) and chroma (B, h2, w2, 2) of frames (B, 3, H, W), brought to the host."""
    _check_levels(frames)
    height, width = frames.shape[2:]
    luma, chroma = _luma_and_chroma(_bytes_of(frames))
    luma_size, chroma_size = working_sizes(width, height, working_px)
    return _shrunk(luma, luma_size)[:, 0], _shrunk(chroma, chroma_size).transpose(0, 2, 3, 1)


def _luma_and_chroma(rgb: Tensor) -> tuple[Tensor, Tensor]:
    """Y (B, 1, H, W), and U and V (B, 2, H, W), of bytes: BT.601 in full range.

    In whole numbers, as OpenCV does it, so that not a single level differs.
    """
    torch = sys.modules["torch"]
    red, green, blue = rgb.to(torch.int32).unbind(1)
    y = (4899 * red + 9617 * green + 1868 * blue + _HALF) >> _SHIFT
    u, v = 9241 * (blue - y), 11682 * (red - y)
    middle = (128 << _SHIFT) + _HALF
    return y[:, None], (torch.stack([u, v], dim=1) + middle >> _SHIFT).clamp(0, 255)


def _shrunk(planes: Tensor, size: tuple[int, int]) -> Bytes:
    """Planes (B, C, H, W) of whole levels at a size (width, height), on the host, rounded."""
    small = resized(planes, size)
    if tuple(planes.shape[1:]) == (1, 2 * size[1], 2 * size[0]):
        # OpenCV halves a single plane in whole numbers, so that a half goes up.
        small = (small + 0.5).floor()
    return np.asarray(_as_bytes(small).cpu().numpy())


def _bytes_of(frames: Tensor) -> Tensor:
    return _as_bytes(frames.float() * 255.0) if frames.is_floating_point() else frames


def _as_bytes(levels: Tensor) -> Tensor:
    return levels.round().clamp(0, 255).to(sys.modules["torch"].uint8)


def _arrays(frames: Tensor) -> Iterator[Bytes]:
    """Frames (F, 3, H, W) in ordinary memory as (H, W, 3) uint8."""
    for number in range(len(frames)):
        picture = frames[number]
        _check_levels(picture)
        yield np.asarray(_bytes_of(picture).permute(1, 2, 0).numpy())


def _planes_first(frames: Tensor) -> Tensor:
    """A view (F, 3, H, W) of a tensor, apart from whatever is being trained."""
    torch = sys.modules["torch"]
    said = f"got {tuple(frames.shape)} {frames.dtype}"
    if frames.dtype != torch.uint8 and not frames.is_floating_point():
        raise ShapeError(f"frames must be uint8, or floats from 0 to 1, {said}; convert them")
    if frames.ndim == 5:
        raise ShapeError(f"frames of one clip at a time, {said}; give frames[0], frames[1], ...")
    colours_first, colours_last = (frames.ndim == 4 and frames.shape[k] == 3 for k in (1, 3))
    if colours_first == colours_last or not min(frames.shape[1:]):
        raise ShapeError(f"frames must be (F, H, W, 3) or (F, 3, H, W), {said}; permute them")
    frames = frames.detach()
    return frames if colours_first else frames.permute(0, 3, 1, 2)


def _check_levels(frames: Tensor) -> None:
    if not frames.is_floating_point():
        return
    low, high = float(frames.min()), float(frames.max())
    # Said this way round NaN is refused, too.
    if not (low >= 0.0 and high <= 1.0):
        raise ShapeError(
            f"frames of floats must be from 0 to 1, got {low:.4g} to {high:.4g}; from -1 to 1 "
            "take (frames + 1) / 2, from 0 to 255 .to(torch.uint8), where some stray .clamp(0, 1)"
        )


def _fewer(n_frames: int, device: object) -> int:
    if n_frames == 1:
        raise ConfigurationError(f"{device}: no memory to shrink a single frame; free some there")
    return n_frames // 2

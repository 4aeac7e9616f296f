"""Frames on their way through a network: whose they are, and how they become its input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from physcheck.detectors.devices import are_on
from physcheck.detectors.yolo.letterbox import Letterbox, fit
from physcheck.detectors.yolo.pictures import (
    lay_pictures,
    lay_planes,
    lay_planes_on_device,
    lay_rgb,
)
from physcheck.types import Bytes, Piece, Tensor

__all__ = ["Frame", "frames_of", "lay_frames", "lay_frames_on_device", "lay_plain"]


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame on its way.

    owner, number: which of the asker's it is. planes: luma and chroma, or RGB alone.
    letterbox: its place in the input. picture: the same as it lies on a device, if it does.
    """

    owner: int
    number: int
    planes: tuple[Bytes, ...]
    letterbox: Letterbox
    picture: Tensor | None = None

    @property
    def kind(self) -> tuple[tuple[int, ...], ...]:
        """What frames of one batch have in common: the input's size, and what is laid into it."""
        laid = self.picture
        own = () if laid is None else (*laid.shape, int(laid.is_floating_point()))
        return self.letterbox.outer, self.letterbox.source, own


def frames_of(piece: Piece, owner: int, imgsz: int, stride: int) -> Iterator[Frame]:
    """Give the frames of a piece; see `fit` for the two numbers."""
    letterbox = fit(piece.luma.shape[2], piece.luma.shape[1], imgsz, stride)
    pictures = piece.pictures or (None,) * len(piece.frames)
    planes = zip(piece.luma, piece.chroma, strict=True)
    for number, (both, picture) in enumerate(zip(planes, pictures, strict=True)):
        yield Frame(owner, number, both, letterbox, picture)


def lay_frames(frames: Sequence[Frame]) -> Bytes:
    """Frames of one kind, of pieces, as a batch (B, H, W, 3)."""
    planes = [(frame.planes[0], frame.planes[1]) for frame in frames]
    return lay_planes(planes, frames[0].letterbox)


def lay_frames_on_device(frames: Sequence[Frame], device: str) -> Tensor:
    """Frames of one kind, of pieces, as a batch (B, 3, H, W) on a device, 0 to 1.

    Raises:
        DeviceOutOfMemoryError: the batch is too large.
    """
    pictures = [frame.picture for frame in frames]
    if are_on(pictures, device):
        return lay_pictures(pictures, frames[0].letterbox)
    planes = [(frame.planes[0], frame.planes[1]) for frame in frames]
    return lay_planes_on_device(planes, frames[0].letterbox, device)


def lay_plain(frames: Sequence[Frame]) -> Bytes:
    """Frames of one kind that are RGB as a batch (B, H, W, 3)."""
    return lay_rgb([frame.planes[0] for frame in frames], frames[0].letterbox)

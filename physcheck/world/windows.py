"""Parts of the picture in which frames lie over each other, and the colours that they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from physcheck.camera import Camera
from physcheck.detectors.stacks import median
from physcheck.types import Bools, Bytes, Floats, Ints, Piece

__all__ = ["Window", "codes", "colours_of", "ellipse", "shows"]

_PLATE_ROWS, _N_PLATE = 40, 11
_ALIKE, _ALIKE_COLOUR = 12, 6
"""Grey levels within which a pixel shows its usual content."""
_BITS = 3
"""Colours are told apart by 8-bit levels without this many last bits."""
_N_LEVELS = 256 >> _BITS
_MIN_PIXELS = 40
_MIN_SHARE = 0.004
"""Of the pixels of a thing must be of a colour for it to be the thing's own."""
_WITHIN = 0.75
"""Of the half axes: the rim belongs to shadow and blur."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A part of the picture as one row of a piece sees it; other rows are laid over it.

    row: of that frame. corner: (2,) working px. shape: height H and width W.
    """

    piece: Piece
    camera: Camera
    row: int
    corner: Ints
    shape: tuple[int, int]

    @classmethod
    def around(cls, places: Floats, half: Floats, piece: Piece, camera: Camera, row: int) -> Window:
        """The least one that holds a thing of half size `half` (2,) at all places (n, 2).

        What lies outside the picture is left out.
        """
        h, w = np.minimum(piece.luma.shape[1:], 2 * np.array(piece.chroma.shape[1:3])).tolist()
        corner = np.floor(places.min(axis=0) - half).astype(np.int64).clip(0, (w - 2, h - 2))
        end = np.ceil(places.max(axis=0) + half).astype(np.int64) + 1
        width, height = (end.clip(corner + 2, (w, h)) - corner).tolist()
        return cls(piece, camera, row, corner, (height, width))

    def colours(self, row: int) -> Bytes:
        """(H, W, 3) Y, U and V of another row, seen from here."""
        if self.camera.kind == "still":
            return self._lifted(row)
        shift = np.eye(3)
        shift[:2, 2] = -self.corner
        here = shift @ self.camera.between(row, self.row)
        half = here @ np.array([[2.0, 0, 0.5], [0, 2.0, 0.5], [0, 0, 1.0]])
        size = self.shape[::-1]
        luma = cv2.warpPerspective(self.piece.luma[row], here, size)
        return np.dstack([luma, cv2.warpPerspective(self.piece.chroma[row], half, size)])

    def _lifted(self, row: int) -> Bytes:
        """The same where all rows show one view."""
        (left, top), (height, width) = self.corner.tolist(), self.shape
        part = self.piece.chroma[row, top // 2 :, left // 2 :]
        part = part[: height // 2 + 1, : width // 2 + 1]
        colour = cv2.resize(part, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
        found = np.empty((height, width, 3), np.uint8)
        found[..., 0] = self.piece.luma[row, top : top + height, left : left + width]
        found[..., 1:] = colour[top % 2 :, left % 2 :][:height, :width]
        return found

    def plate(self) -> Bytes:
        """(H, W, 3) what is usually seen in the rows around."""
        first = max(self.row - _PLATE_ROWS, 0)
        last = min(self.row + _PLATE_ROWS, len(self.piece.frames) - 1)
        picks = np.unique(np.linspace(first, last, _N_PLATE).astype(int))
        return median([self.colours(int(k)) for k in picks])


def ellipse(middle: Floats, half: Floats, shape: tuple[int, int]) -> Bools:
    """(H, W) pixels well within an upright ellipse."""
    x = ((np.arange(shape[1]) + 0.5 - middle[0]) / half[0]) ** 2
    y = ((np.arange(shape[0]) + 0.5 - middle[1]) / half[1]) ** 2
    return np.asarray(x + y[:, None] < _WITHIN**2)


def shows(picture: Bytes, plate: Bytes) -> Bools:
    """(H, W) where a picture (H, W, 3) shows its usual content."""
    off = cv2.absdiff(picture, plate)
    alike = cv2.inRange(off, (0, 0, 0), (_ALIKE - 1, _ALIKE_COLOUR - 1, _ALIKE_COLOUR - 1))
    return np.asarray(alike > 0)


def codes(picture: Bytes) -> Ints:
    """The colours (..., 3) as one number each, (...)."""
    levels = (picture >> _BITS).astype(np.int64)
    return np.asarray((levels[..., 0] * _N_LEVELS + levels[..., 1]) * _N_LEVELS + levels[..., 2])


def colours_of(samples: Sequence[Bytes]) -> Bools | None:
    """By code, the colours of a thing and those next to them; None if too little is seen.

    Args:
        samples: pixels (K, 3) of the thing.
    """
    pixels = np.concatenate(samples) if samples else np.zeros((0, 3), np.uint8)
    if len(pixels) < _MIN_PIXELS:
        return None
    count = np.bincount(codes(pixels), minlength=_N_LEVELS**3)
    own = (count >= max(_MIN_SHARE * len(pixels), 2)).reshape((_N_LEVELS,) * 3)
    for axis in range(3):
        own = own | np.roll(own, 1, axis) | np.roll(own, -1, axis)
    return np.asarray(own.ravel())

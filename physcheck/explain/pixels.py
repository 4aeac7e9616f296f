"""Pixels of a piece, asked for by place: patches of any frame in stabilised coordinates."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

from physcheck.camera import Camera
from physcheck.types import Bytes, Floats, Piece

__all__ = ["GRID", "Pixels"]

GRID = 24
"""Side of a sampled patch: a box of any size becomes GRID x GRID samples."""

_STILL_GREY = 0.5
"""Grey levels of change that count as none."""


class Pixels:
    """Read-only access to the pixels of a piece by row and stabilised box."""

    def __init__(self, piece: Piece, camera: Camera) -> None:
        self.piece = piece
        self.camera = camera
        self.n = len(piece.frames)
        self.px = piece.px
        self._from_reference = np.linalg.inv(camera.to_reference)
        shrink = np.diag([1 / self.px[0], 1 / self.px[1], 1.0])
        self._to_working = self._from_reference @ shrink

    def patch(self, row: int, box: Floats, margin: float = 0.0) -> Floats:
        """Y, U, V in a box of one frame, (GRID, GRID, 3) grey levels.

        Args:
            row: of the frame in the piece.
            box: (4,) stabilised px of the clip.
            margin: by what share of its size the box is widened on each side.
        """
        return self.canvas(row, box, (GRID, GRID), margin)

    def canvas(self, row: int, box: Floats, shape: tuple[int, int], margin: float = 0.0) -> Floats:
        """The same in any number of samples, (*shape, 3): rows and columns."""
        luma = self._sample(self.piece.luma[row], row, box, margin, 1.0, shape)
        chroma = self._sample(self.piece.chroma[row], row, box, margin, 0.5, shape)
        return np.concatenate([luma[..., None], chroma], axis=2)

    def unrest(self, row: int) -> float:
        """Change of most of the picture from a row to the next, as a multiple of the usual."""
        return float(self._unrest[row])

    @cached_property
    def _unrest(self) -> Floats:
        """(n - 1,) median change of a grid of pixels over its median in all rows."""
        grid = self.piece.luma[:, 4::8, 4::8].astype(np.int16)
        change = np.median(np.abs(np.diff(grid, axis=0)), axis=(1, 2)) + _STILL_GREY
        return np.asarray(change / np.median(change))

    def _sample(
        self,
        image: Bytes,
        row: int,
        box: Floats,
        margin: float,
        scale: float,
        shape: tuple[int, int],
    ) -> Floats:
        half = (box[2:] - box[:2]) / 2 * (1 + 2 * margin)
        step = 2 * half / np.array(shape[::-1])
        corner = (box[:2] + box[2:]) / 2 - half + step / 2
        matrix = self._to_working[row]
        to_image = np.empty((3, 3))
        to_image[:, 0], to_image[:, 1] = matrix[:, 0] * step[0], matrix[:, 1] * step[1]
        to_image[:, 2] = matrix[:, 0] * corner[0] + matrix[:, 1] * corner[1] + matrix[:, 2]
        to_image[:2] *= scale
        patch = cv2.warpPerspective(
            image,
            to_image,
            shape[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(patch, dtype=np.float32)

    def at(self, row: int, points: Floats) -> Floats:
        """Y, U, V (..., 3) at stabilised points (..., 2) of a frame; NaN outside the picture."""
        ones = np.ones((*points.shape[:-1], 1))
        there = np.concatenate([points, ones], axis=-1) @ self._to_working[row].T
        x, y = np.moveaxis(there[..., :2] / there[..., 2:], -1, 0).astype(np.float32)
        luma, chroma = (
            cv2.remap(image[row], x * scale, y * scale, cv2.INTER_LINEAR).astype(np.float32)
            for image, scale in ((self.piece.luma, 1.0), (self.piece.chroma, 0.5))
        )
        found = np.concatenate([luma[..., None], chroma], axis=-1)
        h, w = self.piece.luma.shape[1:]
        found[(x < 0) | (y < 0) | (x > w - 1) | (y > h - 1)] = np.nan
        return np.asarray(found)

    def holds(self, row: int, box: Floats) -> bool:
        """Whether a stabilised box (4,) lies within the picture of a row."""
        x1, y1, x2, y2 = self.to_frame(row, box)
        h, w = self.piece.luma.shape[1:]
        return bool(x1 >= 0 and y1 >= 0 and x2 <= w and y2 <= h)

    def window(self, row: int, box: Floats, reach: Floats) -> tuple[Bytes, Floats]:
        """The luma around a stabilised box as it lies in the frame, working px.

        Args:
            row: of the frame. box: (4,) stabilised px. reach: (2,) px added on each side.

        Returns:
            The crop and the (2,) working px of its upper left corner; empty where
            the place is outside the picture.
        """
        inner = self.to_frame(row, box)
        h, w = self.piece.luma.shape[1:]
        grow = reach / self.px
        x0, y0 = np.floor(np.maximum(inner[:2] - grow, 0)).astype(int)
        x1, y1 = np.ceil(np.minimum(inner[2:] + grow, [w, h])).astype(int)
        crop = self.piece.luma[row, y0 : max(y1, y0), x0 : max(x1, x0)]
        return crop, np.array([x0, y0], dtype=np.float64)

    def to_frame(self, row: int, box: Floats) -> Floats:
        """A stabilised box (4,) in working px of the frame."""
        matrix = self._from_reference[row]
        half = (box[2:] - box[:2]) / 2
        centre = matrix @ np.append((box[:2] + box[2:]) / 2 / self.px, 1.0)
        place = centre[:2] / centre[2]
        scale = np.sqrt(abs(np.linalg.det(matrix[:2, :2]))) / abs(centre[2])
        half = half * scale / self.px
        return np.concatenate([place - half, place + half])

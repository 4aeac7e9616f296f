"""Detectors: frames of a piece in, boxes of each frame out. One file a backend."""

from __future__ import annotations

from typing import Protocol

from physcheck.camera import Camera
from physcheck.types import Detections, Piece

__all__ = ["Detector"]


class Detector(Protocol):
    """Anything that finds things in the frames of a piece."""

    name: str

    def detect(self, piece: Piece, camera: Camera) -> list[Detections]:
        """Find the things in each frame of a piece.

        Args:
            piece: n frames of one shot.
            camera: how the picture moves in them.

        Returns:
            n detections, boxes in px of the clip.
        """
        ...

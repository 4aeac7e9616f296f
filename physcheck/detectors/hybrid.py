"""Both kinds of sight at once: a model that knows things, and motion that knows presence.

Blind to: a thing that never moves and that the model does not know.
"""

from __future__ import annotations

from physcheck.camera import Camera
from physcheck.detectors import Detector
from physcheck.detectors.fusion import fuse
from physcheck.detectors.sparse import frames_shown, look_at_some
from physcheck.types import Detections, Piece

__all__ = ["HybridDetector"]


class HybridDetector:
    """Runs a detector that gives words and one that sees motion, and fuses the two."""

    name = "hybrid"

    def __init__(self, appearance: Detector, motion: Detector, every: int | None = 1) -> None:
        """Take the two.

        Args:
            appearance: gives words and scores; faint boxes help, see `fuse`.
            motion: sees what moves, without words.
            every: the first is shown every so many frames only, and motion carries what
                it saw through the others; None for what a CPU can afford.
        """
        self.appearance = appearance
        self.motion = motion
        self.every = every

    def detect(self, piece: Piece, camera: Camera) -> list[Detections]:
        """Find the things in each frame; see `Detector`."""
        moving = self.motion.detect(piece, camera)
        shown = frames_shown(piece, camera, self.every)
        seen = look_at_some(self.appearance, piece, camera, shown)
        return fuse(seen, moving, piece, camera, shown)

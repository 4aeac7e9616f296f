"""The detector `detections`: what was seen elsewhere, read from a file.

Blind to: whatever the file leaves out. The boxes are believed as they are; only what
lies outside the picture is cut off.
"""

from __future__ import annotations

import numpy as np

from physcheck import boxes as geometry
from physcheck.camera import Camera
from physcheck.detection_files import DetectionFile
from physcheck.detectors.appearance import looks
from physcheck.detectors.motion import nothing
from physcheck.errors import InputError
from physcheck.types import Detections, Floats, Piece

__all__ = ["GivenDetector"]

_SAME_SHAPE = 0.02
"""By how much width / height of file and clip may differ: sizes are rounded to even px."""
_LEAST_PX = 0.5
"""Of the working picture; less than this of a thing inside is not seen."""


class GivenDetector:
    """Hands out the boxes of a file, with a description of the pixels in each."""

    name = "detections"

    def __init__(self, file: DetectionFile) -> None:
        """Take the boxes of one clip.

        Args:
            file: what `read_detections` gave.
        """
        self.file = file
        self._next_frame = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know, once the clip was seen to its end."""
        beyond = [frame for frame in self.file.frames if frame >= self._next_frame]
        if not beyond:
            return self.file.remarks
        late = f"boxes for {len(beyond)} frames beyond the clip's end were not used"
        return (*self.file.remarks, f"{self.file.path}: {late}")

    def detect(self, piece: Piece, camera: Camera) -> list[Detections]:
        """Hand out the boxes of each frame; see `Detector`.

        Raises:
            InputError: the boxes are those of a picture of another shape.
        """
        size_px = np.array(piece.luma.shape[:0:-1]) * piece.px
        scale = self._scale(size_px)
        self._next_frame = max(self._next_frame, int(piece.frames[-1]) + 1)
        return [
            _described(self.file.frames[frame], scale, size_px, piece, k)
            if frame in self.file.frames
            else nothing()
            for k, frame in enumerate(piece.frames.tolist())
        ]

    def _scale(self, size_px: Floats) -> Floats:
        """px of the clip in one px of the file, along x and y, (2,)."""
        if self.file.size_px is None:
            return np.ones(2)
        scale = size_px / np.array(self.file.size_px)
        if abs(np.log(scale[0] / scale[1])) > _SAME_SHAPE:
            here = f"{size_px[0]:.0f} x {size_px[1]:.0f}"
            there = "{} x {}".format(*self.file.size_px)
            raise InputError(
                f"{self.file.path}: boxes are for pictures of {there} px, the clip has {here} px; "
                "give the detections of this clip"
            )
        return np.asarray(scale, dtype=np.float64)


def _described(
    seen: Detections, scale: Floats, size_px: Floats, piece: Piece, k: int
) -> Detections:
    """The part of the boxes inside the picture, with the look of what is in them."""
    boxes = geometry.clip(seen.boxes * np.tile(scale, 2), *size_px)
    inside = np.all(geometry.size(boxes) >= _LEAST_PX * piece.px, axis=1)
    if not inside.any():
        return nothing()
    return Detections(
        boxes=boxes[inside],
        scores=seen.scores[inside],
        labels=seen.labels[inside],
        noise_px=seen.noise_px[inside] * np.tile(scale, 2),
        features=looks((piece.luma[k], piece.chroma[k]), boxes[inside] / np.tile(piece.px, 2)),
    )

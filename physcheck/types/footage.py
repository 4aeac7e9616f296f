"""What a file holds and what is seen in it: the clip, its pieces, detections."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from physcheck.errors import ShapeError
from physcheck.types.arrays import Bools, Bytes, Floats, Ints, Labels, Tensor, freeze

__all__ = ["Detections", "Piece", "Video"]


@dataclass(frozen=True, slots=True, eq=False)
class Video:
    """What is known of a file once it was decoded to its end.

    times_s: (F,) presentation times from the container, s, increasing.
    doubled: (F,) True where a frame repeats the one before it.
    transition: (F,) True within a fade or a dissolve.
    shots: (start, stop) frame numbers of each run without a cut.
    problems: one sentence for each thing that could not be read.
    """

    path: str
    width_px: int
    height_px: int
    times_s: Floats
    doubled: Bools
    transition: Bools
    shots: tuple[tuple[int, int], ...]
    problems: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        freeze(self, {"times_s": ("F",), "doubled": ("F",), "transition": ("F",)})

    @property
    def n_frames(self) -> int:
        """Number of decoded frames, F."""
        return len(self.times_s)

    @property
    def duration_s(self) -> float:
        """From the first frame's time to the end of the last frame, s."""
        if self.n_frames < 2:
            return 0.0
        step = float(np.median(np.diff(self.times_s)))
        return float(self.times_s[-1] - self.times_s[0]) + step


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Consecutive frames of one shot at working size, in memory.

    Doubled frames are left out, so `frames` may have holes. A shot that is
    too long for memory comes as several pieces.

    frames: (n,) frame numbers in the file.
    times_s: (n,) presentation times, s.
    luma: (n, h, w) 8-bit Y.
    chroma: (n, h2, w2, 2) 8-bit U and V at half the working size.
    transition: (n,) True within a fade or a dissolve.
    px: (2,) px of the clip in one px of the working picture, along x and y.
    first, last: whether the piece begins, ends its shot.
    pictures: n RGB tensors (3, H, W) as they lie on a device, uint8 or floats from 0 to 1;
        none where the frames came from elsewhere.
    """

    frames: Ints
    times_s: Floats
    luma: Bytes
    chroma: Bytes
    transition: Bools
    px: Floats
    first: bool = True
    last: bool = True
    pictures: tuple[Tensor, ...] = ()

    def __post_init__(self) -> None:
        if len(self.pictures) not in (0, len(self.frames)):
            raise ShapeError(f"Piece: {len(self.pictures)} pictures of {len(self.frames)} frames")
        freeze(
            self,
            {
                "frames": ("n",),
                "times_s": ("n",),
                "luma": ("n", "h", "w"),
                "chroma": ("n", "h2", "w2", 2),
                "transition": ("n",),
                "px": (2,),
            },
        )


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """What a detector sees in one frame.

    boxes: (N, 4) px xyxy. scores: (N,) in [0, 1]. labels: (N,) words, "" unknown.
    noise_px: (N, 4) standard deviation of cx, cy, w, h.
    masks: (h, w) picture at working size, 0 nothing, k + 1 for row k, in the narrowest
        unsigned integers that hold N; or None.
    features: (N, K) colour and texture description, or (N, 0).
    """

    boxes: Floats
    scores: Floats
    labels: NDArray[np.str_]
    noise_px: Floats
    masks: Labels | None = None
    features: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    def __post_init__(self) -> None:
        if self.features.shape[0] != self.boxes.shape[0]:
            object.__setattr__(self, "features", np.zeros((self.boxes.shape[0], 0)))
        freeze(
            self,
            {
                "boxes": ("N", 4),
                "scores": ("N",),
                "labels": ("N",),
                "noise_px": ("N", 4),
                "features": ("N", "K"),
            },
        )

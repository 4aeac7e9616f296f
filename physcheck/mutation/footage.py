"""Footage to cut from: frames in colour, how the camera moves, and the things in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from physcheck.camera import Camera, estimate_camera
from physcheck.container import Packets, check_file, open_container, video_stream
from physcheck.errors import InputError, ShapeError
from physcheck.types import Bytes, Floats, Ints, Video
from physcheck.video import VideoReader

__all__ = ["Footage", "Thing", "read_footage"]

_ROOM, _ROOM_PX = 0.08, 2.0
_BLUR = 0.3
"""A thing may be seen beyond its box by this share of its way from frame to frame."""

_N_PAIRS = 6
_WORTH_IT = 1.1
"""A camera that moves must explain the structure of the pictures so much better."""


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """Consecutive frames of one shot.

    frames: (n, H, W, 3) uint8 RGB. times_s: (n,) from the container, s. fps: their rate.
    to_reference: (n, 3, 3) homography from each frame to the first, px of the footage.
    moving: whether the camera moves. camera: "still", "shaky" or "moving".
    start: number of the first frame in the file.
    scale: (2,) px of the footage in one px of the file, along x and y.
    path: of the file. n_file: number of frames in it.
    """

    frames: Bytes
    times_s: Floats
    fps: float
    to_reference: Floats
    moving: bool
    camera: str = "still"
    start: int = 0
    scale: tuple[float, float] = (1.0, 1.0)
    path: str = ""
    n_file: int = 0

    def __post_init__(self) -> None:
        n = len(self.frames)
        if self.frames.ndim != 4 or self.frames.shape[3] != 3 or self.frames.dtype != np.uint8:
            raise ShapeError(f"Footage.frames must be (n, H, W, 3) uint8, got {self.frames.shape}")
        if self.times_s.shape != (n,) or self.to_reference.shape != (n, 3, 3):
            raise ShapeError(f"Footage: {n} frames need as many times and camera matrices")

    @property
    def n(self) -> int:
        """Number of frames."""
        return len(self.frames)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        return self.frames.shape[2], self.frames.shape[1]


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """Something that is seen in consecutive frames.

    frames: (T,) consecutive indices into the footage. boxes: (T, 4) px of the footage.
    origin: "boxes" where they were given, "tracks" where physcheck found them.
    """

    id: int
    label: str
    frames: Ints
    boxes: Floats
    origin: str = "boxes"

    def __post_init__(self) -> None:
        if self.boxes.shape != (len(self.frames), 4) or (np.diff(self.frames) != 1).any():
            raise ShapeError("Thing: frames must be consecutive, with a box (x1, y1, x2, y2) each")

    def has(self, k: int) -> bool:
        """Whether there is a box in frame `k` of the footage."""
        return len(self.frames) > 0 and int(self.frames[0]) <= k <= int(self.frames[-1])

    def box(self, k: int) -> Floats:
        """(4,) box in frame `k` of the footage, px."""
        return np.asarray(self.boxes[k - int(self.frames[0])], dtype=np.float64)

    def reach(self, k: int) -> Floats:
        """(4,) box in frame `k` with room for its error and for the blur of its motion, px."""
        x1, y1, x2, y2 = self.box(k)
        row = k - int(self.frames[0])
        rows = slice(max(row - 1, 0), row + 2)
        middles = (self.boxes[rows, :2] + self.boxes[rows, 2:]) / 2
        steps = np.abs(np.diff(middles, axis=0))
        speed = steps.max(axis=0) if len(steps) else np.zeros(2)
        margin = _ROOM * min(x2 - x1, y2 - y1) + _ROOM_PX + _BLUR * speed
        dx, dy = margin
        return np.array([x1 - dx, y1 - dy, x2 + dx, y2 + dy], dtype=np.float64)


def read_footage(
    path: str | Path,
    *,
    start: int = 0,
    stop: int | None = None,
    max_side_px: int = 640,
    video: Video | None = None,
) -> Footage:
    """Decode a range of frames in colour.

    Args:
        path: the video file.
        start, stop: frame numbers in the file, stop exclusive; to the end without `stop`.
        max_side_px: longer side of the pictures at most, px; they are made even.
        video: what is known of the file, to save looking for cuts again.

    Raises:
        InputError: the file cannot be read, or the range has a cut or a fade.
    """
    path = Path(path)
    video = _looked_at(path) if video is None else video
    stop = video.n_frames if stop is None else min(stop, video.n_frames)
    _refuse_cuts(path, video, start, stop)
    frames = np.stack(list(_decoded(path, start, stop, max_side_px)))
    stop = start + len(frames)
    luma = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames])
    camera = _confirmed(luma, estimate_camera(luma))
    times_s = video.times_s[start:stop]
    width, height = frames.shape[2], frames.shape[1]
    return Footage(
        frames=frames,
        times_s=times_s,
        fps=_rate(times_s),
        to_reference=camera.to_reference,
        moving=camera.kind != "still",
        camera=camera.kind,
        start=start,
        scale=(width / video.width_px, height / video.height_px),
        path=str(path),
        n_file=video.n_frames,
    )


def _confirmed(luma: Bytes, camera: Camera) -> Camera:
    """The camera, or one that stands still where that explains the pictures as well."""
    n = len(luma)
    if camera.kind == "still":
        return camera
    picks = np.unique(np.linspace(0, n - 1, _N_PAIRS + 1).astype(int))
    fine = {int(k): _fine(luma[k]) for k in picks}
    better = []
    for a, b in itertools.pairwise(map(int, picks)):
        height, width = fine[b].shape
        moved = cv2.warpPerspective(fine[a], camera.between(a, b), (width, height))
        rows, columns = slice(height // 8, -height // 8), slice(width // 8, -width // 8)
        still, with_camera = (
            float(np.mean(np.abs(one - fine[b])[rows, columns])) for one in (fine[a], moved)
        )
        better.append(still / max(with_camera, 1e-6))
    if float(np.median(better)) > _WORTH_IT:
        return camera
    identity = np.tile(np.eye(3), (n, 1, 1))
    return Camera("still", identity, np.zeros(n, dtype=bool))


def _fine(luma: Bytes) -> Floats:
    """Structure without brightness, so that exposure does not count."""
    picture = cv2.GaussianBlur(luma.astype(np.float64), (0, 0), 1.0)
    return np.asarray(picture - cv2.GaussianBlur(picture, (0, 0), 5.0), dtype=np.float64)


def _looked_at(path: Path) -> Video:
    reader = VideoReader(path)
    for _ in reader.pieces():
        pass
    return reader.video


def _refuse_cuts(path: Path, video: Video, start: int, stop: int) -> None:
    if not 0 <= start < stop:
        raise InputError(f"{path}: has {video.n_frames} frames; none lies in {start} to {stop}")
    if not any(first <= start and stop <= last for first, last in video.shots):
        raise InputError(f"{path}: there is a cut in frames {start} to {stop - 1}; give one shot")
    if video.transition[start:stop].any():
        raise InputError(f"{path}: there is a fade in frames {start} to {stop - 1}; leave it out")


def _decoded(path: Path, start: int, stop: int, max_side_px: int) -> Iterator[Bytes]:
    """Upright RGB pictures of frames `start` to `stop`, small and even, (H, W, 3)."""
    check_file(path)
    with open_container(path) as container:
        packets = Packets(container, video_stream(container, path))
        for picture in itertools.islice(packets.frames(), start, stop):
            upright = np.rot90(picture.to_ndarray(format="rgb24"), round(picture.rotation / 90))
            yield _shrunk(np.ascontiguousarray(upright), max_side_px)


def _shrunk(picture: Bytes, max_side_px: int) -> Bytes:
    height, width = picture.shape[:2]
    scale = min(1.0, max_side_px / max(width, height))
    size = tuple(max(2, round(side * scale / 2) * 2) for side in (width, height))
    if size == (width, height):
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _rate(times_s: Floats) -> float:
    return float(1 / np.median(np.diff(times_s))) if len(times_s) > 1 else 25.0

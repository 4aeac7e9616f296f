"""From a file to pieces of shots at working size, and from pictures to a file.

Decoding runs once, front to back, in bounded memory. The planes of the decoder
are shrunk as they are: no conversion to RGB takes place for ordinary video.
Luma and chroma come out in full range (0 to 255), whatever the file's range.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import Any

import av
import cv2
import numpy as np

from physcheck.container import (
    Clock,
    Damage,
    Packets,
    check_file,
    has_full_range,
    nominal_step_s,
    open_container,
    planar,
    plane_of,
    video_stream,
)
from physcheck.errors import ConfigurationError, InputError, ShapeError
from physcheck.pieces import (
    PieceBuilder,
    Watcher,
    WorkingFrame,
    shrink,
    stretch_chroma,
    stretch_luma,
    working_sizes,
)
from physcheck.types import Bytes, Floats, Piece, Video

__all__ = ["ArrayReader", "VideoReader", "pieces_of_frames", "write_video"]


class VideoReader:
    """Decodes a video file once and hands out pieces of its shots.

    At most two pieces are in memory at a time: the one handed out, as long as
    the caller keeps it, and the one that is being filled.

    Attributes:
        seconds: wall time of "decode" (with shrinking) and "shots" (with repeats).
        remarks: a sentence for each oddity by which nothing is lost.
        obstacles: a sentence for each reason why nothing in the file can be judged.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        working_px: int = 640,
        max_piece_bytes: int = 220_000_000,
        max_piece_frames: int = 600,
    ) -> None:
        """Check that the path is a file; it is opened by `pieces`.

        Args:
            path: the video file.
            working_px: longer side of the working picture at most, px.
            max_piece_bytes: most memory of one piece, bytes.
            max_piece_frames: most frames of one piece.

        Raises:
            InputError: there is no such file.
        """
        self.path = Path(path)
        check_file(self.path)
        self._working_px = working_px
        self._sort = PieceBuilder(max_piece_bytes, max_piece_frames)
        self._problems: list[str] = []
        self.remarks: list[str] = []
        self.obstacles: tuple[str, ...] = ()
        self._size = (0, 0)
        self._turn = 0
        self._coded = (0, 0)
        self._number = 0
        self._clock = Clock()
        self._video: Video | None = None
        self.seconds: dict[str, float] = {"decode": 0.0, "shots": 0.0}

    @property
    def decode_seconds(self) -> float:
        """Wall time spent decoding and shrinking, s."""
        return self.seconds["decode"]

    @property
    def video(self) -> Video:
        """What is known of the file; complete once `pieces` is exhausted."""
        return self._video if self._video is not None else self._describe()

    def pieces(self, watcher: Watcher | None = None) -> Generator[Piece, None, None]:
        """Decode the file front to back, piece by piece.

        Args:
            watcher: gets most frames of a piece while the rest of it is decoded.

        Yields:
            Pieces in order; none holds frames of two shots.

        Raises:
            InputError: the file is no video, or no frame of it can be decoded.
        """
        self._sort.watcher = watcher
        source = self._frames()
        while True:
            started = perf_counter()
            frame = next(source, None)
            self.seconds["decode"] += perf_counter() - started
            if frame is None:
                break
            yield from self._sort.push(frame, self._px())
        if self._number == 0:
            raise InputError(f"{self.path}: no frame could be decoded; re-encode or replace it")
        yield from self._sort.finish()
        self._video = self._describe()

    def _describe(self) -> Video:
        self.seconds["shots"] = self._sort.shots_s
        return self._sort.video(str(self.path), *self._size, tuple(self._problems))

    def _px(self) -> Floats:
        (width, height), _ = working_sizes(*self._size, self._working_px)
        return np.array([self._size[0] / width, self._size[1] / height])

    def _frames(self) -> Iterator[WorkingFrame]:
        with open_container(self.path) as container:
            stream = video_stream(container, self.path)
            self._clock.step_s = nominal_step_s(stream)
            packets = Packets(container, stream)
            for decoded in packets.frames():
                yield self._work(decoded, packets.damage)
            if self._number:
                self._report(packets)

    def _work(self, decoded: Any, damage: Damage) -> WorkingFrame:
        """Shrink, turn upright and stamp one decoded frame."""
        time_s = self._clock.stamp(decoded.time)
        if self._number == 0:
            self._turn = round(decoded.rotation / 90) % 4
            self._coded = (decoded.width, decoded.height)
            self._size = self._coded[::-1] if self._turn % 2 else self._coded
        if not self.obstacles and (decoded.width, decoded.height) != self._coded:
            self.obstacles = (
                f"the frame size changes in mid-stream, first at frame {self._number}",
            )
        luma, chroma = self._shrunk(decoded)
        number, self._number = self._number, self._number + 1
        spoilt = damage.spoils(decoded, time_s)
        return WorkingFrame(number, time_s, luma, chroma, spoilt, damage.hole)

    def _shrunk(self, decoded: Any) -> tuple[Bytes, Bytes]:
        luma_size, chroma_size = working_sizes(*self._coded, self._working_px)
        picture = planar(decoded)
        luma = shrink(plane_of(picture.planes[0]), luma_size)
        colours = [shrink(plane_of(picture.planes[k]), chroma_size) for k in (1, 2)]
        chroma = np.asarray(cv2.merge(colours), dtype=np.uint8)
        if picture is decoded and not has_full_range(decoded):
            luma, chroma = stretch_luma(luma), stretch_chroma(chroma)
        return np.rot90(luma, self._turn), np.rot90(chroma, self._turn)

    def _report(self, packets: Packets) -> None:
        """Write down what is lost and what is odd, a sentence each."""
        # Where the size changes files were joined, which tears frames and loses nothing.
        (self.remarks if self.obstacles else self._problems).extend(packets.damage.sentences())
        whole = packets.promised(self._sort.times_s, self._clock.step_s)
        if whole:
            self._problems.append(
                f"the file ends early: {self._number} of about {whole} frames decoded"
            )
        if self._clock.n_patched:
            self.remarks.append(
                f"frames without a usable time: {self._clock.n_patched}; the steps of their "
                "neighbours were used"
            )


class ArrayReader:
    """The same as `VideoReader`, for pictures that are in memory already.

    `video.path` is the name given. Pieces are as those of a file.
    """

    def __init__(
        self,
        frames: Iterable[Bytes],
        fps: float | None = None,
        *,
        times_s: Sequence[float] | Floats | None = None,
        name: str = "<array>",
        working_px: int = 640,
        max_piece_bytes: int = 220_000_000,
        max_piece_frames: int = 600,
    ) -> None:
        """Take RGB pictures and either their rate or their times.

        Args:
            frames: (F, H, W, 3) uint8, or an iterable of (H, W, 3).
            fps: frames per second; without it `times_s` is needed.
            times_s: (F,) increasing times, s.
            name: what reports call it.
            working_px, max_piece_bytes, max_piece_frames: as for `VideoReader`.

        Raises:
            ConfigurationError: neither or both of rate and times, or a rate that
                is not positive, or times that do not increase.
        """
        if (fps is None) == (times_s is None):
            raise ConfigurationError("give either fps or times_s for frames from memory")
        if fps is not None and not fps > 0.0:
            raise ConfigurationError(f"fps must be above 0, got {fps}")
        self._times_s = None if times_s is None else np.asarray(times_s, dtype=np.float64)
        if self._times_s is not None and not (np.diff(self._times_s) > 0.0).all():
            raise ConfigurationError("times_s must increase from frame to frame")
        self._frames, self._fps, self._name = frames, fps, name
        self._working_px = working_px
        self._sort = PieceBuilder(max_piece_bytes, max_piece_frames)
        self._shape: tuple[int, ...] | None = None
        self.remarks: list[str] = []
        self.obstacles: tuple[str, ...] = ()
        self.seconds: dict[str, float] = {"decode": 0.0, "shots": 0.0}

    @property
    def decode_seconds(self) -> float:
        """Wall time spent shrinking, s."""
        return self.seconds["decode"]

    @property
    def video(self) -> Video:
        """What is known of the frames; complete once `pieces` is exhausted."""
        height, width = (0, 0) if self._shape is None else self._shape[:2]
        self.seconds["shots"] = self._sort.shots_s
        return self._sort.video(self._name, width, height, ())

    def pieces(self, watcher: Watcher | None = None) -> Generator[Piece, None, None]:
        """Go through the frames, piece by piece.

        Args:
            watcher: as for `VideoReader`.

        Raises:
            InputError: there are no frames.
            ShapeError: a frame is not (H, W, 3) uint8, or not as large as the first.
        """
        self._sort.watcher = watcher
        source = self._worked()
        while True:
            started = perf_counter()
            worked = next(source, None)
            self.seconds["decode"] += perf_counter() - started
            if worked is None:
                break
            yield from self._sort.push(*worked)
        if self._shape is None:
            raise InputError(f"{self._name}: holds no frames")
        yield from self._sort.finish()

    def _worked(self) -> Iterator[tuple[WorkingFrame, Floats]]:
        """Give each frame at working size, and px of the clip in one of its px."""
        for number, picture in enumerate(self._frames):
            yield self._work(number, picture)

    def _work(self, number: int, picture: Bytes) -> tuple[WorkingFrame, Floats]:
        picture = _checked(picture, self._shape)
        self._shape = picture.shape
        height, width = picture.shape[:2]
        luma_size, chroma_size = working_sizes(width, height, self._working_px)
        ycc = cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)
        luma = shrink(np.ascontiguousarray(ycc[..., 0]), luma_size)
        chroma = shrink(np.ascontiguousarray(ycc[..., 2:0:-1]), chroma_size)
        px = np.array([width / luma_size[0], height / luma_size[1]])
        return WorkingFrame(number, self._time(number), luma, chroma, False), px

    def _time(self, number: int) -> float:
        if self._fps is not None:
            return number / self._fps
        assert self._times_s is not None
        if number >= len(self._times_s):
            raise ShapeError(f"{self._name}: more frames than the {len(self._times_s)} times")
        return float(self._times_s[number])


def pieces_of_frames(
    frames: Iterable[Bytes],
    fps: float | None = None,
    *,
    times_s: Sequence[float] | Floats | None = None,
    working_px: int = 640,
) -> Iterator[Piece]:
    """Give the pieces of pictures in memory; see `ArrayReader`."""
    return ArrayReader(frames, fps, times_s=times_s, working_px=working_px).pieces()


def _checked(picture: Bytes, shape: tuple[int, ...] | None) -> Bytes:
    picture = np.asarray(picture)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise ShapeError(f"a frame must be (H, W, 3) uint8, got {picture.shape} {picture.dtype}")
    if shape is not None and picture.shape != shape:
        raise ShapeError(f"frames must be of one size: {shape}, then {picture.shape}")
    return np.ascontiguousarray(picture)


def write_video(
    path: str | Path,
    frames_rgb: Iterable[Bytes],
    fps: float,
    *,
    crf: int = 18,
    codec: str = "libx264",
    options: Mapping[str, str] | None = None,
    times_s: Sequence[float] | Floats | None = None,
) -> None:
    """Encode RGB pictures as yuv420p; an odd size loses its last column or row.

    Args:
        path: file to write; its suffix names the container.
        frames_rgb: pictures, (H, W, 3) uint8.
        fps: frames per second.
        crf: quality, lower is better.
        codec: name of the encoder. options: more of the encoder's own options.
        times_s: (F,) presentation times, s, in place of number / fps.

    Raises:
        ConfigurationError: there are no frames, or fps is not positive.
        ShapeError: a frame is not (H, W, 3) uint8, or not as large as the first.
    """
    pictures = iter(frames_rgb)
    first = next(pictures, None)
    if first is None or not fps > 0.0:
        raise ConfigurationError(f"{path}: a video needs at least one frame and a positive fps")
    rate = Fraction(fps).limit_denominator(60_000)
    with av.open(str(path), "w") as container:
        settings = {"crf": str(crf)} | dict(options or {})
        stream = container.add_stream(codec, rate=rate, options=settings)
        _encode(container, stream, first, pictures, rate, times_s)


def _encode(
    container: Any,
    stream: Any,
    first: Bytes,
    rest: Iterator[Bytes],
    rate: Fraction,
    times_s: Sequence[float] | Floats | None,
) -> None:
    shape = _checked(first, None).shape
    stream.height, stream.width = max(2, shape[0] // 2 * 2), max(2, shape[1] // 2 * 2)
    stream.pix_fmt = "yuv420p"
    base = 1 / rate if times_s is None else Fraction(1, 90_000)
    stream.codec_context.time_base = base
    for number, picture in enumerate(chain([first], rest)):
        even = _even(_checked(picture, shape))
        frame = av.VideoFrame.from_ndarray(even, format="rgb24")
        frame.pts = number if times_s is None else round(float(times_s[number]) / base)
        frame.time_base = base
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def _even(picture: Bytes) -> Bytes:
    """Cut to even sides; a side of 1 px is doubled."""
    if min(picture.shape[:2]) < 2:
        picture = np.repeat(np.repeat(picture, 2, axis=0), 2, axis=1)
    height, width = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
    return np.ascontiguousarray(picture[:height, :width])

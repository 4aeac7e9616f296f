"""What the container and the decoder say, made safe: packets, times, formats, errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange

from physcheck.errors import InputError
from physcheck.types import Bytes

__all__ = [
    "Clock",
    "Packets",
    "check_file",
    "has_full_range",
    "nominal_step_s",
    "open_container",
    "planar",
    "plane_of",
    "video_stream",
]

PLANAR = frozenset({"yuv420p", "yuvj420p"})
"""Formats whose planes are used as they are."""
WITH_ALPHA = ("yuva", "rgba", "bgra", "argb", "abgr", "pal8", "ya8", "ya16", "gbrap")
"""Beginnings of the names of formats with transparency."""
MAX_READ_ERRORS = 20
"""Reading stops after so many errors of the container in a row."""


def check_file(path: Path) -> None:
    """Raise InputError unless `path` is a file with something in it."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder, not a video; name the files in it")
    if not path.exists():
        raise InputError(f"{path}: no such file; check the path")
    if path.is_file() and path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty (0 bytes); write or copy it again")


def _no_index(path: Path) -> bool:
    """Tell an MP4 whose index (moov) was never written, as after a broken recording."""
    with path.open("rb") as file:
        return file.read(12)[4:8] == b"ftyp"


def open_container(path: Path) -> Any:
    """Open a video file for reading.

    Raises:
        InputError: it cannot be opened, or is no video.
    """
    try:
        return av.open(f"file:{path}", metadata_errors="replace")
    except PermissionError as error:
        raise InputError(f"{path}: may not be read; check its permissions") from error
    except (av.FFmpegError, OSError, ValueError) as error:
        if path.is_file() and _no_index(path):
            raise InputError(
                f"{path}: the MP4 has no readable index (moov), as when recording or copying "
                "was cut off; copy it again or repair it"
            ) from error
        raise InputError(f"{path}: not a video that can be read; check or re-encode it") from error


def video_stream(container: Any, path: Path) -> Any:
    """Give the first real video stream, decoding on one thread.

    One thread needs the least processor time in all, and reports damage in order.
    """
    cover = av.stream.Disposition.attached_pic
    streams = [s for s in container.streams.video if not s.disposition & cover]
    if not streams:
        held = "only audio" if container.streams.audio else "no video stream"
        raise InputError(f"{path}: has {held}; give a file with pictures")
    stream = streams[0]
    if stream.codec_context is None:
        raise InputError(f"{path}: its codec is not known here; re-encode it as H.264")
    stream.thread_type = "NONE"
    stream.codec_context.thread_count = 1
    return stream


def nominal_step_s(stream: Any) -> float:
    """Give the usual time between frames, s; 1/25 where the container does not say."""
    rate = stream.average_rate or stream.guessed_rate
    return float(1 / rate) if rate else 0.04


class Clock:
    """Makes presentation times strictly increasing."""

    def __init__(self, step_s: float = 0.04) -> None:
        self.step_s = step_s
        self.n_patched = 0
        self._last_s: float | None = None

    def stamp(self, time_s: float | None) -> float:
        """Give the time of the next frame; a missing or unordered one is replaced, s."""
        last = self._last_s
        if time_s is None or (last is not None and time_s <= last):
            self.n_patched += 1
            time_s = 0.0 if last is None else last + self.step_s
        elif last is not None:
            self.step_s = time_s - last
        self._last_s = time_s
        return time_s


class Packets:
    """Decodes a stream past damaged packets, and counts them.

    Attributes:
        n_read: packets read; n_bad: those that could not be read or decoded.
        first_bad_s: time of the first bad one, s, or None.
    """

    def __init__(self, container: Any, stream: Any) -> None:
        self._container, self._stream = container, stream
        self.n_read = 0
        self.n_bad = 0
        self.first_bad_s: float | None = None

    def frames(self) -> Iterator[Any]:
        """Yield every frame that decodes, in presentation order."""
        for packet in self._packets():
            try:
                decoded = packet.decode()
            except (av.FFmpegError, ValueError):
                self._count_bad(packet)
                continue
            yield from decoded

    def promised(self, n_frames: int, duration_s: float) -> int:
        """Give about how many frames the container promises, or 0 if it ends as promised.

        Args:
            n_frames: frames decoded.
            duration_s: from the first frame's time to the end of the last.
        """
        counted = int(self._stream.frames or 0)
        if counted:
            return counted if self.n_read < counted else 0
        whole_s = self._duration_s()
        if whole_s is None or duration_s <= 0.0 or duration_s > 0.95 * whole_s:
            return 0
        return round(n_frames * whole_s / duration_s)

    def _duration_s(self) -> float | None:
        stream = self._stream
        if stream.duration is not None:
            return float(stream.duration * stream.time_base)
        if len(self._container.streams) > 1 or not self._container.duration:
            return None
        return float(self._container.duration / av.time_base)

    def _packets(self) -> Iterator[Any]:
        n_errors = 0
        while n_errors < MAX_READ_ERRORS:
            try:
                for packet in self._container.demux(self._stream):
                    n_errors = 0
                    self.n_read += packet.size > 0
                    yield packet
                return
            except av.FFmpegError:
                n_errors += 1
                self.n_bad += 1

    def _count_bad(self, packet: Any) -> None:
        self.n_bad += 1
        stamp = packet.pts if packet.pts is not None else packet.dts
        if self.first_bad_s is None and stamp is not None and packet.time_base:
            self.first_bad_s = float(stamp * packet.time_base)


def plane_of(plane: Any) -> Bytes:
    """View a plane of 8-bit samples as (h, w)."""
    rows = np.frombuffer(plane, dtype=np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def planar(frame: Any) -> Any:
    """Give a frame as 8-bit 4:2:0; what is transparent becomes black.

    A frame that had to be converted comes out in full range.
    """
    name = str(frame.format.name)
    if name in PLANAR:
        return frame
    if name.startswith(WITH_ALPHA):
        rgba = frame.to_ndarray(format="rgba")
        solid = rgba[..., :3].astype(np.uint16) * rgba[..., 3:] // 255
        frame = av.VideoFrame.from_ndarray(solid.astype(np.uint8), format="rgb24")
    return frame.reformat(format="yuv420p", dst_color_range=ColorRange.JPEG)


def has_full_range(frame: Any) -> bool:
    return str(frame.format.name).startswith("yuvj") or int(frame.color_range) == 2

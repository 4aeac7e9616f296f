"""What the container and the decoder say, made safe: packets, times, formats, errors."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange

from physcheck.errors import InputError
from physcheck.types import Bytes

__all__ = [
    "Clock",
    "Damage",
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
HOLE_STEPS = 3.5
"""Frames are missing where a steady clip makes a step so many times the usual one."""
HOLE_S = 0.15
"""No shorter step is a hole, s."""
NEARBY = 32
"""Packets among which the one of a frame is, for they come in another order than frames."""
STEADY_STEPS = 8
"""Frame steps that must have been alike before a hole can be told from a long frame."""


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


class _Rhythm:
    """Notices frames that are missing from a clip whose frames came at a steady rate."""

    def __init__(self) -> None:
        self._last_s: float | None = None
        self._usual_s = 0.0
        self._n_steady = 0

    def n_missing(self, time_s: float, meant_s: float) -> int:
        """Give how many frames are missing before the one at `time_s`.

        Args:
            time_s: its time.
            meant_s: how long a frame lasts hereabouts by the container's word, at most;
                a frame that is meant to last leaves no hole.
        """
        last_s, self._last_s = self._last_s, time_s
        if last_s is None:
            return 0
        step_s = time_s - last_s
        if abs(step_s - self._usual_s) <= 0.1 * self._usual_s + 0.0015:
            self._n_steady += 1
            return 0
        if self._n_steady >= STEADY_STEPS and self._is_hole(step_s, meant_s):
            return round(step_s / self._usual_s) - 1
        self._usual_s, self._n_steady = step_s, 0
        return 0

    def _is_hole(self, step_s: float, meant_s: float) -> bool:
        return step_s > max(HOLE_STEPS * self._usual_s, HOLE_S, 2.0 * meant_s)


class Damage:
    """Tells which frames cannot be trusted: a loss smears until the next key frame.

    Attributes:
        hole: whether frames are missing before the one that was asked about last.
    """

    def __init__(self) -> None:
        self.hole = False
        self._rhythm = _Rhythm()
        self._meant_s: deque[float] = deque(maxlen=NEARBY)
        self._lost_s: list[float] = []
        self._smeared = False
        self._packets: list[float | None] = []
        self._spoilt_s: list[float] = []
        self._missing: list[tuple[float, int]] = []

    def take(self, packet: Any) -> None:
        """Look at a packet before it is decoded."""
        self._meant_s.append(float((packet.duration or 0) * (packet.time_base or 0)))
        if packet.is_corrupt:
            self.lose(packet, undecoded=False)

    def lose(self, packet: Any = None, *, undecoded: bool = True) -> None:
        """Remember that a packet, or something in it, is lost."""
        stamp = None if packet is None else packet.dts if packet.pts is None else packet.pts
        known = stamp is not None and packet.time_base
        time_s = float(stamp * packet.time_base) if known else None
        self._lost_s.append(time_s or 0.0)
        if undecoded:
            self._packets.append(time_s)

    def spoils(self, frame: Any, time_s: float) -> bool:
        """Whether a decoded frame, to be shown at `time_s`, cannot be trusted."""
        due = [lost_s for lost_s in self._lost_s if lost_s <= time_s]
        self._lost_s = [lost_s for lost_s in self._lost_s if lost_s > time_s]
        n_missing = self._rhythm.n_missing(time_s, max(self._meant_s, default=0.0))
        self.hole = n_missing > 0
        if self.hole:
            self._missing.append((time_s, n_missing))
        own = bool(frame.is_corrupt or time_s in due)
        before = bool(self._smeared or due or self.hole)
        # A key frame stands for itself.
        self._smeared = own or (before and not frame.key_frame)
        if self._smeared:
            self._spoilt_s.append(time_s)
        return self._smeared

    def sentences(self) -> list[str]:
        """What is lost, a sentence each."""
        said = []
        if self._packets:
            first = f" (the first at {self._packets[0]:.1f} s)" if self._packets[0] else ""
            said.append(f"{_count(len(self._packets), 'packet')} could not be decoded{first}")
        if self._missing:
            n_missing = sum(count for _, count in self._missing)
            said.append(
                f"about {_count(n_missing, 'frame')} missing before {self._missing[0][0]:.1f} s"
            )
        if self._spoilt_s:
            said.append(
                f"{_count(len(self._spoilt_s), 'frame')} damaged or built on what is lost, and not "
                f"judged (the first at {self._spoilt_s[0]:.1f} s)"
            )
        return said


class Packets:
    """Decodes a stream past damaged packets.

    Attributes:
        n_read: packets read. damage: what could not be read or decoded.
    """

    def __init__(self, container: Any, stream: Any) -> None:
        self._container, self._stream = container, stream
        self.n_read = 0
        self.damage = Damage()

    def frames(self) -> Iterator[Any]:
        """Yield every frame that decodes, in presentation order."""
        for packet in self._packets():
            self.damage.take(packet)
            try:
                decoded = packet.decode()
            except (av.FFmpegError, ValueError):
                self.damage.lose(packet)
                continue
            yield from decoded

    def promised(self, times_s: Sequence[float], step_s: float) -> int:
        """Give about how many frames the container promises, or 0 if it ends as promised.

        Args:
            times_s: times of the frames that were decoded.
            step_s: how long the last of them lasts.
        """
        counted = int(self._stream.frames or 0)
        if counted:
            return counted if self.n_read < counted else 0
        whole_s, seen_s = self._duration_s(), times_s[-1] - times_s[0] + step_s
        if whole_s is None:
            return 0
        # The last frame may be meant to last as long as any other.
        longest_s = max((b - a for a, b in pairwise(times_s)), default=step_s)
        if whole_s - seen_s < max(0.05 * whole_s, 1.5 * longest_s):
            return 0
        return round(len(times_s) * whole_s / seen_s)

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
                self.damage.lose()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


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

"""Working pictures, and how a stream of them becomes pieces of shots.

Repeats are left out, no piece holds frames of two shots, and no piece is
larger than it may be. At most two pieces are in memory: the one handed out, as
long as the caller keeps it, and the one that is being filled.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from time import perf_counter

import cv2
import numpy as np

from physcheck.errors import ConfigurationError
from physcheck.shots import LOOK_AHEAD, DoubledFrames, Finding, ShotDetector, small_picture
from physcheck.types import Bools, Bytes, Floats, Piece, Tensor, Video

__all__ = [
    "PieceBuilder",
    "Watcher",
    "WorkingFrame",
    "shot_bounds",
    "shrink",
    "stretch_chroma",
    "stretch_luma",
    "working_sizes",
]


Watcher = Callable[[Piece, int], None]
"""Gets frames of the piece that is being filled, as a piece, and the row of the first."""

_WATCHED_AT_ONCE = 8

LUMA_TABLE = np.clip((np.arange(256) - 16) * 255.0 / 219.0, 0, 255).round().astype(np.uint8)
"""Full-range luma of each limited-range one."""


def working_sizes(
    width: int, height: int, working_px: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Give (w, h) of the working picture's luma and of its chroma."""
    scale = min(1.0, working_px / max(width, height))
    luma = max(1, round(width * scale)), max(1, round(height * scale))
    return luma, (math.ceil(luma[0] / 2), math.ceil(luma[1] / 2))


def shrink(plane: Bytes, size: tuple[int, int]) -> Bytes:
    if plane.shape[1::-1] == size:
        return plane
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def stretch_luma(luma: Bytes) -> Bytes:
    """Stretch 16..235 to 0..255."""
    return np.asarray(cv2.LUT(luma, LUMA_TABLE), dtype=np.uint8)


def stretch_chroma(chroma: Bytes) -> Bytes:
    """Stretch 16..240 to 0..255 around 128."""
    scale = 255.0 / 224.0
    shifted = cv2.convertScaleAbs(chroma, alpha=scale, beta=128.0 * (1.0 - scale))
    return np.asarray(shifted, dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class WorkingFrame:
    """A frame at working size, full range: luma (h, w), chroma (h2, w2, 2).

    damaged: it cannot be trusted. after_hole: frames are missing before it.
    picture: the frame as it lies on a device, where it does; see `Piece`.
    """

    number: int
    time_s: float
    luma: Bytes
    chroma: Bytes
    damaged: bool
    after_hole: bool = False
    picture: Tensor | None = None


@dataclass(slots=True)
class _Store:
    """The frames of the piece that is being filled; `luma` and `chroma` hold its capacity."""

    luma: Bytes
    chroma: Bytes
    numbers: list[int] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)
    transition: list[bool] = field(default_factory=list)
    pictures: list[Tensor] = field(default_factory=list)
    n_watched: int = 0

    def append(self, frame: WorkingFrame) -> None:
        """Copy a frame into the next free place."""
        place = len(self.numbers)
        self.luma[place] = frame.luma
        self.chroma[place] = frame.chroma
        self.numbers.append(frame.number)
        self.times_s.append(frame.time_s)
        self.transition.append(frame.damaged)
        if frame.picture is not None:
            self.pictures.append(frame.picture)

    def tail(self, start: int) -> _Store:
        """Copy what follows place `start` into a new store of the same capacity."""
        count = len(self.numbers) - start
        rest = _Store(np.empty_like(self.luma), np.empty_like(self.chroma))
        rest.luma[:count] = self.luma[start : start + count]
        rest.chroma[:count] = self.chroma[start : start + count]
        rest.numbers = self.numbers[start:]
        rest.times_s = self.times_s[start:]
        rest.transition = self.transition[start:]
        rest.pictures = self.pictures[start:]
        rest.n_watched = max(0, self.n_watched - start)
        return rest

    def piece(self, rows: slice, px: Floats, first: bool, last: bool) -> Piece:
        """Give some frames as a piece."""
        return Piece(
            frames=np.array(self.numbers[rows], dtype=np.int64),
            times_s=np.array(self.times_s[rows], dtype=np.float64),
            luma=self.luma[rows],
            chroma=self.chroma[rows],
            transition=np.array(self.transition[rows], dtype=np.bool_),
            px=px,
            first=first,
            last=last,
            pictures=tuple(self.pictures[rows]),
        )


class PieceBuilder:
    """Sorts working frames into pieces: repeats out, one shot a piece, bounded size."""

    def __init__(self, max_bytes: int, max_frames: int) -> None:
        """Take the most bytes and frames of a piece.

        Attributes:
            watcher: gets most frames of a piece before it is full, where it is not None.
        """
        if max_bytes < 1 or max_frames < 2:
            raise ConfigurationError("a piece needs room for at least two frames")
        self._max_bytes, self._max_frames = max_bytes, max_frames
        self.watcher: Watcher | None = None
        self._px = np.ones(2)
        self._store: _Store | None = None
        self._first = True
        self._open: deque[WorkingFrame] = deque()
        self._doubles = DoubledFrames()
        self._shots = ShotDetector()
        self.times_s: list[float] = []
        self.doubled: list[bool] = []
        self.cuts: list[int] = []
        self.spans: list[tuple[int, int]] = []
        self.shots_s = 0.0

    def push(self, frame: WorkingFrame, px: Floats) -> Iterator[Piece]:
        """Take the next frame; yield the pieces that it completes."""
        self._px = px
        self.times_s.append(frame.time_s)
        if frame.damaged:
            self.spans.append((frame.number, frame.number + 1))
        self._open.append(frame)
        started = perf_counter()
        decided = self._doubles.push(frame.luma)
        self.shots_s += perf_counter() - started
        yield from self._settle(decided)

    def finish(self) -> Iterator[Piece]:
        """Yield what is left once the last frame was pushed."""
        yield from self._settle(self._doubles.finish())
        yield from self._end_shot()

    def video(self, path: str, width: int, height: int, problems: tuple[str, ...]) -> Video:
        """Describe all frames so far; `width` and `height` in px of the clip."""
        doubled = np.zeros(len(self.times_s), dtype=np.bool_)
        doubled[: len(self.doubled)] = self.doubled
        return Video(
            path=path,
            width_px=width,
            height_px=height,
            times_s=np.array(self.times_s, dtype=np.float64),
            doubled=doubled,
            transition=self.transition(),
            shots=shot_bounds(self.cuts, len(self.times_s)),
            problems=problems,
        )

    def transition(self) -> Bools:
        """Give (F,) True within a fade, a dissolve, a flash, or damage."""
        marked = np.zeros(len(self.times_s), dtype=np.bool_)
        for start, stop in self.spans:
            marked[start:stop] = True
        for number in np.flatnonzero(self.doubled):
            marked[number] |= marked[number - 1]
        return marked

    def _settle(self, decided: list[bool]) -> Iterator[Piece]:
        for doubled in decided:
            frame = self._open.popleft()
            self.doubled.append(doubled)
            if not doubled:
                yield from self._keep(frame)

    def _end_shot(self) -> Iterator[Piece]:
        """Yield all that is left of the running shot."""
        for finding in self._shots.finish():
            yield from self._apply(finding)
        if self._store is not None and self._store.numbers:
            yield self._cut_off(len(self._store.numbers), last=True)

    def _keep(self, frame: WorkingFrame) -> Iterator[Piece]:
        if frame.after_hole:
            # Nothing can be followed over a hole, so it ends the shot.
            yield from self._end_shot()
            self.cuts.append(frame.number)
            self._shots = ShotDetector()
        if self._store is None:
            self._store = self._new_store(frame)
        if len(self._store.numbers) == len(self._store.luma):
            held_back = min(ShotDetector.DELAY, len(self._store.luma) // 2)
            yield self._cut_off(len(self._store.numbers) - held_back, last=False)
        self._store.append(frame)
        started = perf_counter()
        found = self._shots.push(frame.number, small_picture(frame.luma, frame.chroma))
        self.shots_s += perf_counter() - started
        for finding in found:
            yield from self._apply(finding)
        self._show()

    def _show(self) -> None:
        """Let the watcher have frames that hardly any cut will take from the piece any more."""
        store = self._store
        if self.watcher is None or store is None:
            return
        start, stop = store.n_watched, store.n_watched + _WATCHED_AT_ONCE
        if stop + LOOK_AHEAD <= len(store.numbers):
            store.n_watched = stop
            self.watcher(store.piece(slice(start, stop), self._px, False, False), start)

    def _new_store(self, frame: WorkingFrame) -> _Store:
        each = frame.luma.nbytes + frame.chroma.nbytes
        capacity = max(2, min(self._max_frames, self._max_bytes // each))
        return _Store(
            np.empty((capacity, *frame.luma.shape), dtype=np.uint8),
            np.empty((capacity, *frame.chroma.shape), dtype=np.uint8),
        )

    def _apply(self, finding: Finding) -> Iterator[Piece]:
        store = self._store
        if store is None:
            return
        if finding.kind == "transition":
            self.spans.append((finding.start, finding.stop))
            for place, number in enumerate(store.numbers):
                store.transition[place] |= finding.start <= number < finding.stop
            return
        self.cuts.append(finding.start)
        count = sum(number < finding.start for number in store.numbers)
        if count:
            yield self._cut_off(count, last=True)
        self._first = True

    def _cut_off(self, count: int, last: bool) -> Piece:
        """Hand out the first `count` frames; what follows moves to a new store."""
        store = self._store
        assert store is not None
        self._store = store.tail(count)
        piece = store.piece(slice(count), self._px, self._first, last)
        self._first = last
        return piece


def shot_bounds(cuts: Sequence[int], n_frames: int) -> tuple[tuple[int, int], ...]:
    """Turn cuts into (start, stop) of each shot."""
    edges = [0, *sorted(set(cuts)), n_frames]
    return tuple((a, b) for a, b in pairwise(edges) if b > a)

"""A network that looks at the first frames of a piece while the next ones are decoded."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

import numpy as np

from physcheck.camera import Camera
from physcheck.detectors import Detector
from physcheck.detectors.sparse import pace, some_frames
from physcheck.types import Detections, Ints, Piece

__all__ = ["EarlyLook"]

_Part = tuple[Piece, Ints]
"""A part of a piece, and which of its frames the network is shown."""


class EarlyLook:
    """A detector that sees each frame by itself, at work ahead of the question.

    The network runs in a thread of its own, so that it and the decoder work at one time
    wherever there are two cores, or a GPU. Which frames share a batch depends on their
    numbers alone, not on who was faster. Frames wait as views of the piece that is being
    filled, which bounds the memory; no frame is looked at twice.
    """

    def __init__(
        self,
        network: Detector,
        worker: ThreadPoolExecutor,
        every: int | None = 1,
        *,
        at_once: int = 8,
    ) -> None:
        """Take a detector for one clip.

        Args:
            network: one to which neither camera nor other frames matter.
            worker: one thread, which outlives the clip: runtimes keep what they have
                prepared for each thread, and a new one would have to begin afresh.
            every: which frames will be asked for, see `frames_shown`; what is asked for
                beside them is seen when it is.
            at_once: frames that are handed to the network together; a batch, or several.
        """
        self.name = network.name
        self._network, self._every, self._at_once = network, every, at_once
        self._worker = worker
        self._pace = 1
        self._waiting: list[_Part] = []
        self._at_work: list[Future[list[tuple[int, Detections]]]] = []
        self._seen: dict[int, Detections] = {}

    @property
    def notes(self) -> Sequence[str]:
        """What the network did otherwise than asked."""
        return getattr(self._network, "notes", ())

    def watch(self, part: Piece, start: int) -> None:
        """Take frames as soon as they are decoded.

        Args:
            part: frames of a piece that is being filled.
            start: row of the first of them in that piece.
        """
        if start == 0:
            self._pace = pace(part.times_s, self._every)
        rows = np.flatnonzero((start + np.arange(len(part.frames))) % self._pace == 0)
        self._waiting.append((part, rows))
        if sum(len(some) for _, some in self._waiting) >= self._at_once:
            self._at_work.append(self._worker.submit(self._look, self._waiting))
            self._waiting = []

    def detect(self, piece: Piece, camera: Camera) -> list[Detections]:
        """Find the things in each frame; see `Detector`."""
        numbers = piece.frames.tolist()
        # What waits is part of what is asked for now; whatever is not is asked for later.
        self._waiting = []
        for done in self._at_work:
            self._seen |= done.result()
        self._at_work = []
        late = np.array([k for k, n in enumerate(numbers) if n not in self._seen], dtype=np.int64)
        if len(late):
            asked = self._worker.submit(self._network.detect, *some_frames(piece, camera, late))
            self._seen |= zip(piece.frames[late].tolist(), asked.result(), strict=True)
        answer = [self._seen[number] for number in numbers]
        self._seen = {n: one for n, one in self._seen.items() if n > numbers[-1]}
        return answer

    def close(self) -> None:
        """Give up what nobody asked for, once the thread is through with what it does now."""
        for asked in self._at_work:
            asked.cancel()
        wait(self._at_work)
        self._at_work = []

    def _look(self, parts: Sequence[_Part]) -> list[tuple[int, Detections]]:
        piece = _joined(parts)
        n = len(piece.frames)
        unknown = Camera("still", np.tile(np.eye(3), (n, 1, 1)), np.zeros(n, dtype=np.bool_))
        return list(zip(piece.frames.tolist(), self._network.detect(piece, unknown), strict=True))


def _joined(parts: Sequence[_Part]) -> Piece:
    """The frames to be shown of some parts, as one piece."""
    first = parts[0][0]

    def column(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name)[rows] for part, rows in parts])

    return Piece(
        frames=column("frames"),
        times_s=column("times_s"),
        luma=column("luma"),
        chroma=column("chroma"),
        transition=column("transition"),
        px=first.px,
        pictures=tuple(part.pictures[k] for part, rows in parts for k in rows if part.pictures),
    )

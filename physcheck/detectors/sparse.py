"""A model that is shown only some frames of a piece, because each costs much on a CPU."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from physcheck.camera import Camera
from physcheck.detectors import Detector
from physcheck.detectors.motion import nothing
from physcheck.types import Bools, Detections, Floats, Ints, Piece

__all__ = ["frames_shown", "look_at_some", "pace", "some_frames", "stride"]

_EVERY, _LONGEST_S = 4, 0.14
"""Where nobody says how often: every fourth frame, but no longer than this without a look."""
_AT_ONCE = 48
"""Frames that are copied for the model at a time."""


def frames_shown(piece: Piece, camera: Camera, every: int | None) -> Bools:
    """Which frames of a piece the model is shown: the first and the last among them.

    Args:
        piece: n frames. camera: both sides of a step that it could not measure are shown.
        every: the model sees every so many frames; None for what costs little and loses
            nothing, which depends on the time between frames.

    Returns:
        (n,) True where shown.
    """
    shown = np.zeros(len(piece.frames), dtype=bool)
    shown[:: pace(piece.times_s, every)] = True
    shown[-1:] = True
    return np.asarray(shown | camera.lost | np.append(camera.lost[1:], False))


def pace(times_s: Floats, every: int | None) -> int:
    """The number that `every` stands for, see `frames_shown`, where frames have such times."""
    if every is not None:
        return every
    step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else _LONGEST_S
    return max(1, min(_EVERY, int(_LONGEST_S / step_s)))


def stride(shown: Bools) -> int:
    """Frames from one look to the next, where they are farthest apart."""
    return int(np.diff(np.flatnonzero(shown)).max(initial=1))


def look_at_some(
    model: Detector, piece: Piece, camera: Camera, shown: Bools
) -> Sequence[Detections]:
    """What a model sees in some frames of a piece.

    Args:
        shown: (n,) which frames.

    Returns:
        n detections, empty where the model was not asked.
    """
    if shown.all():
        return model.detect(piece, camera)
    found = [nothing() for _ in range(len(shown))]
    rows = np.flatnonzero(shown)
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        seen = model.detect(*some_frames(piece, camera, some))
        for row, one in zip(some.tolist(), seen, strict=True):
            found[row] = one
    return found


def some_frames(piece: Piece, camera: Camera, rows: Ints) -> tuple[Piece, Camera]:
    """A copy of some frames of a piece, and how the picture moves in them."""
    some = Piece(
        frames=piece.frames[rows],
        times_s=piece.times_s[rows],
        luma=piece.luma[rows],
        chroma=piece.chroma[rows],
        transition=piece.transition[rows],
        px=piece.px,
        first=piece.first and bool(rows[0] == 0),
        last=piece.last and bool(rows[-1] == len(piece.frames) - 1),
        pictures=tuple(piece.pictures[row] for row in rows.tolist()) if piece.pictures else (),
    )
    return some, Camera(camera.kind, camera.to_reference[rows], camera.lost[rows])

"""A model that sees what a test says, and where in a picture a drawn thing is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from drawn_pieces import Way

from physcheck import boxes as geometry
from physcheck.camera import Camera
from physcheck.detectors.motion import nothing
from physcheck.types import Detections, Piece

Seen = tuple[str, tuple[float, float, float, float], float]
"""Word, box xyxy px, score."""


class ScriptedModel:
    """A model that sees what the test says; shown: the frames that it was asked for."""

    name = "scripted"

    def __init__(self, script: Callable[[int], Sequence[Seen]]) -> None:
        self.script = script
        self.shown: list[int] = []

    def detect(self, piece: Piece, camera: Camera) -> list[Detections]:
        self.shown += piece.frames.tolist()
        return [seen_as(self.script(k)) for k in piece.frames.tolist()]


def seen_as(things: Sequence[Seen]) -> Detections:
    if not things:
        return nothing()
    return Detections(
        boxes=np.array([box for _, box, _ in things], dtype=np.float64),
        scores=np.array([score for _, _, score in things]),
        labels=np.array([word for word, _, _ in things]),
        noise_px=np.full((len(things), 4), 1.0),
    )


def box_at(way: Way, k: int, grow: float = 1.0) -> tuple[float, float, float, float]:
    place = way(k)
    assert place is not None
    x, y, size = place
    half = size * grow / 2
    return x - half, y - half, x + half, y + half


def on(way: Way, found: Detections, k: int, least: float = 0.5) -> list[int]:
    """Rows of the detections that are the thing on its way at frame k."""
    overlap = geometry.iou(np.array([box_at(way, k)]), found.boxes)[0]
    return np.flatnonzero(overlap > least).tolist()

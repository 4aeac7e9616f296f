"""The way from pixels to tracks, for tests that look at one stage of it."""

from __future__ import annotations

from dataclasses import dataclass

from physcheck.camera import Camera, estimate_camera
from physcheck.detectors.motion import MotionDetector
from physcheck.explain import explain
from physcheck.kalman import Backend
from physcheck.tracking import track
from physcheck.types import Detections, Piece, Track

__all__ = ["Followed", "explained", "follow"]


@dataclass(frozen=True)
class Followed:
    """A piece and what was made of it."""

    piece: Piece
    camera: Camera
    detections: list[Detections]
    tracks: list[Track]

    @property
    def size_px(self) -> tuple[int, int]:
        h, w = self.piece.luma.shape[1:]
        return round(w * self.piece.px[0]), round(h * self.piece.px[1])


def follow(piece: Piece, backend: Backend = "numpy") -> Followed:
    """Camera, detections and tracks of a piece, not yet explained."""
    camera = estimate_camera(piece.luma)
    detections = MotionDetector().detect(piece, camera)
    bare = Followed(piece, camera, detections, [])
    tracks = track(piece, camera, detections, bare.size_px, backend=backend)
    return Followed(piece, camera, detections, tracks)


def explained(piece: Piece) -> list[Track]:
    """The tracks of a piece, explained."""
    seen = follow(piece)
    return explain(piece, seen.camera, seen.detections, seen.tracks, seen.size_px)

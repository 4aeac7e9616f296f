"""Sight without weights: things that differ from the background of the whole shot.

Class-agnostic. A still camera is served by a clean plate learned from all of
the shot; a camera that merely shakes is aligned first; under a moving camera
the plate is the median of a few aligned neighbours of each frame.

Blind to: a thing that never changes throughout the shot; a thing that looks
like what is behind it; things smaller than about 5 px of the working picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from physcheck.camera import Camera, unstabilise
from physcheck.detectors.blobs import Blobs, find_blobs
from physcheck.detectors.near_plate import NearPlate, near_limits, warp
from physcheck.detectors.plate import Thresholds, learn_plate, level
from physcheck.detectors.view import View
from physcheck.detectors.winnowing import winnow
from physcheck.types import Bytes, Detections, Floats, Labels, Piece

__all__ = ["MotionDetector"]

_STILL_EDGE_PX = 0.15
_SHAKY_EDGE_PX = 0.5


class MotionDetector:
    """Finds what moves or what is there at one time and not at another."""

    name = "motion"

    def detect(self, piece: Piece, camera: Camera) -> list[Detections]:
        """Find the things in each frame; see `Detector`."""
        moving = camera.kind == "moving"
        seen = (_under_moving_camera if moving else _under_still_camera)(piece, camera)
        return winnow(list(seen), piece, camera)


def _under_still_camera(piece: Piece, camera: Camera) -> Iterator[Detections]:
    aligned = camera.kind == "shaky"
    luma, chroma = _align(piece, camera) if aligned else (piece.luma, piece.chroma)
    plate = learn_plate(luma, chroma, _SHAKY_EDGE_PX if aligned else _STILL_EDGE_PX)
    for k in range(len(luma)):
        gain = level(luma[k], plate.luma)
        lit = plate.luma if gain == 1.0 else cv2.convertScaleAbs(plate.luma, alpha=gain)
        seen = _see(View(luma[k], chroma[k], lit, plate.chroma), plate.limits)
        yield seen.detections(piece, camera if aligned else None, k)


def _under_moving_camera(piece: Piece, camera: Camera) -> Iterator[Detections]:
    near = None
    for k in range(len(piece.frames)):
        if near is None or k >= near.stop:
            near = NearPlate.of(piece, camera, k)
        if near.is_vague(camera, k):
            yield nothing()
            continue
        plate_y, plate_c = near.seen_from(piece, camera, k)
        view = View(piece.luma[k], piece.chroma[k], plate_y, plate_c, range_px=5)
        yield _see(view, near_limits(plate_y, plate_c)).detections(piece, None, k)


def _see(view: View, limits: Thresholds) -> _Seen:
    blobs = find_blobs(view.masks(limits), view.differences)
    return _Seen(blobs, view.scores(blobs), view.features(blobs), view.luma.shape)


def nothing() -> Detections:
    """No detections at all."""
    return Detections(np.zeros((0, 4)), np.zeros(0), np.zeros(0, dtype=np.str_), np.zeros((0, 4)))


def _align(piece: Piece, camera: Camera) -> tuple[Bytes, Bytes]:
    """Bring all frames of a shaky piece to the first frame's view."""
    luma, chroma = np.empty_like(piece.luma), np.empty_like(piece.chroma)
    for k, matrix in enumerate(camera.to_reference):
        view = piece.luma[k], piece.chroma[k]
        luma[k], chroma[k] = warp(view, matrix)
    return luma, chroma


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """N blobs of one frame on their way to `Detections`.

    scores: (N,). features: (N, 4). shape: h, w of the working picture.
    """

    blobs: Blobs
    scores: Floats
    features: Floats
    shape: tuple[int, ...]

    def detections(self, piece: Piece, camera: Camera | None, k: int) -> Detections:
        """Boxes in px of the clip; `camera` where the blobs lie in the reference view."""
        if not len(self.blobs):
            return nothing()
        boxes = np.asarray(self.blobs.corners * np.tile(piece.px, 2), dtype=np.float64)
        if camera is not None:
            boxes = unstabilise(boxes, camera, k, piece.px)
        return Detections(
            boxes=boxes,
            scores=self.scores,
            labels=np.full(len(boxes), "", dtype=np.str_),
            noise_px=self._noise(boxes, piece.px),
            masks=self._mask() if camera is None else None,
            features=self.features,
        )

    def _mask(self) -> Labels:
        picture = np.zeros(self.shape, dtype=np.min_scalar_type(len(self.blobs)))
        pixels = self.blobs.pixels
        picture.ravel()[pixels.places] = pixels.owners + 1
        return picture

    def _noise(self, boxes: Floats, px: Floats) -> Floats:
        """First guess, px: half a working px and a part of the size, more for faint blobs."""
        sides = boxes[:, 2:] - boxes[:, :2]
        faint = 1 + 12 / self.blobs.strength[:, None]
        middle = (0.4 * px + 0.02 * sides) * faint
        return np.concatenate([middle, 1.5 * middle], axis=1)

"""Sight without weights: things that differ from the background of the whole shot.

Class-agnostic. A still camera is served by a clean plate learned from all of
the shot; a camera that merely shakes is aligned first; under a moving camera
the plate is the median of a few aligned neighbours of each frame.

Blind to: a thing that never changes throughout the shot; a thing that looks
like what is behind it; things smaller than about 5 px of the working picture.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from physcheck.camera import Camera, unstabilise
from physcheck.detectors.blobs import Blob, find_blobs
from physcheck.detectors.plate import Thresholds, gradient, learn_plate, level, thresholds
from physcheck.detectors.view import View
from physcheck.types import Bytes, Detections, Floats, Labels, Piece

__all__ = ["MotionDetector"]

_STILL_EDGE_PX = 0.15
_SHAKY_EDGE_PX = 0.5
_OFFSETS = (-14, -9, -5, 5, 9, 14)
"""Frames before and after whose aligned median is the plate under a moving camera."""
_MOVING_NOISE = 4.0


class MotionDetector:
    """Finds what moves or what is there at one time and not at another."""

    name = "motion"

    def detect(self, piece: Piece, camera: Camera) -> list[Detections]:
        """Find the things in each frame; see `Detector`."""
        if camera.kind == "moving":
            return list(_under_moving_camera(piece, camera))
        return list(_under_still_camera(piece, camera))


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
    for k in range(len(piece.frames)):
        neighbours = _neighbours(k, len(piece.frames))
        if len(neighbours) < 3 or camera.lost[max(0, k - 2) : k + 3].any():
            yield nothing()
            continue
        plate_y, plate_c = _local_plate(piece, camera, k, neighbours)
        view = View(piece.luma[k], piece.chroma[k], plate_y, plate_c, range_px=5)
        sigma_y = _MOVING_NOISE + 0.5 * gradient(plate_y.astype(np.float32))
        limits = thresholds(sigma_y, np.full(plate_c.shape[:2], _MOVING_NOISE))
        yield _see(view, limits).detections(piece, None, k)


def _see(view: View, limits: Thresholds) -> _Seen:
    blobs = find_blobs(view.masks(limits), view.differences)
    return _Seen(blobs, view.scores(blobs), [view.features(blob) for blob in blobs])


def nothing() -> Detections:
    """No detections at all."""
    return Detections(np.zeros((0, 4)), np.zeros(0), np.zeros(0, dtype=np.str_), np.zeros((0, 4)))


def _align(piece: Piece, camera: Camera) -> tuple[Bytes, Bytes]:
    """Bring all frames of a shaky piece to the first frame's view."""
    luma, chroma = np.empty_like(piece.luma), np.empty_like(piece.chroma)
    h, w = luma.shape[1:]
    for k, matrix in enumerate(camera.to_reference):
        luma[k] = cv2.warpPerspective(
            piece.luma[k], matrix, (w, h), borderMode=cv2.BORDER_REPLICATE
        )
        chroma[k] = cv2.warpPerspective(
            piece.chroma[k], _halved(matrix), chroma.shape[2:0:-1], borderMode=cv2.BORDER_REPLICATE
        )
    return luma, chroma


def _halved(matrix: Floats) -> Floats:
    """The same homography between pictures of half the size."""
    scale = np.diag([0.5, 0.5, 1.0])
    return np.asarray(scale @ matrix @ np.linalg.inv(scale))


def _neighbours(k: int, n: int) -> list[int]:
    near = sorted({min(max(k + offset, 0), n - 1) for offset in _OFFSETS})
    return [j for j in near if abs(j - k) >= 3]


def _local_plate(
    piece: Piece, camera: Camera, k: int, neighbours: list[int]
) -> tuple[Bytes, Bytes]:
    """Median of the neighbours, brought to frame k's view."""
    h, w = piece.luma.shape[1:]
    luma, chroma = [], []
    for j in neighbours:
        matrix = camera.between(j, k)
        there = cv2.warpPerspective(piece.luma[j], matrix, (w, h), borderMode=cv2.BORDER_REPLICATE)
        luma.append(there)
        chroma.append(
            cv2.warpPerspective(
                piece.chroma[j],
                _halved(matrix),
                piece.chroma.shape[2:0:-1],
                borderMode=cv2.BORDER_REPLICATE,
            )
        )
    return _quick_median(luma), _quick_median(chroma)


def _quick_median(stack: list[Bytes]) -> Bytes:
    """Median of a few pictures by exchanging neighbours in place (odd-even sort)."""
    rows = list(stack)
    for turn in range(len(rows)):
        for i in range(turn % 2, len(rows) - 1, 2):
            rows[i], rows[i + 1] = (
                np.minimum(rows[i], rows[i + 1]),
                np.maximum(rows[i], rows[i + 1]),
            )
    middle = len(rows) // 2
    if len(rows) % 2:
        return rows[middle]
    return np.asarray(cv2.addWeighted(rows[middle - 1], 0.5, rows[middle], 0.5, 0))


class _Seen:
    """Blobs of one frame on their way to `Detections`."""

    def __init__(self, blobs: list[Blob], scores: list[float], features: list[Floats]) -> None:
        self.blobs = blobs
        self.scores = scores
        self.features = features

    def detections(self, piece: Piece, camera: Camera | None, k: int) -> Detections:
        """Boxes in px of the clip; `camera` where the blobs lie in the reference view."""
        if not self.blobs:
            return nothing()
        corners = np.array(
            [(b.box[0], b.box[1], b.box[0] + b.box[2], b.box[1] + b.box[3]) for b in self.blobs],
            dtype=np.float64,
        )
        boxes = corners * np.tile(piece.px, 2)
        if camera is not None:
            boxes = unstabilise(boxes, camera, k, piece.px)
        return Detections(
            boxes=boxes,
            scores=np.array(self.scores),
            labels=np.full(len(boxes), "", dtype=np.str_),
            noise_px=self._noise(boxes, piece.px),
            masks=self._mask(piece.luma.shape[1:]) if camera is None else None,
            features=np.array(self.features),
        )

    def _mask(self, shape: tuple[int, ...]) -> Labels:
        picture = np.zeros((shape[0], shape[1]), dtype=np.min_scalar_type(len(self.blobs)))
        for row, blob in enumerate(self.blobs):
            x, y, w, h = blob.box
            picture[y : y + h, x : x + w][blob.mask > 0] = row + 1
        return picture

    def _noise(self, boxes: Floats, px: Floats) -> Floats:
        """First guess, px: half a working px and a part of the size, more for faint blobs."""
        w, h = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
        faint = 1 + 12 / np.array([blob.strength for blob in self.blobs])
        x, y = (0.4 * px[0] + 0.02 * w) * faint, (0.4 * px[1] + 0.02 * h) * faint
        return np.stack([x, y, 1.5 * x, 1.5 * y], axis=1)

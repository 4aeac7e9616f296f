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
from physcheck.detectors.plate import Plate, gradient, learn_plate, level
from physcheck.types import Bytes, Detections, Floats, Piece

__all__ = ["MotionDetector"]

_STILL_EDGE_PX = 0.15
_SHAKY_EDGE_PX = 0.5
_OFFSETS = (-14, -9, -5, 5, 9, 14)
"""Frames before and after whose aligned median is the plate under a moving camera."""
_MOVING_NOISE = 4.0
_SAME_TEXTURE = 0.7
_WEAK = 0.3
"""Score of what is probably light or shadow: it may prolong a track, not begin one."""
_LIGHT = 0.6
"""Score of what light alone could explain, and a grey thing too."""
_SHADE = 0.5
"""Darker by one factor: a shadow if a thing is beside it, else a dark thing."""
_LIGHT_WEIGHT = 0.4
_SAME_COLOUR = 4.0
_FLAT = 3.0
"""Grey levels; a patch with less spread has no texture to compare."""


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
        view = _View(luma[k], chroma[k], plate.luma * np.float32(gain), plate.chroma)
        boxes = view.describe(find_blobs(*view.against(plate)))
        yield boxes.detections(piece, camera if aligned else None, k)


def _under_moving_camera(piece: Piece, camera: Camera) -> Iterator[Detections]:
    for k in range(len(piece.frames)):
        neighbours = _neighbours(k, len(piece.frames))
        if len(neighbours) < 3 or camera.lost[max(0, k - 2) : k + 3].any():
            yield nothing()
            continue
        local = _local_plate(piece, camera, k, neighbours)
        view = _View(piece.luma[k], piece.chroma[k], local[0], local[1])
        seen = view.describe(find_blobs(*view.against_range()), shifts=True)
        yield seen.detections(piece, None, k)


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
) -> tuple[Floats, Floats]:
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


def _quick_median(stack: list[Bytes]) -> Floats:
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
        return rows[middle].astype(np.float32)
    return np.asarray(cv2.addWeighted(rows[middle - 1], 0.5, rows[middle], 0.5, 0), np.float32)


class _View:
    """One frame beside the plate of what should be there."""

    def __init__(self, luma: Bytes, chroma: Bytes, plate_y: Floats, plate_c: Floats) -> None:
        self.luma = luma
        self.chroma = chroma
        self.plate_y = plate_y
        self.plate_c = plate_c
        self.light = np.zeros(luma.shape, dtype=np.uint8)

    def against(self, plate: Plate) -> tuple[Floats, Floats, Floats]:
        """Difference to the plate: standard deviations, grey levels, contrast for outlines."""
        dy = np.abs(self.luma - self.plate_y)
        dc = np.abs(self.chroma - self.plate_c).max(axis=2)
        z = cv2.blur(dy * plate.inverse_sigma, (3, 3))
        return self._merge(z, dc * plate.inverse_sigma_chroma, dy, dc)

    def against_range(self) -> tuple[Floats, Floats, Floats]:
        """The same against the plate's 5 x 5 neighbourhood's range, for a moving camera."""
        luma = self.luma.astype(np.float32)
        dy = _outside(luma, self.plate_y, 5)
        dc = np.maximum(*(_outside(c.astype(np.float32), p, 3) for c, p in self._channels()))
        z = cv2.blur(dy, (3, 3)) / (_MOVING_NOISE + 0.5 * gradient(self.plate_y))
        return self._merge(z, dc / _MOVING_NOISE, dy, dc)

    def _channels(self) -> Iterator[tuple[Bytes, Floats]]:
        for c in range(2):
            yield self.chroma[..., c], self.plate_c[..., c]

    def _merge(
        self, z: Floats, z_c: Floats, dy: Floats, dc: Floats
    ) -> tuple[Floats, Floats, Floats]:
        size = (z.shape[1], z.shape[0])
        z_wide = cv2.resize(z_c, size, interpolation=cv2.INTER_LINEAR)
        dc_wide = cv2.resize(dc, size, interpolation=cv2.INTER_LINEAR)
        self.light = cv2.resize(self._light_alone(), size, interpolation=cv2.INTER_NEAREST)
        contrast = np.where(self.light, np.float32(_LIGHT_WEIGHT) * dy, dy) + 2 * dc_wide
        return np.maximum(z, z_wide), dy + dc_wide, contrast

    def _light_alone(self) -> Bytes:
        """(h2, w2) 1 where a change of light would do: same colour, brighter or darker."""
        size = self.plate_c.shape[1::-1]
        here = cv2.resize(self.luma, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        there = cv2.resize(self.plate_y, size, interpolation=cv2.INTER_AREA)
        ratio = here / np.maximum(there, 4)
        offset = np.float32(128)
        colour = np.abs((self.chroma - offset) - (self.plate_c - offset) * ratio[..., None])
        return ((colour.max(axis=2) < _SAME_COLOUR) & (ratio > 0.35) & (ratio < 2.5)).astype(
            np.uint8
        )

    def describe(self, blobs: list[Blob], *, shifts: bool = False) -> _Seen:
        """Score each blob: 1 for a thing, less for light, shadow or a mere shift."""
        scores = [self._score(blob, shifts) for blob in blobs]
        scores = [
            _WEAK if score == _SHADE and _beside(blob, blobs, scores) else max(score, _WEAK)
            for blob, score in zip(blobs, scores, strict=True)
        ]
        scores = [_LIGHT if score == _SHADE else score for score in scores]
        features = [self._features(blob) for blob in blobs]
        return _Seen(blobs, scores, features)

    def _score(self, blob: Blob, shifts: bool) -> float:
        x, y, w, h = blob.box
        inside = blob.mask > 0
        here = self.luma[y : y + h, x : x + w][inside].astype(np.float32)
        there = self.plate_y[y : y + h, x : x + w][inside]
        if _correlation(here, there) > _SAME_TEXTURE:
            return _WEAK
        if shifts and self._is_shift(blob):
            return _WEAK
        if self._is_shadow(blob, here, there):
            return _SHADE
        return _LIGHT if np.mean(self.light[y : y + h, x : x + w][inside]) > 0.85 else 1.0

    def _is_shadow(self, blob: Blob, here: Floats, there: Floats) -> bool:
        """Darker by one factor, with the colour kept."""
        ratio = here / np.maximum(there, 1)
        if np.mean(ratio < 1) < 0.9 or ratio.std() > 0.12 or ratio.mean() < 0.35:
            return False
        x, y, w, h = (value // 2 for value in blob.box)
        part = np.s_[y : y + max(h, 1), x : x + max(w, 1)]
        colour = (self.chroma[part] - 128.0) - (self.plate_c[part] - 128.0) * float(ratio.mean())
        return bool(np.abs(colour).mean() < 3.0)

    def _is_shift(self, blob: Blob) -> bool:
        """The patch is found in the plate a few px away: parallax, not a thing."""
        x, y, w, h = blob.box
        patch = self.luma[y : y + h, x : x + w]
        reach = 8
        room = self.plate_y[max(y - reach, 0) : y + h + reach, max(x - reach, 0) : x + w + reach]
        if patch.std() < _FLAT or w * h > 0.1 * self.luma.size:
            return False
        match = cv2.matchTemplate(room.astype(np.uint8), patch, cv2.TM_SQDIFF)
        own = float(np.sum((patch - self.plate_y[y : y + h, x : x + w]) ** 2))
        return bool(match.min() < 0.35 * own)

    def _features(self, blob: Blob) -> Floats:
        """Mean Y, U, V and spread of Y within the blob, grey levels."""
        x, y, w, h = blob.box
        part = self.luma[y : y + h, x : x + w][blob.mask > 0]
        half = cv2.resize(blob.mask, ((w + 1) // 2, (h + 1) // 2), interpolation=cv2.INTER_NEAREST)
        colour = self.chroma[y // 2 : y // 2 + half.shape[0], x // 2 : x // 2 + half.shape[1]]
        inside = half[: colour.shape[0], : colour.shape[1]] > 0
        uv = colour[inside].mean(axis=0) if inside.any() else np.array([128.0, 128.0])
        return np.array([part.mean(), uv[0], uv[1], part.std()])


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

    def _mask(self, shape: tuple[int, ...]) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
        picture = np.zeros((shape[0], shape[1]), dtype=np.int32)
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


def _beside(blob: Blob, blobs: list[Blob], scores: list[float]) -> bool:
    """Whether a sure thing is within the blob's own size."""
    x, y, w, h = blob.box
    reach = max(w, h)
    for other, score in zip(blobs, scores, strict=True):
        ox, oy, ow, oh = other.box
        apart = max(ox - x - w, x - ox - ow, oy - y - h, y - oy - oh)
        if other is not blob and score == 1.0 and apart < reach:
            return True
    return False


def _outside(image: Floats, plate: Floats, size: int) -> Floats:
    box = np.ones((size, size), np.uint8)
    return np.asarray(
        np.maximum(0, np.maximum(image - cv2.dilate(plate, box), cv2.erode(plate, box) - image))
    )


def _correlation(a: Floats, b: Floats) -> float:
    """Correlation of two sets of values, 0 where either is flat."""
    spread = float(a.std()), float(b.std())
    if min(spread) < _FLAT:
        return 0.0
    return float(np.mean((a - a.mean()) * (b - b.mean())) / (spread[0] * spread[1]))

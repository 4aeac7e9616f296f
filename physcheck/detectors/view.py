"""One frame beside the plate of what should be there: where and how they differ.

What concerns the whole picture is done in 8 bits; what concerns one blob is done
in floats, in the blob's own box.
"""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

from physcheck.detectors.appearance import look_within
from physcheck.detectors.blobs import Blob, Grey, Masks
from physcheck.detectors.plate import Thresholds
from physcheck.types import Bytes, Floats

__all__ = ["View"]

_SAME_TEXTURE = 0.7
_WEAK = 0.3
"""Score of what is probably light or shadow: it may prolong a track, not begin one."""
_SHADE = 0.5
"""Darker by one factor: a shadow if a thing is beside it, else a dark thing."""
_LIGHT = 0.6
"""Score of what light alone could explain, and a grey thing too."""
_LIGHT_WEIGHT = 0.4
_SAME_COLOUR = 3.999
_LIGHT_RATIOS = (0.3501, 2.4999)
"""By how much light may darken or brighten."""
_FLAT = 3.0
"""Grey levels; a patch with less spread has no texture to compare."""
_REACH_PX = 8
_SEED_GREY = 8


class View:
    """Differences between a frame and its plate.

    luma, plate_y: (h, w). chroma, plate_c: (h2, w2, 2), all 8-bit.
    range_px: the plate's neighbourhood within which a pixel may find its like; 1 for
        the very pixel, 5 where edges may be off by two px.
    """

    def __init__(
        self, luma: Bytes, chroma: Bytes, plate_y: Bytes, plate_c: Bytes, range_px: int = 1
    ) -> None:
        self.luma, self.chroma = luma, chroma
        self.plate_y, self.plate_c = plate_y, plate_c
        self.shifts = range_px > 1
        if self.shifts:
            box = np.ones((range_px, range_px), np.uint8)
            small = np.ones((3, 3), np.uint8)
            self.bounds_y = cv2.erode(plate_y, box), cv2.dilate(plate_y, box)
            self.bounds_c = cv2.erode(plate_c, small), cv2.dilate(plate_c, small)
        else:
            self.bounds_y, self.bounds_c = (plate_y, plate_y), (plate_c, plate_c)
        self.dy = _outside(luma, *self.bounds_y)
        both = _outside(chroma, *self.bounds_c)
        self.dc = cv2.max(both[..., 0], both[..., 1])

    def masks(self, limits: Thresholds) -> Masks:
        """Where the frame differs enough to belong to a thing, and to be one."""
        size = (self.luma.shape[1], self.luma.shape[0])
        smooth = cv2.blur(self.dy, (3, 3))
        grow = cv2.compare(smooth, limits.grow_y, cv2.CMP_GT)
        seed = cv2.compare(smooth, limits.seed_y, cv2.CMP_GT)
        cv2.bitwise_and(seed, cv2.compare(self.dy, _SEED_GREY, cv2.CMP_GT), dst=seed)
        for limit, mask in ((limits.grow_c, grow), (limits.seed_c, seed)):
            colour = cv2.compare(self.dc, limit, cv2.CMP_GT)
            wide = cv2.resize(colour, size, interpolation=cv2.INTER_NEAREST)
            cv2.bitwise_or(mask, wide, dst=mask)
        return Masks(grow, seed)

    def differences(self, x: int, y: int, w: int, h: int) -> tuple[Grey, Grey]:
        """Grey level difference and contrast for outlines in a box, (h, w) each.

        The contrast counts less where light alone may have changed.
        """
        dy = self.dy[y : y + h, x : x + w].astype(np.float32)
        dc = _widened(self.dc, x, y, w, h).astype(np.float32)
        light = self.light[y : y + h, x : x + w]
        return dy + dc, np.where(light, np.float32(_LIGHT_WEIGHT) * dy, dy) + 2 * dc

    @cached_property
    def light(self) -> Bytes:
        """(h, w) 1 where a change of light would do: same colour, brighter or darker."""
        h, w = self.chroma.shape[:2]
        here = cv2.resize(self.luma, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32)
        there = cv2.resize(self.plate_y, (w, h), interpolation=cv2.INTER_AREA)
        ratio = cv2.divide(here, cv2.max(there, 4.0).astype(np.float32))
        like = cv2.inRange(ratio, *_LIGHT_RATIOS)
        offset = (128.0, 128.0, 0.0, 0.0)
        colour = cv2.subtract(self.chroma, offset, dtype=cv2.CV_32F)
        usual = cv2.subtract(self.plate_c, offset, dtype=cv2.CV_32F)
        usual = cv2.multiply(usual, cv2.merge([ratio, ratio]))
        change = cv2.absdiff(colour, usual)
        cv2.bitwise_and(like, cv2.inRange(change, (0.0, 0.0), (_SAME_COLOUR,) * 2), dst=like)
        size = (self.luma.shape[1], self.luma.shape[0])
        return np.asarray(cv2.resize(like, size, interpolation=cv2.INTER_NEAREST) & 1)

    def scores(self, blobs: list[Blob]) -> list[float]:
        """1 for a thing, less for what may be light, shadow or a mere shift."""
        first = [self._score(blob) for blob in blobs]
        return [
            score if score != _SHADE else (_WEAK if _beside(blob, blobs, first) else _LIGHT)
            for blob, score in zip(blobs, first, strict=True)
        ]

    def _score(self, blob: Blob) -> float:
        x, y, w, h = blob.box
        inside = blob.mask > 0
        here = self.luma[y : y + h, x : x + w][inside].astype(np.float32)
        there = self.plate_y[y : y + h, x : x + w][inside].astype(np.float32)
        if _correlation(here, there) > _SAME_TEXTURE:
            return _WEAK
        if self.shifts and self._is_shift(blob):
            return _WEAK
        if self._is_shadow(blob, here, there):
            return _SHADE
        return _LIGHT if np.mean(self.light[y : y + h, x : x + w][inside]) > 0.85 else 1.0

    def _is_shadow(self, blob: Blob, here: Grey, there: Grey) -> bool:
        """Darker by one factor, with the colour kept."""
        ratio = here / np.maximum(there, 1)
        mean = float(ratio.mean())
        if np.mean(ratio < 1) < 0.9 or ratio.std() > 0.12 or mean < 0.35:
            return False
        x, y, w, h = (value // 2 for value in blob.box)
        part = np.s_[y : y + max(h, 1), x : x + max(w, 1)]
        offset = np.float32(128)
        colour = (self.chroma[part] - offset) - (self.plate_c[part] - offset) * np.float32(mean)
        return bool(np.abs(colour).mean() < 3.0)

    def _is_shift(self, blob: Blob) -> bool:
        """The patch is found in the plate a few px away: parallax, not a thing."""
        x, y, w, h = blob.box
        patch = self.luma[y : y + h, x : x + w]
        top, left = max(y - _REACH_PX, 0), max(x - _REACH_PX, 0)
        room = self.plate_y[top : y + h + _REACH_PX, left : x + w + _REACH_PX]
        if patch.std() < _FLAT or w * h > 0.1 * self.luma.size:
            return False
        match = cv2.matchTemplate(room, patch, cv2.TM_SQDIFF)
        there = self.plate_y[y : y + h, x : x + w].astype(np.float32)
        own = float(np.sum((patch - there) ** 2))
        return bool(match.min() < 0.35 * own)

    def features(self, blob: Blob) -> Floats:
        """Mean Y, U, V and spread of Y within the blob, (4,) grey levels."""
        return look_within(self.luma, self.chroma, blob)


def _outside(image: Bytes, low: Bytes, high: Bytes) -> Bytes:
    """By how much an image is above or below a range."""
    return np.asarray(cv2.max(cv2.subtract(image, high), cv2.subtract(low, image)))


def _widened(half: Bytes, x: int, y: int, w: int, h: int) -> Bytes:
    """A box of a half-size picture at full size."""
    x0, y0 = x // 2, y // 2
    part = half[y0 : (y + h + 1) // 2 + 1, x0 : (x + w + 1) // 2 + 1]
    size = (2 * part.shape[1], 2 * part.shape[0])
    wide = cv2.resize(part, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide[y - 2 * y0 : y - 2 * y0 + h, x - 2 * x0 : x - 2 * x0 + w])


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


def _correlation(a: Grey, b: Grey) -> float:
    """Correlation of two sets of values, 0 where either is flat."""
    spread = float(a.std()), float(b.std())
    if min(spread) < _FLAT:
        return 0.0
    return float(np.mean((a - a.mean()) * (b - b.mean())) / (spread[0] * spread[1]))

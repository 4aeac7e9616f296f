"""One frame beside the plate of what should be there: where and how they differ.

What concerns the whole picture is done in 8 bits; what concerns the blobs is done in
floats, for the pixels of all of them at once.
"""

from __future__ import annotations

import cv2
import numpy as np

from physcheck.detectors.blobs import Blobs, Levels, Masks, Part, Pixels
from physcheck.detectors.plate import Thresholds
from physcheck.types import Bools, Bytes, Floats, Ints

__all__ = ["View"]

_SAME_TEXTURE = 0.7
_WEAK = 0.3
"""Score of what is probably light or shadow: it may prolong a track, not begin one."""
_SHADE_COLOUR = 4.5
"""Grey levels by which the colour of what lies in shadow may be off."""
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
    light: (h, w) 255 where light alone may have changed, told where differences were asked.
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
        self.light = np.zeros_like(luma)

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

    def differences(self, part: Part) -> tuple[Levels, Levels]:
        """Grey level difference and contrast for outlines in a part of the picture.

        The contrast counts less where light alone may have changed.
        """
        dy = self.dy[part]
        size = (dy.shape[1], dy.shape[0])
        dc = cv2.resize(self.dc[_halved(part)], size, interpolation=cv2.INTER_LINEAR)
        self.light[part] = self._light(part)
        counted = cv2.convertScaleAbs(dy, alpha=_LIGHT_WEIGHT)
        cv2.copyTo(dy, cv2.bitwise_not(self.light[part]), counted)
        contrast = cv2.addWeighted(counted, 1, dc, 2, 0, dtype=cv2.CV_16S)
        return np.asarray(cv2.add(dy, dc, dtype=cv2.CV_16S)), np.asarray(contrast)

    def _light(self, part: Part) -> Bytes:
        """255 where a change of light would do: same colour, brighter or darker."""
        half = _halved(part)
        chroma, plate_c = self.chroma[half], self.plate_c[half]
        h, w = chroma.shape[:2]
        here = cv2.resize(self.luma[part], (w, h), interpolation=cv2.INTER_AREA)
        there = cv2.resize(self.plate_y[part], (w, h), interpolation=cv2.INTER_AREA)
        ratio = cv2.divide(here, cv2.max(there, 4.0), dtype=cv2.CV_32F)
        like = cv2.inRange(ratio, *_LIGHT_RATIOS)
        for now, usual in zip(cv2.split(chroma), cv2.split(plate_c), strict=True):
            lit = cv2.multiply(cv2.subtract(usual, 128.0, dtype=cv2.CV_32F), ratio)
            change = cv2.absdiff(cv2.subtract(now, 128.0, dtype=cv2.CV_32F), lit)
            like &= cv2.inRange(change, 0.0, _SAME_COLOUR)
        rows, columns = part
        size = (columns.stop - columns.start, rows.stop - rows.start)
        return np.asarray(cv2.resize(like, size, interpolation=cv2.INTER_NEAREST))

    def scores(self, blobs: Blobs) -> Floats:
        """(N,) 1 for a thing, less for what may be light, shadow or a mere shift."""
        pixels = blobs.pixels
        here = self.luma.ravel()[pixels.places].astype(np.float64)
        there = self.plate_y.ravel()[pixels.places].astype(np.float64)
        scores = np.where(pixels.means(self.light.ravel()[pixels.places]) > 0.85 * 255, _LIGHT, 1.0)
        shade = self._are_shadows(pixels, here, there)
        scores[shade] = _SHADE
        weak = _correlations(pixels, here, there) > _SAME_TEXTURE
        if self.shifts:
            for k in np.flatnonzero(~weak):
                weak[k] = self._is_shift(blobs.corners[k])
        scores[weak] = _WEAK
        beside = _beside(blobs.corners, scores == 1.0)
        scores[scores == _SHADE] = np.where(beside, _WEAK, _LIGHT)[scores == _SHADE]
        return scores

    def _are_shadows(self, pixels: Pixels, here: Floats, there: Floats) -> Bools:
        """(N,) darker by one factor, with the colour kept."""
        ratio = here / np.maximum(there, 1)
        mean = pixels.means(ratio)
        spread = np.sqrt(np.maximum(pixels.means(ratio**2) - mean**2, 0))
        shade = (pixels.means(ratio < 1) >= 0.9) & (spread <= 0.12) & (mean >= 0.35)
        if not shade.any():
            return shade
        some = pixels.where(shade[pixels.owners])
        places = self._halves(some.places)
        factor = mean[some.owners]
        for c in range(2):
            now = self.chroma[..., c].ravel()[places] - 128.0
            usual = (self.plate_c[..., c].ravel()[places] - 128.0) * factor
            shade &= some.means(np.abs(now - usual)) < _SHADE_COLOUR
        return shade

    def _halves(self, places: Ints) -> Ints:
        """Flat positions in the pictures of colour of flat positions in those of luma."""
        y, x = np.divmod(places, self.luma.shape[1])
        return np.asarray((y >> 1) * self.chroma.shape[1] + (x >> 1))

    def _is_shift(self, corners: Ints) -> bool:
        """The patch is found in the plate a few px away: parallax, not a thing."""
        x1, y1, x2, y2 = corners.tolist()
        patch = self.luma[y1:y2, x1:x2]
        if patch.size > 0.1 * self.luma.size or cv2.meanStdDev(patch)[1][0, 0] < _FLAT:
            return False
        top, left = max(y1 - _REACH_PX, 0), max(x1 - _REACH_PX, 0)
        room = self.plate_y[top : y2 + _REACH_PX, left : x2 + _REACH_PX]
        match = cv2.matchTemplate(room, patch, cv2.TM_SQDIFF)
        own = cv2.norm(patch, self.plate_y[y1:y2, x1:x2], cv2.NORM_L2SQR)
        return bool(match.min() < 0.35 * own)

    def features(self, blobs: Blobs) -> Floats:
        """(N, 4) mean Y, U, V and spread of Y within each blob, grey levels."""
        pixels = blobs.pixels
        values = self.luma.ravel()[pixels.places].astype(np.float64)
        mean = pixels.means(values)
        spread = np.sqrt(np.maximum(pixels.means(values**2) - mean**2, 0))
        places = self._halves(pixels.places)
        u, v = (pixels.means(self.chroma[..., c].ravel()[places]) for c in range(2))
        return np.stack([mean, u, v, spread], axis=1)


def _halved(part: Part) -> Part:
    """The same part of a picture of half the size; it begins at even px."""
    rows, columns = (slice(one.start // 2, (one.stop + 1) // 2) for one in part)
    return rows, columns


def _outside(image: Bytes, low: Bytes, high: Bytes) -> Bytes:
    """By how much an image is above or below a range."""
    return np.asarray(cv2.max(cv2.subtract(image, high), cv2.subtract(low, image)))


def _beside(corners: Ints, sure: Bools) -> Bools:
    """(N,) whether a sure thing is within the blob's own size."""
    low, high = corners[:, :2], corners[:, 2:]
    reach = (high - low).max(axis=1, initial=0)
    apart = np.maximum(low[None, sure] - high[:, None], low[:, None] - high[None, sure])
    return np.asarray((apart.max(axis=-1, initial=-(10**6)) < reach[:, None]).any(axis=1))


def _correlations(pixels: Pixels, a: Floats, b: Floats) -> Floats:
    """(N,) correlation of two sets of values (P,) in each region, 0 where either is flat."""
    mean_a, mean_b = pixels.means(a), pixels.means(b)
    a, b = a - mean_a[pixels.owners], b - mean_b[pixels.owners]
    spread_a, spread_b = np.sqrt(pixels.means(a * a)), np.sqrt(pixels.means(b * b))
    flat = np.minimum(spread_a, spread_b) < _FLAT
    together = pixels.means(a * b) / np.maximum(spread_a * spread_b, 1e-9)
    return np.where(flat, 0.0, together)

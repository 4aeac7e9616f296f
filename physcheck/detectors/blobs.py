"""From a picture of differences to things: seeds, one level a thing.

All regions of a picture are worked on at once, pixel by pixel in flat lists, so that
what a frame costs hardly grows with the number of regions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from physcheck.types import Bools, Bytes, Floats, Ints

__all__ = ["Blobs", "Levels", "Masks", "Part", "Pixels", "find_blobs"]

_SEED_GREY = 8.0
_MIN_AREA = 20
_LEVELS = (0.15, 0.25, 0.38, 0.52)
"""Shares of the blob's own 95 % difference that may be its outline."""
_LEVEL_ENOUGH = 0.75
_MOST = 512
"""Differences from here on count as this one; those of 8-bit pictures hardly get there."""
_BOX = np.ones((3, 3), np.uint8)
_RIM_PX = 2

Values = NDArray[Any]

Levels = NDArray[np.int16]
"""(h, w) differences in grey levels; sums of some exceed 8 bits."""


Part = tuple[slice, slice]
Differences = Callable[[Part], tuple[Levels, Levels]]


@dataclass(frozen=True, slots=True, eq=False)
class Masks:
    """Where a frame differs from its plate: (h, w) 8-bit, 255 where it does.

    grow: enough to belong to a thing. seed: enough to be one.
    """

    grow: Bytes
    seed: Bytes


@dataclass(frozen=True, eq=False)
class Pixels:
    """Pixels of n regions.

    places: (P,) flat positions in the picture. owners: (P,) numbers of their regions.
    """

    places: Ints
    owners: Ints
    n: int

    @cached_property
    def areas(self) -> Floats:
        """(n,) px."""
        return np.bincount(self.owners, minlength=self.n).astype(np.float64)

    def sums(self, values: Values) -> Floats:
        """(n,) sums of values (P,) over each region."""
        return np.asarray(np.bincount(self.owners, values, minlength=self.n), dtype=np.float64)

    def means(self, values: Values) -> Floats:
        """(n,) means of values (P,) over each region; 0 where it has no pixels."""
        return np.asarray(self.sums(values) / np.maximum(self.areas, 1))

    def where(self, mask: Bools) -> Pixels:
        """The same regions with some (P,) of their pixels only."""
        return Pixels(self.places[mask], self.owners[mask], self.n)

    def only(self, regions: Bools) -> Pixels:
        """Some (n,) of the regions, numbered anew in the same order."""
        if regions.all():
            return self
        numbers = np.where(regions, np.cumsum(regions) - 1, -1)[self.owners]
        kept = numbers >= 0
        return Pixels(self.places[kept], numbers[kept], int(regions.sum()))


@dataclass(frozen=True, slots=True, eq=False)
class Blobs:
    """N connected regions of a picture that differ from the background.

    corners: (N, 4) x1, y1, x2, y2, px. strength: (N,) their 95 % differences, grey levels.
    """

    pixels: Pixels
    corners: Ints
    strength: Floats

    def __len__(self) -> int:
        return len(self.corners)


def find_blobs(masks: Masks, differences: Differences) -> Blobs:
    """Find the regions that stand out, each with the outline that suits it best.

    Args:
        masks: where the frame differs.
        differences: gives, for rows and columns that begin at even ones, the difference
            in grey levels and the contrast in which the outlines are sought.

    Returns:
        The regions of at least 20 px.
    """
    room = _Room.around(masks)
    if room is None:
        return Blobs(Pixels(_NONE, _NONE, 0), _NONE.reshape(0, 4), np.zeros(0))
    grey, contrast = differences(room.part)
    outlined = np.zeros(grey.shape, np.uint8)
    outlined.ravel()[_at_best_level(room.regions, contrast).places] = 255
    parts, corners = _regions(cv2.morphologyEx(outlined, cv2.MORPH_CLOSE, _BOX))
    strength = _high(_histogram(parts, grey.ravel()[parts.places]))
    kept = strength >= _SEED_GREY
    found = room.in_picture(parts.only(kept))
    return Blobs(found, corners[kept] + np.tile(room.start, 2), strength[kept])


_NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class _Room:
    """The part of the picture that holds all regions.

    part: rows and columns. width: of the picture, px. regions: placed within the part.
    """

    part: Part
    width: int
    regions: Pixels

    @classmethod
    def around(cls, masks: Masks) -> _Room | None:
        """The regions that have a seed; None where there are none."""
        seeded = np.flatnonzero((masks.seed & 1).view(bool))
        if not len(seeded):
            return None
        grow = cv2.morphologyEx(masks.grow, cv2.MORPH_CLOSE, _BOX)
        # Without their corners, which only the parts need, regions take half of the time.
        n, labels = cv2.connectedComponentsWithAlgorithm(grow, 8, cv2.CV_32S, cv2.CCL_BBDT)
        has_seed = np.bincount(labels.ravel()[seeded], minlength=n) > 0
        every = _pixels(labels, grow, has_seed)
        regions = every.only(every.areas >= _MIN_AREA)
        return cls.holding(regions, grow.shape) if regions.n else None

    @classmethod
    def holding(cls, regions: Pixels, shape: tuple[int, ...]) -> _Room:
        """The part of a picture (h, w) around some regions."""
        h, w = shape
        y, x = np.divmod(regions.places, w)
        top, left = max(int(y.min()) - _RIM_PX, 0) & ~1, max(int(x.min()) - _RIM_PX, 0) & ~1
        stop, end = min(int(y.max()) + 1 + _RIM_PX, h), min(int(x.max()) + 1 + _RIM_PX, w)
        places = (y - top) * (end - left) + (x - left)
        moved = Pixels(places, regions.owners, regions.n)
        return cls((slice(top, stop), slice(left, end)), w, moved)

    @property
    def start(self) -> tuple[int, int]:
        """x, y of the part in the picture."""
        return self.part[1].start, self.part[0].start

    def in_picture(self, pixels: Pixels) -> Pixels:
        """The same with places in the whole picture."""
        x, y = self.start
        across = self.part[1].stop - x
        down = np.arange(self.part[0].stop - y) * (self.width - across) + y * self.width + x
        return Pixels(pixels.places + down[pixels.places // across], pixels.owners, pixels.n)


def _pixels(labels: NDArray[Any], mask: Bytes, wanted: Bools) -> Pixels:
    """The pixels of the regions (m,) that are wanted, numbered in their order."""
    places = np.flatnonzero((mask & 1).view(bool))
    numbers = np.where(wanted, np.cumsum(wanted) - 1, -1)
    owners = numbers[labels.ravel()[places]]
    kept = owners >= 0
    return Pixels(places[kept], owners[kept], int(wanted.sum()))


def _regions(mask: Bytes) -> tuple[Pixels, Ints]:
    """The connected regions of a mask that are large enough, and their corners (n, 4)."""
    # Of OpenCV's algorithms this one takes half of the default's time here.
    _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask, 8, cv2.CV_32S, cv2.CCL_BBDT
    )
    large = stats[:, cv2.CC_STAT_AREA] >= _MIN_AREA
    large[0] = False
    x, y, w, h = stats[large, :4].T.astype(np.int64)
    return _pixels(labels, mask, large), np.stack([x, y, x + w, y + h], axis=1)


def _at_best_level(regions: Pixels, contrast: Levels) -> Pixels:
    """Cut each region at the lowest level whose outline is nearly as sharp as the sharpest."""
    values = contrast.ravel()[regions.places]
    strength = _high(_histogram(regions, values))
    levels = np.outer((0.0, *_LEVELS), strength).astype(np.int16)
    levels[0] = -1
    cuts = [values > level[regions.owners] for level in levels]
    sharpness = _sharpness(regions, cuts, contrast)
    best = np.argmax(sharpness >= _LEVEL_ENOUGH * sharpness.max(axis=0), axis=0)
    return regions.where(np.choose(best[regions.owners], cuts))


def _sharpness(regions: Pixels, cuts: Sequence[Bools], contrast: Levels) -> Floats:
    """(K, n) mean slope along the outlines of the regions after each of K cuts (P,)."""
    across = cv2.Sobel(contrast, cv2.CV_16S, 1, 0).ravel()
    down = cv2.Sobel(contrast, cv2.CV_16S, 0, 1).ravel()
    picture = np.zeros(contrast.shape, np.uint8)
    result = np.zeros((len(cuts), regions.n))
    for row, inside in zip(result, cuts, strict=True):
        picture.ravel()[regions.places] = inside
        inner = cv2.erode(picture, _BOX).ravel()[regions.places].view(bool)
        on = np.flatnonzero(inside & ~inner)
        outline = Pixels(regions.places[on], regions.owners[on], regions.n)
        slope = np.hypot(across[outline.places], down[outline.places], dtype=np.float32)
        row[:] = outline.means(slope)
    return result


def _histogram(regions: Pixels, values: NDArray[np.int16]) -> Ints:
    """(n, 512) how many pixels of each region have each value."""
    keys = regions.owners * _MOST + np.minimum(values, _MOST - 1)
    return np.bincount(keys, minlength=regions.n * _MOST).reshape(regions.n, _MOST)


def _high(histogram: Ints) -> Floats:
    """(n,) the value that 95 % of a region's stay below."""
    below = np.cumsum(histogram, axis=1)
    rank = (0.95 * (below[:, -1:] - 1)).astype(np.int64)
    return np.asarray(np.argmax(below > rank, axis=1), dtype=np.float64)

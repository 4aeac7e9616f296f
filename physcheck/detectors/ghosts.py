"""Ghost repair: where a thing rests for most of a shot, the median holds the thing.

There the picture has two modes that are split in time: with the thing and without.
The outline tells which is which: the mode that differs from its surroundings there is
the thing. Levels are compared a few px to either side, for in a textured place the
background has edges at any outline too.

Source: the outline test for ghosts, Cucchiara et al. (2003).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from physcheck.detectors.stacks import median
from physcheck.types import Bools, Bytes, Floats

__all__ = ["Scene", "repair_ghosts"]

_MODE_SHARE = 0.12
_ALIKE = 10.0
"""Grey levels within which samples show the same content."""
_OUTLINE = 1.25
_SEAM_PX = 4
"""px on either side of an outline over which levels are compared."""
_MIN_AREA = 25
_AWAY = 0.6
"""Share of a region in its second mode from which on a sample shows it."""
_COLOUR = 10
"""Difference in colour, 8-bit levels, beyond which samples show another content."""
_UNKNOWN = 20_000
_BOX = np.ones((3, 3), np.uint8)

Shades = NDArray[np.int16]
"""Grey levels with room for their differences."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What a plate is learned from.

    samples_y: (m, h, w), levelled, and samples_c: (m, h2, w2, 2). sigma: (h, w) noise of
    the luma.
    """

    samples_y: Bytes
    samples_c: Bytes
    sigma: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Modes:
    """The second content of a view: second_y (h, w), and where there is one, found (h, w).

    other: (m, h, w) samples that show it.
    """

    second_y: Floats
    found: Bools
    other: Bools


def repair_ghosts(scene: Scene, plate_y: Floats, plate_c: Floats) -> tuple[Floats, Floats]:
    """Swap in the second mode where the median holds a thing that is gone for a while.

    Args:
        scene: what was sampled. plate_y: (h, w) and plate_c: (h2, w2, 2), the medians.
    """
    modes = _second_mode(scene, plate_y, plate_c)
    regions = [region for mask in _by_time(modes) for region in _regions(mask, modes)]
    plates = plate_y.copy(), plate_c.copy()
    # What is mended shows the others' outlines better, hence a second round.
    for _ in range(2):
        left = []
        for region in regions:
            if _holds_the_thing(region, scene, plates):
                _fill(scene, plates, region)
            else:
                left.append(region)
        if len(left) == len(regions):
            break
        regions = left
    return plates


@dataclass(frozen=True, slots=True, eq=False)
class _Region:
    """A connected region with a second content.

    part: of the picture. mask: (h, w) within it. away: (m,) samples that show the second
    content, at least one.
    """

    part: tuple[slice, slice]
    mask: Bools
    away: Bools


def _by_time(modes: _Modes) -> Iterator[Bools]:
    """Places whose second mode begins the shot, ends it, both, or neither, (h, w) each.

    What came to rest and what was passed by on the way are told apart by that.
    """
    begins, ends = modes.other[0], modes.other[-1]
    for begin in (True, False):
        for end in (True, False):
            yield np.asarray(modes.found & (begins == begin) & (ends == end))


def _regions(mask: Bools, modes: _Modes) -> Iterator[_Region]:
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, _BOX)
    n, labels, stats, _ = cv2.connectedComponentsWithStats(closed)
    for k in range(1, n):
        x, y, w, h, area = (int(value) for value in stats[k])
        if area < _MIN_AREA:
            continue
        part = np.s_[max(y - 3, 0) : y + h + 3, max(x - 3, 0) : x + w + 3]
        region = labels[part] == k
        away = modes.other[:, *part][:, region & mask[part]].mean(axis=1) > _AWAY
        if away.any():
            yield _Region(part, region, away)


def _second_mode(scene: Scene, plate_y: Floats, plate_c: Floats) -> _Modes:
    """The commonest value of the samples that differ from the median, and where it lasts."""
    sigma = scene.sigma
    other = _differing(scene, plate_y, plate_c)
    enough = max(2, _MODE_SHARE * len(other))
    rows, columns = np.nonzero(other.sum(axis=0) >= enough)
    there, here = other[:, rows, columns], scene.samples_y[:, rows, columns].astype(np.int16)
    # A thing may turn or flicker where it rests, and others may pass: one value of many.
    near = np.ceil(np.maximum(_ALIKE, 4 * sigma[rows, columns])).astype(np.int16)
    usual = _commonest(here, there, near)
    there &= np.abs(here - usual) < near
    changes = (there[1:] != there[:-1]).sum(axis=0)
    second_y, found = plate_y.copy(), np.zeros(plate_y.shape, dtype=bool)
    second_y[rows, columns] = usual
    found[rows, columns] = (there.sum(axis=0) >= enough) & (changes <= 2)
    other[:, rows, columns] = there
    return _Modes(second_y, found, other)


def _differing(scene: Scene, plate_y: Floats, plate_c: Floats) -> Bools:
    """(m, h, w) where the samples differ from the medians in brightness or colour."""
    usual_y, usual_c = plate_y.astype(np.uint8), plate_c.astype(np.uint8)
    limit = np.minimum(np.maximum(8, 5 * scene.sigma), 255).astype(np.uint8)
    other = np.empty(scene.samples_y.shape, dtype=bool)
    for k, (luma, chroma) in enumerate(zip(scene.samples_y, scene.samples_c, strict=True)):
        colour = cv2.compare(_strongest(cv2.absdiff(chroma, usual_c)), _COLOUR, cv2.CMP_GT)
        differs = cv2.compare(cv2.absdiff(luma, usual_y), limit, cv2.CMP_GT)
        differs |= _upsample(colour, plate_y.shape)
        other[k] = differs
    return other


def _strongest(chroma: Bytes) -> Bytes:
    return np.asarray(cv2.max(chroma[..., 0], chroma[..., 1]))


def _commonest(values: Shades, known: Bools, near: Shades) -> Shades:
    """Mean (P,) of the known of n values (n, P) around the one that most others are near.

    Args:
        near: (P,) difference up to which values are alike.
    """
    # What is unknown is further from all else than anything is near.
    ranked = np.sort(np.where(known, values, np.int16(_UNKNOWN)), axis=0)
    n_alike = np.zeros(ranked.shape, dtype=np.int8)
    for lag in range(1, len(ranked)):
        alike = ranked[lag:] - ranked[:-lag] < near
        if not alike.any():
            break
        n_alike[lag:] += alike
        n_alike[:-lag] += alike
    n_alike[ranked == _UNKNOWN] = -1
    centre = np.take_along_axis(ranked, n_alike.argmax(axis=0)[None], axis=0)[0]
    alike = (np.abs(values - centre) < near) & known
    total = np.where(alike, values, np.int16(0)).sum(axis=0)
    return np.asarray(np.round(total / np.maximum(alike.sum(axis=0), 1)), dtype=np.int16)


def _floats(picture: Bytes) -> Floats:
    return np.asarray(picture, dtype=np.float32)


def _upsample(image: Bytes, shape: tuple[int, ...]) -> Bytes:
    return np.asarray(cv2.resize(image, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST))


def _holds_the_thing(region: _Region, scene: Scene, plates: tuple[Floats, Floats]) -> bool:
    """The outline of the region is an edge in the plate rather than with the other content."""
    half = _halved(region.part)
    olds = [plates[0][region.part], *_planes(plates[1][half], region.mask)]
    shown_y = _floats(median(scene.samples_y[region.away][:, *region.part]))
    shown_c = _floats(median(scene.samples_c[region.away][:, *half]))
    before = _seam(region.mask, olds, olds)
    after = _seam(region.mask, olds, [shown_y, *_planes(shown_c, region.mask)])
    return before - after > 1.0 and before > _OUTLINE * after


def _seam(region: Bools, around: list[Floats], inside: list[Floats]) -> float:
    """Mean difference across the outline of a region, grey levels summed over the planes.

    Levels are compared over a few px on either side, so that texture does not count.
    """
    mask = region.astype(np.uint8)
    on = (cv2.dilate(mask, _BOX) - cv2.erode(mask, _BOX)) > 0
    within = cv2.erode(mask, _BOX).astype(np.float32)
    beyond = 1 - cv2.dilate(mask, _BOX).astype(np.float32)
    total = 0.0
    for outer, inner in zip(around, inside, strict=True):
        step = np.abs(_smooth(inner, within) - _smooth(outer, beyond))[on]
        total += float(np.nanmean(step)) if np.isfinite(step).any() else 0.0
    return total


def _smooth(image: Floats, where: Floats) -> Floats:
    """Mean over the known neighbours (h, w) of each pixel; NaN where there are none."""
    size = (2 * _SEAM_PX + 1,) * 2
    weight = cv2.boxFilter(where, cv2.CV_32F, size, borderType=cv2.BORDER_CONSTANT)
    total = cv2.boxFilter(
        np.asarray(image * where, dtype=np.float32),
        cv2.CV_32F,
        size,
        borderType=cv2.BORDER_CONSTANT,
    )
    return np.asarray(np.where(weight > 1e-3, total / np.maximum(weight, 1e-3), np.nan))


def _fill(scene: Scene, plates: tuple[Floats, Floats], region: _Region) -> None:
    """Put what is seen while the thing is away into the plates, holes and rim included."""
    side = int(np.clip(min(region.mask.shape) // 3, 3, 15)) | 1
    solid = region.mask.astype(np.uint8)
    solid = cv2.morphologyEx(solid, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    solid = cv2.dilate(solid, _BOX)
    half = _halved(region.part)
    shown_y = _floats(median(scene.samples_y[region.away][:, *region.part]))
    shown_c = _floats(median(scene.samples_c[region.away][:, *half]))
    plates[0][region.part][solid > 0] = shown_y[solid > 0]
    small = cv2.resize(solid, shown_c.shape[1::-1], interpolation=cv2.INTER_AREA) > 0
    plates[1][half][small] = shown_c[small]


def _halved(part: tuple[slice, slice]) -> tuple[slice, slice]:
    """The same part of a picture of half the size."""
    rows, columns = (slice(s.start // 2, max((s.stop + 1) // 2, s.start // 2 + 1)) for s in part)
    return rows, columns


def _planes(chroma: Floats, like: Bools) -> list[Floats]:
    """U and V at the size of the luma."""
    size = (like.shape[1], like.shape[0])
    return [
        cv2.resize(np.ascontiguousarray(chroma[..., c], dtype=np.float32), size) for c in range(2)
    ]

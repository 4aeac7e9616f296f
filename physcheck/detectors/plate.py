"""The clean plate: what a view shows when nothing is in the way.

A temporal median of samples of a whole shot, levelled for exposure, holds the
background wherever it is seen for most of the time. Where a thing rests for
most of the shot the median holds the thing; there the picture has two compact
modes split in time, and the mode whose outline shows an edge is the thing
(ghost repair).

Source: temporal median backgrounds, Gloyer et al. (1995); the outline test is
the usual test for ghosts, Cucchiara et al. (2003).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from physcheck.types import Bools, Bytes, Floats

__all__ = ["Plate", "Thresholds", "gradient", "learn_plate", "level", "thresholds"]

_N_SAMPLES = 25
_NOISE_FLOOR = 2.2
"""Grey levels; below it 8-bit video does not tell."""
_GROW, _SEED = 3.0, 6.0
_MODE_SHARE = 0.12
_ALIKE = 10.0
"""Grey levels within which samples show the same content."""
_OUTLINE = 1.25
_MIN_AREA = 25
_DARKEST = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Thresholds:
    """Differences, 8-bit grey levels, beyond which a pixel grows or seeds a blob.

    grow_y, seed_y: (h, w). grow_c, seed_c: (h2, w2).
    """

    grow_y: Bytes
    seed_y: Bytes
    grow_c: Bytes
    seed_c: Bytes


@dataclass(frozen=True, slots=True, eq=False)
class Plate:
    """A background and how far it wavers.

    luma: (h, w) and chroma: (h2, w2, 2), 8-bit. limits: of what differs from it.
    """

    luma: Bytes
    chroma: Bytes
    limits: Thresholds


def thresholds(sigma_y: Floats, sigma_c: Floats) -> Thresholds:
    """Limits at 3 and 6 standard deviations of luma (h, w) and chroma (h2, w2)."""

    def at(sigma: Floats, factor: float) -> Bytes:
        return np.minimum(np.ceil(factor * sigma), 255).astype(np.uint8)

    return Thresholds(
        at(sigma_y, _GROW), at(sigma_y, _SEED), at(sigma_c, _GROW), at(sigma_c, _SEED)
    )


def learn_plate(luma: Bytes, chroma: Bytes, gradient_noise: float) -> Plate:
    """Learn the background of aligned frames.

    Args:
        luma: (n, h, w). chroma: (n, h2, w2, 2).
        gradient_noise: px by which an edge may waver.

    Returns:
        The background and its limits.
    """
    picks = np.unique(np.linspace(0, len(luma) - 1, _N_SAMPLES).astype(int))
    samples_y = _levelled(luma[picks])
    samples_c = chroma[picks]
    plate_y = _median(samples_y)
    plate_c = _median(samples_c)
    sigma_y = _noise(samples_y, plate_y, gradient_noise)
    sigma_c = _noise(samples_c.max(axis=-1), plate_c.max(axis=-1), gradient_noise)
    plate_y, plate_c = _repair_ghosts(samples_y, samples_c, plate_y, plate_c, sigma_y)
    return Plate(plate_y.astype(np.uint8), plate_c.astype(np.uint8), thresholds(sigma_y, sigma_c))


def level(frame: Bytes, plate: Bytes | Floats) -> float:
    """Gain of the exposure: by what factor `plate` is to be multiplied to meet `frame`."""
    a, b = frame[::8, ::8].astype(np.float32), plate[::8, ::8].astype(np.float32)
    usable = (b > 24) & (b < 235) & (a < 250)
    if usable.sum() < 50:
        return 1.0
    gain = float(np.median(a[usable] / b[usable]))
    # A black frame has no exposure that a plate could be brought to.
    return gain if gain > _DARKEST and abs(gain - 1) > 0.004 else 1.0


def _levelled(samples: Bytes) -> Bytes:
    middle = samples[len(samples) // 2].astype(np.float32)
    rows = [
        frame if gain == 1.0 else cv2.convertScaleAbs(frame, alpha=1 / gain)
        for frame in samples
        for gain in [level(frame, middle)]
    ]
    return np.stack(rows)


def _median(samples: Bytes) -> Floats:
    middle = len(samples) // 2
    return np.asarray(np.partition(samples, middle, axis=0)[middle], dtype=np.float32)


def _noise(samples: Bytes, plate: Floats, gradient_noise: float) -> Floats:
    if len(samples) < 3:
        scatter: Floats = np.full(plate.shape, _NOISE_FLOOR)
    else:
        steps = np.stack(
            [cv2.absdiff(a, b) for a, b in zip(samples[1:], samples[:-1], strict=True)]
        )
        scatter = _median(steps) * np.float32(1.4826 / np.sqrt(2))
    slope = gradient(plate)
    return np.asarray(np.maximum(scatter, _NOISE_FLOOR) + gradient_noise * slope)


def gradient(image: Floats) -> Floats:
    """Length of the gradient, grey levels a px, (h, w)."""
    dx = cv2.Sobel(image, cv2.CV_32F, 1, 0, scale=1 / 8)
    dy = cv2.Sobel(image, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(cv2.magnitude(dx, dy))


def _repair_ghosts(
    samples_y: Bytes, samples_c: Bytes, plate_y: Floats, plate_c: Floats, sigma: Floats
) -> tuple[Floats, Floats]:
    """Swap in the second mode where the median holds a thing that is gone for a while."""
    second_y, second_c, found = _second_mode(samples_y, samples_c, plate_y, plate_c, sigma)
    found = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    n, labels, stats, _ = cv2.connectedComponentsWithStats(found)
    if n <= 1:
        return plate_y, plate_c
    plate_y, plate_c = plate_y.copy(), plate_c.copy()
    olds, news = [plate_y, *_planes(plate_c, plate_y)], [second_y, *_planes(second_c, plate_y)]
    for k in range(1, n):
        x, y, w, h, area = stats[k]
        if area < _MIN_AREA:
            continue
        y0, y1, x0, x1 = max(y - 3, 0), y + h + 3, max(x - 3, 0), x + w + 3
        region, part = labels[y0:y1, x0:x1] == k, np.s_[y0:y1, x0:x1]
        if _holds_the_thing(region, [old[part] for old in olds], [new[part] for new in news]):
            plate_y[part][region] = second_y[part][region]
            half = cv2.resize(
                (labels == k).astype(np.uint8), plate_c.shape[1::-1], interpolation=cv2.INTER_AREA
            )
            plate_c[half > 0] = second_c[half > 0]
    return plate_y, plate_c


def _second_mode(
    samples_y: Bytes, samples_c: Bytes, plate_y: Floats, plate_c: Floats, sigma: Floats
) -> tuple[Floats, Floats, Floats]:
    """The value of the samples that differ from the median, and where they agree on one."""
    n = len(samples_y)
    difference = np.abs(samples_y.astype(np.int16) - plate_y.astype(np.int16))
    colour = np.abs(samples_c.astype(np.int16) - plate_c.astype(np.int16)).max(axis=-1)
    wide = np.stack([_upsample(c.astype(np.uint8), plate_y.shape) for c in colour])
    other = (difference > np.maximum(8, 5 * sigma)) | (wide > 10)
    enough = max(2, _MODE_SHARE * n)
    places = np.nonzero(other.sum(axis=0) >= enough)
    there, here = other[:, *places], samples_y[:, *places].astype(np.int16)
    # A thing may turn or flicker where it rests, and others may pass: one value of many.
    near = np.maximum(_ALIKE, 4 * sigma[places])
    usual = _commonest(here, there, near)
    there &= np.abs(here - usual) < near
    lasting = there.sum(axis=0) >= enough
    changes = (there[1:] != there[:-1]).sum(axis=0)
    values, found = plate_y.copy(), np.zeros(plate_y.shape, dtype=bool)
    values[places], found[places] = usual, lasting & (changes <= 2)
    other[:, *places] = there
    half = np.stack([_shrink(mask, plate_c.shape) for mask in other])
    count_c = half.sum(axis=0)[..., None]
    values_c = np.where(half[..., None], samples_c, 0).sum(axis=0) / np.maximum(count_c, 1)
    values_c = np.where(count_c > 0, values_c, plate_c)
    return values, values_c.astype(np.float32), found


def _commonest(values: Floats, known: Bools, near: Floats) -> Floats:
    """Mean (P,) of the known of n values (n, P) around the one that most others are near.

    Args:
        near: (P,) difference up to which values are alike.
    """
    most, centre = np.zeros(len(near), dtype=np.int64), values[0].copy()
    for row, usable in zip(values, known, strict=True):
        n_alike = ((np.abs(values - row) < near) & known).sum(axis=0)
        better = usable & (n_alike > most)
        most[better], centre[better] = n_alike[better], row[better]
    alike = (np.abs(values - centre) < near) & known
    return np.asarray(np.where(alike, values, 0).sum(axis=0) / np.maximum(alike.sum(axis=0), 1))


def _upsample(image: Bytes, shape: tuple[int, ...]) -> Bytes:
    return np.asarray(cv2.resize(image, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST))


def _shrink(mask: Floats, shape: tuple[int, ...]) -> Floats:
    small = cv2.resize(mask.astype(np.uint8), (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST)
    return np.asarray(small > 0)


def _planes(chroma: Floats, like: Floats) -> list[Floats]:
    """U and V at the size of the luma."""
    size = (like.shape[1], like.shape[0])
    return [cv2.resize(np.ascontiguousarray(chroma[..., c]), size) for c in range(2)]


def _holds_the_thing(region: Bools, olds: list[Floats], news: list[Floats]) -> bool:
    """The outline of the region is an edge in the old plate rather than with the new content.

    Args:
        region: (h, w). olds, news: Y, U and V around it, (h, w) each.
    """
    box = np.ones((3, 3), np.uint8)
    mask = region.astype(np.uint8)
    on = (cv2.dilate(mask, box) - cv2.erode(mask, box)) > 0
    before = after = 0.0
    for old, new in zip(olds, news, strict=True):
        filled = np.asarray(np.where(region, new, old))
        before += float(gradient(old)[on].mean())
        after += float(gradient(filled)[on].mean())
    return before - after > 1.0 and before > _OUTLINE * after

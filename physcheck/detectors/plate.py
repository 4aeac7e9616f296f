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

from physcheck.detectors.edges import gradient
from physcheck.detectors.ghosts import Scene, repair_ghosts
from physcheck.detectors.stacks import median
from physcheck.types import Bytes, Floats

__all__ = ["Plate", "Thresholds", "gradient", "learn_plate", "level", "thresholds"]

_N_SAMPLES = 25
_NOISE_FLOOR = 2.2
"""Grey levels; below it 8-bit video does not tell."""
_GROW, _SEED = 3.0, 6.0
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
    scene = Scene(samples_y, samples_c, sigma_y)
    plate_y, plate_c = repair_ghosts(scene, plate_y, plate_c)
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
    return np.asarray(median(samples), dtype=np.float32)


def _noise(samples: Bytes, plate: Floats, gradient_noise: float) -> Floats:
    if len(samples) < 3:
        scatter: Floats = np.full(plate.shape, _NOISE_FLOOR)
    else:
        steps = [cv2.absdiff(a, b) for a, b in zip(samples[1:], samples[:-1], strict=True)]
        usual: Floats = np.asarray(median(steps, upper=True), dtype=np.float32)
        scatter = usual * np.float32(1.4826 / np.sqrt(2))
    slope = gradient(plate)
    return np.asarray(np.maximum(scatter, _NOISE_FLOOR) + gradient_noise * slope)

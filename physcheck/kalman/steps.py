"""One step of the filter: first sight, prediction, innovation, update.

In shapes, `...` stands for any leading sizes (none, N things, N x K pairs).
Correlations between axes in a covariance that is passed in are ignored.
"""

from __future__ import annotations

import numpy as np

from physcheck.kalman.motion import (
    Blocks,
    MotionModel,
    compress,
    expand,
    process_noise,
    transition,
)
from physcheck.types import Bools, Floats

__all__ = [
    "diagonal",
    "initial",
    "innovation",
    "measure",
    "normalised_square",
    "predict",
    "predict_blocks",
    "readable",
    "to_boxes",
    "update",
    "update_blocks",
]


def initial(measurement: Floats, noise: Floats, model: MotionModel) -> tuple[Floats, Floats]:
    """State at first sight: as measured, and at rest within the model's spread.

    Args:
        measurement: (..., 4). noise: (..., 4) standard deviations.

    Returns:
        Mean (..., 10) and covariance (..., 10, 10).
    """
    shape = measurement.shape[:-1]
    mean = np.zeros((*shape, 10))
    mean[..., :4] = measurement
    spread = np.empty((*shape, 10))
    spread[..., :4] = noise
    spread[..., 4:6] = np.asarray(model.velocity_px_per_s)[..., None]
    spread[..., 6:8] = np.asarray(model.size_rate_per_s)[..., None]
    spread[..., 8:] = np.asarray(model.acceleration_px_per_s2)[..., None]
    return mean, diagonal(spread**2)


def predict(
    mean: Floats, cov: Floats, dt_s: float | Floats, model: MotionModel
) -> tuple[Floats, Floats]:
    """State after `dt_s` seconds without a measurement.

    Args:
        mean: (..., 10). cov: (..., 10, 10). dt_s: one number or (...), not negative.

    Returns:
        Mean (..., 10) and covariance (..., 10, 10).
    """
    F, Q = transition(model, dt_s), process_noise(model, dt_s)
    return expand(predict_blocks(compress(mean, cov), F, Q))


def innovation(
    mean: Floats, cov: Floats, measurement: Floats, noise: Floats
) -> tuple[Floats, Floats, Floats]:
    """How far a measurement lies from the prediction.

    Leading sizes broadcast: mean[:, None] against measurement[None] gives all pairs.

    Args:
        mean: (..., 10). cov: (..., 10, 10). measurement: (..., 4), NaN where not
            measured. noise: (..., 4) standard deviations.

    Returns:
        Innovation (..., 4), its covariance (..., 4, 4), and the normalised
        innovation squared (...) over the measured axes, NaN where there is none.
    """
    y = measurement - mean[..., :4]
    S = np.diagonal(cov, axis1=-2, axis2=-1)[..., :4] + np.square(noise)
    y, S = np.broadcast_arrays(y, S)
    return y.copy(), diagonal(S), normalised_square(y, S)


def diagonal(variances: Floats) -> Floats:
    """Matrices (..., n, n) with the given variances (..., n) and zeros elsewhere."""
    matrices = np.zeros((*variances.shape, variances.shape[-1]))
    places = np.arange(variances.shape[-1])
    matrices[..., places, places] = variances
    return matrices


def normalised_square(y: Floats, S: Floats) -> Floats:
    """Normalised innovation squared of y (..., 4) with variances S (..., 4)."""
    terms = y**2 / S
    known = np.isfinite(terms)
    return np.where(known.any(axis=-1), np.where(known, terms, 0.0).sum(axis=-1), np.nan)


def update(mean: Floats, cov: Floats, measurement: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """State after taking in a measurement.

    Args:
        mean: (..., 10). cov: (..., 10, 10). measurement: (..., 4), NaN where not
            measured. noise: (..., 4) standard deviations.

    Returns:
        Mean (..., 10) and covariance (..., 10, 10).
    """
    z, R, seen = readable(measurement, noise)
    return expand(update_blocks(compress(mean, cov), z, R, seen))


def readable(measurement: Floats, noise: Floats) -> tuple[Floats, Floats, Bools]:
    """Measurements and variances with NaN replaced, and where they are seen."""
    seen = np.isfinite(measurement) & np.isfinite(noise)
    return np.where(seen, measurement, 0.0), np.where(seen, noise, 1.0) ** 2, seen


def predict_blocks(blocks: Blocks, F: Floats, Q: Floats) -> Blocks:
    """One step forward in time: F x, F P F' + Q."""
    x = (F @ blocks.x[..., None])[..., 0]
    return Blocks(x, F @ blocks.P @ np.swapaxes(F, -1, -2) + Q)


def update_blocks(blocks: Blocks, z: Floats, R: Floats, seen: Bools) -> Blocks:
    """Take in z (..., 4) with variances R (..., 4) on the axes that are seen (..., 4).

    Each axis measures its first entry, so S is one number. The row and column of
    that entry are scaled by R / S instead of subtracted from, which keeps P positive
    when R is tiny.
    """
    x, P = blocks
    row = P[..., 0]
    S = row[..., 0] + R
    weight = seen / S
    x = x + row * (weight * (z - x[..., 0]))[..., None]
    P = P - row[..., :, None] * row[..., None, :] * weight[..., None, None]
    P[..., 0] = P[..., 0, :] = row * np.where(seen, R / S, 1.0)[..., None]
    return Blocks(x, P)


def measure(boxes: Floats, noise_px: Floats) -> tuple[Floats, Floats]:
    """What the filter measures of a box.

    Args:
        boxes: (..., 4) xyxy px. noise_px: (..., 4) standard deviations of
            cx, cy, w, h, px.

    Returns:
        Measurement cx, cy, log w, log h and its standard deviations, (..., 4) each;
        NaN for boxes without width or height.
    """
    size = boxes[..., 2:] - boxes[..., :2]
    size = np.where(size > 0, size, np.nan)
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2
    measurement = np.concatenate([middle, np.log(size)], axis=-1)
    noise = np.concatenate([noise_px[..., :2], noise_px[..., 2:] / size], axis=-1)
    return measurement, noise


def to_boxes(mean: Floats) -> Floats:
    """Boxes (..., 4) xyxy px of states or measurements (..., 4 or more)."""
    half = np.exp(mean[..., 2:4]) / 2
    return np.concatenate([mean[..., :2] - half, mean[..., :2] + half], axis=-1)

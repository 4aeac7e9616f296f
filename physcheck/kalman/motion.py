"""The motion model, and its matrices one block an axis.

In shapes, `...` stands for any leading sizes (none, N things, N x K pairs). A block
is 3 x 3 for value, rate and acceleration of one axis. The size axes have no
acceleration: theirs is a dummy, mean 0 and variance 1, tied to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from physcheck.types import Floats

__all__ = [
    "Blocks",
    "MotionModel",
    "compress",
    "expand",
    "expand_matrix",
    "process_noise",
    "transition",
]

# Where the state keeps (value, rate, acceleration) of an axis.
_CENTRE = np.array([[0, 4, 8], [1, 5, 9]])
_SIZE = np.array([[2, 6], [3, 7]])


@dataclass(frozen=True, slots=True, eq=False)
class MotionModel:
    """How freely a thing may move, and what is believed of it at first sight.

    Each field is one number, or an array with one number a thing (...).
    The defaults suit a thing about 100 px in size; see `for_size`.

    jerk_px_per_s3: density of the white jerk, px/s^3 per sqrt(Hz): within one
        second the acceleration drifts by about this many px/s^2.
    size_noise_per_s2: density of the white noise on the rate of log size.
    size_damping_per_s: the rate of log size fades by exp(-this) a second.
    velocity_px_per_s, acceleration_px_per_s2, size_rate_per_s: standard
        deviations at first sight, around zero.
    """

    jerk_px_per_s3: float | Floats = 2000.0
    size_noise_per_s2: float | Floats = 0.5
    size_damping_per_s: float | Floats = 1.0
    velocity_px_per_s: float | Floats = 500.0
    acceleration_px_per_s2: float | Floats = 1000.0
    size_rate_per_s: float | Floats = 0.5

    def for_size(self, size_px: float | Floats) -> MotionModel:
        """The same freedom in units of a thing's own size, for things of `size_px` (...)."""
        scale = np.asarray(size_px, dtype=np.float64) / 100.0
        return replace(
            self,
            jerk_px_per_s3=self.jerk_px_per_s3 * scale,
            velocity_px_per_s=self.velocity_px_per_s * scale,
            acceleration_px_per_s2=self.acceleration_px_per_s2 * scale,
        )

    def F(self, dt_s: float | Floats) -> Floats:
        """Transition matrix over `dt_s` (...) seconds, (..., 10, 10)."""
        return expand_matrix(transition(self, dt_s))

    def Q(self, dt_s: float | Floats) -> Floats:
        """Covariance of the process noise over `dt_s` (...) seconds, (..., 10, 10)."""
        return expand_matrix(process_noise(self, dt_s))


class Blocks(NamedTuple):
    """One 3-vector and one 3 x 3 matrix for each axis: x (..., 4, 3), P (..., 4, 3, 3)."""

    x: Floats
    P: Floats


def _fading(dt: Floats, damping: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Transition and unit noise of a rate that fades: decay, reach, q11, q12, q22.

    The closed form of q11 loses all digits for a small damping * dt, so a series
    takes over there.
    """
    x = damping * dt
    small = x < 1e-2
    y = np.where(small, 1.0, x)
    lost = -np.expm1(-x)
    reach = np.where(small, 1 - x / 2 + x**2 / 6 - x**3 / 24 + x**4 / 120, -np.expm1(-y) / y)
    series = 1 / 3 - x / 4 + 7 * x**2 / 60 - x**3 / 24 + 31 * x**4 / 2520 - x**5 / 320
    closed = (y + 2 * np.expm1(-y) - np.expm1(-2 * y) / 2) / y**3
    q22 = np.where(
        small, 1 - x + 2 * x**2 / 3 - x**3 / 3 + 2 * x**4 / 15, -np.expm1(-2 * y) / y / 2
    )
    return (
        1 - lost,
        reach * dt,
        np.where(small, series, closed) * dt**3,
        (reach * dt) ** 2 / 2,
        q22 * dt,
    )


def transition(model: MotionModel, dt_s: float | Floats) -> Floats:
    """F in blocks, (..., 4, 3, 3)."""
    dt, damping = np.broadcast_arrays(np.asarray(dt_s, dtype=np.float64), model.size_damping_per_s)
    decay, reach, _, _, _ = _fading(dt, damping)
    F = np.zeros((*dt.shape, 4, 3, 3))
    F[..., 0, 0] = 1.0
    F[..., :2, 0, 1] = F[..., :2, 1, 2] = dt[..., None]
    F[..., :2, 0, 2] = dt[..., None] ** 2 / 2
    F[..., :2, 1, 1] = F[..., :2, 2, 2] = 1.0
    F[..., 2:, 0, 1] = reach[..., None]
    F[..., 2:, 1, 1] = decay[..., None]
    return F


def process_noise(model: MotionModel, dt_s: float | Floats) -> Floats:
    """Q in blocks, (..., 4, 3, 3)."""
    dt, jerk, size_noise, damping = np.broadcast_arrays(
        np.asarray(dt_s, dtype=np.float64),
        model.jerk_px_per_s3,
        model.size_noise_per_s2,
        model.size_damping_per_s,
    )
    t = dt[..., None, None]
    _, _, q11, q12, q22 = _fading(dt, damping)
    Q = np.zeros((*dt.shape, 4, 3, 3))
    Q[..., :2, :, :] = (_white_jerk(t) * jerk[..., None, None] ** 2)[..., None, :, :]
    fading = np.stack([q11, q12, q12, q22], axis=-1) * size_noise[..., None] ** 2
    Q[..., 2:, :2, :2] = fading.reshape(*dt.shape, 1, 2, 2)
    Q[..., 2:, 2, 2] = 1.0
    return Q


def _white_jerk(t: Floats) -> Floats:
    """Unit noise of value, rate and acceleration over t (..., 1, 1) s, (..., 3, 3)."""
    power = np.array([[5, 4, 3], [4, 3, 2], [3, 2, 1]])
    divisor = np.array([[20.0, 8.0, 6.0], [8.0, 3.0, 2.0], [6.0, 2.0, 1.0]])
    return np.asarray(t**power / divisor, dtype=np.float64)


def compress(mean: Floats, cov: Floats) -> Blocks:
    """Blocks of states (..., 10) and covariances (..., 10, 10)."""
    x = np.zeros((*mean.shape[:-1], 4, 3))
    x[..., :2, :] = mean[..., _CENTRE]
    x[..., 2:, :2] = mean[..., _SIZE]
    P = np.zeros((*cov.shape[:-2], 4, 3, 3))
    P[..., :2, :, :] = cov[..., _CENTRE[:, :, None], _CENTRE[:, None, :]]
    P[..., 2:, :2, :2] = cov[..., _SIZE[:, :, None], _SIZE[:, None, :]]
    P[..., 2:, 2, 2] = 1.0
    return Blocks(x, P)


def expand_matrix(blocks: Floats) -> Floats:
    """(..., 4, 3, 3) blocks as one (..., 10, 10) matrix."""
    dense = np.zeros((*blocks.shape[:-3], 10, 10))
    dense[..., _CENTRE[:, :, None], _CENTRE[:, None, :]] = blocks[..., :2, :, :]
    dense[..., _SIZE[:, :, None], _SIZE[:, None, :]] = blocks[..., 2:, :2, :2]
    return dense


def expand(blocks: Blocks) -> tuple[Floats, Floats]:
    """State (..., 10) and covariance (..., 10, 10), exactly symmetric, of blocks."""
    mean = np.empty((*blocks.x.shape[:-2], 10))
    mean[..., _CENTRE] = blocks.x[..., :2, :]
    mean[..., _SIZE] = blocks.x[..., 2:, :2]
    P = expand_matrix(blocks.P)
    return mean, (P + np.swapaxes(P, -1, -2)) / 2

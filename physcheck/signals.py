"""Helpers for numbers along time in which some are missing (NaN).

What the checks for size jumps, paths and bounces share: runs, robust spread, the
step between before and after, and local fits with their uncertainty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physcheck.errors import ShapeError
from physcheck.types import Bools, Evidence, Floats, Ints, Signal, Track

__all__ = [
    "LevelShift",
    "ParabolaFit",
    "VelocityBreak",
    "level_shift",
    "local_polyfit",
    "parabola_fit",
    "robust_scale",
    "rolling_median",
    "runs",
    "signal_of",
    "velocity_break",
]

_MAD_TO_SIGMA = 1.4826
_MEDIAN_ERROR = 1.2533
"""Standard error of a median, in those of a mean, for normal values."""
_MIN_SIDE = 3
"""Fewer samples than this on one side say nothing of a level or a velocity."""
_MIN_PARABOLA = 5
"""From this many samples on, a side is fitted by a parabola instead of a line."""
_HUBER = 1.345
_TRIM = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class LevelShift:
    """The step of a signal between before and after, for each of T indices.

    shift: (T,) median after minus median before; NaN where a side is too short.
    scale: (T,) robust standard deviation of one sample, both sides pooled.
    n_before, n_after: (T,) samples used.
    """

    shift: Floats
    scale: Floats
    n_before: Ints
    n_after: Ints

    @property
    def error(self) -> Floats:
        """(T,) standard error of the shift, from the scale and the counts."""
        n_before, n_after = np.maximum(self.n_before, 1), np.maximum(self.n_after, 1)
        return np.asarray(_MEDIAN_ERROR * self.scale * np.sqrt(1 / n_before + 1 / n_after))


@dataclass(frozen=True, slots=True, eq=False)
class ParabolaFit:
    """Position c0 + c1 t + c2 t^2, t counted from origin_s.

    coefficients: (3, 2) for x and y: px, px/s, px/s^2 (half the acceleration).
    covariance: (2, 3, 3) of the coefficients of x and of y.
    chi2_per_dof: over all samples, so that outliers show.
    trimmed_chi2_per_dof: over the inliers. inliers: (T,).
    All are NaN (inliers False) where there are too few samples.
    """

    origin_s: float
    coefficients: Floats
    covariance: Floats
    chi2_per_dof: float
    trimmed_chi2_per_dof: float
    inliers: Bools

    def position(self, times_s: Floats) -> Floats:
        """Where the parabola is at times (K,), (K, 2) px."""
        return _powers(times_s - self.origin_s, 2) @ self.coefficients


@dataclass(frozen=True, slots=True, eq=False)
class VelocityBreak:
    """How the velocity changes at each of T indices; NaN where a side is too short.

    change_px_per_s: (T, 2) velocity after minus before. covariance: (T, 2, 2) of it.
    gap_px: (T, 2) position at the index as seen from after minus from before.
    gap_covariance: (T, 2, 2) of it.
    """

    change_px_per_s: Floats
    covariance: Floats
    gap_px: Floats
    gap_covariance: Floats


def runs(mask: Bools) -> list[tuple[int, int]]:
    """(start, stop) of each run of True in (T,), stop exclusive."""
    edges = np.flatnonzero(np.diff(np.asarray(mask, dtype=np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _median(windows: Floats) -> Floats:
    """Median over the last axis, NaN left out; NaN where nothing is left, no warning."""
    ordered = np.sort(windows, axis=-1)
    count = np.isfinite(windows).sum(axis=-1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0), axis=-1)
    high = np.take_along_axis(ordered, np.minimum(count // 2, windows.shape[-1] - 1), axis=-1)
    return np.where(count > 0, (low + high) / 2, np.nan)[..., 0]


def rolling_median(values: Floats, half_width: int) -> Floats:
    """Median of the known samples within `half_width` of each index, (T,) to (T,).

    The window shrinks at both ends. NaN where it holds no known sample.
    """
    padded = np.pad(values.astype(np.float64), half_width, constant_values=np.nan)
    return _median(np.lib.stride_tricks.sliding_window_view(padded, 2 * half_width + 1))


def robust_scale(values: Floats) -> float:
    """Standard deviation as told by the median absolute deviation, NaN left out.

    Right for normal values, unmoved by outliers; NaN where nothing is known.
    """
    known = values[np.isfinite(values)]
    if known.size == 0:
        return float("nan")
    return float(_MAD_TO_SIGMA * np.median(np.abs(known - np.median(known))))


def level_shift(values: Floats, window: int, *, guard: int = 0, floor: float = 0.0) -> LevelShift:
    """Compare the level after each index with the level before it.

    Before index i are samples up to i - 1 - guard, after it those from i + guard on;
    on each side the nearest `window` known ones count, across gaps. A clean step
    whose first new sample is i thus shows in full at i.

    Args:
        values: (T,), NaN where unknown.
        window: samples a side; at least three must exist.
        guard: samples left out on each side, for changes that take a while.
        floor: least scale; the spread of three samples may be zero by luck.
    """
    known = np.flatnonzero(np.isfinite(values))
    index = np.arange(len(values))
    padded = np.concatenate([_missing(window), values[known], _missing(window)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, window)
    before = windows[np.searchsorted(known, index - guard)]
    after = windows[np.searchsorted(known, index + guard) + window]
    n_before, n_after = (np.isfinite(side).sum(axis=1) for side in (before, after))
    enough = np.minimum(n_before, n_after) >= min(_MIN_SIDE, window)
    shift = np.where(enough, _median(after) - _median(before), np.nan)
    rest = np.concatenate([_centred(before), _centred(after)], axis=1)
    scale = np.maximum(_MAD_TO_SIGMA * _median(np.abs(rest)), floor)
    return LevelShift(shift, np.where(enough, scale, np.nan), n_before, n_after)


def _missing(n: int) -> Floats:
    """(n,) unknown samples."""
    return np.full(n, np.nan)


def _centred(side: Floats) -> Floats:
    """(T, window) minus the median of each row."""
    return side - _median(side)[:, None]


def _powers(t: Floats, degree: int) -> Floats:
    """1, t, t^2, ... of times (..., n), (..., n, degree + 1)."""
    return np.asarray(t[..., None] ** np.arange(degree + 1), dtype=np.float64)


def local_polyfit(
    times_s: Floats, values: Floats, weights: Floats, degree: int
) -> tuple[Floats, Floats]:
    """Weighted least squares fit of a polynomial.

    Args:
        times_s: (T,), counted from where the coefficients are wanted.
        values: (T,), NaN where unknown.
        weights: (T,) one over the standard deviation of each value.

    Returns:
        Coefficients (degree + 1,), lowest power first, and their covariance; NaN
        where fewer than degree + 1 values are known.
    """
    known = np.isfinite(values) & (weights > 0)
    if known.sum() <= degree:
        return _missing(degree + 1), np.full((degree + 1, degree + 1), np.nan)
    reach = max(float(np.abs(times_s[known]).max()), 1e-12)
    design = _powers(times_s[known] / reach, degree) * weights[known, None]
    q, r = np.linalg.qr(design)
    back = np.linalg.pinv(r) / reach ** np.arange(degree + 1)[:, None]
    return back @ (q.T @ (values[known] * weights[known])), back @ back.T


def _sigma(noise_px: float | Floats, shape: tuple[int, ...]) -> Floats:
    """Noise as (T, 2) from one number, (T,) or (T, 2)."""
    noise = np.asarray(noise_px, dtype=np.float64)
    return np.broadcast_to(noise[:, None] if noise.ndim == 1 else noise, shape)


def _check_path(times_s: Floats, xy: Floats) -> None:
    """Raise ShapeError unless xy is (T, 2) for T times."""
    if xy.shape != (len(times_s), 2):
        raise ShapeError(f"xy must have shape ({len(times_s)}, 2), got {xy.shape}")


def parabola_fit(times_s: Floats, xy: Floats, noise_px: float | Floats) -> ParabolaFit:
    """Fit one constant acceleration to a path, heedless of outliers.

    Huber weights find the path that most samples follow; samples further from it
    than four times the spread are left out of a last, plain fit. At least four
    samples must be known.

    Args:
        times_s: (T,). xy: (T, 2) px, NaN where unknown.
        noise_px: standard deviation of a sample: one number, (T,) or (T, 2).

    Source: Huber (1981), Robust Statistics, ch. 7.
    """
    _check_path(times_s, xy)
    sigma = _sigma(noise_px, xy.shape)
    known = np.asarray(np.isfinite(xy / sigma).all(axis=1))
    origin_s = float(times_s[known].mean()) if known.any() else 0.0
    t = times_s - origin_s
    inliers = _inliers(t, xy, sigma, known)
    coefficients, covariance = _fit(t, xy, np.where(inliers[:, None], 1 / sigma, 0.0))
    square = (((xy - _powers(t, 2) @ coefficients) / sigma) ** 2).sum(axis=1)
    return ParabolaFit(
        origin_s,
        coefficients,
        covariance,
        _per_dof(square[known]),
        _per_dof(square[inliers]),
        inliers,
    )


def _per_dof(square: Floats) -> float:
    """Mean squared residual of n points in two coordinates after six coefficients."""
    dof = 2 * len(square) - 6
    return float(square.sum() / dof) if dof > 0 else float("nan")


def _fit(t: Floats, xy: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Parabola in x and in y: coefficients (3, 2) and covariances (2, 3, 3)."""
    found = [local_polyfit(t, xy[:, axis], weights[:, axis], 2) for axis in (0, 1)]
    return np.stack([c for c, _ in found], axis=1), np.stack([cov for _, cov in found])


def _inliers(t: Floats, xy: Floats, sigma: Floats, known: Bools) -> Bools:
    """Samples (T,) that lie on the parabola most of them follow."""
    if known.sum() <= _MIN_SIDE:
        return np.zeros_like(known)
    huber = known.astype(np.float64)
    distance = np.full(len(t), np.nan)
    for _ in range(15):
        coefficients, _ = _fit(t, xy, np.sqrt(huber)[:, None] / sigma)
        distance = np.hypot(*((xy - _powers(t, 2) @ coefficients) / sigma).T)
        unit = np.maximum(1.0, np.median(distance[known]) / 1.1774)
        huber[known] = _HUBER / np.maximum(distance[known] / unit, _HUBER)
    kept = known & (distance <= _TRIM * unit)
    return kept if kept.sum() > _MIN_SIDE else known


def velocity_break(
    times_s: Floats, xy: Floats, noise_px: float | Floats, half_window_frames: int
) -> VelocityBreak:
    """Compare the velocity just after each index with the one just before it.

    Each side is fitted by itself, by a parabola from five known samples on, by a
    line from three on, and extrapolated to the time of the index. The sample at the
    index belongs to neither side: a bounce between two frames spoils it. A line
    is blind to acceleration, so three or four samples of a fall are biased.

    Args:
        times_s: (T,) increasing. xy: (T, 2) px, NaN where unknown.
        noise_px: standard deviation of a sample: one number, (T,) or (T, 2).
        half_window_frames: samples a side, at least 3.
    """
    _check_path(times_s, xy)
    sigma = _sigma(noise_px, xy.shape)
    weights = np.where(np.isfinite(xy / sigma), 1 / sigma, 0.0)
    n, index = half_window_frames, np.arange(len(times_s))[:, None]
    after, after_cov = _side(times_s, xy, weights, index + np.arange(1, n + 1))
    before, before_cov = _side(times_s, xy, weights, index - np.arange(n, 0, -1))
    step, cov = after - before, after_cov + before_cov
    places = np.eye(2)
    return VelocityBreak(
        step[..., 1], cov[..., 1, 1, None] * places, step[..., 0], cov[..., 0, 0, None] * places
    )


def _side(times_s: Floats, xy: Floats, weights: Floats, members: Ints) -> tuple[Floats, Floats]:
    """Fit the members (T, n) of each index: coefficients (T, 2, 3), covariance (T, 2, 3, 3).

    Normal equations in time over the reach of the window, which keeps them well
    conditioned. A line is a parabola whose last equation says "c2 = 0".
    """
    inside = (members >= 0) & (members < len(times_s))
    members = np.clip(members, 0, len(times_s) - 1)
    w = np.where(inside[..., None], weights[members], 0.0).swapaxes(1, 2)  # (T, 2, n)
    z = np.nan_to_num(xy[members]).swapaxes(1, 2)
    t = times_s[members] - times_s[:, None]
    reach = np.maximum(np.abs(t).max(axis=1, initial=0.0), 1e-12)
    design = _powers(t / reach[:, None], 2)[:, None] * w[..., None]  # (T, 2, n, 3)
    count = (w > 0).sum(axis=-1)
    design[..., 2] *= (count >= _MIN_PARABOLA)[..., None]
    normal = design.swapaxes(-1, -2) @ design
    normal[..., 2, 2] += count < _MIN_PARABOLA
    normal[count < _MIN_SIDE] = np.eye(3)
    cov = np.linalg.inv(normal)
    right = (design.swapaxes(-1, -2) @ (z * w)[..., None])[..., 0]
    unit = reach[:, None, None] ** -np.arange(3.0)
    short = np.where(count < _MIN_SIDE, np.nan, 1.0)[..., None]
    c = (cov @ right[..., None])[..., 0] * unit * short
    return c, cov * (unit[..., :, None] * unit[..., None, :]) * short[..., None]


def signal_of(
    track: Track,
    values: Floats,
    reasons: NDArray[np.str_],
    *,
    unit: str,
    evidence: Sequence[Evidence] = (),
) -> Signal:
    """What a check measured of one thing, a value for each of its frames.

    Args:
        values: (F,) in `unit`, NaN where it was not judged. reasons: (F,) why not, or "".
    """
    return Signal(
        track_ids=(track.id,),
        label=track.label,
        frames=track.frames,
        values=values,
        unit=unit,
        reasons=reasons,
        boxes=track.boxes,
        evidence=tuple(evidence),
    )

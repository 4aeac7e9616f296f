"""Measurement noise of a track, learned from the track itself."""

from __future__ import annotations

import numpy as np

from physcheck.types import Floats

__all__ = ["NOISE_FLOOR", "estimate_noise"]

NOISE_FLOOR = (0.2, 0.2, 0.003, 0.003)
"""No box is known better than this: px, px, log px, log px."""

_MIN_WINDOWS = 5
_WIDEST = 2.0
"""A window of four samples may last at most this many times the usual one."""


def estimate_noise(
    times_s: Floats, measurements: Floats, floor: tuple[float, ...] = NOISE_FLOOR
) -> Floats:
    """Standard deviation of what jumps from sample to sample in a track.

    The third difference of four neighbouring samples is zero for any motion with
    constant acceleration, and its median size does not heed a few outliers or
    bounces. What drifts over several frames is not seen.

    Args:
        times_s: (T,) s, strictly increasing. measurements: (T, 4), NaN where not
            measured. floor: least standard deviation of each column.

    Returns:
        (4,) in the units of the columns; NaN where fewer than five windows of four
        neighbouring samples exist: take the larger of this and what the detector
        says with np.fmax, which passes over NaN.
    """
    columns = [_spread(times_s, column) for column in measurements.T]
    return np.asarray(np.maximum(columns, floor), dtype=np.float64)


def _spread(times_s: Floats, values: Floats) -> float:
    """Robust standard deviation of normalised third differences, NaN for too few."""
    seen = np.isfinite(values)
    if seen.sum() < _MIN_WINDOWS + 3:
        return float("nan")
    t = np.lib.stride_tricks.sliding_window_view(times_s[seen], 4)
    z = np.lib.stride_tricks.sliding_window_view(values[seen], 4)
    span = t[:, 3] - t[:, 0]
    near = span <= _WIDEST * np.median(span)
    if near.sum() < _MIN_WINDOWS:
        return float("nan")
    weights = _third_difference(t[near])
    differences = (weights * z[near]).sum(axis=1)
    return float(1.4826 * np.median(np.abs(differences)))


def _third_difference(t: Floats) -> Floats:
    """Weights (N, 4) that remove parabolas at times t (N, 4) and keep unit variance."""
    apart = (t[:, :, None] - t[:, None, :]) / (t[:, 3] - t[:, 0])[:, None, None]
    weights = 1.0 / (apart + np.eye(4)).prod(axis=2)
    return np.asarray(weights / np.linalg.norm(weights, axis=1, keepdims=True), dtype=np.float64)

"""From how strong a violation is to how often it is found."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from physcheck.errors import ShapeError
from physcheck.statistics import equal_mass_bins
from physcheck.types import Bools, Floats

__all__ = ["Curve", "RecallBin", "detection_curve", "smallest_seen"]

_N_STEPS = 100
_LONGEST_STEP = 2.0
_ENOUGH = 1e-8


@dataclass(frozen=True, slots=True)
class RecallBin:
    """Violations of like magnitude: smallest and largest, how many, how many found."""

    low: float
    high: float
    n: int
    n_hit: int

    @property
    def recall(self) -> float:
        """Share that was found."""
        return self.n_hit / self.n


@dataclass(frozen=True, slots=True)
class Curve:
    """Recall against magnitude: logit(recall) = intercept + slope * ln(magnitude).

    low, high: smallest and largest magnitude that was tried; the fit says nothing beyond.
    intercept, slope are NaN where there is nothing to fit (a single magnitude, seen or not).
    """

    intercept: float
    slope: float
    low: float
    high: float
    bins: tuple[RecallBin, ...]

    def recall_at(self, magnitudes: ArrayLike) -> Floats:
        """The fitted recall at magnitudes > 0, any shape."""
        log = np.log(np.asarray(magnitudes, dtype=np.float64))
        return _logistic(self.intercept + self.slope * log)


def detection_curve(magnitudes: ArrayLike, hit: ArrayLike, n_bins: int = 5) -> Curve:
    """Fit how recall grows with the logarithm of the magnitude.

    The fit is Firth's: the likelihood is shrunk by Jeffreys' prior, so that it stays
    finite where all above some magnitude is found and nothing below. Where everything is
    found, or nothing, the curve is level.

    Args:
        magnitudes: (N,) > 0, in one unit. hit: (N,) bool, whether it was found.
        n_bins: bins of equal mass, equal magnitudes stay together.

    Raises:
        ShapeError: different lengths, or a magnitude that is not above zero.

    Source: Firth (1993), Bias reduction of maximum likelihood estimates; Heinze, Schemper
    (2002), A solution to the problem of separation in logistic regression.
    """
    sizes, found = np.asarray(magnitudes, dtype=np.float64), np.asarray(hit, dtype=np.bool_)
    if sizes.shape != found.shape or sizes.ndim != 1 or not (sizes > 0).all():
        raise ShapeError(
            f"magnitudes {sizes.shape} and hit {found.shape} must be of one length, and above zero"
        )
    if len(sizes) == 0:
        return Curve(math.nan, math.nan, math.nan, math.nan, ())
    low, high = float(sizes.min()), float(sizes.max())
    intercept, slope = _firth(np.log(sizes), found) if low < high else (math.nan, math.nan)
    if found.all() or not found.any():
        # Any slope would come from the prior alone.
        intercept, slope = math.log((found.sum() + 0.5) / ((~found).sum() + 0.5)), 0.0
    return Curve(intercept, slope, low, high, _bins(sizes, found, n_bins))


def smallest_seen(curve: Curve, share: float = 0.9) -> float:
    """Magnitude from which on this share is found, by the fit.

    Returns:
        NaN where the fit does not rise through the share within what was tried; whether
        even the smallest is seen tells `curve.recall_at(curve.low)`.
    """
    if not curve.slope > 0:
        return math.nan
    magnitude = math.exp(
        min((math.log(share / (1 - share)) - curve.intercept) / curve.slope, 700.0)
    )
    return magnitude if curve.low <= magnitude <= curve.high else math.nan


def _bins(sizes: Floats, found: Bools, n_bins: int) -> tuple[RecallBin, ...]:
    """Recall in bins of equal mass, empty ones left out."""
    bins = equal_mass_bins(sizes, n_bins)
    members = [bins == number for number in range(n_bins) if (bins == number).any()]
    return tuple(
        RecallBin(
            float(sizes[one].min()), float(sizes[one].max()), int(one.sum()), int(found[one].sum())
        )
        for one in members
    )


def _firth(x: Floats, found: Bools) -> tuple[float, float]:
    """Intercept and slope by Newton steps on the penalised score, on x made standard."""
    middle, spread = x.mean(), x.std()
    design = np.stack([np.ones(len(x)), (x - middle) / spread], axis=1)
    beta = np.zeros(2)
    for _ in range(_N_STEPS):
        p = _logistic(design @ beta)
        weight = np.maximum(p * (1 - p), 1e-12)
        covariance = np.linalg.inv(design.T @ (design * weight[:, None]))
        leverage = weight * np.einsum("ni,ij,nj->n", design, covariance, design)
        step = covariance @ (design.T @ (found - p + leverage * (0.5 - p)))
        step *= min(1.0, _LONGEST_STEP / max(np.abs(step).max(), _ENOUGH))
        beta += step
        if np.abs(step).max() < _ENOUGH:
            break
    slope = float(beta[1] / spread)
    return float(beta[0] - slope * middle), slope


def _logistic(x: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(x / 2)), dtype=np.float64)

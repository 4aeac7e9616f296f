"""Figures of clips: do the clips in which something is wrong score higher than the others?

Everywhere: scores (N,), larger is worse; positive (N,) bool, True where something is
wrong. NaN is given where a figure has no meaning, such as with one class only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from physcheck.errors import ShapeError
from physcheck.statistics import equal_mass_bins
from physcheck.types import Bools, Floats, Ints

__all__ = [
    "Ranking",
    "auroc",
    "average_precision",
    "brier",
    "calibration_error",
    "limit_for",
    "recall_at_false_alarms",
]

NAN = float("nan")


def auroc(scores: ArrayLike, positive: ArrayLike) -> float:
    """Chance that a violating clip scores above a clean one; equal scores count half.

    Source: Hanley, McNeil (1982), The meaning and use of the area under a ROC curve.
    """
    values, wrong = _arrays(scores, positive)
    if _one_class(wrong):
        return NAN
    clean = np.sort(values[~wrong])
    below = np.searchsorted(clean, values[wrong], side="left")
    not_above = np.searchsorted(clean, values[wrong], side="right")
    return float((below + not_above).mean() / (2 * len(clean)))


def average_precision(scores: ArrayLike, positive: ArrayLike) -> float:
    """Mean of the precision over the recall, without interpolation.

    Equal scores are taken together, so that their order does not matter.
    """
    values, wrong = _arrays(scores, positive)
    return Ranking.of(values).average_precision(wrong, np.ones(len(values)))


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Scores put in order once, for average precision under many weightings.

    order: (N,) rows from the largest score to the smallest.
    last: (L,) the last place in `order` of each run of equal scores.
    """

    order: Ints
    last: Ints

    @classmethod
    def of(cls, scores: Floats) -> Ranking:
        """Rank scores (N,)."""
        order = np.argsort(-scores, kind="stable")
        falls = np.flatnonzero(np.diff(scores[order]))
        return cls(order, np.append(falls, len(scores) - 1)[: len(scores)])

    def average_precision(self, positive: Bools, weights: Floats) -> float:
        """Average precision where a row counts as often as its weight says.

        Args:
            positive: (N,). weights: (N,) >= 0, such as how often a row was drawn.
        """
        drawn, wrong = weights[self.order], positive[self.order]
        n_so_far = np.cumsum(drawn)[self.last]
        n_right = np.cumsum(drawn * wrong)[self.last]
        if len(n_right) == 0 or not 0 < n_right[-1] < n_so_far[-1]:
            return NAN
        precision = n_right / np.maximum(n_so_far, 1e-12)
        return float((np.diff(n_right, prepend=0.0) * precision).sum() / n_right[-1])


def limit_for(clean_scores: ArrayLike, n_allowed: int) -> float:
    """Smallest limit such that at most `n_allowed` clean clips score above it.

    A limit cannot split equal scores: fewer than allowed may be above it.

    Args:
        clean_scores: (N,) of the clean clips.

    Returns:
        The limit; a clip is flagged where its score is larger. Minus infinity where there
        are no more clean clips than may be flagged.
    """
    falling = np.sort(np.asarray(clean_scores, dtype=np.float64))[::-1]
    return float(falling[n_allowed]) if n_allowed < len(falling) else -math.inf


def recall_at_false_alarms(scores: ArrayLike, positive: ArrayLike, n_allowed: int) -> float:
    """Share of the violating clips above the limit that flags at most `n_allowed` clean ones."""
    values, wrong = _arrays(scores, positive)
    if _one_class(wrong):
        return NAN
    return float((values[wrong] > limit_for(values[~wrong], n_allowed)).mean())


def calibration_error(probabilities: ArrayLike, positive: ArrayLike, n_bins: int = 10) -> float:
    """Mean distance between what is said and what comes true, over bins of equal mass.

    Args:
        probabilities: (N,) in [0, 1], of violation.

    Source: Nguyen, O'Connor (2015), Posterior calibration and exploratory analysis for
    natural language processing models; Nixon et al. (2019), Measuring calibration in deep
    learning.
    """
    said, wrong = _arrays(probabilities, positive)
    if _one_class(wrong):
        return NAN
    bins = equal_mass_bins(said, n_bins)
    gap = np.bincount(bins, weights=said - wrong, minlength=n_bins)
    return float(np.abs(gap).sum() / len(said))


def brier(probabilities: ArrayLike, positive: ArrayLike) -> float:
    """Mean squared distance between the probability of violation and 1 or 0.

    Source: Brier (1950), Verification of forecasts expressed in terms of probability.
    """
    said, wrong = _arrays(probabilities, positive)
    return NAN if _one_class(wrong) else float(((said - wrong) ** 2).mean())


def _arrays(scores: ArrayLike, positive: ArrayLike) -> tuple[Floats, Bools]:
    """Both as arrays.

    Raises:
        ShapeError: they differ in length, or a score is NaN.
    """
    values, wrong = np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=np.bool_)
    if values.shape != wrong.shape or values.ndim != 1:
        raise ShapeError(f"scores {values.shape} and positive {wrong.shape} must be of one length")
    if np.isnan(values).any():
        raise ShapeError("a score is NaN; an unscored clip counts as clean, 0")
    return values, wrong


def _one_class(positive: Bools) -> bool:
    return bool(positive.all() or not positive.any())

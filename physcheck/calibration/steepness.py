"""How fast the odds of a violation grow with the number that was measured."""

from __future__ import annotations

import numpy as np

from physcheck.types import Bools, Floats

__all__ = ["GENTLE", "fit_scale", "fit_steepness"]

GENTLE = 3.0
"""Steepness where nothing was learned: twice the limit is 8 to 1."""

_SPREAD = 0.7
"""How far from what is believed the slope to lie beforehand, in natural logarithms."""
_LOWEST_RATIO = 0.05
_TRIED = np.geomspace(0.5, 20.0, 200)


def fit_steepness(ratios: Floats, violating: Bools, weights: Floats) -> float:
    """Fit b in: odds of a violation = (value / limit) ** b.

    A logistic regression without intercept (the odds are even at the limit) on the
    logarithm of value / limit, with a lognormal prior on b: shrinkage towards `GENTLE`.

    Args:
        ratios: (N,) value / limit. violating: (N,). weights: (N,) how much each counts.

    Returns:
        b, in [0.5, 20].

    Source: Platt (1999), Probabilistic outputs for support vector machines; the prior as
    in Gelman et al. (2008), A weakly informative default prior for logistic regression.
    """
    x = np.log(np.maximum(ratios, _LOWEST_RATIO))
    return _slope(x, violating, weights, believed=GENTLE)


def fit_scale(excess: Floats, violating: Bools, weights: Floats) -> float:
    """Fit s in: log odds of a violation = (value - limit) / s, for values that are log odds.

    Args:
        excess: (N,) value - limit, nats. violating: (N,). weights: (N,) how much each counts.

    Returns:
        s, in [0.05, 2]; believed to be near 1.
    """
    return 1.0 / _slope(excess, violating, weights, believed=1.0)


def _slope(x: Floats, violating: Bools, weights: Floats, *, believed: float) -> float:
    """Slope of a logistic regression through the origin, lognormal about a belief."""
    sign = np.where(violating, 1.0, -1.0)
    margins = _TRIED[:, None] * (sign * x)[None, :]
    likelihood = -(np.logaddexp(0.0, -margins) * weights).sum(axis=1)
    prior = -0.5 * (np.log(_TRIED / believed) / _SPREAD) ** 2
    return float(_TRIED[int(np.argmax(likelihood + prior))])

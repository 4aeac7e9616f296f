"""From a measured value to a probability of violation, and intervals by bootstrap.

A check measures how unusual something is. Its null family says how that number
is spread when nothing is wrong, which gives a p value; the p value of the rule's
limit then gives a probability that is one half exactly at the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physcheck.errors import ConfigurationError, ShapeError
from physcheck.types import Floats, Ints

__all__ = [
    "FAMILIES",
    "HIGHEST_PROBABILITY",
    "bootstrap_interval",
    "equal_mass_bins",
    "grouped_intervals",
    "log_tail_probability",
    "odds_probability",
    "posterior",
    "tail_probability",
    "violation_probability",
]

FAMILIES = ("exponential", "halfnormal", "lognormal", "log-odds")
"""Names of the null families, see `violation_probability`."""

HIGHEST_PROBABILITY = 0.9999
"""No measurement on pixels makes more certain than this."""

_LOG_HALF_ZONE = -1.0
"""ln(1/e): above this p value the bound says nothing."""


def _check_family(family: str, scale: float, shape: float | None) -> None:
    """Raise ConfigurationError where the null family is not fully or wrongly given."""
    if family not in FAMILIES:
        raise ConfigurationError(f"unknown null family {family!r}; known: {', '.join(FAMILIES)}")
    if not scale > 0:
        raise ConfigurationError(f"the scale of a null family must be positive, got {scale}")
    if (family == "lognormal") != (shape is not None):
        raise ConfigurationError("'lognormal' needs a shape, the other null families take none")
    if shape is not None and not shape > 0:
        raise ConfigurationError(f"the shape of a null family must be positive, got {shape}")


def log_tail_probability(
    value: ArrayLike, family: str, scale: float, shape: float | None = None
) -> Floats:
    """Logarithm of the chance of a value as large as this when nothing is wrong.

    The families:
        halfnormal: the size of an error that is normal around zero; for values in
            units of a noise, such as |after - before| / sigma. `scale` is its
            standard deviation.
        exponential: for squared errors of two coordinates, sums of log odds and
            other statistics whose tail falls like exp(-value / scale). `scale` is
            the mean.
        lognormal: for positive values spread over orders of magnitude, such as
            ratios and relative errors, where many small causes multiply. `scale`
            is the median, `shape` the standard deviation of the logarithm.

    Args:
        value: any shape, larger is worse; below zero counts as zero.

    Returns:
        Natural logarithm of p, same shape, at most 0; NaN where value is NaN.

    Raises:
        ConfigurationError: unknown family, or scale or shape missing or wrong.
    """
    from scipy.special import log_ndtr

    _check_family(family, scale, shape)
    ratio = np.maximum(np.asarray(value, dtype=np.float64), 0.0) / scale
    if family == "exponential":
        return np.asarray(-ratio)
    if family == "halfnormal":
        return np.asarray(np.minimum(np.log(2.0) + log_ndtr(-ratio), 0.0), dtype=np.float64)
    with np.errstate(divide="ignore"):
        return np.asarray(log_ndtr(-np.log(ratio) / (shape or 1.0)), dtype=np.float64)


def tail_probability(
    value: ArrayLike, family: str, scale: float, shape: float | None = None
) -> Floats:
    """Chance of a value as large as this when nothing is wrong, in [0, 1].

    Far out it is 0 for want of digits; use `log_tail_probability` there.
    Arguments and families are those of `log_tail_probability`.
    """
    return np.asarray(np.exp(log_tail_probability(value, family, scale, shape)))


def _log_bound(log_p: Floats) -> Floats:
    """Logarithm of the bound B(p), continued above p = 1/e; see `posterior`."""
    low = np.clip(log_p, -1e300, _LOG_HALF_ZONE)
    informative = 1.0 + low + np.log(-low)
    # u runs from 0 at p = 1/e to 1 at p = 1; B = 1 / (1 - u^2).
    rest = -np.expm1(np.maximum(log_p, _LOG_HALF_ZONE)) / -np.expm1(_LOG_HALF_ZONE)
    with np.errstate(divide="ignore"):
        continued = -np.log(rest * (2.0 - rest))
    return np.where(log_p < _LOG_HALF_ZONE, informative, continued)


def _log_posterior(log_p: Floats, log_p_limit: float) -> Floats:
    """`posterior` for logarithms of the p values."""
    if not -np.inf < log_p_limit < 0.0:
        raise ConfigurationError(
            "the p value of a limit must lie between 0 and 1; "
            "for limits too far out for a float use violation_probability"
        )
    against = _log_bound(log_p) - _log_bound(np.asarray(log_p_limit))
    with np.errstate(invalid="ignore"):
        return np.minimum(np.exp(-np.logaddexp(0.0, against)), HIGHEST_PROBABILITY)


def posterior(p: ArrayLike, p_limit: float) -> Floats:
    """Probability of a violation from a p value and the p value of the limit.

    B(p) = -e p ln p, for p < 1/e, is the smallest Bayes factor in favour of "nothing
    is wrong" that a p value allows. Returned is 1 / (1 + B(p) / B(p_limit)), so that
    a value exactly at its limit has probability one half.

    For p >= 1/e the bound is 1 and says no more. So that smaller values still rank
    lower, B is continued as 1 / (1 - u^2), u = (p - 1/e) / (1 - 1/e): it joins with
    equal value and slope at p = 1/e, and the probability falls to 0 as p goes to 1.

    Args:
        p: p values in [0, 1], any shape.
        p_limit: p value of the rule's limit, in (0, 1).

    Returns:
        Probabilities in [0, 0.9999], same shape; NaN where p is NaN.

    Raises:
        ConfigurationError: p_limit is not inside (0, 1).

    Source: Sellke, Bayarri, Berger (2001), Calibration of p values for testing
    precise null hypotheses, The American Statistician 55(1).
    """
    with np.errstate(divide="ignore"):
        log_p, log_p_limit = np.log(np.asarray(p, dtype=np.float64)), float(np.log(p_limit))
    return _log_posterior(log_p, log_p_limit)


def violation_probability(
    value: ArrayLike, limit: float, family: str, scale: float, shape: float | None = None
) -> Floats:
    """Probability of a violation from a value and its limit, in logarithms throughout.

    The same as `posterior` of the two tail probabilities, but right also where
    these are too small for a float. The family "log-odds" is for statistics that are log
    odds of a violation already, learned from labelled events: they keep their meaning
    below zero, and the probability is logistic in (value - limit) / scale.

    Args:
        value: any shape, larger is worse. limit: in the same unit, above zero.
        family, scale, shape: the null, see `log_tail_probability`.

    Returns:
        Probabilities in [0, 0.9999], 0.5 at the limit; NaN where value is NaN.

    Raises:
        ConfigurationError: the null is wrong, or the limit is not above zero.
    """
    if family == "log-odds":
        _check_family(family, scale, shape)
        return _logistic((np.asarray(value, dtype=np.float64) - limit) / scale)
    log_p = log_tail_probability(value, family, scale, shape)
    log_p_limit = log_tail_probability(limit, family, scale, shape)
    return _log_posterior(log_p, float(log_p_limit))


def odds_probability(value: ArrayLike, limit: float, steepness: float) -> Floats:
    """Probability of a violation whose odds grow as (value / limit) ** steepness.

    A logistic in the logarithm of the value, even odds at the limit; values at or below
    zero have none.

    Args:
        value: any shape, larger is worse. limit: in the same unit, above zero.
        steepness: above zero.

    Returns:
        Probabilities in [0, 0.9999], 0.5 at the limit; NaN where value is NaN.

    Raises:
        ConfigurationError: limit or steepness is not above zero.
    """
    if not (limit > 0.0 and steepness > 0.0):
        raise ConfigurationError("limit and steepness must be above zero")
    with np.errstate(divide="ignore"):
        log_ratio = np.log(np.maximum(np.asarray(value, dtype=np.float64), 0.0) / limit)
    return _logistic(steepness * log_ratio)


def _logistic(log_odds: Floats) -> Floats:
    return np.minimum(np.exp(-np.logaddexp(0.0, -log_odds)), HIGHEST_PROBABILITY)


def grouped_intervals(
    groups: ArrayLike,
    statistics: Callable[[Ints], ArrayLike],
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Floats:
    """Percentile intervals of several figures at once, from the same draws of whole groups.

    Values of one group (say, the clips cut from one film) are not independent;
    drawing values one by one would make the intervals too narrow. What `statistics`
    needs of each value is best worked out before: it is called n times.

    Args:
        groups: (N,) names, one for each value.
        statistics: takes the rows that were drawn, (K,) of 0..N-1 with repeats (none at
            all where N is 0), gives (S,) figures.
        n: number of draws. seed: of the draws. level: share inside, in (0, 1).

    Returns:
        (S, 2) lower and upper ends. Draws for which a figure is NaN are left out; where
        they are more than half of the draws, both ends are NaN.

    Source: Davison, Hinkley (1997), Bootstrap methods and their application, ch. 3.8.
    """
    found = np.array([statistics(rows) for rows in _drawn_rows(groups, n, seed)], dtype=np.float64)
    known = np.isfinite(found).mean(axis=0) >= 0.5
    ends = np.full((found.shape[1], 2), np.nan)
    tail = (1.0 - level) / 2
    if known.any():
        ends[known] = np.nanquantile(found[:, known], [tail, 1.0 - tail], axis=0).T
    return ends


def _drawn_rows(groups: ArrayLike, n: int, seed: int) -> Iterator[Ints]:
    """Rows of as many groups as there are, drawn with replacement, n times over."""
    _, member = np.unique(np.asarray(groups), return_inverse=True)
    rows = [np.flatnonzero(member == group) for group in range(member.max(initial=-1) + 1)]
    if not rows:
        yield np.zeros(0, dtype=np.int64)
        return
    for draw in np.random.default_rng(seed).integers(len(rows), size=(n, len(rows))):
        yield np.concatenate([rows[group] for group in draw])


def bootstrap_interval(
    values: ArrayLike,
    statistic: Callable[[NDArray[Any]], float],
    groups: ArrayLike | None = None,
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile interval of a statistic, by drawing whole groups with replacement.

    See `grouped_intervals`, which does this for several figures at once.

    Args:
        values: (N, ...). statistic: takes drawn values (K, ...), gives a number.
        groups: (N,) names; every value is its own group where None.
        n: number of draws. seed: of the draws. level: share inside, in (0, 1).

    Returns:
        Lower and upper end; NaN and NaN where there are no values. Draws for which
        the statistic is NaN are left out; where they are most, both ends are NaN.

    Raises:
        ShapeError: groups and values differ in length.
    """
    data = np.asarray(values)
    names = np.arange(len(data)) if groups is None else np.asarray(groups)
    if len(names) != len(data):
        raise ShapeError(f"groups must have {len(data)} entries, got {len(names)}")
    if len(data) == 0:
        return float("nan"), float("nan")
    ends = grouped_intervals(names, lambda rows: [statistic(data[rows])], n, seed, level)
    return float(ends[0, 0]), float(ends[0, 1])


def equal_mass_bins(values: ArrayLike, n_bins: int) -> Ints:
    """Sort values into bins of equal numbers, as far as ties allow: equal values stay together.

    Args:
        values: (N,) finite.

    Returns:
        (N,) bin of each value, 0 to n_bins - 1, growing with the value; bins may be empty.
    """
    ordered, member, count = np.unique(
        np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True
    )
    if len(ordered) == 0:
        return np.zeros(0, dtype=np.int64)
    middle = np.cumsum(count) - count / 2
    bins = np.minimum(middle / count.sum() * n_bins, n_bins - 1)
    return np.asarray(bins.astype(np.int64)[member], dtype=np.int64)

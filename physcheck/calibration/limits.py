"""From what clips that obey reach to the limit that few of them will reach."""

from __future__ import annotations

import math

import numpy as np

from physcheck.errors import ShapeError
from physcheck.types import Floats

__all__ = ["tail_limit"]

_LEAST_IN_TAIL = 4
_PRIOR_INDEX, _PRIOR_WEIGHT = 0.25, 4.0
"""Tail index of numbers that are normal or exponential, seen at the sample sizes there are;
and how many clips that belief is worth."""


def tail_limit(values: Floats, share: float, *, additive: bool, n_clean: int) -> float:
    """The number that a share of clean clips exceeds.

    With a few dozen clean clips a small share lies beyond the largest number that was
    seen. So the tail is fitted and followed: its largest sqrt(N) numbers, by Hill's
    estimator, with a prior on the tail index for small samples; numbers that are sums of
    log odds have an exponential tail, whose mean excess is used in the same way.

    Args:
        values: (M,) the largest number in each clean clip in which the rule judged
            something, NaN elsewhere.
        share: of clean clips, in (0, 1).
        additive: whether the numbers are log odds.
        n_clean: all clean clips; those without a number never exceed a limit.

    Returns:
        The limit, 0 where no clip has a number above zero.

    Raises:
        ShapeError: the share is not in (0, 1), or there are more values than clips.

    Source: Hill (1975), A simple general approach to inference about the tail of a
    distribution; Weissman (1978), Estimation of parameters and large quantiles.
    """
    known = np.sort(values[np.isfinite(values) & (values > 0.0)])[::-1]
    if not 0.0 < share < 1.0 or len(known) > n_clean:
        raise ShapeError(f"share {share} of {n_clean} clean clips, {len(known)} with a number")
    if not len(known):
        return 0.0
    n_tail = min(max(_LEAST_IN_TAIL, math.isqrt(n_clean)), len(known))
    threshold = float(known[n_tail - 1])
    reach = math.log(n_tail / (n_clean * share))
    if reach <= 0.0:
        # The share is so large that it lies within what was seen.
        return float(known[min(int(n_clean * share), len(known) - 1)])
    if additive:
        return threshold + reach * _mean_excess(known[:n_tail] - threshold)
    index = _shrunk(float(np.log(known[:n_tail] / threshold).mean()), n_tail)
    return float(threshold * math.exp(index * reach))


def _mean_excess(excess: Floats) -> float:
    """Mean of what is beyond the threshold; half a nat is the belief beforehand."""
    n = len(excess)
    return float((n * excess.mean() + _PRIOR_WEIGHT * 0.5) / (n + _PRIOR_WEIGHT))


def _shrunk(index: float, n: int) -> float:
    return (n * index + _PRIOR_WEIGHT * _PRIOR_INDEX) / (n + _PRIOR_WEIGHT)

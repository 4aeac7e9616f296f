"""From the probability of the worst moment to that of a clip in which something is wrong."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from scipy.optimize import isotonic_regression, minimize

from physcheck.types import Bools, Floats

__all__ = ["ScoreCurve", "fit_score_curve"]

ScoreCurve: TypeAlias = tuple[tuple[float, float], ...]
"""Knots (probability of the worst moment, of something wrong), both rising from 0 to 1."""

_ENOUGH = 200
"""Violating clips from which on the curve may have any shape."""
_LEAST_IN_STEP = 20
_JUST_ABOVE = 1.0001
_TILT = 0.2
"""A step rises by this share of the way to its neighbours."""
_EVEN = 0.5
"""A clip is flagged from here on, and what is flagged is more likely wrong than not."""
_FLOOR = 1e-3
_KNOTS = np.array([0.003, 0.01, 0.03, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97])
_PRIOR_SPREAD = 1.0


def fit_score_curve(worst: Floats, violating: Bools) -> ScoreCurve:
    """Learn how often something is wrong in clips whose worst moment has a probability.

    A rule's probability is about the moment that it accuses; that of the clip is another,
    for what no rule can see is there too. With at least 200 violating clips the curve is
    isotonic, in steps of 20 clips and more, each a little tilted, so that no two clips with
    different numbers tie; with fewer it is logistic in the log odds, shrunk towards taking
    them as they are. It passes through one half at one half, so that verdict and score never
    disagree.

    Args:
        worst: (N,) the largest probability of any rule, 0 where none judged.
        violating: (N,).

    Source: Zadrozny, Elkan (2002), Transforming classifier scores into accurate multiclass
    probability estimates; Platt (1999) for few.
    """
    if int(violating.sum()) >= _ENOUGH and int((~violating).sum()) >= _ENOUGH:
        at, share = _steps(worst, violating)
    else:
        at, share = _KNOTS, _logistic(worst, violating, _KNOTS)
    return _rising(at, np.where(at < _EVEN, np.minimum(share, _EVEN), np.maximum(share, _EVEN)))


def _steps(worst: Floats, violating: Bools) -> tuple[Floats, Floats]:
    """The isotonic steps, hardly tilted: where each begins and ends, and the shares there."""
    order = np.argsort(worst, kind="stable")
    fitted = isotonic_regression(violating[order].astype(np.float64)).x
    edges = [0]
    for end in np.flatnonzero(np.diff(fitted) > 0.0) + 1:
        if end - edges[-1] >= _LEAST_IN_STEP:
            edges.append(int(end))
    if len(edges) > 1 and len(order) - edges[-1] < _LEAST_IN_STEP:
        edges.pop()
    spans = list(zip(edges, [*edges[1:], len(order)], strict=True))
    # One clip of each kind on top, so that no step is ever sure.
    share = np.array(
        [(violating[order[start:stop]].sum() + 1.0) / (stop - start + 2.0) for start, stop in spans]
    )
    ends = np.array([(worst[order[start]], worst[order[stop - 1]]) for start, stop in spans])
    ends[1:, 0] = np.maximum(ends[1:, 0], ends[:-1, 1] * _JUST_ABOVE)
    around = np.concatenate(([0.0], share, [1.0]))
    tilt = _TILT * np.diff(around)
    levels = np.stack([share - tilt[:-1], share + tilt[1:]], axis=1)
    return ends.ravel(), levels.ravel()


def _logistic(worst: Floats, violating: Bools, at: Floats) -> Floats:
    """Platt's curve at some probabilities: intercept and slope believed near 0 and 1."""
    x, sign = _log_odds(worst), np.where(violating, 1.0, -1.0)

    def cost(line: Floats) -> float:
        misfit = np.logaddexp(0.0, -sign * (line[0] + line[1] * x)).sum()
        return float(misfit + 0.5 * (line[0] ** 2 + (line[1] - 1.0) ** 2) / _PRIOR_SPREAD**2)

    intercept, slope = minimize(cost, np.array([0.0, 1.0])).x
    odds = intercept + max(float(slope), 0.05) * _log_odds(at)
    return np.asarray(1.0 / (1.0 + np.exp(-odds)), dtype=np.float64)


def _log_odds(probability: Floats) -> Floats:
    held = np.clip(probability, _FLOOR, 1.0 - _FLOOR)
    return np.asarray(np.log(held / (1.0 - held)), dtype=np.float64)


def _rising(at: Floats, share: Floats) -> ScoreCurve:
    """Knots from (0, 0) by (0.5, 0.5) to (1, 1) that rise by what three digits show."""
    ends = ((0.0, 0.0), (_EVEN, _EVEN), (1.0, 1.0))
    kept = [ends[0]]
    for x, y in zip(at.tolist(), share.round(3).tolist(), strict=True):
        x = float(f"{x:.5g}")
        if x > _EVEN > kept[-1][0]:
            kept.append(ends[1])
        room = _EVEN if x < _EVEN else 1.0
        if x != _EVEN and x > kept[-1][0] and kept[-1][1] < y < room:
            kept.append((x, y))
    return (*kept, *(end for end in ends if end > kept[-1]))

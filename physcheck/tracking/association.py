"""Which detection continues which track: costs, gates and the best assignment.

Source: Kuhn (1955), Munkres (1957) for the assignment; Bar-Shalom, Li,
Kirubarajan (2001), ch. 6 for gating.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from physcheck import kalman
from physcheck.types import Floats, Ints

__all__ = ["assign", "feature_distance", "likelihood_cost", "reach_cost"]

_GATE_NIS = 25.0
_GATE_LOG_AREA = 1.6
_SIZE_SPREAD = 0.3
"""log px by which a blob's outline wavers from frame to frame."""
_GREY_SPREAD = 25.0
_USUAL_SPREAD = 0.1
"""Sizes by which the prediction errs for a tracklet that is seen."""
_MAX_WAY = 1.5
"""Sizes; a faster turn is not believed without a likely prediction."""
_REFUSED = 1e6


def assign(cost: Floats, limit: float) -> tuple[Ints, Ints]:
    """Pairs of least total cost, none dearer than `limit`.

    Args:
        cost: (N, M). limit: what leaving a pair apart costs.

    Returns:
        (K,) rows and (K,) columns.
    """
    if cost.size == 0:
        none = np.zeros(0, dtype=np.int64)
        return none, none
    rows, columns = linear_sum_assignment(np.minimum(cost, limit))
    keep = cost[rows, columns] < limit
    return rows[keep], columns[keep]


def likelihood_cost(
    mean: Floats, cov: Floats, features: Floats, measured: Floats, noise: Floats, seen: Floats
) -> Floats:
    """Negative log likelihood that each measurement continues each track.

    Args:
        mean, cov: (N, 10), (N, 10, 10) predicted states. features: (N, K).
        measured, noise: (M, 4). seen: (M, K) features of the measurements.

    Returns:
        (N, M), 1e6 outside the gate.
    """
    y, S, _ = kalman.innovation(mean[:, None], cov[:, None], measured[None], noise[None])
    spread = np.diagonal(S, axis1=-2, axis2=-1)[..., :2]
    nis = (y[..., :2] ** 2 / spread).sum(axis=-1)
    size = (y[..., 2:] ** 2).sum(axis=-1) / _SIZE_SPREAD**2
    look = feature_distance(features, seen) / _GREY_SPREAD
    cost = 0.5 * (nis + np.minimum(size, 16) + np.minimum(look**2, 9)) + _vagueness(mean, spread)
    refused = (nis > _GATE_NIS) | (np.abs(y[..., 2:].sum(axis=-1)) > _GATE_LOG_AREA)
    return np.where(refused, _REFUSED, cost)


def _vagueness(mean: Floats, spread: Floats) -> Floats:
    """What a wide prediction costs, (N, M): half the log of its variance, over the usual.

    Without it a tracklet that was lost some frames ago, whose prediction allows for
    anything, would take the detections of those that are still seen.

    Args:
        mean: (N, 10) predicted. spread: (N, M, 2) variance of the middle, px squared.
    """
    usual_px = _USUAL_SPREAD * np.exp(mean[:, 2:4].mean(axis=1))
    ratio = spread / usual_px[:, None, None] ** 2
    return np.asarray(0.5 * np.log(np.maximum(ratio, 1.0)).sum(axis=-1))


def reach_cost(
    mean: Floats, features: Floats, measured: Floats, seen: Floats, dt_s: Floats
) -> Floats:
    """Cost of a pair for things that turn sharply: distance over what could be reached.

    Args:
        mean: (N, 10) predicted. features: (N, K). measured: (M, 4). seen: (M, K).
        dt_s: (N,) seconds since the track was last seen.

    Returns:
        (N, M) about 1 at the edge of reach, 1e6 where size or look differ.
    """
    size_px = np.exp(mean[:, 2:4].mean(axis=1))
    way_px = np.minimum(np.linalg.norm(mean[:, 4:6], axis=1) * dt_s, _MAX_WAY * size_px)
    distance = np.linalg.norm(mean[:, None, :2] - measured[None, :, :2], axis=-1)
    log_area = np.abs((mean[:, None, 2:4] - measured[None, :, 2:4]).sum(axis=-1))
    look = feature_distance(features, seen)
    refused = (log_area > 1.0) | (look > 2 * _GREY_SPREAD)
    return np.where(refused, _REFUSED, distance / (0.6 * size_px + way_px)[:, None])


def feature_distance(a: Floats, b: Floats) -> Floats:
    """Root mean square difference of features, grey levels; 0 where there are none.

    Args:
        a: (N, K). b: (M, K).

    Returns:
        (N, M).
    """
    if a.shape[1] == 0 or b.shape[1] == 0:
        return np.zeros((len(a), len(b)))
    # Chroma spans fewer levels than luma and changes less with light: it counts double.
    weight = np.array([1.0, 2.0, 2.0, 0.7])[: a.shape[1]]
    difference = (a[:, None] - b[None]) * weight
    return np.asarray(np.sqrt((difference**2).mean(axis=-1)))

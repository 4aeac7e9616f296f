"""Which detection continues which track: costs, gates and the best assignment.

Source: Kuhn (1955), Munkres (1957) for the assignment; Bewley et al. (2016), SORT,
for overlap with the foretold box as the first thing to go by.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from physcheck.types import Bools, Floats, Ints

__all__ = ["REFUSED", "assign", "assign_sparse", "feature_distance", "overlap_cost", "reach_cost"]

REFUSED = 1e6
_LEAST_IOU, _LEAST_IN_PLACE = 0.3, 0.15
_GREY_SPREAD = 25.0
_LOOK_WEIGHT, _SCORE_WEIGHT = 0.05, 0.5
_MAX_LOOK = 2.0
_MAX_LOG_AREA = 1.6
_CLEARLY = 0.5
"""A pair that is apart must be nearer than this share of the way to the next alike."""


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


def assign_sparse(cost: Floats, limit: float) -> tuple[Ints, Ints]:
    """The same as `assign`, faster where few pairs are possible at all.

    A pair whose row and column have no other possible partner is in the best
    assignment, so only the others are left to weigh.
    """
    possible = cost < limit
    rows, columns = np.nonzero(possible)
    if not len(rows):
        return rows, columns
    alone = (possible.sum(axis=1)[rows] == 1) & (possible.sum(axis=0)[columns] == 1)
    if alone.all():
        return rows, columns
    open_rows, open_columns = np.unique(rows[~alone]), np.unique(columns[~alone])
    i, j = assign(cost[np.ix_(open_rows, open_columns)], limit)
    return (
        np.concatenate([rows[alone], open_rows[i]]),
        np.concatenate([columns[alone], open_columns[j]]),
    )


def overlap_cost(iou: Floats, in_place: Bools, look: Floats, scores: Floats) -> Floats:
    """Cost of pairs that overlap, (N, M); 1e6 where they hardly do.

    Args:
        iou: (N, M). in_place: (N, M) pairs about the same middle.
        look: (N, M), see `feature_distance`.
        scores: (M,) of the detections: of two that overlap alike the surer one is taken.
    """
    cost = 1 - iou + _LOOK_WEIGHT * np.minimum(look, 4.0) - _SCORE_WEIGHT * scores
    return np.where((iou > _LEAST_IOU) | (in_place & (iou > _LEAST_IN_PLACE)), cost, REFUSED)


def reach_cost(
    distance: Floats, reach: Floats, lag: Ints, log_area: Floats, look: Floats
) -> Floats:
    """Cost of pairs that lie apart, (N, M); 1e6 out of reach or where they are unlike.

    Things that turn sharply or are faster than their size a frame do not overlap with
    where they are foretold. Such a pair is believed only where it is clear: each is the
    likeliest for the other, and the next one is twice as far or unlike.

    Args:
        distance: (N, M) px between each thing and each detection. reach: (N,) px.
        lag: (N,) frames since each was seen.
        log_area: (N, M) logarithm of the ratio of areas. look: (N, M).
    """
    alike = (log_area < _MAX_LOG_AREA) & (look < _MAX_LOOK)
    unlike = log_area**2 + (look / _MAX_LOOK) ** 2
    cost = (distance * (lag / reach)[:, None]) ** 2 + unlike
    apart = np.where(alike, cost, np.inf)
    clear = alike & (distance < reach[:, None]) & _clear(apart) & _clear(apart.T).T
    return np.where(clear, cost, REFUSED)


def _clear(cost: Floats) -> Bools:
    """Whether each entry is its row's least, and far less than the next, (N, M)."""
    if cost.shape[1] < 2:
        return np.ones(cost.shape, dtype=bool)
    least = np.partition(cost, 1, axis=1)
    bound = np.minimum(least[:, 0], _CLEARLY**2 * least[:, 1])
    return np.asarray(cost <= bound[:, None])


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
    difference = (a * weight)[:, None] - (b * weight)[None]
    return np.asarray(np.sqrt(np.square(difference).mean(axis=-1)))

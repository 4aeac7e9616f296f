"""Does a thing take on another shape? Its proportions before and after, and what may explain it.

The spread of a silhouette along its longer axis over that along the shorter one does
not depend on how it lies in the picture, nor on its size. What is hidden in part, or
turns in depth, changes its area as much as its proportions; what is stretched or
squashed keeps its area, or changes it without a side that stays. Blur only adds to the
spread along the motion, and what it can have added is left out of account.
"""

from __future__ import annotations

import numpy as np

from physcheck import boxes as geometry
from physcheck.explain.spans import Found, Spans, find
from physcheck.types import Alternative, Change, Floats, Ints, Track

__all__ = ["shape_changes"]

_MIN_SIZE_PX = 12.0
_MIN_ROWS = 12
_LEAST = 0.06
"""Log of the ratio of the axes; a lesser change is not looked at."""
_FLOOR = 0.015
_SHUTTERS = (0.0, 0.5, 1.0)
"""Shares of the way from frame to frame over which a thing may smear."""
_PIXEL_PX2 = 1 / 12
"""Spread of a single pixel."""


def shape_changes(track: Track, boxes: Floats, spread: Floats, px: Floats) -> list[Change]:
    """Find where a thing takes on other proportions.

    Args:
        track: as fitted. boxes: (T, 4) of it, stabilised px.
        spread: (T, 3) variance of its silhouette along x, along y, and covariance,
            px^2; NaN where it was not seen. px: (2,) px of the clip in a working px.

    Returns:
        Changes of kind "shape", in log of longer over shorter axis.
    """
    known = track.clear & np.isfinite(spread).all(axis=1)
    size = np.sqrt(geometry.area(boxes))
    if known.sum() < _MIN_ROWS or np.median(size[known]) / px.min() < _MIN_SIZE_PX:
        return []
    rows = np.flatnonzero(known)
    low, high, area = _proportions(spread[rows], _velocity(rows, boxes[rows]), px)
    if np.ptp(high) < _LEAST:
        return []
    looks = track.features[rows, :3] if track.features.shape[1] >= 3 else np.zeros((len(rows), 3))
    found = find(known, lambda spans: _amount(low, high, spans), _LEAST)
    return [_change(track, one, area, looks) for one in found]


def _velocity(rows: Ints, boxes: Floats) -> Floats:
    """(N, 2) way from a row to the next, px."""
    way = np.gradient(geometry.centre(boxes), axis=0)
    return np.asarray(way / np.maximum(np.gradient(rows.astype(np.float64)), 1.0)[:, None])


def _proportions(spread: Floats, velocity: Floats, px: Floats) -> tuple[Floats, Floats, Floats]:
    """Least and largest log ratio of the axes, by how much blur is in it; log size, (N,) each."""
    smear = np.stack(
        [velocity[:, 0] ** 2, velocity[:, 1] ** 2, velocity[:, 0] * velocity[:, 1]], axis=1
    )
    ratios = np.array([_log_ratio(spread - share**2 / 12 * smear, px) for share in _SHUTTERS])
    determinant = spread[:, 0] * spread[:, 1] - spread[:, 2] ** 2
    area = np.log(np.maximum(determinant, 1e-3)) / 4
    return ratios.min(axis=0), ratios.max(axis=0), area


def _log_ratio(spread: Floats, px: Floats) -> Floats:
    """Log of the longer over the shorter axis of an ellipse with such a spread, (N,)."""
    mean = (spread[:, 0] + spread[:, 1]) / 2
    apart = np.hypot((spread[:, 0] - spread[:, 1]) / 2, spread[:, 2])
    least = float(np.prod(px)) * _PIXEL_PX2
    longer, shorter = np.maximum(mean + apart, least), np.maximum(mean - apart, least)
    return np.asarray(np.log(longer / shorter) / 2)


def _amount(low: Floats, high: Floats, spans: Spans) -> tuple[Floats, Floats]:
    """Change of the log ratio that no blur explains, and its error, (P,) each."""
    (low_before, low_after), (high_before, high_after) = spans.middle(low), spans.middle(high)
    amount = np.maximum(np.maximum(low_after - high_before, low_before - high_after), 0.0)
    error = np.maximum(np.maximum(spans.error(low), spans.error(high)), _FLOOR)
    return amount, error


def _change(track: Track, found: Found, area: Floats, looks: Floats) -> Change:
    spans, k, amount = found.spans, found.k, found.amount
    grown = abs(float(np.subtract(*(side[k] for side in spans.middle(area)))))
    other = float(np.linalg.norm(np.subtract(*(side[k] for side in spans.middle(looks)))))
    start, stop = found.rows
    alternatives = (
        Alternative(
            "partly hidden, joined by something, or turned in depth",
            float(np.interp(grown / amount, (0.1, 0.3, 0.6), (3.0, 0.0, -4.0))),
            f"log size changed by {grown:.2f}, proportions by {amount:.2f}",
        ),
        Alternative(
            "it bends or wobbles",
            float(np.interp(amount / (0.02 + found.usual), (1.2, 2.0, 4.0), (-3, 0, 3))),
            f"its proportions change by {found.usual:.2f} at other times of its life",
        ),
        Alternative(
            "seen too briefly to know its shape",
            float(np.interp(spans.n_seen[k], (9, 12, 16), (-2.0, 0.0, 3.0))),
            f"seen in {spans.n_seen[k]} frames on one side of the change",
        ),
        Alternative(
            "another thing took its place",
            float(np.interp(other, (10.0, 25.0, 40.0), (3.0, 0.0, -3.0))),
            f"its colour changed by {other:.0f} grey levels",
        ),
    )
    return Change(
        kind="shape",
        start=int(track.frames[start]),
        stop=int(track.frames[stop]),
        amount=amount - found.usual,
        error=found.error,
        log_odds=min(a.log_odds for a in alternatives),
        alternatives=alternatives,
    )

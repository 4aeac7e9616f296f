"""A path in pieces of constant acceleration: where it is bent, and where it is not.

A thing in free flight follows a parabola in time, one that rolls or rests does so
too; whatever touches it starts another one. The pieces are found all at once, by the
cheapest way to cover the path: the squared misfit of each piece plus a price a piece.

Source: optimal partitioning, Jackson et al. (2005), An algorithm for optimal
partitioning of data on an interval.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from physcheck.types import Floats

__all__ = ["Parabola", "fit_parabola", "split_path"]

_EXACT = 3
"""A parabola passes through so many points, whatever they are."""


class Parabola(NamedTuple):
    """Least squares fit of place = c0 + c1 (t - origin) + c2 (t - origin)^2.

    origin_s: mean time. coefficients: (3, 2) px, px/s, px/s^2 (half the acceleration).
    spread: (3, 3) covariance of the coefficients of either axis for noise of 1 px.
    rms_px: (2,) root mean square of what is left, freedom allowed for.
    """

    origin_s: float
    coefficients: Floats
    spread: Floats
    rms_px: Floats


def fit_parabola(times_s: Floats, xy: Floats) -> Parabola:
    """Fit one parabola to a path (T, 2), T at least 3, by least squares."""
    origin_s = float(times_s.mean())
    reach = max(float(np.abs(times_s - origin_s).max()), 1e-9)
    powers = ((times_s - origin_s) / reach)[:, None] ** np.arange(3)
    spread = np.linalg.pinv(powers.T @ powers)
    coefficients = spread @ powers.T @ xy
    left = xy - powers @ coefficients
    unit = reach ** -np.arange(3.0)
    freedom = max(len(xy) - _EXACT, 1)
    return Parabola(
        origin_s,
        coefficients * unit[:, None],
        spread * np.outer(unit, unit),
        np.sqrt((left**2).sum(axis=0) / freedom),
    )


def split_path(
    times_s: Floats, xy: Floats, noise_px: Floats, *, price: float, longest: int
) -> list[tuple[int, int]]:
    """Cover a path by the cheapest row of parabolas.

    Args:
        times_s: (T,) s, increasing. xy: (T, 2) px. noise_px: (2,) of x and of y.
        price: of a piece, in squared standard deviations: what a bend must save.
        longest: samples that a piece may have at most.

    Returns:
        (start, stop) of each piece, in order, stop exclusive. Pieces of three samples
        or fewer fit anything: they hold what lies on no parabola.
    """
    misfit = _misfits(times_s, xy / noise_px, min(longest, len(times_s)))
    paid = np.zeros(len(times_s) + 1)
    first = np.zeros(len(times_s), dtype=np.int64)
    for last in range(len(times_s)):
        reach = min(misfit.shape[1], last + 1)
        cost = paid[last + 1 - reach : last + 1][::-1] + misfit[last, :reach]
        back = int(np.argmin(cost))
        paid[last + 1], first[last] = cost[back] + price, last - back
    pieces = []
    stop = len(times_s)
    while stop > 0:
        pieces.append((int(first[stop - 1]), stop))
        stop = pieces[-1][0]
    return pieces[::-1]


def _misfits(times_s: Floats, path: Floats, longest: int) -> Floats:
    """Squared misfit (T, L) of a parabola to the samples from j - l to j; inf before the first.

    Sums along each window give the moments about its own mean, by which the parabola
    is taken off power by power.
    """
    lead = np.full(longest - 1, np.nan)
    t = sliding_window_view(np.r_[lead, times_s], longest)[:, ::-1] - times_s[:, None]
    known = np.isfinite(t)
    t = np.where(known, t, 0.0) / max(float(np.abs(t[known]).max()), 1e-9)
    n = np.cumsum(known, axis=1).astype(np.float64)
    s1, s2, s3, s4 = (np.cumsum(t**k, axis=1) for k in (1, 2, 3, 4))
    mean = s1 / n
    var = np.maximum(s2 - n * mean**2, 1e-30)
    skew = s3 - 3 * mean * s2 + 2 * n * mean**3
    bend = s4 - 4 * mean * s3 + 6 * mean**2 * s2 - 3 * n * mean**4 - var**2 / n - skew**2 / var
    total = np.zeros_like(t)
    for axis in range(path.shape[1]):
        z = sliding_window_view(np.r_[lead, path[:, axis]], longest)[:, ::-1] - path[:, [axis]]
        z = np.where(known, z, 0.0)
        z0, z1, z2 = (np.cumsum(z * t**k, axis=1) for k in (0, 1, 2))
        line = z1 - mean * z0
        curve = z2 - 2 * mean * z1 + mean**2 * z0 - var / n * z0 - skew / var * line
        left = np.cumsum(z**2, axis=1) - z0**2 / n - line**2 / var
        total += left - np.where(bend > 1e-14, curve**2 / np.maximum(bend, 1e-14), 0.0)
    total = np.where(n <= _EXACT, 0.0, np.maximum(total, 0.0))
    return np.where(known, total, np.inf)

"""Outlines that grow to one side until they hold the thing twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from physcheck.explain.ways import MIN_ROWS, N_APART, Pair, Parting, Way
from physcheck.types import Floats

__all__ = ["growths"]

_N_BEFORE, _N_AFTER = 5, 4
"""Rows that tell the size before and after."""
_MIN_ALONE = 10
"""Rows in which the one must have been seen; what has just come in still grows."""
_LAGS = (2, 5, 9, 14, 20)
"""Rows from the last one of one thing to the first of two."""
_LEAST = 0.3
"""Sizes by which an outline must grow to one side."""
_STILL_TWO = 0.8
"""Share of that by which it must stay grown."""
_BEGUN, _DONE = 0.2, 0.85
"""Shares of the growth at which it has begun, and at which it is as good as over."""
_SHRINKS = 0.12
_LAG_COST = 0.01
"""Sizes of growth that a row of waiting is worth."""
_N_MOST = 2


def growths(way: Way) -> Iterator[Parting]:
    """Times from which on an outline holds two of what it held before, the clearest first."""
    sides = way.sides
    n = len(sides)
    if n < _N_BEFORE + _N_AFTER or not _may_grow(sides):
        return
    single, scatter = _levels(sides, _N_BEFORE)
    level, _ = _levels(sides, _N_AFTER)
    found = []
    for lag in _LAGS:
        n_tried = n - _N_BEFORE - lag - _N_AFTER + 2
        if n_tried < 1:
            break
        before, spread = single[:n_tried], scatter[:n_tried]
        grown = level[_N_BEFORE + lag - 1 :][:n_tried] - before
        share = np.linalg.norm(np.maximum(grown - 2 * spread, 0) / before, axis=1)
        share[(grown < -_SHRINKS * before).any(axis=1)] = 0
        found += [
            (share[k] - _LAG_COST * lag, int(k) + _N_BEFORE, lag)
            for k in np.flatnonzero(share > _LEAST)
        ]
    yield from _clearest(way, found, single)


def _may_grow(sides: Floats) -> bool:
    """Whether either side varies enough at all."""
    low, high = np.percentile(sides, [5, 95], axis=0)
    return bool((high / np.maximum(low, 1.0)).max() > 1 + _LEAST)


def _levels(sides: Floats, width: int) -> tuple[Floats, Floats]:
    """Medians of windows of rows and their standard errors, (M, 2) each."""
    windows = np.lib.stride_tricks.sliding_window_view(sides, width, axis=0)
    middle = np.median(windows, axis=-1)
    return middle, 1.5 * np.median(np.abs(windows - middle[..., None]), axis=-1)


def _clearest(way: Way, found: list[tuple[float, int, int]], single: Floats) -> Iterator[Parting]:
    """The best of those that overlap, not more than some."""
    taken: list[tuple[int, int]] = []
    for _, k, lag in sorted(found, reverse=True):
        start, stop = k - MIN_ROWS, k + lag + MIN_ROWS
        if any(start < last and stop > first for first, last in taken):
            continue
        taken.append((start, stop))
        one = _parting(way, k, lag, single[k - _N_BEFORE])
        if one is not None:
            yield one
        if len(taken) == _N_MOST:
            return


def _parting(way: Way, k: int, lag: int, single: Floats) -> Parting | None:
    """Where exactly it grows, and how long it stays so large."""
    grown = way.sides / single - 1
    full = np.median(grown[k + lag - 1 :][:_N_AFTER], axis=0)
    done = grown @ full / (full @ full)
    # The last row of one thing alone, and the first of two.
    alone = k - 1 + int(np.argmax(np.r_[done[k : k + lag] > _BEGUN, True]))
    begins = alone + 1 + int(np.argmax(np.r_[done[alone + 1 : k + lag] > _DONE, True]))
    large = np.linalg.norm(np.maximum(grown[begins : begins + N_APART], 0), axis=1)
    lasts = int(np.argmin(np.r_[large > _STILL_TWO * _LEAST, False]))
    if lasts < MIN_ROWS or alone + 1 < _MIN_ALONE:
        return None
    apart = np.arange(begins, begins + lasts)
    pairs = [_ends(way, int(i), single) for i in apart]
    return Parting(way, None, np.arange(alone + 1), apart, single, pairs)


def _ends(way: Way, i: int, single: Floats) -> Pair:
    """The upper left and the lower right end of an outline."""
    box = way.boxes[i]
    side = np.minimum(single, box[2:] - box[:2])
    first = np.concatenate([box[:2], box[:2] + side])
    last = np.concatenate([box[2:] - side, box[2:]])
    return Pair(abs(int(way.time[i])), first, last)

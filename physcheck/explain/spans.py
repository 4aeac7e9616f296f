"""Before and after: pairs of windows of a track between which something may have changed.

A change may be over in one frame or take a dozen, and a thing that turns, bends or
flies through light and shade changes all the time. So windows are compared over
several spans, and each comparison is held against all others in the thing's own life
that lie wholly before or wholly after it: what it does all the time is no event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from physcheck.types import Bools, Floats, Ints

__all__ = ["Found", "Spans", "find", "spans_of"]

_SPANS = (1, 3, 8, 12)
"""Rows from the last one before a change to the first one after it."""
_SLACK = 3
"""Rows by which a window, or the way from one to the next, may be longer for holes."""
_WIDTH = 4
"""Known rows in a window."""
_USUAL = 0.5
"""Share of what is usual for the thing that a change must exceed to be looked at."""
_N_MOST = 3
"""Changes of a track that are looked at, the largest first."""
_WHOLE = 0.75
"""Share of a change that a shorter span must tell to be its time."""


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """P pairs of windows of `width` known rows each, a span of rows apart.

    before, after: (P,) number of the first known row of either window.
    start, stop: (P,) last row of the track before the change, first row after it.
    first, last: (P,) first row of the window before it, last row of the one after it.
    n_known: number of known rows.
    """

    width: int
    before: Ints
    after: Ints
    start: Ints
    stop: Ints
    first: Ints
    last: Ints
    n_known: int

    @property
    def n_seen(self) -> Ints:
        """(P,) known rows on the side of the change that has fewer."""
        return np.minimum(self.before + self.width, self.n_known - self.after)

    def middle(self, values: Floats) -> tuple[Floats, Floats]:
        """Medians of values (N, ...) of the known rows before and after, (P, ...) each."""
        medians = np.median(_windows(values, self.width), axis=-1)
        return medians[self.before], medians[self.after]

    def error(self, values: Floats) -> Floats:
        """(P,) standard error of a difference of the two medians, from their scatter."""
        windows = _windows(values, self.width)
        middle = np.median(windows, axis=-1, keepdims=True)
        scatter = 1.4826 * np.median(np.abs(windows - middle), axis=-1)
        if scatter.ndim > 1:
            scatter = scatter.max(axis=1)
        both = np.hypot(scatter[self.before], scatter[self.after])
        return np.asarray(1.2533 * both / np.sqrt(self.width))


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A change: how much, how much is usual for the thing, and the standard error.

    k: number of the pair in `spans`. amounts: (P,) of all pairs in it.
    """

    amount: float
    usual: float
    error: float
    k: int
    spans: Spans
    amounts: Floats

    @property
    def value(self) -> float:
        """What is left of it."""
        return self.amount - _USUAL * self.usual - 2 * self.error

    @property
    def often(self) -> float:
        """Amount that is exceeded in a fifth of its life before and after, 0 if short."""
        apart = (self.spans.last <= self.rows[0]) | (self.spans.first >= self.rows[1])
        return float(np.percentile(self.amounts[apart], 80)) if apart.any() else 0.0

    @property
    def length(self) -> int:
        """Rows that it takes."""
        return int(self.spans.stop[self.k] - self.spans.start[self.k])

    @property
    def rows(self) -> tuple[int, int]:
        """Last row before it, first row after it."""
        return int(self.spans.start[self.k]), int(self.spans.stop[self.k])


def spans_of(known: Bools) -> Iterator[Spans]:
    """Pairs of windows of a track, one set for each span that fits into it."""
    rows = np.flatnonzero(known)
    n = len(rows) - _WIDTH + 1
    if n < 2:
        return
    first, last = rows[:n], rows[_WIDTH - 1 :]
    compact = last - first < _WIDTH + _SLACK
    for span in _SPANS:
        before = np.arange(n)
        after = np.searchsorted(rows, last + span)
        fits = after < n
        before, after = before[fits], after[fits]
        near = rows[after] - last[before] <= span + _SLACK
        near &= compact[before] & compact[after]
        before, after = before[near], after[near]
        if len(before):
            yield Spans(
                width=_WIDTH,
                before=before,
                after=after,
                start=last[before],
                stop=first[after],
                first=first[before],
                last=last[after],
                n_known=len(rows),
            )


def find(
    known: Bools, measure: Callable[[Spans], tuple[Floats, Floats]], least: float
) -> list[Found]:
    """The changes of a track that stand out from its own life, the largest first.

    Args:
        known: (T,) rows that can be trusted.
        measure: amount and standard error of each pair, (P,) each.
        least: smaller ones are not told.

    Returns:
        Changes that do not overlap in time.
    """
    sets = list(spans_of(known))
    measured = [measure(spans) for spans in sets]
    usual = _usual([amount for amount, _ in measured], sets)
    found = [
        Found(float(amount[k]), float(rest[k]), float(error[k]), int(k), spans, amount)
        for spans, (amount, error), rest in zip(sets, measured, usual, strict=True)
        for k in np.flatnonzero(amount - _USUAL * rest - 2 * error >= least)
    ]
    return _apart(sorted(found, key=lambda one: -one.value))


def _windows(values: Floats, width: int) -> Floats:
    return np.lib.stride_tricks.sliding_window_view(values, width, axis=0)


def _usual(amounts: Sequence[Floats], sets: Sequence[Spans]) -> list[Floats]:
    """Largest amount, of any span, wholly before or wholly after each pair; 0 where none is."""
    if not sets:
        return []
    left, right = np.zeros(sets[0].n_known), np.zeros(sets[0].n_known)
    for amount, spans in zip(amounts, sets, strict=True):
        np.maximum.at(left, spans.after + spans.width - 1, amount)
        np.maximum.at(right, spans.before, amount)
    left = np.maximum.accumulate(left)
    right = np.maximum.accumulate(right[::-1])[::-1]
    return [np.maximum(left[s.before + s.width - 1], right[s.after]) for s in sets]


def _apart(found: Sequence[Found]) -> list[Found]:
    """Those whose windows hold no earlier one, each as short as it can be told."""
    chosen: list[Found] = []
    for one in found:
        first, last = int(one.spans.first[one.k]), int(one.spans.last[one.k])
        if all(last <= other.rows[0] or first >= other.rows[1] for other in chosen):
            chosen.append(one)
    return [
        min(_within(one, found), key=lambda f: (f.length, -f.value)) for one in chosen[:_N_MOST]
    ]


def _within(one: Found, found: Sequence[Found]) -> list[Found]:
    """Those that tell almost all of a change in a part of its time, and itself."""
    start, stop = one.rows
    return [
        other
        for other in found
        if other.rows[0] >= start
        and other.rows[1] <= stop
        and other.amount >= _WHOLE * one.amount
        and other.value >= _WHOLE * one.value
    ]

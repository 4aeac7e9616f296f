"""Does a thing's size jump: is it the thing that grew, or only its box?

A detector's box may grow because a shadow, a hand or a second part joins it. The
pixels tell: if the thing itself was magnified, its picture before, magnified, is its
picture after; if only the box changed, its picture before is still there at the old
scale.
"""

from __future__ import annotations

import numpy as np

from physcheck import boxes as geometry
from physcheck.explain.likeness import likeness, pairs_around
from physcheck.explain.looks import ask_alone
from physcheck.explain.outlines import log_area
from physcheck.explain.pixels import Pixels
from physcheck.explain.silhouette import silhouette_growth
from physcheck.explain.suspects import Suspect, Thing, lasting
from physcheck.signals import level_shift, runs
from physcheck.types import Alternative, Bools, Floats

__all__ = ["size_suspects"]

_WINDOW = 6
_MIN_STEP = 0.09
_ALIKE = 0.5
"""Share of the larger change by which width and height may differ for a mere scaling."""
_N_MOST = 3
"""Steps of a track that are looked at, the largest first."""
_MAX_PAUSE = 20
"""Rows between before and after; over a longer time a thing may honestly have changed."""
_EDGE_ROWS = 4
_MIN_HELD = 4
_MIN_OUTLINES = 3
_SURE = 5.0
_GAIN = 12.0
"""Nats for a difference of 1 between two correlations."""


def size_suspects(thing: Thing, pixels: Pixels, spread: Floats) -> list[Suspect]:
    """Find the steps of a thing's size and ask the pixels about each; in log size.

    spread: (T, 3) of its silhouette, see `outlines`.
    """
    log_size = np.log(np.maximum(geometry.size(thing.boxes), 1.0))
    log_size[~thing.known] = np.nan
    step, error = _common_step(log_size)
    found = []
    for k in _peaks(np.abs(step), _MIN_STEP)[:_N_MOST]:
        before, after = _turning_rows(log_size, k)
        if after - before > _MAX_PAUSE or not _held(log_size, before, after):
            continue
        amount = float(np.abs(step[k]))
        found.append(_suspect(thing, before, after, (amount, float(error[k])), pixels, spread))
    return found


def _suspect(
    thing: Thing,
    before: int,
    after: int,
    step: tuple[float, float],
    pixels: Pixels,
    spread: Floats,
) -> Suspect:
    amount, error = step
    measured, only_box = _ask_size(thing, before, after, pixels)
    stays, edge = _ask_edge(thing, before, after)
    rows = np.flatnonzero(thing.known)
    log_size = np.log(np.maximum(geometry.size(thing.boxes[rows]), 1.0))
    apart, clearly = lasting(rows, log_size, before, after)
    turned = _ask_turned(log_area(spread), before, after, amount)
    measured |= {
        "amount": amount,
        "surely": float(np.log(amount / max(error, 0.005))),
        "stays": stays,
        "lasting": apart / amount,
        "clearly": clearly,
    }
    alternatives = (only_box, edge, ask_alone(thing.track, before, after), turned)
    most = turned.log_odds if turned.log_odds < 0 else np.inf
    return Suspect("size", before, after, amount, error, measured, alternatives, most=most)


def _ask_turned(area: Floats, before: int, after: int, amount: float) -> Alternative:
    """Does its silhouette keep its area? Then it turned, and only the box around it grew."""
    early = area[max(before - _WINDOW + 1, 0) : before + 1]
    late = area[after : after + _WINDOW]
    known = [side[np.isfinite(side)] for side in (early, late)]
    if min(map(len, known)) < _MIN_OUTLINES:
        return Alternative("it turned", _SURE, "no clear silhouette on both sides")
    grown = abs(float(np.median(known[1]) - np.median(known[0]))) / amount
    odds = float(np.interp(grown, (0.2, 0.35, 0.6), (-_SURE, 0.0, _SURE)))
    return Alternative(
        "it turned", odds, f"its silhouette grew by {100 * grown:.0f} % of what its box did"
    )


def _held(log_size: Floats, before: int, after: int) -> bool:
    """Whether either level lasted; what comes or goes is seen in part for some frames."""
    known: Bools = np.asarray(np.isfinite(log_size).all(axis=1))
    return bool(min(known[: before + 1].sum(), known[after:].sum()) >= _MIN_HELD)


def _common_step(log_size: Floats) -> tuple[Floats, Floats]:
    """Step that width and height share, and its error, each (T,)."""
    sides = [level_shift(log_size[:, axis], _WINDOW, guard=1, floor=0.01) for axis in range(2)]
    shift = np.stack([side.shift for side in sides], axis=1)
    alike = np.all(shift > 0, axis=1) | np.all(shift < 0, axis=1)
    alike &= np.abs(shift[:, 0] - shift[:, 1]) < _ALIKE * np.abs(shift).max(axis=1) + 0.05
    step = np.where(alike, np.sign(shift[:, 0]) * np.abs(shift).min(axis=1), 0.0)
    step[~np.isfinite(shift).all(axis=1)] = np.nan
    return step, np.stack([side.error for side in sides], axis=1).max(axis=1)


def _peaks(values: Floats, least: float) -> list[int]:
    """Largest values first, none within a window of another."""
    left = np.nan_to_num(values, nan=-1.0)
    found = []
    while left.max(initial=-1.0) >= least:
        top = int(np.argmax(left))
        start, stop = next(r for r in runs(left >= 0.85 * left[top]) if r[0] <= top < r[1])
        found.append((start + stop) // 2)
        left[max(0, start - _WINDOW) : stop + _WINDOW] = -1.0
    return found


def _turning_rows(log_size: Floats, k: int) -> tuple[int, int]:
    """Last row at the level before a step around k, first row at the level after it."""
    mean = log_size.mean(axis=1)
    known = np.flatnonzero(np.isfinite(mean))
    middle = int(np.searchsorted(known, k))
    window = known[max(0, middle - _WINDOW) : middle + _WINDOW]
    low = np.median(mean[known[max(0, middle - 2 * _WINDOW) : max(middle - 2, 1)]])
    high = np.median(mean[known[middle + 2 : middle + 2 * _WINDOW]])
    # Between equal levels there is no way to have gone a share of.
    way = (high - low) or np.inf
    after = (mean[window] - low) / way > 0.5
    # The split of the window that leaves the fewest rows on the wrong side.
    wrong = [int(after[:cut].sum() + (~after[cut:]).sum()) for cut in range(1, len(window))]
    cut = int(np.argmin(wrong)) + 1
    share = (mean - low) / way
    start, stop = cut - 1, cut
    while start > 0 and share[window[start]] > 0.2:
        start -= 1
    while stop < len(window) - 1 and share[window[stop]] < 0.8:
        stop += 1
    return int(window[start]), int(window[stop])


def _ask_size(
    thing: Thing, before: int, after: int, pixels: Pixels
) -> tuple[dict[str, float], Alternative]:
    """Compare the picture before with the picture after, magnified and as it was."""
    seen = likeness(thing, before, after, pixels)
    if seen is None:
        return {}, Alternative("only the box changed", -1.0, "no clear picture on both sides")
    new, old, usual = seen.resized, seen.as_it_was, seen.usual
    odds = min(_GAIN * (new - old - 0.08), _GAIN * (new - 0.65), _GAIN * (new - usual + 0.2))
    told = f"likeness {new:.2f} magnified, {old:.2f} as it was, {usual:.2f} on either side"
    grown = _grown(thing, before, after, pixels)
    if np.isfinite(grown):
        outline = float(np.interp(grown, (0.1, 0.35, 0.6), (-3.0, 0.0, 3.0)))
        odds = max(odds, min(outline, _GAIN * (new - old + 0.1)))
        told += f", strips outside its old sides {100 * grown:.0f} % fuller"
    measured = {
        "magnified": new,
        "unscaled": new - old,
        "itself": new - usual,
        "share": seen.share,
        "fuller": grown,
    }
    return measured, Alternative("only the box changed", float(np.clip(odds, -5, 5)), told)


def _ask_edge(thing: Thing, before: int, after: int) -> tuple[float, Alternative]:
    """Does its left or right side stay where an edge may hide the rest of it?

    Lower sides stay too where a thing grows on the floor, and say nothing.
    """
    rows = np.flatnonzero(thing.known)
    rows = rows[(rows >= before - _EDGE_ROWS) & (rows <= after + _EDGE_ROWS)]
    sides = thing.boxes[rows][:, [0, 2]]
    width = float(np.ptp(sides[:, 1] - sides[:, 0]))
    # While one side of a thing that comes out stays, the other makes all of its growth.
    stays = float(np.ptp(sides, axis=0).min()) / max(width, 1e-6)
    stays = min(stays, _one_sided(thing, before, after))
    odds = float(np.interp(stays, (0.1, 0.2, 0.4), (-5.0, 0.0, 5.0)))
    told = f"its steadier side moved {100 * stays:.0f} % of its growth"
    return stays, Alternative("it came out from behind an edge", odds, told)


def _one_sided(thing: Thing, before: int, after: int) -> float:
    """Share of a growth that is made by the side which goes on more as it went before.

    A thing that moves behind an edge has one side going on while the other stays, and
    stays on; inf where both go on afterwards, or where its pace is not known.
    """
    rows = np.flatnonzero(thing.known)
    early, late = rows[rows <= before][-_WINDOW:], rows[rows >= after][:_WINDOW]
    if len(early) < _MIN_HELD or after - before > _WINDOW:
        return np.inf
    sides = thing.boxes[:, [0, 2]]
    pace = np.median(np.diff(sides[early].mean(axis=1)) / np.diff(early))
    off = sides[after] - sides[before] - pace * (after - before)
    way = np.abs(sides[late[-1]] - sides[after])
    goes_on = way.min() > 0.5 * way.max() and way.max() > 0.5 * abs(pace) * np.ptp(late)
    return np.inf if goes_on else float(np.abs(off).min() / max(abs(off[1] - off[0]), 1e-6))


def _grown(thing: Thing, before: int, after: int, pixels: Pixels) -> float:
    """How much fuller the strips around the silhouette are while the thing is larger."""
    pairs = np.array(pairs_around(thing.known, before, after))
    area = geometry.area(thing.boxes)
    small, large = (
        pairs.T if np.median(area[pairs.T[0]]) < np.median(area[pairs.T[1]]) else pairs.T[::-1]
    )
    return silhouette_growth(pixels, thing.first, thing.boxes, thing.track.observed, small, large)

"""Does a thing take on another shape? Its proportions before and after, and what may explain it.

The spread of a silhouette along its longer axis over that along the shorter one does
not depend on how it lies in the picture, nor on its size. What is hidden in part, or
turns in depth, changes its area as much as its proportions; what is stretched or
squashed keeps its area, or changes it without a side that stays. Blur only adds to the
spread along the motion, and what it can have added is left out of account.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physcheck import boxes as geometry
from physcheck.explain.likeness import likeness
from physcheck.explain.outlines import log_area
from physcheck.explain.pixels import Pixels
from physcheck.explain.spans import Found, Spans, find
from physcheck.explain.suspects import Suspect, Thing, lasting
from physcheck.types import Alternative, Floats, Ints

__all__ = ["shape_suspects"]

_MIN_SIZE_PX = 12.0
_MIN_ROWS = 12
_MIN_SIDE = 6
_SURE = 5.0
_NO_MORE = 0.1
"""Log of how much larger a change must be than what the thing does in a fifth of its life."""
_LEAST = 0.06
"""Log of the ratio of the axes; a lesser change is not looked at."""
_FLOOR = 0.015
_SHUTTERS = (0.0, 0.5, 1.0)
"""Shares of the way from frame to frame over which a thing may smear."""
_SHUTTER = 0.5
"""Of the way from frame to frame, which most cameras smear at most."""
_LEAST_SHARP = 0.25
"""Share of the spread that is no blur, at least."""
_PIXEL_PX2 = 1 / 12
"""Spread of a single pixel."""


@dataclass(frozen=True, slots=True, eq=False)
class _Shapes:
    """Known rows (N,) of a thing: proportions by how much blur is in them, and log size.

    low, high: (N,) least and largest log ratio of the axes, however they lie.
    flat, wide: (N,) least and largest log of width over height.
    area: (N,) log size. looks: (N, 3) colours.
    """

    rows: Ints
    low: Floats
    high: Floats
    flat: Floats
    wide: Floats
    area: Floats
    looks: Floats


def shape_suspects(thing: Thing, spread: Floats, pixels: Pixels) -> list[Suspect]:
    """Find where a thing may take on other proportions.

    Args:
        spread: (T, 3) of its silhouette, see `outlines`; NaN where it was not seen.
        pixels: of the piece.

    Returns:
        Suspects of kind "shape", in log of longer over shorter axis.
    """
    track, boxes, px = thing.track, thing.boxes, pixels.px
    known = track.clear & np.isfinite(spread).all(axis=1)
    size = np.sqrt(geometry.area(boxes))
    if known.sum() < _MIN_ROWS or np.median(size[known]) / px.min() < _MIN_SIZE_PX:
        return []
    rows = np.flatnonzero(known)
    velocity = _velocity(rows, boxes[rows])
    looks = track.features[rows, :3] if track.features.shape[1] >= 3 else np.zeros((len(rows), 3))
    shapes = _Shapes(
        rows,
        *_proportions(spread[rows], velocity, px),
        *_lying(spread[rows], velocity),
        log_area(spread[rows]),
        looks,
    )
    if max(np.ptp(shapes.high), np.ptp(shapes.wide)) < _LEAST:
        return []
    found = find(known, lambda spans: _amount(shapes, spans), _LEAST)
    # In fewer rows an outline may be wrong throughout.
    known_well = [one for one in found if one.spans.n_seen[one.k] >= _MIN_SIDE]
    return [_suspect(one, shapes, thing, pixels) for one in known_well]


def _velocity(rows: Ints, boxes: Floats) -> Floats:
    """(N, 2) way from a row to the next, px."""
    way = np.gradient(geometry.centre(boxes), axis=0)
    return np.asarray(way / np.maximum(np.gradient(rows.astype(np.float64)), 1.0)[:, None])


def _proportions(spread: Floats, velocity: Floats, px: Floats) -> tuple[Floats, Floats]:
    """Least and largest log ratio of the axes, by how much blur is in it, (N,) each."""
    smear = np.stack(
        [velocity[:, 0] ** 2, velocity[:, 1] ** 2, velocity[:, 0] * velocity[:, 1]], axis=1
    )
    ratios = np.array([_log_ratio(spread - share**2 / 12 * smear, px) for share in _SHUTTERS])
    return ratios.min(axis=0), ratios.max(axis=0)


def _lying(spread: Floats, velocity: Floats) -> tuple[Floats, Floats]:
    """Least and largest log of width over height, by how much blur is in it, (N,) each."""
    sides = np.maximum(spread[:, :2], 1e-3)
    sharp = np.maximum(sides - _SHUTTER**2 / 12 * velocity**2, _LEAST_SHARP * sides)
    ratios = [np.log(one[:, 0] / one[:, 1]) / 2 for one in (sides, sharp)]
    return np.minimum(*ratios), np.maximum(*ratios)


def _log_ratio(spread: Floats, px: Floats) -> Floats:
    """Log of the longer over the shorter axis of an ellipse with such a spread, (N,)."""
    mean = (spread[:, 0] + spread[:, 1]) / 2
    apart = np.hypot((spread[:, 0] - spread[:, 1]) / 2, spread[:, 2])
    least = float(np.prod(px)) * _PIXEL_PX2
    longer, shorter = np.maximum(mean + apart, least), np.maximum(mean - apart, least)
    return np.asarray(np.log(longer / shorter) / 2)


def _amount(shapes: _Shapes, spans: Spans) -> tuple[Floats, Floats]:
    """Change of the proportions that no blur explains, and its error, (P,) each."""
    either = np.maximum(
        _apart(spans, shapes.low, shapes.high), _apart(spans, shapes.flat, shapes.wide)
    )
    error = np.maximum(spans.error(shapes.low), spans.error(shapes.flat))
    return either, np.maximum(error, _FLOOR)


def _apart(spans: Spans, low: Floats, high: Floats) -> Floats:
    """(P,) way between the ranges of a value before and after."""
    (low_before, low_after), (high_before, high_after) = spans.middle(low), spans.middle(high)
    return np.asarray(np.maximum(np.maximum(low_after - high_before, low_before - high_after), 0.0))


def _dip(found: Found, shapes: _Shapes) -> float:
    """By how much rounder it is on the way than before and after.

    What lies down without turning is round for a moment; what turns never is.
    """
    start, stop = found.rows
    between = (shapes.rows > start) & (shapes.rows < stop)
    if not between.any():
        return 0.0
    ends = min(float(side[found.k]) for side in found.spans.middle(shapes.low))
    return max(ends - float(shapes.low[between].min()), 0.0)


def _suspect(found: Found, shapes: _Shapes, thing: Thing, pixels: Pixels) -> Suspect:
    spans, k, amount = found.spans, found.k, found.amount
    grown = abs(float(np.subtract(*(side[k] for side in spans.middle(shapes.area)))))
    other = float(np.linalg.norm(np.subtract(*(side[k] for side in spans.middle(shapes.looks)))))
    start, stop = found.rows
    ratios = np.stack([shapes.flat + shapes.wide, shapes.low], axis=1) / [2, 1]
    apart, clearly = lasting(shapes.rows, ratios, start, stop)
    however = float(_apart(spans, shapes.low, shapes.high)[k]) / amount
    turned = max(1.0 - however - 2 * _dip(found, shapes) / amount, 0.0)
    seen = likeness(thing, start, stop, pixels)
    measured = {
        "amount": amount,
        "surely": float(np.log(amount / found.error)),
        "usual": float(np.log(amount / (0.02 + found.usual))),
        "often": float(np.log(amount / (0.02 + found.often))),
        "grows": grown / amount,
        "seen on both sides": float(np.log(spans.n_seen[k])),
        "other colour": other,
        "however it lies": however,
        "by turning": turned,
        "lasting": apart / amount,
        "clearly": clearly,
    }
    if seen is not None:
        measured |= {
            "stretched": seen.resized,
            "unstretched": seen.resized - seen.as_it_was,
            "itself": seen.resized - seen.usual,
            "share": seen.share,
        }
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
            float(np.interp(other, (15.0, 40.0, 70.0), (3.0, 0.0, -3.0))),
            f"its colour changed by {other:.0f} grey levels",
        ),
        Alternative(
            "it turned in the plane of the picture",
            float(np.interp(turned, (0.5, 0.7, 0.9), (5.0, 0.0, -5.0))),
            f"{100 * turned:.0f} % of it is how it lies, and it was never rounder on the way",
        ),
    )
    odds = min(one.log_odds for one in alternatives[-2:])
    # What it does in a fifth of its life is no event.
    odds = -_SURE if measured["often"] < _NO_MORE else odds
    most = odds if odds < 0 else np.inf
    return Suspect("shape", start, stop, amount, found.error, measured, alternatives, most=most)

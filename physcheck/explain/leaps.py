"""Sudden changes of place within a track: did the thing jump, or only its box?

A step is a leap where no mixture of the paces before and after it foretells it. If
the thing itself jumped, its picture is at the new place and not where its motion would
have brought it; if only the box did, it is the other way about. What all things do at
once is done by the camera.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from physcheck import boxes as geometry
from physcheck.explain.pixels import GRID, Pixels
from physcheck.explain.suspects import Suspect, Thing
from physcheck.explain.weighing import likelihood_ratio
from physcheck.types import Alternative, Floats, Ints

__all__ = ["leap_suspects"]

_MIN_LEAP = 0.1
_MIN_SIZE = 8.0
"""Pixels of the small picture: fewer have no structure to compare."""
_MIN_SIGMA = 2.5
_N_MOST = 3
"""Leaps of a track that are looked at, the clearest first."""
_MIN_NEAR = 2
_NEAR = 4
_STEADY = 0.25
"""Log width and height by which a box may change while it leaps; else its outline did."""
_LEAST_NOISE = 0.015
_LEAST_NOISE_PX = 0.5
_GAIN = 12.0
"""Nats for a difference of 1 between two correlations."""
_PLAIN = 3.0
"""Grey levels; what varies by less has no structure to compare."""
_FACTORS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
"""Of a step: doubled frames make none, dropped ones make two or three."""
_MIXTURES = np.linspace(0, 1, 9)
_SURE = 5.0
_NOISE_GREY = 1.5
"""Grey levels of difference that grain and compression make."""
_AXIS = (np.arange(GRID) + 0.5) / GRID * 2 - 1
_ELLIPSE = _AXIS[None] ** 2 + _AXIS[:, None] ** 2 < 0.8


@dataclass(frozen=True, slots=True, eq=False)
class _Leap:
    """A step between two rows that nothing foretells.

    before, after: indices in the track. miss, noise: px. usual: px, the largest miss at
    other times of its life. foretold: (m, 2) px, the places
    where motion alone might have brought the middle.
    """

    before: int
    after: int
    miss: float
    noise: float
    foretold: Floats
    usual: float = 0.0


def leap_suspects(thing: Thing, pixels: Pixels) -> list[Suspect]:
    """Find the leaps of a thing and ask the pixels about each; in body lengths."""
    track, boxes = thing.track, thing.boxes
    size = float(np.sqrt(np.median(geometry.size(track.boxes[track.observed]).prod(axis=1))))
    least_px = _MIN_SIZE * float(pixels.px.min())
    found = []
    # Where the camera was lost nobody knows the way from row to row.
    known = ~pixels.camera.lost[thing.first : thing.first + len(boxes)]
    for leap in _leaps(np.flatnonzero(track.clear & known), boxes, size, least_px):
        measured, alternatives = _ask(leap, boxes, thing.first, pixels)
        measured |= {
            "amount": leap.miss / size,
            "surely": float(np.log(leap.miss / leap.noise)),
            "usual": float(np.log(leap.miss / (leap.usual + leap.noise))),
        }
        amount, error = leap.miss / size, leap.noise / size
        found.append(
            Suspect("place", leap.before, leap.after, amount, error, measured, alternatives)
        )
    return found


def _leaps(rows: Ints, boxes: Floats, size: float, least_px: float) -> list[_Leap]:
    """Steps between neighbouring clear rows that stand out, none beside a larger one.

    least_px: smaller side of a box below which only a sliver of the thing is seen.
    """
    if len(rows) < 2 * _MIN_NEAR + 2:
        return []
    centre = geometry.centre(boxes)
    length = np.linalg.norm(np.diff(centre[rows], axis=0), axis=1)
    growth = np.abs(np.diff(np.log(np.maximum(geometry.size(boxes[rows]), 1.0)), axis=0))
    eligible = (length > _MIN_LEAP * size) & (growth.max(axis=1) < _STEADY)
    eligible &= np.diff(rows) == 1
    whole = geometry.size(boxes[rows]).min(axis=1) >= least_px
    eligible &= whole[:-1] & whole[1:]
    found: list[_Leap] = []
    for k in np.argsort(-length):
        if not eligible[k] or any(abs(rows[k] - other.before) <= _NEAR for other in found):
            continue
        leap = _leap(int(k), rows, centre, size)
        if leap and leap.miss > max(_MIN_LEAP * size, _MIN_SIGMA * leap.noise):
            found.append(leap)
    clearest = sorted(found, key=lambda leap: -leap.miss / leap.noise)
    misses = [leap.miss for leap in clearest]
    rest = [max([0.0, *misses[:k], *misses[k + 1 :]]) for k in range(len(misses))]
    return [replace(leap, usual=most) for leap, most in zip(clearest, rest, strict=True)][:_N_MOST]


def _leap(k: int, rows: Ints, centre: Floats, size: float) -> _Leap | None:
    """By how much step k misses all that the steps around it foretell."""
    before, after = int(rows[k]), int(rows[k + 1])
    clear = np.zeros(len(centre), dtype=bool)
    clear[rows] = True
    n_early = int(np.argmin(np.r_[clear[before::-1], False])) - 1
    n_late = int(np.argmin(np.r_[clear[after:], False])) - 1
    if min(n_early, n_late) < _MIN_NEAR:
        return None
    early = np.diff(centre[before - min(n_early, _NEAR) : before + 1], axis=0)
    late = np.diff(centre[after : after + min(n_late, _NEAR) + 1], axis=0)
    old, new = _pace(early[::-1]), _pace(late)
    mixed = old + _MIXTURES[:, None] * (new - old)
    foretold = centre[before] + np.concatenate([factor * mixed for factor in _FACTORS])
    miss = float(np.linalg.norm(centre[after] - foretold, axis=1).min())
    noise = max(_scatter(early, late), _LEAST_NOISE * size, _LEAST_NOISE_PX)
    return _Leap(before, after, miss, noise, centre[before] + mixed[::4])


def _pace(paces: Floats) -> Floats:
    """Median pace of the nearest steps."""
    return np.asarray(np.median(paces[:3], axis=0))


def _scatter(*sides: Floats) -> float:
    """How much a pace errs, by how paces differ from one to the next on either side, px a row."""
    differences = np.concatenate([np.diff(paces, axis=0) for paces in sides])
    return float(np.median(np.linalg.norm(differences, axis=1)) / np.sqrt(2))


def _ask(
    leap: _Leap, boxes: Floats, first: int, pixels: Pixels
) -> tuple[dict[str, float], tuple[Alternative, ...]]:
    """Is its picture at the new place, and no longer where its motion leads?"""
    old, new = boxes[leap.before], boxes[leap.after]
    before, after = first + leap.before, first + leap.after
    here = pixels.patch(before, old)
    moved = old + np.tile(geometry.centre(new) - geometry.centre(old), 2)
    likeness = max(
        _correlation(here, pixels.patch(after, new)), _correlation(here, pixels.patch(after, moved))
    )
    stays = max(
        _correlation(here, pixels.patch(after, old + np.tile(place - geometry.centre(old), 2)))
        for place in leap.foretold
    )
    there = pixels.patch(after, moved)
    emptied = _distance(here, pixels.patch(after, old))
    filled = _distance(there, pixels.patch(before, moved))
    times = min(emptied, filled) / _distance(here, there)
    unrest = pixels.unrest(min(before, after))
    measured = {"likeness": likeness, "stays": likeness - stays, "times": float(np.log(times))}
    return measured, (
        Alternative(
            "the box went over to another thing",
            float(np.clip(_GAIN * (likeness - 0.6), -_SURE, _SURE)),
            f"likeness {likeness:.2f} to what was there",
        ),
        Alternative(
            "only the box moved",
            float(np.clip(_GAIN * (likeness - stays - 0.05), -_SURE, _SURE)),
            f"likeness {stays:.2f} where its motion leads",
        ),
        Alternative(
            "nothing moved",
            float(np.interp(np.log(times), (0.0, 0.4, 0.9), (-3.0, 0.0, 3.0))),
            f"both places changed {times:.1f} times as much as the thing",
        ),
        Alternative(
            "the picture changed everywhere",
            likelihood_ratio("everywhere", unrest),
            f"{unrest:.1f} times the usual change from frame to frame",
        ),
    )


def _distance(a: Floats, b: Floats) -> float:
    """Mean difference of two patches in the ellipse that most things fill, grey levels."""
    return float(np.abs(a - b).mean(axis=2)[_ELLIPSE].mean()) + _NOISE_GREY


def _correlation(a: Floats, b: Floats) -> float:
    """Mean correlation of two patches over the channels that have any structure."""
    values = [
        float(np.corrcoef(a[..., k].ravel(), b[..., k].ravel())[0, 1])
        for k in range(a.shape[2])
        if min(a[..., k].std(), b[..., k].std()) > _PLAIN
    ]
    return float(np.mean(values)) if values else 0.0

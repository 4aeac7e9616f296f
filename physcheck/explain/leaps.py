"""Sudden changes of place within a track: did the thing jump, or only its box?

A step is a leap where no mixture of the paces before and after it foretells it. If
the thing itself jumped, its picture is at the new place and not where its motion would
have brought it; if only the box did, it is the other way about. What all things do at
once is done by the camera.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from physcheck import boxes as geometry
from physcheck.explain.pixels import GRID, Pixels
from physcheck.explain.weighing import likelihood_ratio
from physcheck.types import Alternative, Change, Floats, Ints, Track

__all__ = ["leap_changes", "not_together"]

_MIN_LEAP = 0.15
_MIN_SIZE = 8.0
"""Pixels of the small picture: fewer have no structure to compare."""
_MIN_SIGMA = 4.0
_MIN_NEAR = 2
_NEAR = 4
_STEADY = 0.15
"""Log width and height by which a box may change while it leaps; else its outline did."""
_LEAST_NOISE = 0.015
_LEAST_NOISE_PX = 0.5
_GAIN = 12.0
"""Nats for a difference of 1 between two correlations."""
_PLAIN = 3.0
"""Grey levels; what varies by less has no structure to compare."""
_FACTORS = (0.0, 0.5, 1.0, 1.5, 2.0)
"""Of a step: doubled frames make none, dropped ones make two."""
_MIXTURES = np.linspace(0, 1, 9)
_SURE = 5.0
_NOISE_GREY = 1.5
"""Grey levels of difference that grain and compression make."""
_AXIS = (np.arange(GRID) + 0.5) / GRID * 2 - 1
_ELLIPSE = _AXIS[None] ** 2 + _AXIS[:, None] ** 2 < 0.8


@dataclass(frozen=True, slots=True, eq=False)
class _Leap:
    """A step between two rows that nothing foretells.

    before, after: indices in the track. miss, noise: px. foretold: (m, 2) px, the places
    where motion alone might have brought the middle.
    """

    before: int
    after: int
    miss: float
    noise: float
    foretold: Floats


def leap_changes(track: Track, first: int, boxes: Floats, pixels: Pixels) -> list[Change]:
    """Find the leaps of a track and ask the pixels about each.

    Args:
        track: as fitted. first: row of its first frame in the piece.
        boxes: (T, 4) stabilised px. pixels: of the piece.

    Returns:
        Changes of place, in time order; amounts in body lengths.
    """
    size = float(np.sqrt(np.median(geometry.size(track.boxes[track.observed]).prod(axis=1))))
    found = []
    # Where the camera was lost nobody knows the way from row to row.
    known = ~pixels.camera.lost[first : first + len(boxes)]
    least_px = _MIN_SIZE * float(pixels.px.min())
    for leap in _leaps(np.flatnonzero(track.clear & known), boxes, size, least_px):
        alternatives = _ask(leap, boxes, first, pixels)
        found.append(
            Change(
                kind="place",
                start=int(track.frames[leap.before]),
                stop=int(track.frames[leap.after]),
                amount=leap.miss / size,
                error=leap.noise / size,
                log_odds=min(one.log_odds for one in alternatives),
                alternatives=alternatives,
            )
        )
    return found


def not_together(tracks: Sequence[Track]) -> list[Track]:
    """Take the blame from leaps that several things make at once: the camera made them."""
    stops = [c.stop for t in tracks for c in t.changes if c.kind == "place"]
    common = {stop for stop in stops if stops.count(stop) > 1}
    return [replace(t, changes=tuple(_shared(c, common) for c in t.changes)) for t in tracks]


def _shared(change: Change, common: set[int]) -> Change:
    if change.kind != "place" or change.stop not in common:
        return change
    camera = Alternative("the camera jumped", -_SURE, "other things jump at once")
    return replace(
        change,
        log_odds=min(change.log_odds, camera.log_odds),
        alternatives=(*change.alternatives, camera),
    )


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
    return sorted(found, key=lambda leap: leap.before)


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


def _ask(leap: _Leap, boxes: Floats, first: int, pixels: Pixels) -> tuple[Alternative, ...]:
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
    return (
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

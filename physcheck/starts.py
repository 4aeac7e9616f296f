"""Where a thing that lay still sets out: what the checks of causes share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physcheck import boxes as geometry
from physcheck.signals import robust_scale
from physcheck.types import Bools, Floats, Ints, Shot, Track

__all__ = ["Approach", "Start", "find_starts", "judged_rows", "nearest_approach", "nearest_other"]

_REST_S = 0.4
_MIN_REST_ROWS = 6
_MIN_ROWS_AFTER = 3
_ROWS_AFTER = 6
_FLOOR_PX = 0.25
"""Boxes are placed no better than this."""
_MAX_PACE = 0.02
_MAX_RATIO = 0.15
"""At rest: slower than this many body lengths a frame, and than this share of what follows."""
_MAX_WAVER = 0.05
_MAX_GROWTH = 0.35
"""Log size by which blur may lengthen it as it sets out."""
_PART = 0.8
_MIN_WAY = 0.25
_ROWS_LATER = 20
"""Body lengths that it must get within so many rows, or it only stirs."""
_GOES_ON = 0.3
"""Share of its way after the first row; less, and the box only jumped to another place."""
_MAX_MISSED = 2
"""Rows: what is seen less well than that may have moved meanwhile."""
_KEEPS = 0.4
"""Share of its pace in the first two rows that it keeps in those after them."""
_APPROACH_S = 0.25
_TOWARDS, _ALONG = 0.8, 0.7
"""Cosines: it comes towards the thing, and the thing goes off in the same direction."""


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A thing at rest sets out.

    row: its last row at rest. size_px: of the thing. sigma_px: how well its place is known.
    way_px: (K,) how far it is on its way in the rows after that. direction: (2,) of length 1.
    sharpness: how much further it gets in two frames than if it sped up evenly over the rows
        after the start, in standard deviations.
    """

    row: int
    size_px: float
    sigma_px: float
    way_px: Floats
    direction: Floats
    sharpness: float


def find_starts(track: Track, shot: Shot) -> list[Start]:
    """Every place where a thing that was at rest for long goes on its way for good."""
    rows, place, need = _path(track, shot)
    found: list[Start] = []
    for last in _candidates(track, rows, place, need):
        if found and rows[last] - found[-1].row < need:
            continue
        start = _start(track, rows, place, last, need)
        if start is not None:
            found.append(start)
    return found


def judged_rows(track: Track, shot: Shot) -> Bools:
    """(T,) rows in which a start could have been seen: seen well for long before and after."""
    rows, _, need = _path(track, shot)
    judged = np.zeros(len(track.frames), dtype=bool)
    last = np.arange(need - 1, len(rows) - _MIN_ROWS_AFTER)
    spans = rows[last + _MIN_ROWS_AFTER] - rows[last - need + 1]
    judged[rows[last]] = spans <= need + _MIN_ROWS_AFTER + _MAX_MISSED
    return judged


def nearest_other(track: Track, start: Start, shot: Shot, before_s: float = 0.15) -> float:
    """Body lengths from the thing at rest to the nearest other thing around its start.

    What another thing moves from frame to frame is taken off, for the touch may fall
    between two frames; inf where nothing else is there.
    """
    step_s = float(np.median(np.diff(track.times_s)))
    now_s, reach_s = track.times_s[start.row], max(3.5 * step_s, before_s)
    box = track.boxes[start.row][None]
    nearest = np.inf
    for other in shot.tracks:
        times_s = other.times_s
        here = (times_s > now_s - reach_s) & (times_s < now_s + 2.5 * step_s)
        if other.id == track.id or not here.any() or times_s[0] > now_s:
            continue  # what is first seen afterwards is what the thing leaves behind
        middle = geometry.centre(other.boxes[here])
        inside = geometry.containment(other.boxes[here], box)[:, 0]
        if (inside[times_s[here] <= now_s] > _PART).all():
            continue  # a part of the thing
        step = np.linalg.norm(np.diff(middle, axis=0), axis=1).max(initial=0.0)
        gap = float(geometry.gap(box, other.boxes[here]).min()) - float(step)
        nearest = min(nearest, max(gap, 0.0) / start.size_px)
    return float(nearest)


def _path(track: Track, shot: Shot) -> tuple[Ints, Floats, int]:
    """Rows seen as one thing off the border, where it is in them, and how many make a rest."""
    rows = np.flatnonzero(track.observed & ~track.border & ~track.merged)
    if len(rows) < _MIN_REST_ROWS:
        return rows, np.zeros((len(rows), 2)), _MIN_REST_ROWS
    middle = geometry.centre(track.boxes[rows])
    place = shot.world.steadied(middle, track.frames[rows])
    step_s = float(np.median(np.diff(track.times_s)))
    return rows, place, max(_MIN_REST_ROWS, round(_REST_S / step_s))


def _candidates(track: Track, rows: Ints, place: Floats, need: int) -> list[int]:
    """Where it got nowhere for long, and somewhere in the next rows: a quick first look."""
    last = np.arange(need - 1, len(rows) - _MIN_ROWS_AFTER)
    size = np.sqrt(geometry.size(track.boxes[rows[last]]).prod(axis=1))
    stayed = np.linalg.norm(place[last] - place[last - need + 1], axis=1)
    went = np.linalg.norm(place[last + _MIN_ROWS_AFTER] - place[last], axis=1)
    return [int(k) for k in last[(stayed < _MAX_PACE * size * need + 2) & (went > 1.0)]]


def _keeps_its_shape(track: Track, before: Ints, after: Ints) -> bool:
    """Else the track went over to something else, or the thing unfolds."""
    size = np.log(np.maximum(geometry.size(track.boxes), 1.0))
    change = size[after] - np.median(size[before], axis=0)
    return bool(np.abs(change).max() < _MAX_GROWTH)


def _until_it_turns_back(gone: Floats) -> Floats:
    """The first rows of a way (K, 2) from the place of rest, up to the furthest."""
    far = np.linalg.norm(gone, axis=1)
    back = np.flatnonzero(np.diff(far) < 0)
    stop = max(int(back[0]) + 1 if len(back) else len(gone), _MIN_ROWS_AFTER)
    return gone[:stop]


def _line(t: Floats, place: Floats) -> tuple[Floats, Floats]:
    """Where a straight line through places (K, 2) is at time 0, and its slope, (2,) each."""
    off = t - t.mean()
    drift = off @ place / float(off @ off)
    return place.mean(axis=0) - drift * t.mean(), drift


def _goes_on(way: Floats) -> bool:
    """It does not stop again at once, as a box does that only jumped to another place."""
    later = (way[-1] - way[1]) / max(len(way) - 2, 1)
    return bool(way[-1] - way[0] >= _GOES_ON * way[-1] and later >= _KEEPS * way[1] / 2)


def _gapless(rows: Ints) -> bool:
    return bool(rows[-1] - rows[0] <= len(rows) + _MAX_MISSED)


def _start(track: Track, rows: Ints, place: Floats, last: int, need: int) -> Start | None:
    """Rest up to `last`, motion from then on; else None."""
    before = np.arange(last - need + 1, last + 1)
    after = np.arange(last + 1, min(last + 1 + _ROWS_AFTER, len(rows)))
    if not _gapless(rows[np.r_[before, after]]):
        return None
    t = np.arange(1.0 - len(before), 1.0)
    level, drift = _line(t, place[before])
    rest = place[before] - (level + drift * t[:, None])
    sigma = max(robust_scale(rest[:, 0]), robust_scale(rest[:, 1]), _FLOOR_PX)
    ahead = np.arange(1.0, len(after) + 1)[:, None]
    gone = _until_it_turns_back(place[after] - (level + drift * ahead))
    size = np.sqrt(geometry.size(track.boxes[rows[before]]).prod(axis=1))
    size_px = float(np.median(size))
    far = float(np.linalg.norm(gone[-1]))
    pace = float(np.linalg.norm(drift))
    calm = pace < _MAX_PACE * size_px and pace < _MAX_RATIO * far / len(gone)
    calm = calm and np.linalg.norm(rest, axis=1).max() < max(4 * sigma, 0.6)
    if not calm or sigma > _MAX_WAVER * size_px or far < 4 * sigma:
        return None
    if not _keeps_its_shape(track, rows[before], rows[after[:2]]):
        return None
    later = place[last + 1 : last + 1 + _ROWS_LATER] - level
    if np.linalg.norm(later, axis=1).max() < _MIN_WAY * size_px:
        return None
    direction = gone[-1] / far
    way = gone @ direction
    if way[0] < 2 * sigma + 0.3 or not _goes_on(way):
        return None
    even = (2.0 / len(way)) ** 2
    error = np.hypot(sigma, even * sigma) + _FLOOR_PX
    return Start(
        row=int(rows[last]),
        size_px=size_px,
        sigma_px=sigma,
        way_px=way,
        direction=direction,
        sharpness=float(max(way[1] - even * way[-1], 0.0) / error),
    )


@dataclass(frozen=True, slots=True)
class Approach:
    """Another thing comes towards the one at rest as that sets out, and would push it so.

    other_id: of its track. gap_px: between the two as the one sets out. speed_px_per_s: of
    the other. due_s: after which they would touch.
    """

    other_id: int
    gap_px: float
    speed_px_per_s: float
    due_s: float


def nearest_approach(track: Track, start: Start, shot: Shot) -> Approach | None:
    """Of all that come towards a thing as it sets out, the one that is due first."""
    coming = (_approach(track, start, other) for other in shot.tracks if other.id != track.id)
    known = [one for one in coming if one is not None]
    return min(known, key=lambda one: one.due_s, default=None)


def _approach(track: Track, start: Start, other: Track) -> Approach | None:
    now_s = track.times_s[start.row]
    lately = (other.times_s <= now_s) & (other.times_s > now_s - _APPROACH_S) & other.observed
    if lately.sum() < _MIN_ROWS_AFTER + 1 or other.merged[lately].any():
        return None
    times_s, places = other.times_s[lately], geometry.centre(other.boxes[lately])
    velocity = np.polynomial.polynomial.polyfit(times_s - now_s, places, 1)[1]
    speed = float(np.hypot(*velocity))
    line = geometry.centre(track.boxes[start.row]) - places[-1]
    towards = float(velocity @ line) / max(speed * float(np.hypot(*line)), 1e-9)
    along = float(velocity @ start.direction) / max(speed, 1e-9)
    if towards < _TOWARDS or along < _ALONG:
        return None
    box = track.boxes[start.row][None]
    gap_px = float(geometry.gap(box, other.boxes[lately][-1:])[0, 0])
    gap_px -= speed * float(now_s - times_s[-1])
    return Approach(other.id, gap_px, speed, gap_px / (speed * towards))

"""Things that get shorter from below while they go on: what sinking into the ground looks like.

The floor hides what is in it. So a thing that sinks keeps its width and its lower edge
goes on along the floor as before, while its upper edge comes down bit by bit. Other
causes look different: an occluder in front hides the lower part where it is and lets the
upper edge alone; a part of the outline that is missed in the picture is gone from one
frame to the next; what goes away gets narrower, too; what turns gets wider. Behind an edge
of the ground things would sink honestly, so there must be ground to be seen behind them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physcheck import boxes as geometry
from physcheck.falls import is_fall, stretches_of
from physcheck.floors import steady_boxes
from physcheck.things import is_articulated
from physcheck.types import Bools, Contact, Floats, Horizon, Ints, Shot, Track

__all__ = ["Ground", "Shortening", "find_ground", "find_sinking"]

_BEFORE, _AFTER = 14, 8
"""Rows that tell the height before and after."""
_ONSETS = (2, 4, 8, 12)
"""Rows that a thing takes to sink."""
_MAX_GAP_ROWS = 8
_MAX_STEP = 0.55
"""Share of the whole that it may lose from one row to the next; outlines flip at once."""
_ON_THE_WAY, _MIN_ON_THE_WAY = (0.12, 0.88), 2
_MAX_STRAY, _STRAY_PX = 0.1, 1.5
"""Heights, and px, by which the lower edge may leave its way."""
_MAX_WIDER = 1.1
_LEAST_SCATTER_PX = 0.5
_SHOWS = 0.12
"""Heights by which the height may waver, as standard deviation."""
_MIN_PACE, _KEEPS_PACE = 0.15, 0.5
"""Heights a second at which a thing goes along, and share of its pace at which it goes on."""
_CELL_PX = 4
_WIDEST_MAP = 8.0
"""Longer sides of the picture to either side of the reference view."""
_MIN_ROWS = 12
_BEHIND = (0.15, 1.0)
"""Heights up the picture in which someone must have stood on the ground,"""
_ASIDE = 3.0
"""and widths to either side."""
_AT_CONTACT = 0.25
"""Heights by which what came to rest may be off the place where it touched."""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Where things were seen to stand or go, and where the plane they go along ends.

    All is as seen from the reference frame. count: (rows, columns) of cells: how many lower
    edges lie above and to the left of each. origin: (2,) x, y px of the first cell.
    """

    count: Ints
    origin: Floats
    horizon: Horizon | None

    def is_behind(self, x: Floats, y: Floats, width: Floats, height: Floats) -> Bools:
        """(K,) whether someone stood a little further away than a thing at x, y, px."""
        top, bottom = (self._cell(y - share * height, 0) for share in _BEHIND[::-1])
        left, right = (self._cell(x + side * width, 1) for side in (-_ASIDE, _ASIDE))
        full = self.count
        found = full[bottom, right] - full[top, right] - full[bottom, left] + full[top, left]
        return np.asarray(found > 0)

    def _cell(self, px: Floats, axis: int) -> Ints:
        most = self.count.shape[axis] - 1
        cell = np.round((px - self.origin[1 - axis]) / _CELL_PX)
        return np.asarray(np.clip(cell, 0, most).astype(np.int64))


def find_ground(shot: Shot, min_size_px: float) -> Ground:
    """Gather where things stood."""
    feet = np.concatenate(
        [np.zeros((0, 2)), *(_feet(track, shot, min_size_px) for track in shot.tracks)]
    )
    # A long pan or a lost camera may put things anywhere; so wide a map is of no use.
    feet = feet[np.abs(feet).max(axis=1) < _WIDEST_MAP * max(shot.width_px, shot.height_px)]
    if len(feet) == 0:
        return Ground(np.zeros((1, 1), dtype=np.int64), np.zeros(2), shot.world.horizon)
    origin = feet.min(axis=0)
    cells = ((feet - origin) // _CELL_PX).astype(np.int64) + 1
    count = np.zeros(cells.max(axis=0)[::-1] + 1, dtype=np.int64)
    np.add.at(count, (cells[:, 1], cells[:, 0]), 1)
    return Ground(count.cumsum(axis=0).cumsum(axis=1), origin, shot.world.horizon)


def _feet(track: Track, shot: Shot, min_size_px: float) -> Floats:
    """(n, 2) middle of the lower edge of what goes along and neither flies nor swings."""
    if any(is_fall(one) for one in stretches_of(shot, track.id)):
        return np.zeros((0, 2))
    boxes = steady_boxes(track, shot.world)[_sure(track)]
    if len(boxes) < _MIN_ROWS or np.median(geometry.size(boxes).min(axis=1)) < min_size_px:
        return np.zeros((0, 2))
    return np.stack([geometry.centre(boxes)[:, 0], boxes[:, 3]], axis=1)


def _sure(track: Track) -> Bools:
    return np.asarray(track.clear & track.observed & ~track.border & ~track.merged)


@dataclass(frozen=True, slots=True, eq=False)
class Shortening:
    """Heights after K moments of a track against those before, where they can be compared.

    rows: (K, 4) of the track: first one before, first of the change, first after it, and last.
    loss_px: (K,) height that is missing afterwards, beyond what going away explains.
    scatter_px: (K,) how the height wavers before and after.
    gradual: (K,) whether it went bit by bit, as what sinks does.
    whole_px: (K,) height before.
    """

    rows: Ints
    loss_px: Floats
    scatter_px: Floats
    gradual: Bools
    whole_px: Floats

    def where(self, keep: Bools) -> Shortening:
        """Those moments only."""
        return Shortening(
            self.rows[keep],
            self.loss_px[keep],
            self.scatter_px[keep],
            self.gradual[keep],
            self.whole_px[keep],
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """A track as seen from the reference frame: rows seen well, (T, 4) boxes, (n, 2) touched."""

    track: Track
    seen: Ints
    boxes: Floats
    touched: Floats


def find_sinking(
    track: Track, shot: Shot, ground: Ground, contacts: list[Contact]
) -> list[Shortening]:
    """Compare heights wherever the thing is on a ground that is known, for several onsets.

    contacts: all of the shot, as seen from the reference frame.
    """
    seen = np.flatnonzero(_sure(track))
    way = _Way(track, seen, steady_boxes(track, shot.world), _touched(track, shot, contacts))
    found = [_of_onset(way, n, ground) for n in _ONSETS]
    return [one for one in found if one is not None]


def _touched(track: Track, shot: Shot, contacts: list[Contact]) -> Floats:
    """(n, 2) time, s, and y, px, where a thing touched that was in free fall: it lives not."""
    falls = [one for one in stretches_of(shot, track.id) if is_fall(one)]
    touched = [
        (float(shot.times_s[np.searchsorted(shot.frames, c.frame)]), c.point[1])
        for c in contacts
        if c.track_id == track.id and c.kind != "turn"
    ]
    return np.array(touched if falls and not is_articulated(track.label) else []).reshape(-1, 2)


def _of_onset(thing: _Way, onset: int, ground: Ground) -> Shortening | None:
    seen, times_s = thing.seen, thing.track.times_s
    n = len(seen) - _BEFORE - onset - _AFTER + 1
    if n <= 0:
        return None
    start = np.arange(n)
    before = seen[start[:, None] + np.arange(_BEFORE)]
    after = seen[start[:, None] + _BEFORE + onset + np.arange(_AFTER)]
    during = seen[start[:, None] + _BEFORE - 1 + np.arange(onset + 2)]
    (width, height), low = geometry.size(thing.boxes).T, thing.boxes[:, 3]
    whole, left = np.median(height[before], axis=1), np.median(height[after], axis=1)
    narrower = np.median(width[after], axis=1) / np.median(width[before], axis=1)
    way = _ahead(times_s, low, before, after)
    share = np.minimum(np.minimum(narrower, 1.0), _further(way, low[before], ground.horizon))
    fading = np.minimum(_ahead(times_s, height, before, after) - whole, 0.0)
    loss = whole * share + np.maximum(fading, -whole) - left
    scatter = np.maximum(height[before].std(axis=1), height[after].std(axis=1))
    told = np.abs(low[after].mean(axis=1) - way) < _MAX_STRAY * whole + _STRAY_PX
    told &= after[:, -1] - before[:, 0] < _BEFORE + onset + _AFTER + _MAX_GAP_ROWS
    told &= (narrower < _MAX_WIDER) & (scatter < _SHOWS * whole)
    told &= _is_held(thing, before, after, whole, way, ground)
    found = Shortening(
        rows=np.stack([before[:, 0], during[:, 1], after[:, 0], after[:, -1]], axis=1),
        loss_px=loss,
        scatter_px=np.maximum(scatter, _LEAST_SCATTER_PX),
        gradual=_gradual(height[during], whole - left),
        whole_px=whole,
    )
    return found.where(told)


def _is_held(
    thing: _Way, before: Ints, after: Ints, whole: Floats, way: Floats, ground: Ground
) -> Bools:
    """(K,) whether a ground is known under the thing, and it is none that just bends down."""
    times_s = thing.track.times_s
    feet = np.stack([geometry.centre(thing.boxes)[:, 0], thing.boxes[:, 3]], axis=1)
    width = np.median(geometry.size(thing.boxes)[:, 0][before], axis=1)
    behind = ground.is_behind(feet[before[:, -1], 0], way, width, whole)
    pace = [_pace(times_s, feet, rows) / whole for rows in (before, after)]
    goes_on = (pace[0] > _MIN_PACE) & (pace[1] > _KEEPS_PACE * pace[0])
    goes_on |= thing.track.label != "" and not is_articulated(thing.track.label)
    off = np.abs(thing.touched[:, 1] - feet[before, 1][..., None]).max(axis=1)
    near = off < _AT_CONTACT * whole[:, None]
    lies = (near & (thing.touched[:, 0] <= times_s[before[:, 0], None])).any(axis=1)
    return np.asarray((behind & goes_on) | lies)


def _pace(times_s: Floats, feet: Floats, rows: Ints) -> Floats:
    """(K,) px/s along the ground from the first to the last of rows (K, n)."""
    way = feet[rows[:, -1]] - feet[rows[:, 0]]
    time_s = times_s[rows[:, -1]] - times_s[rows[:, 0]]
    return np.asarray(np.hypot(way[:, 0], way[:, 1]) / np.maximum(time_s, 1e-9))


def _ahead(times_s: Floats, values: Floats, before: Ints, after: Ints) -> Floats:
    """Where a straight line through the rows before leads by the middle of those after, (K,)."""
    t, y = times_s[before], values[before]
    off = t - t.mean(axis=1, keepdims=True)
    rate = (off * y).sum(axis=1) / np.maximum((off**2).sum(axis=1), 1e-12)
    wait = times_s[after].mean(axis=1) - t.mean(axis=1)
    return np.asarray(y.mean(axis=1) + rate * wait)


def _further(way: Floats, low: Floats, horizon: Horizon | None) -> Floats:
    """Share of its height that is left of what goes away on the plane; 1 if it comes nearer."""
    if horizon is None:
        return np.ones(len(way))
    near = np.maximum(low.mean(axis=1) - horizon.y, 1.0)
    return np.asarray(np.clip((way - horizon.y) / near, 0.0, 1.0))


def _gradual(height: Floats, lost: Floats) -> Bools:
    """(K,) whether the height goes from before to after by more than one step."""
    lost = np.maximum(lost, 1e-6)
    step = np.abs(np.diff(height, axis=1)).max(axis=1) / lost
    share = (height[:, :1] - height[:, 1:-1]) / lost[:, None]
    between = (share > _ON_THE_WAY[0]) & (share < _ON_THE_WAY[1])
    return np.asarray((step < _MAX_STEP) & (between.sum(axis=1) >= _MIN_ON_THE_WAY))

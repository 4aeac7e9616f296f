"""What hides what: where a thing passes over the place of something that stands still.

While a thing passes behind something, its own place shows what is there without it; while
it passes before it, its own colours. The order is told by those pixels alone whose usual
content is unlike any colour of the thing. Where it turns round within a frame while the two
overlap, they go through each other.

Source: the owner of an edge is in front, as in Smith, Drummond and Cipolla (2004),
Layered motion segmentation and depth ordering by tracking edges.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from physcheck import boxes as geometry
from physcheck.camera import Camera
from physcheck.signals import runs
from physcheck.things import is_articulated
from physcheck.types import Bools, Bytes, Floats, Ints, Overlap, Piece, Track
from physcheck.world.windows import Window, codes, colours_of, ellipse, shows

__all__ = ["find_overlaps"]

_MIN_SIDE_PX = 10.0
"""Working px."""
_MIN_WAY = 1.0
"""Body lengths: who stays where it is crosses nothing."""
_USUAL = 0.65
"""Of its boxes, from the narrowest on, this part shows the thing in part or just so."""
_CUT, _CUT_PX = 0.08, 1.5
"""Share of a side, and working px, that a box must lack, for else nothing hides the thing."""
_BRIDGE = 4
_LONGEST = 45
_AROUND = 8
"""Rows before and after that are looked at beside those in which it is cut."""
_FIT_ROWS, _MIN_FIT_ROWS = 12, 4
_AHEAD, _AHEAD_SIZES = 35, 1.8
"""Rows, and body lengths, over which its way is foretold beyond where it is whole."""
_MAX_MISS, _MAX_MISS_PX = 0.06, 0.75
"""Body lengths, and working px, by which its way may miss the places where it is whole."""
_FILLED, _HOLES = 0.8, 0.1
"""Where it is whole so much of the outline shows the thing, and so much what is behind it."""
_ACCOUNTED = 0.7
"""Share of the outline that shows the thing or what is there without it, else it is elsewhere."""
_ROOM, _AT_HOME = 1.2, 0.75
"""Of its size, and share of its box within that, where it is seen as foretold."""
_AROUND_OUTLINE, _ELSEWHERE = 1.6, 0.25
"""Where so much of its colours is seen outside an outline so many times as large, it is there."""
_TELLING = 0.03
"""Share of the outline whose pixels have to tell the order."""
_MIN_PART = 0.1
_N_LATELY = 3
_PHASE = 15
"""Rows before or after a turn in which the thing is hidden in part, and is seen in part."""


def find_overlaps(piece: Piece, camera: Camera, tracks: Sequence[Track]) -> tuple[Overlap, ...]:
    """Where things are hidden in part by what stands still, and who is in front, row by row.

    Args:
        piece: the frames. camera: their motion, working px. tracks: explained.
    """
    movers = [mover for track in tracks if (mover := _Mover.of(track, piece)) is not None]
    found = [_look(mover, piece, camera, cut) for mover in movers for cut in mover.cuts()]
    return tuple(one for one in found if one is not None)


@dataclass(frozen=True, slots=True, eq=False)
class _Mover:
    """A thing on its way.

    rows: (K,) of the piece, in which it was seen. boxes: (K, 4) working px of the frames.
    size: (2,) usual width and height. whole: (K,) True where the box has it.
    """

    track_id: int
    rows: Ints
    boxes: Floats
    size: Floats
    whole: Bools

    @classmethod
    def of(cls, track: Track, piece: Piece) -> _Mover | None:
        """None where the thing is too small, stays in its place, bends or is seldom whole."""
        seen = track.observed & ~track.border
        if seen.sum() < 2 * _MIN_FIT_ROWS or is_articulated(track.label):
            return None
        boxes = track.boxes[seen] / np.tile(piece.px, 2)
        sides = geometry.size(boxes)
        size = np.quantile(sides, _USUAL, axis=0)
        way = float(np.linalg.norm(np.ptp(geometry.centre(boxes), axis=0)))
        if size.min() < _MIN_SIDE_PX or way < _MIN_WAY * size.min():
            return None
        off = np.abs(sides - size)
        whole = np.asarray((off < np.maximum(_CUT * size, _CUT_PX)).all(axis=1), dtype=bool)
        rows = np.searchsorted(piece.frames, track.frames[seen])
        return cls(track.id, rows, boxes, size, whole)

    def cuts(self) -> Iterator[tuple[int, int]]:
        """First and last row of the piece, of each span in which its box lacks a part."""
        lacks = self.size - geometry.size(self.boxes)
        less = np.asarray((lacks > np.maximum(_CUT * self.size, _CUT_PX)).any(axis=1), dtype=bool)
        spans: list[tuple[int, int]] = []
        for start, stop in runs(less):
            first, last = int(self.rows[start]), int(self.rows[stop - 1])
            if spans and first - spans[-1][1] <= _BRIDGE + 1:
                first = spans.pop()[0]
            spans.append((first, last))
        return ((first, last) for first, last in spans if last - first < _LONGEST)


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """Where the middle of a thing is, (n, 2) working px as row `view` sees it, in n rows.

    sure: (n,) rows in which the thing was seen there, or both before and after.
    """

    view: int
    rows: Ints
    places: Floats
    sure: Bools


def _look(mover: _Mover, piece: Piece, camera: Camera, cut: tuple[int, int]) -> Overlap | None:
    """Who is in front around the rows of a cut; None if that is not told."""
    way = _way(mover, piece, camera, cut)
    if way is None or camera.lost[way.rows].any():
        return None
    half = mover.size / 2
    window = Window.around(way.places, half, piece, camera, way.view)
    inside = _outlines(way, window, half)
    around = _outlines(way, window, _AROUND_OUTLINE * half)
    whole = np.isin(way.rows, mover.rows[mover.whole])
    whole &= (way.rows < cut[0] - 1) | (way.rows > cut[1] + 1)
    seen = _see(window, way, inside, around, whole)
    return None if seen is None else _overlap(mover.track_id, seen, piece.frames[way.rows])


def _outlines(way: _Way, window: Window, half: Floats) -> Bools:
    """(n, H, W) what lies well within the thing, if its half axes are `half` (2,)."""
    places = way.places - window.corner
    return np.array([ellipse(place, half, window.shape) for place in places])


def _way(mover: _Mover, piece: Piece, camera: Camera, cut: tuple[int, int]) -> _Way | None:
    """The parabola through the places just before and after, in which the thing is whole."""
    near = (mover.rows >= cut[0] - _FIT_ROWS) & (mover.rows <= cut[1] + _FIT_ROWS) & mover.whole
    early, late = near & (mover.rows < cut[0]), near & (mover.rows > cut[1])
    n_sides = int(early.sum()), int(late.sum())
    if sum(n_sides) < 2 * _MIN_FIT_ROWS or 0 < min(n_sides) < 2:
        return None
    view, known = (cut[0] + cut[1]) // 2, mover.rows[early | late]
    middle = geometry.centre(mover.boxes[early | late])
    pairs = zip(known.tolist(), middle, strict=True)
    seen = np.array([_through(camera.between(row, view), place) for row, place in pairs])
    design = ((known - view) / _LONGEST)[:, None] ** np.arange(3)
    found = np.linalg.lstsq(design, seen, rcond=None)[0]
    miss = float(np.sqrt(((seen - design @ found) ** 2).mean()))
    if miss > max(_MAX_MISS * float(np.sqrt(mover.size.prod())), _MAX_MISS_PX):
        return None
    rows = np.arange(max(cut[0] - _AROUND, 0), min(cut[1] + _AROUND, len(piece.frames) - 1) + 1)
    places = ((rows - view) / _LONGEST)[:, None] ** np.arange(3) @ found
    inside = (rows >= known[0]) & (rows <= known[-1])
    near = inside | _within_reach(rows, places, known, float(np.sqrt(mover.size.prod())))
    seen_there, seen_elsewhere = _found(mover, camera, view, rows, places)
    near &= ~seen_elsewhere
    if near.sum() < _MIN_FIT_ROWS:
        return None
    return _Way(view, rows[near], places[near], (inside | seen_there)[near])


def _found(
    mover: _Mover, camera: Camera, view: int, rows: Ints, places: Floats
) -> tuple[Bools, Bools]:
    """(n,) and (n,): whether the thing was seen where it is foretold, and whether elsewhere."""
    there, elsewhere = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    at = np.searchsorted(mover.rows, rows).clip(0, len(mover.rows) - 1)
    for k in np.flatnonzero(mover.rows[at] == rows):
        matrix = camera.between(int(rows[k]), view)
        box = mover.boxes[at[k]]
        corners = np.concatenate([_through(matrix, box[:2]), _through(matrix, box[2:])])
        whole = geometry.from_centre(places[k], _ROOM * mover.size)
        there[k] = geometry.containment(corners[None], whole[None])[0, 0] > _AT_HOME
        elsewhere[k] = not there[k]
    return there, elsewhere


def _within_reach(rows: Ints, places: Floats, known: Ints, size_px: float) -> Bools:
    """(n,) rows not so far from those in which the thing is whole that it may be elsewhere."""
    ends = [int(np.argmin(np.abs(rows - end))) for end in (known[0], known[-1])]
    beyond = np.where(rows < known[0], known[0] - rows, rows - known[-1])
    way = np.min([np.linalg.norm(places - places[end], axis=1) for end in ends], axis=0)
    return np.asarray((beyond <= _AHEAD) & (way < _AHEAD_SIZES * size_px))


def _through(matrix: Floats, point: Floats) -> Floats:
    there = matrix @ np.append(point, 1.0)
    return np.asarray(there[:2] / there[2])


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What tells who is in front, in n pictures: shares are of the outline of the thing.

    behind, before: (n, H, W) pixels of the outline that show what is there without the
    thing, and the thing where that would look otherwise. hidden, shown: (n,) shares.
    area: (n,) px. astray: (n,) rows in which it seems to be elsewhere.
    """

    behind: Bools
    before: Bools
    hidden: Floats
    shown: Floats
    area: Floats
    astray: Bools


def _see(window: Window, way: _Way, inside: Bools, around: Bools, whole: Bools) -> _Seen | None:
    """Compare pictures with what is usually there; None where the thing has no firm outline.

    Args:
        inside, around: (n, H, W) the outline in each row, and a wider one.
        whole: (n,) rows in which all of it shows.
    """
    plate = window.plate()
    firm = np.flatnonzero(whole)
    own = _own_colours(window, way.rows[firm], inside[firm], plate)
    if own is None:
        return None
    pictures = [window.colours(int(row)) for row in way.rows]
    usual = np.array([shows(picture, plate) for picture in pictures])
    mine = ~usual
    for shown_here, picture in zip(mine, pictures, strict=True):
        shown_here[shown_here] = own[codes(picture[shown_here])]
    tells = inside & ~own[codes(plate)]
    area = inside.sum(axis=(1, 2)).clip(1)
    shown = (inside & mine).sum(axis=(1, 2)) / area
    hidden = (tells & usual).sum(axis=(1, 2)) / area
    if np.quantile(hidden[whole], 0.9) > _HOLES:
        return None
    accounted = (inside & (usual | mine)).sum(axis=(1, 2)) > _ACCOUNTED * area
    accounted &= way.sure | (shown > _MIN_PART)
    tells &= accounted[:, None, None]
    astray = (mine & ~around).sum(axis=(1, 2)) > _ELSEWHERE * area
    return _Seen(tells & usual, tells & mine, hidden, shown, area, astray)


def _own_colours(window: Window, rows: Ints, inside: Bools, plate: Bytes) -> Bools | None:
    """The colours of a thing by rows in which all of it shows; None where it is not filled.

    Args:
        inside: (n, H, W) the outline in each row. plate: (H, W, 3).
    """
    pictures = [window.colours(int(row)) for row in rows]
    other = [~shows(picture, plate) for picture in pictures]
    shown = [float(one[part].mean()) for one, part in zip(other, inside, strict=True)]
    if not shown or np.median(shown) < _FILLED:
        return None
    parts = zip(pictures, inside, other, strict=True)
    return colours_of([picture[part & one] for picture, part, one in parts])


def _overlap(track_id: int, seen: _Seen, frames: Ints) -> Overlap | None:
    """The order in each row, told by the places in which the thing is hidden at some time."""
    somewhere = seen.behind.any(axis=0)
    n_behind = seen.behind.sum(axis=(1, 2))
    n_before = (seen.before & somewhere).sum(axis=(1, 2))
    enough = n_behind + n_before >= np.maximum(_TELLING * seen.area, 3)
    if not enough.any():
        return None
    front = n_before / np.maximum(n_before + n_behind, 1)
    turned, row = _turn(seen, np.where(enough, front, np.nan))
    odds = np.log((n_before + 1.0) / (n_behind + 1.0))
    return Overlap(
        track_id=track_id,
        frames=frames,
        in_front=np.where(enough & ~seen.astray, odds, np.nan),
        hidden=seen.hidden,
        turned=turned,
        turned_frame=int(frames[row]),
    )


def _turn(seen: _Seen, front: Floats) -> tuple[float, int]:
    """Share of the outline in which the order turns round at once, and the row after that.

    Args:
        front: (n,) share of the telling places in which the thing is in front; NaN untold.
    """
    settled = _once(seen.behind, seen.before)
    behind, before = seen.behind & settled, seen.before & settled
    best, at = 0.0, 0
    for step in (1, 2):
        for one, other, share in ((behind, before, 1 - front), (before, behind, front)):
            turned = (one[:-step] & other[step:]).sum(axis=(1, 2)) / seen.area[step:]
            turned *= _lately(share)[:-step] * _lately(1 - share[::-1])[::-1][step:]
            for row in np.flatnonzero(turned > best):
                phase = slice(max(row - _PHASE + 1, 0), row + 1)
                if one is before:
                    phase = slice(row + step, row + step + _PHASE)
                if _in_part(seen, phase):
                    best, at = float(turned[row]), int(row) + step
    return best, at


def _lately(share: Floats) -> Floats:
    """(n,) how much a share is above one half, in 0 to 1: in each row, or lately if that is less.

    0 where nothing is told in the row, or in none of those just before.
    """
    rows = [share[max(k - _N_LATELY, 0) : k + 1] for k in range(len(share))]
    firm = [np.isfinite(some[-1]) and np.isfinite(some[:-1]).any() for some in rows]
    mean = [np.nanmean(some) if sure else 0.0 for some, sure in zip(rows, firm, strict=True)]
    less = np.fmin(np.nan_to_num(share), np.array(mean))
    return np.asarray(np.maximum(2 * less - 1, 0.0))


def _in_part(seen: _Seen, phase: slice) -> bool:
    """The thing is hidden in part and not gone, in more than one row."""
    hidden, shown = seen.hidden[phase], seen.shown[phase]
    partly = np.minimum(hidden, shown).max(initial=0.0) > _MIN_PART
    return bool(partly and (hidden > _TELLING).sum() >= 2)


def _once(behind: Bools, before: Bools) -> Bools:
    """(H, W) places that go from one to the other just once."""
    order = np.arange(1, len(behind) + 1, dtype=np.int16)[:, None, None]
    late = [np.where(one, order, 0).max(axis=0) for one in (behind, before)]
    early = [np.where(one, order, len(order) + 1).min(axis=0) for one in (behind, before)]
    return np.asarray((late[0] < early[1]) | (late[1] < early[0]))

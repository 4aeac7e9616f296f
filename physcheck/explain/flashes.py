"""Things that are there for a frame or two, too short for a track, and in the open.

What is detected surely, stands nearly still, and leaves its place as it was before is no
fast thing that passes and no unrest of the picture: it came from nothing and went there.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from physcheck import boxes as geometry
from physcheck.camera import stabilise
from physcheck.explain.endings import Surroundings
from physcheck.types import Alternative, Bools, Detections, Ending, Floats, Ints, Track

__all__ = ["flashes"]

_SURE = 0.9
"""Score of a detection that is surely no light and no hole in the background."""
_MIN_SIDE_PX = 12.0
_OFF = 0.25
"""Sizes from the border."""
_N_MOST = 2
"""Rows; what is there for longer has a track."""
_LEAST_FRAMES = 3
"""Frames for which a single row must stand, for a doubled one tells no speed."""
_ROOM = 4
"""Frames before and after in which the place is looked at, nothing else is near, no cut is."""
_SAME_IOU = 0.25
_APART = 1.0
"""Sizes from anything else."""
_STILL = 0.5
"""Sizes from frame to frame; what is faster may only pass."""
_LEAST_CONTRAST = 8.0
"""Grey levels."""
_AS_BEFORE = 0.3
"""Share of its contrast by which its place may differ from before, or be uneasy."""
_AS_ITSELF = 0.6
"""Share of its contrast by which it may differ from row to row."""
_NOISE = 2.0
"""Grey levels that grain makes."""


@dataclass(frozen=True, slots=True, eq=False)
class _Flash:
    """Consecutive rows (m,), which detection it is in each, boxes (m, 4) in the reference."""

    rows: Ints
    picks: Ints
    boxes: Floats

    @property
    def size(self) -> Floats:
        return np.asarray(np.median(geometry.size(self.boxes), axis=0))


def flashes(tracks: list[Track], detections: list[Detections], around: Surroundings) -> list[Track]:
    """Tracks of what is there for a frame or two, both ends explained.

    Args:
        tracks: of the piece. detections: n, px of the clip. around: the piece.
    """
    found: list[Track] = []
    for flash in _chains(_unused(tracks, detections, around), detections, around):
        ends = _explained(flash, detections, around)
        if ends is not None:
            number = max((track.id for track in tracks), default=0) + len(found) + 1
            found.append(_track(number, flash, ends, detections, around))
    return found


def _unused(tracks: list[Track], detections: list[Detections], around: Surroundings) -> list[Bools]:
    """Of each row which detections (N,) are sure, large enough, off the border and in no track."""
    low = np.zeros(2)
    high = np.array(around.size_px, dtype=np.float64)
    free = []
    for found in detections:
        size = geometry.size(found.boxes)
        inside = (found.boxes[:, :2] - _OFF * size > low) & (
            found.boxes[:, 2:] + _OFF * size < high
        )
        large = size.min(axis=1, initial=np.inf) >= _MIN_SIDE_PX
        free.append(np.asarray((found.scores >= _SURE) & large & inside.all(axis=1)))
    row_of = {int(frame): row for row, frame in enumerate(around.pixels.piece.frames)}
    for track in tracks:
        for k in np.flatnonzero(track.observed):
            row = row_of[int(track.frames[k])]
            if free[row].any():
                free[row] &= np.abs(detections[row].boxes - track.boxes[k]).max(axis=1) > 1.0
    return free


def _chains(
    free: list[Bools], detections: list[Detections], around: Surroundings
) -> Iterator[_Flash]:
    """What overlaps from row to row, ended by a row without it."""
    going: list[_Chain] = []
    for row, usable in enumerate(free):
        picks = np.flatnonzero(usable)
        boxes = detections[row].boxes[picks]
        places = stabilise(boxes, around.pixels.camera, row, around.pixels.px)
        left = dict(zip(picks.tolist(), places, strict=True))
        for chain in list(going):
            if not chain.grown(row, left):
                going.remove(chain)
                yield from _short(chain, around.pixels.piece.frames)
        going += [_Chain([row], [pick], [place]) for pick, place in left.items()]


@dataclass(slots=True, eq=False)
class _Chain:
    """A flash in the making."""

    rows: list[int]
    picks: list[int]
    boxes: list[Floats]

    def grown(self, row: int, left: dict[int, Floats]) -> bool:
        """Take what overlaps most of what is left in a row; whether there was any."""
        overlap = {
            k: float(geometry.iou(self.boxes[-1][None], b[None])[0, 0]) for k, b in left.items()
        }
        best = max(overlap, key=lambda k: overlap[k], default=-1)
        if best < 0 or overlap[best] < _SAME_IOU:
            return False
        self.rows.append(row)
        self.picks.append(best)
        self.boxes.append(left.pop(best))
        return True


def _short(chain: _Chain, frames: Ints) -> Iterator[_Flash]:
    """It, if it is short and there is time before and after to look at its place."""
    first, last = chain.rows[0], chain.rows[-1]
    before, after = frames[first] - frames[0], frames[-1] - frames[last]
    if len(chain.rows) <= _N_MOST and min(before, after) >= _ROOM:
        yield _Flash(np.array(chain.rows), np.array(chain.picks), np.array(chain.boxes))


def _explained(
    flash: _Flash, detections: list[Detections], around: Surroundings
) -> tuple[Ending, Ending] | None:
    """Birth and death, None where something innocent may explain it."""
    pixels = around.pixels
    frames = pixels.piece.frames
    first, last = int(flash.rows[0]), int(flash.rows[-1])
    if around.unsteady[max(first - _ROOM, 0) : last + _ROOM + 1].any():
        return None
    # One row tells no speed, unless the picture stood still for a while.
    if len(flash.rows) < 2 and frames[last + 1] - frames[first] < _LEAST_FRAMES:
        return None
    pace = np.linalg.norm(np.diff(geometry.centre(flash.boxes), axis=0), axis=1)
    if (pace > _STILL * flash.size.mean()).any() or _crowded(flash, detections, around):
        return None
    contrast, unrest, unlike = _shown(flash, around)
    if contrast < _LEAST_CONTRAST or unrest > _AS_BEFORE * contrast:
        return None
    if unlike > _AS_ITSELF * contrast:
        return None
    odds = float(2 * np.log(contrast / (unrest + _NOISE)))
    told = Alternative(
        "the detector missed it",
        odds,
        f"its place is as before within {unrest:.1f} grey levels, and differed by {contrast:.1f}",
    )
    birth = Ending(int(frames[first]), "open", odds, "", (told,), -1, int(frames[first - 1]))
    return birth, Ending(int(frames[last]), "open", odds, "", (told,), -1, int(frames[last + 1]))


def _crowded(flash: _Flash, detections: list[Detections], around: Surroundings) -> bool:
    """Whether anything else is near, shortly before, meanwhile or shortly after."""
    pixels, own = around.pixels, dict(zip(flash.rows.tolist(), flash.picks.tolist(), strict=True))
    first, last = max(int(flash.rows[0]) - _ROOM, 0), int(flash.rows[-1]) + _ROOM
    for row in range(first, min(last, pixels.n - 1) + 1):
        boxes = stabilise(detections[row].boxes, pixels.camera, row, pixels.px)
        boxes = np.delete(boxes, own[row], axis=0) if row in own else boxes
        if len(boxes) and geometry.gap(flash.boxes, boxes).min() < _APART * flash.size.mean():
            return True
    return False


def _shown(flash: _Flash, around: Surroundings) -> tuple[float, float, float]:
    """Grey levels: contrast to its place, unrest of the place, change of the thing itself."""
    pixels, first, last = around.pixels, int(flash.rows[0]), int(flash.rows[-1])
    contrast, unrest, looks = [], [], []
    for row, box in zip(flash.rows.tolist(), flash.boxes, strict=True):
        earlier, later = range(max(first - _ROOM, 0), first), range(last + 1, last + _ROOM + 1)
        before = np.median([pixels.patch(k, box) for k in earlier], axis=0)
        after = np.median([pixels.patch(k, box) for k in later if k < pixels.n], axis=0)
        looks.append(pixels.patch(row, box))
        contrast.append(_mean(looks[-1] - (before + after) / 2))
        unrest.append(_mean(before - after))
        unrest.append(_mean(pixels.patch(first - 1, box) - before))
        unrest.append(_mean(pixels.patch(last + 1, box) - after))
    unlike = [_mean(a - b) for a, b in itertools.pairwise(looks)]
    return min(contrast), max(unrest), max(unlike, default=0.0)


def _mean(difference: Floats) -> float:
    """Grey levels within the ellipse that fills a patch."""
    axis = (np.arange(len(difference)) + 0.5) / len(difference) * 2 - 1
    inside = axis[None] ** 2 + axis[:, None] ** 2 < 0.8
    return float(np.abs(difference[inside]).mean())


def _track(
    number: int,
    flash: _Flash,
    ends: tuple[Ending, Ending],
    detections: list[Detections],
    around: Surroundings,
) -> Track:
    """It as a track; of its motion nothing is known."""
    piece, n = around.pixels.piece, len(flash.rows)
    found = [detections[row] for row in flash.rows]
    mean = np.zeros((n, 10))
    mean[:, :2] = geometry.centre(flash.boxes)
    mean[:, 2:4] = np.log(geometry.size(flash.boxes))
    unknown, yes, no = np.full((n, 4), np.nan), np.ones(n, dtype=bool), np.zeros(n, dtype=bool)
    return Track(
        id=number,
        label=str(found[0].labels[flash.picks[0]]),
        frames=piece.frames[flash.rows],
        times_s=piece.times_s[flash.rows],
        observed=yes,
        boxes=np.array([one.boxes[k] for one, k in zip(found, flash.picks, strict=True)]),
        mean=mean,
        cov=np.tile(np.eye(10), (n, 1, 1)),
        innovation=unknown,
        innovation_cov=np.tile(np.eye(4), (n, 1, 1)),
        nis=np.full(n, np.nan),
        border=no,
        clear=yes,
        merged=no,
        open=yes,
        scores=np.array([one.scores[k] for one, k in zip(found, flash.picks, strict=True)]),
        features=np.array([one.features[k] for one, k in zip(found, flash.picks, strict=True)]),
        birth=ends[0],
        death=ends[1],
    )

"""All tracks of a piece explained together."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from physcheck import boxes as geometry
from physcheck.camera import Camera, stabilise
from physcheck.explain.absences import weighed_together
from physcheck.explain.changes import suspects_of, thing_of, together, with_changes
from physcheck.explain.endings import Surroundings, explain_ends
from physcheck.explain.flashes import flashes
from physcheck.explain.outlines import spread_of
from physcheck.explain.partings import parting_suspects
from physcheck.explain.pixels import Pixels
from physcheck.explain.suspects import Suspect, Thing
from physcheck.types import Bools, Detections, Ending, Floats, Ints, Piece, Track

__all__ = ["explain"]

_SURE = 0.8
_THING = 0.55
"""Mean score of the detections; below it a track is light, shadow or parallax."""
_MAX_LOOK = 16.0
_MAX_GROWTH = 0.4
_MAX_ROWS = 3
_NEAR_CLEAR = 0.15
_NEAR_OPEN = 0.6
_EDGE_GREY = 24.0
"""Grey levels from sample to sample of the patch grid that make an edge."""
_EDGE_SHARE = 0.02


def explain(
    piece: Piece,
    camera: Camera,
    detections: list[Detections],
    tracks: list[Track],
    size_px: tuple[int, int],
) -> list[Track]:
    """Explain how each track of a piece begins, ends and is lost in between.

    Args:
        piece: n frames. camera: their motion. detections: n, px of the clip.
        tracks: as fitted. size_px: width and height of the clip.

    Returns:
        The tracks of things, their ends explained; those of mere light are left out. What
        is there too shortly for a track, in the open, comes last.
    """
    others = sure_boxes(piece, camera, detections)
    row_of = {int(frame): row for row, frame in enumerate(piece.frames)}
    around = surroundings(piece, camera, others, tracks, size_px)
    things = [t for t in tracks if np.nanmean(t.scores) >= _THING]
    lives = _Lives.of(things, row_of)
    # Ends are weighed by how clear the thing was before, so outlines come first.
    outlined = [_outlined(k, lives, others, around) for k in range(len(things))]
    explained = [explain_ends(t, row_of[int(t.frames[0])], around) for t in outlined]
    explained = weighed_together(explained)
    found = suspects(explained, row_of, detections, around)
    changed = list(itertools.starmap(with_changes, zip(explained, found, strict=True)))
    return [*_relocate(changed, row_of), *flashes(tracks, detections, around)]


def sure_boxes(piece: Piece, camera: Camera, detections: list[Detections]) -> list[Floats]:
    """Of each row the boxes (N, 4) of all that is surely seen, in the reference view."""
    return [
        stabilise(d.boxes[d.scores >= _SURE], camera, k, piece.px) for k, d in enumerate(detections)
    ]


def surroundings(
    piece: Piece,
    camera: Camera,
    others: list[Floats],
    tracks: list[Track],
    size_px: tuple[int, int],
) -> Surroundings:
    """What the ends of the tracks of a piece are judged against."""
    n = len(piece.frames)
    first = np.searchsorted(piece.frames, [t.frames[0] for t in tracks]).astype(np.int64)
    stop = first + np.array([len(t.frames) for t in tracks], dtype=np.int64)
    begun, ended = np.bincount(first, minlength=n + 1), np.bincount(stop, minlength=n + 1)
    # What is there from the first row, or to the last, neither begins nor ends.
    ends = np.r_[0, begun[1:n]] + np.r_[ended[1:n], 0]
    return Surroundings(
        Pixels(piece, camera),
        unsteady(piece, camera),
        others,
        size_px,
        ends,
        np.cumsum(begun - ended)[:n],
    )


def suspects(
    tracks: list[Track], row_of: dict[int, int], detections: list[Detections], around: Surroundings
) -> list[list[Suspect]]:
    """What may be sudden changes of each track.

    Args:
        tracks: of the piece. row_of: row of each frame of it. detections: px of the clip.
    """
    things = things_of(tracks, row_of, around)
    found = []
    for thing in things:
        spread = spread_of(thing.track, thing.first, detections, around.pixels.px)
        found.append(suspects_of(thing, around.pixels, spread))
    partings = parting_suspects(things, around.pixels)
    return [one + other for one, other in zip(together(tracks, found), partings, strict=True)]


def things_of(tracks: list[Track], row_of: dict[int, int], around: Surroundings) -> list[Thing]:
    """The tracks of a piece as seen from the reference frame."""
    return [thing_of(t, row_of[int(t.frames[0])], around.pixels, around.size_px) for t in tracks]


def unsteady(piece: Piece, camera: Camera) -> Bools:
    """(n,) rows in which nothing may be judged: fades, dissolves, a lost camera."""
    return np.asarray(piece.transition | camera.lost)


@dataclass(frozen=True, slots=True, eq=False)
class _Lives:
    """All tracks and, of each, the rows of the piece and the part of the picture it was in.

    spans: (N, 2) first row and the one after the last. hulls: (N, 4) px of the clip.
    """

    tracks: list[Track]
    spans: Ints
    hulls: Floats

    @classmethod
    def of(cls, tracks: list[Track], row_of: dict[int, int]) -> _Lives:
        first = [row_of[int(t.frames[0])] for t in tracks]
        stop = [start + len(t.frames) for start, t in zip(first, tracks, strict=True)]
        hulls = [np.r_[t.boxes[:, :2].min(axis=0), t.boxes[:, 2:].max(axis=0)] for t in tracks]
        return cls(tracks, np.array([first, stop]).T, np.array(hulls))

    def meeting(self, one: int, reach_px: float) -> Ints:
        """Tracks that share rows with one, and may come as near as that."""
        low, high = self.spans[one]
        together = (self.spans[:, 0] < high) & (self.spans[:, 1] > low)
        together &= _rowwise_gap(self.hulls[one][None], self.hulls) < reach_px
        together[one] = False
        return np.flatnonzero(together)


def _outlined(one: int, lives: _Lives, others: list[Floats], around: Surroundings) -> Track:
    """Mark where another thing is so near that outlines may mix, and where nothing is near."""
    track, (first, stop) = lives.tracks[one], lives.spans[one]
    size = float(np.exp(np.nanmedian(track.mean[:, 2:4])))
    clear = track.clear.copy()
    for number in lives.meeting(one, _NEAR_CLEAR * size):
        other, (start, end) = lives.tracks[number], lives.spans[number]
        low, high = max(first, start), min(stop, end)
        here, there = slice(low - first, high - first), slice(low - start, high - start)
        gaps = _rowwise_gap(track.boxes[here], other.boxes[there])
        clear[here] &= ~((gaps < _NEAR_CLEAR * size) & other.observed[there])
    free = clear.copy()
    for k in np.flatnonzero(clear):
        row = int(first + k)
        place = _stabilised(track, int(k))
        apart = others[row][geometry.iou(place[None], others[row])[0] < 0.4]
        near = len(apart) and geometry.gap(place[None], apart).min() < _NEAR_OPEN * size
        free[k] = not near and _plain_around(around.pixels, row, place)
    return replace(track, clear=clear, open=free)


def _stabilised(track: Track, k: int) -> Floats:
    """Box (4,) of a row as seen from the reference frame."""
    return geometry.from_centre(track.mean[k, :2], np.exp(track.mean[k, 2:4]))


def _plain_around(pixels: Pixels, row: int, box: Floats) -> bool:
    """No strong edge of the scenery within half a size around a box."""
    luma = pixels.patch(row, box, margin=0.5)[..., 0]
    dx, dy = np.abs(np.diff(luma, axis=1))[1:], np.abs(np.diff(luma, axis=0))[:, 1:]
    steep = np.maximum(dx, dy) > _EDGE_GREY
    quarter = len(luma) // 4 - 3
    steep[quarter : -quarter or None, quarter : -quarter or None] = False
    return bool(steep.mean() < _EDGE_SHARE)


def _rowwise_gap(a: Floats, b: Floats) -> Floats:
    """Distance between the k-th box of a and the k-th of b, px."""
    apart = np.maximum(np.maximum(a[:, :2] - b[:, 2:], b[:, :2] - a[:, 2:]), 0)
    return np.hypot(apart[:, 0], apart[:, 1])


def _relocate(tracks: list[Track], row_of: dict[int, int]) -> list[Track]:
    """A death in the open and a birth in the open of a look-alike at once: it jumped."""
    result = {t.id: t for t in tracks}
    for gone in tracks:
        for come in tracks:
            if gone.id == come.id or not _jumped(gone, come, row_of):
                continue
            death, birth = result[gone.id].death, result[come.id].birth
            result[gone.id] = replace(
                result[gone.id], death=replace(death, cause="relocated", partner=come.id)
            )
            result[come.id] = replace(
                result[come.id], birth=replace(birth, cause="relocated", partner=gone.id)
            )
    return [result[t.id] for t in tracks]


def _jumped(gone: Track, come: Track, row_of: dict[int, int]) -> bool:
    if not (_open(gone.death) and _open(come.birth)):
        return False
    rows = row_of[come.birth.frame] - row_of[gone.death.frame]
    if not 1 <= rows <= _MAX_ROWS:
        return False
    look = np.abs(
        np.nanmedian(gone.features[-8:], axis=0) - np.nanmedian(come.features[:8], axis=0)
    )
    growth = np.abs(
        np.median(np.log(geometry.size(gone.boxes[-8:])), axis=0)
        - np.median(np.log(geometry.size(come.boxes[:8])), axis=0)
    )
    return bool(np.sqrt((look**2).mean()) < _MAX_LOOK and growth.max() < _MAX_GROWTH)


def _open(ending: Ending) -> bool:
    return ending.cause == "open"

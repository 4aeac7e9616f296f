"""Two kinds of sight become one set of things.

The model gives words and tight boxes of what it knows; motion gives presence, outlines,
small things and those without a name. Both are chained over the piece first, so that it
is told once for all of its life whether a moving region is a thing, the same thing as the
model's, or a part of it (a limb): a thing is never counted twice, and does not change
from one box to the other from frame to frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from physcheck import boxes as geometry
from physcheck.camera import Camera, stabilise
from physcheck.detectors.appearance import looks
from physcheck.detectors.carrying import moved_by, offset_between
from physcheck.detectors.chains import link
from physcheck.detectors.sightings import Sighting, steady_sightings
from physcheck.things import is_scenery, is_self_propelled, lives
from physcheck.types import Bools, Bytes, Detections, Floats, Labels, Piece

__all__ = ["fuse"]

_SAME = 0.45
"""Overlap from which a moving region and the model's box are one thing."""
_SAME_BEFORE = 0.2
"""The same for two that are one thing in most of their frames."""
_INSIDE, _PARTLY = 0.6, 0.3
_PART_LIFE = 0.55
"""Share of its life from which a region is a part of the model's things ..."""
_OUTSIDE, _OUTSIDE_LIFE = 0.2, 0.15
"""... unless it is hardly inside them for this share of its life: a ball before a person."""
_MOSTLY = 0.3
"""Share of a region that the model's box must be to be all of it but light and shadow."""
_YOUNG = 6
"""Frames; a region that was seen in fewer is no thing while it is inside one."""
_LED_BY_MOTION = 0.7
_SEEN_BY_MOTION = 0.8
_LEAST_NAMING = 0.3
_BOTH, _MODEL_MOVES, _MODEL_RESTS = 1.0, 0.85, 0.75
"""Scores: who saw it. What rests and never changed cannot begin or end: it is not sure."""
_UNSURE = 1.5
"""Factor of the noise of a box that one sight lends the other."""


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """One thing of one frame of the result; blob, pick: rows of motion's, of the model's."""

    box: Floats
    score: float
    label: str
    noise_px: Floats
    blob: int = -1
    pick: int = -1


def fuse(
    model: Sequence[Detections],
    motion: Sequence[Detections],
    piece: Piece,
    camera: Camera,
    shown: Bools | None = None,
) -> list[Detections]:
    """Make one set of things of what a model and motion saw in the frames of a piece.

    Args:
        model: n detections with words and scores, faint ones too.
        motion: n detections of what moves, without words.
        piece: n frames. camera: their motion.
        shown: (n,) frames that the model was shown, all where it is None.

    Returns:
        n detections; labels "" where only motion saw a thing.
    """
    chain_of = _chain_ids(motion, piece, camera)
    shown = np.ones(len(model), dtype=bool) if shown is None else shown
    things = steady_sightings(model, motion, piece, camera, shown, chain_of)
    meeting = _Meeting(things, motion, chain_of)
    leads = [meeting.offset(number) for number in range(len(things))]
    rows = []
    for row, (frame, seen) in enumerate(zip(meeting.frames, model, strict=True)):
        found = _found(meeting, leads, frame, seen)
        rows.append(_detections(found, piece, row, seen, frame.moving))
    return rows


def _chain_ids(motion: Sequence[Detections], piece: Piece, camera: Camera) -> list[list[int]]:
    """For each frame the chain of each of motion's regions."""
    straight = [stabilise(seen.boxes, camera, k, piece.px) for k, seen in enumerate(motion)]
    step_s = float(np.median(np.diff(piece.times_s))) if len(piece.times_s) > 1 else 0.04
    ids = [[-1] * len(seen.boxes) for seen in motion]
    words = [[""] * len(seen.boxes) for seen in motion]
    for number, chain in enumerate(link(straight, words, step_s)):
        for row, pick in zip(chain.rows, chain.picks, strict=True):
            ids[row][pick] = number
    return ids


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """The model's things and motion's regions of one frame.

    numbers: M things. boxes: (M, 4) theirs. whole: (M,) which may have moving parts.
    chains: of the N regions. overlap: (N, M). within: (N, M) share of the region inside
    the thing. held: (N, M) share of the thing inside the region. moving: the regions.
    """

    numbers: list[int]
    places: list[int]
    boxes: Floats
    whole: Bools
    chains: list[int]
    overlap: Floats
    within: Floats
    held: Floats
    moving: Detections


def _frames(
    things: Sequence[Sighting], motion: Sequence[Detections], chain_of: Sequence[list[int]]
) -> list[_Frame]:
    """What meets in each frame."""
    at: list[list[tuple[int, int]]] = [[] for _ in motion]
    for number, thing in enumerate(things):
        for place, row in enumerate(thing.rows.tolist()):
            at[row].append((number, place))
    # What is rigid and rests has no moving parts: what moves before it is another thing.
    whole = [not thing.rests or lives(thing.label) for thing in things]
    frames = []
    for present, moving, chains in zip(at, motion, chain_of, strict=True):
        boxes = np.array([things[n].boxes[place] for n, place in present]).reshape(-1, 4)
        both = geometry.intersection(moving.boxes, boxes)
        region = np.maximum(geometry.area(moving.boxes), 1e-6)[:, None]
        extent = np.maximum(geometry.area(boxes), 1e-6)[None]
        frames.append(
            _Frame(
                numbers=[number for number, _ in present],
                places=[place for _, place in present],
                boxes=boxes,
                chains=chains,
                whole=np.array([whole[n] for n, _ in present], dtype=bool),
                overlap=both / (region + extent - both),
                within=both / region,
                held=both / extent,
                moving=moving,
            )
        )
    return frames


class _Meeting:
    """Where things that the model sees and regions that move meet, told over all frames.

    things: the model's. frames: what is in each frame. rows_of: frames of each chain.
    same_as: chain -> the thing that it is. parts: chains that for most of their life are
    within the model's things, or hold several of them.
    """

    def __init__(
        self, things: list[Sighting], motion: Sequence[Detections], chain_of: list[list[int]]
    ) -> None:
        self.things = things
        self.frames = _frames(things, motion, chain_of)
        self.rows_of: dict[int, set[int]] = {}
        for row, chains in enumerate(chain_of):
            for chain in chains:
                self.rows_of.setdefault(chain, set()).add(row)
        self.same_as = self._same()
        self.parts = self._parts()

    def _same(self) -> dict[int, int]:
        n_same: dict[tuple[int, int], int] = {}
        for frame in self.frames:
            for k, column in np.argwhere(frame.overlap > _SAME).tolist():
                pair = frame.chains[k], frame.numbers[column]
                n_same[pair] = n_same.get(pair, 0) + 1
        same_as: dict[int, int] = {}
        for (chain, number), n in sorted(n_same.items(), key=lambda item: -item[1]):
            together = len(self.rows_of[chain].intersection(self.things[number].rows.tolist()))
            if n >= max(2, 0.5 * together):
                same_as.setdefault(chain, number)
        return same_as

    def _parts(self) -> set[int]:
        n_explained: dict[int, int] = {}
        n_outside: dict[int, int] = {}
        for frame in self.frames:
            inside = _inside(frame)
            explained = _holds_things(frame) | (inside > _INSIDE)
            for told, where in ((n_explained, explained), (n_outside, inside < _OUTSIDE)):
                for k in np.flatnonzero(where).tolist():
                    told[frame.chains[k]] = told.get(frame.chains[k], 0) + 1
        return {
            chain
            for chain, n in n_explained.items()
            if chain not in self.same_as
            and n > _PART_LIFE * len(self.rows_of[chain])
            and n_outside.get(chain, 0) < _OUTSIDE_LIFE * len(self.rows_of[chain])
        }

    def offset(self, number: int) -> Floats | None:
        """What takes the model's box of a thing to motion's, where motion leads.

        Motion leads for rigid things that it outlines in nearly all frames.

        Returns:
            Shift of the middle in sizes and log of the growth, along x and y, (4,);
            None where the model leads.
        """
        thing = self.things[number]
        if lives(thing.label):
            return None
        steps, n_seen = [], 0
        for place, row in enumerate(thing.rows.tolist()):
            frame = self.frames[row]
            k = self.same_region(frame, frame.numbers.index(number))
            n_seen += k >= 0
            if k >= 0 and thing.picks[place] >= 0:
                steps.append(offset_between(thing.boxes[place], frame.moving.boxes[k]))
        n_found = int((thing.picks >= 0).sum())
        if len(steps) < _LED_BY_MOTION * n_found or n_seen < _SEEN_BY_MOTION * len(thing.rows):
            return None
        return np.asarray(np.median(steps, axis=0))

    def same_region(self, frame: _Frame, column: int) -> int:
        """The region that is a thing (a column) of a frame, -1 where there is none."""
        if not frame.chains:
            return -1
        overlap, number = frame.overlap[:, column], frame.numbers[column]
        known = np.array([self.same_as.get(chain) == number for chain in frame.chains])
        worth = np.where(known & (overlap > _SAME_BEFORE), overlap + 1, overlap)
        best = int(np.argmax(worth))
        return best if worth[best] > _SAME else -1


def _found(
    meeting: _Meeting, leads: list[Floats | None], frame: _Frame, model: Detections
) -> list[_Found]:
    """The things of a frame."""
    taken = _explained(meeting, frame)
    found = []
    used: set[int] = set()
    for column, number in enumerate(frame.numbers):
        k = meeting.same_region(frame, column)
        k = -1 if k in used else k
        used.add(k)
        found += _of_model(meeting, leads[number], frame, column, k)
    taken[list(used - {-1})] = True
    found += [_of_motion(meeting, frame, k, model) for k in np.flatnonzero(~taken).tolist()]
    return found


def _of_model(
    meeting: _Meeting, lead: Floats | None, frame: _Frame, column: int, k: int
) -> list[_Found]:
    """A thing that the model sees, with region k of motion or without (-1); none if scenery."""
    thing, place = meeting.things[frame.numbers[column]], frame.places[column]
    pick = int(thing.picks[place])
    if lead is not None and k >= 0:
        score = max(float(frame.moving.scores[k]), _MODEL_MOVES)
        box, noise = frame.moving.boxes[k], frame.moving.noise_px[k]
        return [_Found(box, score, thing.label, noise, k, pick)]
    box, noise = thing.boxes[place], thing.noise_px[place]
    if lead is not None:
        box, noise = moved_by(box, lead), _UNSURE * noise
    if k < 0 and thing.rests and is_scenery(thing.label):
        return []
    moves = not thing.rests or is_self_propelled(thing.label)
    score = _BOTH if k >= 0 else _MODEL_MOVES if moves else _MODEL_RESTS
    return [_Found(box, score, thing.label, noise, k, pick)]


def _explained(meeting: _Meeting, frame: _Frame) -> Bools:
    """(N,) regions of a frame that are parts of the model's things, or hold several."""
    inside = _inside(frame)
    young = np.array([len(meeting.rows_of[c]) < _YOUNG for c in frame.chains], dtype=bool)
    part = np.array([chain in meeting.parts for chain in frame.chains], dtype=bool)
    own = np.array([meeting.same_as.get(chain, -1) for chain in frame.chains])
    same = own[:, None] == np.array(frame.numbers)[None]
    again = (same & (frame.within > _PARTLY)).any(axis=1)
    again |= same.any(axis=1) & (inside > _INSIDE)
    fresh = young & (inside > _INSIDE)
    return np.asarray(_holds_things(frame) | fresh | again | (part & (inside > _PARTLY)))


def _inside(frame: _Frame) -> Floats:
    """(N,) share of each region inside things that may have moving parts."""
    return np.asarray((frame.within * frame.whole).sum(axis=1), dtype=np.float64)


def _holds_things(frame: _Frame) -> Bools:
    """(N,) regions that hold two of the model's things, or one that is much of them."""
    held = (frame.held > _INSIDE) & frame.whole
    area = np.maximum(geometry.area(frame.moving.boxes), 1e-6)
    share = (held * geometry.area(frame.boxes)).sum(axis=1) / area
    return np.asarray((held.sum(axis=1) >= 2) | (held.any(axis=1) & (share > _MOSTLY)))


def _of_motion(meeting: _Meeting, frame: _Frame, k: int, model: Detections) -> _Found:
    """A thing that only moves: nameless, unless it is or was the model's."""
    moving = frame.moving
    box, score = moving.boxes[k], float(moving.scores[k])
    label = ""
    number = meeting.same_as.get(frame.chains[k])
    if number is not None:
        label = meeting.things[number].label
    elif len(model.boxes):
        overlap = geometry.iou(box[None], model.boxes)[0] * (model.scores > _LEAST_NAMING)
        if overlap.max() > _SAME:
            label = str(model.labels[int(np.argmax(overlap))])
    return _Found(box, score, label, moving.noise_px[k], k)


def _detections(
    found: list[_Found], piece: Piece, row: int, model: Detections, moving: Detections
) -> Detections:
    """The things of a frame as detections."""
    planes = piece.luma[row], piece.chroma[row]
    boxes = np.array([one.box for one in found]).reshape(-1, 4)
    return Detections(
        boxes=boxes,
        scores=np.array([one.score for one in found]),
        labels=np.array([one.label for one in found], dtype=np.str_),
        noise_px=np.array([one.noise_px for one in found]).reshape(-1, 4),
        masks=_masks(found, model, moving),
        features=_looks(boxes / np.tile(piece.px, 2), found, planes, moving),
    )


def _looks(
    boxes: Floats, found: list[_Found], planes: tuple[Bytes, ...], moving: Detections
) -> Floats:
    """How each thing looks, (N, 4): as its region where it has one, or as its box."""
    own = looks(planes, boxes)
    for row, one in enumerate(found):
        if one.blob >= 0 and moving.features.shape[1] == own.shape[1]:
            own[row] = moving.features[one.blob]
    return own


def _masks(found: list[_Found], model: Detections, moving: Detections) -> Labels | None:
    """Outlines of motion, and of the model where motion has none; None where neither has any."""
    sources = [(moving.masks, [one.blob for one in found])]
    sources.append((model.masks, [one.pick for one in found]))
    picture: Labels | None = None
    for masks, rows in sources:
        if masks is None:
            continue
        new_of_old = np.zeros(int(masks.max()) + 1, dtype=np.min_scalar_type(len(found)))
        for number, old in enumerate(rows):
            if 0 <= old < len(new_of_old) - 1:
                new_of_old[old + 1] = number + 1
        drawn = _redrawn(masks, new_of_old)
        picture = drawn if picture is None else np.where(picture > 0, picture, drawn)
    return picture


def _redrawn(masks: Labels, new_of_old: Labels) -> Labels:
    """A picture of numbers with each number replaced."""
    if masks.dtype != np.uint8 or new_of_old.dtype != np.uint8:
        return np.asarray(new_of_old[masks])
    table = np.zeros(256, np.uint8)
    table[: len(new_of_old)] = new_of_old
    return np.asarray(cv2.LUT(masks, table), dtype=np.uint8)

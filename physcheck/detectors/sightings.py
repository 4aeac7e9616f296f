"""What a model sees steadily: flicker is left out, short holes are filled.

A model that looks at single frames loses things and finds them again, and now and then
sees what is not there. Over a whole piece the two can be told apart: a thing is there for
long, and where it is lost its picture, or something that moves, is still in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from physcheck import boxes as geometry
from physcheck.camera import Camera, stabilise, unstabilise
from physcheck.detectors.carrying import Carriers, moved_by
from physcheck.detectors.chains import Chain, link
from physcheck.detectors.patches import alike, patch
from physcheck.detectors.sparse import stride
from physcheck.things import lives
from physcheck.types import Bools, Detections, Floats, Ints, Piece

__all__ = ["Sighting", "steady_sightings"]

_LEAST_FOUND, _LEAST_BEST, _LEAST_MEAN = 5, 0.45, 0.25
"""Boxes of a chain, its best score and its mean score for it to be a thing."""
_LEAST_FOUND_MOVING, _LEAST_BEST_MOVING, _LEAST_MEAN_MOVING = 4, 0.3, 0.15
"""The same where something moves in most of its boxes."""
_FEWEST, _FEWEST_MOVING = 3, 2
"""Boxes that are enough where the model is not shown every frame: they tell more each."""
_LEAST_SHARE = 0.4
"""Found in this share of the frames shown from its first to its last."""
_LEFT = 0.2
"""Share of itself that a thing must still have in the picture to be followed out of it."""
_SAME_BOX = 0.7
_SAME_THING = 0.6
_SAME_LIFE = 0.5
_NESTED = 0.85
_COVERED = 0.3
_REST = 0.2
"""Sizes by which the middle may wander while a thing rests."""
_ALIKE_NEAR, _ALIKE_FAR = 0.5, 0.8
"""Correlation with its picture of a moment ago, and of long ago."""
_PATIENCE_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A thing that the model sees steadily.

    rows: (m,) increasing, positions in the piece. boxes: (m, 4) px of the clip.
    scores: (m,) of the model. picks: (m,) rows of its detections, -1 where the box is
    filled in. noise_px: (m, 4). rests: it stays in one place.
    """

    label: str
    rows: Ints
    boxes: Floats
    scores: Floats
    picks: Ints
    noise_px: Floats
    rests: bool

    def part(self, keep: Bools) -> Sighting:
        """Only some of its rows, (m,) True where kept."""
        return replace(
            self,
            rows=self.rows[keep],
            boxes=self.boxes[keep],
            scores=self.scores[keep],
            picks=self.picks[keep],
            noise_px=self.noise_px[keep],
        )


def steady_sightings(
    model: Sequence[Detections],
    motion: Sequence[Detections],
    piece: Piece,
    camera: Camera,
    shown: Bools,
    chain_of: Sequence[Sequence[int]],
) -> list[Sighting]:
    """Tell what the model sees steadily from what flickers.

    Args:
        model: n detections with words and scores, faint ones too.
        motion: n detections of what moves.
        piece: n frames. camera: their motion.
        shown: (n,) frames that the model was shown.
        chain_of: n lists, the chain of each of motion's regions.

    Returns:
        The things, those seen in most frames first; no two are one thing.
    """
    single = [_unique(seen) for seen in model]
    straight = [
        stabilise(seen.boxes[rows], camera, k, piece.px)
        for k, (seen, rows) in enumerate(zip(model, single, strict=True))
    ]
    words = [seen.labels[rows].tolist() for seen, rows in zip(model, single, strict=True)]
    step_s = float(np.median(np.diff(piece.times_s))) if len(piece.times_s) > 1 else 0.04
    carriers = Carriers(motion, chain_of)
    carried = [np.full(len(rows), -1) for rows in single]
    if not shown.all():
        for k in np.flatnonzero(shown).tolist():
            carried[k] = carriers.under(k, model[k].boxes[single[k]])
    gathering = _Gathering(
        model, motion, single, straight, piece, camera, step_s, shown, carriers, carried
    )
    chains = link(straight, words, step_s, stride=gathering.stride, carriers=carried)
    kept = [chain for chain in chains if gathering.lasts(chain)]
    things = [gathering.sighting(chain) for chain in kept]
    return _apart(sorted(things, key=lambda thing: (-len(thing.rows), thing.rows[0])))


def _unique(seen: Detections) -> Ints:
    """Rows of the boxes of a frame without those that lie on a better one."""
    order = np.argsort(-seen.scores, kind="stable")
    overlap = geometry.iou(seen.boxes, seen.boxes)
    inside = geometry.containment(seen.boxes, seen.boxes)
    kept: list[int] = []
    for k in order.tolist():
        nested = [j for j in kept if seen.labels[j] == seen.labels[k] and inside[k, j] > _NESTED]
        if not nested and all(overlap[k, j] <= _SAME_BOX for j in kept):
            kept.append(k)
    return np.array(kept, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class _Gathering:
    """All that is needed to make things of chains.

    single: n arrays of rows of the model's detections. straight: their boxes, stabilised.
    shown: (n,) frames that the model was shown. carried: n arrays, the chain of regions
    that carries each of the rows, -1 for none.
    """

    model: Sequence[Detections]
    motion: Sequence[Detections]
    single: list[Ints]
    straight: list[Floats]
    piece: Piece
    camera: Camera
    step_s: float
    shown: Bools
    carriers: Carriers
    carried: list[Ints]

    @property
    def stride(self) -> int:
        """Frames from one look of the model to the next."""
        return stride(self.shown)

    def lasts(self, chain: Chain) -> bool:
        """Whether a chain is a thing rather than a flicker."""
        n, span = len(chain.rows), int(self.shown[chain.rows[0] : chain.rows[-1] + 1].sum())
        least = max(-(-_LEAST_FOUND // self.stride), _FEWEST)
        if n < max(-(-_LEAST_FOUND_MOVING // self.stride), _FEWEST_MOVING):
            return False
        if n < _LEAST_SHARE * span:
            return False
        scores = np.array([self._seen(chain, k).scores[self._pick(chain, k)] for k in range(n)])
        best, mean = float(scores.max()), float(scores.mean())
        if n >= least and best >= _LEAST_BEST and mean >= _LEAST_MEAN:
            return True
        if best < _LEAST_BEST_MOVING or mean < _LEAST_MEAN_MOVING:
            return False
        moving = [
            geometry.iou(
                self._seen(chain, k).boxes[self._pick(chain, k)][None], self.motion[row].boxes
            ).max(initial=0.0)
            > _COVERED
            for k, row in enumerate(chain.rows)
        ]
        return float(np.mean(moving)) > 0.5

    def sighting(self, chain: Chain) -> Sighting:
        """The thing of a chain, its holes filled where it is still there."""
        picks = np.array([self._pick(chain, k) for k in range(len(chain.rows))])
        parts = [self._seen(chain, k) for k in range(len(chain.rows))]
        found = Sighting(
            label=_word(parts, picks),
            rows=np.array(chain.rows),
            boxes=np.array([seen.boxes[p] for seen, p in zip(parts, picks, strict=True)]),
            scores=np.array([seen.scores[p] for seen, p in zip(parts, picks, strict=True)]),
            picks=picks,
            noise_px=np.array([seen.noise_px[p] for seen, p in zip(parts, picks, strict=True)]),
            rests=False,
        )
        straight = np.array(
            [self.straight[row][p] for row, p in zip(chain.rows, chain.picks, strict=True)]
        )
        found = replace(found, rests=_rests(straight))
        carried = np.array(
            [self.carried[r][p] for r, p in zip(chain.rows, chain.picks, strict=True)]
        )
        filled = self._holes(found, straight, carried)
        further = self._beyond if found.rests else self._margin
        for step in (1, -1):
            filled += further(found, straight, carried, step)
        return _with(found, filled)

    def _seen(self, chain: Chain, k: int) -> Detections:
        return self.model[chain.rows[k]]

    def _pick(self, chain: Chain, k: int) -> int:
        return int(self.single[chain.rows[k]][chain.picks[k]])

    def _holes(
        self, thing: Sighting, straight: Floats, carried: Ints
    ) -> list[tuple[int, Floats, int]]:
        """Row, box and distance in rows to a found one, for each hole that can be filled."""
        filled = []
        for k in np.flatnonzero(np.diff(thing.rows) > 1).tolist():
            first, last = int(thing.rows[k]), int(thing.rows[k + 1])
            missed = bool(self.shown[first + 1 : last].any())
            chain = int(carried[k]) if carried[k] == carried[k + 1] else -1
            for row in range(first + 1, last):
                share = (row - first) / (last - first)
                here = self._on_carrier(thing, k, share, row, -1 if missed else chain)
                if here is None:
                    here = self._placed((1 - share) * straight[k] + share * straight[k + 1], row)
                # Where the model was not asked, its last and its next answer speak for it.
                if not missed or self._is_there(row, here, first, thing.boxes[k], _ALIKE_NEAR):
                    filled.append((row, here, min(row - first, last - row)))
        return filled

    def _on_carrier(
        self, thing: Sighting, k: int, share: float, row: int, chain: int
    ) -> Floats | None:
        """The box (4,) in a row between found ones k and k + 1, as a region carries it.

        What bends is not carried: its region wavers more than its own way.
        """
        region = self.carriers.region(row, chain)
        if region is None or lives(thing.label):
            return None
        before = self.carriers.offset(int(thing.rows[k]), chain, thing.boxes[k])
        after = self.carriers.offset(int(thing.rows[k + 1]), chain, thing.boxes[k + 1])
        if before is None or after is None:
            return None
        return moved_by(region, (1 - share) * before + share * after)

    def _margin(
        self, thing: Sighting, straight: Floats, carried: Ints, step: int
    ) -> list[tuple[int, Floats, int]]:
        """Where a moving thing is from its last box up to the next look of the model."""
        end = -1 if step > 0 else 0
        known, chain, pace = int(thing.rows[end]), int(carried[end]), _pace(thing, straight, end)
        offset = self.carriers.offset(known, chain, thing.boxes[end])
        filled = []
        row = known + step
        while 0 <= row < len(self.shown) and not self.shown[row]:
            here = self._placed(straight[end] + np.tile(pace * (row - known), 2), row)
            region = self.carriers.region(row, chain)
            if region is not None and offset is not None and not lives(thing.label):
                here = moved_by(region, offset)
            inside = self._within_picture(here)
            if geometry.area(inside) < _LEFT * geometry.area(here):
                break
            if region is None and not self._is_there(
                row, inside, known, thing.boxes[end], _ALIKE_NEAR
            ):
                break
            filled.append((row, inside, abs(row - known)))
            row += step
        return filled

    def _within_picture(self, box: Floats) -> Floats:
        height, width = np.array(self.piece.luma.shape[1:]) * self.piece.px[::-1]
        return geometry.clip(box, float(width), float(height))

    def _is_there(self, row: int, box: Floats, known: int, known_box: Floats, least: float) -> bool:
        """Something moves in the box, or it shows what it showed in a row where it was known."""
        moving = self.motion[row].boxes[self.motion[row].scores >= 0.5]
        if len(moving) and geometry.iou(box[None], moving).max() > _COVERED:
            return True
        return alike(patch(self.piece, known, known_box), patch(self.piece, row, box), least)

    def _beyond(
        self, thing: Sighting, straight: Floats, _: Ints, step: int
    ) -> list[tuple[int, Floats, int]]:
        """Where a thing at rest is before it was first found, or after the last time."""
        end = -1 if step > 0 else 0
        known, box = int(thing.rows[end]), np.median(straight, axis=0)
        template = patch(self.piece, known, self._placed(box, known))
        patience, filled = max(3, round(_PATIENCE_S / self.step_s)), []
        row, missed = known + step, 0
        while 0 <= row < len(self.model) and missed < patience:
            if self.camera.lost[row if step > 0 else row - step]:
                break
            here = self._placed(box, row)
            if alike(template, patch(self.piece, row, here), _ALIKE_FAR):
                filled.append((row, here, 1))
                missed = 0
            else:
                missed += 1
            row += step
        return filled

    def _placed(self, box: Floats, row: int) -> Floats:
        return np.asarray(unstabilise(box[None], self.camera, row, self.piece.px)[0])


def _pace(thing: Sighting, straight: Floats, end: int) -> Floats:
    """Px a row along x and y, (2,), by which a thing moves at its first (0) or last (-1) box."""
    if len(thing.rows) < 2:
        return np.zeros(2)
    a, b = (0, 1) if end == 0 else (-2, -1)
    step = geometry.centre(straight[b]) - geometry.centre(straight[a])
    return np.asarray(step / (thing.rows[b] - thing.rows[a]))


def _rests(straight: Floats) -> bool:
    """Whether boxes (m, 4) stay where they are."""
    middle = geometry.centre(straight)
    size = float(np.sqrt(np.median(geometry.area(straight))))
    away = np.linalg.norm(middle - np.median(middle, axis=0), axis=1)
    return bool(np.percentile(away, 90) < _REST * size)


def _word(parts: Sequence[Detections], picks: Ints) -> str:
    """The word with the largest sum of scores."""
    votes: dict[str, float] = {}
    for seen, pick in zip(parts, picks.tolist(), strict=True):
        word = str(seen.labels[pick])
        votes[word] = votes.get(word, 0.0) + float(seen.scores[pick])
    return max(sorted(votes), key=lambda word: votes[word])


def _with(thing: Sighting, filled: list[tuple[int, Floats, int]]) -> Sighting:
    """The thing with boxes filled in; they are less sure the farther a found one is."""
    if not filled:
        return thing
    noise, score = np.median(thing.noise_px, axis=0), float(np.median(thing.scores))
    n = len(filled)
    rows = np.concatenate([thing.rows, [row for row, _, _ in filled]])
    order = np.argsort(rows)
    away = np.array([[1.5 + 0.5 * min(distance, 6)] for _, _, distance in filled])
    return replace(
        thing,
        rows=rows[order],
        boxes=np.concatenate([thing.boxes, [box for _, box, _ in filled]])[order],
        scores=np.concatenate([thing.scores, np.full(n, score)])[order],
        picks=np.concatenate([thing.picks, np.full(n, -1)])[order],
        noise_px=np.concatenate([thing.noise_px, noise * away])[order],
    )


def _apart(things: Sequence[Sighting]) -> list[Sighting]:
    """Without those, and those rows, that are another thing seen a second time."""
    kept: list[Sighting] = []
    for thing in things:
        left: Sighting | None = thing
        for other in kept:
            left = None if left is None else _without(left, other)
        if left is not None:
            kept.append(left)
    return kept


def _without(thing: Sighting, other: Sighting) -> Sighting | None:
    """What is left of a thing where another one is not the same."""
    _, here, there = np.intersect1d(thing.rows, other.rows, assume_unique=True, return_indices=True)
    if not len(here):
        return thing
    a, b = thing.boxes[here], other.boxes[there]
    sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    both = np.maximum(sides, 0).prod(axis=1)
    one = both > _SAME_THING * (geometry.area(a) + geometry.area(b) - both)
    if thing.label == other.label:
        one |= both > _NESTED * geometry.area(a)
    if one.sum() > _SAME_LIFE * len(thing.rows):
        return None
    if not one.any():
        return thing
    keep = np.ones(len(thing.rows), dtype=bool)
    keep[here[one]] = False
    return thing.part(keep)

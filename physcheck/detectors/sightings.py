"""What a model sees steadily: flicker is left out, short holes are filled.

A model that looks at single frames loses things and finds them again, and now and then
sees what is not there. Over a whole piece the two can be told apart: a thing is there for
long, and where it is lost its picture, or something that moves, is still in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from physcheck import boxes as geometry
from physcheck.camera import Camera, stabilise, unstabilise
from physcheck.detectors.chains import Chain, link
from physcheck.types import Bools, Detections, Floats, Ints, Piece

__all__ = ["Sighting", "steady_sightings"]

_LEAST_FOUND, _LEAST_BEST, _LEAST_MEAN = 5, 0.45, 0.25
"""Boxes of a chain, its best score and its mean score for it to be a thing."""
_LEAST_FOUND_MOVING, _LEAST_BEST_MOVING, _LEAST_MEAN_MOVING = 4, 0.3, 0.15
"""The same where something moves in most of its boxes."""
_LEAST_SHARE = 0.4
"""Found in this share of the rows from its first to its last."""
_SAME_BOX = 0.7
_SAME_THING = 0.6
_SAME_LIFE = 0.5
_NESTED = 0.85
_COVERED = 0.3
_REST = 0.2
"""Sizes by which the middle may wander while a thing rests."""
_SIDE = 24
_ALIKE_NEAR, _ALIKE_FAR = 0.5, 0.8
"""Correlation with its picture of a moment ago, and of long ago."""
_FLAT = 4.0
_SAME_GREY, _SAME_COLOUR = 25.0, 8.0
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
    model: Sequence[Detections], motion: Sequence[Detections], piece: Piece, camera: Camera
) -> list[Sighting]:
    """Tell what the model sees steadily from what flickers.

    Args:
        model: n detections with words and scores, faint ones too.
        motion: n detections of what moves.
        piece: n frames. camera: their motion.

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
    gathering = _Gathering(model, motion, single, straight, piece, camera, step_s)
    kept = [chain for chain in link(straight, words, step_s) if gathering.lasts(chain)]
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
    """

    model: Sequence[Detections]
    motion: Sequence[Detections]
    single: list[Ints]
    straight: list[Floats]
    piece: Piece
    camera: Camera
    step_s: float

    def lasts(self, chain: Chain) -> bool:
        """Whether a chain is a thing rather than a flicker."""
        n, span = len(chain.rows), chain.rows[-1] - chain.rows[0] + 1
        if n < _LEAST_FOUND_MOVING or n < _LEAST_SHARE * span:
            return False
        scores = np.array([self._seen(chain, k).scores[self._pick(chain, k)] for k in range(n)])
        best, mean = float(scores.max()), float(scores.mean())
        if n >= _LEAST_FOUND and best >= _LEAST_BEST and mean >= _LEAST_MEAN:
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
        filled = self._holes(found, straight)
        if found.rests:
            filled += self._beyond(found, straight, 1) + self._beyond(found, straight, -1)
        return _with(found, filled)

    def _seen(self, chain: Chain, k: int) -> Detections:
        return self.model[chain.rows[k]]

    def _pick(self, chain: Chain, k: int) -> int:
        return int(self.single[chain.rows[k]][chain.picks[k]])

    def _holes(self, thing: Sighting, straight: Floats) -> list[tuple[int, Floats, int]]:
        """Row, box and distance in rows to a found one, for each hole that can be filled."""
        filled = []
        for k in np.flatnonzero(np.diff(thing.rows) > 1).tolist():
            first, last = int(thing.rows[k]), int(thing.rows[k + 1])
            for row in range(first + 1, last):
                share = (row - first) / (last - first)
                box = (1 - share) * straight[k] + share * straight[k + 1]
                here = self._placed(box, row)
                if self._is_there(row, here, first, thing.boxes[k], _ALIKE_NEAR):
                    filled.append((row, here, min(row - first, last - row)))
        return filled

    def _is_there(self, row: int, box: Floats, known: int, known_box: Floats, least: float) -> bool:
        """Something moves in the box, or it shows what it showed in a row where it was known."""
        moving = self.motion[row].boxes[self.motion[row].scores >= 0.5]
        if len(moving) and geometry.iou(box[None], moving).max() > _COVERED:
            return True
        return _alike(self._patch(known, known_box), self._patch(row, box), least)

    def _beyond(
        self, thing: Sighting, straight: Floats, step: int
    ) -> list[tuple[int, Floats, int]]:
        """Where a thing at rest is before it was first found, or after the last time."""
        end = -1 if step > 0 else 0
        known, box = int(thing.rows[end]), np.median(straight, axis=0)
        template = self._patch(known, self._placed(box, known))
        patience, filled = max(3, round(_PATIENCE_S / self.step_s)), []
        row, missed = known + step, 0
        while 0 <= row < len(self.model) and missed < patience:
            if self.camera.lost[row if step > 0 else row - step]:
                break
            here = self._placed(box, row)
            if _alike(template, self._patch(row, here), _ALIKE_FAR):
                filled.append((row, here, 1))
                missed = 0
            else:
                missed += 1
            row += step
        return filled

    def _placed(self, box: Floats, row: int) -> Floats:
        return np.asarray(unstabilise(box[None], self.camera, row, self.piece.px)[0])

    def _patch(self, row: int, box: Floats) -> Floats:
        """What a box (4,) shows: (24, 24, 3) Y, U, V; empty where it is outside."""
        luma = _cut(self.piece.luma[row], box / np.tile(self.piece.px, 2))
        half = np.tile(self.piece.px, 2) * 2
        chroma = _cut(self.piece.chroma[row], box / half)
        if not luma.size or not chroma.size:
            return np.zeros((0, 0, 3))
        return np.asarray(np.dstack([luma, chroma]))


def _cut(picture: np.ndarray, box: Floats) -> Floats:
    h, w = picture.shape[:2]
    x1, y1 = np.clip(np.floor(box[:2]).astype(int), 0, [w, h])
    x2, y2 = np.clip(np.ceil(box[2:]).astype(int), 0, [w, h])
    if x2 <= x1 or y2 <= y1:
        return np.zeros((0, 0))
    part = np.ascontiguousarray(picture[y1:y2, x1:x2])
    small = cv2.resize(part, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float64)


def _alike(a: Floats, b: Floats, least: float) -> bool:
    """The same picture but for a change of exposure."""
    if not a.size or not b.size:
        return False
    away = np.abs(a.mean(axis=(0, 1)) - b.mean(axis=(0, 1)))
    if away[0] > _SAME_GREY or away[1:].max() > _SAME_COLOUR:
        return False
    x, y = a[..., 0], b[..., 0]
    if max(x.std(), y.std()) < _FLAT:
        return bool(away[0] < _FLAT)
    spread = float(x.std() * y.std())
    return spread > 0 and float(np.mean((x - x.mean()) * (y - y.mean()))) > least * spread


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

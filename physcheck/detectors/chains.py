"""Chains: boxes of neighbouring frames that lie so near each other that they are one thing.

Simpler than tracks, and meant for what a detector can do with the whole piece at hand:
to tell what lasts from what flickers, and to fill short holes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from physcheck import boxes as geometry
from physcheck.types import Bools, Floats, Ints

__all__ = ["Chain", "link"]

_GAP_S = 0.5
_GAP_FRAMES = 4
_LEAST_IOU = 0.3
_REACH = 0.8
"""Sizes by which a thing may miss its foreseen place where the boxes do not overlap."""
_SAME_SIZE = 0.5
"""Log of width and of height by which boxes that do not overlap may differ."""
_CARRIED = 1.5
"""Cost of a pair that has nothing for it but that the same moving region carries both."""
_AWAY = 0.5
"""What a pair costs more where the words differ; an overlap of 1 is 1 cheaper than none."""


@dataclass(slots=True)
class Chain:
    """One thing as it was found: rows are positions in the piece, picks the box there."""

    rows: list[int] = field(default_factory=list)
    picks: list[int] = field(default_factory=list)
    box: Floats = field(default_factory=lambda: np.zeros(4))
    pace: Floats = field(default_factory=lambda: np.zeros(2))

    def add(self, row: int, pick: int, box: Floats) -> None:
        """Go on to a box (4,) in a later row."""
        if self.rows:
            step = geometry.centre(box) - geometry.centre(self.box)
            fresh = step / (row - self.rows[-1])
            self.pace = fresh if len(self.rows) == 1 else (self.pace + fresh) / 2
        self.box = box
        self.rows.append(row)
        self.picks.append(pick)


def link(
    boxes: Sequence[Floats],
    words: Sequence[Sequence[str]],
    step_s: float,
    *,
    stride: int = 1,
    carriers: Sequence[Ints] | None = None,
) -> list[Chain]:
    """Link the boxes of a piece.

    Args:
        boxes: n arrays (N, 4), stabilised px. words: n lists of N words.
        step_s: time between frames, s.
        stride: only every so many frames can have boxes.
        carriers: n arrays (N,), what else is known to carry a box from frame to frame, by
            number, -1 for nothing.

    Returns:
        All chains, those of a single box too; each box is in one of them.
    """
    longest = max(_GAP_FRAMES * stride, round(_GAP_S / step_s))
    alive: list[Chain] = []
    finished: list[Chain] = []
    for row, (found, said) in enumerate(zip(boxes, words, strict=True)):
        finished += [chain for chain in alive if row - chain.rows[-1] > longest]
        alive = [chain for chain in alive if row - chain.rows[-1] <= longest]
        free = np.ones(len(found), dtype=bool)
        for chain, pick in _pairs(alive, row, found, said, words, carriers):
            chain.add(row, pick, found[pick])
            free[pick] = False
        for pick in np.flatnonzero(free).tolist():
            chain = Chain()
            chain.add(row, pick, found[pick])
            alive.append(chain)
    return sorted(finished + alive, key=lambda chain: (chain.rows[0], chain.picks[0]))


def _pairs(
    chains: list[Chain],
    row: int,
    boxes: Floats,
    said: Sequence[str],
    words: Sequence[Sequence[str]],
    carriers: Sequence[Ints] | None,
) -> list[tuple[Chain, int]]:
    """Which chain goes on with which box, cheapest first."""
    if not chains or not len(boxes):
        return []
    carried = np.zeros((len(chains), len(boxes)), dtype=bool)
    if carriers is not None:
        ridden = np.array([carriers[chain.rows[-1]][chain.picks[-1]] for chain in chains])
        carried = (ridden[:, None] == carriers[row][None]) & (ridden[:, None] >= 0)
    cost = _cost(chains, row, boxes, carried)
    before = np.array([words[chain.rows[-1]][chain.picks[-1]] for chain in chains])
    cost = cost + _AWAY * (before[:, None] != np.array(said)[None])
    pairs = []
    taken_rows, taken_columns = set(), set()
    for flat in np.argsort(cost, axis=None, kind="stable").tolist():
        i, j = divmod(flat, len(boxes))
        if not np.isfinite(cost[i, j]):
            break
        if i not in taken_rows and j not in taken_columns:
            taken_rows.add(i)
            taken_columns.add(j)
            pairs.append((chains[i], j))
    return pairs


def _cost(chains: list[Chain], row: int, boxes: Floats, carried: Bools) -> Floats:
    """(N, M) 0 for the same box, 1 for boxes that barely hold together, inf for others."""
    last = np.array([chain.box for chain in chains])
    since = np.array([row - chain.rows[-1] for chain in chains])
    way = np.array([chain.pace for chain in chains]) * since[:, None]
    ahead = last + np.concatenate([way, way], axis=1)
    overlap = np.maximum(geometry.iou(last, boxes), geometry.iou(ahead, boxes))
    size, sizes = geometry.size(last), geometry.size(boxes)
    growth = np.abs(
        np.log(np.maximum(size, 0.1))[:, None] - np.log(np.maximum(sizes, 0.1))[None]
    ).max(axis=-1)
    miss = [
        np.linalg.norm(geometry.centre(place)[:, None] - geometry.centre(boxes)[None], axis=-1)
        for place in (last, ahead)
    ]
    reach = _REACH * np.sqrt(np.maximum(geometry.area(last), 1e-6))[:, None]
    away = np.minimum(*miss) / np.maximum(reach, 1e-6)
    beside = (away < 1) & (growth < _SAME_SIZE)
    far = np.where(carried & (growth < _SAME_SIZE), _CARRIED, np.inf)
    cost = np.where(overlap > _LEAST_IOU, 1 - overlap, np.where(beside, 1 + away, far))
    return np.asarray(cost, dtype=np.float64)

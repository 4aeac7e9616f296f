"""What stands near the place where a thing is lost: it may have merged with it or hide it."""

from __future__ import annotations

import numpy as np

from physcheck import boxes as geometry
from physcheck.explain.second_look import Path
from physcheck.types import Floats

__all__ = ["clutter", "covered_share", "crowd_share", "nearest_gap", "outgrowth"]

_HOLDS = 0.2
"""A thing can merge with what has at least this share of its area."""
_SAME_PX = 0.5
_AROUND = 4.0

Rows = list[Floats]
"""Of each row of the piece the stabilised boxes (N, 4) of all that is surely seen."""


def nearest_gap(path: Path, own: dict[int, Floats], others: Rows) -> float:
    """Distance to the nearest thing that could hold it, in sizes; 9 where there is none.

    Args:
        path: of the thing. own: its boxes (4,) by row. others: of the piece.
    """
    gaps = [9.0]
    for k in range(-2, min(3, path.room) + 1):
        row = path.last + path.step * k
        boxes = _but(own.get(row), _at(others, row))
        boxes = boxes[geometry.area(boxes) > _HOLDS * path.size.prod()]
        if len(boxes):
            gaps.append(float(geometry.gap(path.box(k)[None], boxes).min() / path.size.mean()))
    return min(gaps)


def covered_share(path: Path, others: Rows) -> float:
    """Share of the place, as it stayed or moved on, that is in others' boxes afterwards."""
    return max(
        [0.0]
        + [
            float(geometry.containment(np.stack([path.box(0), path.box(k)]), boxes).max())
            for k, boxes in _afterwards(path, others)
        ]
    )


def outgrowth(path: Path, own: dict[int, Floats], others: Rows) -> float:
    """By how much the largest thing near outgrew what was there before, in own areas.

    A neighbour that grew by a part of the thing may hold it wherever the place is.
    """
    before = _but(own.get(path.last), _at(others, path.last))
    reach = float(path.size.mean())
    grown = [0.0]
    for _, after in _afterwards(path, others):
        near = after[geometry.gap(path.box(0)[None], after)[0] < reach]
        if len(near):
            close = geometry.gap(near, before) < reach
            had = (close * geometry.area(before)[None]).sum(axis=1)
            grown.append(float((geometry.area(near) - had).max()))
    return max(grown) / float(path.size.prod())


def crowd_share(path: Path, others: Rows) -> float:
    """Share of the place and its surroundings that other things cover afterwards."""
    return max(
        [0.0]
        + [
            float(geometry.containment(geometry.expand(path.box(k)[None], 2.0), boxes).max())
            for k, boxes in _afterwards(path, others)
        ]
    )


def clutter(path: Path, others: Rows) -> float:
    """Log of one more than the number of things within four sizes in the last row."""
    boxes = _at(others, path.last)
    near = geometry.gap(path.box(0)[None], boxes)[0] < _AROUND * path.size.mean()
    return float(np.log1p(near.sum()))


def _afterwards(path: Path, others: Rows) -> list[tuple[int, Floats]]:
    """The next three rows that hold anything, with how many rows on they are."""
    rows = [(k, _at(others, path.last + path.step * k)) for k in range(1, min(3, path.room) + 1)]
    return [(k, boxes) for k, boxes in rows if len(boxes)]


def _at(others: Rows, row: int) -> Floats:
    return others[row] if 0 <= row < len(others) else np.zeros((0, 4))


def _but(mine: Floats | None, boxes: Floats) -> Floats:
    """Boxes without the thing's own."""
    if mine is None or not len(boxes):
        return boxes
    return np.asarray(boxes[np.abs(boxes - mine).max(axis=1) > _SAME_PX])

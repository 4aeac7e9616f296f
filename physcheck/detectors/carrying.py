"""Moving regions carry what the model saw through frames that it was not shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from physcheck import boxes as geometry
from physcheck.types import Detections, Floats, Ints

__all__ = ["Carriers", "moved_by", "offset_between"]

_SAME = 0.45
"""Overlap from which a region carries a box."""


def offset_between(source: Floats, target: Floats) -> Floats:
    """What takes a box (4,) to another.

    Returns:
        Shift of the middle in sizes of the first and log of the growth, along x and y, (4,).
    """
    size, wanted = geometry.size(source), geometry.size(target)
    shift = (geometry.centre(target) - geometry.centre(source)) / np.maximum(size, 1e-3)
    return np.concatenate([shift, np.log(np.maximum(wanted, 1e-3) / np.maximum(size, 1e-3))])


def moved_by(box: Floats, offset: Floats) -> Floats:
    """The box (4,) to which an offset (4,) takes another."""
    size = geometry.size(box)
    return geometry.from_centre(geometry.centre(box) + offset[:2] * size, size * np.exp(offset[2:]))


@dataclass(frozen=True, slots=True, eq=False)
class Carriers:
    """Regions of n frames and the chains that they form.

    motion: n detections of what moves. chain_of: n lists, the chain of each of them.
    """

    motion: Sequence[Detections]
    chain_of: Sequence[Sequence[int]]

    def under(self, row: int, boxes: Floats) -> Ints:
        """The chain of the region that is each of some boxes (N, 4) of a frame, or -1."""
        chains = np.array(self.chain_of[row], dtype=np.int64)
        if not len(chains) or not len(boxes):
            return np.full(len(boxes), -1)
        overlap = geometry.iou(boxes, self.motion[row].boxes)
        best = overlap.argmax(axis=1)
        return np.where(overlap.max(axis=1) > _SAME, chains[best], -1)

    def region(self, row: int, chain: int) -> Floats | None:
        """The box (4,) of a chain in a frame, None where it has none."""
        if chain < 0 or chain not in self.chain_of[row]:
            return None
        return np.asarray(self.motion[row].boxes[self.chain_of[row].index(chain)])

    def offset(self, row: int, chain: int, box: Floats) -> Floats | None:
        """What takes the region of a chain to a box (4,), None where it has none."""
        region = self.region(row, chain)
        return None if region is None else offset_between(region, box)

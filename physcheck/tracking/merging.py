"""Regions that hold several things: who is in one, and for how long."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from physcheck import boxes as geometry
from physcheck.types import Bools, Detections, Floats, Ints

__all__ = ["Overlaps", "holding", "swallowed", "tells_apart"]

_INSIDE = 0.6
_BIGGER = 1.35
_OWN = 0.5
_MADE_UP = 0.3
"""Share of a region that the tracklets it swallows fill at least."""

_OVERLAP, _OFTEN = 0.3, 0.025
_N_ASKED = 60


def tells_apart(detections: list[Detections]) -> bool:
    """Whether the detector often gives two boxes that overlap much.

    Then it has seen two things where they cover each other, and one box that takes the
    place of two is no sign of a merger. Regions of moving pixels never overlap so.
    """
    asked = detections[:: max(len(detections) // _N_ASKED, 1)]
    n_boxes = sum(len(seen.boxes) for seen in asked)
    n_over = 0
    for seen in asked:
        overlap = geometry.iou(seen.boxes, seen.boxes) > _OVERLAP
        n_over += int((overlap.sum(axis=1) > 1).sum())
    return n_over > _OFTEN * n_boxes


class Overlaps(NamedTuple):
    """Where N things are foretold and M are found: boxes, areas and what both share.

    there: (N, 4). found: (M, 4). area_there: (N,). area_found: (M,). shared: (N, M) px^2.
    """

    there: Floats
    found: Floats
    area_there: Floats
    area_found: Floats
    shared: Floats

    @classmethod
    def of(cls, there: Floats, found: Floats) -> Overlaps:
        areas = geometry.area(there), geometry.area(found)
        return cls(there, found, *areas, geometry.intersection(there, found))

    def iou(self) -> Floats:
        """(N, M) in [0, 1]."""
        union = self.area_there[:, None] + self.area_found - self.shared
        return np.asarray(self.shared / np.maximum(union, 1e-9))


def swallowed(overlaps: Overlaps, iou: Floats, known: Bools) -> dict[int, list[int]]:
    """Detections that swallow two or more things that were apart before.

    Args:
        overlaps: of N things and M detections. iou: (N, M).
        known: (N,) things seen often enough to be believed; one of those in a region must be.

    Returns:
        Rows of the things by column of the detection.
    """
    area, area_found = overlaps.area_there[:, None], overlaps.area_found
    bigger = area_found > _BIGGER * area
    inside = bigger & (overlaps.shared > _INSIDE * area)
    inside &= np.any(inside & known[:, None], axis=0)
    if not (inside.sum(axis=0) >= 2).any():
        return {}
    # A thing that has a detection of its own is not swallowed.
    own = (iou > _OWN) & ~bigger
    inside &= ~np.any(own, axis=1, keepdims=True)
    # Slivers do not make up a region, and what is one thing's own stays with it.
    share = (inside * area).sum(axis=0) / area_found
    inside &= ~np.any(own, axis=0) & (share > _MADE_UP)
    return {
        int(column): np.flatnonzero(inside[:, column]).tolist()
        for column in np.flatnonzero(inside.sum(axis=0) >= 2)
    }


def holding(overlaps: Overlaps, rows: Ints, columns: Ints) -> dict[int, int]:
    """Where what was hidden in a region is now: the column of the detection, by row.

    How it moves while it is hidden is not known well: to touch the region is enough.
    """
    shares = overlaps.shared[np.ix_(rows, columns)]
    best = shares.argmax(axis=1)
    touches = shares.max(axis=1) > 0
    return {int(rows[i]): int(columns[best[i]]) for i in np.flatnonzero(touches)}

"""Tracks looked at along or against time, and where one thing may become two on the way.

A split is looked at forward, a merger backward in time; what is measured is the same. The
thing that is there alone is called the stem. Either a second track, the twig, begins
beside it, or its own outline grows to hold two of it, one beside the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from physcheck import boxes as geometry
from physcheck.explain.suspects import Thing
from physcheck.types import Ending, Floats, Ints

__all__ = ["MIN_ROWS", "N_ALONE", "N_APART", "Pair", "Parting", "Way"]

MIN_ROWS = 4
N_ALONE, N_APART = 24, 20
_MIN_SIZE_PX = 8.0
"""Working px; of smaller things too few pixels are seen."""
_MIN_SEEN = 9


class Pair(NamedTuple):
    """Where the two are in one row of the piece, (4,) stabilised px each."""

    row: int
    one: Floats
    other: Floats


@dataclass(frozen=True, eq=False)
class Way:
    """What a track shows along or against time; N seen rows.

    thing: the track and its boxes. step: 1 along time, -1 against it.
    members: (N,) rows of the track, in the order of looking.
    time: (N,) rows of the piece times the step. boxes: (N, 4) stabilised px.
    px: (2,) px of the clip in a working px.
    """

    thing: Thing
    step: int
    members: Ints
    time: Ints
    boxes: Floats
    px: Floats

    @classmethod
    def of(cls, thing: Thing, step: int, px: Floats) -> Way:
        """All that is seen of a thing, in one direction."""
        members = np.flatnonzero(thing.track.observed)[::step]
        time = step * (thing.first + members)
        return cls(thing, step, members, time, thing.boxes[members], px)

    @cached_property
    def sides(self) -> Floats:
        """(N, 2) px."""
        return geometry.size(self.boxes)

    @cached_property
    def size(self) -> float:
        """Square root of the usual area, px."""
        return float(np.sqrt(np.median(self.sides.prod(axis=1))))

    @cached_property
    def large(self) -> bool:
        """Whether enough pixels of it are seen."""
        return bool((np.median(self.sides, axis=0) / self.px).min() >= _MIN_SIZE_PX)

    @cached_property
    def fit(self) -> bool:
        """Whether it is large enough, and seen for long enough, to be a stem."""
        return len(self.members) >= _MIN_SEEN and self.large

    @property
    def beginning(self) -> Ending:
        """How it begins, in this direction."""
        track = self.thing.track
        return track.birth if self.step > 0 else track.death

    def at(self, time: int) -> Floats:
        """(4,) box at a time; the first or last one where it is not there."""
        row = self.step * time - self.thing.first
        return np.asarray(self.thing.boxes[min(max(row, 0), len(self.thing.boxes) - 1)])

    def seen(self, which: Ints) -> float:
        """Share of the rows of a stretch in which it was seen."""
        rows = self.members[which]
        return len(rows) / (abs(int(rows[-1] - rows[0])) + 1)

    def colour(self, which: Ints) -> Floats:
        """(3,) grey levels, median."""
        features = self.thing.track.features
        if features.shape[1] < 3:
            return np.zeros(3)
        return np.asarray(np.median(features[self.members[which], :3], axis=0))


@dataclass(frozen=True, slots=True, eq=False)
class Parting:
    """What may be one thing that becomes two, in the direction of looking.

    stem: the one. twig: the second track, None where one outline holds both.
    alone, apart: numbers among the seen rows of the stem, before and after.
    single: (2,) px, the sides of the one. pairs: where the two are, at least two.
    """

    stem: Way
    twig: Way | None
    alone: Ints
    apart: Ints
    single: Floats
    pairs: list[Pair]

    @property
    def size(self) -> float:
        """Of the one, px."""
        return float(np.sqrt(self.single.prod()))

    @property
    def near(self) -> Ints:
        """The last rows of the stem alone."""
        return self.alone[-N_ALONE:]

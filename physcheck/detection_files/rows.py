"""What the readers of all forms hand over: one row a box, and what is known of the clip."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from physcheck import boxes as geometry
from physcheck.errors import InputError
from physcheck.types import Floats

__all__ = [
    "NO_NOISE",
    "Count",
    "Four",
    "Px",
    "Row",
    "Rows",
    "as_probabilities",
    "finite",
    "with_area",
]

LARGEST = 10**8
"""Beyond this neither a frame number nor a place in a picture is meant."""

Px = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Four = tuple[Px, Px, Px, Px]
NO_NOISE: Four = (float("nan"),) * 4
_UNKNOWN = -1.0
"""What MOT files say where there is no confidence."""


class Row(NamedTuple):
    """One box. frame: 0-based. box: xyxy, px. score: NaN unknown. place: where it is written."""

    frame: int
    box: Four
    score: float
    label: str
    noise_px: Four
    place: str


@dataclass(slots=True)
class Rows:
    """All boxes of a file, in its order.

    size_px: width and height of the pictures that were looked at; None where unsaid.
    n_frames: how many frames were looked at; None where unsaid.
    """

    rows: list[Row] = field(default_factory=list)
    clip: str = ""
    size_px: tuple[int, int] | None = None
    n_frames: int | None = None
    remarks: list[str] = field(default_factory=list)


def with_area(rows: Rows) -> None:
    """Leave out boxes without an area, and say so."""
    boxes = np.array([row.box for row in rows.rows], dtype=np.float64).reshape(-1, 4)
    empty = np.flatnonzero(geometry.area(boxes) <= 0)
    if not len(empty):
        return
    first = rows.rows[int(empty[0])].place
    rows.remarks.append(f"{len(empty)} boxes without an area left out, the first in {first}")
    lost = set(empty.tolist())
    rows.rows = [row for k, row in enumerate(rows.rows) if k not in lost]


def as_probabilities(rows: Rows, min_score: float | None) -> Floats:
    """Scores (N,) in [0, 1], in the order of the rows; rows below `min_score` are left out.

    A score that is missing, or -1 where the others are probabilities, counts as 1.
    Scores beyond [0, 1] are taken as log odds. Where the user says from which score
    on a box is trusted, log odds are counted from there.
    """
    scores = np.array([row.score for row in rows.rows], dtype=np.float64)
    said = scores[np.isfinite(scores)]
    outside = (said < 0) | (said > 1)
    probable = not np.any(outside & (said != _UNKNOWN))
    if probable:
        scores = np.where(np.isfinite(scores) & (scores != _UNKNOWN), scores, 1.0)
    if min_score is not None:
        keep = ~(scores < min_score)
        rows.rows = [row for row, kept in zip(rows.rows, keep, strict=True) if kept]
        scores = scores[keep]
    if probable:
        return scores
    if min_score is None:
        rows.remarks.append(
            f"scores from {said.min():g} to {said.max():g} are no probabilities and were taken "
            "as log odds; say from which score on a box is trusted"
        )
    odds = np.clip(scores - (min_score or 0.0), -30, 30)
    return np.where(np.isfinite(odds), 1 / (1 + np.exp(-odds)), 1.0)


def finite(value: object, place: str, name: str) -> float:
    """A number that is one, and not absurdly large.

    Raises:
        InputError: it is not; the message says where.
    """
    try:
        number = float(str(value))
    except ValueError:
        number = float("nan")
    if not abs(number) <= LARGEST:
        raise InputError(f"{place}: {name} must be a number, got {value!r}")
    return number

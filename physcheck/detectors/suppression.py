"""Of many boxes on one thing, the best: non-maximum suppression.

Candidates are rows (x1, y1, x2, y2, score, class, coefficients of the mask...) in px of
the network's input.

Source: Neubeck, Van Gool (2006); the same choices as ultralytics' own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physcheck.types import Ints

__all__ = ["Rows", "suppress"]

Rows = NDArray[np.float32]
"""(M, 6 + K) candidates of one picture."""

_MOST_CANDIDATES = 30_000


def suppress(rows: Rows, iou: float, most: int, classes: Ints | None = None) -> Rows:
    """Leave out what overlaps a better box of its own class.

    Args:
        rows: candidates of one picture.
        iou: overlap above which the worse box goes, in [0, 1].
        most: how many are kept.
        classes: the only ones that are kept, all where it is None.

    Returns:
        What is left, best first.
    """
    if classes is not None:
        rows = rows[np.isin(rows[:, 5], classes)]
    order = np.argsort(-rows[:, 4], kind="stable")[:_MOST_CANDIDATES]
    rows = rows[order]
    boxes, kinds = rows[:, :4], rows[:, 5]
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    alive = np.ones(len(rows), dtype=bool)
    kept: list[int] = []
    for k in range(len(rows)):
        if not alive[k]:
            continue
        kept.append(k)
        if len(kept) == most:
            break
        rest = np.flatnonzero(alive[k + 1 :] & (kinds[k + 1 :] == kinds[k])) + k + 1
        if len(rest):
            corner = np.minimum(boxes[k, 2:], boxes[rest, 2:])
            sides = np.maximum(corner - np.maximum(boxes[k, :2], boxes[rest, :2]), 0)
            shared = sides[:, 0] * sides[:, 1]
            alive[rest] = ~(shared > iou * (area[k] + area[rest] - shared))
    return rows[kept]

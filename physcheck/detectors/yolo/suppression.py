"""Of many boxes on one thing, the best: non-maximum suppression.

Candidates are rows (x1, y1, x2, y2, score, class, coefficients of the mask...) in px of
the network's input.

Source: Neubeck, Van Gool (2006); the same choices as ultralytics' own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physcheck.types import Ints

__all__ = ["Rows", "candidates", "finished", "suppress"]

Rows = NDArray[np.float32]
"""(M, 6 + K) candidates of one picture."""

_MOST_CANDIDATES = 30_000


def candidates(output: NDArray[np.float32], n_classes: int, confidence: float) -> list[Rows]:
    """What a network's output (B, 4 + classes + K, anchors) says of each picture.

    Args:
        output: cx, cy, w, h in px, a score for each class, K coefficients.
        n_classes: how many classes.
        confidence: rows whose best score is not above it are left out.
    """
    best = output[:, 4 : 4 + n_classes].max(axis=1)
    found = []
    for picture, score in zip(output, best, strict=True):
        picked = picture[:, score > confidence].T
        middle, half = picked[:, :2], picked[:, 2:4] / 2
        scores = picked[:, 4 : 4 + n_classes]
        kind = scores.argmax(axis=1, keepdims=True) if len(scores) else scores[:, :1]
        parts = [middle - half, middle + half, scores.max(axis=1, keepdims=True, initial=0.0)]
        rows = np.concatenate([*parts, kind, picked[:, 4 + n_classes :]], axis=1)
        found.append(rows.astype(np.float32, copy=False))
    return found


def finished(output: NDArray[np.float32], confidence: float) -> list[Rows]:
    """The same for a network that suppresses by itself: (B, M, 6 + K), boxes as corners."""
    return [picture[picture[:, 4] > confidence] for picture in output]


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

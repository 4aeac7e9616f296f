"""The answer of a network, a set of queries with logits and boxes, becomes rows.

Source: Carion et al. (2020), end-to-end object detection with transformers, for the set and
the softmax; Zhu et al. (2021), deformable DETR, for the sigmoid and the best pairs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from physcheck.detectors.suppression import Rows
from physcheck.types import Ints

__all__ = ["best_pairs", "best_with_nothing", "one_class_each"]

Answer = NDArray[np.float32]


def best_pairs(logits: Answer, boxes: Answer) -> tuple[Rows, Ints]:
    """The best pairs of query and class, as many as there are queries.

    Args:
        logits: (Q, C). boxes: (Q, 4) cx, cy, w, h as parts of the picture.

    Returns:
        (Q, 6) x1, y1, x2, y2 as parts of the picture, score, class; best first; and
        which query each is of.
    """
    scores = np.asarray(expit(logits), dtype=np.float32)
    best = np.argsort(-scores.ravel(), kind="stable")[: len(logits)]
    query, kind = np.divmod(best, logits.shape[1])
    return _rows(boxes[query], scores.ravel()[best], kind), query


def best_with_nothing(logits: Answer, boxes: Answer) -> tuple[Rows, Ints]:
    """The best class of each query, where the last of the classes stands for nothing.

    Args:
        logits: (Q, C + 1). boxes: (Q, 4), see `best_pairs`.

    Returns:
        The same as `best_pairs`, in the order of the queries.
    """
    scores = np.asarray(softmax(logits, axis=1)[:, :-1], dtype=np.float32)
    kind = scores.argmax(axis=1)
    query = np.arange(len(logits))
    return _rows(boxes, scores[query, kind], kind), query


def one_class_each(rows: Rows, query: Ints) -> Rows:
    """The best row of each query: one thing is not of two classes. Best first."""
    order = np.argsort(-rows[:, 4], kind="stable")
    _, first = np.unique(query[order], return_index=True)
    return rows[order[np.sort(first)]]


def _rows(boxes: Answer, scores: Answer, kind: Ints) -> Rows:
    middle, half = boxes[:, :2], boxes[:, 2:] / 2
    kinds = kind.astype(np.float32)
    return np.column_stack([middle - half, middle + half, scores, kinds])

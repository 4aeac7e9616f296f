"""What a network of ultralytics answers, as rows; see `physcheck.detectors.suppression`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physcheck.detectors.suppression import Rows

__all__ = ["candidates", "finished"]


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

"""How exact boxes are, told from the boxes themselves.

A thing that moves smoothly leaves nothing in the third differences of its places:
what is left is noise, and its median over all things of a file is a fair guess. From
file to file it differs more (0.3 to 10 % of the size) than with score or size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from physcheck import boxes as geometry
from physcheck.types import Floats, Ints

__all__ = ["guess_noise"]

_SHARES = np.array([0.03, 0.03, 0.05, 0.05])
"""Where a file shows nothing: noise of cx, cy, w, h over the size."""
_MIN_CHAINS = 20
_MIN_IOU = 0.5
_FLOOR_PX = 0.3
_WORST_SHARE = 0.15
_THIRD = np.array([-1.0, 3.0, -3.0, 1.0]) / np.sqrt(20.0)
"""Removes parabolas and keeps the variance of the noise."""


def guess_noise(frames: Ints, boxes: Sequence[Floats], scores: Sequence[Floats]) -> list[Floats]:
    """Guess the noise of boxes, frame by frame.

    Args:
        frames: (n,) frame numbers, increasing. boxes: n arrays (N, 4) px.
        scores: n arrays (N,) in [0, 1].

    Returns:
        n arrays (N, 4): standard deviations of cx, cy, w, h, px. They grow with the
        square root of the size (measured: between none and in proportion), and by up to
        half from the usual score to none.
    """
    if not any(map(len, boxes)):
        return [np.zeros((len(one), 4)) for one in boxes]
    shares = _shares(frames, boxes)
    usual_px = np.median(np.concatenate([geometry.size(one) for one in boxes]), axis=0)
    usual_score = float(np.median(np.concatenate(list(scores))))
    noise = []
    for one, score in zip(boxes, scores, strict=True):
        sizes = np.sqrt(np.maximum(geometry.size(one), 1.0) * usual_px)
        doubt = 1 + 0.5 * np.clip(usual_score - score, -1, 1)
        noise.append(np.maximum(np.tile(sizes, 2) * shares * doubt[:, None], _FLOOR_PX))
    return noise


def _shares(frames: Ints, boxes: Sequence[Floats]) -> Floats:
    """Noise of cx, cy, w, h over the size, (4,)."""
    links = [
        _partners(a, b) if after - before == 1 else np.full(len(a), -1)
        for a, b, before, after in zip(boxes[:-1], boxes[1:], frames[:-1], frames[1:], strict=True)
    ]
    shown = [_differences(boxes, links, k) for k in range(len(boxes) - 3)]
    relative = np.concatenate([np.zeros((0, 4)), *shown])
    if len(relative) < _MIN_CHAINS:
        return _SHARES
    spread = 1.4826 * np.median(np.abs(relative), axis=0)
    return np.asarray(np.minimum(spread, _WORST_SHARE), dtype=np.float64)


def _partners(a: Floats, b: Floats) -> Ints:
    """For each box of `a` the one of `b` that overlaps it best, and it best; else -1."""
    if not len(a) or not len(b):
        return np.full(len(a), -1)
    overlap = geometry.iou(a, b)
    best = overlap.argmax(axis=1)
    mutual = overlap.argmax(axis=0)[best] == np.arange(len(a))
    return np.where(mutual & (overlap.max(axis=1) > _MIN_IOU), best, -1)


def _differences(boxes: Sequence[Floats], links: Sequence[Ints], k: int) -> Floats:
    """Third differences over the size, (M, 4), of the M things seen in frames k to k + 3."""
    rows = np.arange(len(boxes[k]))
    chain = [rows]
    for step in range(3):
        rows = np.where(rows >= 0, np.append(links[k + step], -1)[rows], -1)
        chain.append(rows)
    whole = rows >= 0
    four = np.stack([boxes[k + step][at[whole]] for step, at in enumerate(chain)])
    sizes = geometry.size(four)
    values = np.concatenate([geometry.centre(four), sizes], axis=-1)
    scale = np.tile(np.maximum(np.median(sizes, axis=0), 1.0), 2)
    return np.asarray(np.tensordot(_THIRD, values, 1) / scale)

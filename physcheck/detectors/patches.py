"""What a box shows, small enough to be compared with what another one shows."""

from __future__ import annotations

import cv2
import numpy as np

from physcheck.types import Floats, Piece

__all__ = ["alike", "patch"]

_SIDE = 24
_FLAT = 4.0
_SAME_GREY, _SAME_COLOUR = 25.0, 8.0


def patch(piece: Piece, row: int, box: Floats) -> Floats:
    """What a box (4,) shows: (24, 24, 3) Y, U, V; empty where it is outside."""
    luma = _cut(piece.luma[row], box / np.tile(piece.px, 2))
    half = np.tile(piece.px, 2) * 2
    chroma = _cut(piece.chroma[row], box / half)
    if not luma.size or not chroma.size:
        return np.zeros((0, 0, 3))
    return np.asarray(np.dstack([luma, chroma]))


def alike(a: Floats, b: Floats, least: float) -> bool:
    """The same picture but for a change of exposure.

    Args:
        a, b: what `patch` gave. least: correlation that they must exceed.
    """
    if not a.size or not b.size:
        return False
    away = np.abs(a.mean(axis=(0, 1)) - b.mean(axis=(0, 1)))
    if away[0] > _SAME_GREY or away[1:].max() > _SAME_COLOUR:
        return False
    x, y = a[..., 0], b[..., 0]
    if max(x.std(), y.std()) < _FLAT:
        return bool(away[0] < _FLAT)
    spread = float(x.std() * y.std())
    return spread > 0 and float(np.mean((x - x.mean()) * (y - y.mean()))) > least * spread


def _cut(picture: np.ndarray, box: Floats) -> Floats:
    h, w = picture.shape[:2]
    x1, y1 = np.clip(np.floor(box[:2]).astype(int), 0, [w, h])
    x2, y2 = np.clip(np.ceil(box[2:]).astype(int), 0, [w, h])
    if x2 <= x1 or y2 <= y1:
        return np.zeros((0, 0))
    part = np.ascontiguousarray(picture[y1:y2, x1:x2])
    small = cv2.resize(part, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float64)

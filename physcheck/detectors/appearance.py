"""How each thing in a box looks, so that the tracker can tell it from its neighbours."""

from __future__ import annotations

import cv2
import numpy as np

from physcheck.types import Bytes, Floats, Labels

__all__ = ["looks"]


def looks(planes: tuple[Bytes, ...], boxes: Floats, masks: Labels | None = None) -> Floats:
    """Mean Y, U, V and spread of Y of the thing in each box.

    Args:
        planes: luma (h, w) and chroma (h2, w2, 2) of the frame; plain RGB has no looks.
        boxes: (N, 4) px xyxy of the luma.
        masks: (h, w) 0 nothing, k + 1 for row k, or None.

    Returns:
        (N, 4) grey levels, (N, 0) for plain RGB.
    """
    if len(planes) != 2:
        return np.zeros((len(boxes), 0))
    luma, chroma = planes
    cells = [_cells(box, luma.shape) for box in boxes]
    parts = [_part(one, masks, row) for row, one in enumerate(cells)]
    found = [_look(luma, chroma, *one, part) for one, part in zip(cells, parts, strict=True)]
    return np.array(found).reshape(-1, 4)


def _look(luma: Bytes, chroma: Bytes, x: int, y: int, w: int, h: int, mask: Bytes) -> Floats:
    """Mean Y, U, V and spread of Y where the mask (h, w) of a box is set, (4,) grey levels."""
    part = luma[y : y + h, x : x + w][mask > 0]
    half = cv2.resize(mask, ((w + 1) // 2, (h + 1) // 2), interpolation=cv2.INTER_NEAREST)
    colour = chroma[y // 2 : y // 2 + half.shape[0], x // 2 : x // 2 + half.shape[1]]
    inside = half[: colour.shape[0], : colour.shape[1]] > 0
    uv = colour[inside].mean(axis=0) if inside.any() else np.array([128.0, 128.0])
    return np.array([part.mean(), uv[0], uv[1], part.std()])


def _part(cells: tuple[int, int, int, int], masks: Labels | None, row: int) -> Bytes:
    """What of a box is the thing: its mask, or an ellipse, for the corners show the ground."""
    x, y, across, down = cells
    if masks is not None:
        mask = (masks[y : y + down, x : x + across] == row + 1).astype(np.uint8)
        if mask.any():
            return np.asarray(mask)
    return _ellipse(across, down)


def _cells(box: Floats, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """x, y, width and height of the px that a box touches, at least one of them."""
    h, w = shape
    x, y = np.clip(np.floor(box[:2]), 0, [w - 1, h - 1]).astype(int).tolist()
    across = min(max(int(np.ceil(box[2])) - x, 1), w - x)
    down = min(max(int(np.ceil(box[3])) - y, 1), h - y)
    return x, y, across, down


def _ellipse(width: int, height: int) -> Bytes:
    """(h, w) 1 inside; all of a picture too small to have corners."""
    if min(width, height) < 3:
        return np.ones((height, width), np.uint8)
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, height)))

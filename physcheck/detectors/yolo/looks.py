"""How each thing looks, so that the tracker can tell it from its neighbours."""

from __future__ import annotations

import numpy as np

from physcheck.types import Bytes, Floats, Labels

__all__ = ["looks"]

_GREY = 128.0


def looks(planes: tuple[Bytes, ...], boxes: Floats, masks: Labels | None) -> Floats:
    """Mean Y, U, V and spread of Y of each thing.

    Args:
        planes: luma (h, w) and chroma (h2, w2, 2) of the frame; plain RGB has no looks.
        boxes: (N, 4) px of the luma.
        masks: (h, w) 0 nothing, k + 1 for row k, or None.

    Returns:
        (N, 4) grey levels, (N, 0) for plain RGB.
    """
    if len(planes) != 2 or not len(boxes):
        return np.zeros((len(boxes), 0))
    luma, chroma = planes
    rows = (_parts(luma, chroma, box, masks, row) for row, box in enumerate(boxes))
    return np.array([_look(part, colour) for part, colour in rows])


def _parts(
    luma: Bytes, chroma: Bytes, box: Floats, masks: Labels | None, row: int
) -> tuple[Bytes, Bytes]:
    """What of the two planes belongs to a thing: (n,) luma and (n2, 2) chroma."""
    # Without a mask the middle half of the box: its corners mostly show what is behind.
    margin = (box[2:] - box[:2]) / 4 if masks is None else np.zeros(2)
    x1, y1 = np.floor(box[:2] + margin).astype(int).tolist()
    x2, y2 = np.maximum(np.ceil(box[2:] - margin), [x1 + 1, y1 + 1]).astype(int).tolist()
    half = slice(y1 // 2, max(y2 // 2, y1 // 2 + 1)), slice(x1 // 2, max(x2 // 2, x1 // 2 + 1))
    part, colour = luma[y1:y2, x1:x2], chroma[half]
    if masks is not None:
        inside = masks[y1:y2, x1:x2] == row + 1
        there = masks[half[0].start * 2 : y2 : 2, half[1].start * 2 : x2 : 2] == row + 1
        there = there[: colour.shape[0], : colour.shape[1]]
        part = part[inside] if inside.any() else part
        colour = colour[: there.shape[0], : there.shape[1]][there] if there.any() else colour
    return part.reshape(-1), colour.reshape(-1, 2)


def _look(part: Bytes, colour: Bytes) -> Floats:
    if not len(part) or not len(colour):
        return np.array([_GREY, _GREY, _GREY, 0.0])
    u, v = colour.mean(axis=0)
    return np.array([part.mean(), u, v, part.std()])

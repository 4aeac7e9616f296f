"""What detectors by appearance share: how sure a box is, how a thing looks, which classes."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from physcheck.detectors.blobs import Blob
from physcheck.detectors.view import View
from physcheck.errors import ConfigurationError
from physcheck.types import Bytes, Floats, Ints, Piece

__all__ = ["class_ids", "looks_in", "noise_of"]

_NOISE_PX = 0.35
_NOISE_SHARE = 0.012


def noise_of(boxes: Floats, scores: Floats, px: Floats) -> Floats:
    """How far boxes of a network are off: a part of the size and of the network's px.

    Args:
        boxes: (N, 4) px xyxy. scores: (N,) in [0, 1].
        px: (2,) px of the clip in one px of what the network was shown, along x and y.

    Returns:
        (N, 4) standard deviation of cx, cy, w, h, px.
    """
    sides = boxes[:, 2:] - boxes[:, :2]
    unsure = np.clip(1.5 - scores, 0.5, 1.5)[:, None]
    middle = (_NOISE_PX * px + _NOISE_SHARE * sides) * unsure
    return np.concatenate([middle, 1.5 * middle], axis=1)


def looks_in(piece: Piece, k: int, boxes: Floats) -> Floats:
    """Mean Y, U, V and spread of Y of the thing in each box.

    Args:
        piece: of the clip. k: row of the frame in it.
        boxes: (N, 4) px xyxy of the clip, within the picture.

    Returns:
        (N, 4) grey levels.
    """
    view = View(piece.luma[k], piece.chroma[k], piece.luma[k], piece.chroma[k])
    looks = [view.features(_ellipse_in(box, piece)) for box in boxes]
    return np.array(looks).reshape(-1, 4)


def class_ids(names: Mapping[int, str], classes: Sequence[str]) -> Ints | None:
    """Numbers of the classes with some names; None, all of them, where none are named.

    Raises:
        ConfigurationError: the network knows no such class.
    """
    if not classes:
        return None
    known = set(names.values()) - {""}
    for name in classes:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            guess = f"did you mean '{near[0]}'? " if near else ""
            raise ConfigurationError(
                f"--classes: these weights know no '{name}'; {guess}"
                f"they know: {', '.join(sorted(known))}"
            )
    chosen = [number for number, name in names.items() if name in classes]
    return np.array(chosen, dtype=np.int64)


def _ellipse_in(box: Floats, piece: Piece) -> Blob:
    """The ellipse in a box: most things leave the corners of their box to the background."""
    h, w = piece.luma.shape[1:]
    corners = box / np.tile(piece.px, 2)
    x, y = (
        int(min(np.floor(low), side - 1)) for low, side in zip(corners[:2], (w, h), strict=True)
    )
    across = min(max(int(np.ceil(corners[2])) - x, 1), w - x)
    down = min(max(int(np.ceil(corners[3])) - y, 1), h - y)
    mask = _ellipse(across, down)
    return Blob((x, y, across, down), mask, int(mask.sum()), 0.0)


def _ellipse(width: int, height: int) -> Bytes:
    """(h, w) 1 inside; all of a picture too small to have corners."""
    if min(width, height) < 3:
        return np.ones((height, width), np.uint8)
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, height)))

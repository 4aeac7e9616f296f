"""Masks of a segmenting network as one picture of labels at working size.

Source: Bolya et al. (2019), YOLACT: a mask is a weighted sum of prototypes.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from physcheck.detectors.yolo.letterbox import Letterbox
from physcheck.types import Bools, Floats, Labels

__all__ = ["label_picture", "outline"]


def outline(
    logits: NDArray[np.float32], box: Floats, letterbox: Letterbox
) -> tuple[int, int, Bools]:
    """The mask of one thing within its box.

    Args:
        logits: (mh, mw) of the whole input, positive where the thing is.
        box: xyxy px of the picture that was laid into the input.
        letterbox: how it was laid.

    Returns:
        x and y of its first px in the picture, and the mask (h, w).
    """
    width, height = letterbox.source
    x1, y1 = (max(0, int(np.floor(side))) for side in box[:2])
    x2, y2 = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
    if x2 <= x1 or y2 <= y1:
        return x1, y1, np.zeros((0, 0), dtype=np.bool_)
    share_x = logits.shape[1] / letterbox.outer[0]
    share_y = logits.shape[0] / letterbox.outer[1]
    scale_x, scale_y = share_x * letterbox.gain[0], share_y * letterbox.gain[1]
    # Middles of px correspond: (x + 0.5) of the picture to (u + 0.5) of the prototypes.
    to_logits = np.array(
        [
            [scale_x, 0.0, (x1 + 0.5) * scale_x + letterbox.left * share_x - 0.5],
            [0.0, scale_y, (y1 + 0.5) * scale_y + letterbox.top * share_y - 0.5],
        ]
    )
    patch = cv2.warpAffine(
        logits,
        to_logits,
        (x2 - x1, y2 - y1),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return x1, y1, np.asarray(patch > 0.0)


def label_picture(
    logits: NDArray[np.float32], boxes: Floats, letterbox: Letterbox, order: Sequence[int]
) -> Labels:
    """All masks of a frame: 0 nothing, k + 1 for row k.

    Args:
        logits: (N, mh, mw). boxes: (N, 4) px of the picture.
        letterbox: how the picture was laid into the input.
        order: rows from the first drawn to the last, which covers the others.
    """
    width, height = letterbox.source
    picture = np.zeros((height, width), dtype=np.min_scalar_type(len(boxes)))
    for row in order:
        x, y, mask = outline(logits[row], boxes[row], letterbox)
        picture[y : y + mask.shape[0], x : x + mask.shape[1]][mask] = row + 1
    return picture

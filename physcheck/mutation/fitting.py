"""Boxes of tracks are fitted to the whole of what moves before it is cut out.

A detector's box may hold only the part that differs most; a cut needs all of it. For a
camera that stands still the median of the shot shows what belongs together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from scipy.ndimage import median_filter

from physcheck.mutation.channels import in_order, largest
from physcheck.mutation.footage import Footage, Thing
from physcheck.types import Bytes, Floats, Ints

__all__ = ["fitted"]

_N_SAMPLES = 21
_GROW, _SEED = 4.0, 8.0
_NOISE_FLOOR = 1.5
_OWN = 0.3
"""A region belongs to a thing if so much of it lies in the box, or fills so much of the box."""
_MOST = 0.8
"""A side may move outward by this share of the box's size, not more."""
_WINDOW = 7
"""Frames over which the sides are smoothed."""


def fitted(footage: Footage, things: Sequence[Thing]) -> list[Thing]:
    """Give the things with boxes around all that moves with them.

    Things with given boxes stay as they are, and all do where the camera moves.

    Args:
        footage: the frames. things: what is in them.
    """
    tracked = [one for one in things if one.origin == "tracks"]
    if footage.moving or not tracked or footage.n < 5:
        return list(things)
    background, noise = _background(footage)
    sides = {one.id: np.full((len(one.frames), 4), np.nan) for one in tracked}
    for k in range(footage.n):
        present = [one for one in tracked if one.has(k)]
        if not present:
            continue
        _, labels, stats, _ = cv2.connectedComponentsWithStats(
            _moving(footage.frames[k], background, noise)
        )
        for one in present:
            sides[one.id][k - int(one.frames[0])] = _outline(one.box(k), labels, stats)
    width, height = footage.size
    return [_moved(one, sides[one.id], width, height) if one.id in sides else one for one in things]


def _background(footage: Footage) -> tuple[Bytes, Bytes]:
    """Median of the shot (H, W, 3), and the scatter about it (H, W), grey levels."""
    picks = np.unique(np.linspace(0, footage.n - 1, _N_SAMPLES).astype(int))
    samples = footage.frames[picks]
    median = in_order(samples)[len(samples) // 2]
    off = np.stack([largest(cv2.absdiff(sample, median)) for sample in samples])
    # The lower quartile: where things pass for half of the shot the rest still tells.
    return median, in_order(off)[len(off) // 4]


def _moving(picture: Bytes, background: Bytes, noise: Bytes) -> Bytes:
    """(H, W) 1 where the picture differs, with what hangs together with strong differences."""
    smooth = (cv2.GaussianBlur(one, (0, 0), 0.8) for one in (picture, background))
    difference = largest(cv2.absdiff(*smooth)) / np.maximum(3.0 * noise, _NOISE_FLOOR)
    loose = (difference > _GROW).astype(np.uint8)
    loose = cv2.morphologyEx(loose, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    loose = cv2.morphologyEx(loose, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    n, labels = cv2.connectedComponents(loose)
    strong = np.bincount(labels[difference > _SEED], minlength=n) > 0
    strong[0] = False
    return np.asarray(strong[labels], dtype=np.uint8)


def _outline(box: Floats, labels: Ints, stats: Ints) -> Floats:
    """(4,) box around the regions that belong to a box; NaN where there are none."""
    x1, y1 = np.maximum(np.floor(box[:2]), 0).astype(int)
    x2, y2 = np.ceil(box[2:]).astype(int)
    inside = np.bincount(labels[y1:y2, x1:x2].ravel(), minlength=len(stats))
    inside[0] = 0
    area = stats[:, cv2.CC_STAT_AREA]
    room = max(float((box[2] - box[0]) * (box[3] - box[1])), 1.0)
    own = (inside > 8) & ((inside > _OWN * area) | (inside > _OWN * room))
    if not own.any():
        return np.full(4, np.nan)
    left, top, wide, high = stats[own, :4].T
    return np.array(
        [left.min(), top.min(), (left + wide).max(), (top + high).max()], dtype=np.float64
    )


def _moved(thing: Thing, outlines: Floats, width: int, height: int) -> Thing:
    """Move the sides outward to the outlines, smoothly in time; never inward."""
    seen = ~np.isnan(outlines[:, 0])
    if seen.mean() < 0.5:
        return thing
    size = np.tile(thing.boxes[:, 2:] - thing.boxes[:, :2], 2)
    out = (outlines - thing.boxes) / np.maximum(size, 1) * (-1, -1, 1, 1)
    rows = np.arange(len(out))
    share = np.stack([np.interp(rows, rows[seen], out[seen, c]) for c in range(4)], axis=1)
    share = median_filter(share, size=(_WINDOW, 1), mode="nearest")
    step = np.clip(share, 0, _MOST) * size * (-1, -1, 1, 1)
    boxes = np.clip(thing.boxes + step, 0, (width, height, width, height))
    return replace(thing, boxes=boxes)

"""Clean samples: what other frames show of a region while nothing is in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from physcheck.mutation.footage import Footage, Thing
from physcheck.types import Bools, Bytes, Floats

__all__ = ["Region", "Samples", "clean_samples", "grown", "in_the_way"]

Region = tuple[int, int, int, int]
"""x0, y0, x1, y1: whole px of a frame, x1 and y1 exclusive."""

_N_WANTED = 7
_N_MOST = 11
_ENOUGH = 3
"""With fewer votes one thing that nobody knows of would be taken for background."""
_GRID = 10
"""Points along each side of what is needed at which coverage is looked up."""
_NEAR = 25.0
"""Frames; one so much farther off must show twice as much to be preferred."""
_LEAST_GAIN = 0.01
_GROW, _GROW_PX = 0.04, 3.0
_LINGER = 3
"""Frames before the first and after the last box in which a thing may still be there."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Pictures of one region from other frames, aligned with it, the nearest in time first.

    frames: the m frames they come from. colour: (m, h, w, 3) uint8. clean: (m, h, w) bool.
    """

    frames: tuple[int, ...]
    colour: Bytes
    clean: Bools


def grown(box: Floats, share: float, px: float) -> Floats:
    """(4,) box with `share` of its size and `px` more on each side."""
    margin = share * np.array([box[2] - box[0], box[3] - box[1]]) + px
    return np.concatenate([box[:2] - margin, box[2:] + margin])


def in_the_way(things: Sequence[Thing], k: int) -> list[Floats]:
    """Boxes of frame `k` that may hold something other than background, generously."""
    found = []
    for thing in things:
        if len(thing.frames) == 0:
            continue
        first, last = int(thing.frames[0]), int(thing.frames[-1])
        if first - _LINGER <= k <= last + _LINGER:
            found.append(grown(thing.reach(min(max(k, first), last)), _GROW, _GROW_PX))
    return found


def clean_samples(
    footage: Footage,
    tiers: Sequence[Sequence[Sequence[Floats]]],
    k: int,
    region: Region,
    needed: Floats,
) -> Samples:
    """Gather what other frames show of a region of frame `k`.

    Args:
        footage: the frames.
        tiers: for each frame what is in the way, see `in_the_way`. Px that are hardly
            seen by the first tier are looked for by the second, which knows of less:
            what rests for the whole shot is background too.
        k: the frame. region: of that frame. needed: (4,) box in it that is asked for.

    Returns:
        Frames near in time that together show every needed px `_N_WANTED` times, as
        far as it can be had.
    """
    x0, y0, x1, y1 = region
    shape = y1 - y0, x1 - x0
    count = np.zeros(shape, dtype=np.int16)
    votes = np.zeros(_GRID**2, dtype=np.int16)
    frames: list[int] = []
    colour, clean = [np.zeros((0, *shape, 3), np.uint8)], [np.zeros((0, *shape), bool)]
    for boxes in tiers:
        shows = _shows(footage, boxes, k, needed)
        picks = _chosen(shows[:, votes < _ENOUGH], k)
        asked = count < _ENOUGH
        for j in picks:
            matrix = _between(footage, j, k)
            mask = _clean_mask(footage, boxes[j], matrix, region) & asked
            colour.append(_view(footage.frames[j], matrix, region)[None])
            clean.append(mask[None])
            count += mask
        frames += picks
        votes += shows[picks].sum(axis=0, dtype=np.int16)
        if (votes >= _ENOUGH).all():
            break
    return Samples(tuple(frames), np.concatenate(colour), np.concatenate(clean))


def _shows(footage: Footage, boxes: Sequence[Sequence[Floats]], k: int, needed: Floats) -> Bools:
    """(n, G) whether each frame shows the background at each point of a grid in `needed`."""
    width, height = footage.size
    low, high = np.maximum(needed[:2], 1), np.minimum(needed[2:], (width - 2, height - 2))
    x, y = np.meshgrid(*(np.linspace(low[c], high[c], _GRID) for c in range(2)))
    points = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    found = np.zeros((footage.n, x.size), dtype=bool)
    for j in range(footage.n):
        matrix = _between(footage, k, j)
        u, v, depth = points if matrix is None else matrix @ points
        u, v = u / depth, v / depth
        free = (u >= 1) & (v >= 1) & (u <= width - 2) & (v <= height - 2)
        for left, top, right, bottom in boxes[j]:
            free &= (u < left) | (u > right) | (v < top) | (v > bottom)
        found[j] = free
    found[k] = False
    return found


def _chosen(shows: Bools, k: int) -> list[int]:
    """Few frames, near in time, that together show each point often enough; nearest first."""
    away = np.abs(np.arange(len(shows)) - k)
    nearness = np.exp2(-away / _NEAR)
    count = np.zeros(shows.shape[1])
    free = np.ones(len(shows), dtype=bool)
    picks: list[int] = []
    while len(picks) < min(_N_MOST, len(shows)) and (count < _N_WANTED).any():
        wanted = np.where(count < _N_WANTED, 1 / (1 + count), 0)
        gain = (shows @ wanted) * nearness * free
        best = int(gain.argmax())
        if not gain[best] > 0 or (
            picks and (shows[best] & (count < _N_WANTED)).mean() < _LEAST_GAIN
        ):
            break
        picks.append(best)
        count += shows[best]
        # Neighbours have the same grain and the same faults.
        free[max(best - 1, 0) : best + 2] = False
    return sorted(picks, key=lambda j: (away[j], j))


def _between(footage: Footage, source: int, target: int) -> Floats | None:
    """Homography from one frame to the other; None where the camera stands still."""
    if not footage.moving:
        return None
    matrix = np.linalg.solve(footage.to_reference[target], footage.to_reference[source])
    return np.asarray(matrix / matrix[2, 2])


def _view(picture: Bytes, matrix: Floats | None, region: Region) -> Bytes:
    """The region of another frame's picture, (h, w, 3)."""
    x0, y0, x1, y1 = region
    if matrix is None:
        return picture[y0:y1, x0:x1]
    shift = np.array([[1.0, 0.0, -x0], [0.0, 1.0, -y0], [0.0, 0.0, 1.0]])
    warped = cv2.warpPerspective(picture, shift @ matrix, (x1 - x0, y1 - y0), flags=cv2.INTER_CUBIC)
    return np.asarray(warped, dtype=np.uint8)


def _clean_mask(
    footage: Footage, boxes: Sequence[Floats], matrix: Floats | None, region: Region
) -> Bools:
    """(h, w) True where the other frame shows background, and shows the place at all."""
    x0, y0, x1, y1 = region
    mask = np.ones((y1 - y0, x1 - x0), dtype=bool)
    for box in boxes:
        left, top, right, bottom = _carried(box, matrix)
        rows = slice(max(int(top) - y0, 0), max(int(np.ceil(bottom)) - y0, 0))
        columns = slice(max(int(left) - x0, 0), max(int(np.ceil(right)) - x0, 0))
        mask[rows, columns] = False
    if matrix is not None:
        mask &= _within(footage.size, matrix, region)
    return mask


def _carried(box: Floats, matrix: Floats | None) -> Floats:
    """Box around the corners of a box, in the px of the target frame."""
    if matrix is None:
        return box
    x1, y1, x2, y2 = box
    corners = np.array([[x1, y1, 1], [x2, y1, 1], [x1, y2, 1], [x2, y2, 1]]) @ matrix.T
    places = corners[:, :2] / corners[:, 2:]
    return np.concatenate([places.min(axis=0), places.max(axis=0)])


def _within(size: tuple[int, int], matrix: Floats, region: Region) -> Bools:
    """(h, w) where the region lies, seen from the other frame, inside its picture."""
    x0, y0, x1, y1 = region
    back = np.linalg.inv(matrix)
    x, y = np.meshgrid(np.arange(x0, x1), np.arange(y0, y1))
    depth = back[2, 0] * x + back[2, 1] * y + back[2, 2]
    u = (back[0, 0] * x + back[0, 1] * y + back[0, 2]) / depth
    v = (back[1, 0] * x + back[1, 1] * y + back[1, 2]) / depth
    return np.asarray((depth > 0) & (u >= 1) & (v >= 1) & (u <= size[0] - 2) & (v <= size[1] - 2))

"""The second look: what the pixels say where a track begins, ends or is lost.

A death is looked at forward in time, a birth backward; the measurements are
the same. All places are stabilised px of the clip.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from physcheck.camera import follow_points
from physcheck.explain.pixels import Pixels
from physcheck.types import Bools, Floats

__all__ = ["Path", "Testimony", "look"]

_N_AFTER = 6
_NOISE = 2.0
"""Grey levels of difference that grain and compression make."""


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Where a thing was and where it should be, in the direction of looking.

    last: row in the piece where it was seen last. step: 1 forward, -1 backward.
    size: (2,) px, as it was before anything changed.
    place: (2,) px of its middle in `last`. velocity: (2,) px a row, along `step`.
    earlier_sizes: (m, 2) px, from `last` back, the row of `last` first.
    """

    last: int
    step: int
    size: Floats
    place: Floats
    velocity: Floats
    earlier_sizes: Floats

    def box(self, rows_on: float) -> Floats:
        """Predicted box (4,) so many rows after `last`."""
        centre = self.place + self.velocity * rows_on
        return np.concatenate([centre - self.size / 2, centre + self.size / 2])


@dataclass(frozen=True, slots=True)
class Testimony:
    """What was measured; NaN where it could not be.

    contrast: difference of the thing to what is there afterwards, grey levels.
    drop: share of it that is gone in the next frame, at the predicted place.
    cells: share of the 4 x 4 cells that go in that one frame, not before.
    ring: log of the change inside the box over the change around it.
    settled: how well the place keeps what it shows afterwards, 1 = wholly.
    match: best correlation of the thing with later frames near its path.
    survival: share of its points that can be followed into the next frames.
    extent: log of its last length along the motion over the usual one.
    """

    contrast: float
    drop: float
    cells: float
    ring: float
    settled: float
    match: float
    survival: float
    extent: float


def look(pixels: Pixels, path: Path) -> Testimony:
    """Measure all tests of one end; needs at least two rows after `path.last`."""
    after = _rows_after(pixels, path)
    # The outline may shrink within the last row or two, so the thing is taken a row earlier.
    before = path.last - path.step
    here = pixels.patch(path.last, path.box(0))
    earlier = pixels.patch(before, path.box(-1)) if 0 <= before < pixels.n else here
    plate_here = _plate(pixels, path.box(0), after[1:])
    plate_there = _plate(pixels, path.box(1), after[1:])
    plate_earlier = _plate(pixels, path.box(-1), after[1:])
    now = np.abs(here - plate_here).mean(axis=2)
    then = np.abs(pixels.patch(after[0], path.box(1)) - plate_there).mean(axis=2)
    before_that = np.abs(earlier - plate_earlier).mean(axis=2)
    contrast = _inner(now)
    return Testimony(
        contrast=contrast,
        drop=1 - max(_inner(then) - _NOISE / 2, 0) / max(contrast, _NOISE),
        cells=_cells_together(before_that, now, then),
        ring=_ring_change(pixels, path, after[0]),
        settled=_settled(pixels, path, after[1:], contrast),
        match=_best_match(pixels, path, after),
        survival=_survival(pixels, path, after[0]),
        extent=_extent(path),
    )


def _rows_after(pixels: Pixels, path: Path) -> list[int]:
    rows = path.last + path.step * np.arange(1, _N_AFTER + 2)
    return [int(row) for row in rows if 0 <= row < pixels.n]


def _plate(pixels: Pixels, box: Floats, rows: list[int]) -> Floats:
    """What a place shows afterwards: median over rows."""
    return np.asarray(np.median([pixels.patch(row, box) for row in rows], axis=0))


def _inner_mask(side: int) -> Bools:
    """An ellipse that fills most of the box."""
    axis = (np.arange(side) + 0.5) / side * 2 - 1
    return np.asarray(axis[None] ** 2 + axis[:, None] ** 2 < 0.8)


def _inner(picture: Floats) -> float:
    return float(picture[_inner_mask(len(picture))].mean())


def _cells_together(before: Floats, now: Floats, then: Floats) -> float:
    """Of the cells that held the thing, the share that lost it in this very frame."""
    cells = [_cell_means(picture) for picture in (before, now, then)]
    held = cells[0] > 2.5 * _NOISE
    if held.sum() < 4:
        return float("nan")
    kept = cells[1] > 0.55 * cells[0]
    lost = cells[2] < np.maximum(0.35 * cells[0], _NOISE)
    return float(np.mean((kept & lost)[held]))


def _cell_means(picture: Floats) -> Floats:
    side = len(picture) // 4
    return np.asarray(picture.reshape(4, side, 4, side).mean(axis=(1, 3)))


def _ring_change(pixels: Pixels, path: Path, row_after: int) -> float:
    """Change from the last row to the next, inside the box over around it."""
    a = pixels.patch(path.last, path.box(0.5), margin=0.5)
    b = pixels.patch(row_after, path.box(0.5), margin=0.5)
    change = np.abs(a - b).mean(axis=2)
    inside = np.zeros(change.shape, dtype=bool)
    quarter = len(change) // 4
    inside[quarter:-quarter, quarter:-quarter] = True
    return float(np.log((change[inside].mean() + 0.5) / (change[~inside].mean() + 0.5)))


def _settled(pixels: Pixels, path: Path, rows: list[int], contrast: float) -> float:
    """1 minus the unrest of the place afterwards, as a share of the thing's contrast."""
    patches = np.array([pixels.patch(row, path.box(1)) for row in rows])
    unrest = np.abs(patches - np.median(patches, axis=0)).mean(axis=(0, 3))
    return float(1 - max(_inner(unrest) - _NOISE / 2, 0) / max(contrast, _NOISE))


def _best_match(pixels: Pixels, path: Path, after: list[int]) -> float:
    """Best correlation of the thing's patch in later rows, near where it should be."""
    row = path.last - path.step
    row = row if 0 <= row < pixels.n else path.last
    template, _ = pixels.window(row, path.box(-1 if row != path.last else 0), np.zeros(2))
    if min(template.shape) < 5 or template.std() < 3.0:
        return float("nan")
    best = -1.0
    for k, there in enumerate(after[1::2], start=1):
        reach = 0.6 * path.size + 0.5 * np.abs(path.velocity) * 2 * k
        room, _ = pixels.window(there, path.box(2 * k), reach)
        if room.shape[0] < template.shape[0] or room.shape[1] < template.shape[1]:
            continue
        best = max(best, float(cv2.matchTemplate(room, template, cv2.TM_CCOEFF_NORMED).max()))
    return best if best > -1 else float("nan")


def _survival(pixels: Pixels, path: Path, row_after: int) -> float:
    """Share of points of the thing that go on into the next row the way it moves."""
    box = pixels.to_frame(path.last, path.box(0))
    axis = np.linspace(0.2, 0.8, 5)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    points = box[:2] + grid * (box[2:] - box[:2])
    expected = pixels.to_frame(row_after, path.box(1))
    shift = (expected[:2] + expected[2:] - box[:2] - box[2:]) / 2
    luma = pixels.piece.luma
    moved, good = follow_points(luma[path.last], luma[row_after], points, points + shift)
    slack = max(1.5, 0.25 * float(np.min(box[2:] - box[:2])))
    near = np.linalg.norm(moved - points - shift, axis=1) < slack
    same = _same_look(luma[path.last], luma[row_after], points, moved)
    return float(np.mean(good & near & same))


def _same_look(before: np.ndarray, after: np.ndarray, a: Floats, b: Floats) -> Bools:  # type: ignore[type-arg]
    """Points whose grey level stays, within 12 levels."""
    h, w = before.shape
    xa, ya = np.clip(a.round().astype(int), 0, [w - 1, h - 1]).T
    xb, yb = np.clip(np.nan_to_num(b).round().astype(int), 0, [w - 1, h - 1]).T
    return np.asarray(np.abs(before[ya, xa].astype(int) - after[yb, xb].astype(int)) < 12)


def _extent(path: Path) -> float:
    """How much shorter the thing got along its motion in its last three rows."""
    along = np.abs(path.velocity) / max(float(np.linalg.norm(path.velocity)), 1e-9)
    if np.linalg.norm(path.velocity) < 0.02 * path.size.mean():
        lengths = path.earlier_sizes.min(axis=1) / path.size.min()
    else:
        lengths = (path.earlier_sizes * along).sum(axis=1) / float((path.size * along).sum())
    return float(np.log(max(lengths[:2].min(), 1e-3)))

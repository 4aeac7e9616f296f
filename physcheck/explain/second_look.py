"""The second look: what the pixels say where a track begins, ends or is lost.

A death is looked at forward in time, a birth backward; the measurements are
the same. All places are stabilised px of the clip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

from physcheck.camera import follow_points
from physcheck.explain.pixels import Pixels
from physcheck.types import Bools, Bytes, Floats

__all__ = ["Path", "look", "rows_too_late"]

_N_BEFORE = 6
_N_AFTER = 6
_TOO_LATE = 3
_LONG_AFTER = (8, 11, 14)
_NOISE = 2.0
"""Grey levels of difference that grain and compression make."""


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Where a thing was and where it should be, in the direction of looking.

    last: row in the piece where it was seen last. step: 1 forward, -1 backward.
    size: (2,) px, as it was before anything changed.
    place: (2,) px of its middle in `last`. velocity: (2,) px a row, along `step`.
    earlier: (m, 4) measured boxes, from `last` back, the row of `last` first.
    room: rows after `last` that may be looked at; beyond them it is back, or the shot ends.
    empty: rows before `last` in which its last place was not yet taken.
    seen: (2,) px where the middle was, by rows after `last` (none or negative), for
        those of the last rows in which the thing was measured whole.
    """

    last: int
    step: int
    size: Floats
    place: Floats
    velocity: Floats
    earlier: Floats
    room: int = 1_000_000
    seen: Mapping[int, Floats] = field(default_factory=dict)
    empty: tuple[int, ...] = ()

    def box(self, rows_on: float) -> Floats:
        """Predicted box (4,) so many rows after `last`."""
        return self._around(self.place + self.velocity * rows_on)

    def true_box(self, rows_on: int) -> Floats:
        """Where it was seen, in its usual size; predicted where it was not seen whole.

        A thing that bounces or falls was elsewhere than its last velocity says.
        """
        centre = self.seen.get(rows_on)
        return self.box(rows_on) if centre is None else self._around(centre)

    def _around(self, centre: Floats) -> Floats:
        return np.concatenate([centre - self.size / 2, centre + self.size / 2])


def look(pixels: Pixels, path: Path) -> dict[str, float]:
    """Measure all tests of one end; needs at least two rows after `path.last`.

    Returns:
        By name, NaN where it could not be measured:
        contrast: log difference of the thing to what is there afterwards, grey levels.
        drop: share of it that is gone in the next frame, at the predicted place.
        cells: share of the 4 x 4 cells that go in that one frame, not before.
        swift: share of the cells that go within three frames.
        order: correlation of when a cell goes with how far behind it is along the
            motion; an edge that a thing slides behind takes the leading cells first, -1.
        fade: share of it that is gone three rows on, against what is there long after.
        ring: log of the change inside the box over the change around it.
        unrest: log of the change around the box, grey levels.
        onset: log of the change inside the box over what it was in the rows before.
        settled: how well the place keeps what it shows afterwards, 1 = wholly.
        restored: how well it shows what it showed before the thing came, 1 = wholly.
        match: best correlation of the thing with later frames near its path.
        late: the same ten and twenty rows on. near: the same in the next row, far around.
        survival: share of its points that can be followed into the next frames.
        extent: log of its last length over the usual one, so far as its leading edge
            stopped while the trailing edge went on.
        sharpness: log of its grain in the last row over that of the rows before.
    """
    after = _rows_after(pixels, path)
    free = after[1::2] or after
    rows_on = [k for k in range(-_N_BEFORE, 2) if 0 <= path.last + path.step * k < pixels.n]
    differ = [_difference(pixels, path, k, free) for k in rows_on]
    contrast = max(_inner(picture) for picture in differ[-4:-1])
    cells, swift, order = _losses(np.array([_cell_means(d) for d in differ]), path)
    ring, unrest = _ring_change(pixels, path, after[0])
    templates = [_template(pixels, path, k) for k in (-1, 0)]
    return {
        "contrast": float(np.log(contrast + _NOISE / 2)),
        "drop": 1 - max(_inner(differ[-1]) - _NOISE / 2, 0) / max(contrast, _NOISE),
        "cells": cells,
        "swift": swift,
        "order": order,
        "fade": _fade(pixels, path),
        "ring": ring,
        "unrest": unrest,
        "onset": _onset(pixels, path, after[0]),
        "settled": _settled(pixels, path, free, contrast),
        "restored": _restored(pixels, path, free, contrast),
        "match": _best_match(pixels, path, templates[0], (2, 4, 6)),
        "late": _best_match(pixels, path, templates[0], (10, 20)),
        "near": _best_match(pixels, path, templates[1], (1,), wide=1.5),
        "survival": _survival(pixels, path, after[0]),
        "extent": _extent(path),
        "sharpness": _sharpness(pixels, path),
    }


def rows_too_late(pixels: Pixels, path: Path) -> int:
    """How many of the last rows no longer show the thing, by what is there afterwards."""
    free = _rows_after(pixels, path)[1::2]
    rows_on = range(-_N_BEFORE, 1)
    if not free or not all(0 <= path.last + path.step * k < pixels.n for k in rows_on):
        return 0
    differ = [_inner(_difference(pixels, path, k, free)) for k in rows_on]
    shown = np.array(differ) >= 0.4 * max(differ)
    return min(int(np.argmax(shown[::-1])), _TOO_LATE + 1) % (_TOO_LATE + 1)


def _difference(pixels: Pixels, path: Path, rows_on: int, after: list[int]) -> Floats:
    """What a place shows while the thing is there against what it shows afterwards."""
    box = path.true_box(rows_on)
    here = pixels.patch(path.last + path.step * rows_on, box)
    return np.asarray(np.abs(here - _plate(pixels, box, after)).mean(axis=2))


def _rows_after(pixels: Pixels, path: Path) -> list[int]:
    rows = path.last + path.step * np.arange(1, min(_N_AFTER + 1, path.room) + 1)
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


def _losses(cells: Floats, path: Path) -> tuple[float, float, float]:
    """How the cells that held the thing lose it.

    Args:
        cells: (m, 4, 4) difference of each cell, the last row after the end.

    Returns:
        Shares that go at once and within three rows, and the order; NaN if too few
        cells held the thing.
    """
    usual = np.median(cells[:-3], axis=0) if len(cells) > 4 else cells[0]
    held = usual > 2.5 * _NOISE
    if held.sum() < 4:
        return (float("nan"),) * 3
    gone = cells < np.maximum(0.4 * usual, _NOISE)
    # The row from which on a cell stays without the thing; m where it still has it.
    stays_gone = np.flip(np.logical_and.accumulate(np.flip(gone, axis=0), axis=0), axis=0)
    when = np.where(stays_gone.any(axis=0), stays_gone.argmax(axis=0), len(cells))[held]
    last = len(cells) - 1
    at_once, swift = np.mean(when == last), np.mean((when >= last - 2) & (when <= last))
    return float(at_once), float(swift), _order(when, held, path)


def _order(when: Floats, held: Bools, path: Path) -> float:
    """Correlation of the time of loss with the place along the motion, worst case at rest."""
    if np.ptp(when) == 0:
        return 0.0
    y, x = (axis.astype(np.float64) for axis in np.nonzero(held))
    speed = float(np.linalg.norm(path.velocity))
    if speed > 0.03 * path.size.mean():
        along = (x * path.velocity[0] + y * path.velocity[1]) / speed
        return _correlation(along, when)
    return -max(abs(_correlation(x, when)), abs(_correlation(y, when)))


def _correlation(a: Floats, b: Floats) -> float:
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _cell_means(picture: Floats) -> Floats:
    side = len(picture) // 4
    return np.asarray(picture.reshape(4, side, 4, side).mean(axis=(1, 3)))


def _ring_change(pixels: Pixels, path: Path, row_after: int) -> tuple[float, float]:
    """Logs of the change from the last row to the next: inside over around, and around."""
    a = pixels.patch(path.last, path.box(0.5), margin=0.5)
    b = pixels.patch(row_after, path.box(0.5), margin=0.5)
    change = np.abs(a - b).mean(axis=2)
    inside = np.zeros(change.shape, dtype=bool)
    quarter = len(change) // 4
    inside[quarter:-quarter, quarter:-quarter] = True
    within, around = change[inside].mean() + 0.5, change[~inside].mean() + 0.5
    return float(np.log(within / around)), float(np.log(around))


def _onset(pixels: Pixels, path: Path, row_after: int) -> float:
    """Log of the change into the next row over the usual one, each at the foreseen place."""
    rows = [path.last + path.step * k for k in (-3, -2, -1)]
    if not all(0 <= row < pixels.n for row in rows):
        return float("nan")

    def change(row: int, following: int, k: int) -> float:
        a, b = pixels.patch(row, path.true_box(k)), pixels.patch(following, path.true_box(k + 1))
        return _inner(np.abs(a - b).mean(axis=2)) + 0.5

    before = [change(row, row + path.step, k) for k, row in zip((-3, -2, -1), rows, strict=True)]
    return float(np.log(change(path.last, row_after, 0) / np.median(before)))


def _fade(pixels: Pixels, path: Path) -> float:
    """Share of the contrast to what is there long after that is gone three rows on."""
    rows = [path.last + path.step * k for k in _LONG_AFTER if k <= path.room]
    rows = [row for row in rows if 0 <= row < pixels.n]
    before = path.last - 3 * path.step
    if len(rows) < 2 or not 0 <= before < pixels.n:
        return float("nan")
    had, has = (_inner(_difference(pixels, path, k, rows)) for k in (-3, 3))
    return float(1 - max(has - _NOISE / 2, 0) / max(had, _NOISE))


def _restored(pixels: Pixels, path: Path, after: list[int], contrast: float) -> float:
    """1 minus how the place differs from what it was before the thing came."""
    if not path.empty:
        return float("nan")
    box = path.box(1)
    differ = np.abs(_plate(pixels, box, list(path.empty)) - _plate(pixels, box, after))
    return float(1 - max(_inner(differ.mean(axis=2)) - _NOISE / 2, 0) / max(contrast, _NOISE))


def _sharpness(pixels: Pixels, path: Path) -> float:
    """Log of the steepness in the last row over that of three rows before."""
    before = path.last - 3 * path.step
    if not 0 <= before < pixels.n:
        return float("nan")
    steep = []
    for k, row in ((0, path.last), (-3, before)):
        luma = pixels.patch(row, path.true_box(k))[..., 0]
        steep.append(np.abs(np.diff(luma, axis=0)).mean() + np.abs(np.diff(luma, axis=1)).mean())
    return float(np.log((steep[0] + 1) / (steep[1] + 1)))


def _settled(pixels: Pixels, path: Path, rows: list[int], contrast: float) -> float:
    """1 minus the unrest of the place afterwards, as a share of the thing's contrast."""
    if len(rows) < 2:
        return float("nan")
    patches = np.array([pixels.patch(row, path.box(1)) for row in rows])
    unrest = np.abs(patches - np.median(patches, axis=0)).mean(axis=(0, 3))
    return float(1 - max(_inner(unrest) - _NOISE / 2, 0) / max(contrast, _NOISE))


def _template(pixels: Pixels, path: Path, rows_on: int) -> Bytes:
    """The thing as it lies in the frame, working px; empty where it is too plain."""
    row = path.last + path.step * rows_on
    row, rows_on = (row, rows_on) if 0 <= row < pixels.n else (path.last, 0)
    template, _ = pixels.window(row, path.true_box(rows_on), np.zeros(2))
    usable = min(template.shape) >= 5 and template.std() >= 3.0
    return template if usable else template[:0]


def _best_match(
    pixels: Pixels, path: Path, template: Bytes, rows_on: tuple[int, ...], wide: float = 0.6
) -> float:
    """Best correlation of the thing's patch in later rows, near where it should be."""
    best = -1.0
    for k in rows_on:
        there = path.last + path.step * k
        if not template.size or k > path.room or not 0 <= there < pixels.n:
            continue
        reach = wide * path.size + 0.5 * np.abs(path.velocity) * min(k, 10)
        room, _ = pixels.window(there, path.box(min(k, 10)), reach)
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


def _same_look(before: Bytes, after: Bytes, a: Floats, b: Floats) -> Bools:
    """Points whose grey level stays, within 12 levels."""
    h, w = before.shape
    xa, ya = np.clip(a.round().astype(int), 0, [w - 1, h - 1]).T
    xb, yb = np.clip(np.nan_to_num(b).round().astype(int), 0, [w - 1, h - 1]).T
    return np.asarray(np.abs(before[ya, xa].astype(int) - after[yb, xb].astype(int)) < 12)


def _extent(path: Path) -> float:
    """How much shorter the thing got on its leading side in its last two rows."""
    worst = 0.0
    for k, box in enumerate(path.earlier[:2]):
        foreseen = path.box(-k)
        # Positive where an edge lies within the foreseen box: left, top, right, bottom.
        short = np.concatenate([box[:2] - foreseen[:2], foreseen[2:] - box[2:]])
        short = short / np.tile(path.size, 2)
        for axis in range(2):
            low, high = short[axis], short[axis + 2]
            one_sided = abs(high - low)
            if np.linalg.norm(path.velocity) > 0.03 * path.size.mean():
                one_sided = (high - low) * np.sign(path.velocity[axis])
                one_sided *= abs(path.velocity[axis]) / np.linalg.norm(path.velocity)
            worst = max(worst, one_sided)
    return float(np.log(max(1 - worst, 0.05)))

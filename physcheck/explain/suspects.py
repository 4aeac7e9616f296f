"""What may be a sudden change of a thing, and the circumstances in which it would have come.

Whatever the kind of change, the same things make an innocent one likely: that it is
small or was seen briefly, that something is near, that it moves fast, that its outline
wavers anyway, that its size, shape, colour and place change all at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physcheck import boxes as geometry
from physcheck.explain.pixels import Pixels
from physcheck.signals import robust_scale, rolling_median
from physcheck.types import Alternative, Bools, Floats, Ints, Track

__all__ = ["Suspect", "Thing", "lasting"]

_N_SIDE = 4
_N_LASTING = 20
_NEAR_ROWS = 2
_FARTHEST = 3.0
"""Sizes from the border beyond which it does not matter."""
_LEAST_SCATTER = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Suspect:
    """What may be a change of a kind, see `Change`.

    before, after: rows of the track, the last before it and the first after it.
    measured: by name of the test. alternatives: innocent explanations. steady: whether
    the picture can be trusted around it. most: nats, whatever the tests say.
    model: by which it is weighed, if not that of its kind. box: see `Change`.
    """

    kind: str
    before: int
    after: int
    amount: float
    error: float
    measured: dict[str, float]
    alternatives: tuple[Alternative, ...]
    steady: bool = True
    most: float = np.inf
    model: str = ""
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """A track and its boxes as measured, not as smoothed: a smooth way knows no leap.

    first: row of its first frame in the piece. boxes: (T, 4) stabilised px.
    known: (T,) rows in which its box is its own, though something may be near.
    size_px: width and height of the clip.
    """

    track: Track
    first: int
    boxes: Floats
    known: Bools
    size_px: tuple[int, int]

    def circumstances(self, before: int, after: int, pixels: Pixels) -> dict[str, float]:
        """What any change between two rows is weighed by."""
        track, rows = self.track, np.flatnonzero(self.known)
        early = rows[rows <= before][-_N_SIDE:]
        late = rows[rows >= after][:_N_SIDE]
        around = slice(max(before - _NEAR_ROWS, 0), after + _NEAR_ROWS + 1)
        unrest = [pixels.unrest(self.first + k) for k in range(before, after)]
        n_least = min(int(np.sum(rows <= before)), int(np.sum(rows >= after)), _N_LASTING)
        return {
            "size": float(np.log(_narrow(self.boxes[rows]) / pixels.px.min())),
            "life": float(np.log(track.observed.sum())),
            "sides": float(np.log1p(n_least)),
            "length": float(np.log(after - before)),
            "clear": float(np.mean(track.clear[track.observed])),
            "alone": float(np.mean(track.clear[around][track.observed[around]])),
            "seen": float(np.mean(track.observed[around])),
            "border": self._border(around),
            "light": float(np.nanmean(track.scores)),
            "wavering": self._wavering(rows),
            "everywhere": max(unrest),
            "moving camera": float(pixels.camera.kind == "moving"),
            "shaky camera": float(pixels.camera.kind == "shaky"),
            **self._steps(early, late),
        }

    def steady(self, before: int, after: int, pixels: Pixels) -> bool:
        """Whether there is no cut, no fade and no lost camera around two rows."""
        around = slice(
            max(self.first + before - _NEAR_ROWS, 0), self.first + after + _NEAR_ROWS + 1
        )
        return not (pixels.piece.transition[around] | pixels.camera.lost[around]).any()

    def _border(self, around: slice) -> float:
        """Least distance to the border, in sizes."""
        boxes = self.track.boxes[around]
        margins = np.hstack([boxes[:, :2], np.array(self.size_px) - boxes[:, 2:]])
        return min(float(margins.min()) / _narrow(boxes), _FARTHEST)

    def _wavering(self, rows: Ints) -> float:
        """How much log width and height scatter from frame to frame."""
        log_size = np.log(np.maximum(geometry.size(self.boxes[rows]), 1.0))
        return max(robust_scale(side - rolling_median(side, 2)) for side in log_size.T)

    def _steps(self, early: Ints, late: Ints) -> dict[str, float]:
        """By how much size, shape, colour and pace differ between two sets of rows."""
        if min(len(early), len(late)) < 2:
            return {}
        width, height = (
            np.median(np.log(np.maximum(geometry.size(self.boxes[late]), 1.0)), axis=0)
            - np.median(np.log(np.maximum(geometry.size(self.boxes[early]), 1.0)), axis=0)
        ).tolist()
        size = float(np.sqrt(np.median(geometry.area(self.boxes[np.r_[early, late]]))))
        paces = [self._pace(rows) / max(size, 1.0) for rows in (early, late)]
        looks = self.track.features[:, :3]
        colour = np.median(looks[late], axis=0) - np.median(looks[early], axis=0)
        return {
            "growth": abs(width + height) / 2,
            "stretch": abs(width - height),
            "colour": float(np.linalg.norm(colour)) if len(colour) else float("nan"),
            "pace": max(float(np.linalg.norm(pace)) for pace in paces),
            "turn": float(np.linalg.norm(paces[1] - paces[0])),
        }

    def _pace(self, rows: Ints) -> Floats:
        """(2,) way from a row to the next, px."""
        way = np.diff(geometry.centre(self.boxes[rows]), axis=0)
        return np.asarray(np.median(way / np.diff(rows)[:, None], axis=0))


def lasting(rows: Ints, values: Floats, before: int, after: int) -> tuple[float, float]:
    """How far the levels of a long time before and after lie apart, and in their scatter.

    Args:
        rows: (N,) known rows. values: (N, C) in them. before, after: rows.

    Returns:
        The distance of the medians, and the log of it over the scatter; NaN where
        there are fewer than three rows on a side.
    """
    early, late = values[rows <= before][-_N_LASTING:], values[rows >= after][:_N_LASTING]
    if min(len(early), len(late)) < 3:
        return float("nan"), float("nan")
    levels = [np.median(side, axis=0) for side in (early, late)]
    scatter = [
        1.4826 * float(np.median(np.linalg.norm(side - level, axis=1)))
        for side, level in zip((early, late), levels, strict=True)
    ]
    apart = float(np.linalg.norm(levels[1] - levels[0]))
    least = _LEAST_SCATTER * max(1.0, float(np.abs(values).max()))
    return apart, float(np.log((apart + least) / (max(scatter) + least)))


def _narrow(boxes: Floats) -> float:
    """Median of the smaller side, px."""
    return max(float(np.median(geometry.size(boxes).min(axis=1))), 1.0)

"""Which parts of which frames a page shows enlarged: before, at and after a violation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from physcheck.records import Box, Report, TrackRecord, ViolationRecord
from physcheck.render.html.footage import Cut
from physcheck.render.prediction import Prediction

__all__ = ["Crop", "box_at", "plan_crops", "worst_frame"]

_APART_S = 0.1
"""How long before its start and after its end a violation is shown, s."""
_ROOM = 0.7
"""Room around the thing, in its sizes."""
_SMALLEST = 1 / 10
"""Shortest side of a window, as a share of the longer side of the picture."""
_ASPECT = 4 / 3


class Crop(NamedTuple):
    """A window of a frame, px of the clip, and what is drawn over it."""

    moment: str
    frame: int
    window: tuple[int, int, int, int]
    seen: tuple[Box, ...]
    predicted: tuple[Box, ...]

    @property
    def cut(self) -> Cut:
        """What of the frame is needed."""
        return Cut(self.window)


def plan_crops(
    report: Report, violation: ViolationRecord, predictions: Iterable[Prediction]
) -> tuple[Crop, ...]:
    """Choose the moments, and one window that holds the thing in all of them."""
    own = [track for track in report.tracks if track.id in violation.track_ids]
    foretold = tuple(predictions)
    moments = _moments(report, violation)
    seen = {frame: _present(box_at(track, frame) for track in own) for frame in moments.values()}
    predicted = {frame: _present(one.at(frame) for one in foretold) for frame in moments.values()}
    boxes = [box for one in (seen, predicted) for group in one.values() for box in group]
    window = _window([violation.box, *boxes], report.video.width, report.video.height)
    return tuple(
        Crop(moment, frame, window, seen[frame], predicted[frame])
        for moment, frame in moments.items()
    )


def worst_frame(report: Report) -> tuple[int, Box | None]:
    """The frame that stands for a clip, and where to look.

    It is the peak of the surest violation, or the middle where there is none.
    """
    if not report.violations:
        return report.video.frames // 2, None
    worst = max(report.violations, key=lambda one: one.probability)
    return worst.peak_frame, worst.box


def box_at(track: TrackRecord, frame: int) -> Box | None:
    """Where a thing is seen in a frame, or None where it is not."""
    try:
        row = track.frames.index(frame)
    except ValueError:
        return None
    return track.boxes[row] if track.observed[row] else None


def _moments(report: Report, violation: ViolationRecord) -> dict[str, int]:
    """The frames shown, by name, within the shot."""
    step_s = report.video.duration_s / max(report.video.frames, 1)
    apart = max(1, round(_APART_S / step_s)) if step_s > 0 else 1
    peak = violation.peak_frame
    first, stop = next(
        ((a, b) for a, b in report.video.shots if a <= peak < b), (0, report.video.frames)
    )
    return {
        "before": max(first, violation.start_frame - apart),
        "at the peak": peak,
        "after": min(stop - 1, violation.stop_frame - 1 + apart),
    }


def _present(boxes: Iterable[Box | None]) -> tuple[Box, ...]:
    return tuple(box for box in boxes if box is not None)


def _window(boxes: list[Box], width: int, height: int) -> tuple[int, int, int, int]:
    """A 4:3 window around all boxes with some room, moved into the picture."""
    x1, y1 = max(0.0, min(b[0] for b in boxes)), max(0.0, min(b[1] for b in boxes))
    x2, y2 = min(width, max(b[2] for b in boxes)), min(height, max(b[3] for b in boxes))
    size = max(min(b[2] - b[0], b[3] - b[1]) for b in boxes)
    least = max(width, height) * _SMALLEST
    w, h = max(x2 - x1 + _ROOM * size, least), max(y2 - y1 + _ROOM * size, least / _ASPECT)
    w, h = max(w, h * _ASPECT), max(h, w / _ASPECT)
    left, right = _inside((x1 + x2) / 2, w, width)
    top, bottom = _inside((y1 + y2) / 2, h, height)
    return left, top, right, bottom


def _inside(centre: float, length: float, whole: int) -> tuple[int, int]:
    length = min(length, whole)
    start = min(max(centre - length / 2, 0.0), whole - length)
    return int(start), min(whole, max(int(start) + 2, round(start + length)))

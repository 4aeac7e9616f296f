"""Where a thing would have been, had it gone on as it did before a rule was broken."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from physcheck.parabolas import fit_parabola
from physcheck.records import Box, Report, TrackRecord, ViolationRecord
from physcheck.types import Floats

__all__ = ["Prediction", "predict"]

_NOT_CONTINUED = frozenset(
    {"appear", "floor-penetration", "energy-gain", "gravity", "reversed", "upside-down"}
)
"""What these object to is no departure from the way just before, but from all of it."""
_BEFORE_S = 0.45
"""Only so much of the way before is looked at, s."""
_AHEAD_S = 0.5
"""Nothing is foretold for longer, s."""
_LENGTHS = (12, 9, 7, 5, 4)
"""Numbers of frames that are tried, the longest stretch that fits being taken."""
_FITS = 0.04
"""Misfit of a stretch, in sizes of the thing, up to which it counts as one way."""


class Prediction(NamedTuple):
    """Boxes in consecutive frames, the first of them `start_frame`; px of the clip."""

    track_id: int
    start_frame: int
    boxes: tuple[Box, ...]

    def at(self, frame: int) -> Box | None:
        """The box in a frame, or None where nothing is foretold."""
        row = frame - self.start_frame
        return self.boxes[row] if 0 <= row < len(self.boxes) else None


def predict(report: Report, violation: ViolationRecord) -> tuple[Prediction, ...]:
    """Foretell each thing of a violation from its way just before.

    A parabola in time is fitted to the longest stretch that it fits, of constant size.
    Where too little was seen before, or the rule does not object to a departure from
    the way before, there is no prediction.
    """
    if violation.rule in _NOT_CONTINUED:
        return ()
    tracks = {track.id: track for track in report.tracks}
    found = (
        _continue(report, violation, tracks[one]) for one in violation.track_ids if one in tracks
    )
    return tuple(one for one in found if one is not None)


def _continue(report: Report, violation: ViolationRecord, track: TrackRecord) -> Prediction | None:
    times_s = np.array(report.timeline.times_s)
    frames = np.array(track.frames, dtype=np.intp)
    start, stop = _ahead(report, violation, times_s)
    # A violation begins with the last frame in which all is well.
    known = np.array(track.observed, dtype=bool) & (frames <= start)
    known &= frames < len(times_s)
    known[known] &= times_s[frames[known]] >= times_s[start] - _BEFORE_S
    if known.sum() < 3 or stop <= start:
        return None
    boxes = np.array(track.boxes)[known][-_LENGTHS[0] :]
    path = _centres(times_s[frames[known]][-_LENGTHS[0] :], boxes, times_s[start:stop])
    half = np.median(boxes[:, 2:] - boxes[:, :2], axis=0) / 2
    rows = np.round(np.hstack([path - half, path + half]), 1)
    return Prediction(track.id, start, tuple(_box(row) for row in rows.tolist()))


def _ahead(report: Report, violation: ViolationRecord, times_s: Floats) -> tuple[int, int]:
    """[start, stop) frames to foretell: from the violation on, a little past it, in its shot."""
    start = min(violation.start_frame, len(times_s) - 1)
    shot_stop = next((b for a, b in report.video.shots if a <= start < b), len(times_s))
    until_s = min(violation.stop_s + 0.2, float(times_s[start]) + _AHEAD_S)
    return start, min(int(np.searchsorted(times_s, until_s, side="right")), shot_stop)


def _centres(times_s: Floats, boxes: Floats, ahead_s: Floats) -> Floats:
    """Centres (n, 2) at the times ahead; the way before is `boxes` at `times_s`."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    size_px = float(np.sqrt(np.median(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))))
    for length in _LENGTHS:
        if length > len(centres):
            continue
        fit = fit_parabola(times_s[-length:], centres[-length:])
        if float(fit.rms_px.max()) <= max(1.0, _FITS * size_px):
            since_s = (ahead_s - fit.origin_s)[:, None]
            return np.asarray(since_s ** np.arange(3) @ fit.coefficients)
    return _straight(times_s[-3:], centres[-3:], ahead_s)


def _straight(times_s: Floats, centres: Floats, ahead_s: Floats) -> Floats:
    """The way on at the mean speed of the last steps."""
    speed = (centres[-1] - centres[0]) / (times_s[-1] - times_s[0])
    return np.asarray(centres[-1] + (ahead_s - times_s[-1])[:, None] * speed)


def _box(row: list[float]) -> Box:
    x1, y1, x2, y2 = row
    return x1, y1, x2, y2

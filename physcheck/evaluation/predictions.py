"""What is predicted of a clip, by physcheck or by something simpler, in one form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physcheck.records import FLAG_PROBABILITY, Report, Unread
from physcheck.types import Floats

__all__ = ["Event", "Prediction", "from_report", "unread"]


@dataclass(frozen=True, slots=True)
class Event:
    """One violation that is claimed.

    kind: the rule. start_frame, stop_frame: stop exclusive. box: xyxy, px, at peak_frame,
    or None where the predictor says no place. probability: in [0, 1].
    """

    kind: str
    start_frame: int
    stop_frame: int
    peak_frame: int
    box: tuple[float, float, float, float] | None
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What is claimed of one clip.

    violation: how surely something is wrong, larger is worse; 0 where the clip has no score.
    scored: whether the predictor could tell at all. reason: why not.
    flagged: whether it accuses the clip.
    events: the claims. frames: (F,) how surely something is wrong in each frame, >= 0.
    times_s: (F,) presentation times, s. duration_s: of the clip.
    report: path of the report it was read from, or "".
    """

    violation: float
    scored: bool
    flagged: bool
    events: tuple[Event, ...]
    frames: Floats
    times_s: Floats
    duration_s: float
    reason: str = ""
    report: str = ""


def from_report(report: Report, path: str = "") -> Prediction:
    """Read the claims of a report.

    The number of a frame is the largest value / limit of any rule in it, 0 where no
    rule could judge.

    Args:
        report: of one clip. path: where it lies.
    """
    times_s = np.asarray(report.timeline.times_s, dtype=np.float64)
    frames = np.zeros(len(times_s))
    for lane in report.timeline.rules.values():
        if lane.excess is not None:
            excess = np.array([value or 0.0 for value in lane.excess])
            frames = np.maximum(frames, excess)
    events = tuple(
        Event(
            kind=one.rule,
            start_frame=one.start_frame,
            stop_frame=one.stop_frame,
            peak_frame=one.peak_frame,
            box=one.box,
            probability=one.probability,
        )
        for one in report.violations
        if one.probability >= FLAG_PROBABILITY
    )
    return Prediction(
        violation=0.0 if report.score is None else 1.0 - report.score,
        scored=report.score is not None,
        flagged=report.flagged,
        events=events,
        frames=frames,
        times_s=times_s,
        duration_s=report.video.duration_s,
        reason=report.score_reason if report.score is None else "",
        report=path,
    )


def unread(failure: Unread, n_frames: int = 0) -> Prediction:
    """The claims about a clip that could not be read: none, and not scored."""
    return Prediction(
        violation=0.0,
        scored=False,
        flagged=False,
        events=(),
        frames=np.zeros(n_frames),
        times_s=np.zeros(n_frames),
        duration_s=0.0,
        reason=failure.error,
    )

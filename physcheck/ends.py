"""Signals about how things begin, end and are lost: what vanish and appear share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from physcheck.fitness import size_of
from physcheck.signals import signal_of
from physcheck.types import Ending, Evidence, Floats, Shot, Signal, Track

__all__ = ["end_signal"]


_SIMPLY_THERE = -9.0
"""Log odds where a thing is seen before and after: nothing speaks for an end, nats."""


def end_signal(
    track: Track,
    shot: Shot,
    endings: Sequence[Ending],
    *,
    min_size_px: float,
    min_seen_frames: int,
    verb: str,
) -> Signal:
    """Log odds that a thing went into, or came from, nothing; very low while it is simply there.

    Args:
        track: the thing. shot: where it is seen.
        endings: its deaths and departures, or its births and returns.
        min_size_px: smaller things are not judged.
        min_seen_frames: things seen in fewer frames are not judged.
        verb: what it is accused of, for the sentence.

    Returns:
        One value a frame of the track, nats.
    """
    values = np.where(track.observed & ~track.border, _SIMPLY_THERE, np.nan)
    reasons = np.where(track.observed, np.where(track.border, "at the border", ""), "not seen")
    reasons = reasons.astype("U40")
    _abstain(values, reasons, _unfit(track, min_size_px, min_seen_frames))
    evidence = []
    for ending in endings if not _unfit(track, min_size_px, min_seen_frames) else ():
        rows = np.flatnonzero(np.isin(track.frames, (ending.frame, ending.other_frame)))
        if not np.isfinite(ending.log_odds) or ending.cause == "relocated":
            reason = ending.reason or "jumped elsewhere"
            values[rows], reasons[rows] = np.nan, reason
            continue
        values[rows], reasons[rows] = max(ending.log_odds, _SIMPLY_THERE), ""
        evidence.append(_evidence(track, ending, verb))
    return signal_of(track, values, reasons, unit="nats", evidence=evidence)


def _unfit(track: Track, min_size_px: float, min_seen_frames: int) -> str:
    # What came and went in the open was there briefly, that is the point.
    flash = track.birth.cause == track.death.cause == "open"
    if track.observed.sum() < min_seen_frames and not flash:
        return "seen too briefly"
    return "too small" if size_of(track) < min_size_px else ""


def _abstain(values: Floats, reasons: NDArray[np.str_], reason: str) -> None:
    if reason:
        values[:], reasons[:] = np.nan, reason


def _evidence(track: Track, ending: Ending, verb: str) -> Evidence:
    first, last = sorted((ending.frame, ending.other_frame))
    row = int(np.flatnonzero(track.frames == ending.frame)[0])
    best = min(ending.alternatives, key=lambda a: a.log_odds)
    x1, y1, x2, y2 = (float(value) for value in track.boxes[row])
    return Evidence(
        start=first,
        stop=last + 1,
        box=(x1, y1, x2, y2),
        text=f"{verb} in plain view, {_odds(ending.log_odds)} by all that was measured; the best "
        f"innocent explanation is: {best.name}",
        alternatives=ending.alternatives,
    )


def _odds(nats: float) -> str:
    return f"{np.exp(min(nats, 9.0)):.0f} to 1"

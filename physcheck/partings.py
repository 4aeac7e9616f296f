"""Signals about one thing that becomes two, or two that become one: what split and merge share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from physcheck.fitness import size_of
from physcheck.signals import signal_of
from physcheck.types import Change, Evidence, Signal, Track

__all__ = ["parting_signals"]

_SIMPLY_THERE = -9.0
"""Log odds where things are simply there, nats."""
_MIN_ROWS = 8


def parting_signals(
    tracks: Sequence[Track], kind: str, sentence: str, min_size_px: float
) -> list[Signal]:
    """Log odds that the number of things changed; very low while they are simply there.

    Args:
        tracks: of the shot. kind: of the changes, "split" or "merge".
        sentence: what to say of one. min_size_px: smaller things are not judged.
    """
    return [_signal(track, kind, sentence, min_size_px) for track in tracks]


def _signal(track: Track, kind: str, sentence: str, min_size_px: float) -> Signal:
    judged = track.observed & ~track.border
    values = np.where(judged, _SIMPLY_THERE, np.nan)
    reasons = np.where(track.observed, np.where(judged, "", "at the border"), "not seen")
    reasons = reasons.astype("U40")
    unfit = _unfit(track, min_size_px)
    if unfit:
        values[:], reasons[:] = np.nan, unfit
    evidence = []
    for change in track.changes if not unfit else ():
        # Where both are seen, next to the change.
        frame = change.stop if kind == "split" else change.start
        row = int(np.searchsorted(track.frames, frame))
        if change.kind != kind or not judged[row]:
            continue
        if not np.isfinite(change.log_odds):
            values[row], reasons[row] = np.nan, "cut, fade or camera"
            continue
        values[row] = np.nanmax([values[row], change.log_odds, _SIMPLY_THERE])
        reasons[row] = ""
        evidence.append(_evidence(track, change, row, sentence))
    return signal_of(track, values, reasons, unit="nats", evidence=evidence)


def _unfit(track: Track, min_size_px: float) -> str:
    if track.observed.sum() < _MIN_ROWS:
        return "seen too briefly"
    return "too small" if size_of(track) < min_size_px else ""


def _evidence(track: Track, change: Change, row: int, sentence: str) -> Evidence:
    x1, y1, x2, y2 = (float(value) for value in track.boxes[row])
    best = min(change.alternatives, key=lambda one: one.log_odds)
    odds = np.exp(np.clip(change.log_odds, 0.0, 9.0))
    text = (
        f"{sentence}, {odds:.0f} to 1 by all that was measured; the best innocent explanation "
        f"is: {best.name}"
    )
    box = change.box or (x1, y1, x2, y2)
    return Evidence(change.start, change.stop + 1, box, text, change.alternatives)

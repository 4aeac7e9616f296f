"""Signals about sudden changes within tracks: what the checks of continuity share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from physcheck.signals import signal_of
from physcheck.types import Bools, Change, Evidence, Signal, Track

__all__ = ["between", "change_signal"]


def change_signal(
    track: Track,
    *,
    kind: str,
    unit: str,
    unfit: str,
    amount: Callable[[Change], float],
    sentence: Callable[[Change], str],
    min_log_odds: float,
    known: Bools | None = None,
) -> Signal:
    """The amount of each sudden change of one kind, 0 in clear frames without one.

    Args:
        track: the thing. kind: of its changes. unit: of the signal.
        unfit: why the thing cannot be judged at all, "" where it can.
        amount: value of a change in the unit. sentence: what to say of it.
        min_log_odds: nats; a change of which the pixels say less is not judged.
        known: (T,) rows that can be judged, where these are not the clear ones.

    Returns:
        One value a frame of the track.
    """
    judged = track.clear if known is None else known
    values = np.where(judged, 0.0, np.nan)
    reasons = np.where(judged, "", "something near, or seen too briefly").astype("U40")
    reasons[track.border] = "at the border"
    reasons[~track.observed] = "not seen"
    if unfit:
        values[:], reasons[:] = np.nan, unfit
    evidence = []
    for change in track.changes if not unfit else ():
        if change.kind != kind:
            continue
        rows = np.flatnonzero((track.frames >= change.start) & (track.frames <= change.stop))
        if change.log_odds <= min_log_odds:
            values[rows], reasons[rows] = np.nan, "perhaps only the box changed"
            continue
        peak = int(rows[-1])
        values[peak] = max(amount(change), 0.0)
        evidence.append(_evidence(track, change, peak, sentence(change)))
    return signal_of(track, values, reasons, unit=unit, evidence=evidence)


def between(known: Bools, n_rows: int) -> Bools:
    """(T,) known rows with so many others on either side: nearer to an end nothing is compared."""
    rows = np.flatnonzero(known)
    inner = np.zeros(len(known), dtype=bool)
    inner[rows[n_rows : max(len(rows) - n_rows, 0)]] = True
    return inner


def _evidence(track: Track, change: Change, row: int, text: str) -> Evidence:
    x1, y1, x2, y2 = (float(value) for value in track.boxes[row])
    return Evidence(change.start, change.stop + 1, (x1, y1, x2, y2), text, change.alternatives)

"""Signals about sudden changes within tracks: what the checks of continuity share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from physcheck.signals import signal_of
from physcheck.types import Bools, Change, Evidence, Signal, Track

__all__ = ["between", "change_signal"]


_SIMPLY_THERE = -9.0
"""Log odds where nothing changes, or by too little to tell, nats."""


def change_signal(
    track: Track,
    *,
    kind: str,
    unfit: str,
    certainly: Callable[[Change], float],
    sentence: Callable[[Change], str],
    known: Bools | None = None,
) -> Signal:
    """Log odds that a thing changed in a way that things do not; very low without a change.

    Args:
        track: the thing. kind: of its changes.
        unfit: why the thing cannot be judged at all, "" where it can.
        certainly: by how much a change certainly exceeds what is looked at, above
            zero where it does. sentence: what to say of it.
        known: (T,) rows that can be judged, where these are not the clear ones.

    Returns:
        One value a frame of the track, nats.
    """
    judged = track.clear if known is None else known
    values = np.where(judged, _SIMPLY_THERE, np.nan)
    reasons = np.where(judged, "", "something near, or seen too briefly").astype("U40")
    reasons[track.border] = "at the border"
    reasons[~track.observed] = "not seen"
    if unfit:
        values[:], reasons[:] = np.nan, unfit
    evidence = []
    for change in track.changes if not unfit else ():
        if change.kind != kind or certainly(change) <= 0:
            continue
        rows = np.flatnonzero((track.frames >= change.start) & (track.frames <= change.stop))
        if not np.isfinite(change.log_odds):
            values[rows], reasons[rows] = np.nan, "cut, fade or camera"
            continue
        peak = int(rows[-1])
        values[peak] = np.nanmax([values[peak], change.log_odds, _SIMPLY_THERE])
        reasons[peak] = ""
        evidence.append(_evidence(track, change, peak, sentence(change)))
    return signal_of(track, values, reasons, unit="nats", evidence=evidence)


def between(known: Bools, n_rows: int) -> Bools:
    """(T,) known rows with so many others on either side: nearer to an end nothing is compared."""
    rows = np.flatnonzero(known)
    inner = np.zeros(len(known), dtype=bool)
    inner[rows[n_rows : max(len(rows) - n_rows, 0)]] = True
    return inner


def _evidence(track: Track, change: Change, row: int, text: str) -> Evidence:
    x1, y1, x2, y2 = (float(value) for value in track.boxes[row])
    best = min(change.alternatives, key=lambda one: one.log_odds)
    odds = np.exp(np.clip(change.log_odds, 0.0, 9.0))
    text = (
        f"{text}, {odds:.0f} to 1 by all that was measured; the best innocent explanation "
        f"is: {best.name}"
    )
    return Evidence(change.start, change.stop + 1, (x1, y1, x2, y2), text, change.alternatives)

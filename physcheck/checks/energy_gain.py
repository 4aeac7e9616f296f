"""The check `energy-gain`."""

from __future__ import annotations

import numpy as np

from physcheck import boxes as geometry
from physcheck.checks import check
from physcheck.falls import Bounce, bounces, stretches_of, untouched
from physcheck.signals import signal_of
from physcheck.types import Evidence, Floats, Shot, Signal, Track

__all__ = ["energy_gain"]


@check("energy-gain", group="trajectory", unit="drops")
def energy_gain(shot: Shot, *, error_weight: float = 2.0, reach_sizes: float = 0.5) -> list[Signal]:
    """A thing bounces higher than it fell from, and nothing struck it.

    Statistic: height of the rebound in units of the drop, by the speeds just before and
        just after the contact and the accelerations of both falls, less its error; over
        the rebound it grows with the share of the height that has been reached.
        Coming nearer the camera is allowed for by the growth of the thing.
    Abstains: no bounce between two free falls, down the picture; another thing that moves
        is near the contact and may have struck it; every bounce of the thing gains, which
        is told by `reversed`.
    Blind to: what is struck by something unseen looks as if it gained; gains that are
        less than the error; pendulums.
    Source: coefficient of restitution in (0, 1].

    Args:
        error_weight: standard errors taken off the logarithm of the gain.
        reach_sizes: body lengths around the contact in which others may have struck it.
    """
    return [_measure(track, shot, error_weight, reach_sizes) for track in shot.tracks]


def _measure(track: Track, shot: Shot, error_weight: float, reach: float) -> Signal:
    n = len(track.frames)
    values, reasons = np.full(n, np.nan), np.full(n, "no bounce between free falls", dtype="U40")
    evidence = []
    # Falls up the picture are heads that bob, or the picture stands on its head.
    found = [one for one in bounces(stretches_of(shot, track.id)) if one.after.acceleration[1] > 0]
    backwards = len(found) > 1 and all(one.surely_gained > 1 for one in found)
    for bounce in found:
        rows = _rising(track, bounce)
        if backwards:
            reasons[rows] = "every bounce gains: see reversed"
            continue
        if not untouched(track, shot, bounce.time_s, reach):
            reasons[rows] = "something may have struck it"
            continue
        climbed = _climbed(track, rows, bounce)
        values[rows], reasons[rows] = bounce.gain * np.exp(-error_weight * bounce.error), ""
        values[rows] *= climbed
        evidence.append(_evidence(track, rows, bounce))
    return signal_of(track, values, reasons, unit="drops", evidence=evidence)


def _rising(track: Track, bounce: Bounce) -> slice:
    """Rows from just before the contact to the highest that is seen of the rebound."""
    start = max(int(np.searchsorted(track.times_s, bounce.time_s)) - 1, 0)
    rebound = np.flatnonzero(np.isin(track.frames, bounce.after.frames))
    down = np.sign(bounce.after.acceleration[1])
    height = -down * geometry.centre(track.boxes[rebound])[:, 1]
    return slice(start, int(rebound[np.argmax(height)]) + 1)


def _climbed(track: Track, rows: slice, bounce: Bounce) -> Floats:
    """Share of the height seen of the rebound that is reached in each row."""
    y = np.sign(bounce.after.acceleration[1]) * geometry.centre(track.boxes[rows])[:, 1]
    risen = np.maximum(y[0] - y, 0.0)
    return np.asarray(risen / max(float(risen[-1]), 1e-9)).clip(0.0, 1.0)


def _evidence(track: Track, rows: slice, bounce: Bounce) -> Evidence:
    x1, y1, x2, y2 = (float(v) for v in track.boxes[rows.stop - 1])
    spread = 100 * float(np.expm1(bounce.error))
    return Evidence(
        start=int(track.frames[rows.start]),
        stop=int(track.frames[rows.stop - 1]) + 1,
        box=(x1, y1, x2, y2),
        text=f"rises to {bounce.gain:.2f} times the height that it fell from "
        f"(within {spread:.0f} %), with nothing near to strike it",
    )

"""The check `collision`."""

from __future__ import annotations

import numpy as np

from physcheck.checks import check
from physcheck.fitness import unfit_to_rest
from physcheck.signals import signal_of
from physcheck.starts import Approach, Start, find_starts, judged_rows, nearest_approach
from physcheck.types import Alternative, Evidence, Shot, Signal, Track

__all__ = ["collision"]

_ERROR_PX, _ERROR_SHARE = 1.0, 0.05
"""How well the gap between two things is known: px, and a share of their size for blur."""


@check("collision", group="interaction", unit="sigma")
def collision(
    shot: Shot,
    *,
    min_size_px: float = 12.0,
    min_gap_sizes: float = 0.15,
    max_due_s: float = 0.6,
) -> list[Signal]:
    """A thing at rest sets out before what comes towards it has touched it.

    Statistic: the lesser of two, in standard deviations: the gap between the two as the one
        at rest sets out, less what the other goes until the next frame, and how much further
        the one gets in two frames than if it sped up evenly. It counts only where another
        thing comes straight at it, would soon touch it, and it goes off in that direction.
    Abstains: not at rest for 0.4 s before, too small, at the border, within a region of
        several things, the gap is small, camera on the move; people, animals and vehicles.
    Blind to: what is struck and does not move, for it may be fixed or heavy; how fast things
        go after they met, for side by side they are seen as one; slow starts; what was not
        detected while it lay.
    Source: causality of launching, Michotte (1946), The perception of causality.

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        min_gap_sizes: body lengths between the two below which they may have touched.
        max_due_s: the other would have touched it within so long, s.
    """
    return [_measure(track, shot, min_size_px, min_gap_sizes, max_due_s) for track in shot.tracks]


def _measure(
    track: Track, shot: Shot, min_size_px: float, min_gap: float, max_due_s: float
) -> Signal:
    values = np.full(len(track.frames), np.nan)
    reasons = np.full(len(values), "not long in view", dtype="U40")
    evidence: list[Evidence] = []
    unfit = unfit_to_rest(track, shot, min_size_px)
    if unfit:
        reasons[:] = unfit
        return signal_of(track, values, reasons, unit="sigma")
    judged = judged_rows(track, shot)
    values[judged], reasons[judged] = 0.0, ""
    for start in find_starts(track, shot):
        coming = nearest_approach(track, start, shot)
        row = start.row + 1
        if coming is None or coming.due_s > max_due_s:
            continue
        apart = _apart_px(track, start, coming)
        if apart < min_gap * start.size_px or not track.clear[start.row]:
            values[row], reasons[row] = np.nan, "may have been touched"
            continue
        sigma = float(np.hypot(_ERROR_PX, _ERROR_SHARE * start.size_px))
        values[row], reasons[row] = min(apart / sigma, start.sharpness), ""
        evidence.append(_evidence(track, start, coming, apart))
    return signal_of(track, values, reasons, unit="sigma", evidence=evidence)


def _apart_px(track: Track, start: Start, coming: Approach) -> float:
    """The least gap before the next frame, in which the thing is seen on its way."""
    step_s = float(np.median(np.diff(track.times_s)))
    return coming.gap_px - coming.speed_px_per_s * step_s


def _evidence(track: Track, start: Start, coming: Approach, apart_px: float) -> Evidence:
    row = start.row
    x1, y1, x2, y2 = (float(value) for value in track.boxes[row])
    gap = f"object {coming.other_id} still {apart_px:.0f} px off"
    slow = f"{start.way_px[1]:.1f} px in two frames, {start.way_px[-1]:.1f} in {len(start.way_px)}"
    return Evidence(
        start=int(track.frames[row]),
        stop=int(track.frames[row]) + 2,
        box=(x1, y1, x2, y2),
        text=f"sets out ({slow}) before it is struck, {gap} and due in {coming.due_s:.2f} s",
        alternatives=(
            Alternative("touched by what comes", apart_px / start.size_px, gap),
            Alternative("sped up little by little", start.sharpness, slow),
        ),
    )

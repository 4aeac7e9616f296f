"""The check `spontaneous-motion`."""

from __future__ import annotations

import numpy as np

from physcheck.checks import check
from physcheck.fitness import unfit_to_rest
from physcheck.signals import signal_of
from physcheck.starts import Start, find_starts, judged_rows, nearest_other
from physcheck.types import Alternative, Evidence, Shot, Signal, Track

__all__ = ["spontaneous_motion"]


@check("spontaneous-motion", group="interaction", unit="sigma")
def spontaneous_motion(
    shot: Shot,
    *,
    min_size_px: float = 8.0,
    min_gap_sizes: float = 0.2,
) -> list[Signal]:
    """A thing that lies still sets out at once, with nothing near that could push it.

    Statistic: how much further it gets in its first two frames than if it sped up evenly
        over the frames after the start, in standard deviations of its place. A push
        shows in full at once; what falls, starts its engine or walks off gains speed
        little by little and shows next to nothing.
    Abstains: another thing near at the start, or so fast that it may have been; not at
        rest for 0.4 s before, too small, at the border, within a region of several things,
        camera on the move; people, animals and vehicles, which move by themselves.
    Blind to: slow starts; starts of less than a quarter of its size; things that nobody
        detected while they lay; what is pushed by something else without cause.
    Source: causality of launching, Michotte (1946), as in Physion (Bear et al. 2021).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        min_gap_sizes: body lengths within which another thing may have touched it.
    """
    return [_measure(track, shot, min_size_px, min_gap_sizes) for track in shot.tracks]


def _measure(track: Track, shot: Shot, min_size_px: float, min_gap: float) -> Signal:
    values = np.full(len(track.frames), np.nan)
    reasons = np.full(len(values), "not long in view", dtype="U40")
    evidence: list[Evidence] = []
    unfit = unfit_to_rest(track, shot, min_size_px)
    if unfit:
        reasons[:] = unfit
    else:
        judged = judged_rows(track, shot)
        values[judged], reasons[judged] = 0.0, ""
        for start in find_starts(track, shot):
            gap = nearest_other(track, start, shot)
            row = start.row + 1
            if gap < min_gap or not track.clear[start.row : row + 1].all():
                values[row], reasons[row] = np.nan, "something is near"
                continue
            values[row], reasons[row] = start.sharpness, ""
            evidence.append(_evidence(track, start, gap))
    return signal_of(track, values, reasons, unit="sigma", evidence=evidence)


def _evidence(track: Track, start: Start, gap: float) -> Evidence:
    row = start.row
    x1, y1, x2, y2 = (float(value) for value in track.boxes[row])
    nearest = "no other thing in view" if np.isinf(gap) else f"the nearest {gap:.1f} lengths off"
    slow = f"{start.way_px[1]:.1f} px in two frames, {start.way_px[-1]:.1f} in {len(start.way_px)}"
    return Evidence(
        start=int(track.frames[row]),
        stop=int(track.frames[row]) + 2,
        box=(x1, y1, x2, y2),
        text=f"sets out at once from rest ({slow}) with nothing near",
        alternatives=(
            Alternative("touched by another thing", 5.0 if np.isinf(gap) else gap, nearest),
            Alternative("sped up little by little", start.sharpness, slow),
        ),
    )

"""The check `teleport`."""

from __future__ import annotations

import numpy as np

from physcheck import boxes as geometry
from physcheck.checks import check
from physcheck.ends import size_of
from physcheck.signals import velocity_break
from physcheck.types import Evidence, Floats, Shot, Signal, Track

__all__ = ["teleport"]


@check("teleport", group="trajectory", unit="body lengths")
def teleport(
    shot: Shot,
    *,
    min_size_px: float = 10.0,
    half_window_frames: int = 5,
    max_pace: float = 0.7,
    error_weight: float = 3.0,
) -> list[Signal]:
    """A thing is suddenly elsewhere, by a way that no motion explains.

    Statistic: distance in body lengths between where the motion before and the motion
        after put the thing at the same moment, less its uncertainty and less two steps
        along the motion (dropped or doubled frames); for a thing that is gone from one
        place while a look-alike starts at another: the distance between the two.
    Abstains: too small, too fast, at the border, near other things, fewer than three
        clear frames on a side.
    Blind to: jumps shorter than about a body length; jumps of things faster than
        their own size a frame; swaps of look-alikes.
    Source: innovation gating, Bar-Shalom, Li, Kirubarajan (2001), ch. 5.

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        half_window_frames: frames on each side that tell the motion.
        max_pace: body lengths a frame beyond which a thing is too fast to judge.
        error_weight: standard deviations taken off the gap.
    """
    by_id = {track.id: track for track in shot.tracks}
    return [
        _measure(track, by_id, min_size_px, half_window_frames, max_pace, error_weight)
        for track in shot.tracks
    ]


def _measure(
    track: Track,
    by_id: dict[int, Track],
    min_size_px: float,
    half_window: int,
    max_pace: float,
    error_weight: float,
) -> Signal:
    n = len(track.frames)
    values, reasons = np.full(n, np.nan), np.full(n, "too few clear frames", dtype="U40")
    evidence: tuple[Evidence, ...] = ()
    if size_of(track) < min_size_px:
        reasons[:] = "too small"
    else:
        gap, pace = _gaps(track, half_window, error_weight)
        usable = track.clear & np.isfinite(gap) & (pace < max_pace)
        values[usable] = gap[usable]
        reasons[np.isfinite(gap) & (pace >= max_pace)] = "too fast"
        reasons[~track.clear] = "near another thing"
        reasons[track.border] = "at the border"
        reasons[~track.observed] = "not seen"
        reasons[usable] = ""
        evidence = _within(track, values)
        if track.death.cause == "relocated" and track.death.partner in by_id:
            there = by_id[track.death.partner]
            values[n - 1], reasons[n - 1] = _distance(track, there), ""
            evidence = (*evidence, _between(track, there, float(values[n - 1])))
    return Signal(
        track_ids=(track.id,),
        label=track.label,
        frames=track.frames,
        values=values,
        unit="body lengths",
        reasons=reasons,
        boxes=track.boxes,
        evidence=evidence,
    )


def _gaps(track: Track, half_window: int, error_weight: float) -> tuple[Floats, Floats]:
    """Unexplained gap (T,) in body lengths, and pace (T,) in body lengths a frame."""
    centre = track.mean[:, :2] * np.nan
    seen = np.flatnonzero(track.clear)
    centre[seen] = geometry.centre(track.boxes[seen])
    size = float(np.sqrt(np.median(geometry.size(track.boxes[track.observed]).prod(axis=1))))
    noise = np.sqrt(np.maximum(np.median(track.innovation_cov[:, 0, 0]) / 4, 0.25))
    there = velocity_break(track.times_s, centre, float(np.nan_to_num(noise, nan=1.0)), half_window)
    step = np.r_[np.nan, np.linalg.norm(np.diff(centre, axis=0), axis=1)]
    usual = np.array([_usual(step, k, half_window) for k in range(len(step))])
    length = np.linalg.norm(there.gap_px, axis=1)
    sigma = np.sqrt(np.trace(there.gap_covariance, axis1=1, axis2=2))
    # A gap shows in the very step, not only in what two fits extrapolate to.
    jump = np.fmax(step, np.r_[step[1:], np.nan]) - usual
    net = np.minimum(length - error_weight * sigma, jump) - 2 * usual
    return np.maximum(net, 0) / size, usual / size


def _usual(step: Floats, k: int, half_window: int) -> float:
    """Largest usual step around k, the steps at k left out: 90 % of the others."""
    near = np.r_[step[max(0, k - 2 * half_window) : k], step[k + 2 : k + 2 + 2 * half_window]]
    near = near[np.isfinite(near)]
    return float(np.percentile(near, 90)) if len(near) >= 4 else float("nan")


def _within(track: Track, values: Floats) -> tuple[Evidence, ...]:
    evidence = []
    for k in np.flatnonzero(np.nan_to_num(values) > 0.3):
        x1, y1, x2, y2 = (float(v) for v in track.boxes[k])
        start = int(track.frames[max(k - 1, 0)])
        text = f"jumps {values[k]:.1f} body lengths beyond what its motion explains"
        evidence.append(Evidence(start, int(track.frames[k]) + 1, (x1, y1, x2, y2), text))
    return tuple(evidence)


def _distance(a: Track, b: Track) -> float:
    here, there = geometry.centre(a.boxes[-1:])[0], geometry.centre(b.boxes[:1])[0]
    size = np.sqrt(geometry.size(a.boxes[-1:])[0].prod())
    return float(np.linalg.norm(there - here) / size)


def _between(a: Track, b: Track, distance: float) -> Evidence:
    x1, y1, x2, y2 = (float(v) for v in a.boxes[-1])
    return Evidence(
        start=int(a.frames[-1]),
        stop=int(b.frames[0]) + 1,
        box=(x1, y1, x2, y2),
        text=f"gone here and at once {distance:.1f} body lengths away (object {b.id})",
        alternatives=a.death.alternatives,
    )

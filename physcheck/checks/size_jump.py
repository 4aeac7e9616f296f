"""The check `size-jump`."""

from __future__ import annotations

import numpy as np

from physcheck import boxes as geometry
from physcheck.checks import check
from physcheck.ends import size_of
from physcheck.signals import level_shift, velocity_break
from physcheck.types import Bools, Evidence, Floats, Shot, Signal, Track

__all__ = ["size_jump"]


@check("size-jump", group="size", unit="log size")
def size_jump(
    shot: Shot,
    *,
    min_size_px: float = 12.0,
    window_frames: int = 6,
    max_waver: float = 0.06,
    error_weight: float = 2.0,
) -> list[Signal]:
    """A thing is suddenly, and from then on, larger or smaller.

    Statistic: step of log width and log height between the frames before and after,
        the lesser of the two (what hides or turns a thing changes one more than the
        other), the lesser of the plain step and the step of two trends (approach is a
        trend), minus its uncertainty. 0.18 is 20 % larger.
    Abstains: too small, at the border, near other things, outline wavers by itself
        (people, hands, smoke), fewer than three clear frames on a side.
    Blind to: growth that is slower than about the window; steps below 15 %;
        things whose outline wavers all the time.
    Source: log size as a smooth state, PDI-Bench (2025).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        window_frames: frames on each side that are compared.
        max_waver: scatter of log size about its level beyond which it is not judged.
        error_weight: standard errors taken off the step.
    """
    return [
        _measure(track, min_size_px, window_frames, max_waver, error_weight)
        for track in shot.tracks
    ]


def _measure(
    track: Track, min_size_px: float, window: int, max_waver: float, error_weight: float
) -> Signal:
    n = len(track.frames)
    reasons = np.full(n, "", dtype="U40")
    values = np.full(n, np.nan)
    if size_of(track) < min_size_px:
        reasons[:] = "too small"
        return _signal(track, values, reasons, ())
    log_size = np.log(np.maximum(geometry.size(track.boxes), 1.0))
    log_size[~track.clear] = np.nan
    step, error, waver = _steps(track.times_s, log_size, window)
    steady = waver < max_waver
    usable = track.clear & steady & np.isfinite(step)
    values[usable] = np.maximum(np.abs(step) - error_weight * error, 0.0)[usable]
    reasons[~usable] = _why(track, steady, step)[~usable]
    _keep_peaks(values)
    return _signal(track, values, reasons, _evidence(track, values, step))


def _steps(times_s: Floats, log_size: Floats, window: int) -> tuple[Floats, Floats, Floats]:
    """Common step of both sides, its error and the scatter beside it, each (T,)."""
    shifts = [level_shift(log_size[:, k], window, guard=1, floor=0.01) for k in range(2)]
    plain = np.stack([s.shift for s in shifts], axis=1)
    error = np.stack([s.error for s in shifts], axis=1).max(axis=1)
    waver = np.stack([s.scale for s in shifts], axis=1).max(axis=1)
    trends = velocity_break(times_s, log_size, 0.02, max(window - 1, 3)).gap_px
    known = np.isfinite(trends)
    trends = np.where(known, trends, plain)
    both = np.concatenate([plain, trends], axis=1)
    same_way = np.all(both > 0, axis=1) | np.all(both < 0, axis=1)
    step = np.where(same_way, np.sign(both[:, 0]) * np.abs(both).min(axis=1), 0.0)
    step[~np.isfinite(both).all(axis=1)] = np.nan
    return step, error, waver


def _why(track: Track, steady: Bools, step: Floats) -> np.ndarray:  # type: ignore[type-arg]
    reasons = np.full(len(step), "too few clear frames", dtype="U40")
    reasons[np.isfinite(step) & ~steady] = "outline wavers"
    reasons[~track.clear] = "near another thing"
    reasons[track.border] = "at the border"
    reasons[~track.observed] = "not seen"
    return reasons


def _keep_peaks(values: Floats) -> None:
    """A step shows in several windows; keep it where it is largest, else its half."""
    known = np.nan_to_num(values, nan=-1.0)
    for k in range(len(values)):
        near = known[max(0, k - 3) : k + 4]
        if np.isfinite(values[k]) and known[k] < near.max():
            values[k] = values[k] / 2


def _evidence(track: Track, values: Floats, step: Floats) -> tuple[Evidence, ...]:
    evidence = []
    seen = np.flatnonzero(track.observed)
    for k in np.flatnonzero(np.nan_to_num(values) > 0.08):
        before = seen[seen < k]
        start = int(before[-1]) if len(before) else int(k)
        x1, y1, x2, y2 = (float(v) for v in track.boxes[k])
        way = "larger" if step[k] > 0 else "smaller"
        percent = 100 * abs(np.expm1(step[k]))
        evidence.append(
            Evidence(
                start=int(track.frames[start]),
                stop=int(track.frames[k]) + 1,
                box=(x1, y1, x2, y2),
                text=f"{percent:.0f} % {way} than just before, width and height alike",
            )
        )
    return tuple(evidence)


def _signal(
    track: Track,
    values: Floats,
    reasons: np.ndarray,  # type: ignore[type-arg]
    evidence: tuple[Evidence, ...],
) -> Signal:
    return Signal(
        track_ids=(track.id,),
        label=track.label,
        frames=track.frames,
        values=values,
        unit="log size",
        reasons=reasons,
        boxes=track.boxes,
        evidence=evidence,
    )

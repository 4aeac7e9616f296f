"""The check `trajectory`."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from physcheck import boxes as geometry
from physcheck.checks import check
from physcheck.ends import size_of
from physcheck.kalman import estimate_noise
from physcheck.signals import velocity_break
from physcheck.things import is_self_propelled
from physcheck.types import Bools, Evidence, Floats, Shot, Signal, Track

__all__ = ["trajectory"]

_MIN_NOISE_PX = 0.4
_APART_FRAMES = 4
_AGREE = 0.25
_WELL_ABOVE = 0.8
"""Body lengths: contacts agree within the one, and the other is well above them."""


@check("trajectory", group="trajectory", unit="sigma")
def trajectory(
    shot: Shot,
    *,
    min_size_px: float = 12.0,
    half_window_frames: int = 6,
    min_pace: float = 0.04,
    max_pace: float = 0.8,
    max_residual: float = 4.0,
    slack_share: float = 0.12,
    max_waver: float = 0.12,
) -> list[Signal]:
    """A thing in free flight turns, stops or speeds up with nothing there to cause it.

    Statistic: change of velocity over its standard deviation, in which a share of the
        speed is included for perspective, lens and rolling shutter. Measured only
        where the thing flies: its path on both sides is one constant acceleration
        each, its outline is that of a rigid thing, nothing is near it and the picture
        around it is plain enough to show what it could have hit.
    Abstains: no free flight, things or edges nearby, too small, too slow, too fast,
        outline wavers, at the border, camera on the move; people, animals and vehicles,
        which move by themselves; a turn upwards that may be a bounce (it is none well
        above the level at which two other bounces agree).
    Blind to: slow turns; anything that propels itself; wrong accelerations that are
        constant; turns beside scenery; turns upwards, which may be bounces.
    Source: inertia as in PDI-Bench (2025), gated by contact.

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        half_window_frames: frames on each side that tell the velocity.
        min_pace, max_pace: body lengths a frame between which it is judged.
        max_residual: chi-squared per degree of freedom up to which a path is a flight.
        slack_share: share of the speed that velocity may err by.
        max_waver: scatter of log area beyond which a thing is not rigid.
    """
    if shot.world.moving_camera:
        return [_silent(track, "the camera moves") for track in shot.tracks]
    settings = (half_window_frames, min_pace, max_pace, max_residual, slack_share)
    return [
        _silent(track, reason)
        if (reason := _unfit(track, min_size_px, max_waver))
        else _measure(track, shot, *settings)
        for track in shot.tracks
    ]


def _unfit(track: Track, min_size_px: float, max_waver: float) -> str:
    if is_self_propelled(track.label):
        return "moves by itself"
    if size_of(track) < min_size_px:
        return "too small"
    area = np.log(np.maximum(geometry.size(track.boxes[track.clear]).prod(axis=1), 1.0))
    if len(area) < 8:
        return "seen too briefly"
    smooth = np.convolve(area, np.ones(5) / 5, mode="valid")
    waver = float(np.median(np.abs(area[2:-2] - smooth)))
    return "outline wavers" if waver > max_waver else ""


def _silent(track: Track, reason: str) -> Signal:
    n = len(track.frames)
    return _signal(track, np.full(n, np.nan), np.full(n, reason, dtype="U40"), ())


def _measure(
    track: Track,
    shot: Shot,
    half_window: int,
    min_pace: float,
    max_pace: float,
    max_residual: float,
    slack: float,
) -> Signal:
    centre = geometry.centre(track.boxes)
    centre[~track.clear] = np.nan
    noise = _noise_px(track, centre)
    turn = velocity_break(track.times_s, centre, noise, half_window)
    before, after = _flights(track.times_s, centre, noise, half_window)
    size = float(np.sqrt(np.median(geometry.size(track.boxes[track.observed]).prod(axis=1))))
    step_s = float(np.median(np.diff(track.times_s)))
    speed = np.fmax(np.linalg.norm(before[1], axis=1), np.linalg.norm(after[1], axis=1))
    pace = speed * step_s / size
    change = np.linalg.norm(turn.change_px_per_s, axis=1)
    sigma = np.sqrt(np.trace(turn.covariance, axis1=1, axis2=2) + (slack * speed) ** 2)
    values = change / sigma
    reasons = np.full(len(values), "", dtype="U40")
    flying = (before[0] < max_residual) & (after[0] < max_residual)
    _refuse(values, reasons, ~flying, "no free flight")
    _refuse(values, reasons, (pace < min_pace) | (pace > max_pace), "too slow or too fast")
    upward = _turns_up(before[1], after[1]) & ~_above_floor(track, shot, size)
    _refuse(values, reasons, upward, "may have bounced")
    _refuse(values, reasons, ~_alone(track), "something is near")
    _refuse(values, reasons, ~np.isfinite(values), "too few clear frames")
    return _signal(track, values, reasons, _evidence(track, values, before[1], after[1]))


def _noise_px(track: Track, centre: Floats) -> float:
    """Standard deviation of the middle as the track itself shows it, px."""
    size = np.log(np.maximum(geometry.size(track.boxes), 1.0))
    shown = estimate_noise(track.times_s, np.concatenate([centre, size], axis=1))[:2]
    return float(np.fmax(np.nanmax(np.r_[shown, 0.0]), _MIN_NOISE_PX))


def _refuse(values: Floats, reasons: NDArray[np.str_], where: Bools, reason: str) -> None:
    fresh = where & (reasons == "")
    values[where], reasons[fresh] = np.nan, reason


Flight = tuple[Floats, Floats]


def _flights(
    times_s: Floats, centre: Floats, noise: float, half_window: int
) -> tuple[Flight, Flight]:
    """Residual (T,) and velocity (T, 2) of the flights before and after each index.

    Each is a parabola through the rows on that side; where rows are missing, or stick
    out of the shot, there is none: residual inf, velocity NaN.
    """
    n, w = len(times_s), half_window
    missing = (np.full(n, np.inf), np.full((n, 2), np.nan))
    if n < w + 1:
        return missing, missing
    t = sliding_window_view(times_s, w)
    xy = np.moveaxis(sliding_window_view(centre, w, axis=0), 1, 2)
    sides = []
    for first, shift in ((w, -w), (0, 1)):
        index = np.arange(first, n - w if shift > 0 else n)
        residual, velocity = np.full(n, np.inf), np.full((n, 2), np.nan)
        window = index + shift
        known = np.isfinite(xy[window]).all(axis=(1, 2))
        if known.any():
            there, at = window[known], index[known]
            fit = _parabolas(t[there] - times_s[at, None], xy[there])
            residual[at] = fit[0] / noise**2
            velocity[at] = fit[1]
        sides.append((residual, velocity))
    return sides[0], sides[1]


def _parabolas(t: Floats, xy: Floats) -> tuple[Floats, Floats]:
    """Mean square residual (K,) and velocity at time 0 (K, 2) of K parabolas by least squares.

    Args:
        t: (K, w) s. xy: (K, w, 2) px.
    """
    scale = np.abs(t).max(axis=1)
    powers = (t / scale[:, None])[..., None] ** np.arange(3)
    normal = np.swapaxes(powers, 1, 2) @ powers
    coefficients = np.linalg.solve(normal, np.swapaxes(powers, 1, 2) @ xy)
    left = xy - powers @ coefficients
    freedom = 2 * (t.shape[1] - 3)
    return (left**2).sum(axis=(1, 2)) / freedom, coefficients[:, 1] / scale[:, None]


def _turns_up(before: Floats, after: Floats) -> Bools:
    """A rebound upwards, as from something below that was not seen."""
    change = after - before
    along = change / np.maximum(np.linalg.norm(change, axis=1, keepdims=True), 1e-9)
    return np.asarray(((before * along).sum(axis=1) < 0) & (along[:, 1] < -0.7))


def _above_floor(track: Track, shot: Shot, size: float) -> Bools:
    """(T,) True well above the level at which two other contacts of the thing agree."""
    own = [c for c in shot.world.contacts if c.track_id == track.id]
    above = np.zeros(len(track.frames), dtype=bool)
    for k, frame in enumerate(track.frames):
        levels = [c.point[1] for c in own if abs(c.frame - frame) > _APART_FRAMES]
        if len(levels) >= 2 and max(levels) - min(levels) < _AGREE * size:
            above[k] = track.boxes[k, 3] < min(levels) - _WELL_ABOVE * size
    return above


def _alone(track: Track) -> Bools:
    """(T,) True where the row and its neighbours are in the open."""
    alone = track.open.copy()
    for shift in (1, 2):
        alone[shift:] &= track.open[:-shift]
        alone[:-shift] &= track.open[shift:]
    return alone


def _evidence(track: Track, values: Floats, before: Floats, after: Floats) -> tuple[Evidence, ...]:
    evidence = []
    known = np.nan_to_num(values)
    for k in np.flatnonzero(known > 3).tolist():
        if known[k] < known[max(0, k - 3) : k + 4].max():
            continue
        x1, y1, x2, y2 = (float(v) for v in track.boxes[k])
        a, b = before[k], after[k]
        turn = np.degrees(
            np.arccos(np.clip(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)), -1, 1))
        )
        text = (
            f"turns by {turn:.0f} degrees in free flight, from {np.linalg.norm(a):.0f} "
            f"to {np.linalg.norm(b):.0f} px/s, with nothing near"
        )
        start, stop = (
            int(track.frames[max(k - 1, 0)]),
            int(track.frames[min(k + 1, len(known) - 1)]),
        )
        evidence.append(Evidence(start, stop + 1, (x1, y1, x2, y2), text))
    return tuple(evidence)


def _signal(
    track: Track,
    values: Floats,
    reasons: NDArray[np.str_],
    evidence: tuple[Evidence, ...],
) -> Signal:
    return Signal(
        track_ids=(track.id,),
        label=track.label,
        frames=track.frames,
        values=values,
        unit="sigma",
        reasons=reasons,
        boxes=track.boxes,
        evidence=evidence,
    )

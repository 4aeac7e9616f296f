"""The check `hover`."""

from __future__ import annotations

import numpy as np

from physcheck import boxes as geometry
from physcheck.checks import check
from physcheck.falls import is_fall, strength, stretches_of, untouched
from physcheck.fitness import unfit_to_rest
from physcheck.signals import signal_of
from physcheck.types import Evidence, Floats, Shot, Signal, Stretch, Track, World

__all__ = ["hover"]

_MAX_STIR_SIZES, _MOST = 0.15, 0.85
"""At rest: most of its places are within so many body lengths of the middle one."""
_MOVED_SIZES = 0.25
_ROWS_NEAR = 4
_ROWS_AFTER = 8
_LOWER_SIZES = 0.6
_STEEP = 0.6
_ABOVE_SIZES = 0.1
_PAUSE_ROWS = 4.5
_LEAST_FALL = 0.25
"""Of a fall from rest; what goes down by less drifts, or slides."""


@check("hover", group="floor", unit="body lengths")
def hover(
    shot: Shot,
    *,
    min_size_px: float = 10.0,
    reach_sizes: float = 0.3,
    min_rows: int = 6,
) -> list[Signal]:
    """A thing that was in flight stands still in mid-air.

    Statistic: how far the thing would have fallen, up from the highest point and down
        again, in the time for which it stands still, in its own sizes; by the acceleration
        that it, or another thing of the clip, shows in free fall.
    Abstains: nothing falls in the clip, too small, not in motion right before, something
        near that may hold it; landed from above where no surface is known further down,
        unless it falls on later as if let go; at the border, camera on the move; people,
        animals and vehicles.
    Blind to: things that hover all the time, and those that drift; what hangs from a
        thread that nobody sees; rests shorter than an honest turn at the highest point.
    Source: support relations in violation-of-expectation sets, after Physion (Bear et al. 2021).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        reach_sizes: body lengths within which another thing may hold it.
        min_rows: frames that make a rest.
    """
    pull = _pull(shot)
    return [
        _measure(track, shot, pull, min_size_px, reach_sizes, min_rows) for track in shot.tracks
    ]


def _pull(shot: Shot) -> dict[int, float]:
    """Acceleration down the picture, px/s^2, that each thing shows; under -1 the clip's."""
    found: dict[int, float] = {}
    falls = [one for one in shot.world.stretches if is_fall(one) and strength(one) > 0]
    for one in sorted(falls, key=strength):
        found[one.track_id] = found[-1] = float(one.acceleration[1])
    return found


def _measure(
    track: Track,
    shot: Shot,
    pull: dict[int, float],
    min_size_px: float,
    reach: float,
    min_rows: int,
) -> Signal:
    values = np.full(len(track.frames), np.nan)
    reasons = np.full(len(values), "did not fly here", dtype="U40")
    evidence: list[Evidence] = []
    unfit = unfit_to_rest(track, shot, min_size_px)
    if unfit or not pull:
        reasons[:] = unfit or "nothing falls in the clip"
    else:
        g = pull.get(track.id, pull[-1])
        for one in stretches_of(shot, track.id):
            inside = np.isin(track.frames, one.frames)
            if is_fall(one):
                values[inside], reasons[inside] = 0.0, ""
                continue
            words = _mid_air(one, track, shot, min_rows, g)
            if not words:
                continue
            if not all(untouched(track, shot, float(t), reach) for t in one.times_s[[0, -1]]):
                reasons[inside] = "something is near"
                continue
            values[inside] = g * one.duration_s**2 / 8 / one.size_px
            reasons[inside] = ""
            evidence.append(_evidence(track, one, g, words))
    return signal_of(track, values, reasons, unit="body lengths", evidence=evidence)


def _mid_air(rest: Stretch, track: Track, shot: Shot, min_rows: int, pull: float) -> str:
    """Why a stretch is a rest in mid-air, in words; "" where it is none, or may be none.

    pull: px/s^2 by which it would fall.
    """
    place = np.median(rest.places, axis=0)
    stir = np.quantile(np.linalg.norm(rest.places - place, axis=1), _MOST) / rest.size_px
    if len(rest.frames) < min_rows or stir > _MAX_STIR_SIZES:
        return ""
    before, after = _around(rest, track, place, shot.world)
    if len(before) < 2 or np.linalg.norm(before, axis=1).max() < _MOVED_SIZES:
        return ""
    step_s = float(np.median(np.diff(rest.times_s)))
    if _falls_on(after, pull * step_s**2 / rest.size_px):
        return "and falls on from there"
    if before[:, 1].min() > -_ABOVE_SIZES and _flew_in(rest, shot):
        return "where its way up ends"
    return "above where it bounced" if _bounced_lower(rest, place, shot) else ""


def _around(rest: Stretch, track: Track, place: Floats, world: World) -> tuple[Floats, Floats]:
    """Where it is in the rows before and after a rest, from its place there, body lengths."""
    rows = np.flatnonzero(track.observed & ~track.border)
    first, last = np.searchsorted(track.frames[rows], rest.frames[[0, -1]])
    middle = world.steadied(geometry.centre(track.boxes[rows]), track.frames[rows])
    middle = (middle - place) / rest.size_px
    return middle[max(0, first - _ROWS_NEAR) : first], middle[last + 1 : last + 1 + _ROWS_AFTER]


def _falls_on(after: Floats, pull: float) -> bool:
    """It goes down, steeply, ever faster, and not much slower than things fall here.

    after: (n, 2) body lengths from its place. pull: body lengths a row, a row.
    """
    if len(after) < 4:
        return False
    down = after[:, 1]
    gain = np.diff(down[: int(np.argmax(down)) + 1])
    return bool(
        down.max() > max(_MOVED_SIZES, _LEAST_FALL * pull * (np.argmax(down) + 1) ** 2 / 2)
        and len(gain) >= 2
        and gain[-1] > gain[0]
        and (gain > -0.05).all()
        and np.abs(after[:, 0]).max() < _STEEP * down.max()
    )


def _flew_in(rest: Stretch, shot: Shot) -> bool:
    """The thing was in free flight until right before it stood still."""
    step_s = float(np.median(np.diff(rest.times_s)))
    return any(
        is_fall(one) and -step_s < rest.times_s[0] - one.times_s[-1] < _PAUSE_ROWS * step_s
        for one in stretches_of(shot, rest.track_id)
    )


def _bounced_lower(rest: Stretch, place: Floats, shot: Shot) -> bool:
    """The thing itself touched something well below it."""
    lowest = place[1] + (0.5 + _LOWER_SIZES) * rest.size_px
    own = [c for c in shot.world.contacts if c.track_id == rest.track_id and c.kind == "bounce"]
    if not own:
        return False
    points = np.array([contact.point for contact in own])
    frames = np.array([contact.frame for contact in own])
    return bool((shot.world.steadied(points, frames)[:, 1] > lowest).any())


def _evidence(track: Track, rest: Stretch, pull: float, words: str) -> Evidence:
    row = int(np.searchsorted(track.frames, rest.frames[len(rest.frames) // 2]))
    x1, y1, x2, y2 = (float(value) for value in track.boxes[row])
    fall = pull * rest.duration_s**2 / 8
    return Evidence(
        start=int(rest.frames[0]),
        stop=int(rest.frames[-1]) + 1,
        box=(x1, y1, x2, y2),
        text=f"stands still for {rest.duration_s:.2f} s in mid-air {words}, "
        f"in which it would fall {fall:.0f} px",
    )

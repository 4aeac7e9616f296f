"""The check `count-change`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from physcheck import boxes as geometry
from physcheck.checks import check
from physcheck.fitness import size_of
from physcheck.signals import signal_of
from physcheck.types import Ending, Evidence, Floats, Shot, Signal, Track

__all__ = ["count_change"]

_SIMPLY_THERE = -9.0
"""Log odds where the number stays, nats."""
_EXPLAINED = ("clip", "border", "transition", "relocated")
_MIN_SHARE = 0.7
"""Of the rows of its life in which a thing must be seen, to be counted."""
_MIN_CLEAR = 0.5
_AROUND = 10
"""Frames before and after a change in which the others must be there."""
_NEAR = 3
"""Frames before and after a change in which they must be seen."""
_MAX_LOG_AREA, _MAX_COLOUR = 0.9, 15.0
"""Differences of log area and of grey levels up to which things are alike."""
_SURE_ROWS = 4
"""Rows into its life at which a thing is shown."""


class _Change(NamedTuple):
    """A thing that raises or lowers the number of its like."""

    ending: Ending
    born: bool
    n_others: int


@check("count-change", group="permanence", unit="nats")
def count_change(
    shot: Shot, *, min_size_px: float = 12.0, min_seen_frames: int = 10, alike_nats: float = 3.0
) -> list[Signal]:
    """There is one more, or one less, of several alike things, and nothing came or went.

    Statistic: log odds that a thing came from or went into nothing, as `appear` and
        `vanish` weigh them, and what it adds that the number of its like changes for good:
        others of its size and colour are in plain view all the while, and none of them was
        lost before that it could be, or is found later. Very low while the number stays.
    Abstains: too small, seen too briefly or too rarely, at the border, in a fade.
    Blind to: the first or last of its kind; numbers that change while things are
        hidden; crowds, where some thing is always lost.
    Source: number of objects, Wynn, Addition and subtraction by human infants (1992).

    Args:
        min_size_px: smaller side below which a thing is not counted, px.
        min_seen_frames: things seen in fewer frames are not counted.
        alike_nats: what a lasting change of the number adds, nats.
    """
    counted = [_unfit(track, min_size_px, min_seen_frames) == "" for track in shot.tracks]
    fit = [track for track, counts in zip(shot.tracks, counted, strict=True) if counts]
    return [
        _signal(
            track,
            list(_changes(track, fit, shot.tracks)) if counts else [],
            _unfit(track, min_size_px, min_seen_frames),
            alike_nats,
        )
        for track, counts in zip(shot.tracks, counted, strict=True)
    ]


def _unfit(track: Track, min_size_px: float, min_seen_frames: int) -> str:
    if track.observed.sum() < min_seen_frames:
        return "seen too briefly"
    if size_of(track) < min_size_px:
        return "too small"
    seen, clear = track.observed.mean(), track.clear[track.observed].mean()
    return "" if seen > _MIN_SHARE and clear > _MIN_CLEAR else "seen too rarely by itself"


def _changes(track: Track, fit: Sequence[Track], tracks: Sequence[Track]) -> Iterator[_Change]:
    """Ends of a thing that change the number of its like."""
    for ending, born in ((track.birth, True), (track.death, False)):
        if ending.cause in _EXPLAINED or not np.isfinite(ending.log_odds):
            continue
        others = [one for one in fit if one is not track and _there(one, ending.frame)]
        alike = [one for one in others if _alike(one, track)]
        if alike and not any(_may_be_it(one, track, ending, born) for one in tracks):
            yield _Change(ending, born, len(alike))


def _there(one: Track, frame: int) -> bool:
    """In plain view around a frame, and there long before and after."""
    if one.frames[0] > frame - _AROUND or one.frames[-1] < frame + _AROUND:
        return False
    return bool(one.observed[np.abs(one.frames - frame) <= _NEAR].all())


def _may_be_it(one: Track, track: Track, ending: Ending, born: bool) -> bool:
    """A thing of its kind that was lost before it came, or is found after it went."""
    if one is track or not _alike(one, track):
        return False
    return bool(one.frames[-1] < ending.frame if born else one.frames[0] > ending.frame)


def _alike(one: Track, other: Track) -> bool:
    apart = abs(np.log(_area(one) / _area(other)))
    colours = float(np.linalg.norm(_colour(one) - _colour(other)))
    return bool(apart < _MAX_LOG_AREA and colours < _MAX_COLOUR)


def _area(track: Track) -> float:
    return max(float(np.median(geometry.area(track.boxes[track.observed]))), 1.0)


def _colour(track: Track) -> Floats:
    return np.asarray(np.median(track.features[track.observed][:, :3], axis=0))


def _signal(track: Track, changes: Sequence[_Change], unfit: str, alike_nats: float) -> Signal:
    judged = track.observed & ~track.border
    values = np.where(judged, _SIMPLY_THERE, np.nan)
    reasons = np.where(track.observed, np.where(judged, "", "at the border"), "not seen")
    reasons = reasons.astype("U40")
    if unfit:
        values[:], reasons[:] = np.nan, unfit
    evidence = []
    for change in changes:
        seen = np.flatnonzero(judged)
        row = int(seen[_SURE_ROWS if change.born else -1 - _SURE_ROWS]) if len(seen) > 9 else 0
        values[row] = max(change.ending.log_odds + alike_nats, _SIMPLY_THERE)
        reasons[row] = ""
        evidence.append(_evidence(track, change, row))
    return signal_of(track, values, reasons, unit="nats", evidence=evidence)


def _evidence(track: Track, change: _Change, row: int) -> Evidence:
    frames = sorted((int(track.frames[row]), change.ending.frame, change.ending.other_frame))
    x1, y1, x2, y2 = (float(value) for value in track.boxes[row])
    more, n = ("more", change.n_others) if change.born else ("less", change.n_others + 1)
    best = min(change.ending.alternatives, key=lambda one: one.log_odds)
    return Evidence(
        start=max(frames[0], 0),
        stop=frames[-1] + 1,
        box=(x1, y1, x2, y2),
        text=f"one {more} of {n} alike, and nothing came or went; the best innocent "
        f"explanation is: {best.name}",
        alternatives=change.ending.alternatives,
    )

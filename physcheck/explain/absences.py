"""Ends that belong together: what comes out as foreseen, and what is gone, or there, for a while.

An end is weighed alone. But an absence has two ends, and so has a short presence; what
explains them innocently must explain both. And what comes out from behind something when
and where it was to be expected was behind it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from physcheck import boxes as geometry
from physcheck.types import Alternative, Ending, Gap, Return, Track

__all__ = ["weighed_together"]

_BOTH = 1.5
"""Nats that two ends of one absence weigh more than their sum says.

Each has the prior odds in it, which are some -5 and count once; the rest is left out, for
the two lean on the same scene.
"""
_ABSENT, _PRESENT = -2.5, -1.0
"""Nats; an end below it has its innocent explanation, which no other end takes away.

Of an absence, and of a presence: what is seen shortly may well be gone in the open, yet
have come in by an edge that nobody saw.
"""
_LONGEST_ABSENCE_S, _LONGEST_PRESENCE_S = 2.5, 0.5
_MIN_SEEN = 4
"""Frames in which a thing must have been seen."""
_MAX_LOOK = 16.0
"""Grey levels by which a thing may differ from before."""
_MAX_GROWTH = 0.4
"""Log size by which it may."""
_NEAR = 1.5
"""Sizes from where it should come out within which a thing is the one awaited."""
_CAME_OUT = -4.0
"""Nats at most of an end whose other one is as it was foreseen."""


class _End(NamedTuple):
    """One end of a track: which track, which gap of it, or -1, and whether it goes."""

    track: int
    gap: int
    goes: bool


def weighed_together(tracks: list[Track]) -> list[Track]:
    """Weigh ends that belong together anew.

    Args:
        tracks: of a piece, each end explained by itself.

    Returns:
        The same tracks, in the same order.
    """
    told = list(tracks)
    for gone, back in _foreseen(told):
        for end in (gone, back):
            _retell(told, end, _as_foreseen)
    for one, other in _pairs(told):
        odds = _at(told, one).log_odds + _at(told, other).log_odds + _BOTH
        for end in (one, other):
            _retell(told, end, partial(_raised, odds=odds))
    return told


def _at(tracks: list[Track], end: _End) -> Ending:
    track = tracks[end.track]
    if end.gap < 0:
        return track.death if end.goes else track.birth
    gap = track.gaps[end.gap]
    return gap.departure if end.goes else gap.arrival


def _retell(tracks: list[Track], end: _End, change: Callable[[Ending], Ending]) -> None:
    track, ending = tracks[end.track], change(_at(tracks, end))
    if end.gap < 0:
        ended = replace(track, death=ending) if end.goes else replace(track, birth=ending)
    else:
        gaps = list(track.gaps)
        old = gaps[end.gap]
        gaps[end.gap] = Gap(ending, old.arrival) if end.goes else Gap(old.departure, ending)
        ended = replace(track, gaps=tuple(gaps))
    tracks[end.track] = ended


def _as_foreseen(ending: Ending) -> Ending:
    """Of a thing that went behind something and came out when and where it should."""
    if not np.isfinite(ending.log_odds):
        return ending
    told = Alternative("went behind something", -5.0, "out when and where it was foreseen")
    rest = tuple(one for one in ending.alternatives if one.name != told.name)
    odds = min(ending.log_odds, _CAME_OUT)
    return replace(ending, cause="occluded", log_odds=odds, alternatives=(*rest, told))


def _raised(ending: Ending, odds: float) -> Ending:
    if odds <= ending.log_odds:
        return ending
    cause = "open" if odds > 0 and ending.cause != "relocated" else ending.cause
    return replace(ending, cause=cause, log_odds=odds)


def _foreseen(tracks: list[Track]) -> Iterator[tuple[_End, _End]]:
    """Departures behind something, and the returns that were foreseen."""
    for number, track in enumerate(tracks):
        for k, gap in enumerate(track.gaps):
            awaited = gap.departure.awaited
            if awaited is not None and _fits(track, gap.arrival.frame, awaited):
                yield _End(number, k, True), _End(number, k, False)
        awaited = track.death.awaited
        for other, come in enumerate(tracks) if awaited is not None else ():
            if other != number and awaited is not None and _fits(come, come.birth.frame, awaited):
                yield _End(number, -1, True), _End(other, -1, False)


def _fits(track: Track, frame: int, awaited: Return) -> bool:
    """Whether a thing that comes in a frame is the one awaited."""
    row = int(np.searchsorted(track.frames, frame))
    if not awaited.start <= frame < awaited.stop or row >= len(track.frames):
        return False
    box = np.array(awaited.box)
    away = np.abs(geometry.centre(track.boxes[row]) - geometry.centre(box))
    return bool((away < _NEAR * geometry.size(box)).all())


def _pairs(tracks: list[Track]) -> Iterator[tuple[_End, _End]]:
    """Two ends of one absence, or of one short presence, neither surely innocent."""
    seen = [n for n, track in enumerate(tracks) if track.observed.sum() >= _MIN_SEEN]
    for n in seen:
        for k in range(len(tracks[n].gaps)):
            yield from _if_doubtful(tracks, _End(n, k, True), _End(n, k, False), _ABSENT)
        if tracks[n].times_s[-1] - tracks[n].times_s[0] <= _LONGEST_PRESENCE_S:
            yield from _if_doubtful(tracks, _End(n, -1, False), _End(n, -1, True), _PRESENT)
    for a, b in itertools.permutations(seen, 2):
        if _again(tracks[a], tracks[b]):
            yield from _if_doubtful(tracks, _End(a, -1, True), _End(b, -1, False), _ABSENT)


def _if_doubtful(
    tracks: list[Track], one: _End, other: _End, least: float
) -> Iterator[tuple[_End, _End]]:
    ends = (_at(tracks, one), _at(tracks, other))
    if all(end.log_odds > least and end.cause != "relocated" for end in ends):
        yield one, other


def _again(gone: Track, come: Track) -> bool:
    """Whether a track may be an earlier one seen again after a while."""
    if not (gone.death.log_odds > _ABSENT and come.birth.log_odds > _ABSENT):
        return False
    if not 0 < come.times_s[0] - gone.times_s[-1] <= _LONGEST_ABSENCE_S:
        return False
    if come.birth.frame - gone.death.frame < 2:
        return False
    look = np.nanmedian(gone.features[-8:], axis=0) - np.nanmedian(come.features[:8], axis=0)
    sizes = [np.log(geometry.size(t.boxes[t.observed])) for t in (gone, come)]
    growth = np.abs(np.median(sizes[0], axis=0) - np.median(sizes[1], axis=0)).max()
    return bool(np.sqrt((look**2).mean()) < _MAX_LOOK and growth < _MAX_GROWTH)

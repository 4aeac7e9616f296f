"""Tracks that begin beside another: what may have come out of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from physcheck import boxes as geometry
from physcheck.explain.ways import MIN_ROWS, N_APART, Pair, Parting, Way

__all__ = ["of_twig", "twigs"]

_BESIDE = 1.0
"""Sizes between the boxes of twig and stem where the twig begins, at most."""
_MAX_LOG_AREA = 0.8
"""What is smaller may be a part, or be hidden behind the other."""
_MIN_ALONE = 8
_NOTHING = 9.0
_BACK_ROWS = 25
_JOINS = (0.1, 0.6, 1.2), (1.0, 0.0, -0.5)
"""Sizes by which the two ways miss each other, and what that says."""
_MAX_WAIT = 8
"""Rows for which the stem may be unseen, and in no region with others, as the twig begins."""
_N_FIT = 10
_PACE_ROWS = 3
_SWELL_ROWS = 6


def twigs(ways: Sequence[Way]) -> Iterator[tuple[int, Parting]]:
    """Every track that begins beside another, with the number of the likeliest stem."""
    first = np.array([way.time[0] if len(way.time) else 0 for way in ways])
    last = np.array([way.time[-1] if len(way.time) else 0 for way in ways])
    fit = np.array([way.fit for way in ways])
    for twig in ways:
        if len(twig.members) < MIN_ROWS or not twig.large:
            continue
        if twig.beginning.cause in ("clip", "transition", "border"):
            continue
        begins = int(twig.time[0])
        near = np.flatnonzero(fit & (first <= begins - MIN_ROWS) & (last >= begins + 1))
        reach = {j: _reach(ways[j], twig) for j in near.tolist() if ways[j] is not twig}
        stem = min(reach, key=lambda j: reach[j], default=-1)
        if stem >= 0 and np.isfinite(reach[stem]):
            one = _parting(ways[stem], twig)
            if one is not None:
                yield stem, one


def _reach(stem: Way, twig: Way) -> float:
    """How far the stem is where the twig begins, and how unlike in size; inf if too much."""
    here = stem.at(int(twig.time[0]))
    gap = float(geometry.gap(here[None], twig.boxes[:1])[0, 0]) * 2 / (stem.size + twig.size)
    unlike = abs(2 * float(np.log(stem.size / twig.size)))
    return gap + unlike if gap < _BESIDE and unlike < _MAX_LOG_AREA else float("inf")


def _parting(stem: Way, twig: Way) -> Parting | None:
    begins = twig.time[0]
    alone = np.flatnonzero(stem.time < begins)
    apart = np.flatnonzero((stem.time >= begins) & (stem.time <= twig.time[-1]))[:N_APART]
    if len(alone) < _MIN_ALONE or len(apart) < 2:
        return None
    between = np.sort(stem.members[[alone[-1], apart[0]]])
    if np.sum(~stem.thing.track.merged[between[0] : between[1]]) > _MAX_WAIT:
        return None
    number = {int(time): k for k, time in enumerate(twig.time[: 3 * N_APART])}
    times = [(int(i), number[int(stem.time[i])]) for i in apart if int(stem.time[i]) in number]
    pairs = [Pair(abs(int(stem.time[i])), stem.boxes[i], twig.boxes[k]) for i, k in times]
    single = np.median(stem.sides[alone[-N_APART:]], axis=0)
    return Parting(stem, twig, alone, apart, single, pairs) if len(pairs) >= 2 else None


def of_twig(parting: Parting, twig: Way, ways: Sequence[Way]) -> dict[str, float]:
    """What twig and stem tell of each other, by name of the test."""
    stem, near, apart = parting.stem, parting.near, parting.apart
    mine = np.arange(min(len(twig.members), N_APART))
    one = float(np.median(stem.sides[near].prod(axis=1)))
    stays = float(np.median(stem.sides[apart].prod(axis=1)))
    parts = float(np.median(twig.sides[mine].prod(axis=1)))
    before, after, other = stem.colour(near), stem.colour(apart), twig.colour(mine)
    last = stem.sides[parting.alone[-_SWELL_ROWS:]].prod(axis=1).max()
    here = stem.at(int(twig.time[0]))
    return {
        "gap": float(geometry.gap(here[None], twig.boxes[:1])[0, 0]) / parting.size,
        "twig like": abs(np.log(parts / one)) / 2,
        "stem like": abs(np.log(stays / one)) / 2,
        "alike": abs(np.log(parts / stays)) / 2,
        "sum": np.log((parts + stays) / one),
        "swell": np.log(last / one) / 2,
        "colour twig": float(np.linalg.norm(other - before)),
        "colour stem": float(np.linalg.norm(after - before)),
        "colour both": float(np.linalg.norm(other - after)),
        "gone in": _gone_in(parting, twig, ways),
        "open odds": twig.beginning.log_odds,
        "twig seen": twig.seen(mine),
        "twig clear": float(np.mean(twig.thing.track.clear[twig.members[mine]])),
        "twig border": float(np.mean(twig.thing.track.border[twig.members[mine]])),
        "twig rows": float(np.log(len(twig.members))),
        "twig score": float(np.nanmean(twig.thing.track.scores)),
        "twig way": _journey(twig, parting.size),
        **_meeting(parting, int(twig.time[0])),
    }


def _journey(way: Way, size: float) -> float:
    """Log of the way it goes, in sizes."""
    return float(np.log(np.ptp(geometry.centre(way.boxes), axis=0).max() / size + 0.1))


def _meeting(parting: Parting, begins: int) -> dict[str, float]:
    """How they part: whether, and when, their ways meet if followed back."""
    times = np.array([abs(pair.row - abs(begins)) for pair in parting.pairs], dtype=np.float64)
    one, other = (np.array([pair[k] for pair in parting.pairs]) for k in (1, 2))
    offsets = geometry.centre(other) - geometry.centre(one)
    far = np.linalg.norm(offsets[_PACE_ROWS:] - offsets[:-_PACE_ROWS], axis=1)
    paces = far / np.maximum(times[_PACE_ROWS:] - times[:-_PACE_ROWS], 1)
    fastest = float(paces.max()) if len(paces) else 0.0
    told = {"ways": float(np.log(len(parting.alone) * fastest / parting.size + 0.1))}
    if len(times) < 3:
        return told
    slope, start = np.polyfit(times[:_N_FIT], offsets[:_N_FIT], 1)
    back = np.linalg.norm(start - slope * np.arange(_BACK_ROWS)[:, None], axis=1)
    return told | {
        "pace": float(np.linalg.norm(slope)) / parting.size,
        "meets": float(back.min()) / parting.size,
        "joins": float(np.interp(back.min() / parting.size, *_JOINS)),
        "lead": float(back.argmin()),
    }


def _gone_in(parting: Parting, twig: Way, ways: Sequence[Way]) -> float:
    """Sizes to the nearest thing of its size that ended at the stem before; 9 if there is none."""
    nearest = _NOTHING
    for other in ways:
        if other is twig or other is parting.stem or len(other.members) < MIN_ROWS - 1:
            continue
        if other.time[-1] < twig.time[0] and abs(np.log(other.size / twig.size)) < 0.75:
            there = geometry.centre(parting.stem.at(int(other.time[-1]))[None])
            way = np.linalg.norm(there - geometry.centre(other.boxes[-1:]))
            nearest = min(nearest, float(way) / parting.size)
    return nearest

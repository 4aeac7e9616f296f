"""One thing becomes two alike, or two become one: what split and merge share.

A split is looked at forward, a merger backward in time; what is measured is the same.
The thing that was there alone is called the stem, the one that parts from it the twig.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from physcheck import boxes as geometry
from physcheck.signals import signal_of
from physcheck.things import lives
from physcheck.types import Alternative, Evidence, Floats, Ints, Signal, Track

__all__ = ["Parting", "parting_signals", "partings"]

_BESIDE = 0.6
"""Sizes from the twig's end within which the stem must be."""
_PACE_ROWS = 8
_MIN_ROWS = 6
_FAREST_ROWS = 20
_NEAR_PAST = 1.5
"""Sizes within which an earlier end may be that of the twig."""
_LOST = ("unclear", "missed", "occluded", "merged", "split", "open", "relocated", "transition")


@dataclass(frozen=True, slots=True)
class Parting:
    """A twig that parts from a stem.

    stem, twig: numbers among the tracks. row: of the twig, where it begins (or ends).
    start, stop: frames of the change itself, both in it.
    log_odds: against the best innocent explanation, nats.
    """

    stem: int
    twig: int
    row: int
    start: int
    stop: int
    log_odds: float
    alternatives: tuple[Alternative, ...]


def partings(tracks: Sequence[Track], step: int) -> Iterator[Parting]:
    """Find every twig that has a stem.

    Args:
        tracks: of the shot. step: 1 for splits, -1 for mergers.
    """
    paths = [_Path.of(track, step) for track in tracks]
    for k, twig in enumerate(paths):
        ending = tracks[k].birth if step > 0 else tracks[k].death
        if len(twig.rows) < _MIN_ROWS or ending.cause not in _LOST or lives(tracks[k].label):
            continue
        stems = [j for j in range(len(paths)) if j != k and _is_stem(paths[j], twig)]
        if stems:
            j = min(stems, key=lambda number: _distance(paths[number], twig, twig.time[0]))
            found = _parting(paths, j, k)
            if found is not None:
                yield found


@dataclass(frozen=True, slots=True, eq=False)
class _Path:
    """What a track shows, along or against time; N seen rows.

    rows: (N,) rows of the track, the earliest in the direction of looking first.
    time: (N,) frame numbers times the direction. place: (N, 2) px. log_area: (N,).
    """

    track: Track
    rows: Ints
    time: Ints
    place: Floats
    log_area: Floats
    looks: Floats

    @classmethod
    def of(cls, track: Track, step: int) -> _Path:
        rows = np.flatnonzero(track.observed)[::step]
        looks = (
            track.features[rows, :3] if track.features.shape[1] >= 3 else np.zeros((len(rows), 3))
        )
        area = np.log(np.maximum(geometry.area(track.boxes[rows]), 1.0))
        return cls(track, rows, step * track.frames[rows], track.mean[rows, :2], area, looks)

    def size(self) -> float:
        return float(np.exp(np.median(self.log_area) / 2))

    def at(self, time: float) -> Floats:
        """(2,) px where it is at a time; where it ends, beyond."""
        return np.array([np.interp(time, self.time, self.place[:, axis]) for axis in (0, 1)])


def _is_stem(stem: _Path, twig: _Path) -> bool:
    """There long before the twig, there with it, and near where it begins."""
    begins = twig.time[0]
    if len(stem.rows) == 0 or (stem.time < begins).sum() < 2 * _MIN_ROWS:
        return False
    if (stem.time >= begins).sum() < _MIN_ROWS:
        return False
    return _distance(stem, twig, begins) < _BESIDE * (stem.size() + twig.size())


def _distance(stem: _Path, twig: _Path, time: float) -> float:
    return float(np.linalg.norm(stem.at(time) - twig.at(time)))


def _parting(paths: Sequence[_Path], j: int, k: int) -> Parting | None:
    stem, twig = paths[j], paths[k]
    begins = int(twig.time[0])
    away = _pace(stem, twig)
    size = min(stem.size(), twig.size())
    # While they overlap, the stem's box holds both.
    together = float(np.clip(1.5 * size / max(away, 1e-6), 3, _FAREST_ROWS))
    alone = np.flatnonzero(stem.time < begins - together)[-2 * _FAREST_ROWS :]
    apart = np.flatnonzero((stem.time > begins) & (stem.time <= begins + _FAREST_ROWS))
    mine = np.flatnonzero(twig.time > begins)[:_FAREST_ROWS]
    if min(len(alone), len(apart), len(mine)) < _MIN_ROWS - 2:
        return None
    alternatives = (
        *_ask_stuff(stem, twig, alone, apart, mine),
        _ask_hidden(stem, alone, away, size),
        _ask_past(paths, j, k, begins, size),
        _ask_border(stem, twig, alone),
        _ask_whole(stem, twig, alone, mine),
    )
    frames = sorted((abs(begins - round(together)), abs(begins)))
    return Parting(
        stem=j,
        twig=k,
        row=int(twig.rows[0]),
        start=frames[0],
        stop=frames[1],
        log_odds=min(a.log_odds for a in alternatives),
        alternatives=alternatives,
    )


def _pace(stem: _Path, twig: _Path) -> float:
    """How fast they part, at the fastest over some rows, px a frame."""
    times = twig.time[twig.time <= twig.time[0] + _FAREST_ROWS]
    apart = np.array([twig.at(t) - stem.at(t) for t in times])
    lag = min(_PACE_ROWS, len(times) - 1)
    if lag < 2:
        return 0.0
    way = np.linalg.norm(apart[lag:] - apart[:-lag], axis=1)
    return float((way / (times[lag:] - times[:-lag])).max())


def _ask_stuff(
    stem: _Path, twig: _Path, alone: Ints, apart: Ints, mine: Ints
) -> tuple[Alternative, ...]:
    before = float(np.median(stem.log_area[alone]))
    stays, parts = float(np.median(stem.log_area[apart])), float(np.median(twig.log_area[mine]))
    gained = float(np.logaddexp(stays, parts)) - before
    unlike = max(abs(stays - before), abs(parts - stays)) / 2
    waver = float(np.std(stem.log_area[alone])) / 2
    colour = np.median(twig.looks[mine], axis=0)
    look = min(
        float(np.linalg.norm(np.median(stem.looks[rows], axis=0) - colour))
        for rows in (alone, apart)
    )
    return (
        Alternative(
            "there were two all along, seen as one",
            float(np.interp(gained, (0.2, 0.4, 0.6), (-4.0, 0.0, 4.0))),
            f"together {np.exp(gained):.2f} times the area of the one",
        ),
        Alternative(
            "a part, or another kind of thing",
            min(
                float(np.interp(unlike, (0.08, 0.2, 0.4), (3.0, 0.0, -4.0))),
                float(np.interp(look, (6.0, 15.0, 30.0), (3.0, 0.0, -4.0))),
            ),
            f"sizes differ by {100 * np.expm1(unlike):.0f} %, colours by {look:.0f} grey levels",
        ),
        Alternative(
            "its outline is unsure",
            float(np.interp(waver, (0.04, 0.1, 0.2), (3.0, 0.0, -4.0))),
            f"log size of the one wavers by {waver:.2f}",
        ),
    )


def _ask_hidden(stem: _Path, alone: Ints, away: float, size: float) -> Alternative:
    """At their pace, the other should have been seen long before (or again)."""
    rows = float(np.ptp(stem.time[alone])) if len(alone) else 0.0
    ways = away * rows / size
    return Alternative(
        "one was hidden by the other",
        float(np.interp(ways, (0.7, 1.4, 2.8), (-4.0, 0.0, 3.0))),
        f"alone for {rows:.0f} frames, {ways:.1f} sizes of the way at which they part",
    )


def _ask_past(paths: Sequence[_Path], j: int, k: int, begins: int, size: float) -> Alternative:
    """Did anything go in here before that may now come out?"""
    nearest = 99.0
    for number, other in enumerate(paths):
        if number in (j, k) or not len(other.time) or other.time[-1] >= begins:
            continue
        gap = float(np.linalg.norm(paths[j].at(other.time[-1]) - other.place[-1])) / size
        if other.log_area[-1] > np.log(size**2) - 1.5:
            nearest = min(nearest, gap)
    return Alternative(
        "it had gone in before",
        float(np.interp(nearest, (0.8, _NEAR_PAST, 3.0), (-4.0, 0.0, 3.0))),
        "nothing did" if nearest > 90 else f"something did {nearest:.1f} sizes away",
    )


def _ask_border(stem: _Path, twig: _Path, alone: Ints) -> Alternative:
    share = float(np.mean(stem.track.border[stem.rows[alone]]))
    cut = bool(twig.track.border[twig.rows[:3]].any())
    return Alternative(
        "it came in from the border",
        -4.0 if cut else float(np.interp(share, (0.0, 0.2), (4.0, -4.0))),
        "at the border" if cut or share > 0.1 else "far from the border",
    )


def _ask_whole(stem: _Path, twig: _Path, alone: Ints, mine: Ints) -> Alternative:
    """Fragments of something larger come and go, and are seen in some frames only."""
    seen = min(_seen(stem, alone), _seen(twig, mine))
    clear = float(np.mean(stem.track.clear[stem.rows[alone]]))
    return Alternative(
        "they are parts of something larger",
        min(
            float(np.interp(seen, (0.6, 0.8, 0.95), (-4.0, 0.0, 3.0))),
            float(np.interp(clear, (0.4, 0.7, 0.9), (-4.0, 0.0, 3.0))),
        ),
        f"seen in {100 * seen:.0f} % of the frames, by itself in {100 * clear:.0f} %",
    )


def _seen(path: _Path, members: Ints) -> float:
    """Share of the rows of a stretch in which it was seen."""
    rows = path.rows[members]
    return len(rows) / (int(np.ptp(rows)) + 1)


def parting_signals(
    tracks: Sequence[Track], step: int, words: str, min_size_px: float
) -> list[Signal]:
    """Log odds that two came from one (or became one); 0 while things are simply there.

    Args:
        tracks: of the shot. step: 1 for splits, -1 for mergers.
        words: what the twig does to the stem. min_size_px: smaller ones are not judged.
    """
    found: dict[int, list[Parting]] = {}
    for one in partings(tracks, step):
        found.setdefault(one.twig, []).append(one)
    return [_signal(tracks, k, found.get(k, []), words, min_size_px) for k in range(len(tracks))]


def _signal(
    tracks: Sequence[Track], k: int, found: Sequence[Parting], words: str, min_size_px: float
) -> Signal:
    track = tracks[k]
    judged = track.observed & ~track.border
    values = np.where(judged, 0.0, np.nan)
    reasons = np.where(track.observed, np.where(judged, "", "at the border"), "not seen")
    reasons = reasons.astype("U40")
    unfit = _unfit(track, min_size_px)
    if unfit:
        values[:], reasons[:] = np.nan, unfit
    evidence = []
    for one in found if not unfit else ():
        values[one.row], reasons[one.row] = one.log_odds, ""
        x1, y1, x2, y2 = (float(value) for value in track.boxes[one.row])
        evidence.append(
            Evidence(
                one.start,
                one.stop + 1,
                (x1, y1, x2, y2),
                f"{words} object {tracks[one.stem].id}, as large and of the same look",
                one.alternatives,
            )
        )
    return signal_of(track, values, reasons, unit="nats", evidence=evidence)


def _unfit(track: Track, min_size_px: float) -> str:
    if track.observed.sum() < _MIN_ROWS:
        return "seen too briefly"
    small = np.median(geometry.size(track.boxes[track.observed]).min(axis=1)) < min_size_px
    return "too small" if small else ""

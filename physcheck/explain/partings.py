"""Does one thing become two, or do two become one? How alike the two are, and how they part.

What a person sees at once, the pixels tell: there is the same thing twice, where it was
once before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from physcheck import boxes as geometry
from physcheck.explain.growths import growths
from physcheck.explain.pixels import Pixels
from physcheck.explain.suspects import Suspect, Thing
from physcheck.explain.twigs import of_twig, twigs
from physcheck.explain.twins import ends_alike, likeness, likeness_later
from physcheck.explain.ways import Parting, Way
from physcheck.explain.weighing import OUTLINE, TWIG
from physcheck.things import lives
from physcheck.types import Alternative

__all__ = ["parting_suspects"]

_STEPS = {"split": 1, "merge": -1}
_N_ASKED = 4
_TWINS = (0.6, 0.9), (0.0, 1.0)
"""Correlations from which on two are alike, and surely so."""
_FAR = 9.0
_BOTH_WAYS = 1.1
"""Growth of both sides from which on the two may lie along either diagonal."""


def parting_suspects(things: Sequence[Thing], pixels: Pixels) -> list[list[Suspect]]:
    """Find where one thing may become two, or two one.

    Args:
        things: of the piece, their ends explained. pixels: of the piece.

    Returns:
        Of each thing the suspects of the kinds "split" and "merge".
    """
    # Where two are in one region, its outline is what counts.
    things = [replace(one, known=one.track.observed) for one in things]
    found: list[list[Suspect]] = [[] for _ in things]
    for kind, step in _STEPS.items():
        ways = [Way.of(thing, step, pixels.px) for thing in things]
        alive = _Alive(ways)
        pairs = list(twigs(ways))
        pairs += [(k, one) for k, way in enumerate(ways) if _rigid(way) for one in growths(way)]
        for k, parting in pairs:
            found[k].append(_suspect(kind, parting, ways, alive, pixels))
    return found


def _rigid(way: Way) -> bool:
    """Whether its outline may be asked: what lives spreads its limbs."""
    return way.fit and not lives(way.thing.track.label)


class _Alive:
    """How many tracks are there at a time."""

    def __init__(self, ways: Sequence[Way]) -> None:
        self._first = np.array([way.time[0] for way in ways if len(way.time)])
        self._last = np.array([way.time[-1] for way in ways if len(way.time)])

    def at(self, time: int) -> int:
        return int(np.sum((self._first <= time) & (self._last >= time)))


def _suspect(
    kind: str, parting: Parting, ways: Sequence[Way], alive: _Alive, pixels: Pixels
) -> Suspect:
    stem, twig, alone, apart = parting.stem, parting.twig, parting.alone, parting.apart
    start, stop = sorted((int(stem.members[alone[-1]]), int(stem.members[apart[0]])))
    measured = {
        **stem.thing.circumstances(start, stop, pixels),
        **_of_stem(parting),
        **_alike(parting, pixels),
        "crowd": float(np.log(alive.at(int(stem.time[apart[0]])))),
        **(of_twig(parting, twig, ways) if twig is not None else _of_outline(parting)),
    }
    return Suspect(
        kind=kind,
        before=start,
        after=stop,
        amount=_offset(parting),
        error=0.0,
        measured=measured,
        alternatives=_alternatives(measured),
        # An outline grows for many reasons; only two alike in it make a case.
        most=np.inf if twig is not None else _parts(measured["twin"]),
        steady=stem.thing.steady(start, stop, pixels),
        model=OUTLINE if twig is None else TWIG,
        box=_around_both(parting, start if kind == "merge" else stop),
    )


def _around_both(parting: Parting, row: int) -> tuple[float, float, float, float]:
    """The box around stem and twig in a row of the stem, px of the clip."""
    track, twig = parting.stem.thing.track, parting.twig
    boxes = track.boxes[row][None]
    if twig is not None:
        other = twig.thing.track
        k = int(np.clip(np.searchsorted(other.frames, track.frames[row]), 0, len(other.frames) - 1))
        boxes = np.concatenate([boxes, other.boxes[k][None]])
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _parts(twin: float) -> float:
    """Log odds against two parts of one thing, by how alike they look."""
    return float(np.interp(twin, (0.3, 0.6, 0.9), (-3.0, 0.0, 6.0)))


def _alternatives(measured: dict[str, float]) -> tuple[Alternative, ...]:
    """Innocent explanations, each with what speaks for it."""
    twin, waver = measured["twin"], measured["waver"]
    found = [
        Alternative(
            "two parts of one thing, or two different things",
            _parts(twin),
            f"the pictures of the two correlate by {twin:.2f}",
        ),
        Alternative(
            "its outline is unsure",
            float(np.interp(waver, (0.04, 0.1, 0.2), (3.0, 0.0, -3.0))),
            f"log size of the one wavers by {waver:.2f}",
        ),
    ]
    if "ways" in measured:
        ways, gone, total = np.exp(measured["ways"]), measured["gone in"], measured["sum"]
        found += [
            Alternative(
                "one was hidden by the other",
                float(np.interp(ways, (0.7, 2.0, 6.0), (-3.0, 0.0, 3.0))),
                f"alone for {ways:.1f} sizes of the way at which they part",
            ),
            Alternative(
                "it had gone in before, or comes out again",
                float(np.interp(gone, (0.8, 1.5, 3.0), (-3.0, 0.0, 3.0))),
                "nothing did" if gone >= _FAR else f"something did {gone:.1f} sizes away",
            ),
            Alternative(
                "there were two all along, seen as one",
                float(np.interp(total, (0.2, 0.4, 0.6), (-3.0, 0.0, 3.0))),
                f"together {np.exp(total):.2f} times the area of the one",
            ),
        ]
    return tuple(found)


def _of_stem(parting: Parting) -> dict[str, float]:
    """How well the one was known before there were two."""
    stem, near = parting.stem, parting.near
    track, rows = stem.thing.track, stem.members[near]
    log_sides = np.log(np.maximum(stem.sides[near], 1.0))
    middle = geometry.centre(stem.boxes)
    return {
        "alone rows": float(np.log(len(parting.alone))),
        "apart rows": float(np.log(len(parting.pairs))),
        "offset": float(np.log(_offset(parting) + 0.1)),
        "waver w": float(np.std(log_sides[:, 0])),
        "waver h": float(np.std(log_sides[:, 1])),
        "waver": float(np.std(log_sides.sum(axis=1))) / 2,
        "seen alone": stem.seen(near),
        "clear alone": float(np.mean(track.clear[rows])),
        "border alone": float(np.mean(track.border[rows])),
        "merged alone": float(np.mean(track.merged[rows])),
        "stem way": float(np.log(np.ptp(middle, axis=0).max() / parting.size + 0.1)),
    }


def _offset(parting: Parting) -> float:
    """How far apart the two are, in sizes."""
    one, other = (np.array([pair[k] for pair in parting.pairs]) for k in (1, 2))
    way = np.linalg.norm(geometry.centre(other) - geometry.centre(one), axis=1)
    return float(np.median(way)) / parting.size


def _of_outline(parting: Parting) -> dict[str, float]:
    """How an outline grew that holds two."""
    stem, near = parting.stem, parting.near
    wider, higher = np.log(np.median(stem.sides[parting.apart[:6]], axis=0) / parting.single)
    log_area = np.log(np.maximum(stem.sides.prod(axis=1), 1.0))
    late = log_area[parting.apart]
    return {
        "wider": float(wider),
        "higher": float(higher),
        "one way": float(abs(wider - higher)),
        "waver after": float(np.std(late)) / 2,
        "stays grown": float(np.median(late[len(late) // 2 :]) - log_area[near].mean()),
    }


def _alike(parting: Parting, pixels: Pixels) -> dict[str, float]:
    """How alike the two are, and how like the one before."""
    pairs = parting.pairs
    some = np.unique(np.linspace(0, len(pairs) - 1, _N_ASKED).astype(int)).tolist()
    if parting.twig is not None:
        values = [likeness(pixels, *pairs[k]) for k in some]
    else:
        values = _ends(parting, some, pixels, crossed=False)
        grown = np.median(parting.stem.sides[parting.apart], axis=0) / parting.single
        if grown.min() > _BOTH_WAYS:
            crossed = _ends(parting, some, pixels, crossed=True)
            values = max(values, crossed, key=np.median)
    stem, last = parting.stem, int(parting.alone[-min(3, len(parting.alone))])
    first = pairs[min(2, len(pairs) - 1)]
    before = abs(int(stem.time[last]))
    stays = likeness_later(pixels, before, stem.boxes[last], first.row, (first.one, first.other))
    return {
        "twin": float(np.median(values)),
        "surely twin": float(np.interp(np.median(values), *_TWINS)),
        "twin best": max(values),
        "twin least": min(values),
        "before like": max(stays),
        "before unlike": min(stays),
    }


def _ends(parting: Parting, some: list[int], pixels: Pixels, *, crossed: bool) -> list[float]:
    stem = parting.stem
    return [
        ends_alike(
            pixels,
            parting.pairs[k].row,
            stem.boxes[parting.apart[k]],
            parting.single,
            crossed=crossed,
        )
        for k in some
    ]

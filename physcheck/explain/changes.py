"""Sudden changes within tracks: what may be one, and how sure it is, all tests weighed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from physcheck import boxes as geometry
from physcheck.camera import stabilise_each
from physcheck.explain.leaps import leap_suspects
from physcheck.explain.looks import look_suspects, seen_whole
from physcheck.explain.pixels import Pixels
from physcheck.explain.shapes import shape_suspects
from physcheck.explain.sizes import size_suspects
from physcheck.explain.suspects import Suspect, Thing
from physcheck.explain.weighing import weights
from physcheck.types import Alternative, Change, Floats, Track

__all__ = ["suspects_of", "thing_of", "together", "with_changes"]

_MIN_SIZE_PX = 10.0
_SURE = 5.0
_LEAST_SHARE = 0.2
"""Of an amount that is certain, at least: its logarithm must exist."""


def thing_of(track: Track, first: int, pixels: Pixels, size_px: tuple[int, int]) -> Thing:
    """A track as seen from the reference frame.

    Args:
        track: as fitted. first: row of its first frame in the piece.
        pixels: of the piece. size_px: width and height of the clip.
    """
    rows = first + np.arange(len(track.frames))
    boxes = stabilise_each(track.boxes, pixels.camera, rows, pixels.px)
    return Thing(track, first, boxes, seen_whole(track, first, pixels), size_px)


def suspects_of(thing: Thing, pixels: Pixels, spread: Floats) -> list[Suspect]:
    """Find what may be a sudden change of a track, and ask the pixels about it.

    Args:
        thing: the track. pixels: of the piece.
        spread: (T, 3) of its silhouette, see `outlines`.
    """
    track = thing.track
    size = geometry.size(track.boxes)
    if np.median(size[track.observed]).min() / pixels.px.min() < _MIN_SIZE_PX:
        return []
    found = [
        *size_suspects(thing, pixels, spread),
        *leap_suspects(thing, pixels),
        *look_suspects(thing, pixels),
        *shape_suspects(thing, spread, pixels),
    ]
    return [_placed(one, thing, pixels) for one in found]


def _placed(one: Suspect, thing: Thing, pixels: Pixels) -> Suspect:
    """The suspect with the circumstances of its change."""
    around = thing.circumstances(one.before, one.after, pixels)
    certain = max(one.amount - 2 * one.error, _LEAST_SHARE * one.amount)
    best = min(alternative.log_odds for alternative in one.alternatives)
    told = {"certain amount": float(np.log(certain)), "best alternative": best}
    steady = thing.steady(one.before, one.after, pixels)
    return replace(one, measured=around | told | one.measured, steady=steady)


def together(tracks: Sequence[Track], suspects: Sequence[list[Suspect]]) -> list[list[Suspect]]:
    """Count for each suspect how many other things may change at the same time.

    What several things do in one step is done by the camera.
    """
    spans = [
        (k, one.kind, int(track.frames[one.before]), int(track.frames[one.after]))
        for k, (track, found) in enumerate(zip(tracks, suspects, strict=True))
        for one in found
    ]
    return [
        [_accompanied(k, one, tracks[k], spans) for one in found]
        for k, found in enumerate(suspects)
    ]


def _accompanied(
    k: int, one: Suspect, track: Track, spans: Sequence[tuple[int, str, int, int]]
) -> Suspect:
    start, stop = (int(track.frames[row]) for row in (one.before, one.after))
    others = [span for span in spans if span[0] != k and span[2] < stop and span[3] > start]
    alike = len({span[0] for span in others if span[1] == one.kind})
    company = len({span[0] for span in others})
    found = replace(one, measured=one.measured | {"company": float(np.log1p(company))})
    if one.kind != "place" or not alike:
        return found
    camera = Alternative("the camera jumped", -_SURE, f"{alike} other things jump at once")
    return replace(found, alternatives=(*one.alternatives, camera), most=camera.log_odds)


def with_changes(track: Track, suspects: Sequence[Suspect]) -> Track:
    """The track with its changes weighed, in time order."""
    changes = [_weighed(track, one) for one in suspects]
    ordered = sorted(changes, key=lambda change: (change.start, change.kind))
    return replace(track, changes=tuple(ordered))


def _weighed(track: Track, one: Suspect) -> Change:
    odds = min(weights(one.model or one.kind).log_odds(one.measured), one.most)
    return Change(
        kind=one.kind,
        start=int(track.frames[one.before]),
        stop=int(track.frames[one.after]),
        amount=one.amount,
        error=one.error,
        log_odds=odds if one.steady else float("nan"),
        alternatives=one.alternatives,
        box=one.box,
    )

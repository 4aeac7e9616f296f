"""Does a thing take on another's look? Its colour before and after, and what may explain it.

What blurs, is small, or is lit otherwise shows its own colour mixed with that of its
surroundings and times a gain; the distance of the colour afterwards from all such
mixtures of the colour before is what is left to explain. What the thing does at other
times of its life (it turns, it has two sides) is taken off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physcheck import boxes as geometry
from physcheck.explain.pixels import GRID, Pixels
from physcheck.explain.spans import Found, Spans, find, spans_of
from physcheck.explain.suspects import Suspect, Thing, lasting
from physcheck.types import Alternative, Bools, Floats, Ints, Track

__all__ = ["ask_alone", "look_suspects", "seen_whole"]

_MIN_SIZE_PX = 10.0
_MIN_ROWS = 10
_LEAST = 2.5
"""Grey levels; a lesser change is not looked at."""
_CHROMA = 1.6
"""Weight of a step of U or V against one of Y: what the eye sees as equally far."""
_GAIN = 2.0
"""Factor by which light and shade may change."""
_STEADY = 1.25
"""The same where the ground beside it shows no other light."""
_SOFT = 0.1
"""Share of the surroundings that compression mixes into any thing."""
_BLEED_PX = 4.0
"""Px of the outline over which colour, at half resolution, bleeds."""
_SHUTTER = 1.5
"""Times its own way from frame to frame over which a thing smears."""
_AXIS = (np.arange(GRID) + 0.5) / GRID * 4 - 2
_AROUND = np.maximum(np.abs(_AXIS[None]), np.abs(_AXIS[:, None]))
_RING = _AROUND > 1.3
_CORE = _AXIS[None] ** 2 + _AXIS[:, None] ** 2 < 0.55
_ALIKE = 0.35
"""Share of the way from one colour to the other within which a pixel has a colour."""
_NEAR_ROWS = 2
_STRIDE = 3
_MAX_GROWTH = 0.35


@dataclass(frozen=True, slots=True, eq=False)
class _Looks:
    """Known rows of a thing: colours and ground (N, 3), share (N,), log_size (N, 2)."""

    colours: Floats
    ground: Floats
    share: Floats
    log_size: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Wide:
    """Pictures of a thing with what is around it, by number of its known rows (N,)."""

    pixels: Pixels
    first: int
    rows: Ints
    boxes: Floats

    def patch(self, number: int) -> Floats:
        """The pixels of twice its box."""
        row = int(self.rows[number])
        return self.pixels.patch(self.first + row, self.boxes[row], margin=0.5)

    def ground(self) -> Floats:
        """(N, 3) the colour around it; looked at in some rows, for it changes slowly."""
        n = len(self.rows)
        some = np.unique([*range(0, n, _STRIDE), n - 1])
        seen = _opponent(np.array([np.median(self.patch(k)[_RING], axis=0) for k in some]))
        return np.stack([np.interp(np.arange(n), some, seen[:, c]) for c in range(3)], axis=1)


def look_suspects(thing: Thing, pixels: Pixels) -> list[Suspect]:
    """Find where a thing may take on another look; in grey levels, the largest first."""
    track, known, boxes = thing.track, thing.known, thing.boxes
    size = np.sqrt(geometry.area(boxes))
    if track.features.shape[1] < 3 or known.sum() < _MIN_ROWS:
        return []
    if np.median(size[known]) / pixels.px.min() < _MIN_SIZE_PX:
        return []
    colours = _opponent(track.features[known, :3])
    if not _may_change(colours, known):
        return []
    rows = np.flatnonzero(known)
    wide = _Wide(pixels, thing.first, rows, boxes)
    ground = wide.ground()
    share = _own_share(rows, boxes[rows], size[rows] / pixels.px.min())
    log_size = np.log(np.maximum(geometry.size(boxes[rows]), 1.0))
    looks = _Looks(colours, ground, share, log_size)
    found = find(known, lambda spans: _amount(looks, spans), _LEAST)
    return [_suspect(track, looks, one, wide, float(pixels.px.min())) for one in found]


def seen_whole(track: Track, first: int, pixels: Pixels) -> Bools:
    """(T,) rows in which its box is its own, though something may be near; no fade."""
    dim = pixels.piece.transition[first : first + len(track.frames)]
    return np.asarray(track.observed & ~track.border & ~track.merged & ~dim)


def _opponent(yuv: Floats) -> Floats:
    """Y and weighted U and V about grey, (N, 3): light scales all three alike."""
    return np.asarray((yuv - [0.0, 128.0, 128.0]) * [1.0, _CHROMA, _CHROMA])


def _own_share(rows: Ints, boxes: Floats, size_px: Floats) -> Floats:
    """(N,) least share of its own colour in what a thing shows; working px."""
    size = np.sqrt(geometry.area(boxes))
    way = np.linalg.norm(np.gradient(geometry.centre(boxes), axis=0), axis=1)
    way = way / np.maximum(np.gradient(rows.astype(np.float64)), 1.0)
    mixed = _SOFT + _SHUTTER * way / size + _BLEED_PX / size_px
    return np.asarray(np.clip(1 - mixed, 0.0, 1.0))


def _lit(before: Floats, after: Floats, light: Floats | float) -> Floats:
    """(..., ) distance of a colour from another under a light that may be so much other.

    light: (...,) factor by which it may be brighter or darker, at least 1.
    """
    gain = (after * before).sum(axis=-1) / np.maximum((before**2).sum(axis=-1), 1e-6)
    gain = np.clip(gain, 1 / light, light)
    return np.asarray(np.linalg.norm(after - gain[..., None] * before, axis=-1))


def _unlike(before: Floats, after: Floats, ground: Floats, share: Floats, light: Floats) -> Floats:
    """(P,) distance of a colour from all lit mixtures of another and the ground."""
    mixed = np.linspace(0.0, 1.0, 7)[:, None] * (1 - share)
    mixture = (1 - mixed[..., None]) * before + mixed[..., None] * ground
    return np.asarray(_lit(mixture, after[None], light).min(axis=0))


def _may_change(colours: Floats, known: Bools) -> bool:
    """Whether any colour differs enough without asking for the ground: mostly not."""
    return any(
        (_lit(*spans.middle(colours), _STEADY) - 2 * spans.error(colours)).max() >= _LEAST
        for spans in spans_of(known)
    )


def _amount(looks: _Looks, spans: Spans) -> tuple[Floats, Floats]:
    """Distance of the colours before and after that no mixture explains, and its error."""
    before, after = spans.middle(looks.colours)
    ground_before, ground_after = spans.middle(looks.ground)
    share_before, share_after = spans.middle(looks.share)
    # Where the ground is lit otherwise, so may be the thing.
    other = np.abs(np.log((ground_after[:, 0] + 8) / (ground_before[:, 0] + 8)))
    light = np.minimum(_STEADY * np.exp(other), _GAIN)
    # Either side may be the blurred one.
    amount = np.minimum(
        _unlike(before, after, ground_after, share_after, light),
        _unlike(after, before, ground_before, share_before, light),
    )
    return amount, spans.error(looks.colours)


def _suspect(track: Track, looks: _Looks, found: Found, wide: _Wide, px: float) -> Suspect:
    k, spans = found.k, found.spans
    start, stop = found.rows
    last = int(spans.before[k]) + spans.width - 1
    measured, place = _ask_place(
        looks, found, wide.patch(last), wide.patch(int(spans.after[k])), px
    )
    before, after = (side[k] for side in spans.middle(looks.colours))
    apart, clearly = lasting(wide.rows, looks.colours, start, stop)
    measured |= {
        "amount": float(np.log(found.amount)),
        "surely": float(np.log(found.amount / (1.0 + 2 * found.error))),
        "usual": float(np.log(found.amount / (1.0 + found.usual))),
        "often": float(np.log(found.amount / (1.0 + found.often))),
        "coloured": float(np.linalg.norm((after - before)[1:]) / found.amount),
        "lasting": apart / found.amount,
        "clearly": clearly,
    }
    alternatives = (
        place,
        ask_alone(track, start, stop),
        Alternative(
            "blur, light or surroundings shining through",
            float(np.interp(found.amount / (1.0 + 2 * found.error), (1.0, 2.0, 4.0), (-3, 0, 3))),
            f"{found.amount:.0f} grey levels from any mixture of the colours before, "
            f"give or take {found.error:.1f}",
        ),
        Alternative(
            "it turns or has several sides",
            float(np.interp(found.amount / (1.0 + found.usual), (1.5, 2.5, 4.0), (-3, 0, 3))),
            f"{found.usual:.0f} grey levels at other times of its life",
        ),
    )
    return Suspect("look", start, stop, found.amount, found.error, measured, alternatives)


def ask_alone(track: Track, start: int, stop: int) -> Alternative:
    """Was it by itself from before row `start` until after row `stop`?"""
    around = slice(max(start - _NEAR_ROWS, 0), stop + _NEAR_ROWS + 1)
    alone = float(np.mean(track.clear[around][track.observed[around]]))
    return Alternative(
        "something near it took part",
        float(np.interp(alone, (0.5, 0.8, 1.0), (-4.0, 0.0, 3.0))),
        f"by itself in {100 * alone:.0f} % of the frames around",
    )


def _ask_place(
    looks: _Looks, found: Found, old: Floats, new: Floats, px: float
) -> tuple[dict[str, float], Alternative]:
    """Was the new colour there already beside it, or is the old one there still?

    Then another thing came to the fore, or the box went over to one.
    """
    k, spans = found.k, found.spans
    before, after = (side[k] for side in spans.middle(looks.colours))
    low, high = spans.middle(looks.log_size)
    growth = float(np.abs(high[k] - low[k]).max())
    narrow = float(np.exp(np.minimum(low[k], high[k]).min())) / px
    ground = min(
        float(np.linalg.norm(colour - surroundings[k]))
        for colour, surroundings in zip((before, after), spans.middle(looks.ground), strict=True)
    )
    beside = max(_share_like(old, after, before, _RING), _share_like(new, before, after, _RING))
    inside = min(_share_nearer(old, before, after), _share_nearer(new, after, before))
    odds = min(
        float(np.interp(beside, (0.04, 0.12, 0.25), (4.0, 0.0, -4.0))),
        float(np.interp(inside, (0.3, 0.42, 0.65), (-4.0, 0.0, 4.0))),
        float(np.interp(growth, (0.15, _MAX_GROWTH, 0.6), (4.0, 0.0, -4.0))),
        float(np.interp(ground / found.amount, (0.3, 0.6, 1.0), (-4.0, 0.0, 4.0))),
        float(np.interp(narrow, (8.0, 10.0, 14.0), (-4.0, 0.0, 4.0))),
    )
    measured = {
        "beside": beside,
        "inside": inside,
        "grows": growth,
        "ground": ground / found.amount,
        "narrow": float(np.log(narrow)),
    }
    return measured, Alternative(
        "another thing took its place",
        odds,
        f"{100 * beside:.0f} % of what is beside it has the other colour, {100 * inside:.0f} % of "
        f"it has its own, {100 * growth:.0f} % larger or smaller, "
        f"{ground:.0f} grey levels from the ground, {narrow:.0f} px narrow",
    )


def _share_like(patch: Floats, colour: Floats, other: Floats, where: Bools) -> float:
    """Share of pixels that are nearer to one colour than to another, and near to it."""
    pixels = _opponent(patch[where])
    to_one = np.linalg.norm(pixels - colour, axis=1)
    to_other = np.linalg.norm(pixels - other, axis=1)
    apart = float(np.linalg.norm(colour - other))
    return float(np.mean((to_one < to_other) & (to_one < _ALIKE * apart)))


def _share_nearer(patch: Floats, colour: Floats, other: Floats) -> float:
    """Share of the pixels of the middle that are nearer to one colour than to another."""
    pixels = _opponent(patch[_CORE])
    to_one = np.linalg.norm(pixels - colour, axis=1)
    return float(np.mean(to_one < np.linalg.norm(pixels - other, axis=1)))

"""Is a thing that was resized the same picture at another scale, or the same one still?

A detector's box may change because a shadow, a hand or a second part joins the thing. If
the thing itself was scaled, or stretched, its picture before, brought to the size of its
box after, is its picture after; if only the box changed, its picture before is still there
as it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from physcheck import boxes as geometry
from physcheck.explain.pixels import Pixels
from physcheck.explain.suspects import Thing
from physcheck.types import Bools, Floats

__all__ = ["Likeness", "likeness", "pairs_around"]

_MARGIN = 0.25
_N_SIDE = 12
"""Rows on either side in which a thing is held against itself."""
_N_PAIRS, _REACH = 3, 4
_RIM = 0.12
"""Sizes by which a picture that is looked for is wider than the box on each side."""
_STEPS = np.linspace(-0.5, 1.5, 9)
_AS_GOOD = 0.01
"""Correlation by which the best are hardly better than others."""
_LEAST_SIDE, _LEAST_STD = 5, 3.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """Correlations of the picture of a thing before a change with that after it.

    resized: brought from the box before to the box after. as_it_was: anywhere in the box
    after, at its own scale. usual: of the thing with itself, at such a distance in time.
    share: how far from its size before to that of its box after it must be brought to be
    found best, 0 as it was to 1 as its box; NaN where it has no picture to be found by.
    """

    resized: float
    as_it_was: float
    usual: float
    share: float


def likeness(thing: Thing, before: int, after: int, pixels: Pixels) -> Likeness | None:
    """Compare the pictures of some rows before with those after; None if there are none."""
    pairs = pairs_around(thing.known, before, after)
    if not pairs:
        return None
    resized = [
        _correlation(_picture(thing, a, pixels), _picture(thing, b, pixels)) for a, b in pairs
    ]
    as_it_was = [_found_unscaled(pixels, thing, a, b) for a, b in pairs]
    usual = _usual_likeness(thing, before, after, pixels)
    share = np.array([_share(pixels, thing, a, b) for a, b in pairs])
    known = share[np.isfinite(share)]
    return Likeness(
        float(np.median(resized)),
        float(np.median(as_it_was)),
        usual,
        float(np.median(known)) if len(known) else float("nan"),
    )


def pairs_around(known: Bools, before: int, after: int) -> list[tuple[int, int]]:
    """Known rows just before a change, each with one just after it."""
    early = [k for k in range(before, max(before - _REACH, -1), -1) if known[k]][:_N_PAIRS]
    late = [k for k in range(after, min(after + _REACH, len(known))) if known[k]][:_N_PAIRS]
    return list(zip(early, late, strict=False))


def _picture(thing: Thing, k: int, pixels: Pixels) -> Floats:
    """The pixels of its box, a little widened."""
    return pixels.patch(thing.first + k, thing.boxes[k], margin=_MARGIN)


def _usual_likeness(thing: Thing, before: int, after: int, pixels: Pixels) -> float:
    """Likeness of the thing to itself at the same spacing before or after, the lesser."""
    spacing = max(after - before, 2)
    rows = np.flatnonzero(thing.known)
    found = []
    for side in (rows[rows <= before][-_N_SIDE:], rows[rows >= after][:_N_SIDE]):
        pairs = [(k, k + spacing) for k in side if k + spacing in side] or [(side[0], side[-1])]
        likeness = [
            _correlation(_picture(thing, a, pixels), _picture(thing, b, pixels))
            for a, b in pairs[:3]
        ]
        found.append(float(np.median(likeness)))
    return min(found)


def _correlation(a: Floats, b: Floats) -> float:
    """Mean correlation of two patches over the channels that have any structure."""
    values = []
    for channel in range(a.shape[2]):
        x, y = a[..., channel].ravel(), b[..., channel].ravel()
        if min(x.std(), y.std()) > (3.0 if channel == 0 else 4.0):
            values.append(float(np.corrcoef(x, y)[0, 1]))
    return float(np.mean(values)) if values else 0.0


def _found_unscaled(pixels: Pixels, thing: Thing, a: int, b: int) -> float:
    """Best correlation of the picture before, at its own scale, within the box after."""
    box_a, box_b = thing.boxes[a], thing.boxes[b]
    size_a = (box_a[2:] - box_a[:2]) * (1 + 2 * _MARGIN)
    template, _ = pixels.window(
        thing.first + a, geometry.expand(box_a[None], 1 + 2 * _MARGIN)[0], np.zeros(2)
    )
    reach = np.maximum((box_b[2:] - box_b[:2]), size_a) * 0.3
    room, _ = pixels.window(
        thing.first + b, geometry.union(np.stack([box_b, _centred(box_b, size_a)])), reach
    )
    if min(template.shape) < _LEAST_SIDE or template.std() < _LEAST_STD:
        return 0.0
    if room.shape[0] < template.shape[0] or room.shape[1] < template.shape[1]:
        return 0.0
    return float(cv2.matchTemplate(room, template, cv2.TM_CCOEFF_NORMED).max())


def _share(pixels: Pixels, thing: Thing, a: int, b: int) -> float:
    """How far its picture in row a is to be brought to the size in row b to be found there."""
    (box_a, box_b), grown = thing.boxes[[a, b]], 1 + 2 * _RIM
    size_a, size_b = box_a[2:] - box_a[:2], box_b[2:] - box_b[:2]
    there = np.zeros(2)
    picture, _ = pixels.window(thing.first + a, geometry.expand(box_a[None], grown)[0], there)
    reach = (0.3 * np.maximum(size_a, size_b)) + _RIM * size_b
    room, _ = pixels.window(thing.first + b, box_b, reach)
    if min(picture.shape, default=0) < _LEAST_SIDE or picture.std() < _LEAST_STD:
        return float("nan")
    found = np.full(len(_STEPS), -1.0)
    for k, step in enumerate(_STEPS):
        width, height = np.rint(picture.shape[::-1] * (size_b / size_a) ** step).astype(int)
        if _LEAST_SIDE <= height <= room.shape[0] and _LEAST_SIDE <= width <= room.shape[1]:
            scaled = cv2.resize(picture, (int(width), int(height)), interpolation=cv2.INTER_LINEAR)
            found[k] = cv2.matchTemplate(room, scaled, cv2.TM_CCOEFF_NORMED).max()
    best = found > found.max() - _AS_GOOD
    return float(_STEPS[best].mean()) if found.max() > 0 else float("nan")


def _centred(box: Floats, size: Floats) -> Floats:
    centre = (box[:2] + box[2:]) / 2
    return np.concatenate([centre - size / 2, centre + size / 2])

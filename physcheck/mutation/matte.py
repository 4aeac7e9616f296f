"""The matte: which pixels are the thing, softly, and what colour they have of their own.

A pixel at the edge of a thing, or of a thing that moves fast, is a mixture:
picture = alpha * thing + (1 - alpha) * plate. What is kept is alpha and the first
summand, so that the thing put back where it was gives the picture again.

Source: Porter, Duff (1984) for mixtures; difference mattes, Qian, Sezan (1992).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from physcheck.mutation.channels import Colour, average, largest, range_of, smoothed
from physcheck.mutation.plate import Plate
from physcheck.mutation.samples import Region
from physcheck.types import Bools, Bytes, Floats

__all__ = ["Cut", "Mask", "cut_off", "cut_out", "find_mask", "ghostliness", "steadied"]

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_GROW, _SEED = 3.0, 6.0
_FAINT = 0.16
"""What differs by less than this share of the thing's own difference is no part of it: the
halo of sharpening, ringing of the codec."""
_RIVAL = 0.4
_CORE = 0.5
"""The middle part of the box, in which a matte must have a seed."""
_FEATHER_PX = 0.8
_HOLE_GROW_PX = 3
_REACH = 0.5
"""A shadow may reach so far from the thing, as a share of the thing's smaller side."""
_DARKER = 0.04
_DARKEST = 0.42
_COLOURLESS = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """A first, hard cut. region: of the frame. difference: (h, w) to the plate, in standard
    deviations of its noise. inside: (h, w); theirs: (h, w) what belongs to other things.
    box, reach: (4,) of the thing, px of the region."""

    region: Region
    difference: Colour
    inside: Bools
    theirs: Bools
    box: Floats
    reach: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A thing cut out of one frame.

    region: in the frame. alpha: (h, w) 0 to 1. layer: (h, w, 3) its colour times alpha.
    shade: (h, w) by what it darkens the ground beside it, 1 = not. plate: (h, w, 3).
    hole: (h, w) 0 to 1, where the plate takes the place of the picture.
    box: (4,) tight around alpha, px of the frame; NaN where nothing was found.
    """

    region: Region
    alpha: Colour
    layer: Colour
    shade: Colour
    plate: Colour
    hole: Colour
    box: Floats


def find_mask(
    picture: Bytes, plate: Plate, box: Floats, reach: Floats, others: Sequence[Floats] = ()
) -> Mask:
    """Tell what differs from the plate, in and about the box.

    Args:
        picture: (H, W, 3) the frame. plate: of it.
        box, reach: (4,) where the thing is and where parts of it may be, px.
        others: (4,) boxes of other things; what lies in them and not in `box` is theirs.
    """
    x0, y0, x1, y1 = plate.region
    seen = picture[y0:y1, x0:x1].astype(np.float32)
    where, allowed = (one - (x0, y0, x0, y0) for one in (box, reach))
    difference = _difference(seen, plate)
    difference[_looks_shaded(seen, plate, where)] *= 0.1
    theirs: Bools = np.zeros(seen.shape[:2], dtype=bool)
    for other in others:
        # A box much smaller than this one may hold a part of the same thing.
        if np.prod(other[2:] - other[:2]) > _RIVAL * np.prod(box[2:] - box[:2]):
            theirs |= _filled_box(seen.shape[:2], other - (x0, y0, x0, y0), 0.0)
    theirs &= ~_filled_box(seen.shape[:2], where, 0.0)
    difference[theirs] = 0
    mask = Mask(plate.region, difference, np.zeros_like(theirs), theirs, where, allowed)
    return replace(mask, inside=_component(mask, 1.0))


def _difference(picture: Colour, plate: Plate) -> Colour:
    """(h, w) difference in brightness and in colour, each by its own noise."""
    rest = smoothed(picture - plate.colour, 0.7)
    luma = rest @ _LUMA
    tint = largest(np.abs(rest - luma[..., None]))
    slope = _slope(plate.colour)
    sigma = plate.noise + 0.15 * slope
    both = np.hypot(luma, 1.5 * tint) / sigma
    return np.where(plate.known, both, 0).astype(np.float32)


def _slope(colour: Colour) -> Colour:
    luma = smoothed(average(colour), 1.0)
    dx = cv2.Sobel(luma, cv2.CV_32F, 1, 0, scale=1 / 8)
    dy = cv2.Sobel(luma, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(cv2.magnitude(dx, dy), dtype=np.float32)


def _looks_shaded(seen: Colour, plate: Plate, box: Floats) -> Bools:
    """(h, w) in the corners of the box and beyond: a darker ground of the same colour."""
    h, w = seen.shape[:2]
    ratio = _ratio(seen, plate)
    gray = average(ratio)
    shaded = (gray > _DARKEST) & (gray < 1) & _colourless(ratio, gray)
    x, y = np.meshgrid(np.arange(w) + 0.5, np.arange(h) + 0.5)
    u = (2 * x - box[0] - box[2]) / max(box[2] - box[0], 1)
    v = (2 * y - box[1] - box[3]) / max(box[3] - box[1], 1)
    return np.asarray(shaded & (u**2 + v**2 > 0.95))


def _colourless(ratio: Colour, gray: Colour) -> Bools:
    """(h, w) where all channels are darkened alike, the more exactly the less they are."""
    return np.asarray(range_of(ratio) < _COLOURLESS + 0.3 * (1 - gray))


def _ratio(seen: Colour, plate: Plate) -> Colour:
    """(h, w, 3) brightness as a share of the plate's."""
    smooth = (smoothed(one, 1.5) + 8 for one in (seen, plate.colour))
    return np.asarray(np.divide(*smooth), dtype=np.float32)


def _component(mask: Mask, strictness: float | Colour) -> Bools:
    """What hangs together with the strong differences in the middle of the box."""
    difference, box = mask.difference, mask.box
    h, w = difference.shape
    side = min(box[2] - box[0], box[3] - box[1])
    middle = _filled_box((h, w), box, -0.5 * (1 - _CORE) * side)
    seeds = (difference > _SEED) & middle
    if not seeds.any():
        return np.zeros((h, w), dtype=bool)
    limit = max(_GROW, _FAINT * float(np.median(difference[seeds]))) * strictness
    loose = ((difference > limit) & _filled_box((h, w), mask.reach, 0)).astype(np.uint8)
    joined = cv2.morphologyEx(loose, cv2.MORPH_CLOSE, _disc(max(1, round(0.04 * side))))
    joined = cv2.morphologyEx(joined, cv2.MORPH_OPEN, _disc(max(1, round(0.03 * side))))
    n, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    votes = np.bincount(labels[seeds], minlength=n)
    votes[0] = 0
    if votes.max() == 0:
        return np.zeros((h, w), dtype=bool)
    main = int(votes.argmax())
    keep = votes >= 0.15 * votes[main]
    keep |= (stats[:, cv2.CC_STAT_AREA] > 0.1 * stats[main, cv2.CC_STAT_AREA]) & (votes > 0)
    keep[0] = False
    return _without_holes(keep[labels])


def _filled_box(shape: tuple[int, int], box: Floats, margin: float) -> Bools:
    """(h, w) True inside the box grown by a margin, px; negative shrinks."""
    mask = np.zeros(shape, dtype=bool)
    x1, y1 = np.maximum(np.floor(box[:2] - margin), 0).astype(int)
    x2, y2 = np.maximum(np.ceil(box[2:] + margin), 0).astype(int)
    mask[y1:y2, x1:x2] = True
    return mask


def _disc(radius: int) -> Bytes:
    return np.asarray(
        cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8
    )


def _without_holes(mask: Bools) -> Bools:
    """Close what is surrounded, unless it is a large part of the whole (a loop, an arm)."""
    outside = (~mask).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(outside, connectivity=4)
    h, w = mask.shape
    x, y, wide, high, area = stats.T[:5]
    touches = (x == 0) | (y == 0) | (x + wide == w) | (y + high == h)
    fill = ~touches & (area < 0.25 * max(int(mask.sum()), 1))
    fill[0] = False
    return np.asarray(mask | fill[labels] & ~mask)


def steadied(mask: Mask, neighbours: list[Mask]) -> Mask:
    """The mask again, easier where its neighbours in time agree and stricter where none does."""
    votes = [_laid_upon(other, mask) for other in neighbours if other.inside.any()]
    if not votes:
        return mask
    share = np.mean(votes, axis=0)
    strictness = np.where(share > 0.75, 0.6, np.where(share < 0.25, 1.5, 1.0))
    inside = _component(mask, strictness.astype(np.float32))
    return replace(mask, inside=inside) if inside.any() else mask


def _laid_upon(other: Mask, mask: Mask) -> Colour:
    """The other mask, (h, w) 0 to 1, with its box laid upon the box of `mask`."""
    h, w = mask.inside.shape
    scale = (mask.box[2:] - mask.box[:2]) / np.maximum(other.box[2:] - other.box[:2], 1)
    shift = mask.box[:2] - scale * other.box[:2]
    matrix = np.array([[scale[0], 0, shift[0]], [0, scale[1], shift[1]]])
    laid = cv2.warpAffine(other.inside.astype(np.float32), matrix, (w, h))
    return np.asarray(laid, dtype=np.float32)


def cut_off(mask: Mask) -> float:
    """Share of the edge of its reach at which the thing goes on: its box is too small."""
    inner = _filled_box(mask.inside.shape, mask.reach, -1.0)
    edge = _filled_box(mask.inside.shape, mask.reach, 0.0) & ~inner
    edge[[0, -1]] = edge[:, [0, -1]] = False
    return float((mask.inside & edge).sum() / max(int(edge.sum()), 1))


def ghostliness(picture: Bytes, plate: Plate, mask: Mask) -> float:
    """How much of an outline the plate shows where the thing has its own, 1 = as strong.

    More than that: the plate holds the thing, and the frame shows the place without it.
    """
    x0, y0, x1, y1 = plate.region
    inside = mask.inside.astype(np.uint8)
    outline = (cv2.dilate(inside, _disc(1)) - cv2.erode(inside, _disc(1))) > 0
    if not outline.any():
        return 0.0
    seen = _slope(picture[y0:y1, x0:x1].astype(np.float32))[outline].mean()
    return float(_slope(plate.colour)[outline].mean() / max(float(seen), 0.1))


def cut_out(picture: Bytes, plate: Plate, mask: Mask) -> Cut:
    """Make the mask soft, and take the thing's own colour out of the mixture.

    Args:
        picture: (H, W, 3) the frame. plate, mask: of it.
    """
    x0, y0, x1, y1 = plate.region
    seen = picture[y0:y1, x0:x1].astype(np.float32)
    alpha = _soft(seen, plate.colour, mask)
    shade = _shade(seen, plate, mask)
    layer = seen - (1 - alpha[..., None]) * plate.colour * shade[..., None]
    layer[alpha == 0] = 0
    hole = _hole(alpha, shade)
    return Cut(
        region=plate.region,
        alpha=alpha,
        layer=np.clip(layer, 0, 255 * alpha[..., None]).astype(np.float32),
        shade=shade,
        plate=plate.colour,
        hole=hole,
        box=_tight(alpha, (x0, y0)),
    )


def _soft(seen: Colour, plate: Colour, mask: Mask) -> Colour:
    """(h, w) share of the thing in each px: 1 in the core, a mixture at the edge."""
    inside = mask.inside.astype(np.uint8)
    if not inside.any():
        return np.zeros(inside.shape, np.float32)
    side = float(np.sqrt(inside.sum()))
    reach = int(np.clip(round(0.12 * side), 2, 6))
    core = cv2.erode(inside, _disc(reach), borderValue=1)
    if core.sum() < 0.1 * inside.sum():
        core = cv2.erode(inside, _disc(1), borderValue=1)
    if not core.any():
        core = inside
    own = _spread(seen, core.astype(bool))
    away = own - plate
    power = 3 * average(away**2)
    mixed = 3 * average((seen - plate) * away) / np.maximum(power, 1)
    mixed = np.clip(mixed, 0, 1)
    # Where thing and background are alike the mixture says nothing: the outline does.
    feathered = smoothed(inside.astype(np.float32), _FEATHER_PX)
    trust = np.clip((np.sqrt(power) - 20) / 30, 0, 1)
    edge = trust * mixed + (1 - trust) * feathered
    outer = smoothed(cv2.dilate(inside, _disc(2)).astype(np.float32), 1.0)
    # Deep inside nothing shines through; outside nothing is left of the thing.
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    deep = np.clip(depth / (reach + 1), 0, 1) ** 2
    alpha = np.where(core > 0, 1, np.maximum(edge, deep) * np.clip(1.6 * outer, 0, 1))
    return np.asarray(np.where(alpha < 0.04, 0, alpha), dtype=np.float32)


def _spread(colour: Colour, known: Bools) -> Colour:
    """Carry the colour of the known px outward, the nearest weighing most."""
    out = np.where(known[..., None], colour, 0).astype(np.float32)
    weight = known.astype(np.float32)
    total, sum_ = weight * 1e3, out * 1e3
    for sigma, trust in ((1.0, 1.0), (2.5, 1e-2), (8.0, 1e-4)):
        total = total + trust * smoothed(weight, sigma)
        sum_ = sum_ + trust * smoothed(out, sigma).reshape(out.shape)
    return np.asarray(sum_ / np.maximum(total, 1e-9)[..., None], dtype=np.float32)


def _shade(seen: Colour, plate: Plate, mask: Mask) -> Colour:
    """(h, w) how much darker the ground is beside the thing: its shadow, where it touches it."""
    h, w = mask.inside.shape
    none = np.ones((h, w), np.float32)
    if not mask.inside.any():
        return none
    ratio = _ratio(seen, plate)
    gray = average(ratio)
    dark = (gray < 1 - _DARKER) & (gray > _DARKEST) & _colourless(ratio, gray)
    dark &= plate.known & ~mask.inside & ~mask.theirs
    dark = cv2.morphologyEx(dark.astype(np.uint8), cv2.MORPH_OPEN, _disc(1)) > 0
    about = cv2.dilate(mask.inside.astype(np.uint8), _disc(2)) > 0
    side = float(np.min(mask.box[2:] - mask.box[:2]))
    dark &= cv2.dilate(mask.inside.astype(np.uint8), _disc(max(3, round(_REACH * side)))) > 0
    _, labels = cv2.connectedComponents(dark.astype(np.uint8))
    touching = np.unique(labels[about & dark])
    dark &= np.isin(labels, touching[touching > 0])
    if dark.sum() < 12:
        return none
    depth = np.where(dark, 1 - gray, 0).astype(np.float32)
    # Under the thing the shadow goes on near its edge, so that no outline stays bright.
    near = smoothed(dark.astype(np.float32), 3.0)
    under = _spread(depth[..., None], dark)[..., 0] * np.clip(2 * near, 0, 1)
    depth = smoothed(np.where(mask.inside, under, depth), 1.5)
    return np.asarray(1 - np.clip(depth * _fading(depth.shape), 0, 1), dtype=np.float32)


def _fading(shape: tuple[int, ...]) -> Colour:
    """(h, w) 1 in the middle of a region, 0 at its border."""
    sides = [np.minimum(np.arange(n), np.arange(n)[::-1]) for n in shape]
    down, across = (np.clip(side / max(4, 0.08 * len(side)), 0, 1) for side in sides)
    return np.asarray(down[:, None] * across[None, :], dtype=np.float32)


def _hole(alpha: Colour, shade: Colour) -> Colour:
    """(h, w) where the plate replaces the picture: thing and shadow with a soft margin."""
    touched = ((alpha > 0.02) | (shade < 1 - 0.5 * _DARKER)).astype(np.uint8)
    thing = cv2.dilate((alpha > 0.02).astype(np.uint8), _disc(_HOLE_GROW_PX))
    wide = np.maximum(cv2.dilate(touched, _disc(1)), thing).astype(np.float32)
    soft = smoothed(wide, 1.0)
    return np.asarray(np.maximum(soft, cv2.dilate(touched, _disc(1))), dtype=np.float32)


def _tight(alpha: Colour, origin: tuple[int, int]) -> Floats:
    rows, columns = np.flatnonzero((alpha > 0.5).any(1)), np.flatnonzero((alpha > 0.5).any(0))
    if len(rows) == 0:
        return np.full(4, np.nan)
    x, y = origin
    return np.array(
        [x + columns[0], y + rows[0], x + columns[-1] + 1, y + rows[-1] + 1], dtype=np.float64
    )

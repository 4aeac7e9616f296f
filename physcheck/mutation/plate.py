"""The plate: what a frame would show if one thing were not there.

The samples nearest in time that show the background give its colour (median); light
that changes slowly is taken from a ring around the thing; grain and fine texture come
from one sample as it is, so that the patch is no smoother than what surrounds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from physcheck.mutation.channels import Colour, average, in_order, largest, smoothed
from physcheck.mutation.footage import Footage, Thing
from physcheck.mutation.samples import Region, clean_samples, grown, in_the_way
from physcheck.types import Bools, Bytes

__all__ = ["Plate", "PlateMaker"]

_MARGIN, _MARGIN_PX = 0.25, 10.0
_BELOW = 0.15
"""More room below, for shadows, as a share of the height."""
_LEAST_RING = 60
_NOISE_FLOOR = 1.2
_FINE_PX = 2.5
_DARK, _BRIGHT = 20, 240
"""Grey levels between which a px tells of the light."""
_ENOUGH = 1500
"""Px that tell of it well enough."""
_LEAST_GAIN, _GAINS = 0.01, (0.6, 1.7)
_CLAMP = 4.0
_STRENGTHS = (0.3, 2.5)
_FEW = 0.002
"""Not worth another sample: this share of the region."""
_OUTLIER, _DISTURBED = 3.0, (4.0, 25.0)
"""A ring px off by more than 3 standard deviations, and these grey levels, is not heard."""
_ALIGN_STEPS = 3
_ALIGN_MOST_PX = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Plate:
    """The background of a region of one frame.

    region: in the frame. colour: (h, w, 3) float32. noise: (h, w) standard deviation of
    a px from frame to frame, grey levels. known: (h, w) where the shot shows it.
    mismatch: how far it differs from the ring around the thing, grey levels.
    """

    region: Region
    colour: Colour
    noise: Colour
    known: Bools
    mismatch: float


class PlateMaker:
    """Makes plates behind one thing from the rest of the shot."""

    def __init__(self, footage: Footage, things: Sequence[Thing], thing: Thing) -> None:
        self._footage = footage
        self._thing = thing
        everyone = [*things] if thing in things else [*things, thing]
        self._boxes = [in_the_way(everyone, k) for k in range(footage.n)]
        self._own = [in_the_way([thing], k) for k in range(footage.n)]

    def region(self, k: int) -> Region:
        """The box of the thing in frame `k` with room for a ring, inside the picture."""
        box = self._thing.reach(k)
        width, height = self._footage.size
        side = min(box[2] - box[0], box[3] - box[1])
        wide = grown(box, 0.0, _MARGIN * side + _MARGIN_PX)
        wide[3] += _BELOW * (box[3] - box[1])
        x0, y0 = np.floor(np.clip(wide[:2], 0, (width - 2, height - 2))).astype(int)
        x1, y1 = np.ceil(np.clip(wide[2:], (x0 + 2, y0 + 2), (width, height))).astype(int)
        return int(x0), int(y0), int(x1), int(y1)

    def make(self, k: int) -> Plate:
        """Give the plate of frame `k`, in which the thing must be."""
        region = self.region(k)
        x0, y0, x1, y1 = region
        picture = self._footage.frames[k][y0:y1, x0:x1].astype(np.float32)
        ring = self._ring(k, region)
        samples = clean_samples(
            self._footage, (self._boxes, self._own), k, region, self._thing.reach(k)
        )
        if not samples.frames:
            return _unknown(region, picture)
        stack, clean = samples.colour.copy(), samples.clean.copy()
        if self._footage.moving:
            _align(stack, clean, picture, ring)
        _level(stack, clean, picture, ring)
        base, noise, known = _vote(stack, clean)
        fine = _fine(stack, clean, base, noise, k)
        base = _relit(base, picture, ring & known)
        fine *= _strength(stack, clean, picture, ring)
        base = _filled(base + fine, known)
        return Plate(region, base, noise, known, _mismatch(picture - base, ring & known))

    def _ring(self, k: int, region: Region) -> Bools:
        """(h, w) px of the region that nothing covers in frame `k` itself."""
        x0, y0, x1, y1 = region
        ring = np.ones((y1 - y0, x1 - x0), dtype=bool)
        for left, top, right, bottom in self._boxes[k]:
            rows = slice(max(int(top) - y0, 0), max(int(bottom) + 1 - y0, 0))
            ring[rows, max(int(left) - x0, 0) : max(int(right) + 1 - x0, 0)] = False
        return ring


def _unknown(region: Region, picture: Colour) -> Plate:
    nothing = np.zeros(picture.shape[:2], dtype=bool)
    return Plate(region, picture, np.full(nothing.shape, 255, np.float32), nothing, 255.0)


def _level(stack: Bytes, clean: Bools, picture: Colour, ring: Bools) -> None:
    """Bring each sample to the light of the picture, by a gain for each channel."""
    step = max(1, round(np.sqrt(ring.sum() / _ENOUGH)))
    some = (slice(None, None, step), slice(None, None, step))
    wanted = picture[some]
    for row, sample in enumerate(stack):
        have = sample[some]
        use = (ring & clean[row])[some] & (largest(have) < _BRIGHT) & (average(have * 1.0) > _DARK)
        if use.sum() < _LEAST_RING // 2:
            continue
        gains = np.median(wanted[use] / np.maximum(have[use], 1), axis=0)
        if np.abs(gains - 1).max() > _LEAST_GAIN:
            lit = sample * np.clip(gains, *_GAINS)
            stack[row] = np.clip(np.rint(lit), 0, 255).astype(np.uint8)


def _vote(stack: Bytes, clean: Bools) -> tuple[Colour, Colour, Bools]:
    """Median of the clean samples (h, w, 3), their scatter (h, w), and where there are any."""
    base = _masked_median(stack, clean)
    rough = base.astype(np.uint8)
    off = np.stack([largest(cv2.absdiff(sample, rough)) for sample in stack])
    noise = 1.2 * _masked_median(off[..., None], clean)[..., 0]
    return base, np.maximum(noise, _NOISE_FLOOR), np.asarray(clean.any(axis=0))


def _masked_median(stack: Bytes, clean: Bools) -> Colour:
    """Median over the samples that are clean; (m, h, w, c) -> (h, w, c)."""
    ordered = in_order(stack | np.where(clean, 0, 255).astype(np.uint8)[..., None])
    last = np.maximum(clean.sum(axis=0) - 1, 0)[None, ..., None]
    picked = [np.take_along_axis(ordered, one, axis=0)[0] for one in (last // 2, (last + 1) // 2)]
    return np.asarray((picked[0].astype(np.float32) + picked[1]) / 2, dtype=np.float32)


def _fine(stack: Bytes, clean: Bools, base: Colour, noise: Colour, k: int) -> Colour:
    """Grain and fine texture of one sample, or of the next where that is not clean."""
    fine = np.zeros_like(base)
    todo = np.ones(base.shape[:2], dtype=bool)
    first = k % min(3, len(stack))
    limit = _CLAMP * noise[..., None]
    for row in [first, *(row for row in range(len(stack)) if row != first)]:
        here = todo & clean[row]
        if here.mean() < _FEW:
            continue
        rest = np.where(clean[row][..., None], stack[row] - base, 0)
        rest -= smoothed(rest, _FINE_PX)
        fine[here] = np.clip(rest, -limit, limit)[here]
        todo &= ~here
        if todo.mean() < _FEW:
            break
    return fine


def _strength(stack: Bytes, clean: Bools, picture: Colour, ring: Bools) -> float:
    """By what the grain of the samples is to be multiplied to be that of the picture.

    The picture less a sample has the grain of both, a sample less another twice that
    of samples.
    """
    if len(stack) < 2:
        return 1.0
    use = ring & clean[0] & clean[1]
    if use.sum() < _LEAST_RING:
        return 1.0
    first, second = (sample.astype(np.float32) for sample in stack[:2])
    mixed, own = (_spread_of(one - first, use) for one in (picture, second))
    samples = own**2 / 2
    if samples < 0.05:
        return 1.0
    return float(np.sqrt(np.clip((mixed**2 - samples) / samples, *_STRENGTHS)))


def _spread_of(difference: Colour, use: Bools) -> float:
    """Robust standard deviation of the fine part of a difference, grey levels."""
    fine = difference - smoothed(difference, _FINE_PX)
    return 1.4826 * float(np.median(np.abs(fine[use])))


def _relit(base: Colour, picture: Colour, ring: Bools) -> Colour:
    """Lift the plate smoothly so that it meets the picture around the thing."""
    if ring.sum() < _LEAST_RING:
        return base
    rest = picture - base
    heard = ring & _undisturbed(rest, ring)
    if heard.sum() < _LEAST_RING:
        return base
    weight = heard.astype(np.float32)
    rest = rest * weight[..., None]
    level = rest.sum(axis=(0, 1)) / weight.sum()
    near = np.zeros_like(base)
    total = np.zeros_like(weight)
    side = min(base.shape[:2])
    for spread, trust in ((side / 3, 1e-3), (side / 8, 1.0)):
        total += trust * smoothed(weight, spread)
        near += trust * smoothed(rest, spread)
    total = total[..., None] + 1e-6
    return np.asarray(base + (near + 1e-6 * level) / total, dtype=np.float32)


def _undisturbed(rest: Colour, ring: Bools) -> Bools:
    """(h, w) where the ring shows background in the same light as most of it, no shadow."""
    gray = smoothed(average(rest), 1.5)
    off = np.abs(gray - np.median(gray[ring]))
    spread = 1.4826 * float(np.median(off[ring]))
    return np.asarray(off < np.clip(_OUTLIER * spread, *_DISTURBED))


def _mismatch(rest: Colour, ring: Bools) -> float:
    """Typical smooth difference to what surrounds the thing, grey levels."""
    if ring.sum() < _LEAST_RING:
        return 0.0
    smooth = smoothed(np.where(ring[..., None], rest, 0), 1.5)
    return float(np.abs(smooth[ring]).mean())


def _filled(base: Colour, known: Bools) -> Colour:
    """Paint in what no frame shows, from around it."""
    if known.all() or not known.any():
        return base
    hole = (~known).astype(np.uint8)
    painted = cv2.inpaint(np.clip(base, 0, 255).astype(np.uint8), hole, 3, cv2.INPAINT_TELEA)
    return np.where(known[..., None], base, painted).astype(np.float32)


def _align(stack: Bytes, clean: Bools, picture: Colour, ring: Bools) -> None:
    """Shift each sample so that it meets the picture around the thing; drop those that do not.

    A homography does not know of depth: near the thing a shift of some px remains.
    """
    target = smoothed(average(picture), 1.0)
    errors = np.zeros(len(stack))
    for row in range(len(stack)):
        use = ring & clean[row]
        if use.sum() < _LEAST_RING:
            continue
        shift, errors[row] = _shift(stack[row].astype(np.float32), target, use)
        matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], dtype=np.float64)
        size = stack.shape[2], stack.shape[1]
        stack[row] = cv2.warpAffine(
            stack[row], matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
    limit = max(2.5 * float(np.min(errors)), float(np.min(errors)) + 3.0)
    keep = errors <= limit
    if keep.sum() >= 3:
        clean[~keep] = False


def _shift(sample: Colour, target: Colour, use: Bools) -> tuple[Colour, float]:
    """Least squares shift (2,) px by which the sample is off, and the error that stays."""
    smooth = smoothed(average(sample), 1.0)
    shift = np.zeros(2, dtype=np.float32)
    size = smooth.shape[1], smooth.shape[0]
    moved = smooth
    for _ in range(_ALIGN_STEPS):
        slope_x = cv2.Sobel(moved, cv2.CV_32F, 1, 0, scale=1 / 8)[use]
        slope_y = cv2.Sobel(moved, cv2.CV_32F, 0, 1, scale=1 / 8)[use]
        rest = (moved - target)[use]
        rest = rest - np.median(rest)
        calm = np.abs(rest) < max(8.0, 3 * float(np.median(np.abs(rest))))
        design = np.stack([slope_x, slope_y, np.ones_like(slope_x)], axis=1)[calm]
        normal = design.T @ design + np.diag([1.0, 1.0, 0.0])
        step = np.linalg.solve(normal, design.T @ rest[calm])[:2]
        shift = np.clip(shift + step, -_ALIGN_MOST_PX, _ALIGN_MOST_PX).astype(np.float32)
        matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], dtype=np.float64)
        moved = cv2.warpAffine(smooth, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    rest = (moved - target)[use]
    return shift, float(np.abs(rest - np.median(rest)).mean())

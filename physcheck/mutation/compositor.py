"""One thing is cut out of footage and put back, as it was or changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from physcheck.mutation.channels import Colour
from physcheck.mutation.footage import Footage, Thing
from physcheck.mutation.matte import (
    Cut,
    Mask,
    cut_off,
    cut_out,
    find_mask,
    ghostliness,
    steadied,
)
from physcheck.mutation.placing import Laid, Placement, lay
from physcheck.mutation.plate import Plate, PlateMaker
from physcheck.types import Bytes, Floats

__all__ = ["Compositor", "Placement", "Quality"]

_LEAST_COVERAGE = 0.97
_LEAST_CONTRAST = 5.0
_LEAST_FILLED, _MOST_FILLED = 0.2, 1.3
_LEAST_STEADY = 0.6
_MOST_MISMATCH = 7.0
_MOST_CUT_OFF = 0.06
_MOST_GHOST = 0.75
_N_PROBES = 16


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the cut is, over the frames of the thing that will be rendered.

    coverage: share of the background behind the thing that the shot shows, 5th percentile.
    contrast: difference of the thing to what is behind it, standard deviations, median.
    filled: share of the box that the matte covers, median.
    steadiness: exp(-|log ratio of matte areas|) from one frame to the next beyond what the
        boxes do, 10th percentile; 1 is perfect.
    mismatch: difference of the plate to what surrounds the thing, grey levels, median.
    cut_off: share of the outline at which the thing goes on beyond its box, median.
    ghost: strength of the thing's outline in the plate over that in the picture, median.
    """

    coverage: float
    contrast: float
    filled: float
    steadiness: float
    mismatch: float
    cut_off: float
    ghost: float


class Compositor:
    """Cuts one thing out of footage and puts it back.

    Attributes:
        quality: how good the cut is. refusal: why it cannot be used, "" where it can.
    """

    def __init__(
        self,
        footage: Footage,
        things: Sequence[Thing],
        thing: Thing,
        *,
        window: tuple[int, int] | None = None,
    ) -> None:
        """Look at background and mattes of some frames; the others are cut when asked for.

        Args:
            footage: may be longer than what is to be written: the background is
                learned from all of it.
            things: all that moves, `thing` included; none of it gets into the background.
            thing: what is cut out.
            window: (start, stop) indices of frames that will be rendered; all without it.
        """
        self.footage, self.thing = footage, thing
        self._others = [one for one in things if one is not thing and one.id != thing.id]
        self._maker = PlateMaker(footage, things, thing)
        self._plates: dict[int, Plate] = {}
        self._masks: dict[int, Mask] = {}
        self._cuts: dict[int, Cut] = {}
        start, stop = (0, footage.n) if window is None else window
        mine = [int(k) for k in thing.frames if start <= k < stop]
        self.quality = self._judged(mine)
        self.refusal = _refusal(self.quality)

    def render(self, k: int, placements: Sequence[Placement]) -> Bytes:
        """Frame `k` with the thing removed and the placements put in.

        Args:
            k: index into the footage. Where the thing is not seen the frame is taken as it is.
            placements: the first lies behind the second, and so on; none: the thing is gone.

        Returns:
            (H, W, 3) uint8 RGB.
        """
        out = self.footage.frames[k].astype(np.float32)
        if self.thing.has(k):
            cut = self._cut(k)
            x0, y0, x1, y1 = cut.region
            hole = cut.hole[..., None]
            out[y0:y1, x0:x1] += hole * (cut.plate - out[y0:y1, x0:x1])
        for placement in placements:
            _put(out, self._laid(placement))
        return np.asarray(np.clip(np.rint(out), 0, 255), dtype=np.uint8)

    def box(self, k: int) -> Floats:
        """(4,) tight box of the cutout of frame `k`, px; NaN where nothing was found."""
        return self._cut(k).box

    def placed_box(self, placement: Placement) -> Floats:
        """(4,) tight box of what a placement shows, px; NaN where nothing shows."""
        laid = self._laid(placement)
        found = laid.alpha > 0.5 * max(min(placement.opacity, 1.0), 0.05)
        rows, columns = np.flatnonzero(found.any(1)), np.flatnonzero(found.any(0))
        if len(rows) == 0:
            return np.full(4, np.nan)
        x, y = laid.origin
        corners = [x + columns[0], y + rows[0], x + columns[-1] + 1, y + rows[-1] + 1]
        return np.array(corners, dtype=np.float64)

    def _laid(self, placement: Placement) -> Laid:
        other = None if placement.other is None else self._cut(placement.other)
        return lay(self._cut(placement.source), placement, self.footage.size, other)

    def _cut(self, k: int) -> Cut:
        if k not in self._cuts:
            beside = [self._mask(j) for j in (k - 1, k + 1) if self.thing.has(j)]
            mask = steadied(self._mask(k), beside)
            self._cuts[k] = cut_out(self.footage.frames[k], self._plate(k), mask)
        return self._cuts[k]

    def _mask(self, k: int) -> Mask:
        if k not in self._masks:
            box, reach = self.thing.box(k), self.thing.reach(k)
            others = [one.box(k) for one in self._others if one.has(k)]
            picture = self.footage.frames[k]
            self._masks[k] = find_mask(picture, self._plate(k), box, reach, others)
        return self._masks[k]

    def _plate(self, k: int) -> Plate:
        if k not in self._plates:
            self._plates[k] = self._maker.make(k)
        return self._plates[k]

    def _judged(self, frames: list[int]) -> Quality:
        """Measure at pairs of neighbouring frames spread over those that will be rendered."""
        if not frames:
            return Quality(0.0, 0.0, 0.0, 0.0, 255.0, 0.0, 0.0)
        firsts = frames[:: max(1, len(frames) // (_N_PROBES // 2))]
        probes = sorted({j for k in firsts for j in (k, k + 1) if j in frames})
        filled = {k: self._filled(k) for k in probes}
        steps = [
            abs(np.log(max(filled[k], 0.01) / max(filled[k + 1], 0.01)))
            for k in probes
            if k + 1 in filled
        ]
        return Quality(
            coverage=float(np.percentile([self._coverage(k) for k in probes], 5)),
            contrast=float(np.median([_contrast(self._mask(k)) for k in probes])),
            filled=float(np.median(list(filled.values()))),
            steadiness=float(np.exp(-np.percentile(steps, 90))) if steps else 1.0,
            mismatch=float(np.median([self._plate(k).mismatch for k in probes])),
            cut_off=float(np.median([cut_off(self._mask(k)) for k in probes])),
            ghost=float(np.median([self._ghost(k) for k in probes])),
        )

    def _ghost(self, k: int) -> float:
        return ghostliness(self.footage.frames[k], self._plate(k), self._mask(k))

    def _filled(self, k: int) -> float:
        box = self.thing.box(k)
        area = (box[2] - box[0]) * (box[3] - box[1])
        return float(self._cut(k).alpha.sum() / max(area, 1.0))

    def _coverage(self, k: int) -> float:
        plate = self._plate(k)
        x0, y0, _, _ = plate.region
        x1, y1, x2, y2 = np.rint(self.thing.box(k) - (x0, y0, x0, y0)).astype(int)
        needed = plate.known[max(y1, 0) : max(y2, 1), max(x1, 0) : max(x2, 1)]
        return float(needed.mean()) if needed.size else 0.0


def _contrast(mask: Mask) -> float:
    return float(np.median(mask.difference[mask.inside])) if mask.inside.any() else 0.0


def _refusal(quality: Quality) -> str:
    """A sentence why the thing cannot be cut out cleanly, "" where it can."""
    if quality.coverage < _LEAST_COVERAGE:
        return f"only {quality.coverage:.0%} of the background behind it is ever seen"
    if quality.contrast < _LEAST_CONTRAST or quality.filled < _LEAST_FILLED:
        return (
            f"it hardly differs from its background ({quality.contrast:.1f} standard "
            f"deviations in {quality.filled:.0%} of its box)"
        )
    if quality.ghost > _MOST_GHOST:
        return (
            "the rest of the shot shows it where this part does not: it may be a hole, not a thing"
        )
    if quality.cut_off > _MOST_CUT_OFF:
        return "its box holds only a part of it"
    if quality.filled > _MOST_FILLED:
        return "it cannot be told from what moves beside it"
    if quality.steadiness < _LEAST_STEADY:
        return "its outline comes out differently from frame to frame"
    if quality.mismatch > _MOST_MISMATCH:
        return (
            f"the background from other frames is off by {quality.mismatch:.0f} grey levels "
            "where both can be seen"
        )
    return ""


def _put(out: Colour, laid: Laid) -> None:
    x, y = laid.origin
    h, w = laid.alpha.shape
    there = out[y : y + h, x : x + w]
    there *= laid.shade[..., None]
    there *= 1 - laid.alpha[..., None]
    there += laid.layer

"""Where a clip changes its picture for reasons of editing: repeats, cuts, fades, dissolves.

Both detectors here take one working picture at a time and answer a little
later, so that a video can be streamed. Neither knows about files.

Two pictures show the same scene when dense optical flow, followed by a local
correlation, explains most of the later one by the earlier one. That survives
pans, exposure steps and large things that enter, and fails across a cut.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from physcheck.types import Bytes, Floats

__all__ = ["DoubledFrames", "Finding", "ShotDetector", "same_scene", "small_picture"]

BLOCK_PX = 8
"""Side of the blocks in which a repeat is judged, px of the working picture."""
MOVING_GREY = 8.0
"""Mean change of a block from which something surely moved, grey levels."""
REPEAT_RATIO = 5.0
"""A repeat changes so many times less than the frames around it."""
NOISE_GREY = 16.0
"""Change of a repeat that coarse compression may cause, at most, grey levels."""
END_RATIO = 12.0
"""The ratio at the two ends of a clip, where only one side can be seen."""
END_GREY = 4.0
"""Largest change of a repeat at the two ends of a clip, grey levels."""
END_REPEATS = 5
"""Longest run of repeats at the two ends of a clip, frames."""
MAX_REPEATS = 16
"""Longest run of repeats that is looked for, frames."""

SMALL_PX = 160
"""Longer side of the picture in which shots are judged, px."""
TINY = (32, 18)
"""Size of the picture in which mixtures are judged, width x height."""
CHANGE_GREY = 6.0
"""Change of luma and chroma together from which a cut is suspected, grey levels."""
CHANGE_RATIO = 1.4
"""The suspected frame changes so many times more than the ones before it."""
SAME_SHARE = 0.5
"""Share of the picture that must be explained for two frames to show one scene."""
LOOK_AHEAD = 5
"""Longest flash, frames."""
SPANS = (8, 16, 24, 32)
"""Distances at which a dissolve is looked for, frames."""
MIX_GREY = 6.0
"""Root mean square difference of the two ends of a dissolve, at least, grey levels."""
MIX_RESIDUAL = 0.10
"""Share of that difference (squared) which a mixture may leave unexplained."""
FADED = 0.3
"""A fade's dark end has so much of the contrast of its other end, at most."""
FLAT_GREY = 10
"""Range of luma within a picture that shows nothing, grey levels."""
QUIET = 6
"""Frames without a better hit after which a dissolve is over."""
LONGEST = 24
"""Frames after its first hit when a dissolve is reported at the latest."""


def _halve(plane: Bytes) -> Bytes:
    """Halve a plane; by two is many times faster than by any other number."""
    size = (plane.shape[1] // 2, plane.shape[0] // 2)
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _shrink_in_steps(plane: Bytes, size: tuple[int, int]) -> Bytes:
    while plane.shape[1] >= 2 * size[0] and plane.shape[0] >= 2 * size[1]:
        plane = _halve(plane)
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def largest_change(before: Bytes, after: Bytes) -> float:
    """Give the largest mean absolute difference of any 8 x 8 block, grey levels."""
    difference = cv2.absdiff(before, after)
    height, width = difference.shape
    if min(height, width) < BLOCK_PX:
        return float(difference.max())
    rows, columns = height // BLOCK_PX, width // BLOCK_PX
    whole = _halve(difference[: rows * BLOCK_PX, : columns * BLOCK_PX])
    return float(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA).max())


class DoubledFrames:
    """Tells frames that repeat the one before them, such as 8 fps stored as 24.

    A repeat is a frame with next to no change between frames with much change.
    Footage that moves slowly throughout, or not at all, is left alone, and so
    is a thing that slows down and speeds up again.
    """

    def __init__(self) -> None:
        self._previous: Bytes | None = None
        self._anchor: Bytes | None = None
        self._anchor_change = np.inf
        self._held: list[tuple[Bytes, float]] = []

    def push(self, luma: Bytes) -> list[bool]:
        """Take the next frame, (h, w); return what is now known of the oldest open ones."""
        before, self._previous = self._previous, luma
        if before is None:
            self._anchor = luma
            return [False]
        change = largest_change(before, luma)
        if change >= max(MOVING_GREY, self._noise_grey()):
            return [*self._release(change), self._restart(luma, change)]
        if self._anchor_change < MOVING_GREY:
            return [self._restart(luma, change)]
        self._held.append((luma, change))
        if len(self._held) <= MAX_REPEATS:
            return []
        self._anchor_change = 0.0
        return self._release(0.0)

    def finish(self) -> list[bool]:
        """Return what is known of the frames that are still open."""
        return self._release(np.inf)

    def _restart(self, luma: Bytes, change: float) -> bool:
        self._anchor, self._anchor_change = luma, change
        return False

    def _noise_grey(self) -> float:
        """Change up to which a frame may repeat the anchor, grey levels."""
        if self._anchor_change == np.inf:
            return END_GREY
        return min(NOISE_GREY, self._anchor_change / REPEAT_RATIO)

    def _release(self, closing_change: float) -> list[bool]:
        """Decide on the held frames, now that the change after them is known."""
        held, self._held = self._held, []
        if not held or self._anchor is None:
            return []
        worst = max(change for _, change in held)
        drift = max(largest_change(self._anchor, luma) for luma, _ in held)
        level = min(self._anchor_change, closing_change)
        limit = level / REPEAT_RATIO
        if max(self._anchor_change, closing_change) == np.inf:
            limit = min(level / END_RATIO, END_GREY) if len(held) <= END_REPEATS else 0.0
        still = drift <= 2.0 * worst + 1.0
        return [still and max(worst, drift) <= limit] * len(held)


def small_picture(luma: Bytes, chroma: Bytes) -> Bytes:
    """Shrink a working picture to (h, w, 3): Y, U, V of at most 160 px, at least 32."""
    scale = min(1.0, SMALL_PX / max(luma.shape))
    size = (max(32, round(luma.shape[1] * scale)), max(32, round(luma.shape[0] * scale)))
    planes = [_shrink_in_steps(plane, size) for plane in (luma, *cv2.split(chroma))]
    return np.asarray(cv2.merge(planes), dtype=np.uint8)


def _flow() -> Any:
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    flow.setFinestScale(1)
    return flow


def _warp(picture: Bytes, flow: NDArray[np.float32]) -> Bytes:
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.asarray(
        cv2.remap(picture, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR), dtype=np.uint8
    )


def same_scene(before: Bytes, after: Bytes) -> float:
    """Give the share of a picture that another one explains, in [0, 1].

    Args:
        before: small picture, (h, w, 3).
        after: another one of the same shape.

    Returns:
        Share of the pixels whose surroundings correlate by more than 0.7 once
        motion is undone, and whose level agrees once exposure is undone.
        Consecutive frames of real shots: above 0.64 in 5,088 pairs. Frames of
        two different clips: below 0.39 in 99 % of 600 pairs.
    """
    first, second = np.ascontiguousarray(before[..., 0]), np.ascontiguousarray(after[..., 0])
    moved = _warp(second, _flow().calc(first, second, None)).astype(np.float32)
    still = first.astype(np.float32)
    window, noise = (9, 9), 8.0
    mean_a, mean_b = cv2.blur(still, window), cv2.blur(moved, window)
    var_a = cv2.blur(still * still, window) - mean_a * mean_a
    var_b = cv2.blur(moved * moved, window) - mean_b * mean_b
    shared = cv2.blur(still * moved, window) - mean_a * mean_b
    alike = (shared + noise) > 0.7 * np.sqrt(np.maximum((var_a + noise) * (var_b + noise), 1.0))
    if not alike.any():
        return 0.0
    gain = float(np.clip(np.median((mean_a[alike] + 1.0) / (mean_b[alike] + 1.0)), 0.5, 2.0))
    return float((alike & (np.abs(mean_a - gain * mean_b) < 25.0)).mean())


@dataclass(frozen=True, slots=True)
class Finding:
    """A cut before frame `start`, or a fade or dissolve over frames start to stop.

    stop: exclusive; equal to start for a cut.
    """

    kind: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """A frame of the running shot: its number, its small and its tiny picture."""

    frame: int
    small: Bytes
    tiny: NDArray[np.float32]
    change: float

    @property
    def contrast(self) -> float:
        """Standard deviation of luma over the picture, grey levels."""
        return float(self.tiny[::3].std())

    @property
    def flat(self) -> bool:
        """Whether it shows nothing: all black, or all of another shade."""
        luma = self.small[..., 0]
        return int(luma.max()) - int(luma.min()) <= FLAT_GREY


@dataclass(frozen=True, slots=True)
class _Mix:
    """A stretch that looks like a mixture of its two ends."""

    residual: float
    start: int
    stop: int
    cut: int | None


class ShotDetector:
    """Finds cuts, fades and dissolves in a stream of undoubled frames.

    Nothing is reported about a frame that lies more than `DELAY` frames back.
    """

    DELAY = LOOK_AHEAD + max(SPANS) + LONGEST + 3

    def __init__(self) -> None:
        self._waiting: deque[_Seen] = deque()
        self._shot: deque[_Seen] = deque(maxlen=max(SPANS) + 1)
        self._changes: deque[float] = deque(maxlen=4)
        self._excused_until = -1
        self._last_tiny: NDArray[np.float32] | None = None
        self._mix: _Mix | None = None
        self._mix_age = 0
        self._mix_quiet = 0

    def push(self, frame: int, small: Bytes) -> list[Finding]:
        """Take frame number `frame` as (h, w, 3) small picture; return new findings."""
        tiny = cv2.resize(small, TINY, interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
        last = tiny if self._last_tiny is None else self._last_tiny
        change = float(np.abs(tiny - last).mean()) * 3.0
        self._last_tiny = tiny
        self._waiting.append(_Seen(frame, small, tiny, change))
        return self._advance() if len(self._waiting) > LOOK_AHEAD else []

    def finish(self) -> list[Finding]:
        """Return the findings that were still waiting for later frames."""
        found: list[Finding] = []
        while self._waiting:
            found += self._advance()
        return found + self._close_mix()

    def _advance(self) -> list[Finding]:
        """Decide on the oldest waiting frame."""
        found: list[Finding] = []
        seen = self._waiting.popleft()
        if self._suspect(seen):
            found = self._judge(seen)
        self._changes.append(seen.change)
        self._shot.append(seen)
        flat = [Finding("transition", seen.frame, seen.frame + 1)] if seen.flat else []
        return found + flat + self._follow_mix()

    def _suspect(self, seen: _Seen) -> bool:
        if not self._shot or seen.frame <= self._excused_until or seen.change < CHANGE_GREY:
            return False
        return seen.change >= CHANGE_RATIO * float(np.median(self._changes))

    def _judge(self, seen: _Seen) -> list[Finding]:
        """Tell a cut from a flash, and both from a picture that goes on."""
        before = self._shot[-1]
        if same_scene(before.small, seen.small) >= SAME_SHARE:
            return []
        for later in self._waiting:
            if same_scene(before.small, later.small) >= SAME_SHARE:
                self._excused_until = later.frame
                return [Finding("transition", seen.frame, later.frame)]
        for back in range(2, min(LOOK_AHEAD + 1, len(self._shot)) + 1):
            if same_scene(self._shot[-back].small, seen.small) >= SAME_SHARE:
                return [Finding("transition", self._shot[1 - back].frame, seen.frame)]
        found = [*self._close_mix(), Finding("cut", seen.frame, seen.frame)]
        self._shot.clear()
        return found

    def _follow_mix(self) -> list[Finding]:
        """Look for a dissolve that ends here; report one that is over."""
        hit = self._find_mix()
        self._mix_age += 1
        self._mix_quiet += 1
        found = [] if hit is None else self._add_hit(hit)
        over = self._mix_quiet > QUIET or self._mix_age > LONGEST
        return [*found, *self._close_mix()] if over else found

    def _add_hit(self, hit: _Mix) -> list[Finding]:
        """Join a hit to the mixture that is under way, or begin a new one."""
        apart = self._mix is not None and hit.start >= self._mix.stop - 2
        found = self._close_mix() if apart else []
        if self._mix is None:
            self._mix, self._mix_age = hit, 0
        best = min(hit, self._mix, key=lambda mix: mix.residual)
        start, stop = min(hit.start, self._mix.start), max(hit.stop, self._mix.stop)
        self._mix = _Mix(best.residual, start, stop, best.cut)
        self._mix_quiet = 0
        return found

    def _close_mix(self) -> list[Finding]:
        mix, self._mix = self._mix, None
        if mix is None:
            return []
        while self._shot and self._shot[0].frame < mix.stop:
            self._shot.popleft()
        found = [Finding("transition", mix.start, mix.stop)]
        return found if mix.cut is None else [*found, Finding("cut", mix.cut, mix.cut)]

    def _find_mix(self) -> _Mix | None:
        for span in SPANS:
            if len(self._shot) > span:
                mix = self._mix_over(span)
                if mix is not None:
                    return mix
        return None

    def _mix_over(self, span: int) -> _Mix | None:
        """Test whether the last `span` + 1 frames go from one picture to another by mixing."""
        first, last = self._shot[-1 - span], self._shot[-1]
        middle = self._shot[-1 - span // 2]
        apart = last.tiny - first.tiny
        energy = float(apart @ apart)
        if energy < MIX_GREY**2 * apart.size:
            return None
        share, residual = _mixture((middle.tiny - first.tiny)[None], apart, energy)
        if not 0.25 < share[0] < 0.75 or residual > MIX_RESIDUAL:
            return None
        inner = [self._shot[k] for k in range(-1 - span, 0)]
        shares, residual = _mixture(
            np.stack([seen.tiny for seen in inner]) - first.tiny, apart, energy
        )
        if residual > MIX_RESIDUAL or not _rises(shares):
            return None
        if same_scene(first.small, last.small) >= SAME_SHARE:
            return None
        return _describe_mix(inner, shares, residual)


def _mixture(
    offsets: NDArray[np.float32], apart: NDArray[np.float32], energy: float
) -> tuple[Floats, float]:
    """Give the share (k,) of the later end in each picture, and the worst residual."""
    shares = offsets @ apart / energy
    left = offsets - shares[:, None] * apart
    residual = float((left * left).sum(axis=1).max()) / energy
    return np.asarray(shares, dtype=np.float64), residual


def _rises(shares: Floats) -> bool:
    steps = np.diff(shares)
    return bool(steps.min() > -0.05 and steps.max() < 0.4)


def _describe_mix(inner: list[_Seen], shares: Floats, residual: float) -> _Mix:
    inside = np.flatnonzero((shares > 0.03) & (shares < 0.97))
    start, stop = inner[int(inside[0])].frame, inner[int(inside[-1])].frame + 1
    cut: int | None = inner[int(np.argmax(shares >= 0.5))].frame
    if inner[-1].contrast < FADED * inner[0].contrast:
        cut = inner[int(np.argmax(shares >= 0.97))].frame
    elif inner[0].contrast < FADED * inner[-1].contrast:
        cut = None
    return _Mix(residual, start, stop, cut)

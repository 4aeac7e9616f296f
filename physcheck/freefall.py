"""How fast things fall on earth, what that says of their size, and slow motion.

A thing that falls freely gains 9.81 m/s each second, so its acceleration in its own lengths
tells how large it is: a ball in real time comes out at the size of a ball. Where what falls
comes out at the size of a car, the clip is slowed down, or nothing in it falls freely.
That is no violation, for all of the clip agrees; it is said in a note.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from physcheck.arcs import downwards
from physcheck.errors import ConfigurationError
from physcheck.falls import is_fall, strength
from physcheck.types import Floats, Ints, Shot

__all__ = ["GRAVITY", "Fall", "Scale", "falls_in", "frame_step_s", "slow_motion"]

GRAVITY = 9.81
"""m/s^2."""
_SURELY = 10.0
"""Standard errors of one fall by itself."""
_AGREE = 0.5
"""Falls tell the same where their logarithms spread by less."""
_LARGE_M = 1.5
"""What falls through a picture is seldom larger."""
_SLOW = 0.6
"""Share of gravity from which on down a clip of known scale is slow."""
_LARGEST_M = {"sports ball": 0.3, "frisbee": 0.3, "bottle": 0.4, "cup": 0.2, "wine glass": 0.3}
_LARGEST_M |= {"apple": 0.15, "orange": 0.15, "cell phone": 0.2, "book": 0.5}


@dataclass(frozen=True, slots=True)
class Scale:
    """What the user knows of a clip.

    px_per_metre: px of the clip that a metre is long where things fly. true_fps: frames a
    second at which it was recorded, whatever rate it is played at. None: not known.
    """

    px_per_metre: float | None = None
    true_fps: float | None = None

    def __post_init__(self) -> None:
        for name in ("px_per_metre", "true_fps"):
            value = getattr(self, name)
            if value is not None and not (np.isfinite(value) and value > 0):
                raise ConfigurationError(f"{name} must be a number above 0, got {value!r}")

    def slowness(self, frame_s: float) -> float:
        """Seconds of the clip for one true second; 1 where it is not known.

        Args:
            frame_s: seconds of the clip from frame to frame.
        """
        return 1.0 if self.true_fps is None else self.true_fps * frame_s

    def pull_px_per_s2(self, frame_s: float) -> float:
        """Acceleration of a free fall in px and seconds of the clip; NaN unless both are known."""
        if self.px_per_metre is None or self.true_fps is None:
            return float("nan")
        return GRAVITY * self.px_per_metre / self.slowness(frame_s) ** 2


@dataclass(frozen=True, slots=True)
class Fall:
    """One free fall. size_m: how large the thing is, were the clip not slowed down.

    share: of gravity by the user's scale, NaN where it is not known. sure: whether it counts
    by itself.
    """

    label: str
    size_m: float
    share: float
    sure: bool


def frame_step_s(frames: Ints, times_s: Floats) -> float:
    """Seconds from frame to frame, doubled frames counted; 1 where there is only one."""
    if len(frames) < 2:
        return 1.0
    return float(np.median(np.diff(times_s) / np.diff(frames)))


def falls_in(shot: Shot, scale: Scale) -> list[Fall]:
    """The free falls of a shot, the way things fall there."""
    frame_s = frame_step_s(shot.frames, shot.times_s)
    down, faster = downwards(shot), scale.slowness(frame_s) ** 2
    labels = {track.id: track.label for track in shot.tracks}
    found = []
    for one in shot.world.stretches:
        if not is_fall(one) or down * strength(one) <= 0 or one.track_id not in labels:
            continue
        pull = abs(float(one.acceleration[1])) * faster
        share = pull / (GRAVITY * scale.px_per_metre) if scale.px_per_metre else float("nan")
        size_m = GRAVITY * one.size_px / pull
        sure = abs(strength(one)) > _SURELY
        found.append(Fall(labels[one.track_id], size_m, share, sure))
    return found


def slow_motion(falls: Sequence[Fall]) -> str:
    """A sentence where all falls share one factor by which they are too slow, "" otherwise."""
    if not (len(falls) > 1 or any(one.sure for one in falls)):
        return ""
    if all(np.isfinite(one.share) for one in falls):
        shares = np.log([one.share for one in falls])
        share = float(np.exp(np.median(shares)))
        if np.std(shares) > _AGREE or share > _SLOW:
            return ""
        return (
            f"all that falls does so with {share:.2f} times gravity, as in slow motion "
            f"by a factor of {share**-0.5:.1f}"
        )
    ratios = np.log([one.size_m / _LARGEST_M.get(one.label, _LARGE_M) for one in falls])
    if np.std(ratios) > _AGREE or np.median(ratios) < 0:
        return ""
    size_m = float(np.median([one.size_m for one in falls]))
    return (
        f"what falls would be {size_m:.1f} m large in real time: the clip may be in slow motion, "
        f"by a factor of {np.exp(np.median(ratios) / 2):.1f} or more"
    )

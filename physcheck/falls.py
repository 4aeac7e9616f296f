"""Free falls and bounces among the stretches of a track: what several checks share.

A fall is a stretch whose acceleration stands far above its error, runs up or down the
picture, bends the way by a good part of the thing's size, and belongs to a thing that
keeps its size. Hands, people and parts of them do such things too, but seldom for long,
and never twice with the same acceleration.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from physcheck import boxes as geometry
from physcheck.types import Floats, Ints, Shot, Stretch, Track

__all__ = [
    "Bounce",
    "Turn",
    "bounces",
    "is_fall",
    "sagitta_px",
    "strength",
    "stretches_of",
    "turn_between",
    "untouched",
    "where_they_meet",
]

_MIN_SIZE_PX = 8.0
_MIN_ROWS = 5
_MAX_MISFIT = 2.0
_MIN_SIGMA = 8.0
_MIN_SAGITTA_SIZES = 0.15
_MIN_SAGITTA_NOISE = 4.0
_MAX_SLANT = 0.35
_MAX_GROWTH = 0.35
_MAX_RATIO = 2.0
_MAX_ERROR = 0.3
_MAX_PAUSE_ROWS = 4.0
_MAX_MISS_SIZES = 0.35
_TURN_ROWS = 9
_SLACK_ALONG, _SLACK_ASIDE, _SLACK_TIME = 0.06, 0.015, 0.4
"""Shares of the speed in the same direction and across it, for lens and perspective; and
steps of time by which frames may be unevenly taken, which acceleration turns into speed."""
_SMALL = 0.3
"""Share of the area below which another thing is too small to strike a thing far off."""


@dataclass(frozen=True, slots=True, eq=False)
class Bounce:
    """A fall that ends where another begins, upwards.

    time_s: when the ways meet. before, after: the falls.
    gain: height of the rebound over the height of the drop, by the speeds at the
        contact and the accelerations; the least of what perspective allows.
    error: standard deviation of its logarithm.
    """

    time_s: float
    before: Stretch
    after: Stretch
    gain: float
    error: float

    @property
    def surely_gained(self) -> float:
        """The gain less two standard errors."""
        return float(self.gain * np.exp(-2 * self.error))


def stretches_of(shot: Shot, track_id: int) -> list[Stretch]:
    """The stretches of one track in order of time."""
    return [one for one in shot.world.stretches if one.track_id == track_id]


def sagitta_px(stretch: Stretch) -> float:
    """How far acceleration down the picture bends the way from its chord, px, signed."""
    return float(stretch.acceleration[1] * stretch.duration_s**2 / 8)


def strength(stretch: Stretch) -> float:
    """Acceleration down the picture over its standard error, signed."""
    return float(stretch.acceleration[1] / stretch.acceleration_sigma[1])


def is_fall(stretch: Stretch) -> bool:
    """Whether a stretch has all marks of free flight, whichever way it points."""
    pull, bend = stretch.acceleration, abs(sagitta_px(stretch))
    return bool(
        stretch.size_px >= _MIN_SIZE_PX
        and len(stretch.frames) >= _MIN_ROWS
        and stretch.misfit < _MAX_MISFIT
        and abs(strength(stretch)) > _MIN_SIGMA
        and bend > _MIN_SAGITTA_SIZES * stretch.size_px
        and bend > _MIN_SAGITTA_NOISE * stretch.noise_px[1]
        and abs(pull[0]) < _MAX_SLANT * abs(pull[1])
        and abs(stretch.growth) < _MAX_GROWTH
    )


def bounces(stretches: Sequence[Stretch]) -> list[Bounce]:
    """The bounces between neighbouring falls of one track.

    Both must have about the acceleration of the surest fall: small bounces that lie
    between the frames make stretches with any other.
    """
    surest = max(filter(is_fall, stretches), key=lambda one: abs(strength(one)), default=None)
    if surest is None:
        return []
    found = [
        _bounce(a, b)
        for a, b in itertools.pairwise(stretches)
        if (is_fall(a) or is_fall(b)) and _alike(a, surest) and _alike(b, surest)
    ]
    return [one for one in found if one is not None]


def _alike(one: Stretch, surest: Stretch) -> bool:
    """A fall, or what is too short to show it by itself, with about the acceleration of another."""
    ratio = float(one.acceleration[1] / surest.acceleration[1])
    error = float(one.acceleration_sigma[1] / abs(surest.acceleration[1]))
    return (
        one.misfit < _MAX_MISFIT
        and abs(one.growth) < _MAX_GROWTH
        and error < _MAX_ERROR
        and 1 / _MAX_RATIO < ratio < _MAX_RATIO
    )


def _bounce(before: Stretch, after: Stretch) -> Bounce | None:
    turn = turn_between(before, after)
    if turn is None or turn.residual > _MAX_MISFIT**2:
        return None
    down = float(np.sign(turn.acceleration[1]))
    fall, rise = turn.before[1] * down, -turn.after[1] * down
    if fall <= 0 or rise <= 0:
        return None
    error = 2 * float(np.hypot(turn.speed_sigma[0] / fall, turn.speed_sigma[1] / rise))
    gain = (rise / fall) ** 2 * min(1.0, before.size_px / after.size_px)
    if is_fall(before) and is_fall(after):
        gain = min(gain, _gain_of_heights(before, after, turn.time_s, down))
        whole = [one.velocity_variance(turn.time_s)[1] ** 0.5 for one in (before, after)]
        error = min(error, 2 * float(np.hypot(whole[0] / fall, whole[1] / rise)))
    return Bounce(turn.time_s, before, after, float(gain), error)


def _gain_of_heights(before: Stretch, after: Stretch, time_s: float, down: float) -> float:
    """The same by the whole falls, each with its own acceleration; the least of what is allowed."""
    fall, rise = before.velocity(time_s)[1] * down, -after.velocity(time_s)[1] * down
    speeds = (max(float(rise), 0.0) / max(float(fall), 1e-9)) ** 2
    heights = speeds * before.acceleration[1] / after.acceleration[1]
    return float(min(speeds, heights) * min(1.0, before.size_px / after.size_px))


def where_they_meet(before: Stretch, after: Stretch) -> float | None:
    """Time between two stretches at which their places agree best; None if they never do."""
    step = float(np.median(np.diff(np.r_[before.times_s, after.times_s])))
    last, first = float(before.times_s[-1]), float(after.times_s[0])
    if first - last > (_MAX_PAUSE_ROWS + 0.5) * step:
        return None
    times = np.linspace(last - 0.5 * step, first + 0.5 * step, 33)
    apart = np.array([_apart(before, after, time_s) for time_s in times.tolist()])
    best = int(np.argmin(apart))
    size = min(before.size_px, after.size_px)
    return float(times[best]) if apart[best] < _MAX_MISS_SIZES * size else None


def _apart(before: Stretch, after: Stretch, time_s: float) -> float:
    way: Floats = before.place(time_s) - after.place(time_s)
    return float(np.hypot(*way))


def untouched(track: Track, shot: Shot, time_s: float, reach_sizes: float) -> bool:
    """Whether no other thing that moves, and is large enough, is near the track at a time."""
    row = int(np.argmin(np.abs(track.times_s - time_s)))
    rows = slice(max(row - 1, 0), row + 2)
    box = track.boxes[rows]
    reach = reach_sizes * float(np.sqrt(np.median(geometry.size(box).prod(axis=1))))
    return not any(
        _strikes(other, track.frames[rows], box, reach)
        for other in shot.tracks
        if other.id != track.id
    )


def _strikes(other: Track, frames: Ints, box: Floats, reach_px: float) -> bool:
    _, here, there = np.intersect1d(frames, other.frames, return_indices=True)
    there_seen = other.observed[there]
    here, there = here[there_seen], there[there_seen]
    if len(here) == 0:
        return False
    theirs = other.boxes[there]
    apart = np.maximum(np.maximum(theirs[:, :2] - box[here, 2:], box[here, :2] - theirs[:, 2:]), 0)
    near = np.hypot(apart[:, 0], apart[:, 1]) < reach_px
    small = geometry.size(theirs).prod(axis=1) < _SMALL * geometry.size(box[here]).prod(axis=1)
    return bool((near & ~small).any()) and _moves(other)


def _moves(other: Track) -> bool:
    """It gets further than half its size from its middle place: scenery that flickers does not."""
    middle = geometry.centre(other.boxes)
    size = float(np.sqrt(np.median(geometry.size(other.boxes).prod(axis=1))))
    return bool(np.linalg.norm(middle - np.median(middle, axis=0), axis=1).max() > 0.5 * size)


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """How the velocity changes where two stretches meet.

    before, after: (2,) velocities at time_s, px/s. acceleration: (2,) that both share, and
        acceleration_sigma: (2,) its error, px/s^2.
    speed_sigma: (2,) errors of the velocities up and down the picture, before and after.
    sigmas: the change over its error, in which the slack of perspective and lens is included.
    residual: squared misfit of both sides per degree of freedom, in squared deviations.
    pace: body lengths a frame, on the faster side. growth: of log size from side to side.
    """

    time_s: float
    before: Floats
    after: Floats
    acceleration: Floats
    acceleration_sigma: Floats
    speed_sigma: Floats
    sigmas: float
    residual: float
    pace: float
    growth: float

    @property
    def restitution(self) -> float:
        """Speed away from the still thing that would cause the turn, over that towards it."""
        change = self.after - self.before
        towards = -float(self.before @ change)
        return float(self.after @ change) / towards if towards > 0 else float("inf")

    @property
    def upwards(self) -> float:
        """How far it is thrown back against the pull: cosine, 0 where it is not thrown back."""
        change = self.after - self.before
        along = change / max(float(np.hypot(*change)), 1e-9)
        down = -1.0 if self.acceleration[1] < -5 * self.acceleration_sigma[1] else 1.0
        return max(-down * float(along[1]), 0.0) if self.before @ along < 0 else 0.0


def turn_between(before: Stretch, after: Stretch) -> Turn | None:
    """Compare the velocities of two neighbouring stretches where they meet.

    The nearest rows of both are fitted by two straight ways that share an acceleration.
    Perspective and lens bend a way smoothly; what is odd in time about the meeting, as a
    steady change of the acceleration is, does not turn up in the change of velocity.

    Returns:
        None where the two do not meet.
    """
    meeting = where_they_meet(before, after)
    if meeting is None:
        return None
    t = np.r_[before.times_s[-_TURN_ROWS:], after.times_s[:_TURN_ROWS]] - meeting
    xy = np.r_[before.places[-_TURN_ROWS:], after.places[:_TURN_ROWS]]
    late = np.arange(len(t)) >= min(len(before.frames), _TURN_ROWS)
    reach = float(np.abs(t).max())
    u = t / reach
    design = np.stack([~late, late, ~late * u, late * u, u**2], axis=1).astype(np.float64)
    spread = np.linalg.inv(design.T @ design)
    found = spread @ design.T @ xy
    square = ((xy - design @ found) ** 2).sum(axis=0) / (len(t) - design.shape[1])
    variance = np.maximum(before.noise_px**2, square)
    speeds, pull = found[2:4] / reach, 2 * found[4] / reach**2
    step_s = float(np.median(np.diff(np.r_[before.times_s, after.times_s])))
    slack = _slack(speeds, pull, step_s)
    error = variance * (spread[2, 2] + spread[3, 3] - 2 * spread[2, 3]) / reach**2
    return Turn(
        time_s=meeting,
        before=speeds[0],
        after=speeds[1],
        acceleration=pull,
        acceleration_sigma=2 * np.sqrt(variance * spread[4, 4]) / reach**2,
        speed_sigma=np.sqrt(variance[1] * np.diag(spread)[2:4]) / reach,
        sigmas=float(np.sqrt(((speeds[1] - speeds[0]) ** 2 / (error + slack**2)).sum())),
        residual=float((square / before.noise_px**2).mean()),
        pace=float(np.linalg.norm(speeds, axis=1).max()) * step_s / before.size_px,
        growth=float(np.log(after.size_px / before.size_px)),
    )


def _slack(speeds: Floats, pull: Floats, step_s: float) -> Floats:
    """(2,) px/s by which an honest velocity may err, of x and of y."""
    along = np.abs(speeds).max(axis=0)
    whole = float(np.linalg.norm(speeds, axis=1).max())
    return np.asarray(
        _SLACK_ALONG * along + _SLACK_ASIDE * whole + _SLACK_TIME * step_s * np.abs(pull)
    )

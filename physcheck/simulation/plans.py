"""What it takes to break a law: the case at hand, the plan, and what is claimed of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from physcheck.simulation.engine import Deed, Moving, World
from physcheck.simulation.states import TICKS, History, tick_before
from physcheck.types import Bools, Floats

__all__ = [
    "Case",
    "Claim",
    "Plan",
    "around",
    "both",
    "log_uniform",
    "on",
    "ramp",
    "runs",
    "spans",
]

REACH = 4
"""Frames on each side of a break for which the thing must be in plain view."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A possible clip of F frames in which a law is to be broken.

    base: its states. subject: who breaks it. other: who meets the subject. spare: a thing
    that is not there, for kinds that need one more. clear: (F,) the subject is in plain
    view. visible: (F,) share of it that is seen. px_per_m: (F, N) how large a metre of each
    thing is seen. inside: tells whether the subject would be in view at x, y (m) in a
    frame. contrast: how far the two looks of the subject are apart, CIE76. roomy_m: height
    of what the picture shows, m.
    """

    base: History
    subject: int
    other: int
    spare: int
    clear: Bools
    visible: Floats
    px_per_m: Floats
    inside: Callable[[float, float, int], bool]
    contrast: float
    roomy_m: float

    @property
    def n_frames(self) -> int:
        """Of the clip."""
        return len(self.clear)

    @property
    def touching(self) -> Bools:
        """(F,) whether the subject touches anything within a frame."""
        return self.base.touched(self.subject)

    @property
    def size_px(self) -> Floats:
        """(F,) geometric mean of the subject's width and height, px."""
        half = self.base.frames(self.base.half)[:, self.subject]
        return np.asarray(2.0 * np.sqrt(half.prod(axis=1)) * self.px_per_m[:, self.subject])

    def scale(self, frame: int) -> float:
        """px a metre of the subject in a frame."""
        return float(self.px_per_m[frame, self.subject])

    def pick(self, rng: np.random.Generator, wanted: Bools | None = None) -> int | None:
        """Choose a frame for the break, in plain view and not too near either end."""
        n = self.n_frames
        good = around(self.clear, REACH)
        good[: max(10, n // 4)] = False
        good[n - max(10, n // 6) :] = False
        if wanted is not None:
            good &= wanted
        frames = np.flatnonzero(good)
        return int(rng.choice(frames)) if frames.size else None


@dataclass(frozen=True, slots=True)
class Claim:
    """What is wrong: by whom, in which frames (inclusive), how strongly.

    peak: the frame in which it is plainest. box_from_twin: the thing's box at the peak is
    that of the possible clip (where it should be).
    """

    kind: str
    thing: int
    start: int
    end: int
    peak: int
    magnitude: float | None
    unit: str
    note: str
    box_from_twin: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """How a clip is broken.

    frame: the first that differs. script: deeds by tick. claims: read from the states of
    the broken clip; none where it did not come off.
    """

    frame: int
    script: Mapping[int, Sequence[Deed]]
    claims: Callable[[History], Sequence[Claim]]


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(max(high, low)))))


def around(flags: Bools, reach: int) -> Bools:
    """Where a flag holds for `reach` frames on each side as well."""
    padded = np.pad(flags, reach, constant_values=False)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    return np.asarray(windows.all(axis=1))


def runs(flags: Bools) -> list[tuple[int, int]]:
    """First and last index of each run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(int)))
    return [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]


def spans(frame: int, n_frames: int) -> tuple[int, int]:
    """The change between a frame and the one before, and the frames after it."""
    return max(frame - 1, 0), min(frame, n_frames - 1)


def on(index: int, do: Callable[[World, Moving], None]) -> Deed:
    """A deed done to one thing."""
    return lambda world: do(world, world.things[index])


def both(*scripts: Mapping[int, Sequence[Deed]]) -> dict[int, list[Deed]]:
    """Several scripts in one."""
    joined: dict[int, list[Deed]] = {}
    for script in scripts:
        for tick, deeds in script.items():
            joined.setdefault(tick, []).extend(deeds)
    return joined


def ramp(
    index: int, frame: int, n_frames: float, do: Callable[[World, Moving, float], None]
) -> dict[int, list[Deed]]:
    """A deed done little by little: `do` gets the share done, up to 1.

    It sets in halfway between the frame before and `frame`, and is done after `n_frames`.
    """
    n_ticks = max(round(n_frames * TICKS) - TICKS // 2, 1)

    def step(share: float) -> Deed:
        return on(index, lambda world, thing: do(world, thing, share))

    start = tick_before(frame)
    return {start + k: [step((k + 1) / n_ticks)] for k in range(n_ticks)}

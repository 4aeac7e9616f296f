"""What the simulator writes down: where every thing is, several times a frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physcheck.types import Bools, Floats

__all__ = ["TICKS", "History", "reach_down", "tick_before"]

TICKS = 8
"""States a frame; the shutter is drawn from those around the middle of the frame."""


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """The states of N things at T ticks; tick 8 k is the middle of frame k.

    place: (T, N, 3) x to the right, y up, z away from the camera, m, of the middle.
    velocity: (T, N, 2) along x and y, m/s.
    angle: (T, N) counterclockwise as seen, rad.
    half: (T, N, 2) half width and half height, m, before it is turned.
    there: (T, N) 1 = it exists, 0 = it does not.
    look: (T, N) 0 = as at the start, 1 = its other look.
    cut: (T, N) height under which nothing of it is seen, m; -inf = all of it is.
    touching: (T, N) in contact with a support or a thing.
    is_box: (N,) a box; else a ball.
    fps: frames per second.
    """

    place: Floats
    velocity: Floats
    angle: Floats
    half: Floats
    there: Floats
    look: Floats
    cut: Floats
    touching: Bools
    is_box: Bools
    fps: float

    @property
    def n_frames(self) -> int:
        """Whole frames."""
        return (len(self.angle) - 1) // TICKS

    @property
    def speed(self) -> Floats:
        """How fast each thing is within its plane, (T, N), m/s."""
        return np.asarray(np.hypot(self.velocity[..., 0], self.velocity[..., 1]))

    @property
    def bottom(self) -> Floats:
        """Height of the lowest point of each thing as it is turned, (T, N), m."""
        return self.place[..., 1] - reach_down(self.half, self.angle, self.is_box)

    def touched(self, thing: int) -> Bools:
        """(F,) whether a thing touches anything within half a frame of each frame."""
        ticks = np.pad(self.touching[:, thing], TICKS // 2)[: self.n_frames * TICKS + TICKS]
        windows = np.lib.stride_tricks.sliding_window_view(ticks, TICKS + 1)
        return np.asarray(windows[: self.n_frames * TICKS : TICKS].any(axis=1))

    def tick_at(self, time_s: float) -> int:
        """The tick nearest to a time: no blend, so that a break stays sharp."""
        return min(max(round(time_s * self.fps * TICKS), 0), len(self.angle) - 1)

    def frames(self, table: Floats) -> Floats:
        """The rows of a table (T, ...) in the middles of the frames, (F, ...)."""
        return table[: self.n_frames * TICKS : TICKS]

    def backwards(self) -> History:
        """The same from the last frame to the first."""
        last = (self.n_frames - 1) * TICKS
        order = np.clip(last - np.arange(len(self.angle)), 0, len(self.angle) - 1)
        return History(
            place=self.place[order],
            velocity=-self.velocity[order],
            angle=self.angle[order],
            half=self.half[order],
            there=self.there[order],
            look=self.look[order],
            cut=self.cut[order],
            touching=self.touching[order],
            is_box=self.is_box,
            fps=self.fps,
        )


def reach_down(half: Floats, angle: Floats, is_box: Bools) -> Floats:
    """From the middle of boxes and ellipses to their lowest points, (...), m.

    half: (..., 2) half width and half height, m. angle: (...) rad. is_box: (...).
    """
    aside, up = half[..., 0] * np.abs(np.sin(angle)), half[..., 1] * np.abs(np.cos(angle))
    return np.asarray(np.where(is_box, aside + up, np.hypot(aside, up)))


def tick_before(frame: int) -> int:
    """The tick halfway between a frame and the one before: there a break sets in."""
    return frame * TICKS - TICKS // 2

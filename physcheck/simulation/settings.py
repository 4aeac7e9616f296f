"""Where a clip takes place and how it is filmed: room, camera, depths, picture quality."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from physcheck.drawing.cameras import Camera, eased, handheld, steady
from physcheck.drawing.scene import Room
from physcheck.drawing.variety import random_room
from physcheck.simulation.plans import log_uniform

__all__ = ["MOVING_SHARE", "Setting", "draw_camera", "draw_setting"]

SIZES = (
    *((320, 240), (352, 288), (384, 216), (426, 240)),
    *((480, 270), (480, 360), (640, 360), (640, 480)),
)
SIZE_SHARES = (0.14, 0.12, 0.14, 0.16, 0.18, 0.1, 0.1, 0.06)

RATES = (12, 15, 16, 24, 25, 30, 50, 60)
RATE_SHARES = (0.06, 0.08, 0.1, 0.22, 0.2, 0.22, 0.06, 0.06)

CAMERAS = ("static", "pan", "tilt", "zoom", "handheld", "travel")
MOVING_SHARE = 0.42
"""Of the clips; shared evenly among the ways to move."""


FURNITURE_M = 0.55
"""How far from the wall furniture reaches."""


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """All that is not a thing.

    camera_name: one word of the labels. grain: grey levels. soft_px: blur of the lens.
    shutter: share of a frame's time. gain: brightness over time (s). crf: compression.
    """

    room: Room
    camera: Camera
    camera_name: str
    fps: float
    n_frames: int
    grain: float
    soft_px: float
    shutter: float
    gain: Callable[[float], float]
    crf: int
    seed: int

    @property
    def duration_s(self) -> float:
        """Of the clip."""
        return self.n_frames / self.fps

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return self.room.view.width_px, self.room.view.height_px

    def scale(self, z_m: float) -> float:
        """px a metre at a depth, before any zoom."""
        return self.room.view.px_per_m(z_m)

    def half_width_m(self, z_m: float) -> float:
        """From the middle of the picture to its side, at a depth."""
        return self.room.view.width_px / 2 / self.scale(z_m)

    def top_m(self, z_m: float) -> float:
        """Height of the upper edge of the picture, at a depth."""
        return self.room.view.eye_m + self.room.view.horizon_px / self.scale(z_m)

    @property
    def far_m(self) -> float:
        """Beyond this depth is furniture, m."""
        return self.room.wall_z_m - FURNITURE_M

    def draw_depth(self, rng: np.random.Generator, near: float = 0.0, far: float = 1.0) -> float:
        """A depth on the floor, m; 0 = at the lower edge of the picture, 1 = far back."""
        view = self.room.view
        lowest = 0.93 * view.height_px
        highest = view.horizon_px + view.focal_px * view.eye_m / (self.far_m - 0.15)
        share = float(rng.uniform(near, far))
        return view.depth_at(lowest + (min(highest, lowest - 8.0) - lowest) * share)


def draw_setting(
    rng: np.random.Generator,
    *,
    camera: str | None = None,
    size: tuple[int, int] | None = None,
    fps: float | None = None,
) -> Setting:
    """Draw a room, a camera and the quality of the picture.

    Args:
        rng: source of randomness.
        camera: how it moves; drawn where None. size, fps: likewise.
    """
    size = size or SIZES[int(rng.choice(len(SIZES), p=SIZE_SHARES))]
    fps = fps or float(rng.choice(RATES, p=RATE_SHARES))
    n_frames = int(rng.integers(54, 91)) if fps > 20 else int(rng.integers(48, 73))
    room = random_room(rng, *size)
    if camera is None:
        moves = rng.random() < MOVING_SHARE
        camera = str(rng.choice(CAMERAS[1:])) if moves else "static"
    motion, name = draw_camera(rng, camera, size[0], n_frames / fps)
    return Setting(
        room=room,
        camera=motion,
        camera_name=name,
        fps=fps,
        n_frames=n_frames,
        grain=log_uniform(rng, 0.5, 5.0),
        soft_px=float(rng.choice((0.0, rng.uniform(0.3, 1.1)))),
        shutter=float(rng.uniform(0.15, 0.6)),
        gain=_draw_gain(rng, n_frames / fps),
        crf=int(rng.integers(18, 35)),
        seed=int(rng.integers(1, 2**31)),
    )


def draw_camera(
    rng: np.random.Generator, kind: str, width_px: int, duration_s: float
) -> tuple[Camera, str]:
    """A camera that moves in one way, and the word of the labels for it."""
    sign = float(rng.choice((-1.0, 1.0)))
    way_px = sign * width_px * rng.uniform(0.04, 0.16)
    if kind == "pan":
        return Camera(pan_px=_course(rng, way_px, duration_s)), "pan"
    if kind == "tilt":
        return Camera(tilt_px=_course(rng, 0.4 * way_px, duration_s)), "pan"
    if kind == "zoom":
        near, far = float(rng.uniform(1.1, 1.35)), 1.0
        start, stop = (far, near) if sign > 0 else (near, far)
        return Camera(zoom=eased(start, stop, 0.0, duration_s)), "zoom"
    if kind == "handheld":
        return handheld(rng, width_px / 480 * log_uniform(rng, 0.6, 4.0), 0.003), "handheld"
    if kind == "travel":
        return Camera(travel_m=steady(sign * rng.uniform(0.15, 0.7) / duration_s)), "travel"
    return Camera(), "static"


def _course(rng: np.random.Generator, way: float, duration_s: float) -> Callable[[float], float]:
    """An even way from the middle, or one that begins and ends within the clip."""
    if rng.random() < 0.5:
        return steady(way / duration_s, -way / 2)
    start = rng.uniform(0.0, 0.3) * duration_s
    return eased(-way / 2, way / 2, start, duration_s * rng.uniform(0.7, 1.0))


def _draw_gain(rng: np.random.Generator, duration_s: float) -> Callable[[float], float]:
    """Mostly even light; else it drifts by up to a seventh."""
    if rng.random() < 0.65:
        return lambda time_s: 1.0
    drift = rng.uniform(-0.14, 0.14)
    return lambda time_s: 1.0 + drift * (time_s / duration_s - 0.5)

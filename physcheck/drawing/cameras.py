"""How the camera moves: it turns, rolls, zooms, shakes and travels, as functions of time.

Turning, rolling and zooming move the whole picture by a homography, whatever is in
it. Travelling sideways is what parallax comes from: near things pass by faster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from physcheck.drawing.textures import Pixels
from physcheck.drawing.things import View
from physcheck.types import Floats

__all__ = ["STILL", "Camera", "Course", "Lens", "eased", "handheld", "steady"]

Course = Callable[[float], float]
"""A quantity over time (s)."""

NEAREST_M = 0.2
"""What is nearer to the camera's plane than this is taken to be this far, m."""


def zero(time_s: float) -> float:
    """Nothing, at any time."""
    return 0.0


def one(time_s: float) -> float:
    """One, at any time."""
    return 1.0


@dataclass(frozen=True)
class Lens:
    """The camera at one instant.

    view: where it stands when nothing moves. matrix: from the picture of that still
    camera to the one seen now, (3, 3). travel_m: how far it has gone to the right.
    """

    view: View
    matrix: Floats
    travel_m: float = 0.0

    def project(self, places: Floats) -> Floats:
        """Where places (n, 3) in m are seen, (n, 2) px."""
        places = np.asarray(places, np.float64)
        scale = self.view.focal_px / np.maximum(places[:, 2], NEAREST_M)
        px = np.empty((len(places), 2))
        px[:, 0] = self.view.width_px / 2 + (places[:, 0] - self.travel_m) * scale
        px[:, 1] = self.view.horizon_px + (self.view.eye_m - places[:, 1]) * scale
        return mapped(self.matrix, px)

    def scale_at(self, z_m: float) -> float:
        """About how large a metre is seen at a distance, px."""
        return self.view.px_per_m(max(z_m, NEAREST_M)) * float(
            np.sqrt(
                abs(self.matrix[0, 0]) * abs(self.matrix[1, 1])
                + abs(self.matrix[0, 1] * self.matrix[1, 0])
            )
        )

    def still_grid(self, left: int, top: int, width: int, height: int) -> tuple[Pixels, Pixels]:
        """Where the px of a rectangle of this picture lie in the still camera's; x, y (h, w)."""
        x = np.arange(left, left + width, dtype=np.float32)[None, :] + 0.5
        y = np.arange(top, top + height, dtype=np.float32)[:, None] + 0.5
        m = np.linalg.inv(self.matrix).astype(np.float32)
        depth = m[2, 0] * x + m[2, 1] * y + m[2, 2]
        u = (m[0, 0] * x + m[0, 1] * y + m[0, 2]) / depth
        v = (m[1, 0] * x + m[1, 1] * y + m[1, 2]) / depth
        return np.asarray(u), np.asarray(v)

    def shift_px(self, other: Lens) -> float:
        """How far a corner of the picture moves at most from this instant to another, px.

        Travel counts as the floor moves that is seen at the picture's lower edge.
        """
        view = self.view
        w, h = float(view.width_px), float(view.height_px)
        corners = np.array(((0.0, 0.0), (w, 0.0), (0.0, h), (w, h)))
        turned = mapped(other.matrix, mapped(inverse(self.matrix), corners)) - corners
        near = abs(other.travel_m - self.travel_m) * (h - view.horizon_px) / view.eye_m
        return float(np.hypot(*turned.T).max()) + near


@dataclass(frozen=True)
class Camera:
    """A camera's motion from where `View` puts it; each part is a function of time (s).

    pan_px: how far it has turned to the right: the picture's middle moves that far to
    the left. tilt_px: the same downwards. roll_rad: how far the picture has turned
    clockwise about its middle. zoom: how much larger it is about its middle. travel_m:
    how far the camera has gone to the right.
    """

    pan_px: Course = zero
    tilt_px: Course = zero
    roll_rad: Course = zero
    zoom: Course = one
    travel_m: Course = zero

    def __add__(self, other: Camera) -> Camera:
        """Both motions at once."""
        return Camera(
            lambda time_s: self.pan_px(time_s) + other.pan_px(time_s),
            lambda time_s: self.tilt_px(time_s) + other.tilt_px(time_s),
            lambda time_s: self.roll_rad(time_s) + other.roll_rad(time_s),
            lambda time_s: self.zoom(time_s) * other.zoom(time_s),
            lambda time_s: self.travel_m(time_s) + other.travel_m(time_s),
        )

    def at(self, view: View, time_s: float) -> Lens:
        """The camera at a time."""
        turned = turning(view, self.pan_px(time_s), self.tilt_px(time_s))
        rolled = about_middle(view, self.roll_rad(time_s), self.zoom(time_s))
        return Lens(view, rolled @ turned, self.travel_m(time_s))


STILL = Camera()
"""A camera on a tripod."""


def mapped(matrix: Floats, points: Floats) -> Floats:
    """Points (n, 2) after a homography."""
    moved = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(moved[:, :2] / moved[:, 2:])


def inverse(matrix: Floats) -> Floats:
    """The way back, (3, 3)."""
    return np.asarray(np.linalg.inv(matrix), np.float64)


def turning(view: View, pan_px: float, tilt_px: float) -> Floats:
    """The homography of a camera that turns about its eye, (3, 3)."""
    pan, tilt = np.arctan(pan_px / view.focal_px), np.arctan(tilt_px / view.focal_px)
    inner = np.array(
        ((view.focal_px, 0, view.width_px / 2), (0, view.focal_px, view.horizon_px), (0, 0, 1.0))
    )
    cos, sin = np.cos(pan), np.sin(pan)
    sideways = np.array(((cos, 0, -sin), (0, 1.0, 0), (sin, 0, cos)))
    cos, sin = np.cos(tilt), np.sin(tilt)
    down = np.array(((1.0, 0, 0), (0, cos, -sin), (0, sin, cos)))
    return np.asarray(inner @ down @ sideways @ np.linalg.inv(inner))


def about_middle(view: View, roll_rad: float, zoom: float) -> Floats:
    """The homography that turns and enlarges a picture about its middle, (3, 3)."""
    cx, cy = view.width_px / 2, view.height_px / 2
    a, b = zoom * np.cos(roll_rad), zoom * np.sin(roll_rad)
    return np.array(((a, -b, cx - a * cx + b * cy), (b, a, cy - b * cx - a * cy), (0, 0, 1.0)))


def steady(rate_per_s: float, start: float = 0.0) -> Course:
    """A quantity that changes at an even pace."""
    return lambda time_s: start + rate_per_s * time_s


def eased(start: float, stop: float, start_s: float, stop_s: float) -> Course:
    """A quantity that goes from one value to another and sets off and arrives softly."""

    def course(time_s: float) -> float:
        share = float(np.clip((time_s - start_s) / max(stop_s - start_s, 1e-9), 0.0, 1.0))
        return start + (stop - start) * share * share * (3.0 - 2.0 * share)

    return course


def handheld(rng: np.random.Generator, strength_px: float, roll_rad: float = 0.004) -> Camera:
    """A camera held by hand: it sways slowly and trembles a little.

    Args:
        rng: source of randomness.
        strength_px: root mean square of the sway along x and along y, px.
        roll_rad: root mean square of the roll, rad.
    """
    return Camera(
        pan_px=sway(rng, strength_px), tilt_px=sway(rng, strength_px), roll_rad=sway(rng, roll_rad)
    )


def sway(rng: np.random.Generator, rms: float, n_waves: int = 9) -> Course:
    """Smooth noise of which slow waves are the strongest; 0 at time 0."""
    rate = np.geomspace(0.25, 5.0, n_waves) * rng.uniform(0.85, 1.15, n_waves)
    strength = rng.uniform(0.5, 1.0, n_waves) / rate
    strength *= rms * np.sqrt(2.0 / np.sum(strength**2))
    phase = rng.uniform(0.0, 2 * np.pi, n_waves)
    start = float(np.sum(strength * np.sin(phase)))
    return lambda time_s: (
        float(np.sum(strength * np.sin(2 * np.pi * rate * time_s + phase))) - start
    )

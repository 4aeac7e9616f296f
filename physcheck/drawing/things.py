"""What moves in a drawn room: shaded balls and parcels, each drawn as a small patch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from physcheck.drawing.paths import Path, Size
from physcheck.drawing.textures import TEXTURES, Pixels

__all__ = ["Ball", "Box", "Look", "Parcel", "Patch", "Thing", "View"]

Box = tuple[float, float, float, float]
Corners = NDArray[np.float64]
LIGHT = np.array((-0.45, -0.72, 0.53), np.float32)
GLINT = np.array((-0.26, -0.42, 0.87), np.float32)


@dataclass(frozen=True)
class View:
    """A camera that looks level at a floor and a wall.

    width_px, height_px: the picture. horizon_px: height of the camera's eye in it.
    focal_px: focal length. eye_m: the eye over the floor. pan_px: how far the
    picture has moved to the right at a time (s), px.
    """

    width_px: int
    height_px: int
    horizon_px: float
    focal_px: float
    eye_m: float
    pan_px: Callable[[float], float] = lambda time_s: 0.0

    def project(self, x_m: float, y_m: float, z_m: float, time_s: float) -> tuple[float, float]:
        """Where a place is seen, px."""
        scale = self.focal_px / z_m
        x_px = self.width_px / 2 + x_m * scale - self.pan_px(time_s)
        return x_px, self.horizon_px + (self.eye_m - y_m) * scale

    def depth_at(self, y_px: float) -> float:
        """How far away the floor is that is seen at height `y_px`, m."""
        return self.focal_px * self.eye_m / (y_px - self.horizon_px)

    def px_per_m(self, z_m: float) -> float:
        """How large a metre is seen at a distance, px."""
        return self.focal_px / z_m


@dataclass(frozen=True)
class Patch:
    """A piece of picture to lay over another: left, top (px), colours (h, w, 3), cover (h, w)."""

    left: int
    top: int
    colours: Pixels
    cover: Pixels


@dataclass(frozen=True)
class Look:
    """Two colours (RGB), how they are laid out on a ball, and how strongly light shapes it."""

    colour: tuple[float, float, float]
    second: tuple[float, float, float]
    pattern: str = "stripe"
    gloss: float = 1.0

    def paint(self, x: Pixels, y: Pixels, z: Pixels, soft: float) -> Pixels:
        """Colour of points on the unit ball; `soft` is the width of an edge. (h, w, 3)."""
        signed: Pixels
        if self.pattern == "panels":
            signed = np.sin(3.0 * np.arctan2(y, x)) * np.hypot(x, y) / 3.0
        elif self.pattern == "seams":
            lines = np.minimum(np.abs(x), np.minimum(np.abs(y), np.abs(np.hypot(x, z) - 0.75)))
            signed = 0.07 - lines
        elif self.pattern == "spots":
            signed = 0.25 * (np.sin(5 * x + 1) * np.sin(5 * y + 2) * np.sin(5 * z + 0.5) - 0.25)
        elif self.pattern == "smooth":
            signed = np.full_like(x, -1.0)
        elif self.pattern == "halves":
            signed = x
        elif self.pattern == "rings":
            signed = 0.09 - np.abs(np.abs(y) - 0.45)
        elif self.pattern == "checks":
            nearest = np.minimum(np.minimum(np.abs(x), np.abs(y)), np.abs(z))
            signed = np.asarray(np.sign(x * y * z) * nearest)
        elif self.pattern == "plain":
            signed = 0.3 - np.hypot(x - 0.55, y - 0.3)
        else:
            signed = 0.24 - np.abs(y)
        mix = np.clip(signed / soft + 0.5, 0.0, 1.0)[..., None]
        wear = 1.0 + 0.05 * np.sin(9 * x + 4 * z) * np.sin(8 * y + 3 * x)
        base = np.array(self.colour, np.float32)
        return np.asarray(
            (base * (1 - mix) + np.array(self.second, np.float32) * mix) * wear[..., None],
            np.float32,
        )


def always(time_s: float) -> bool:
    """A thing that is there all the time."""
    return True


@dataclass(frozen=True)
class Ball:
    """A ball that turns as it rolls. `radius` over time, m; `spin` extra turns, rad/s."""

    name: str
    look: Look
    path: Path
    radius: Size
    shown: Callable[[float], bool] = always
    spin: float = 0.0
    tilt: float = 0.4

    def circle(self, view: View, time_s: float) -> tuple[float, float, float]:
        """Middle and radius in the picture, px."""
        x, y, z = self.path(time_s)
        cx, cy = view.project(x, y, z, time_s)
        return cx, cy, self.radius(time_s) * view.px_per_m(z)

    def box(self, view: View, time_s: float) -> Box:
        """The circle's box, px."""
        cx, cy, r = self.circle(view, time_s)
        return cx - r, cy - r, cx + r, cy + r

    def patch(self, view: View, time_s: float) -> Patch:
        """The ball with light from the upper left, a glint and a darker underside."""
        cx, cy, r = self.circle(view, time_s)
        left, top, x, y = grid(cx, cy, r, r)
        flat = np.hypot(x, y)
        cover = np.clip((1.0 - flat) * r + 0.5, 0.0, 1.0)
        z = np.sqrt(np.clip(1.0 - flat * flat, 0.0, 1.0))
        shade = 0.42 + 0.68 * np.clip(x * LIGHT[0] + y * LIGHT[1] + z * LIGHT[2], 0.0, 1.0)
        shade *= 1.0 - 0.14 * np.clip(y, 0.0, 1.0)
        shade = 1.0 - self.look.gloss * (1.0 - shade)
        glint = np.clip(x * GLINT[0] + y * GLINT[1] + z * GLINT[2], 0.0, 1.0) ** 36
        colours = self.look.paint(*self.turned(x, y, z, time_s), soft=1.5 / max(r, 1.0))
        gleam = 85.0 * self.look.gloss * glint
        return Patch(left, top, colours * shade[..., None] + gleam[..., None], cover)

    def turned(
        self, x: Pixels, y: Pixels, z: Pixels, time_s: float
    ) -> tuple[Pixels, Pixels, Pixels]:
        """Points of the picture in the ball's own frame: it rolls with the way it goes."""
        start, here, radius_m = self.path(0.0), self.path(time_s), self.radius(0.0)
        roll = (here[0] - start[0]) / radius_m + self.spin * time_s + 0.5
        pitch = (start[2] - here[2]) / radius_m
        x, y = x * np.cos(roll) + y * np.sin(roll), y * np.cos(roll) - x * np.sin(roll)
        lean = pitch + self.tilt
        return x, y * np.cos(lean) - z * np.sin(lean), z * np.cos(lean) + y * np.sin(lean)

    def shadow(self, view: View, time_s: float) -> Patch:
        """A soft spot that shrinks and fades as the ball rises."""
        x, y, z = self.path(time_s)
        height_m = max(y - self.radius(time_s), 0.0)
        cx, cy = view.project(x, 0.0, z, time_s)
        r = self.radius(time_s) * view.px_per_m(z) * (1.0 - 0.4 * min(height_m / 1.5, 1.0))
        flat = max(r * view.eye_m / z, 2.0)
        left, top, u, v = grid(cx + 0.12 * r, cy, 1.5 * r, 1.5 * flat)
        profile = np.exp(-2.2 * 2.25 * (u * u + v * v)) - 0.006
        strength = 0.52 * np.exp(-height_m / 0.45)
        return Patch(left, top, black(u), np.asarray(np.clip(strength * profile, 0, 1)))


def grid(cx: float, cy: float, rx: float, ry: float) -> tuple[int, int, Pixels, Pixels]:
    """Left, top and the coordinates (in radii) of the px around an ellipse."""
    left, top = int(np.floor(cx - rx)) - 1, int(np.floor(cy - ry)) - 1
    x = np.arange(left, int(np.ceil(cx + rx)) + 1, dtype=np.float32)[None, :]
    y = np.arange(top, int(np.ceil(cy + ry)) + 1, dtype=np.float32)[:, None]
    u, v = np.broadcast_arrays((x + 0.5 - cx) / rx, (y + 0.5 - cy) / ry)
    return left, top, np.asarray(u, np.float32), np.asarray(v, np.float32)


def black(like: Pixels) -> Pixels:
    """Darkness in the shape of a patch."""
    return np.zeros((*like.shape, 3), np.float32)


@dataclass(frozen=True)
class Parcel:
    """A cardboard box on the floor: width, height, depth in m, turned by `yaw` rad."""

    name: str
    size: tuple[float, float, float]
    path: Path
    shown: Callable[[float], bool] = always
    yaw: float = 0.0
    seed: int = 3

    def corners(self, view: View, time_s: float) -> Corners:
        """The eight corners in the picture, (8, 2) px: bits of the index are x, y, z."""
        x, y, z = self.path(time_s)
        answer = np.zeros((8, 2))
        for index in range(8):
            u = self.size[0] * ((index & 1) - 0.5)
            v = self.size[1] * ((index >> 1 & 1) - 0.5)
            w = self.size[2] * ((index >> 2 & 1) - 0.5)
            east = u * np.cos(self.yaw) - w * np.sin(self.yaw)
            north = u * np.sin(self.yaw) + w * np.cos(self.yaw)
            answer[index] = view.project(x + east, y + v, z + north, time_s)
        return answer

    def box(self, view: View, time_s: float) -> Box:
        """Box around the corners, px."""
        corners = self.corners(view, time_s)
        (x1, y1), (x2, y2) = corners.min(0), corners.max(0)
        return float(x1), float(y1), float(x2), float(y2)

    def patch(self, view: View, time_s: float) -> Patch:
        """The faces that are seen, drawn three times as large and averaged."""
        corners, fine = self.corners(view, time_s), 3
        left, top = np.floor(corners.min(0)).astype(int) - 1
        width, height = np.ceil(corners.max(0)).astype(int) + 1 - (left, top)
        picture = np.zeros((height * fine, width * fine, 4), np.float32)
        rng = np.random.default_rng(self.seed)
        skin = TEXTURES["cardboard"](rng, 96, 96, 96.0)
        for face, light in FACES:
            quad = (corners[list(face)] - (left, top)) * fine
            if cv2.contourArea(quad.astype(np.float32), oriented=True) > 0:
                lay_face(picture, quad, skin * light)
        small = cv2.resize(picture, (int(width), int(height)), interpolation=cv2.INTER_AREA)
        cover = small[..., 3]
        return Patch(
            int(left), int(top), small[..., :3] / np.maximum(cover, 1e-3)[..., None], cover
        )

    def shadow(self, view: View, time_s: float) -> Patch:
        """A soft dark rim around the foot, a little more to the right."""
        corners = self.corners(view, time_s)[[0, 1, 5, 4]]
        middle = corners.mean(0)
        quad = middle + (corners - middle) * 1.12 + (4.0, 0.0)
        left, top = np.floor(quad.min(0)).astype(int) - 12
        width, height = np.ceil(quad.max(0)).astype(int) + 12 - (left, top)
        cover = np.zeros((height, width), np.float32)
        fill(cover, quad - (left, top))
        return Patch(int(left), int(top), black(cover), 0.5 * cv2.GaussianBlur(cover, (0, 0), 3.0))


Thing = Ball | Parcel

FACES = (
    ((2, 3, 1, 0), 0.86),
    ((3, 7, 5, 1), 0.66),
    ((6, 2, 0, 4), 0.98),
    ((6, 7, 3, 2), 1.12),
)
"""Corners of the front, right, left and top face, clockwise as seen, and how light it is."""


def fill(picture: Pixels, polygon: Corners) -> None:
    """Fill a convex polygon with ones."""
    points = np.round((polygon - 0.5) * 16).astype(np.int32)
    cv2.fillConvexPoly(picture, points, 1.0, cv2.LINE_8, 4)


def lay_face(picture: Pixels, quad: Corners, skin: Pixels) -> None:
    """Draw a textured face into an RGB picture with its cover as fourth channel."""
    side = float(skin.shape[0])
    source = np.array(((0, 0), (side, 0), (side, side), (0, side)), np.float32)
    matrix = cv2.getPerspectiveTransform(source, quad.astype(np.float32))
    size = (picture.shape[1], picture.shape[0])
    warped = cv2.warpPerspective(skin, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros(picture.shape[:2], np.float32)
    fill(mask, quad)
    picture[mask > 0, :3] = warped[mask > 0]
    picture[mask > 0, 3] = 1.0

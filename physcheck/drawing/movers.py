"""What moves in a film: balls and boxes whose every property may change with time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from physcheck.drawing.cameras import Lens
from physcheck.drawing.patches import Window, hull, plain_patch, window_around
from physcheck.drawing.prisms import faces_of, prism_patch
from physcheck.drawing.skins import box_skin
from physcheck.drawing.textures import Pixels
from physcheck.drawing.things import GLINT, LIGHT, Box, Look, Patch
from physcheck.types import Floats

__all__ = ["Mover", "Pose", "ball_light"]

BOX_DEPTH = 0.7
"""Depth of a box, as a share of the geometric mean of its width and height."""
OUTLINE = np.stack((np.cos(np.arange(48) * np.pi / 24), np.sin(np.arange(48) * np.pi / 24)), 1)
"""Points around the unit circle, (48, 2)."""


@dataclass(frozen=True)
class Pose:
    """A thing at one instant.

    x_m, y_m, z_m: its middle. width_m, height_m: before it is turned (a ball's are its
    diameter; where they differ it is an ellipse). angle_rad: turned in the plane of the
    picture, counter-clockwise. tip_rad: a ball turned about the axis across the picture
    (as one that rolls towards the camera). shape: "ball" or "box". opacity: in [0, 1].
    hidden_below_m: what is lower than this is not seen, as if it went into the floor.
    """

    x_m: float
    y_m: float
    z_m: float
    width_m: float
    height_m: float
    look: Look
    angle_rad: float = 0.0
    shape: str = "ball"
    opacity: float = 1.0
    tip_rad: float = 0.0
    hidden_below_m: float | None = None

    @property
    def turn(self) -> Floats:
        """From the thing's own axes to the room's, (2, 2), y up."""
        cos, sin = np.cos(self.angle_rad), np.sin(self.angle_rad)
        return np.array(((cos, -sin), (sin, cos)))

    @property
    def outline(self) -> Floats:
        """Corners of the box or points around the ball, counter-clockwise, (n, 2) m."""
        half = np.array((self.width_m, self.height_m)) / 2
        corners = np.array(((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)))
        points = (OUTLINE if self.shape == "ball" else corners) * half
        return np.asarray(points @ self.turn.T + (self.x_m, self.y_m))

    @property
    def reach(self) -> tuple[float, float]:
        """Half its extent along x and along y as it is turned, m."""
        half_x, half_y = np.ptp(self.outline, axis=0) / 2
        return float(half_x), float(half_y)

    @property
    def bottom_m(self) -> float:
        """Height of its lowest point, m."""
        return self.y_m - self.reach[1]

    @property
    def depth_m(self) -> float:
        """From front to back, m; the middle lies at z_m."""
        return BOX_DEPTH * float(np.sqrt(self.width_m * self.height_m))

    def silhouette(self, lens: Lens) -> Floats:
        """The convex outline in the picture, clockwise, (n, 2) px."""
        if self.shape == "ball":
            places = np.concatenate((self.outline, np.full((len(OUTLINE), 1), self.z_m)), 1)
        else:
            places = np.concatenate(
                [
                    np.concatenate((self.outline, np.full((4, 1), z)), 1)
                    for z in (self.z_m - self.depth_m / 2, self.z_m + self.depth_m / 2)
                ]
            )
        return hull(lens.project(places))

    def box(self, lens: Lens) -> Box:
        """The box around it in the picture, px, whether in view or not."""
        points = self.silhouette(lens)
        (x1, y1), (x2, y2) = points.min(0), points.max(0)
        return float(x1), float(y1), float(x2), float(y2)

    def patch(self, lens: Lens, seed: int = 0) -> Patch | None:
        """Its picture, or None where it is not in view."""
        patch = self.ball_patch(lens, seed) if self.shape == "ball" else self.box_patch(lens, seed)
        if patch is None or (self.opacity >= 1.0 and self.hidden_below_m is None):
            return patch
        cover = patch.cover * np.float32(self.opacity)
        if self.hidden_below_m is not None:
            cover = cover * self.above(lens, patch)
        return Patch(patch.left, patch.top, patch.colours, cover)

    def above(self, lens: Lens, patch: Patch) -> Pixels:
        """Share of each px of a patch that shows what is above `hidden_below_m`, (h, w)."""
        height, width = patch.cover.shape
        _, y = lens.still_grid(patch.left, patch.top, width, height)
        # A box goes into the ground where its front does, a ball below its middle.
        z_m = self.z_m - (self.depth_m / 2 if self.shape == "box" else 0.0)
        rise_m = lens.view.eye_m - (self.hidden_below_m or 0.0)
        edge = lens.view.horizon_px + rise_m * lens.view.px_per_m(z_m)
        return np.asarray(np.clip(edge - y + 0.5, 0.0, 1.0), np.float32)

    def ball_patch(self, lens: Lens, seed: int) -> Patch | None:
        """A shaded ball or ellipse; computed where it is seen, without resampling."""
        size = (lens.view.width_px, lens.view.height_px)
        window = window_around(self.silhouette(lens), size)
        if window is None:
            return None
        u, v, r = self.unit(lens, window)
        flat = np.hypot(u, v)
        cover = np.clip((1.0 - flat) * r + 0.5, 0.0, 1.0).astype(np.float32)
        w = np.sqrt(np.clip(1.0 - flat * flat, 0.0, 1.0))
        x, y = self.seen_axes(u, v)
        shade, gleam = ball_light(self.look.gloss, x, y, w)
        tilt = 0.5 + 0.9 * (seed * 0.618034 % 1.0) + self.tip_rad
        lower, deeper = v * np.cos(tilt) - w * np.sin(tilt), w * np.cos(tilt) + v * np.sin(tilt)
        colours = self.look.paint(u, lower, deeper, soft=1.5 / max(r, 1.0))
        return Patch(window[0], window[1], colours * shade[..., None] + gleam[..., None], cover)

    def unit(self, lens: Lens, window: Window) -> tuple[Pixels, Pixels, float]:
        """Px in the ball's own axes, in radii, v down; and the mean radius, px."""
        scale = lens.view.px_per_m(self.z_m)
        cx = lens.view.width_px / 2 + (self.x_m - lens.travel_m) * scale
        cy = lens.view.horizon_px + (lens.view.eye_m - self.y_m) * scale
        x, y = lens.still_grid(*window)
        dx, dy = x - np.float32(cx), y - np.float32(cy)
        cos, sin = np.float32(np.cos(self.angle_rad)), np.float32(np.sin(self.angle_rad))
        rx, ry = (max(side * scale / 2, 0.25) for side in (self.width_m, self.height_m))
        u = (dx * cos - dy * sin) / np.float32(rx)
        v = (dx * sin + dy * cos) / np.float32(ry)
        seen = lens.scale_at(self.z_m) / scale
        return u, v, float(np.sqrt(rx * ry)) * seen

    def seen_axes(self, u: Pixels, v: Pixels) -> tuple[Pixels, Pixels]:
        """From the thing's own axes back to right and down, for light to come from one side."""
        cos, sin = np.float32(np.cos(self.angle_rad)), np.float32(np.sin(self.angle_rad))
        return u * cos + v * sin, v * cos - u * sin

    def box_patch(self, lens: Lens, seed: int) -> Patch | None:
        """A painted box: its front and the sides that are seen."""
        half = np.array((self.width_m, self.height_m)) / 2
        frame = np.array(((-1.0, 1.0), (1.0, 1.0), (1.0, -1.0), (-1.0, -1.0))) * half
        frame = frame @ self.turn.T + (self.x_m, self.y_m)
        depth_m = self.depth_m
        faces = faces_of(lens, self.outline, self.z_m - depth_m / 2, depth_m, frame)
        seen_px = round(lens.scale_at(self.z_m) * max(self.width_m, self.height_m))
        skin = box_skin(self.look, seed, seen_px)
        return prism_patch(lens, faces, lambda face: skin)

    def shadow(self, lens: Lens, ground_m: float) -> Patch | None:
        """A soft spot on the ground below: paler, softer and further right as it rises."""
        rise_m = max(self.bottom_m - ground_m, 0.0)
        half_m = self.reach[0] * (1.0 - 0.35 * min(rise_m / 1.5, 1.0))
        blur_m = 0.35 * half_m + 0.25 * rise_m
        x_m = self.x_m + 0.12 * half_m + 0.3 * rise_m
        deep_m = self.depth_m * 0.72
        reach = half_m + blur_m, deep_m + blur_m
        rim = OUTLINE * reach + (x_m, self.z_m)
        places = np.stack((rim[:, 0], np.full(len(rim), ground_m), rim[:, 1]), 1)
        size = (lens.view.width_px, lens.view.height_px)
        window = window_around(lens.project(places), size)
        if window is None:
            return None
        u, v = self.on_ground(lens, window, ground_m, x_m)
        distance = np.hypot(u / np.float32(reach[0]), v / np.float32(reach[1]))
        core = half_m / reach[0] - 0.25
        fade = np.clip((1.0 - distance) / (1.0 - core), 0.0, 1.0)
        strength = self.opacity * (0.13 + 0.42 * np.exp(-rise_m / 0.3)) * np.exp(-rise_m / 1.5)
        return plain_patch(window, np.asarray(strength * fade * fade * (3 - 2 * fade), np.float32))

    def on_ground(
        self, lens: Lens, window: Window, ground_m: float, x_m: float
    ) -> tuple[Pixels, Pixels]:
        """Px as places on the ground: metres to the right of x_m and beyond z_m, (h, w)."""
        x, y = lens.still_grid(*window)
        view = lens.view
        below = np.maximum(y - view.horizon_px, 1.0)
        z = np.float32(view.focal_px * (view.eye_m - ground_m)) / below
        across = (x - view.width_px / 2) * z / np.float32(view.focal_px)
        return across + np.float32(lens.travel_m - x_m), z - np.float32(self.z_m)


def ball_light(gloss: float, x: Pixels, y: Pixels, z: Pixels) -> tuple[Pixels, Pixels]:
    """How light a point of the unit ball is (a factor), and its gleam (grey levels)."""
    shade = 0.42 + 0.68 * np.clip(x * LIGHT[0] + y * LIGHT[1] + z * LIGHT[2], 0.0, 1.0)
    shade *= 1.0 - 0.14 * np.clip(y, 0.0, 1.0)
    glint = np.clip(x * GLINT[0] + y * GLINT[1] + z * GLINT[2], 0.0, 1.0) ** 36
    return 1.0 - gloss * (1.0 - shade), 85.0 * gloss * glint


@dataclass(frozen=True)
class Mover:
    """A thing over time. pose: how it is at a time (s), None when it does not exist.

    seed: of how its surface is worn and how its pattern lies.
    """

    name: str
    pose: Callable[[float], Pose | None]
    seed: int = 0

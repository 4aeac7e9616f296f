"""What stands in a room and does not move: crates, pillars, curtains, tables, shelves, ramps.

A solid is a convex outline in the plane of the picture that reaches from a front
(nearer to the camera) to a back. Movers are drawn before, behind, on and below it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physcheck.drawing.cameras import Lens
from physcheck.drawing.patches import (
    Window,
    convex_cover,
    hull,
    plain_patch,
    window_around,
)
from physcheck.drawing.prisms import Face, faces_of, prism_patch
from physcheck.drawing.skins import Material, Skin, material_skin, step_of
from physcheck.drawing.textures import Pixels
from physcheck.drawing.things import Patch
from physcheck.types import Floats

__all__ = ["Solid", "crate", "curtain", "pillar", "ramp", "screen", "shelf", "table"]

Point = tuple[float, float]
PLASTER, CONCRETE, WOOD = Material("plaster"), Material("concrete"), Material("wood")
CARDBOARD, CLOTH = Material("cardboard"), Material("curtain")


@dataclass(frozen=True)
class Solid:
    """A prism. outline: corners (x, y) m, convex, counter-clockwise with y up. z_m: its
    front; depth_m: from there to its back."""

    name: str
    outline: tuple[Point, ...]
    z_m: float
    depth_m: float
    material: Material = PLASTER
    seed: int = 1

    @property
    def back_m(self) -> float:
        """Depth of its back, m."""
        return self.z_m + self.depth_m

    @property
    def bottom_m(self) -> float:
        """Height of its lowest point, m."""
        return min(y for _, y in self.outline)

    def top_at(self, x_m: float, z_m: float) -> float | None:
        """Height of its top over a place on the floor, m; None where it is not."""
        if not self.z_m <= z_m <= self.back_m:
            return None
        heights = []
        for (ax, ay), (bx, by) in zip(
            self.outline, self.outline[1:] + self.outline[:1], strict=True
        ):
            low, high = min(ax, bx), max(ax, bx)
            if low <= x_m <= high and high > low:
                heights.append(ay + (by - ay) * (x_m - ax) / (bx - ax))
        return max(heights, default=None)

    def holds(self, z_m: float) -> bool:
        """Whether a depth lies between its front and its back."""
        return self.z_m < z_m < self.back_m

    def faces(self, lens: Lens) -> list[Face]:
        """The front and the sides that are seen."""
        return faces_of(lens, np.array(self.outline), self.z_m, self.depth_m)

    def patch(self, lens: Lens) -> Patch | None:
        """Its picture, or None where it is not in view."""
        px_per_m = step_of(lens.scale_at(self.z_m))

        def skin(face: Face) -> Skin:
            wide_m, high_m = (round(side, 4) for side in face.size_m)
            return material_skin(self.material, self.seed, wide_m, high_m, px_per_m)

        return prism_patch(lens, self.faces(lens), skin)

    def top_cover(self, lens: Lens, window: Window) -> Pixels:
        """Share of each px that shows a face on which something may lie, (h, w)."""
        cover = np.zeros((window[3], window[2]), np.float32)
        for face in self.faces(lens):
            if face.is_top:
                cover = np.maximum(cover, convex_cover(face.polygon, window))
        return cover

    def foot_shadow(self, lens: Lens) -> Patch | None:
        """A soft dark rim around its foot, a little more to the right."""
        x1, x2 = (f(x for x, y in self.outline if y < 0.05) for f in (min, max))
        rim = 0.06 + 0.05 * min(x2 - x1, 1.0)
        near, far = self.z_m - rim, self.back_m + rim
        corners = np.array(
            ((x1 - rim, near), (x2 + 2 * rim, near), (x2 + 2 * rim, far), (x1 - rim, far))
        )
        foot = np.stack((corners[:, 0], np.zeros(4), corners[:, 1]), 1)
        quad = hull(lens.project(foot))
        window = window_around(quad, (lens.view.width_px, lens.view.height_px), 2)
        if window is None:
            return None
        return plain_patch(window, 0.45 * soft_quad(quad, window, lens.scale_at(self.z_m) * rim))


def soft_quad(quad: Floats, window: Window, rim_px: float) -> Pixels:
    """A convex shape that fades towards its edges, (h, w) in [0, 1]."""
    left, top, width, height = window
    x = np.arange(left, left + width, dtype=np.float32)[None, :] + 0.5
    y = np.arange(top, top + height, dtype=np.float32)[:, None] + 0.5
    answer = np.ones((height, width), np.float32)
    middle = quad.mean(0)
    for (ax, ay), (bx, by) in zip(quad, np.roll(quad, -1, 0), strict=True):
        length = max(float(np.hypot(bx - ax, by - ay)), 1e-6)
        nx, ny = (ay - by) / length, (bx - ax) / length
        reach = max((middle[0] - ax) * nx + (middle[1] - ay) * ny, 1e-3)
        soft = min(max(rim_px, 1.5), reach)
        share = np.clip(((x - ax) * nx + (y - ay) * ny) / soft, 0.0, 1.0)
        answer *= (share * share * (3.0 - 2.0 * share)).astype(np.float32)
    return answer


def rectangle(x1: float, y1: float, x2: float, y2: float) -> tuple[Point, ...]:
    """An upright outline, counter-clockwise."""
    return (x1, y1), (x2, y1), (x2, y2), (x1, y2)


def crate(
    x_m: float,
    z_m: float,
    width_m: float,
    height_m: float,
    depth_m: float,
    material: Material = CARDBOARD,
    seed: int = 1,
) -> Solid:
    """A box on the floor; x_m: its middle, z_m: its front."""
    half = width_m / 2
    return Solid(
        "crate", rectangle(x_m - half, 0, x_m + half, height_m), z_m, depth_m, material, seed
    )


def pillar(
    x_m: float,
    z_m: float,
    width_m: float,
    material: Material = CONCRETE,
    height_m: float = 4.0,
    seed: int = 1,
) -> Solid:
    """A square pillar that goes out of the picture at the top."""
    half = width_m / 2
    outline = rectangle(x_m - half, 0.0, x_m + half, height_m)
    return Solid("pillar", outline, z_m, width_m, material, seed)


def screen(
    x1_m: float,
    x2_m: float,
    z_m: float,
    height_m: float,
    material: Material = PLASTER,
    seed: int = 1,
) -> Solid:
    """A thin wall from x1 to x2 (let one lie outside the picture for a wall with one edge)."""
    return Solid("screen", rectangle(x1_m, 0.0, x2_m, height_m), z_m, 0.12, material, seed)


def curtain(
    x1_m: float, x2_m: float, z_m: float, material: Material = CLOTH, seed: int = 1
) -> Solid:
    """Cloth from above the picture down to just over the floor."""
    return Solid("curtain", rectangle(x1_m, 0.03, x2_m, 4.0), z_m, 0.05, material, seed)


def table(
    x_m: float,
    z_m: float,
    width_m: float,
    height_m: float,
    depth_m: float,
    material: Material = WOOD,
    seed: int = 1,
) -> tuple[Solid, ...]:
    """A plate on four legs; x_m: its middle, z_m: its front."""
    half, leg, thick = width_m / 2, 0.06, 0.05
    plate = rectangle(x_m - half, height_m - thick, x_m + half, height_m)
    legs = [
        Solid(
            "leg",
            rectangle(x - leg / 2, 0.0, x + leg / 2, height_m - thick),
            z,
            leg,
            material,
            seed,
        )
        for z in (z_m + depth_m - 2 * leg, z_m + leg)
        for x in (x_m - half + leg, x_m + half - leg)
    ]
    return (*legs, Solid("table", plate, z_m, depth_m, material, seed))


def shelf(
    x1_m: float,
    x2_m: float,
    height_m: float,
    z_m: float,
    depth_m: float,
    material: Material = WOOD,
    seed: int = 1,
) -> Solid:
    """A board that is fixed in mid-air; height_m: of its top."""
    outline = rectangle(x1_m, height_m - 0.05, x2_m, height_m)
    return Solid("shelf", outline, z_m, depth_m, material, seed)


def ramp(
    low: Point,
    high: Point,
    z_m: float,
    depth_m: float,
    material: Material = WOOD,
    seed: int = 1,
) -> Solid:
    """A wedge on the floor whose slope goes from a lower to a higher end, (x, y) m."""
    (lx, ly), (hx, hy) = low, high
    corners = [(lx, ly), (hx, hy), (hx, 0.0)] + ([(lx, 0.0)] if ly > 1e-6 else [])
    if lx < hx:
        corners.reverse()
    return Solid("ramp", tuple(corners), z_m, depth_m, material, seed)

"""A room with movers and solids, filmed: pictures, and the truth about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from physcheck.drawing.cameras import STILL, Camera, Lens, inverse, mapped, one
from physcheck.drawing.movers import Mover, Pose
from physcheck.drawing.order import ground_below, in_order
from physcheck.drawing.scene import LEAST_VISIBLE, Picture, Room, Seen, bounds, lay, overlap
from physcheck.drawing.solids import Solid
from physcheck.drawing.textures import Pixels
from physcheck.drawing.things import Box, Patch, View
from physcheck.types import Bools

__all__ = ["Film", "Segments"]

Segments = np.ndarray[tuple[int, int], np.dtype[np.int16]]
"""(H, W): 0 nothing, i + 1 where mover i is seen."""

MOST_SUBFRAMES = 6
STEP_PX = 1.2
"""Between two subframes nothing moves further than about this, unless it is very fast."""
CAMERA_STILL_PX = 0.4
"""A camera that moves less than this while the shutter is open blurs nothing."""
LEAST_OPACITY = 0.12
"""A thing more transparent than this is not seen."""
GRAIN_PX, GRAIN_STD = 0.55, 0.56
"""Grain is white noise blurred by so many px; what this leaves of its standard deviation."""
MARGIN_STEP_PX = 32


class Canvas(NamedTuple):
    """The empty room, larger than the picture. left, top: how much further it goes, px.
    foot: the row (px of the still picture) in which wall and floor meet."""

    picture: Picture
    left: int
    top: int
    foot: float


@lru_cache(maxsize=4)
def canvas_of(room: Room, sides: int, above: int, below: int) -> Canvas:
    """Draw the room with margins at both sides, above and below, px."""
    view = room.view
    larger = View(
        view.width_px + 2 * sides,
        view.height_px + above + below,
        view.horizon_px + above,
        view.focal_px,
        view.eye_m,
    )
    drawn = replace(room, view=larger, foot_px=room.foot_px + above, wide_px=0).draw()
    picture = np.clip(drawn + 0.5, 0.0, 255.0).astype(np.uint8)
    return Canvas(picture, sides, above, room.foot_px)


@dataclass(frozen=True)
class Film:
    """A film of `n_frames`; any frame can be drawn by itself, and twice the same.

    room: with the furniture that belongs to it. movers: in the order of their numbers
    in the segmentation. solids: what else stands there. grain: standard deviation, grey
    levels. shutter: share of a frame's time. soft_px: how unsharp the lens is. gain:
    exposure over time (s). seed: of the grain.
    """

    room: Room
    movers: tuple[Mover, ...]
    fps: float
    n_frames: int
    solids: tuple[Solid, ...] = ()
    camera: Camera = STILL
    grain: float = 2.0
    shutter: float = 0.4
    soft_px: float = 0.0
    gain: Callable[[float], float] = one
    seed: int = 7

    @property
    def view(self) -> View:
        """The camera when nothing moves it."""
        return self.room.view

    def lens(self, time_s: float) -> Lens:
        """The camera at a time."""
        return self.camera.at(self.view, time_s)

    def project(self, x_m: float, y_m: float, z_m: float, time_s: float) -> tuple[float, float]:
        """Where a place is seen at a time, px."""
        x_px, y_px = self.lens(time_s).project(np.array([[x_m, y_m, z_m]]))[0]
        return float(x_px), float(y_px)

    def boxes(self, index: int) -> dict[str, Box]:
        """The whole box of each mover that is there, in view or not, px; nothing is drawn."""
        lens, here = self.lens(index / self.fps), self.poses(index / self.fps)
        return {self.movers[number].name: pose.box(lens) for number, pose in here}

    def frames(self) -> Iterator[Picture]:
        """All frames, (H, W, 3) uint8 RGB."""
        return (self.frame(index) for index in range(self.n_frames))

    def frame(self, index: int) -> Picture:
        """Draw one frame: shutter, lens, exposure, grain. (H, W, 3) uint8 RGB."""
        times = self.instants(index)
        lenses = [self.lens(time_s) for time_s in times]
        moved_px = lenses[0].shift_px(lenses[-1])
        blurred = moved_px > CAMERA_STILL_PX
        middle = self.lens(index / self.fps)
        total: Pixels | None = None
        for time_s, lens in zip(times, lenses, strict=True):
            used = lens if blurred else middle
            picture = self.exposure(time_s, used, len(times) > 1 and blurred)
            total = picture if total is None else np.add(total, picture, out=total)
        assert total is not None
        return self.develop(total / len(times), index)

    def instants(self, index: int) -> list[float]:
        """Times at which one frame is sampled: the more, the faster something moves, s."""
        middle, half = index / self.fps, self.shutter / self.fps / 2
        way = self.lens(middle - half).shift_px(self.lens(middle + half))
        n = 1
        if self.shutter > 0.0:
            way = max([way, *(self.way_px(m, middle - half, middle + half) for m in self.movers)])
            n = int(np.clip(np.ceil(way / STEP_PX), 1, MOST_SUBFRAMES))
        return [middle + 2 * half * ((k + 0.5) / n - 0.5) for k in range(n)]

    def way_px(self, mover: Mover, start_s: float, stop_s: float) -> float:
        """How far the edges of a mover go between two times, px."""
        poses = mover.pose(start_s), mover.pose(stop_s)
        if poses[0] is None or poses[1] is None:
            return 0.0
        still = self.lens((start_s + stop_s) / 2)
        edges = [np.array(pose.box(still)) for pose in poses if pose is not None]
        turned = abs(poses[1].angle_rad - poses[0].angle_rad)
        radius_px = still.scale_at(poses[0].z_m) * max(poses[0].reach)
        return float(np.abs(edges[1] - edges[0]).max() + turned * radius_px)

    @cached_property
    def canvas(self) -> Canvas:
        """The empty room, as large as this camera ever needs it."""
        corners = [self.reach_of(self.lens(index / self.fps)) for index in range(self.n_frames)]
        low, high = np.min(corners, axis=(0, 1)), np.max(corners, axis=(0, 1))
        size = np.array((self.view.width_px, self.view.height_px))
        margin = np.concatenate((-low, high - size)) + 3.0
        still = (np.abs(np.concatenate((low, high - size))) < 1e-9).all()
        left, above, right, below = (0 if still else stepped(px) for px in margin)
        return canvas_of(self.room, max(left, right), above, below)

    def reach_of(self, lens: Lens) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """The corners of the picture in the still camera's, (4, 2) px."""
        w, h = float(self.view.width_px), float(self.view.height_px)
        corners = np.array(((0.0, 0.0), (w, 0.0), (0.0, h), (w, h)))
        points = mapped(inverse(lens.matrix), corners)
        points[:, 0] += [lens.travel_m * self.per_travel(y_px) for y_px in points[:, 1]]
        return points

    def per_travel(self, y_px: float) -> float:
        """How far the room moves, at a height in the still picture, for 1 m of travel, px."""
        return max(y_px, self.room.foot_px) / self.view.eye_m + self.at_horizon

    @property
    def at_horizon(self) -> float:
        """What the height of the horizon takes from how far the floor moves, px for 1 m."""
        return -self.view.horizon_px / self.view.eye_m

    def empty(self, lens: Lens, blurred: bool = False) -> Pixels:
        """The empty room as it is seen at an instant, (H, W, 3)."""
        canvas, size = self.canvas, (self.view.width_px, self.view.height_px)
        unmoved = lens.travel_m == 0.0 and bool((lens.matrix == np.eye(3)).all())
        if unmoved:
            left, top = canvas.left, canvas.top
            return canvas.picture[top : top + size[1], left : left + size[0]].astype(np.float32)
        how = cv2.INTER_LINEAR if blurred else cv2.INTER_CUBIC
        picture = self.warped(lens, 0.0, self.per_travel(0.0), how)
        if lens.travel_m != 0.0:
            below = self.warped(lens, 1.0 / self.view.eye_m, self.at_horizon, how)
            cv2.copyTo(below, self.floor_mask(lens), picture)
        return np.asarray(picture, np.float32)

    def warped(self, lens: Lens, slope: float, level: float, how: int) -> Picture:
        """The drawn room as a plane of it is seen, (H, W, 3).

        slope, level: the plane moves by slope * y + level, px, for 1 m of travel, at a
        height y of the still picture.
        """
        canvas, travel = self.canvas, lens.travel_m
        into = np.array(((1.0, 0, -canvas.left), (0, 1.0, -canvas.top), (0, 0, 1.0)))
        passing = np.array(((1.0, -slope * travel, -level * travel), (0, 1.0, 0), (0, 0, 1.0)))
        half = np.array(((1.0, 0, 0.5), (0, 1.0, 0.5), (0, 0, 1.0)))
        matrix = inverse(half) @ lens.matrix @ passing @ into @ half
        size = (self.view.width_px, self.view.height_px)
        seen = cv2.warpPerspective(
            canvas.picture, matrix, size, flags=how, borderMode=cv2.BORDER_REFLECT
        )
        return np.asarray(seen)

    def floor_mask(self, lens: Lens) -> Picture:
        """Where the floor is seen, (H, W), 1 or 0."""
        width, foot = self.view.width_px, self.room.foot_px
        far = 10.0 * width
        corners = np.array(((-far, foot), (far, foot), (far, far), (-far, far)))
        mask = np.zeros((self.view.height_px, width), np.uint8)
        return np.asarray(
            cv2.fillConvexPoly(mask, np.round(mapped(lens.matrix, corners)).astype(np.int32), 1)
        )

    def poses(self, time_s: float) -> list[tuple[int, Pose]]:
        """The movers that are there at a time, with their numbers."""
        found = ((number, mover.pose(time_s)) for number, mover in enumerate(self.movers))
        return [(number, pose) for number, pose in found if pose is not None]

    @cached_property
    def standing(self) -> tuple[Solid, ...]:
        """All that stands still."""
        return tuple(sorted(self.room.furniture + self.solids, key=lambda one: -one.back_m))

    def exposure(self, time_s: float, lens: Lens, blurred: bool = False) -> Pixels:
        """The picture at one instant, without grain, (H, W, 3)."""
        here = self.poses(time_s)
        items = in_order(here, self.standing)
        movers = [i for i, item in enumerate(items) if isinstance(item.what, tuple)]
        farthest = min(movers, default=len(items))
        picture = self.setting(
            lens, blurred, [item.what for item in items[:farthest] if isinstance(item.what, Solid)]
        )
        shadows = [(*ground_below(pose, self.standing), pose) for _, pose in here]
        for ground_m, solid, pose in shadows:
            if solid is None:
                put(picture, pose.shadow(lens, ground_m))
        for solid in {id(base): base for _, base, _ in shadows if base is not None}.values():
            if any(item.what is solid for item in items[:farthest]):
                self.shade_top(picture, solid, lens, shadows)
        for item in items[farthest:]:
            if isinstance(item.what, Solid):
                put(picture, item.what.patch(lens))
                self.shade_top(picture, item.what, lens, shadows)
            else:
                number, pose = item.what
                put(picture, pose.patch(lens, self.movers[number].seed))
        return picture

    def setting(self, lens: Lens, blurred: bool, behind: list[Solid]) -> Pixels:
        """The room with what stands farther away than all movers, (H, W, 3)."""
        key = (lens.matrix.tobytes(), lens.travel_m, blurred, [id(one) for one in behind])
        if self.cache.get("key") != key:
            picture = self.empty(lens, blurred)
            for solid in self.standing:
                if solid.bottom_m < 0.05:
                    put(picture, solid.foot_shadow(lens))
            for solid in behind:
                put(picture, solid.patch(lens))
            self.cache.update(key=key, picture=picture)
        return np.array(self.cache["picture"], np.float32)

    @cached_property
    def cache(self) -> dict[str, object]:
        """The last setting, for a camera that stands still."""
        return {}

    def shade_top(
        self,
        picture: Pixels,
        solid: Solid,
        lens: Lens,
        shadows: list[tuple[float, Solid | None, Pose]],
    ) -> None:
        """Lay the shadows that fall on a solid."""
        for ground_m, below, pose in shadows:
            patch = pose.shadow(lens, ground_m) if below is solid else None
            if patch is not None:
                height, width = patch.cover.shape
                top = solid.top_cover(lens, (patch.left, patch.top, width, height))
                put(picture, replace(patch, cover=patch.cover * top))

    def develop(self, picture: Pixels, index: int) -> Picture:
        """Lens, exposure, and grain that is new in every frame; rounded."""
        if self.soft_px > 0.0:
            picture = cv2.GaussianBlur(picture, (0, 0), self.soft_px)
        gain = self.gain(index / self.fps)
        if gain != 1.0:
            picture = picture * np.float32(gain)
        if self.grain > 0.0:
            rng = np.random.default_rng((self.seed, index))
            grain = rng.standard_normal(picture.shape[:2], np.float32)
            grain = cv2.GaussianBlur(grain, (0, 0), GRAIN_PX)
            grain *= self.grain / GRAIN_STD
            picture = picture + (grain + np.float32(0.5))[..., None]
        return np.asarray(np.clip(picture, 0, 255, out=picture).astype(np.uint8))

    def segmentation(self, index: int) -> Segments:
        """Which mover is seen where in the middle of a frame's exposure, (H, W)."""
        lens, here = self.lens(index / self.fps), self.poses(index / self.fps)
        answer = np.zeros((self.view.height_px, self.view.width_px), np.int16)
        for item in in_order(here, self.standing):
            if isinstance(item.what, Solid):
                stamp(answer, item.what.patch(lens), 0, 0.5)
            elif item.what[1].opacity >= LEAST_OPACITY:
                number, pose = item.what
                patch = pose.patch(lens, self.movers[number].seed)
                stamp(answer, patch, number + 1, 0.5 * pose.opacity)
        return answer

    def truth(self, index: int) -> list[Seen]:
        """What is to be seen in the middle of a frame's exposure, in the order of movers.

        A box holds the part that is in view; `visible` is that part's share of the whole.
        """
        lens, segments = self.lens(index / self.fps), self.segmentation(index)
        rows = [
            self.seen(number, pose, lens, segments == number + 1)
            for number, pose in self.poses(index / self.fps)
        ]
        return [row for row in rows if row is not None]

    def seen(self, number: int, pose: Pose, lens: Lens, mask: Bools) -> Seen | None:
        """One row of the truth; mask: (H, W), where the mover is seen."""
        whole_px = cv2.contourArea(pose.silhouette(lens).astype(np.float32))
        visible = float(mask.sum()) / max(whole_px, 1.0)
        if visible < LEAST_VISIBLE:
            return None
        edges = 0.0, 0.0, float(self.view.width_px), float(self.view.height_px)
        box = overlap(pose.box(lens), edges)
        shown = bounds(mask.astype(np.float32))
        # The px are whole; where nothing hides an edge, the outline is the better answer.
        x1, y1, x2, y2 = (
            exact if abs(exact - seen) <= 1.0 else seen
            for exact, seen in zip(box, shown, strict=True)
        )
        box = x1, y1, x2, y2
        return Seen(self.movers[number].name, box, min(visible, 1.0))


def stepped(px: float) -> int:
    """A margin, rounded up so that like cameras share a drawn room, px."""
    return max(0, int(np.ceil(px / MARGIN_STEP_PX)) * MARGIN_STEP_PX)


def put(picture: Pixels, patch: Patch | None) -> None:
    """Lay a patch if there is one."""
    if patch is not None:
        lay(picture, patch)


def stamp(segments: Segments, patch: Patch | None, number: int, least: float) -> None:
    """Write a number where a patch covers at least a share."""
    if patch is None:
        return
    height, width = patch.cover.shape
    area = segments[patch.top : patch.top + height, patch.left : patch.left + width]
    area[patch.cover >= least] = number

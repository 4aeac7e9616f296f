"""A room, what moves in it, and a camera with grain and shutter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from physcheck.drawing.solids import Solid
from physcheck.drawing.textures import TEXTURES, Pixels, fractal_noise
from physcheck.drawing.things import Box, Parcel, Patch, Thing, View

__all__ = ["Picture", "Room", "Scene", "Seen", "lay"]

Picture = NDArray[np.uint8]
FINE = 2
"""How much larger the room is drawn before it is averaged down."""
SHUTTER = 0.4
"""Share of a frame's time during which the shutter is open."""
SUBFRAMES = 5
LEAST_VISIBLE = 0.02
"""A thing of which less than this share is in view is not in the truth."""


@dataclass(frozen=True)
class Room:
    """A wall, a floor before it and what stands there.

    wall, floor: names of textures. foot_px: height in the picture where they meet.
    hung: (texture, x, y, width, height) flat on the wall, m. standing: parcels.
    wide_px: width of the drawn room (more than the view's where the camera pans).
    glow: brightness in the middle, and how it changes to the right and down. furniture:
    solids that a film draws in the room.
    """

    view: View
    foot_px: float
    wall: str = "plaster"
    floor: str = "concrete"
    hung: tuple[tuple[str, float, float, float, float], ...] = ()
    standing: tuple[Parcel, ...] = ()
    skirting: bool = True
    wide_px: int = 0
    seed: int = 1
    wall_tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    floor_tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    glow: tuple[float, float, float] = (0.98, -0.09, -0.05)
    floor_px_per_m: float = 200.0
    furniture: tuple[Solid, ...] = ()

    @property
    def wall_z_m(self) -> float:
        """How far away the wall is, m."""
        return self.view.depth_at(self.foot_px)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the drawn room, px."""
        return max(self.wide_px, self.view.width_px), self.view.height_px

    @property
    def still(self) -> View:
        """The view before any pan."""
        view = self.view
        return View(view.width_px, view.height_px, view.horizon_px, view.focal_px, view.eye_m)

    def draw(self) -> Pixels:
        """The empty room, (h, w, 3) grey levels."""
        rng = np.random.default_rng(self.seed)
        width, height = self.size
        picture = np.zeros((height * FINE, width * FINE, 3), np.float32)
        foot = round(self.foot_px * FINE)
        picture[:foot] = self.draw_wall(rng, width * FINE, foot)
        picture[foot:] = self.draw_floor(rng, width * FINE, foot, height * FINE)
        small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        for parcel in self.standing:
            lay(small, parcel.shadow(self.still, 0.0))
            lay(small, parcel.patch(self.still, 0.0))
        return np.asarray(small * self.light(rng)[..., None], np.float32)

    def light(self, rng: np.random.Generator) -> Pixels:
        """Brighter at the upper left, with soft unevenness and dark corners."""
        width, height = self.size
        middle, right, down = self.glow
        x = np.linspace(-1.0, 1.0, width, dtype=np.float32)[None, :]
        y = np.linspace(-1.0, 1.0, height, dtype=np.float32)[:, None]
        uneven = 0.015 * fractal_noise(rng, height, width, (height / 2, width / 2), 2)
        return np.asarray(middle + right * x + down * y - 0.04 * (x * x + y * y) + uneven)

    def draw_wall(self, rng: np.random.Generator, width: int, foot: int) -> Pixels:
        """The wall down to its foot, with what hangs on it."""
        scale = self.view.px_per_m(self.view.depth_at(self.foot_px)) * FINE
        wall = TEXTURES[self.wall](rng, foot, width, scale)
        wall *= np.array(self.wall_tint, np.float32)
        for name, x, y, w, h in self.hung:
            left = round(self.view.width_px / 2 * FINE + (x - w / 2) * scale)
            top, high, wide = round(foot - (y + h / 2) * scale), round(h * scale), round(w * scale)
            drop_shadow(wall, left, top, wide, high)
            piece = TEXTURES[name](rng, high, wide, scale)
            down, right = max(top + high, 0), max(left + wide, 0)
            area = wall[max(top, 0) : down, max(left, 0) : right]
            area[:] = piece[max(-top, 0) :, max(-left, 0) :][: area.shape[0], : area.shape[1]]
        if self.skirting:
            board = round(0.11 * scale)
            wall[foot - board :] = wall[foot - board :] * 0.35 + 128.0
            wall[foot - board - 2 : foot - board] *= 0.72
        return wall

    def draw_floor(self, rng: np.random.Generator, width: int, foot: int, bottom: int) -> Pixels:
        """The floor in perspective, darker along the wall."""
        per_m, view = self.floor_px_per_m, self.view
        far = view.depth_at(self.foot_px)
        near = view.depth_at(view.height_px)
        reach = far / view.focal_px
        texture = TEXTURES[self.floor](
            rng, int((far - near) * per_m) + 8, int(width / FINE * reach * per_m) + 8, per_m
        )
        texture = cv2.GaussianBlur(texture, (0, 0), 0.8)
        y_px = (np.arange(foot, bottom, dtype=np.float32)[:, None] + 0.5) / FINE
        x_px = (np.arange(width, dtype=np.float32)[None, :] + 0.5) / FINE
        z = view.focal_px * view.eye_m / (y_px - view.horizon_px)
        across = (x_px - view.width_px / 2) * z / view.focal_px + view.width_px / 2 * reach
        along = np.broadcast_to(far - z, across.shape)
        maps = (across * per_m).astype(np.float32), (along * per_m).astype(np.float32)
        floor = cv2.remap(texture, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        corner = 1.0 - 0.3 * np.exp(-(y_px - self.foot_px) / 5.0)
        return np.asarray(floor * corner[..., None] * np.array(self.floor_tint, np.float32))


def drop_shadow(wall: Pixels, left: int, top: int, wide: int, high: int) -> None:
    """Darken the wall softly below and to the right of something that hangs on it."""
    mask = np.zeros(wall.shape[:2], np.float32)
    mask[max(top + 5, 0) : max(top + high + 8, 0), max(left + 5, 0) : max(left + wide + 8, 0)] = 0.4
    wall *= 1.0 - cv2.GaussianBlur(mask, (0, 0), 5.0)[..., None]


def lay(picture: Pixels, patch: Patch, hidden: Pixels | None = None) -> None:
    """Blend a patch into a picture, less where `hidden` (h, w) is 1."""
    height, width = picture.shape[:2]
    high, wide = patch.cover.shape
    y1, y2 = max(patch.top, 0), min(patch.top + high, height)
    x1, x2 = max(patch.left, 0), min(patch.left + wide, width)
    if y1 >= y2 or x1 >= x2:
        return
    inner = np.s_[y1 - patch.top : y2 - patch.top, x1 - patch.left : x2 - patch.left]
    cover = patch.cover[inner]
    if hidden is not None:
        cover = cover * (1.0 - hidden[y1:y2, x1:x2])
    area = picture[y1:y2, x1:x2]
    area += (patch.colours[inner] - area) * cover[..., None]


@lru_cache(maxsize=3)
def drawn(room: Room) -> Pixels:
    """The empty room, drawn once."""
    return room.draw()


@dataclass(frozen=True)
class Seen:
    """One row of the truth: the box of the part in view, and which share of it that is."""

    name: str
    box: Box
    visible: float


@dataclass(frozen=True)
class Scene:
    """A room and its things, filmed. Any frame can be drawn by itself."""

    room: Room
    things: tuple[Thing, ...]
    fps: float
    grain: float = 2.0
    seed: int = 7
    hiders: dict[int, Pixels] = field(default_factory=dict, compare=False)

    @cached_property
    def patches(self) -> list[tuple[float, Patch]]:
        """What stands in the room: distance and picture."""
        still = self.room.still
        return [(p.path(0.0)[2], p.patch(still, 0.0)) for p in self.room.standing]

    def present(self, time_s: float) -> list[Thing]:
        """The things that exist at a time, the farthest first."""
        here = [thing for thing in self.things if thing.shown(time_s)]
        return sorted(here, key=lambda thing: -thing.path(time_s)[2])

    def hidden(self, depth_m: float) -> Pixels | None:
        """Share of each px (h, w) that something standing nearer than `depth_m` covers."""
        nearer = [patch for z, patch in self.patches if z < depth_m]
        if not nearer:
            return None
        if len(nearer) not in self.hiders:
            width, height = self.room.size
            mask = np.zeros((height, width, 3), np.float32)
            for patch in nearer:
                lay(mask, Patch(patch.left, patch.top, np.ones_like(patch.colours), patch.cover))
            self.hiders[len(nearer)] = mask[..., 0]
        return self.hiders[len(nearer)]

    def backdrop(self, time_s: float) -> Pixels:
        """The empty room as the camera sees it at a time."""
        view, room = self.room.view, drawn(self.room)
        shift = view.pan_px(time_s)
        size = (view.width_px, view.height_px)
        if shift == 0.0 and room.shape[1] == view.width_px:
            return room.copy()
        matrix = np.array(((1.0, 0.0, -shift), (0.0, 1.0, 0.0)))
        return np.asarray(cv2.warpAffine(room, matrix, size, flags=cv2.INTER_CUBIC))

    def exposure(self, time_s: float, picture: Pixels) -> None:
        """Lay all things and their shadows into a picture, as they are at one instant."""
        view = self.room.view
        here = self.present(time_s)
        for thing in here:
            lay(picture, thing.shadow(view, time_s), self.hidden(thing.path(time_s)[2]))
        for thing in here:
            lay(picture, thing.patch(view, time_s), self.hidden(thing.path(time_s)[2]))

    def frame(self, index: int) -> Picture:
        """Draw one frame: shutter, then grain. (h, w, 3) RGB."""
        middle = index / self.fps
        empty = self.backdrop(middle)
        total = np.zeros_like(empty)
        for step in range(SUBFRAMES):
            offset = SHUTTER * ((step + 0.5) / SUBFRAMES - 0.5)
            picture = empty.copy()
            self.exposure((index + offset) / self.fps, picture)
            total += picture
        return self.develop(total / SUBFRAMES, index)

    def develop(self, picture: Pixels, index: int) -> Picture:
        """Add sensor grain that is new in every frame, and round."""
        rng = np.random.default_rng((self.seed, index))
        height, width = picture.shape[:2]
        grain = rng.standard_normal((height, width), np.float32)
        grain = cv2.GaussianBlur(grain, (0, 0), 0.55)
        grain *= self.grain / float(grain.std())
        return np.asarray(np.clip(picture + grain[..., None] + 0.5, 0, 255).astype(np.uint8))

    def truth(self, index: int) -> list[Seen]:
        """What is to be seen in a frame, at the middle of its exposure."""
        time_s = index / self.fps
        here = self.present(time_s)
        rows = [self.seen(thing, here[i + 1 :], time_s) for i, thing in enumerate(here)]
        return sorted((row for row in rows if row is not None), key=lambda row: row.name)

    def seen(self, thing: Thing, nearer: Sequence[Thing], time_s: float) -> Seen | None:
        """The part of a thing that nothing hides and that is within the picture."""
        view, hidden = self.room.view, self.hidden(thing.path(time_s)[2])
        box = clipped(thing.box(view, time_s), view)
        beside = [other for other in nearer if overlapping(other.box(view, time_s), box)]
        if box == thing.box(view, time_s) and not beside and hidden is None:
            return Seen(thing.name, box, 1.0)
        patch = thing.patch(view, time_s)
        inside = np.zeros((view.height_px, view.width_px, 3), np.float32)
        lay(inside, replace_colour(patch, 1.0))
        in_view = np.zeros_like(inside)
        lay(in_view, replace_colour(patch, 1.0), hidden)
        for other in beside:
            lay(in_view, replace_colour(other.patch(view, time_s), 0.0))
        visible = float(in_view[..., 0].sum() / patch.cover.sum())
        if visible < LEAST_VISIBLE:
            return None
        if in_view[..., 0].sum() < 0.998 * inside[..., 0].sum():
            box = overlap(box, bounds(in_view[..., 0]))
        return Seen(thing.name, box, min(visible, 1.0))


def replace_colour(patch: Patch, value: float) -> Patch:
    """The same patch in one plain colour."""
    return Patch(patch.left, patch.top, np.full_like(patch.colours, value), patch.cover)


def clipped(box: Box, view: View) -> Box:
    """The part of a box that is within the picture."""
    return overlap(box, (0.0, 0.0, float(view.width_px), float(view.height_px)))


def overlap(a: Box, b: Box) -> Box:
    """What two boxes share."""
    return max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])


def overlapping(a: Box, b: Box) -> bool:
    """Whether two boxes come within 2 px of each other."""
    shared = overlap(a, b)
    return shared[0] < shared[2] + 2.0 and shared[1] < shared[3] + 2.0


def bounds(cover: Pixels) -> Box:
    """Box around the px that are at least half covered."""
    rows, columns = np.flatnonzero((cover > 0.5).any(1)), np.flatnonzero((cover > 0.5).any(0))
    if rows.size == 0:
        return 0.0, 0.0, 0.0, 0.0
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)

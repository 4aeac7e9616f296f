"""A take: things that have moved, filmed, with what is to be seen of each of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

from physcheck.drawing.film import Film
from physcheck.drawing.movers import Mover, Pose
from physcheck.drawing.scene import Picture, Seen
from physcheck.drawing.things import Look
from physcheck.simulation.cast import Cast
from physcheck.simulation.settings import Setting
from physcheck.simulation.states import TICKS, History
from physcheck.types import Bools, Floats

__all__ = ["LEAST_CLEAR", "Take", "blended", "contrast"]

LEAST_CLEAR = 0.6
"""Share of a thing that must be seen for it to count as in plain view."""

BORDER_PX = 3.0
"""A thing nearer to the border of the picture than this may be leaving."""


@dataclass(frozen=True)
class Take:
    """A film of a history. upside_down: the pictures are turned over."""

    setting: Setting
    cast: Cast
    history: History
    upside_down: bool = False

    @cached_property
    def film(self) -> Film:
        """What the camera sees."""
        setting = self.setting
        return Film(
            room=setting.room,
            movers=tuple(self._mover(index) for index in range(len(self.cast.actors))),
            fps=setting.fps,
            n_frames=setting.n_frames,
            solids=tuple(self.cast.solids),
            camera=setting.camera,
            grain=setting.grain,
            shutter=setting.shutter,
            soft_px=setting.soft_px,
            gain=setting.gain,
            seed=setting.seed,
        )

    def _mover(self, index: int) -> Mover:
        actor, states = self.cast.actors[index], self.history
        looks = self.cast.looks[index]

        def pose(time_s: float) -> Pose | None:
            tick = states.tick_at(time_s)
            if states.there[tick, index] < 0.5:
                return None
            x, y, z = states.place[tick, index]
            half_width, half_height = states.half[tick, index]
            cut = float(states.cut[tick, index])
            return Pose(
                x_m=float(x),
                y_m=float(y),
                z_m=float(z),
                width_m=float(2 * half_width),
                height_m=float(2 * half_height),
                look=blended(*looks, float(states.look[tick, index])),
                angle_rad=float(states.angle[tick, index]),
                shape=actor.form,
                tip_rad=float((states.place[0, index, 2] - z) / actor.half[1]),
                hidden_below_m=cut if np.isfinite(cut) else None,
            )

        return Mover(actor.name, pose, seed=index + 1)

    def frame(self, index: int) -> Picture:
        """One picture, (H, W, 3) RGB."""
        picture = self.film.frame(index)
        return np.asarray(cv2.flip(picture, 0)) if self.upside_down else picture

    def truth(self, index: int) -> list[Seen]:
        """What is to be seen in a frame."""
        seen = self.film.truth(index)
        if not self.upside_down:
            return seen
        height = self.setting.size_px[1]
        return [
            replace(row, box=(row.box[0], height - row.box[3], row.box[2], height - row.box[1]))
            for row in seen
        ]

    @cached_property
    def px_per_m(self) -> Floats:
        """How large a metre of each thing is seen, (F, N), px; with the zoom."""
        depths = self.history.frames(self.history.place)[..., 2]
        zooms = np.array(
            [self.setting.camera.zoom(k / self.setting.fps) for k in range(len(depths))]
        )
        return np.asarray(self.setting.room.view.focal_px / depths * zooms[:, None])

    def outlook(self, index: int) -> Bools:
        """(F,) whether the middle of a thing is within the picture; fast, and blind to hiders."""
        n = self.setting.n_frames
        return np.array([self.holds(index, k) for k in range(n)])

    def holds(self, index: int, frame: int) -> bool:
        """Whether a thing would be seen whole if nothing hid it."""
        tick = frame * TICKS
        place, half = self.history.place[tick, index], self.history.half[tick, index]
        return self.would_hold(place, half, frame)

    def would_hold(self, place: Floats, half: Floats, frame: int) -> bool:
        """Whether a thing at a place (3,) of a half size (2,), m, is within the picture."""
        width, height = self.setting.size_px
        x_m, y_m, z_m = (float(part) for part in place)
        x, y = self.film.project(x_m, y_m, z_m, frame / self.setting.fps)
        zoom = self.setting.camera.zoom(frame / self.setting.fps)
        rx, ry = np.asarray(half) * self.setting.scale(z_m) * zoom + BORDER_PX
        return bool(rx < x < width - rx and ry < y < height - ry)

    def visible(self, rows: list[list[Seen]], index: int) -> Floats:
        """(F,) share of a thing that is seen, from the truth."""
        name = self.cast.actors[index].name
        return np.array([sum(row.visible for row in seen if row.name == name) for seen in rows])

    def clear(self, rows: list[list[Seen]], index: int) -> Bools:
        """(F,) whether a thing is in plain view and off the border, from the truth."""
        name = self.cast.actors[index].name
        width, height = self.setting.size_px
        flags = self.visible(rows, index) >= LEAST_CLEAR
        for k in np.flatnonzero(flags):
            x1, y1, x2, y2 = next(row.box for row in rows[k] if row.name == name)
            far = max(x2 - width, y2 - height) < -BORDER_PX
            flags[k] = far and min(x1, y1) > BORDER_PX
        return np.asarray(flags)


def blended(look: Look, other: Look, share: float) -> Look:
    """A look on its way to another's colours; the pattern stays."""
    if share <= 0.0:
        return look
    colour, second = (
        np.asarray(one) + (np.asarray(two) - one) * share
        for one, two in ((look.colour, other.colour), (look.second, other.second))
    )
    return replace(
        look,
        colour=(float(colour[0]), float(colour[1]), float(colour[2])),
        second=(float(second[0]), float(second[1]), float(second[2])),
    )


def contrast(look: Look, other: Look) -> float:
    """How far the colours of two looks are apart, CIE76 (difference in CIELAB)."""
    pairs = np.array([[look.colour, other.colour], [look.second, other.second]], np.float32)
    lab = cv2.cvtColor(np.clip(pairs / 255.0, 0, 1), cv2.COLOR_RGB2LAB)
    apart = np.linalg.norm(lab[:, 0] - lab[:, 1], axis=1)
    return float(0.7 * apart[0] + 0.3 * apart[1])

"""The rooms and looks of the samples, and how a break is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from physcheck.drawing.scene import Picture, Room, Scene, Seen
from physcheck.drawing.things import Ball, Look, Parcel, View

__all__ = [
    "BLUE",
    "GARDEN",
    "GREEN",
    "GREY",
    "HALL",
    "LOW",
    "ORANGE",
    "PARLOUR",
    "PURPLE",
    "RED",
    "SMALL",
    "STUDIO",
    "SUNK_PX",
    "WIDE",
    "YARD",
    "YELLOW",
    "Break",
    "Clip",
    "appeared",
    "gone",
    "sunk",
    "vanished",
]

SUNK_PX = 3.0
"""A lower edge further than this below the contact line is in the floor."""

RED = Look((196, 52, 44), (236, 216, 196), "stripe")
BLUE = Look((44, 84, 178), (222, 226, 232), "panels")
ORANGE = Look((224, 122, 36), (74, 44, 30), "seams")
GREEN = Look((58, 142, 72), (228, 220, 150), "spots")
YELLOW = Look((222, 190, 60), (96, 78, 50), "seams")
PURPLE = Look((120, 66, 140), (232, 206, 226), "stripe")
GREY = Look((121, 121, 119), (110, 110, 108), "spots", gloss=0.35)

WIDE = View(640, 360, horizon_px=118, focal_px=640, eye_m=1.8)
SMALL = View(480, 270, horizon_px=88, focal_px=480, eye_m=1.8)
LOW = View(480, 270, horizon_px=120, focal_px=480, eye_m=0.8)

STUDIO = Room(
    WIDE,
    foot_px=248,
    wall="plaster",
    floor="planks",
    hung=(
        ("poster", -1.9, 1.95, 1.5, 1.0),
        ("books", 2.35, 1.95, 1.7, 0.34),
        ("planks", 2.35, 1.75, 1.9, 0.06),
    ),
    standing=(Parcel("crate", (0.75, 0.6, 0.6), lambda t: (3.15, 0.3, 7.7), yaw=0.3),),
    seed=11,
)
YARD = Room(
    SMALL,
    foot_px=186,
    wall="brick",
    floor="concrete",
    hung=(("planks", -2.7, 1.0, 0.95, 2.0),),
    standing=(Parcel("crate", (0.6, 0.5, 0.5), lambda t: (3.0, 0.25, 7.9), yaw=-0.25),),
    skirting=False,
    seed=12,
)
PARLOUR = Room(
    SMALL,
    foot_px=186,
    wall="plaster",
    floor="planks",
    hung=(
        ("poster", 1.7, 1.95, 1.3, 0.9),
        ("books", -2.0, 1.9, 1.5, 0.32),
        ("planks", -2.0, 1.71, 1.7, 0.06),
    ),
    seed=13,
    wall_tint=(0.90, 1.0, 0.98),
)
GARDEN = Room(
    SMALL,
    foot_px=182,
    wall="plaster",
    floor="grass",
    standing=(Parcel("crate", (0.7, 0.45, 0.5), lambda t: (-2.8, 0.225, 7.8), yaw=0.4),),
    skirting=False,
    seed=14,
    wall_tint=(1.0, 0.95, 0.86),
)
HALL = Room(
    SMALL,
    foot_px=184,
    wall="plaster",
    floor="concrete",
    hung=(("poster", 2.55, 1.75, 0.8, 1.1),),
    seed=15,
    wall_tint=(0.86, 0.93, 1.0),
    floor_tint=(1.06, 1.02, 0.95),
)


@dataclass(frozen=True)
class Break:
    """A broken law: what, in which frames (inclusive), by whom, where to look."""

    kind: str
    start_frame: int
    end_frame: int
    object: str
    peak_frame: int
    note: str


@dataclass(frozen=True)
class Clip:
    """A sample: scenes with the frame in which each begins, and what is wrong in them."""

    scenes: tuple[tuple[int, Scene], ...]
    fps: int
    frames: int
    crf: int
    breaks: tuple[Break, ...] = ()
    tags: tuple[str, ...] = ()
    camera: str = "static"

    def scene_at(self, index: int) -> Scene:
        """The scene that a frame shows."""
        return [scene for start, scene in self.scenes if start <= index][-1]

    def draw(self) -> Iterator[Picture]:
        """All frames, (h, w, 3) RGB."""
        return (self.scene_at(index).frame(index) for index in range(self.frames))

    def truth(self) -> list[list[Seen]]:
        """What is to be seen in each frame."""
        return [self.scene_at(index).truth(index) for index in range(self.frames)]


def gone(fps: int, first: int, back: int = 10**6) -> Callable[[float], bool]:
    """There, but for the frames from `first` to the one before `back`."""
    return lambda time_s: not (first - 0.5 <= time_s * fps < back - 0.5)


def vanished(name: str, first: int, note: str) -> Break:
    """The label of a thing that is gone from frame `first` on."""
    return Break("vanish", first - 1, first, name, first - 1, note)


def appeared(name: str, first: int, note: str) -> Break:
    """The label of a thing that is there from frame `first` on."""
    return Break("appear", first - 1, first, name, first, note)


def sunk(scene: Scene, ball: Ball, frames: int, contact_px: float) -> Break:
    """The label of a ball's way through the floor, measured on the drawn circles."""
    view = scene.room.view
    lower = np.array([ball.box(view, index / scene.fps)[3] for index in range(frames)])
    inside = np.flatnonzero(lower > contact_px + SUNK_PX)
    note = f"lower edge {lower.max() - contact_px:.1f} px below the contact line y = {contact_px:g}"
    first, last, deepest = int(inside[0]), int(inside[-1]), int(lower.argmax())
    return Break("floor-penetration", first, last, ball.name, deepest, note)

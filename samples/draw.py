"""Draw the sample clips and write down the truth about them.

    python samples/draw.py [NAME ...] [-o DIR]

Each function below tells the story of one clip: where, what moves, and which
law it breaks when `broken`. The clip NAME.mp4 is broken, NAME_clean.mp4 is its
twin: the same in everything but the break. Lengths are in m, speeds in m/s,
things stand at the depth at which the floor is seen at a given height in px.
Frames are 0-based; a thing that is gone "from frame k" was whole in frame k - 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from motion import Sink, bounce, grow, shifted, slide
from record import label, write
from stage import (
    BLUE,
    GARDEN,
    GREEN,
    GREY,
    HALL,
    LOW,
    ORANGE,
    PARLOUR,
    PURPLE,
    RED,
    SMALL,
    STUDIO,
    WIDE,
    YARD,
    YELLOW,
    Break,
    Clip,
    appeared,
    gone,
    sunk,
    vanished,
)

from physcheck.drawing.paths import constant
from physcheck.drawing.scene import Scene
from physcheck.drawing.things import Ball, Parcel

__all__ = ["CLEAN", "PAIRS", "all_clips", "labels_of", "main"]


CRF = 22
"""How hard the clips are compressed: some grain survives, and each stays under 100 KB."""


def clip(
    scene: Scene,
    frames: int,
    breaks: tuple[Break, ...],
    tags: tuple[str, ...],
    camera: str = "static",
    crf: int = CRF,
) -> Clip:
    """A clip of one scene."""
    return Clip(((0, scene),), round(scene.fps), frames, crf, breaks, tags, camera)


def three_balls(broken: bool) -> Clip:
    """A and B bounce on time. C sinks into the floor, vanishes, and comes back larger."""
    fps, frames, floor_px, r = 30, 108, 312, 0.2
    first, back = 57, 67
    z = WIDE.depth_at(floor_px)
    in_gap = (first + 4) / fps
    size = grow(r, 1.5, in_gap, in_gap) if broken else constant(r)
    a = Ball("ball A", RED, bounce((-1.95, 1.45, z), (0.1, 0.5, 0), constant(r), 0.74), constant(r))
    b = Ball("ball B", BLUE, bounce((-0.1, 1.2, z), (-0.1, 1.6, 0), constant(r), 0.78), constant(r))
    c_path = bounce(
        (1.2, 1.78, z), (0.12, 0, 0), size, 0.8, sinks={1: Sink(0.115, 0.27)} if broken else {}
    )
    shown = gone(fps, first, back) if broken else gone(fps, frames)
    c = Ball("ball C", ORANGE, c_path, size, shown, spin=1.2)
    scene = Scene(STUDIO, (a, b, c), fps, seed=101)
    breaks = (
        (
            sunk(scene, c, frames, floor_px),
            vanished("ball C", first, "gone in mid-flight, nothing is near"),
            appeared("ball C", back, "back in mid-air where its flight would have taken it"),
            Break("size-jump", first - 1, back, "ball C", back, "comes back 1.5 times as large"),
        )
        if broken
        else ()
    )
    return clip(scene, frames, breaks, ("bounce", "several"), crf=24)


def vanish(broken: bool) -> Clip:
    """A sliding parcel is gone in the open while a ball bounces elsewhere."""
    fps, frames, first = 24, 76, 38
    path = slide((-1.75, SMALL.depth_at(232)), (1.15, 0.0), constant(0.19), friction=0.22)
    shown = gone(fps, first if broken else frames)
    parcel = Parcel("parcel", (0.52, 0.38, 0.36), path, shown, yaw=0.35)
    far, r = SMALL.depth_at(210), 0.17
    flight = bounce((2.5, 1.25, far), (-0.25, 0.3, 0), constant(r), 0.72)
    ball = Ball("ball", YELLOW, flight, constant(r), spin=-1.0)
    breaks = (vanished("parcel", first, "slides in the open and is gone"),) if broken else ()
    return clip(Scene(YARD, (parcel, ball), fps, seed=102), frames, breaks, ("slide", "bounce"))


def vanish_resting(broken: bool) -> Clip:
    """A ball that lies still is gone halfway; another one bounces to the left of it."""
    fps, frames, first, r = 25, 84, 42, 0.19
    rest = slide((1.15, SMALL.depth_at(236)), (0, 0), constant(r))
    lying = Ball("lying ball", GREEN, rest, constant(r), gone(fps, first if broken else frames))
    flight = bounce((-2.2, 1.0, SMALL.depth_at(228)), (0.55, 0.9, 0), constant(0.15), 0.76)
    moving = Ball("moving ball", ORANGE, flight, constant(0.15), spin=2.0)
    breaks = (vanished("lying ball", first, "lies in the open and is gone"),) if broken else ()
    return clip(Scene(PARLOUR, (lying, moving), fps, seed=103), frames, breaks, ("rest", "bounce"))


def appear(broken: bool) -> Clip:
    """A bouncing ball exists only from a frame in mid-air on; another rolls all the time."""
    fps, frames, first, r = 25, 80, 34, 0.2
    flight = bounce((-0.9, 1.5, SMALL.depth_at(222)), (0.6, 0.6, 0), constant(r), 0.75)
    shown = gone(fps, 0, first) if broken else gone(fps, frames)
    flying = Ball("flying ball", PURPLE, flight, constant(r), shown, spin=1.5)
    roll = slide((-2.4, SMALL.depth_at(246)), (0.75, 0), constant(0.16), friction=0.1)
    rolling = Ball("rolling ball", YELLOW, roll, constant(0.16))
    breaks = (appeared("flying ball", first, "starts to exist in mid-air"),) if broken else ()
    return clip(Scene(GARDEN, (flying, rolling), fps, seed=104), frames, breaks, ("bounce", "roll"))


def size_jump(broken: bool) -> Clip:
    """A rolling ball becomes 1.4 times as large within two frames, on the same line."""
    fps, frames, first, r = 25, 75, 36, 0.19
    size = grow(r, 1.4, (first - 1) / fps, (first + 1) / fps) if broken else constant(r)
    roll = slide((-2.2, SMALL.depth_at(234)), (1.45, 0), size, friction=0.08)
    ball = Ball("ball", RED, roll, size)
    note = "1.4 times as large within two frames, at the same depth"
    wrong = Break("size-jump", first - 1, first + 1, "ball", first + 1, note)
    return clip(Scene(YARD, (ball,), fps, seed=105), frames, (wrong,) if broken else (), ("roll",))


def floor_penetration(broken: bool) -> Clip:
    """A ball bounces twice, and goes 12 px into the floor at its third contact."""
    fps, frames, floor_px, r = 30, 100, 236, 0.19
    sinks = {2: Sink(0.185, 0.36)} if broken else {}
    start = (-2.1, 1.05, SMALL.depth_at(floor_px))
    ball = Ball("ball", BLUE, bounce(start, (1.1, 0.6, 0), constant(r), 0.8, sinks), constant(r))
    scene = Scene(HALL, (ball,), fps, seed=106)
    breaks = (sunk(scene, ball, frames, floor_px),) if broken else ()
    return clip(scene, frames, breaks, ("bounce",))


def teleport(broken: bool) -> Clip:
    """A rolling ball is 110 px further to the right from one frame to the next."""
    fps, frames, first, r = 30, 80, 34, 0.18
    z = SMALL.depth_at(230)
    roll = slide((-2.3, z), (0.95, 0), constant(r), friction=0.06)
    jump = shifted(roll, (first - 0.5) / fps, 110 / SMALL.px_per_m(z))
    ball = Ball("ball", PURPLE, jump if broken else roll, constant(r))
    wrong = Break("teleport", first - 1, first, "ball", first, "110 px to the right in one frame")
    breaks = (wrong,) if broken else ()
    return clip(Scene(PARLOUR, (ball,), fps, seed=107), frames, breaks, ("roll",))


def trajectory(broken: bool) -> Clip:
    """A ball in free flight turns back and up before a plain wall, then flies on."""
    fps, frames, turn, r = 30, 78, 20, 0.19
    start = (-2.2, 0.6, SMALL.depth_at(232))
    kicks = {turn / fps: (-0.8, 1.4, 0.0)} if broken else {}
    flight = bounce(start, (1.7, 4.6, 0), constant(r), 0.72, kicks=kicks)
    ball = Ball("ball", RED, flight, constant(r), spin=1.0)
    note = "turns back and up in mid-air, nothing is near"
    wrong = Break("trajectory", turn, turn + 1, "ball", turn, note)
    breaks = (wrong,) if broken else ()
    return clip(Scene(HALL, (ball,), fps, seed=108), frames, breaks, ("throw", "bounce"))


def behind_box() -> Clip:
    """A ball rolls behind a nearer crate and comes out again."""
    crate = Parcel("crate", (0.85, 0.62, 0.5), lambda t: (0.15, 0.31, 5.5), yaw=0.2)
    room = replace(PARLOUR, standing=(crate,), seed=21)
    roll = slide((-2.4, SMALL.depth_at(216)), (1.5, 0), constant(0.17), friction=0.05)
    ball = Ball("ball", ORANGE, roll, constant(0.17))
    return clip(Scene(room, (ball,), 25, seed=109), 84, (), ("roll", "occlusion"))


def exit_enter() -> Clip:
    """A ball leaves at the right edge; soon a look-alike enters from the left."""
    z, size = SMALL.depth_at(232), constant(0.19)
    leaving = Ball("first ball", RED, slide((0.2, z), (2.2, 0), size), size)
    entering = Ball("second ball", RED, slide((-6.7, z), (2.1, 0), size), size, tilt=0.9)
    scene = Scene(YARD, (leaving, entering), 25, seed=110)
    return clip(scene, 88, (), ("roll", "exit", "entry"))


def crossing() -> Clip:
    """Two look-alike balls roll past each other, one in front of the other."""
    size = constant(0.2)
    near = slide((-2.1, SMALL.depth_at(240)), (1.35, 0), size, friction=0.05)
    far = slide((2.2, SMALL.depth_at(227)), (-1.25, 0), size, friction=0.05)
    balls = Ball("near ball", BLUE, near, size), Ball("far ball", BLUE, far, size, tilt=1.0)
    return clip(Scene(GARDEN, balls, 25, seed=111), 76, (), ("roll", "occlusion", "look-alikes"))


def approach() -> Clip:
    """A ball rolls towards the camera and grows smoothly."""
    room = replace(PARLOUR, view=LOW, foot_px=166, seed=22, hung=())
    size = constant(0.17)
    roll = slide((-1.0, LOW.depth_at(170)), (0.33, -1.65), size, friction=0.06)
    scene = Scene(room, (Ball("ball", GREEN, roll, size),), 25, seed=112)
    return clip(scene, 78, (), ("roll", "approach"))


def pan() -> Clip:
    """The camera pans slowly to the right while a ball bounces."""
    view = replace(SMALL, pan_px=lambda t: 26.0 * t)
    room = replace(YARD, view=view, wide_px=600, seed=23)
    flight = bounce((-1.6, 1.5, SMALL.depth_at(230)), (0.8, 0.4, 0), constant(0.19), 0.78)
    ball = Ball("ball", ORANGE, flight, constant(0.19), spin=1.0)
    return clip(Scene(room, (ball,), 25, seed=113), 80, (), ("bounce",), camera="pan", crf=24)


def cut() -> Clip:
    """A hard cut between two rooms while a ball is in view in each."""
    size, change = constant(0.19), 40
    flight = bounce((-1.8, 1.4, SMALL.depth_at(230)), (0.9, 0.8, 0), size, 0.76)
    roll = slide((-2.6, SMALL.depth_at(238)), (1.3, 0), size, friction=0.05)
    before = Scene(YARD, (Ball("first ball", BLUE, flight, size),), 25, seed=114)
    after = Scene(PARLOUR, (Ball("second ball", RED, roll, size),), 25, seed=115)
    return Clip(((0, before), (change, after)), 25, 80, CRF, (), ("bounce", "roll", "cut"))


def slow_small() -> Clip:
    """A grey ball 10 px wide rolls slowly over grey concrete."""
    z = SMALL.depth_at(224)
    size = constant(5.0 / SMALL.px_per_m(z))
    roll = slide((-0.9, z), (0.26, 0), size, friction=0.01)
    room = replace(YARD, wall="plaster", wall_tint=(0.78, 0.80, 0.84), seed=24, hung=())
    scene = Scene(room, (Ball("grey ball", GREY, roll, size),), 25, seed=116)
    return clip(scene, 88, (), ("roll", "small", "slow"))


PAIRS: dict[str, Callable[[bool], Clip]] = {
    "three_balls": three_balls,
    "vanish": vanish,
    "vanish_resting": vanish_resting,
    "appear": appear,
    "size_jump": size_jump,
    "floor_penetration": floor_penetration,
    "teleport": teleport,
    "trajectory": trajectory,
}
CLEAN: dict[str, Callable[[], Clip]] = {
    "behind_box": behind_box,
    "exit_enter": exit_enter,
    "crossing": crossing,
    "approach": approach,
    "pan": pan,
    "cut": cut,
    "slow_small": slow_small,
}


def all_clips() -> dict[str, Clip]:
    """Every sample by the name of its file."""
    clips: dict[str, Clip] = {}
    for name, story in PAIRS.items():
        clips[name], clips[f"{name}_clean"] = story(True), story(False)
    return clips | {name: plain() for name, plain in CLEAN.items()}


def labels_of(clips: dict[str, Clip]) -> list[dict[str, object]]:
    """All entries of labels.json."""
    return [label(name, clip, name.removesuffix("_clean") in PAIRS) for name, clip in clips.items()]


def main() -> None:
    """Draw the named clips, or all; labels.json always covers all."""
    clips = all_clips()
    parser = argparse.ArgumentParser(description="Draw the sample clips.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: every clip")
    parser.add_argument("-o", "--out", type=Path, default=Path(__file__).parent, metavar="DIR")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(clips)
    if unknown:
        parser.error(f"no such clip: {', '.join(sorted(unknown))}; known: {', '.join(clips)}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or clips:
        n_bytes = write(name, clips[name], arguments.out)
        print(f"{name}: {clips[name].frames} frames, {n_bytes / 1000:.0f} KB", file=sys.stderr)
    labels = labels_of(clips)
    (arguments.out / "labels.json").write_text(json.dumps(labels, indent=1) + "\n")


if __name__ == "__main__":
    main()

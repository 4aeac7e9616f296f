"""Tracks and shots made by hand, for tests of what stands on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from physcheck import boxes as geometry
from physcheck.types import (
    Alternative,
    Bools,
    Change,
    Contact,
    Ending,
    Floats,
    Gap,
    Shot,
    Support,
    Track,
    World,
)
from physcheck.world.flights import find_stretches

FPS = 30.0
SIZE = (640, 360)
TRIED = (
    Alternative("left the frame", 5.0, "far from the border"),
    Alternative("went behind something", 3.5, "nothing is there"),
)


def boxes_of(x: Floats, y: Floats, width: Floats | float, height: Floats | float) -> Floats:
    """Boxes (T, 4) px of middles and sizes."""
    centre = np.stack(np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float)), axis=1)
    size = np.stack(
        [np.broadcast_to(np.asarray(side, float), len(centre)) for side in (width, height)], axis=1
    )
    return geometry.from_centre(centre, size)


def track_of(boxes: Floats, *, first: int = 0, id: int = 1, **changes: Any) -> Track:
    """A track with these boxes: seen throughout, in the open, there from end to end.

    Args:
        boxes: (T, 4) px. first: frame of the first. changes: fields that differ.
    """
    n = len(boxes)
    boxes = np.asarray(boxes, dtype=np.float64)
    times_s = (first + np.arange(n)) / FPS
    yes, no = np.ones(n, dtype=bool), np.zeros(n, dtype=bool)
    fields: dict[str, Any] = {
        "id": id,
        "label": "",
        "frames": first + np.arange(n),
        "times_s": times_s,
        "observed": yes,
        "boxes": boxes,
        "mean": states(boxes, times_s),
        "cov": np.tile(np.eye(10) * 0.1, (n, 1, 1)),
        "innovation": np.zeros((n, 4)),
        "innovation_cov": np.tile(np.eye(4), (n, 1, 1)),
        "nis": np.zeros(n),
        "border": geometry.touches_border(boxes, *SIZE, 2.0),
        "clear": yes,
        "merged": no,
        "open": yes,
        "scores": np.ones(n),
        "features": np.full((n, 4), 100.0),
        "birth": Ending(first, "clip", reason="the shot begins"),
        "death": Ending(first + n - 1, "clip", reason="the shot ends"),
    }
    return Track(**{**fields, **changes})


def states(boxes: Floats, times_s: Floats) -> Floats:
    """The state (T, 10) that boxes without noise show."""
    z = np.concatenate([geometry.centre(boxes), np.log(geometry.size(boxes))], axis=1)
    if len(z) < 2:
        return np.concatenate([z, np.zeros((len(z), 6))], axis=1)
    rate = np.gradient(z, times_s, axis=0)
    return np.concatenate([z, rate, np.gradient(rate[:, :2], times_s, axis=0)], axis=1)


def shot_of(
    *tracks: Track,
    supports: Sequence[Support] = (),
    contacts: Sequence[Contact] = (),
    moving_camera: bool = False,
    size: tuple[int, int] = SIZE,
) -> Shot:
    """The shot that holds these tracks."""
    n = max(int(track.frames[-1]) for track in tracks) + 1
    frames = np.arange(n)
    world = World(
        camera=np.tile(np.eye(3), (n, 1, 1)),
        camera_frames=frames,
        moving_camera=moving_camera,
        supports=tuple(supports),
        contacts=tuple(contacts),
    )
    world = replace(world, stretches=find_stretches(tracks, world, 1.0))
    return Shot(frames, frames / FPS, np.zeros(n, dtype=bool), *size, tracks, world)


def ending(frame: int, log_odds: float, *, birth: bool = False, cause: str = "open") -> Ending:
    """An end of which the second look says so much."""
    return Ending(
        frame, cause, log_odds, alternatives=TRIED, other_frame=frame + (-1 if birth else 1)
    )


def contact(track: Track, frame: int, y: float, *, sigma_px: float = 0.5) -> Contact:
    """A bounce of a track at a height."""
    box = track.boxes[frame - int(track.frames[0])]
    x = float((box[0] + box[2]) / 2)
    return Contact(track.id, -1, frame, (x, y), "bounce", sigma_px)


def bounces(
    n: int,
    *,
    floor_y: float = 300.0,
    size: float = 32.0,
    x0: float = 100.0,
    pace: float = 2.0,
    half_period: float = 12.0,
    apex: float = 60.0,
    sinks: dict[int, float] | None = None,
) -> tuple[Floats, list[int]]:
    """Boxes (n, 4) of a ball that bounces evenly, and the frames of its contacts.

    Args:
        half_period: frames from the apex to the contact. apex: its height, px.
        sinks: px by which contact k (0, 1, ...) goes below the floor.
    """
    period = 2 * half_period
    t = np.arange(n)
    phase = (t + half_period) % period - half_period
    height = apex * (1 - (phase / half_period) ** 2)
    number = np.round((t - half_period) / period).astype(int)
    extra = np.array([(sinks or {}).get(int(k), 0.0) for k in number])
    away = np.abs(t - (half_period + number * period))
    low = floor_y - height + extra * np.maximum(1 - (away / 6.0) ** 2, 0)
    hits = [int(half_period + k * period) for k in range(n) if half_period + k * period < n - 3]
    return boxes_of(x0 + pace * t, low - size / 2, size, size), hits


PULL = 0.8
"""Acceleration of things that hop, px a frame, each frame."""


def hops(gains: Sequence[float], *, drop: float = 120.0, floor: float = 300.0) -> Floats:
    """Heights (T,) px of the middle of a ball that is dropped and bounces, y down.

    gains: height of each rebound over the drop before it; the last one is seen whole.
    """
    heights = drop * np.cumprod([1.0, *gains])
    half = np.sqrt(2 * heights / PULL)
    starts = np.r_[-half[0], half[0] + np.r_[0.0, np.cumsum(2 * half[1:])]]
    t = np.arange(int(starts[-1]))
    number = np.searchsorted(starts, t, side="right") - 1
    since = t - starts[number]
    return np.asarray(floor - (PULL * half[number] * since - PULL * since**2 / 2))


def ball(y: Floats, *, pace: float = 2.0, size: float = 24.0, seed: int = 0, id: int = 1) -> Track:
    """A track at these heights, seen with an honest error."""
    rng = np.random.default_rng(seed)
    x = 100 + pace * np.arange(len(y))
    wobble = rng.normal(0, 0.3, (2, len(y)))
    return track_of(boxes_of(x + wobble[0], y + wobble[1], size, size), id=id)


def mirrored(shot: Shot) -> Shot:
    """Left and right exchanged."""
    return _mapped(shot, lambda x: shot.width_px - x, flip=True)


def translated(shot: Shot, dx: float, dy: float) -> Shot:
    """Everything moved, and the picture made larger by as much."""
    moved = _mapped(shot, lambda x: x + dx, flip=False, lift=dy)
    return replace(moved, width_px=shot.width_px + int(dx), height_px=shot.height_px + int(dy))


def _mapped(shot: Shot, x_of: Any, *, flip: bool, lift: float = 0.0) -> Shot:
    world = replace(
        shot.world,
        supports=tuple(_support(s, x_of, flip, lift) for s in shot.world.supports),
        contacts=tuple(
            replace(c, point=(x_of(c.point[0]), c.point[1] + lift)) for c in shot.world.contacts
        ),
    )
    tracks = tuple(_track(track, x_of, flip, lift) for track in shot.tracks)
    return retold(replace(shot, world=world), tracks)


def retold(shot: Shot, tracks: Sequence[Track]) -> Shot:
    """The shot with other tracks, and their ways in stretches."""
    world = shot.world
    found = find_stretches(tracks, world, 1.0)
    return replace(shot, tracks=tuple(tracks), world=replace(world, stretches=found))


def _support(support: Support, x_of: Any, flip: bool, lift: float) -> Support:
    slope = -support.slope if flip else support.slope
    there = float(support.y_at(np.array(0.0))) + lift - slope * x_of(0.0)
    low, high = sorted(x_of(x) for x in support.x_range)
    return replace(support, slope=slope, intercept=there, x_range=(low, high))


def _track(track: Track, x_of: Any, flip: bool, lift: float) -> Track:
    boxes = track.boxes.copy()
    boxes[:, [0, 2]] = x_of(boxes[:, [2, 0]]) if flip else x_of(boxes[:, [0, 2]])
    boxes[:, [1, 3]] += lift
    return replace(track, boxes=boxes, mean=states(boxes, track.times_s))


def without_rows(flags: Bools, rows: Sequence[int]) -> Bools:
    """Flags (T,) with False in some rows."""
    flags = flags.copy()
    flags[list(rows)] = False
    return flags


def gap_of(last: int, first: int, log_odds: float) -> Gap:
    """A thing is gone after frame `last` and back in frame `first`."""
    return Gap(ending(last, log_odds), ending(first, log_odds, birth=True))


def change_of(kind: str, start: int, amount: float, log_odds: float = 4.0) -> Change:
    """A sudden change from one frame to the next."""
    return Change(kind, start, start + 1, amount, 0.01, log_odds, TRIED)

"""What a kind of violation has to say: which frames change, how, and what the label reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from physcheck.mutation.compositor import Placement
from physcheck.mutation.footage import Footage, Thing
from physcheck.mutation.occluder import Occluder
from physcheck.mutation.paths import Course, from_reference
from physcheck.mutation.picking import Chance
from physcheck.types import Floats

__all__ = [
    "AFTER",
    "BEFORE",
    "Cutter",
    "Plan",
    "Planner",
    "Refusal",
    "Scene",
    "Second",
    "aim",
    "clear_of_others",
    "draw_frame",
    "inside",
    "log_uniform",
    "ramp",
    "sideways",
]

BEFORE = 5
"""Frames in which the thing is as it was before anything changes, at least."""
AFTER = 6
"""Frames in which the change can be seen, at least."""

Box = tuple[float, float, float, float]


class Refusal(NamedTuple):
    """A kind does not fit a thing. reason: half a sentence."""

    reason: str


class Second(NamedTuple):
    """Another violation that comes with the first, such as the return of what vanished."""

    kind: str
    start_frame: int
    end_frame: int
    peak_frame: int
    note: str


@dataclass(frozen=True, slots=True)
class Plan:
    """One violation. Frames are indices of the footage.

    moves: frame: placements in it; a frame that is not named shows the thing as it was.
    start_frame, end_frame: inclusive, the change itself. peak_frame: where it is plainest.
    peak: what is boxed at the peak; box: in place of it, px.
    magnitude: how strong, in `unit`. size_px: geometric mean of width and height.
    start, stop: of the clip, where it is shorter than was foreseen; stop exclusive.
    """

    kind: str
    start_frame: int
    end_frame: int
    peak_frame: int
    magnitude: float
    unit: str
    size_px: float
    note: str
    moves: Mapping[int, tuple[Placement, ...]] = field(default_factory=dict)
    peak: tuple[Placement, ...] = ()
    box: Box | None = None
    start: int | None = None
    stop: int | None = None
    occluder: Occluder | None = None
    picture: Literal["as it is", "backwards", "upside down"] = "as it is"
    seconds: tuple[Second, ...] = ()
    details: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A thing that may be changed, and all around it.

    footage, things: all that is there. chance: the thing, and when. course: its way.
    """

    footage: Footage
    things: Sequence[Thing]
    chance: Chance
    course: Course

    @property
    def first(self) -> int:
        """First frame in which the thing may be changed."""
        return self.chance.first

    @property
    def last(self) -> int:
        """Last frame in which the thing may be changed."""
        return self.chance.last

    @property
    def thing(self) -> Thing:
        """The thing."""
        return self.chance.thing


Planner = Callable[[Scene, np.random.Generator], Plan | Refusal]
Cutter = Callable[[int, Placement], Floats]


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number between two positive ones, evenly spread in its logarithm."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def draw_frame(
    rng: np.random.Generator, first: int, last: int, before: int = BEFORE, after: int = AFTER
) -> int | None:
    """A frame with enough frames before and after it, or None."""
    low, high = first + before, last - after + 1
    return int(rng.integers(low, high + 1)) if high >= low else None


def ramp(t: float) -> float:
    """From 0 at t <= 0 smoothly to 1 at t >= 1."""
    t = min(max(t, 0.0), 1.0)
    return t * t * (3 - 2 * t)


def aim(scene: Scene, k: int, foot_ref: Floats, source: int | None = None) -> Placement:
    """The cutout of `source` (`k` without) with its lower middle at a point, in frame `k`.

    Args:
        foot_ref: (2,) px of the first frame, so that it stays in place while the camera moves.
    """
    taken = k if source is None else source
    dx, dy = from_reference(scene.footage, k, foot_ref) - scene.course.foot(taken)
    return Placement(source=taken, dx=float(dx), dy=float(dy))


def placed(scene: Scene, placement: Placement) -> Floats:
    """(4,) roughly where a placement shows, from boxes alone, px of its frame."""
    x1, y1, x2, y2 = scene.thing.box(placement.source)
    middle = (x1 + x2) / 2
    half = (x2 - x1) / 2 * placement.scale_x
    height = (y2 - y1) * placement.scale_y
    way = (placement.dx, placement.dy)
    return np.add([middle - half, y2 - height, middle + half, y2], (*way, *way), dtype=np.float64)


def inside(scene: Scene, placement: Placement, margin_px: float = 2.0) -> bool:
    """Whether a placement lies in the picture as a whole."""
    box = placed(scene, placement)
    edge = np.array(scene.footage.size) - margin_px
    return bool((box[:2] >= margin_px).all() and (box[2:] <= edge).all())


def clear_of_others(scene: Scene, k: int, placement: Placement) -> bool:
    """Whether nothing else that moves is where a placement shows in frame `k`."""
    box = placed(scene, placement)
    for other in scene.things:
        if other is scene.thing or not other.has(k):
            continue
        theirs = other.box(k)
        if (np.minimum(box[2:], theirs[2:]) > np.maximum(box[:2], theirs[:2])).all():
            return False
    return True


def sideways(scene: Scene, k: int) -> bool:
    """Whether it keeps to the ground, so that only ways along it look natural."""
    return scene.course.flight_at(k) is None


def reach_of(scene: Scene, frames: Iterable[int], of: Callable[[int], Placement]) -> int:
    """How many frames in a row a placement stays in the picture and off other things."""
    n = 0
    for k in frames:
        placement = of(k)
        if not (inside(scene, placement) and clear_of_others(scene, k, placement)):
            break
        n += 1
    return n

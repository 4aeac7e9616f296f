"""Physics: balls and boxes in lanes, run by pymunk.

A lane is a plane of things that can touch one another; things of two lanes never do.
Each lane has its own pymunk space with the floor (height 0) and what stands on it.
Lengths are in m, times in s, angles counterclockwise in rad.

Source: Chipmunk's integrator and contact solver, through https://www.pymunk.org.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from physcheck.errors import MissingExtraError
from physcheck.simulation.states import TICKS, History, reach_down

__all__ = ["GRAVITY", "Actor", "Deed", "Form", "Slope", "World", "check_installed", "run"]

GRAVITY = 9.81
"""m/s^2, downwards."""

LONGEST_STEP_S = 0.0025
"""Of the engine; short, so that a bounce loses or gains nothing by it."""

NO_PYMUNK = "pymunk, the physics engine, is not installed: pip install 'physcheck[simulate]'"

RIM = tuple(math.tau * k / 32 for k in range(32))
"""Where the corners are by which the engine knows a ball that is no longer round, rad."""

Form = Literal["ball", "box"]

FLOOR, THING, CELLAR, NOTHING = 0b0001, 0b0010, 0b0100, 0b1000
"""What a shape is: a support, a thing, what holds below a floor that gives way, a thing gone."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A thing as it starts. Lengths in m.

    half: half width and half height; of a ball both are its radius. lane: index of its
    plane. place, velocity: along x and y. bounce: restitution against a support.
    friction: of Coulomb. drag: by how much rolling slows it, m/s^2. depth: z over time.
    fixed: it is held where it is until a deed lets it go.
    """

    name: str
    form: Form
    half: tuple[float, float]
    place: tuple[float, float]
    velocity: tuple[float, float] = (0.0, 0.0)
    angle: float = 0.0
    spin: float = 0.0
    bounce: float = 0.7
    friction: float = 0.5
    drag: float = 0.05
    lane: int = 0
    density: float = 1.0
    depth: Callable[[float], float] = field(default=lambda time_s: 6.0)
    fixed: bool = False
    there: bool = True


@dataclass(frozen=True, slots=True)
class Slope:
    """A line that things rest on, in one lane: its ends from left to right, m.

    thick: how far the solid reaches below it, m.
    """

    lane: int
    left: tuple[float, float]
    right: tuple[float, float]
    thick: float = 0.05


@dataclass(slots=True)
class Moving:
    """A thing on its way: the engine's body, and what the engine does not know.

    touched: something was in contact with it since the last tick, however shortly.
    pull: gravity that it feels, in parts of GRAVITY. stretch: width and height over those
    at the start. gone: it is not drawn and touches nothing. cut: see `History`.
    """

    actor: Actor
    body: Any
    shape: Any
    space: Any
    pull: float = 1.0
    stretch: tuple[float, float] = (1.0, 1.0)
    gone: bool = False
    look: float = 0.0
    cut: float = -math.inf
    grip: int = FLOOR | THING
    touched: bool = False

    @property
    def half(self) -> tuple[float, float]:
        """Half width and half height as they are now, m."""
        half, stretch = self.actor.half, self.stretch
        return half[0] * stretch[0], half[1] * stretch[1]

    @property
    def reach_down(self) -> float:
        """From its middle to its lowest point as it is turned, m."""
        is_box = np.array(self.actor.form == "box")
        return float(reach_down(np.array(self.half), np.array(self.body.angle), is_box))


Deed = Callable[["World"], None]
"""Something done to the world between two ticks."""


class World:
    """All lanes at one instant."""

    def __init__(self, actors: Sequence[Actor], slopes: Sequence[Slope], fps: float) -> None:
        """Set the things in place.

        Raises:
            MissingExtraError: pymunk is not installed.
        """
        self._pymunk = _pymunk()
        self.slopes = tuple(slopes)
        self.tick = 0
        self.fps = fps
        self._spaces: dict[int, Any] = {}
        self.things = [self._enter(actor) for actor in actors]

    def space(self, lane: int) -> Any:
        """The pymunk space of a lane, with floor and supports."""
        if lane not in self._spaces:
            space = self._pymunk.Space()
            space.gravity = (0.0, -GRAVITY)
            space.collision_slop = 1e-4
            space.iterations = 20
            self._spaces[lane] = space
            for slope in self.slopes:
                if slope.lane == lane:
                    self._lay(space, slope, 0.0, FLOOR)
            self._lay(space, Slope(lane, (-40.0, 0.0), (40.0, 0.0), 1.0), 0.0, FLOOR)
        return self._spaces[lane]

    def _lay(self, space: Any, slope: Slope, drop: float, category: int) -> None:
        (x1, y1), (x2, y2) = slope.left, slope.right
        y1, y2, thick = y1 - drop, y2 - drop, slope.thick
        corners = [(x1, y1), (x2, y2), (x2, y2 - thick), (x1, y1 - thick)]
        shape = self._pymunk.Poly(space.static_body, corners)
        shape.friction = 1.0
        shape.elasticity = 1.0
        shape.filter = self._pymunk.ShapeFilter(categories=category)
        space.add(shape)

    def _enter(self, actor: Actor) -> Moving:
        space = self.space(actor.lane)
        body = self._pymunk.Body(1.0, 1.0)
        body.position, body.velocity = actor.place, actor.velocity
        body.angle, body.angular_velocity = actor.angle, actor.spin
        thing = Moving(actor, body, None, space, gone=not actor.there)
        space.add(body)
        self.reshape(thing, (1.0, 1.0))
        if actor.fixed:
            self.hold(thing)
        body.velocity_func = self._pull_of(thing)
        return thing

    def _pull_of(self, thing: Moving) -> Callable[..., None]:
        update = self._pymunk.Body.update_velocity

        def pulled(body: Any, gravity: Any, damping: float, dt: float) -> None:
            update(body, (gravity[0] * thing.pull, gravity[1] * thing.pull), damping, dt)

        return pulled

    def reshape(self, thing: Moving, stretch: tuple[float, float]) -> None:
        """Make a thing so many times as wide and high; its lowest point stays."""
        before = thing.reach_down
        thing.stretch = stretch
        half, body = thing.half, thing.body
        if thing.shape is not None:
            thing.space.remove(thing.shape)
            body.position = body.position[0], body.position[1] + thing.reach_down - before
        shape, inertia = self._shape_of(thing)
        mass = thing.actor.density * 1000.0 * half[0] * half[1] * max(half)
        if body.body_type == self._pymunk.Body.DYNAMIC:
            body.mass, body.moment = mass, mass * inertia
        shape.elasticity = thing.actor.bounce
        shape.friction = thing.actor.friction
        thing.shape = shape
        thing.space.add(shape)
        self.regrip(thing, thing.grip)

    def _shape_of(self, thing: Moving) -> tuple[Any, float]:
        """The engine's shape, and its moment of inertia over its mass, m^2."""
        (wide, high), body = thing.half, thing.body
        if thing.actor.form == "box":
            box = self._pymunk.Poly.create_box(body, (2 * wide, 2 * high))
            return box, (wide**2 + high**2) / 3.0
        if wide == high:
            return self._pymunk.Circle(body, high), 0.4 * high**2
        rim = [(wide * math.cos(a), high * math.sin(a)) for a in RIM]
        return self._pymunk.Poly(body, rim), (wide**2 + high**2) / 5.0

    def regrip(self, thing: Moving, grip: int) -> None:
        """Say what a thing can touch; one that is gone touches no other thing."""
        thing.grip = grip
        mine, mask = (NOTHING, grip & ~THING) if thing.gone else (THING, grip)
        thing.shape.filter = self._pymunk.ShapeFilter(categories=mine, mask=mask)

    def show(self, thing: Moving, there: bool) -> None:
        """Let a thing be, or not be. One that is not goes its way all the same."""
        thing.gone = not there
        self.regrip(thing, thing.grip)

    def hold(self, thing: Moving) -> None:
        """Keep a thing where it is, as if nailed to the air."""
        body = thing.body
        body.body_type = self._pymunk.Body.KINEMATIC
        body.velocity, body.angular_velocity = (0.0, 0.0), 0.0

    def release(self, thing: Moving) -> None:
        """Let a held thing go."""
        body = thing.body
        if body.body_type == self._pymunk.Body.DYNAMIC:
            return
        body.body_type = self._pymunk.Body.DYNAMIC
        self.reshape(thing, thing.stretch)

    def open_floor(self, thing: Moving, depth_m: float) -> None:
        """Let every support give way to this one thing, and hold `depth_m` lower."""
        space, lane = thing.space, thing.actor.lane
        for slope in (*self.slopes, Slope(lane, (-40.0, 0.0), (40.0, 0.0), 1.0)):
            if slope.lane == lane:
                self._lay(space, slope, depth_m, CELLAR)
        self.regrip(thing, (thing.grip & ~FLOOR) | CELLAR)

    def close_floor(self, thing: Moving) -> None:
        """Let the supports hold again."""
        self.regrip(thing, (thing.grip & ~CELLAR) | FLOOR)

    def move(self, n_ticks: int = 1) -> None:
        """Go on by some ticks."""
        tick_s = 1.0 / (self.fps * TICKS)
        n_steps = math.ceil(tick_s / LONGEST_STEP_S)
        for _ in range(n_ticks):
            for thing in self.things:
                thing.touched = False
            for _ in range(n_steps):
                for space in self._spaces.values():
                    space.step(tick_s / n_steps)
                for thing in self.things:
                    thing.touched = thing.touched or touches(thing)
            for thing in self.things:
                self._roll(thing, tick_s)
            self.tick += 1

    def _roll(self, thing: Moving, tick_s: float) -> None:
        """Rolling takes speed; the engine's ideal balls would roll for ever."""
        body, drag = thing.body, thing.actor.drag
        if drag == 0.0 or thing.actor.form != "ball" or not touches(thing):
            return
        speed = abs(body.velocity[0])
        left = max(speed - drag * tick_s, 0.0) / speed if speed > 0 else 0.0
        body.velocity = body.velocity[0] * left, body.velocity[1]
        body.angular_velocity *= left


def touches(thing: Moving) -> bool:
    """Whether anything is in contact with a thing."""
    found: list[bool] = []
    thing.body.each_arbiter(lambda arbiter: found.append(True))
    return bool(found)


def run(
    actors: Sequence[Actor],
    slopes: Sequence[Slope],
    n_frames: int,
    fps: float,
    script: Mapping[int, Sequence[Deed]] | None = None,
) -> History:
    """Let things move, and write down how.

    Args:
        actors: things at the start. slopes: what they may rest on beside the floor.
        n_frames: frames to fill. fps: frames per second.
        script: deeds by the tick before which they are done.

    Raises:
        MissingExtraError: pymunk is not installed.
    """
    world = World(actors, slopes, fps)
    rows = []
    for tick in range(n_frames * TICKS + 1):
        for deed in (script or {}).get(tick, ()):
            deed(world)
        rows.append([_state(world, thing) for thing in world.things])
        world.move()
    table = np.array(rows).reshape(len(rows), len(actors), -1)
    return History(
        place=table[..., 0:3],
        velocity=table[..., 3:5],
        angle=table[..., 5],
        half=table[..., 6:8],
        there=table[..., 8],
        look=table[..., 9],
        cut=table[..., 10],
        touching=table[..., 11] > 0.5,
        is_box=np.array([actor.form == "box" for actor in actors]),
        fps=fps,
    )


def _state(world: World, thing: Moving) -> tuple[float, ...]:
    """One row of the history."""
    body = thing.body
    z = thing.actor.depth(world.tick / (world.fps * TICKS))
    return (
        *body.position,
        z,
        *body.velocity,
        body.angle,
        *thing.half,
        float(not thing.gone),
        thing.look,
        thing.cut,
        float(thing.touched),
    )


def check_installed() -> None:
    """Find the engine.

    Raises:
        MissingExtraError: pymunk is not installed.
    """
    _pymunk()


def _pymunk() -> Any:
    try:
        import pymunk
    except ImportError as error:
        raise MissingExtraError(NO_PYMUNK) from error
    return pymunk

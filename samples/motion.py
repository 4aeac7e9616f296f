"""Paths of the samples: falls, bounces, rolls and the laws they may break."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from physcheck.drawing.paths import Path, Place, Size

__all__ = ["GRAVITY", "Sink", "bounce", "grow", "shifted", "slide"]

GRAVITY = 9.81
"""m/s^2, downwards."""


@dataclass(frozen=True)
class Sink:
    """A contact at which the floor gives way without being there: depth in m, time in s."""

    depth_m: float
    time_s: float


@dataclass(frozen=True)
class Arc:
    """A piece of a bouncing path: free flight from a start, a stay in the floor, or rolling."""

    start_s: float
    place: Place
    velocity: Place
    gravity: float = GRAVITY
    sink: Sink | None = None
    leave_speed: float = 0.0

    def at(self, time_s: float) -> Place:
        """Place at a time within the piece, m."""
        t = time_s - self.start_s
        x, y, z = (p + v * t for p, v in zip(self.place, self.velocity, strict=True))
        if self.sink is None:
            return x, y - 0.5 * self.gravity * t * t, z
        return x, self.place[1] - self._depth(t), z

    def _depth(self, t: float) -> float:
        """In as fast as it came, stay, out as fast as it leaves."""
        assert self.sink is not None
        depth = self.sink.depth_m
        into = 1.0 - np.exp(self.velocity[1] * t / depth)
        out = 1.0 - np.exp(-self.leave_speed * (self.sink.time_s - t) / depth)
        return float(depth * into * out)

    def velocity_at(self, time_s: float) -> Place:
        """Velocity at a time within a flight, m/s."""
        vx, vy, vz = self.velocity
        return vx, vy - self.gravity * (time_s - self.start_s), vz


def grow(radius_m: float, factor: float, start_s: float, stop_s: float) -> Size:
    """A radius that becomes `factor` times as large between two times, m."""
    times, sizes = [start_s, max(stop_s, start_s + 1e-9)], [radius_m, radius_m * factor]
    return lambda time_s: float(np.interp(time_s, times, sizes))


def shifted(path: Path, start_s: float, dx_m: float) -> Path:
    """The same path, `dx_m` to the right from `start_s` on."""

    def moved(time_s: float) -> Place:
        x, y, z = path(time_s)
        return (x + dx_m if time_s >= start_s else x), y, z

    return moved


def slide(
    place: tuple[float, float],
    velocity: tuple[float, float],
    height: Size,
    friction: float = 0.0,
) -> Path:
    """Along the floor, slowing down by `friction` m/s^2 until it lies still.

    Args:
        place: x and z at time 0, m.
        velocity: along x and z at time 0, m/s.
        height: of the middle of the thing over the floor (a ball's radius), m.
        friction: deceleration, m/s^2.
    """
    speed = float(np.hypot(*velocity))
    stop_s = speed / friction if friction > 0 else np.inf

    def path(time_s: float) -> Place:
        t = min(time_s, stop_s)
        way = t - 0.5 * friction * t * t / speed if speed > 0 else 0.0
        return place[0] + velocity[0] * way, height(time_s), place[1] + velocity[1] * way

    return path


@dataclass
class Bouncer:
    """Lays the pieces of a bouncing path one after the other."""

    radius: Size
    restitution: float
    sinks: Mapping[int, Sink]
    kicks: list[tuple[float, Place]]
    arcs: list[Arc] = field(default_factory=list)
    contacts_s: list[float] = field(default_factory=list)

    def contact_time(self, arc: Arc) -> float:
        """When the lower edge comes to height 0, s."""
        radius_m = self.radius(arc.start_s)
        for _ in range(3):  # the radius may change during the flight
            drop = arc.place[1] - radius_m
            root = np.sqrt(max(arc.velocity[1] ** 2 + 2 * arc.gravity * drop, 0.0))
            time_s = arc.start_s + float(arc.velocity[1] + root) / arc.gravity
            radius_m = self.radius(time_s)
        return time_s

    def run(self, arc: Arc, until_s: float) -> None:
        """Follow the flight `arc` and all that comes after it."""
        while arc.start_s < until_s:
            self.arcs.append(arc)
            if arc.gravity == 0.0:
                return
            contact_s = self.contact_time(arc)
            if self.kicks and self.kicks[0][0] < contact_s:
                kick_s, velocity = self.kicks.pop(0)
                arc = Arc(kick_s, arc.at(kick_s), velocity)
            else:
                arc = self.after_contact(arc, contact_s)

    def after_contact(self, arc: Arc, contact_s: float) -> Arc:
        """The flight that follows a contact (or rolling, once the bounces are tiny)."""
        x, _, z = arc.at(contact_s)
        vx, vy, vz = arc.velocity_at(contact_s)
        up = -vy * self.restitution
        sink = self.sinks.get(len(self.contacts_s))
        self.contacts_s.append(contact_s)
        place = (x, self.radius(contact_s), z)
        if sink is not None:
            self.arcs.append(Arc(contact_s, place, (vx, vy, vz), sink=sink, leave_speed=up))
            contact_s += sink.time_s
            place = (x + vx * sink.time_s, place[1], z + vz * sink.time_s)
        if up < 0.35:
            return Arc(contact_s, place, (vx, 0.0, vz), gravity=0.0)
        return Arc(contact_s, place, (vx, up, vz))


def bounce(
    place: Place,
    velocity: Place,
    radius: Size,
    restitution: float,
    sinks: Mapping[int, Sink] | None = None,
    kicks: Mapping[float, Place] | None = None,
    until_s: float = 8.0,
) -> Path:
    """A ball that flies, bounces and at last rolls.

    Args:
        place: middle of the ball at time 0, m.
        velocity: at time 0, m/s.
        radius: its radius over time, m.
        restitution: speed after a contact over speed before it.
        sinks: contact number (from 0) to the way it goes through the floor there.
        kicks: time in mid-flight (s) to the velocity that it has from then on.
        until_s: how far to look ahead, s.
    """
    ball = Bouncer(radius, restitution, dict(sinks or {}), sorted((kicks or {}).items()))
    ball.run(Arc(0.0, place, velocity), until_s)
    starts = [arc.start_s for arc in ball.arcs]

    def path(time_s: float) -> Place:
        index = max(int(np.searchsorted(starts, time_s, side="right")) - 1, 0)
        return ball.arcs[index].at(time_s)

    return path

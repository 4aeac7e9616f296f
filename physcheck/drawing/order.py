"""What is drawn before what, and what lies on what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from physcheck.drawing.movers import Pose
from physcheck.drawing.solids import Solid

__all__ = ["Item", "Numbered", "ground_below", "in_order"]

Numbered = tuple[int, Pose]
"""A mover's number and where it is."""

ON_TOP_M = 0.03
"""A thing this deep in a surface still lies on it."""


class Item(NamedTuple):
    """Something in the picture: how far away, how far to the side, and what it is."""

    z_m: float
    beside_m: float
    what: Solid | Numbered


def in_order(here: Sequence[Numbered], standing: Sequence[Solid]) -> list[Item]:
    """Everything in the order in which it is laid, the farthest first."""
    covers = [one for one in standing if any(is_below(pose, one) for _, pose in here)]
    found = [Item(mover_depth(pose, covers), abs(pose.x_m), (n, pose)) for n, pose in here]
    found += [Item(one.z_m if one in covers else one.back_m, np.inf, one) for one in standing]
    return sorted(found, key=lambda item: (-item.z_m, -item.beside_m))


def is_below(pose: Pose, solid: Solid) -> bool:
    """Whether a mover is below a solid, as under a table."""
    return solid.holds(pose.z_m) and pose.y_m < solid.bottom_m


def mover_depth(pose: Pose, covers: Sequence[Solid]) -> float:
    """How far away a mover counts.

    A solid counts as far away as its back, but as its front where a mover is below it
    (in `covers`); what lies on it must then come a little nearer still.
    """
    for solid in covers:
        if solid.holds(pose.z_m) and not is_below(pose, solid):
            return solid.z_m - 1e-3 * (solid.back_m - pose.z_m) / solid.depth_m
    return pose.z_m


def ground_below(pose: Pose, standing: Sequence[Solid]) -> tuple[float, Solid | None]:
    """Height of the surface below a mover, m, and whose it is (None: the floor's)."""
    best: tuple[float, Solid | None] = (0.0, None)
    for solid in standing:
        top = solid.top_at(pose.x_m, pose.z_m)
        if top is not None and best[0] < top <= pose.bottom_m + ON_TOP_M:
            best = (top, solid)
    return best

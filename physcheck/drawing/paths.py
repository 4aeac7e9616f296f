"""Where things are at any time, and how large.

A path is a function from time (s) to a place (x, y, z) in metres: x to the
right, y up from the floor, z away from the camera. It tells where the middle
of the thing is.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Path", "Place", "Size", "constant"]

Place = tuple[float, float, float]
Path = Callable[[float], Place]
Size = Callable[[float], float]


def constant(value: float) -> Size:
    """A size that never changes."""
    return lambda time_s: value

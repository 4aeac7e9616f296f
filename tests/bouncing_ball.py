"""Drawn footage for tests of mutation: a ball bounces or rolls before a wall with grain."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from physcheck.mutation.footage import Footage, Thing
from physcheck.types import Bytes, Floats

FPS = 30.0
FLOOR_Y = 200.0
RADIUS = 14

Way = Callable[[int], tuple[float, float]]


def bounces(n: int = 80, loss: float = 0.7) -> Floats:
    """(n, 2) lower middle of a ball that falls from 140 px and bounces, px."""
    y, speed, places = 60.0, 0.0, []
    for k in range(n):
        places.append((60.0 + 2.5 * k, y))
        speed += 0.9
        y += speed
        if y > FLOOR_Y:
            y, speed = 2 * FLOOR_Y - y, -loss * speed
    return np.array(places)


def rolls(n: int = 80, n_rest: int = 30) -> Floats:
    """(n, 2) lower middle of a ball that rests and then rolls, px."""
    return np.array([(60.0 + 3.5 * max(0, k - n_rest), FLOOR_Y) for k in range(n)])


def wall(rng: np.random.Generator) -> Floats:
    """(240, 320, 3) soft blotches above a darker floor."""
    blotches = cv2.GaussianBlur(rng.normal(0, 60, (240, 320, 3)), (0, 0), 4)
    picture = 150 + blotches
    picture[int(FLOOR_Y) :] -= 60
    return np.asarray(picture, dtype=np.float64)


def pictures(feet: Floats, seed: int = 0) -> Bytes:
    """(n, 240, 320, 3) uint8 RGB of a red ball at these places."""
    rng = np.random.default_rng(seed)
    ground = wall(rng)
    frames = []
    for x, y in feet:
        frame = ground.copy()
        centre = (round(x * 16), round((y - RADIUS) * 16))
        cv2.circle(frame, centre, RADIUS * 16, (200, 50, 40), -1, cv2.LINE_AA, 4)
        frames.append(frame + rng.normal(0, 2, frame.shape))
    return np.clip(frames, 0, 255).astype(np.uint8)


def boxes(feet: Floats) -> Floats:
    """(n, 4) of the ball, px."""
    x, y = feet.T
    return np.stack([x - RADIUS, y - 2 * RADIUS, x + RADIUS, y], axis=1)


def footage_of(feet: Floats) -> tuple[Footage, Thing]:
    """Footage of the ball from a camera that stands still, and the ball."""
    n = len(feet)
    footage = Footage(
        frames=pictures(feet),
        times_s=np.arange(n) / FPS,
        fps=FPS,
        to_reference=np.tile(np.eye(3), (n, 1, 1)),
        moving=False,
    )
    return footage, Thing(1, "ball", np.arange(n), boxes(feet))

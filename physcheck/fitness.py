"""Which things can be judged at all: what several checks ask first."""

from __future__ import annotations

import numpy as np

from physcheck import boxes as geometry
from physcheck.things import is_self_propelled
from physcheck.types import Shot, Track

__all__ = ["size_of", "unfit_to_rest"]


def size_of(track: Track) -> float:
    """The smaller side of a thing, px, median over its life."""
    return float(np.median(geometry.size(track.boxes[track.observed]).min(axis=1)))


def unfit_to_rest(track: Track, shot: Shot, min_size_px: float) -> str:
    """Why it cannot be told whether a thing rests by itself; "" where it can."""
    if shot.world.moving_camera:
        return "the camera moves"
    if is_self_propelled(track.label):
        return "moves by itself"
    return "too small" if size_of(track) < min_size_px else ""

"""The ground as a plane seen in perspective: the row of the picture at which it ends.

A thing that stands on a plane at row y and is h px high obeys y = horizon + k h, with one
horizon for the shot and one k for each thing. So its height over its distance from the
horizon stays the same while it goes nearer and away, and every thing that does so tells
where the horizon is.

Source: Hoiem, Efros and Hebert (2008), Putting objects in perspective.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from physcheck import boxes as geometry
from physcheck.types import Floats, Horizon, Track

__all__ = ["find_horizon"]

_MIN_ROWS = 12
_MIN_HEIGHT_PX = 12.0
_MIN_WAY = 0.3
"""Heights up or down the picture: who keeps to one row tells nothing."""
_MIN_TRACKS = 4
_ROWS_ALIKE = 6
"""Rows that follow each other err alike: so many count as one."""
_FURTHEST = 2.0
"""Heights of the picture above it: further off, nothing seems to grow."""
_N_TRIED = 400
_MAX_SIGMAS = 3.0
"""One thing that crouches or is hidden in part counts for no more than this."""
_MAX_COST = 5.0
_LEAST_SIGMA = 0.02
"""Heights of the picture; a camera on a car sways by about so much."""
_MAX_WIDE = 0.35
"""Heights of the picture within which the horizon must lie to be known."""


def find_horizon(tracks: Sequence[Track], height_px: int) -> Horizon | None:
    """Where things that come nearer or go away would shrink to nothing; None if not sure.

    Args:
        tracks: of a camera that stands still. height_px: of the picture.
    """
    found = [row for track in tracks if (row := _growth(track)) is not None]
    if len(found) < _MIN_TRACKS:
        return None
    y, height, rate, sigma = np.array(found).T
    tried = np.linspace(-_FURTHEST * height_px, float(np.median(y)), _N_TRIED)
    off = np.maximum(y - tried[:, None], 1e-3)
    odd = (rate - height / off) / sigma
    cost = np.minimum(odd**2, _MAX_SIGMAS**2).sum(axis=1)
    mean = float(cost.min()) / len(found)
    near = tried[cost < cost.min() + max(1.0, mean)]
    wide = float(np.ptp(near))
    at_an_end = near[0] == tried[0] or near[-1] == tried[-1]
    if at_an_end or mean > _MAX_COST or wide > _MAX_WIDE * height_px:
        return None
    sigma_px = max(wide / 2, _LEAST_SIGMA * height_px)
    return Horizon(float(tried[cost.argmin()]), sigma_px, len(found))


def _growth(track: Track) -> tuple[float, float, float, float] | None:
    """Row and height, px, of the middle of its way; height a row, and its error."""
    rows = track.clear & track.observed
    if rows.sum() < _MIN_ROWS:
        return None
    y, height = track.boxes[rows, 3], geometry.size(track.boxes[rows])[:, 1]
    middle = float(height.mean())
    if middle < _MIN_HEIGHT_PX or np.ptp(y) < _MIN_WAY * middle:
        return None
    off: Floats = y - y.mean()
    rate = float(off @ (height - middle)) / float(off @ off)
    rest = max(float(np.std(height - middle - rate * off)), 1.0)
    error = rest * (_ROWS_ALIKE / float(off @ off)) ** 0.5
    return float(y.mean()), middle, rate, error

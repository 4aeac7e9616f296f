"""Contacts of things with what is below them, and supports from contacts that agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from physcheck import boxes as geometry
from physcheck.camera import Camera
from physcheck.types import Contact, Floats, Piece, Support, Track, World

__all__ = ["build_world"]

_RISE = 0.2
"""A bounce: the lower edge is this many heights higher a few frames before and after."""
_REACH_ROWS = 6
_MIN_SEEN = 8
_TOLERANCE_PX = 1.5
_MIN_CONTACTS = 2


def build_world(
    piece: Piece, camera: Camera, tracks: Sequence[Track], floor: tuple[float, ...] | None
) -> World:
    """Find what the tracks touch.

    Args:
        piece: the frames. camera: their motion, working px. tracks: explained.
        floor: (y,) or (x1, y1, x2, y2) px of the clip where the user says it is.

    Returns:
        Supports and contacts in stabilised px of the clip.
    """
    contacts = [contact for track in tracks for contact in _bounces(track)]
    supports = [_given(floor)] if floor else _supports(contacts, tracks)
    shrink = np.diag([1 / piece.px[0], 1 / piece.px[1], 1.0])
    return World(
        camera=np.linalg.inv(shrink) @ camera.to_reference @ shrink,
        camera_frames=piece.frames,
        moving_camera=camera.kind == "moving",
        supports=tuple(supports),
        contacts=tuple(contacts),
    )


def _given(floor: tuple[float, ...]) -> Support:
    if len(floor) == 1:
        return Support(0.0, floor[0], (-1e9, 1e9), 0.5, "user", 0)
    x1, y1, x2, y2 = floor
    slope = (y2 - y1) / (x2 - x1) if x2 != x1 else 0.0
    return Support(slope, y1 - slope * x1, (min(x1, x2), max(x1, x2)), 0.5, "user", 0)


def _bounces(track: Track) -> list[Contact]:
    """Where the lower edge is lowest between a fall and a rise."""
    rows = np.flatnonzero(track.observed & ~track.border & ~track.merged)
    if len(rows) < _MIN_SEEN:
        return []
    low = track.boxes[rows, 3]
    height = np.median(geometry.size(track.boxes[rows])[:, 1])
    found = []
    for k in range(2, len(rows) - 2):
        before, after = low[max(0, k - _REACH_ROWS) : k], low[k + 1 : k + 1 + _REACH_ROWS]
        if low[k] < before[-2:].max() or low[k] < after[:2].max() or low[k] == before[-1]:
            continue
        if min(low[k] - before.min(), low[k] - after.min()) < _RISE * height:
            continue
        row = int(rows[k])
        step = float(max(low[k] - before[-1], low[k] - after[0]))
        x = float((track.boxes[row, 0] + track.boxes[row, 2]) / 2)
        found.append(
            Contact(
                track_id=track.id,
                other_id=-1,
                frame=int(track.frames[row]),
                point=(x, float(low[k])),
                kind="bounce",
                sigma_px=1.0 + 0.15 * step,
            )
        )
    return found


def _supports(contacts: Sequence[Contact], tracks: Sequence[Track]) -> list[Support]:
    """Heights at which at least two contacts agree, tightest group first."""
    left = sorted(contacts, key=lambda c: c.point[1])
    found = []
    while len(left) >= _MIN_CONTACTS:
        groups = [[c for c in left if _agree(c, seed)] for seed in left]
        best = max(groups, key=len)
        if len(best) < _MIN_CONTACTS:
            break
        found.append(_level(best))
        left = [c for c in left if c not in best]
    return found


def _agree(a: Contact, b: Contact) -> bool:
    return abs(a.point[1] - b.point[1]) < _TOLERANCE_PX + np.hypot(a.sigma_px, b.sigma_px)


def _level(contacts: Sequence[Contact]) -> Support:
    """The level of contacts that agree; frames rarely catch the lowest moment, so look low."""
    points = np.array([c.point for c in contacts])
    sigma = np.array([c.sigma_px for c in contacts])
    y = float(np.average(points[:, 1], weights=sigma**-2))
    spread = float(max(np.abs(points[:, 1] - y).max(), sigma.mean()))
    ids: Floats = np.unique([c.track_id for c in contacts])
    return Support(
        slope=0.0,
        intercept=y,
        x_range=(float(points[:, 0].min()), float(points[:, 0].max())),
        sigma_px=spread,
        source="contacts",
        n_contacts=len(contacts),
        track_ids=tuple(int(i) for i in ids),
    )

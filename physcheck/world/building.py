"""Contacts of things with what is below them, and supports from contacts that agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from physcheck import boxes as geometry
from physcheck.camera import Camera
from physcheck.signals import robust_scale, rolling_median
from physcheck.types import Contact, Floats, Ints, Piece, Support, Track, World
from physcheck.world.flights import find_stretches
from physcheck.world.ground import find_horizon
from physcheck.world.overlaps import find_overlaps

__all__ = ["build_world"]

_RISE = 0.2
"""A contact: the lower edge is this many heights higher a few frames before (and after)."""
_SHARP = 0.6
_LAND = 0.1
"""A landing: afterwards the lower edge stays within this many heights."""
_REACH_ROWS = 6
_MIN_SEEN = 8
_MAX_WAVER = 0.06
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
        Supports, contacts, stretches and overlaps in px of the clip.
    """
    contacts = [contact for track in tracks for contact in _contacts(track)]
    firm = [contact for contact in contacts if contact.kind != "turn"]
    supports = [_given(floor)] if floor else _supports(firm)
    shrink = np.diag([1 / piece.px[0], 1 / piece.px[1], 1.0])
    to_reference = np.linalg.inv(shrink) @ camera.to_reference @ shrink
    moving = camera.kind == "moving"
    height_px = round(piece.luma.shape[1] * piece.px[1])
    world = World(
        camera=to_reference,
        camera_frames=piece.frames,
        moving_camera=moving,
        supports=tuple(supports),
        contacts=tuple(contacts),
        horizon=None if moving else find_horizon(tracks, height_px),
        overlaps=find_overlaps(piece, camera, tracks),
    )
    return replace(world, stretches=find_stretches(tracks, world, max(piece.px)))


def _given(floor: tuple[float, ...]) -> Support:
    if len(floor) == 1:
        return Support(0.0, floor[0], (-1e9, 1e9), 0.5, "user", 0)
    x1, y1, x2, y2 = floor
    slope = (y2 - y1) / (x2 - x1) if x2 != x1 else 0.0
    return Support(slope, y1 - slope * x1, (min(x1, x2), max(x1, x2)), 0.5, "user", 0)


def _contacts(track: Track) -> list[Contact]:
    """Where the lower edge is lowest after a fall: bounces and landings of a rigid thing."""
    rows = np.flatnonzero(track.observed & ~track.border & ~track.merged)
    if len(rows) < _MIN_SEEN or not _rigid(track, rows):
        return []
    low = geometry.lower_edge(track.boxes)[rows]
    height = float(np.median(geometry.size(track.boxes[rows])[:, 1]))
    found: list[Contact] = []
    for k in range(2, len(rows) - 2):
        kind = _kind(low, k, height)
        if not kind:
            continue
        contact = _contact(track, int(rows[k]), low, k, kind)
        if found and not _rises_between(track, found[-1], contact, height):
            contact = max(found.pop(), contact, key=lambda c: c.point[1])
        found.append(contact)
    return found


def _rises_between(track: Track, a: Contact, b: Contact, height: float) -> bool:
    """The thing leaves the surface between two contacts; else they are one."""
    low = geometry.lower_edge(track.boxes)[_row(track, a) : _row(track, b) + 1]
    return bool(min(a.point[1], b.point[1]) - low.min() > 0.5 * _RISE * height)


def _rigid(track: Track, rows: Ints) -> bool:
    height = np.log(np.maximum(geometry.size(track.boxes[rows])[:, 1], 1.0))
    return robust_scale(height - rolling_median(height, 3)) < _MAX_WAVER


def _row(track: Track, contact: Contact) -> int:
    return int(np.searchsorted(track.frames, contact.frame))


def _kind(low: Floats, k: int, height: float) -> str:
    """ "bounce", "rest" (a landing) or "" for row k of the lower edge's way."""
    before, after = low[max(0, k - _REACH_ROWS) : k], low[k + 1 : k + 1 + _REACH_ROWS]
    if low[k] < before[-2:].max() or low[k] - before.min() < _RISE * height:
        return ""
    if low[k] >= after[:2].max() and low[k] - after.min() > _RISE * height:
        return "bounce" if _sharp(before) and _sharp(after[::-1]) else "turn"
    lands = len(after) >= 4 and np.abs(after - low[k]).max() < _LAND * height
    return "rest" if lands and low[k] - before[-1] > 0 else ""


def _sharp(before: Floats) -> bool:
    """A thing that hits falls fastest just before; one that swings or sinks slows down."""
    falls = np.diff(before)
    return bool(len(falls) < 2 or falls[-1] >= _SHARP * falls.max())


def _contact(track: Track, row: int, low: Floats, k: int, kind: str) -> Contact:
    """Place and time of a contact; the frames rarely catch the lowest moment itself."""
    if kind == "bounce":
        y, sigma = _surface(low, k)
    else:
        y, sigma = (float(low[k]) if kind == "turn" else float(np.median(low[k : k + 4]))), 1.0
    x = float((track.boxes[row, 0] + track.boxes[row, 2]) / 2)
    return Contact(
        track_id=track.id,
        other_id=-1,
        frame=int(track.frames[row]),
        point=(x, y),
        kind=kind,
        sigma_px=sigma,
    )


def _surface(low: Floats, k: int) -> tuple[float, float]:
    """Where the ways before and after a bounce meet, and how well that is known, px.

    The frame of the contact itself is left out: it may miss the lowest moment, and
    the shadow of contact may lengthen the box.
    """
    fall, rise = low[k - 1] - low[k - 2], low[k + 2] - low[k + 1]
    steep = fall - rise
    if fall <= 0 or rise >= 0 or steep < 0.05 * abs(low[k]) ** 0.5:
        return float(low[k]), 1.0
    wait = (low[k + 1] - 2 * rise - low[k - 1]) / steep
    meeting = low[k - 1] + fall * float(np.clip(wait, 0, 2))
    return float(np.clip(meeting, low[k] - fall, low[k] + fall)), 1.0 + 0.05 * float(fall)


def _supports(contacts: Sequence[Contact]) -> list[Support]:
    """Heights at which at least two contacts agree, largest group first."""
    left = list(contacts)
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
    return bool(abs(a.point[1] - b.point[1]) < _TOLERANCE_PX + np.hypot(a.sigma_px, b.sigma_px))


def _level(contacts: Sequence[Contact]) -> Support:
    points = np.array([c.point for c in contacts])
    sigma = np.array([c.sigma_px for c in contacts])
    y = float(np.average(points[:, 1], weights=sigma**-2))
    return Support(
        slope=0.0,
        intercept=y,
        x_range=(float(points[:, 0].min()), float(points[:, 0].max())),
        sigma_px=float(max(np.abs(points[:, 1] - y).max(), sigma.mean())),
        source="contacts",
        n_contacts=len(contacts),
        track_ids=tuple(sorted({c.track_id for c in contacts})),
    )

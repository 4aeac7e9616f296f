"""Where the floor is under a thing: what it, and others, touched before and after tells.

All is as seen from the reference frame, so that a camera that turns does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from physcheck import boxes as geometry
from physcheck.types import Contact, Floats, Shot, Track, World

__all__ = ["Level", "Reach", "comparable", "level_at", "nearer_px", "row_of", "steady_boxes"]
__all__ += ["steady_contacts"]

_NEAR_ROWS = 4
"""Rows on each side that tell how large a thing is at a contact."""
_DRIFT_PX = 0.05
"""By which the frames of a moving camera may be aligned wrongly, for each that lies between."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far contacts hold.

    tolerance: heights by which contacts that agree may differ. aside: widths to the side.
    growth: log size. near_s: seconds within which contacts of other things count.
    """

    tolerance: float
    aside: float
    growth: float
    near_s: float


@dataclass(frozen=True, slots=True)
class Level:
    """A surface at one moment: y px, its standard deviation, and who knows it."""

    y: float
    sigma_px: float
    source: str


def steady_boxes(track: Track, world: World) -> Floats:
    """(T, 4) boxes as seen from the reference frame, px."""
    if not world.moving_camera:
        return track.boxes
    x, y = geometry.centre(track.boxes).T
    x1, y1, x2, y2 = track.boxes.T
    sides = [
        world.steadied(np.stack(ends, 1), track.frames)
        for ends in ((x1, y), (x, y1), (x2, y), (x, y2))
    ]
    return np.stack([sides[k][:, k % 2] for k in range(4)], axis=1)


def steady_contacts(shot: Shot) -> list[Contact]:
    """All contacts as seen from the reference frame."""
    contacts, world = list(shot.world.contacts), shot.world
    if not world.moving_camera or not contacts:
        return contacts
    frames = np.array([c.frame for c in contacts])
    points = world.steadied(np.array([c.point for c in contacts]), frames)
    return [
        replace(c, point=(float(x), float(y))) for c, (x, y) in zip(contacts, points, strict=True)
    ]


def level_at(
    contact: Contact, contacts: list[Contact], boxes: Floats, track: Track, shot: Shot, reach: Reach
) -> Level | None:
    """The surface at a contact as the other contacts know it; None if they do not.

    Args:
        contact: of the track. contacts: all of the shot, and boxes: (T, 4) of the track,
            both as seen from the reference frame.
    """
    size = geometry.size(boxes)
    tolerance = reach.tolerance * float(np.median(size[:, 1]))
    firm = [c for c in contacts if c != contact and c.kind != "turn"]
    own = [c for c in firm if c.track_id == track.id]
    peers = [c for c in own if comparable(track, size, contact, c, reach)]
    pair = _pair(contact, peers, tolerance)
    if pair is None:
        others = [c for c in firm if c.track_id != track.id]
        pair = _agreed(contact, peers, others, shot, tolerance, reach.near_s)
    if pair is None:
        return _led_back(contact, peers, shot, tolerance)
    a, b, words = pair
    far = max(abs(c.frame - contact.frame) for c in (a, b))
    low = max(a, b, key=lambda c: c.point[1])
    sigma_px = float(np.hypot(max(a.sigma_px, b.sigma_px), _drift_px(shot, far)))
    return Level(low.point[1], sigma_px, f"the floor, known from {words}")


def _led_back(contact: Contact, peers: list[Contact], shot: Shot, tolerance: float) -> Level | None:
    """The surface at a first contact, where the next two agree and lead back to it.

    What goes away as it bounces touches higher up the picture each time, by as much.
    """
    after = [c for c in peers if c.frame > contact.frame][:2]
    if len(after) < 2 or abs(after[1].point[1] - after[0].point[1]) > tolerance:
        return None
    now_s, next_s, last_s = (_time_s(shot, c.frame) for c in (contact, *after))
    share = (next_s - now_s) / max(last_s - next_s, 1e-9)
    (y, sigma), (y_last, sigma_last) = ((c.point[1], c.sigma_px) for c in after)
    y_back = y - share * (y_last - y)
    errors = (
        sigma * (1 + share),
        sigma_last * share,
        _drift_px(shot, after[1].frame - contact.frame),
    )
    return Level(
        max(y, y_back), float(np.linalg.norm(errors)), "the floor, known from where it touches next"
    )


def _drift_px(shot: Shot, n_frames: int) -> float:
    return _DRIFT_PX * n_frames if shot.world.moving_camera else 0.0


_Pair = tuple[Contact, Contact, str]


def _pair(contact: Contact, peers: list[Contact], tolerance: float) -> _Pair | None:
    """Two contacts of the thing itself that enclose the moment, or agree before it."""
    before = [c for c in peers if c.frame < contact.frame]
    after = [c for c in peers if c.frame > contact.frame]
    if before and after:
        return before[-1], after[0], "where it touches before and after"
    if len(before) >= 2 and abs(before[-1].point[1] - before[-2].point[1]) < tolerance:
        return before[-1], before[-2], "where it touches twice before"
    return None


def _agreed(
    contact: Contact,
    peers: list[Contact],
    others: list[Contact],
    shot: Shot,
    tolerance: float,
    near_s: float,
) -> _Pair | None:
    """A contact of the thing and one of another; most of what others touch must agree."""
    if not peers:
        return None
    now_s, height = _time_s(shot, contact.frame), peers[-1].point[1]
    near = [c for c in others if abs(_time_s(shot, c.frame) - now_s) < near_s]
    agree = [c for c in near if abs(c.point[1] - height) < tolerance]
    if len(agree) < 2 or len(agree) < 0.5 * len(near):
        return None
    return peers[-1], max(agree, key=lambda c: c.point[1]), "where it and others touch"


def _time_s(shot: Shot, frame: int) -> float:
    return float(shot.times_s[np.searchsorted(shot.frames, frame)])


def row_of(track: Track, contact: Contact) -> int:
    """Row of the track at a contact."""
    return int(np.searchsorted(track.frames, contact.frame))


def comparable(track: Track, size: Floats, a: Contact, b: Contact, reach: Reach) -> bool:
    """Near enough to the side, and of the same size, so at the same distance."""
    growth = abs(np.log(_typical(size, row_of(track, a)) / _typical(size, row_of(track, b))))
    aside = abs(a.point[0] - b.point[0]) / float(np.median(size[:, 0]))
    return bool(growth < reach.growth and aside < reach.aside)


def _typical(size: Floats, row: int) -> float:
    """Size around a row, px: the median over a few rows."""
    near = size[max(0, row - _NEAR_ROWS) : row + _NEAR_ROWS + 1]
    return float(np.median(np.sqrt(near.prod(axis=1))))


def nearer_px(
    contact: Contact, contacts: list[Contact], boxes: Floats, track: Track, world: World
) -> Floats:
    """(T,) how much lower its size says that it is, for it is nearer than at its other contacts.

    On a plane a thing is as far below the horizon as it is high, times a constant. An
    unknown horizon is taken to be the upper edge of the picture.
    """
    size = geometry.size(boxes)
    others = [c for c in contacts if c.track_id == track.id and c != contact]
    if not others:
        return np.zeros(len(boxes))
    usual = float(np.median([_typical(size, row_of(track, c)) for c in others]))
    growth = max(float(np.log(_typical(size, row_of(track, contact)) / usual)), 0.0)
    horizon = world.horizon
    ends_at = 0.0 if horizon is None else min(horizon.y - horizon.sigma_px, 0.0)
    return np.asarray(growth * np.maximum(boxes[:, 3] - ends_at, 0.0))

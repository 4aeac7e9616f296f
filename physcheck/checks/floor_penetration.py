"""The check `floor-penetration`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physcheck import boxes as geometry
from physcheck.checks import check
from physcheck.ends import size_of
from physcheck.signals import signal_of
from physcheck.types import Bools, Contact, Evidence, Floats, Ints, Shot, Signal, Support, Track

__all__ = ["floor_penetration"]


@check("floor-penetration", group="floor", unit="px")
def floor_penetration(
    shot: Shot,
    *,
    min_size_px: float = 12.0,
    error_weight: float = 1.5,
    tolerance_sizes: float = 0.08,
    reach_sizes: float = 4.0,
    max_depth_sizes: float = 0.7,
    max_growth: float = 0.1,
    near_s: float = 2.0,
) -> list[Signal]:
    """A thing goes through the surface that it rests or bounces on.

    Statistic: px of the lower edge below the surface at a contact, less the
        uncertainty of the surface and less what coming nearer would do (growth times
        the height in the picture). Where the surface is, other contacts say: the
        thing's own before and after; or two of its own before; or one of its own with
        which those of other things agree; or the user (`--floor`). Of two that
        bracket the moment the lower one counts, so that rolling nearer or away is no
        violation.
    Abstains: no surface known for the moment, size unlike that at the other contacts,
        too far to the side of them, too small, at the border, near other things,
        camera on the move; deeper than a part of its height (past the edge).
    Blind to: things that never bounced before they sink; things that sink at every
        contact alike; a lower part hidden by the floor instead of drawn over it;
        sinking by less than about 8 % of the height.
    Source: contacts as evidence for supports, after Physion (Bear et al. 2021).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        error_weight: standard deviations of the surface taken off the depth.
        tolerance_sizes: heights by which contacts that agree may differ.
        reach_sizes: widths to the side of the other contacts up to which they hold.
        max_depth_sizes: heights beyond which it is past the edge, not in the floor.
        max_growth: log size by which the thing may differ from that at the contacts.
        near_s: seconds within which contacts of other things count.
    """
    settings = _Settings(
        error_weight, tolerance_sizes, reach_sizes, max_depth_sizes, max_growth, near_s
    )
    return [_measure(track, shot, min_size_px, settings) for track in shot.tracks]


@dataclass(frozen=True, slots=True)
class _Settings:
    error_weight: float
    tolerance: float
    reach: float
    max_depth: float
    max_growth: float
    near_s: float


@dataclass(frozen=True, slots=True)
class _Level:
    """A surface at one moment: y px, its standard deviation, and who knows it."""

    y: float
    sigma_px: float
    source: str


def _measure(track: Track, shot: Shot, min_size_px: float, settings: _Settings) -> Signal:
    n = len(track.frames)
    values, reasons = np.full(n, np.nan), np.full(n, "no surface known", dtype="U40")
    evidence: tuple[Evidence, ...] = ()
    if size_of(track) < min_size_px:
        reasons[:] = "too small"
    elif shot.world.moving_camera:
        reasons[:] = "the camera moves"
    else:
        given = next((s for s in shot.world.supports if s.source == "user"), None)
        if given is not None:
            evidence = _against_given(track, given, values, settings)
        else:
            evidence = _against_contacts(track, shot, values, settings)
        reasons[np.isfinite(values)] = ""
        values[~track.clear] = np.nan
        reasons[~track.clear] = "near another thing"
        reasons[track.border] = "at the border"
        reasons[~track.observed] = "not seen"
    return signal_of(track, values, reasons, unit="px", evidence=evidence)


def _against_given(
    track: Track, support: Support, values: Floats, settings: _Settings
) -> tuple[Evidence, ...]:
    """Every row over the user's floor is judged."""
    x = geometry.centre(track.boxes)[:, 0]
    depth = geometry.lower_edge(track.boxes) - support.y_at(x)
    inside = (x >= support.x_range[0]) & (x <= support.x_range[1])
    inside &= depth < settings.max_depth * geometry.size(track.boxes)[:, 1]
    net = np.maximum(depth - settings.error_weight * support.sigma_px, 0)
    values[inside] = net[inside]
    sunk = np.flatnonzero(inside & track.clear & (net > 0))
    groups = np.split(sunk, np.flatnonzero(np.diff(sunk) > 1) + 1) if len(sunk) else []
    return tuple(_evidence(track, rows, depth, "the given floor") for rows in groups)


def _against_contacts(
    track: Track, shot: Shot, values: Floats, settings: _Settings
) -> tuple[Evidence, ...]:
    """Each contact of the thing is judged by the others, and the flight between them."""
    own = [c for c in shot.world.contacts if c.track_id == track.id]
    evidence = []
    for contact in own:
        level = _level_at(track, contact, own, shot, settings)
        if level is None:
            continue
        depth = geometry.lower_edge(track.boxes) - level.y
        rows = _excursion(track, contact, depth)
        nearer = np.maximum(_growth(track, contact, own), 0) * track.boxes[:, 3]
        net = depth - settings.error_weight * level.sigma_px - nearer
        if depth[rows].max() > settings.max_depth * geometry.size(track.boxes[rows])[:, 1].mean():
            continue
        around = _around(track, contact)
        values[around] = np.fmax(values[around], 0.0)
        values[rows] = np.fmax(values[rows], np.maximum(net[rows], 0))
        if net[rows].max() > 0:
            evidence.append(_evidence(track, np.flatnonzero(rows), depth, level.source))
    return tuple(evidence)


def _level_at(
    track: Track, contact: Contact, own: list[Contact], shot: Shot, settings: _Settings
) -> _Level | None:
    """The surface at a contact as the other contacts know it; None if they do not."""
    size = geometry.size(track.boxes)
    row = _row(track, contact)
    tolerance = settings.tolerance * float(np.median(size[:, 1]))
    peers = [
        c
        for c in own
        if c != contact and c.kind != "turn" and _comparable(track, contact, c, settings)
    ]
    before = [c for c in peers if c.frame < contact.frame]
    after = [c for c in peers if c.frame > contact.frame]
    if before and after:
        return _lower(before[-1], after[0], "where it touches before and after")
    if len(before) >= 2 and abs(before[-1].point[1] - before[-2].point[1]) < tolerance:
        return _lower(before[-1], before[-2], "where it touches twice before")
    if not peers:
        return None
    now_s, height = float(track.times_s[row]), peers[-1].point[1]
    others = [
        c
        for c in shot.world.contacts
        if c.track_id != track.id
        and c.kind != "turn"
        and abs(_time(shot, c.frame) - now_s) < settings.near_s
    ]
    agree = [c for c in others if abs(c.point[1] - height) < tolerance]
    if len(agree) < 2 or len(agree) < 0.5 * len(others):
        return None
    return _lower(peers[-1], max(agree, key=lambda c: c.point[1]), "where it and others touch")


def _time(shot: Shot, frame: int) -> float:
    return float(shot.times_s[np.searchsorted(shot.frames, frame)])


def _comparable(track: Track, a: Contact, b: Contact, settings: _Settings) -> bool:
    """Near enough to the side, and of the same size, so at the same distance."""
    size = geometry.size(track.boxes)
    rows = _row(track, a), _row(track, b)
    growth = abs(np.log(_typical(size, rows[0]) / _typical(size, rows[1])))
    aside = abs(a.point[0] - b.point[0]) / float(np.median(size[:, 0]))
    return bool(growth < settings.max_growth and aside < settings.reach)


def _typical(size: Floats, row: int) -> float:
    """Size around a row, px: the median over a few rows."""
    return float(np.median(np.sqrt(size[max(0, row - 4) : row + 5].prod(axis=1))))


def _row(track: Track, contact: Contact) -> int:
    return int(np.searchsorted(track.frames, contact.frame))


def _lower(a: Contact, b: Contact, words: str) -> _Level:
    low = max(a, b, key=lambda c: c.point[1])
    return _Level(low.point[1], max(a.sigma_px, b.sigma_px), f"the floor, known from {words}")


def _growth(track: Track, contact: Contact, own: list[Contact]) -> Floats:
    """Log size (T,) around the contact over that at the other contacts."""
    size = geometry.size(track.boxes)
    others = [_typical(size, _row(track, c)) for c in own if c != contact]
    now = _typical(size, _row(track, contact))
    return np.full(len(size), np.log(now / float(np.median(others))) if others else 0.0)


def _excursion(track: Track, contact: Contact, depth: Floats) -> Bools:
    """Rows around a contact during which the lower edge stays below the surface."""
    row = _row(track, contact)
    start, stop = row, row + 1
    while start > 0 and depth[start - 1] > 0 and track.observed[start - 1]:
        start -= 1
    while stop < len(depth) and depth[stop] > 0 and track.observed[stop]:
        stop += 1
    rows = np.zeros(len(depth), dtype=bool)
    rows[start:stop] = True
    return rows


def _around(track: Track, contact: Contact) -> Bools:
    """Rows near a contact: what a surface known there lets one judge."""
    row = _row(track, contact)
    index = np.arange(len(track.frames))
    return np.asarray(np.abs(index - row) <= 10)


def _evidence(track: Track, members: Ints, depth: Floats, source: str) -> Evidence:
    peak = int(members[np.argmax(depth[members])])
    x1, y1, x2, y2 = (float(v) for v in track.boxes[peak])
    return Evidence(
        start=int(track.frames[members[0]]),
        stop=int(track.frames[members[-1]]) + 1,
        box=(x1, y1, x2, y2),
        text=f"{depth[peak]:.1f} px below {source}",
    )

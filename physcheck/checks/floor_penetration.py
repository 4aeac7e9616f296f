"""The check `floor-penetration`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physcheck import boxes as geometry
from physcheck.checks import check
from physcheck.fitness import size_of
from physcheck.floors import Reach, level_at, nearer_px, row_of, steady_boxes, steady_contacts
from physcheck.signals import runs, signal_of
from physcheck.sinking import Ground, find_ground, find_sinking
from physcheck.types import Bools, Contact, Evidence, Floats, Ints, Shot, Signal, Support, Track

__all__ = ["floor_penetration"]

_NEAR_ROWS = 10
"""Rows around a contact that a surface known there lets one judge."""

_TALLER = 1.05
"""Times its usual height up to which a box may be without being lengthened by a shadow."""


@check("floor-penetration", group="floor", unit="px")
def floor_penetration(
    shot: Shot,
    *,
    min_size_px: float = 12.0,
    error_weight: float = 1.5,
    waver_weight: float = 3.0,
    tolerance_sizes: float = 0.08,
    reach_sizes: float = 4.0,
    max_depth_sizes: float = 0.7,
    max_growth: float = 0.1,
    near_s: float = 2.0,
) -> list[Signal]:
    """A thing goes through the surface that it rests, walks or bounces on.

    Statistic: px of the lower edge below the surface at a contact, or where it would be
        if the surface did not hide it, less the uncertainty of the surface and less what
        coming nearer would do. Where the surface is, other contacts say: the
        thing's own before and after; or two of its own before, or two after that lead back to
        it; or one of its own with
        which those of other things agree; or the user (`--floor`). Of two that
        bracket the moment the lower one counts, so that rolling nearer or away is no
        violation. Of what goes along the ground, or came to rest on it: px by which it gets
        shorter bit by bit from above while its lower edge goes on as before and it stays as
        wide, less the waver of its height and what going away explains (on a plane with
        one horizon for the shot).
    Abstains: no surface known for the moment: no contact, and nobody was seen on the ground
        behind it, so that it may be at an edge; size unlike that at the other contacts,
        too far to the side of them, too small, at the border, near other things; height
        that wavers so much that sinking would not show; people and others that bend,
        unless they go on as before; deeper than a part of its height (past the edge).
    Blind to: things that sink at every contact alike; those whose first contact is the one;
        what stands still and never fell; sinking by less than about 8 % of the height, and
        of what walks by less than a fifth; sinking at once, or for longer than half a second.
    Source: contacts as evidence for supports, after Physion (Bear et al. 2021); things on
        a plane in perspective, Hoiem, Efros and Hebert (2008).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        error_weight: standard deviations of the surface taken off the depth.
        waver_weight: standard deviations of the height taken off the loss.
        tolerance_sizes: heights by which contacts that agree may differ.
        reach_sizes: widths to the side of the other contacts up to which they hold.
        max_depth_sizes: heights beyond which it is past the edge, not in the floor.
        max_growth: log size by which the thing may differ from that at the contacts.
        near_s: seconds within which contacts of other things count.
    """
    reach = Reach(tolerance_sizes, reach_sizes, max_growth, near_s)
    settings = _Settings(min_size_px, error_weight, waver_weight, max_depth_sizes, reach)
    contacts = steady_contacts(shot)
    ground = find_ground(shot, min_size_px)
    return [_measure(track, shot, contacts, ground, settings) for track in shot.tracks]


@dataclass(frozen=True, slots=True)
class _Settings:
    min_size_px: float
    error_weight: float
    waver_weight: float
    max_depth: float
    reach: Reach


def _measure(
    track: Track, shot: Shot, contacts: list[Contact], ground: Ground, settings: _Settings
) -> Signal:
    n = len(track.frames)
    values, reasons = np.full(n, np.nan), np.full(n, "no surface known", dtype="U40")
    evidence: tuple[Evidence, ...] = ()
    given = next((s for s in shot.world.supports if s.source == "user"), None)
    unfit = _unfit(track, shot, given, settings)
    if unfit:
        reasons[:] = unfit
    else:
        if given is not None:
            evidence = _against_given(track, given, values, settings)
        else:
            evidence = _against_contacts(track, shot, contacts, values, settings)
            evidence += _against_ground(track, shot, ground, contacts, values, settings)
        reasons[np.isfinite(values)] = ""
        values[~track.clear] = np.nan
        reasons[~track.clear] = "near another thing"
        reasons[track.border] = "at the border"
        reasons[~track.observed] = "not seen"
    return signal_of(track, values, reasons, unit="px", evidence=evidence)


def _unfit(track: Track, shot: Shot, given: Support | None, settings: _Settings) -> str:
    if size_of(track) < settings.min_size_px:
        return "too small"
    return "the camera moves" if given is not None and shot.world.moving_camera else ""


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
    sunk = inside & track.clear & (net > 0)
    return tuple(
        _evidence(track, np.arange(*span), depth, "px below the given floor") for span in runs(sunk)
    )


def _against_contacts(
    track: Track, shot: Shot, contacts: list[Contact], values: Floats, settings: _Settings
) -> tuple[Evidence, ...]:
    """Each contact of the thing is judged by the others, and the flight between them."""
    boxes, evidence = steady_boxes(track, shot.world), []
    low = np.fmax(geometry.lower_edge(boxes), _hidden_edge(boxes))
    whole_px = low - boxes[:, 1]
    for contact in (c for c in contacts if c.track_id == track.id):
        level = level_at(contact, contacts, boxes, track, shot, settings.reach)
        if level is None:
            continue
        depth = low - level.y
        rows = _excursion(track, contact, depth)
        nearer = nearer_px(contact, contacts, boxes, track, shot.world)
        net = depth - settings.error_weight * level.sigma_px - nearer
        if depth[rows].max() > settings.max_depth * whole_px[rows].mean():
            continue
        around = _around(track, contact)
        values[around] = np.fmax(values[around], 0.0)
        deepest = int(np.flatnonzero(rows)[np.argmax(net[rows])])
        if _no_taller(boxes, deepest):
            # No shadow of contact made the box longer: one frame is enough.
            net[rows] = net[deepest]
        values[rows] = np.fmax(values[rows], np.maximum(net[rows], 0))
        if net[rows].max() > 0:
            words = f"px below {level.source}"
            evidence.append(_evidence(track, np.flatnonzero(rows), depth, words))
    return tuple(evidence)


def _no_taller(boxes: Floats, row: int) -> bool:
    """Whether a thing is about as high as it is around then."""
    height = geometry.size(boxes)[:, 1]
    around = height[max(row - _NEAR_ROWS, 0) : row + _NEAR_ROWS + 1]
    return bool(height[row] < _TALLER * np.median(around))


def _hidden_edge(boxes: Floats) -> Floats:
    """(T,) where the lower edge of a thing that is no wider than usual would be, if hidden."""
    width, height = geometry.size(boxes).T
    usual = np.minimum(_lasting(width) / np.maximum(width, 1.0), 1.0) * _lasting(height, 0.25)
    return np.asarray(boxes[:, 1] + usual)


def _lasting(values: Floats, share: float = 0.5, half_width: int = 8) -> Floats:
    """The quantile of the rows around each, (T,) to (T,)."""
    padded = np.pad(values, half_width, mode="reflect" if len(values) > half_width else "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half_width + 1)
    return np.asarray(np.quantile(windows, share, axis=1))


def _excursion(track: Track, contact: Contact, depth: Floats) -> Bools:
    """Rows around a contact during which the lower edge stays below the surface."""
    row = row_of(track, contact)
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
    index = np.arange(len(track.frames))
    return np.asarray(np.abs(index - row_of(track, contact)) <= _NEAR_ROWS)


def _against_ground(
    track: Track,
    shot: Shot,
    ground: Ground,
    contacts: list[Contact],
    values: Floats,
    settings: _Settings,
) -> tuple[Evidence, ...]:
    """What goes along the ground, or lies on it, is judged by how its height changes."""
    lost = np.zeros(len(values))
    net = np.full(len(values), np.nan)
    for one in find_sinking(track, shot, ground, contacts):
        sunk = one.loss_px - settings.waver_weight * one.scatter_px
        fits = one.gradual & (one.loss_px < settings.max_depth * one.whole_px)
        for (first, start, stop, last), loss, deep in zip(
            one.rows.tolist(), one.loss_px, np.where(fits, sunk, 0.0), strict=True
        ):
            net[first : last + 1] = np.fmax(net[first : last + 1], 0.0)
            if deep > 0:
                net[start : stop + 1] = np.fmax(net[start : stop + 1], deep)
                lost[start : stop + 1] = np.maximum(lost[start : stop + 1], loss)
    told = np.isfinite(net)
    values[told] = np.fmax(values[told], net[told])
    words = "px shorter than before: its upper part comes down and the ground hides the lower"
    return tuple(_evidence(track, np.arange(*span), lost, words) for span in runs(lost > 0))


def _evidence(track: Track, members: Ints, depth_px: Floats, words: str) -> Evidence:
    peak = int(members[np.argmax(depth_px[members])])
    x1, y1, x2, y2 = (float(v) for v in track.boxes[peak])
    return Evidence(
        start=int(track.frames[members[0]]),
        stop=int(track.frames[members[-1]]) + 1,
        box=(x1, y1, x2, y2),
        text=f"{depth_px[peak]:.1f} {words}",
    )

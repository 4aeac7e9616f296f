"""Births, deaths and gaps, each with the innocent explanations that were tried.

Every innocent explanation has the log odds of the accusation ("it came from,
or went into, nothing") against it; the best explanation is the one with the
least. The likelihood ratios were read off labelled ends; they are damped
because the tests lean on the same pixels.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from physcheck import boxes as geometry
from physcheck.camera import stabilise_each
from physcheck.explain.pixels import Pixels
from physcheck.explain.second_look import Path, Testimony, look
from physcheck.types import Alternative, Bools, Ending, Floats, Gap, Ints, Track

__all__ = ["Surroundings", "explain_ends"]

_DAMPING = 0.8
_SURE = 5.0
_HISTORY = 8
_LONG_HISTORY = 24
_WHOLE = 0.12
"""Log size by which a box that is cut by nothing may differ from the usual."""
_TURNED = 0.35
"""Sizes from the foreseen place beyond which a whole box has taken another way."""
_MIN_HISTORY = 5
_MIN_AFTER = 3
_HOLDS = 0.2
"""A thing can merge with what has at least this share of its area."""
_MIN_SIZE_PX = 8.0
"""Working px; smaller things carry too few pixels to be asked."""

# Knots (measured value, log likelihood ratio of the accusation) for each test.
_KNOTS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "drop": ((0.3, 0.5, 0.65, 0.8, 0.9), (-1.8, -1.4, 0.0, 1.9, 2.6)),
    "cells": ((0.2, 0.6, 0.8, 0.95), (-0.4, 0.2, 0.8, 1.2)),
    "swift": ((0.2, 0.5, 0.7, 0.95), (-1.6, -0.6, 0.3, 1.0)),
    "order": ((-0.9, -0.6, -0.35, 0.0), (-2.2, -1.4, 0.0, 0.6)),
    "ring": ((0.3, 0.8, 1.3, 1.8, 2.4), (-1.7, -1.0, 0.0, 0.6, 1.4)),
    "settled": ((0.6, 0.75, 0.88, 0.96), (-1.8, -1.0, 0.4, 1.3)),
    "match": ((0.5, 0.7, 0.85, 0.93), (1.6, 0.5, -0.6, -1.8)),
    "survival": ((0.1, 0.3, 0.6), (1.3, 0.0, -2.1)),
    "extent": ((-0.7, -0.35, -0.15), (-2.8, -1.8, 0.3)),
    "crowd": ((0.0, 0.15, 0.4), (0.3, -0.5, -1.7)),
    "exit": ((0.5, 1.0, 3.0), (-_SURE, 0.0, _SURE)),
    "neighbour": ((0.1, 0.35, 0.8), (-_SURE, 0.0, _SURE)),
    "covered": ((0.05, 0.2, 0.4), (_SURE, 0.0, -_SURE)),
    "wavering": ((0.12, 0.25, 0.45), (_SURE, 2.0, -2.0)),
    "light": ((0.5, 0.7, 0.9), (-3.0, 0.0, _SURE)),
    "everywhere": ((1.5, 2.5, 4.0), (_SURE, 0.0, -3.0)),
    "pace": ((0.3, 0.6, 1.0), (_SURE, 1.5, -2.0)),
}


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """What an end is judged against.

    pixels: of the piece. unsteady: (n,) rows where the picture is not to be trusted.
    others: n arrays (N, 4) of stabilised boxes of all sure detections of a row.
    size_px: width and height of the clip.
    """

    pixels: Pixels
    unsteady: Bools
    others: list[Floats]
    size_px: tuple[int, int]


def explain_ends(track: Track, first: int, around: Surroundings) -> Track:
    """Explain how a track begins, ends and is lost in between.

    Args:
        track: as fitted. first: row of its first frame in the piece.

    Returns:
        The same track with birth, death and gaps explained.
    """
    rows = first + np.arange(len(track.frames))
    boxes = stabilise_each(track.boxes, around.pixels.camera, rows, around.pixels.px)
    thing = _Thing(track, first, boxes)
    seen = np.flatnonzero(track.observed)
    gaps = []
    for a, b in itertools.pairwise(seen):
        if b - a > 1:
            departure = _explain(thing, int(a), 1, around, until=int(b))
            arrival = _explain(thing, int(b), -1, around, until=int(a))
            gaps.append(Gap(departure, arrival))
    return replace(
        track,
        birth=_explain(thing, int(seen[0]), -1, around),
        death=_explain(thing, int(seen[-1]), 1, around),
        gaps=tuple(gaps),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Thing:
    """A track, the row of its first frame in the piece and its stabilised boxes (T, 4)."""

    track: Track
    first: int
    boxes: Floats


def _explain(
    thing: _Thing, at: int, step: int, around: Surroundings, until: int | None = None
) -> Ending:
    """Explain the end at index `at` of the track, looking along `step`."""
    track, row = thing.track, thing.first + at
    frame = int(track.frames[at])
    room = (around.pixels.n - 1 - row) if step > 0 else row
    if until is not None:
        room = min(room, abs(until - at) - 1)
    next_row = row + step
    frames = around.pixels.piece.frames
    other = int(frames[next_row]) if 0 <= next_row < len(frames) else -1
    if room == 0 or other < 0:
        return Ending(frame, "clip", reason="the shot ends" if step > 0 else "the shot begins")
    path, reason = _path(thing, at, step, around, room)
    if path is None:
        return Ending(frame, "unclear", reason=reason, other_frame=other)
    if until is None and room < _MIN_AFTER:
        return Ending(frame, "clip", reason="too close to the end of the shot", other_frame=other)
    near = slice(max(0, min(row, row + 4 * step) - 1), max(row, row + 4 * step) + 2)
    if around.unsteady[near].any():
        return Ending(frame, "transition", reason="cut, fade or camera", other_frame=other)
    if until is not None and room < 2:
        return Ending(frame, "missed", reason="lost for one frame", other_frame=other)
    alternatives = _weigh(thing, at, path, around)
    best = min(alternatives, key=lambda a: a.log_odds)
    cause = "open" if best.log_odds > 0 else _CAUSES[best.name]
    return Ending(frame, cause, best.log_odds, "", alternatives, other_frame=other)


_CAUSES = {
    "left the frame": "border",
    "the detector missed it": "missed",
    "went behind something": "occluded",
    "merged with a neighbour": "merged",
    "its outline is unsure": "unclear",
    "light or shadow": "unclear",
    "the picture changed everywhere": "unclear",
    "too fast to tell": "unclear",
}


def _path(
    thing: _Thing, at: int, step: int, around: Surroundings, room: int
) -> tuple[Path | None, str]:
    """The way of the thing up to its end, or why it cannot be told."""
    track = thing.track
    behind = np.arange(at, at - step * (_LONG_HISTORY + 1), -step)
    behind = behind[(behind >= 0) & (behind < len(track.frames))]
    behind = behind[track.observed[behind]]
    if np.sum(np.abs(behind - at) <= _HISTORY) < _MIN_HISTORY:
        return None, "seen too briefly"
    if track.merged[behind[:3]].any():
        return None, "merged with another"
    boxes = thing.boxes[behind]
    sizes = geometry.size(boxes)
    size = np.median(sizes[1:], axis=0)
    if size.min() / around.pixels.px.min() < _MIN_SIZE_PX:
        return None, "too small"
    # What hides the thing cuts its box: only whole boxes tell where its middle goes.
    whole = np.abs(np.log(np.maximum(sizes, 1e-3) / size)).max(axis=1) < _WHOLE
    centre, rows_on = geometry.centre(boxes), -np.abs(behind - at).astype(np.float64)
    use = np.flatnonzero(whole[1:]) + 1
    use = use if len(use) >= 4 else np.arange(1, len(behind))
    place, velocity = _motion(rows_on[use], centre[use], float(size.mean()))
    if whole[0] and np.linalg.norm(centre[0] - place) > _TURNED * size.mean():
        # No occluder shifts a whole box so far: it bounced, and the last row knows.
        use = np.concatenate([[0], use])
        place, velocity = _motion(rows_on[use], centre[use], float(size.mean()))
    known = np.flatnonzero(whole & (rows_on > -_HISTORY))
    seen = {int(rows_on[k]): centre[k] for k in known}
    return Path(thing.first + at, step, size, place, velocity, boxes[:_HISTORY], room, seen), ""


def _motion(rows_on: Floats, centre: Floats, size: float) -> tuple[Floats, Floats]:
    """Place and velocity at row 0 from the newest rows that lie on one smooth way."""
    best = np.polyfit(rows_on[:3], centre[:3], 1)
    for n in range(4, min(len(rows_on), _HISTORY) + 1):
        degree = 1 if n < 6 else 2
        fit = np.polyfit(rows_on[:n], centre[:n], degree)
        left = centre[:n] - np.stack([np.polyval(fit[:, k], rows_on[:n]) for k in (0, 1)], axis=1)
        if np.linalg.norm(left, axis=1).max() > 1.0 + 0.02 * size:
            break
        best = fit
    return best[-1], best[-2]


def _weigh(thing: _Thing, at: int, path: Path, around: Surroundings) -> tuple[Alternative, ...]:
    """Log odds against each innocent explanation; the cheap ones may settle it alone."""
    cheap = _cheap(thing, at, path, around)
    if min(a.log_odds for a in cheap) <= -1.0:
        return cheap
    seen = look(around.pixels, path)
    return (*cheap, *_from_pixels(seen, _crowd(path, around)))


def _llr(test: str, value: float) -> float:
    """Log likelihood ratio of the accusation given one test; 0 where it could not be made."""
    if not np.isfinite(value):
        return 0.0
    knots, levels = _KNOTS[test]
    return float(np.interp(value, knots, levels))


def _cheap(thing: _Thing, at: int, path: Path, around: Surroundings) -> tuple[Alternative, ...]:
    """Explanations that need no pixels."""
    track = thing.track
    margin = _exit_margin(path, around)
    gap = _neighbour_gap(thing, at, path, around)
    covered = _covered(thing, at, path, around) if gap < 0.8 else 0.0
    behind = np.arange(at - path.step, at - path.step * 9, -path.step)
    behind = behind[(behind >= 0) & (behind < len(track.frames))]
    wavering = _wavering(track, behind)
    score = float(np.nanmean(track.scores))
    moved = _journey(track)
    pace = float(np.linalg.norm(path.velocity) / path.size.mean())
    everywhere = around.pixels.unrest(min(path.last, path.last + path.step))
    light = _llr("light", score) + 2.0 * (moved > 1.5)
    return (
        Alternative(
            "left the frame", _llr("exit", margin), f"{margin:.1f} times its reach from the border"
        ),
        Alternative(
            "merged with a neighbour",
            max(_llr("neighbour", gap), _llr("covered", covered)),
            "nothing near"
            if gap > 5
            else f"nearest thing {gap:.1f} sizes away, {100 * covered:.0f} % of the place "
            "covered afterwards",
        ),
        Alternative(
            "its outline is unsure",
            _llr("wavering", wavering),
            f"log area wavers by {wavering:.2f}",
        ),
        Alternative("light or shadow", light, f"unlike light in {100 * score:.0f} %"),
        Alternative(
            "the picture changed everywhere",
            _llr("everywhere", everywhere),
            f"{everywhere:.1f} times the usual change from frame to frame",
        ),
        Alternative("too fast to tell", _llr("pace", pace), f"{pace:.2f} sizes a frame"),
    )


def _exit_margin(path: Path, around: Surroundings) -> float:
    """Least distance to the border over the next two rows, over how far it may get by then."""
    margins = []
    for k in range(3):
        row = min(max(path.last + path.step * k, 0), around.pixels.n - 1)
        box = around.pixels.to_frame(row, path.box(k)) * np.tile(around.pixels.px, 2)
        edge = np.array([*box[:2], *(np.array(around.size_px) - box[2:])])
        margins.append(edge.min())
    reach = 0.1 * path.size.mean() + 0.5 * np.linalg.norm(path.velocity)
    return float(min(margins) / reach)


def _neighbour_gap(thing: _Thing, at: int, path: Path, around: Surroundings) -> float:
    """Distance to the nearest thing that could hold it, in sizes; 9 where there is none."""
    gaps = [9.0]
    for k in range(-2, min(3, path.room) + 1):
        row, own = path.last + path.step * k, at + path.step * k
        if not 0 <= row < len(around.others) or not len(around.others[row]):
            continue
        boxes = around.others[row]
        if 0 <= own < len(thing.boxes) and thing.track.observed[own]:
            mine = thing.boxes[own]
            boxes = boxes[np.abs(boxes - mine).max(axis=1) > 0.5]
        boxes = boxes[geometry.area(boxes) > _HOLDS * path.size.prod()]
        if len(boxes):
            gaps.append(float(geometry.gap(path.box(k)[None], boxes).min() / path.size.mean()))
    return min(gaps)


def _covered(thing: _Thing, at: int, path: Path, around: Surroundings) -> float:
    """Share of the place, as it stayed or moved on, that is in others' boxes afterwards.

    A neighbour that grew by a part of the thing may hold it wherever the place is.
    """
    shares = [0.0]
    for k in range(1, min(3, path.room) + 1):
        row = path.last + path.step * k
        if 0 <= row < len(around.others) and len(around.others[row]):
            places = np.stack([path.box(0), path.box(k)])
            shares.append(float(geometry.containment(places, around.others[row]).max()))
            shares.append(_growth(thing, at, path, row, around) / float(path.size.prod()))
    return max(shares)


def _growth(thing: _Thing, at: int, path: Path, row: int, around: Surroundings) -> float:
    """By how much the largest thing near outgrew what was there before the end, px^2."""
    mine = thing.boxes[at]
    before = around.others[path.last]
    before = before[np.abs(before - mine).max(axis=1) > 0.5] if len(before) else before
    after = around.others[row]
    near = after[geometry.gap(path.box(0)[None], after)[0] < path.size.mean()]
    reach = float(path.size.mean())
    grown = [
        geometry.area(box) - geometry.area(before[geometry.gap(box[None], before)[0] < reach]).sum()
        for box in near
    ]
    return float(max([0.0, *grown]))


def _wavering(track: Track, behind: Ints) -> float:
    """Spread of log area over the rows before the end."""
    members = behind[track.observed[behind]] if len(behind) else behind
    size = geometry.size(track.boxes[members])
    if len(size) < 4:
        return float("nan")
    area = np.log(np.maximum(size.prod(axis=1), 1.0))
    rows = np.arange(len(area))
    return float(np.std(area - np.polyval(np.polyfit(rows, area, 1), rows)))


def _journey(track: Track) -> float:
    """Largest way from the start, in sizes."""
    size = float(np.exp(np.nanmedian(track.mean[:, 2:4])))
    return float(np.linalg.norm(track.mean[:, :2] - track.mean[0, :2], axis=1).max() / size)


def _crowd(path: Path, around: Surroundings) -> float:
    """Share of the place and its surroundings that other things cover afterwards."""
    shares = [0.0]
    for k in range(1, min(3, path.room) + 1):
        row = path.last + path.step * k
        if 0 <= row < len(around.others) and len(around.others[row]):
            wide = geometry.expand(path.box(k)[None], 2.0)
            shares.append(float(geometry.containment(wide, around.others[row]).max()))
    return max(shares)


def _from_pixels(seen: Testimony, crowd: float) -> tuple[Alternative, ...]:
    missed = ("drop", "match", "survival")
    behind = ("extent", "cells", "swift", "order", "ring", "settled")
    visible = float(np.interp(seen.contrast, (3.0, 6.0, 10.0), (-2.0, 0.0, 0.5)))
    return (
        Alternative(
            "the detector missed it",
            _DAMPING * (visible + sum(_llr(t, getattr(seen, t)) for t in missed)),
            f"{100 * seen.drop:.0f} % of its contrast gone in one frame, best match later "
            f"{seen.match:.2f}, {100 * seen.survival:.0f} % of its points go on",
        ),
        Alternative(
            "went behind something",
            _DAMPING * (_llr("crowd", crowd) + sum(_llr(t, getattr(seen, t)) for t in behind)),
            f"{100 * seen.cells:.0f} % of its cells gone at once, {100 * seen.swift:.0f} % within "
            f"three frames, leading ones first {-seen.order:.2f}, change inside over around "
            f"{np.exp(seen.ring):.1f}, place settled {seen.settled:.2f}, length at the leading "
            f"side {np.exp(seen.extent):.2f} of usual",
        ),
    )

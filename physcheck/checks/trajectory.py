"""The check `trajectory`."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physcheck import boxes as geometry
from physcheck.arcs import Arc, Bend, arcs_of, bend_of
from physcheck.checks import check
from physcheck.falls import Turn, is_fall, stretches_of, turn_between
from physcheck.fitness import size_of
from physcheck.signals import signal_of
from physcheck.things import is_self_propelled
from physcheck.types import Evidence, Floats, Ints, Shot, Signal, Stretch, Track

__all__ = ["trajectory"]

_SMALLEST_PX = 4.0
"""Smaller side of what can be seen to go on evenly."""
_MIN_ROWS = 4
_MIN_GROUND_ROWS = 6
_MAX_MISFIT = 2.0
_APART_FRAMES = 4
_UPWARDS, _STRAIGHT_UP = 0.35, 0.9
"""Cosines to the pull: a turn may be a bounce, and one from something level."""
_AGREE, _WELL_ABOVE = 0.25, 0.8
"""Heights of the thing: contacts agree within the one, and a turn is well above by the other."""
_SURE_PULL, _LEAST_PULL = 5.0, 3.0
"""Standard errors of the acceleration of a flight: of two stretches, and of a whole."""
_BLUNT = 0.25
"""Body lengths a frame: a turn by as much must stand out, or nothing can be told."""


@check("trajectory", group="trajectory", unit="sigma")
def trajectory(
    shot: Shot,
    *,
    min_size_px: float = 10.0,
    min_pace: float = 0.1,
    min_pace_on_ground: float = 0.15,
    max_pace: float = 1.5,
    ground_weight: float = 0.75,
    max_residual: float = 4.0,
    max_growth: float = 0.15,
    max_waver: float = 0.12,
    most_returned: float = 0.85,
) -> list[Signal]:
    """A thing in free flight turns, stops or speeds up with nothing there to cause it.

    Statistic: change of velocity where two stretches of constant acceleration meet, over
        its standard deviation, in which shares of speed and acceleration are included
        for perspective, lens and rolling shutter. Both sides share one acceleration. 0
        where a thing goes on, or stays, as it was. What is not in free flight counts
        for less, and must go on evenly for six frames on both sides. A long flight is
        also asked as a whole, seen in perspective, whether two explain it better than one.
    Abstains: no stretch of four frames, place too unsure; at a turn that something may
        have caused: another thing nearby, a bounce from below, scenery that would give back
        so much, people, animals and vehicles, which move by themselves; at a
        turn together with a change of outline.
    Blind to: slow turns; anything that propels itself; wrong accelerations that are
        constant (see `gravity`); turns upwards, which may be bounces, unless they go aslant
        and well above the level at which two other bounces agree.
    Source: inertia as in PDI-Bench (2025), gated by contact.

    Args:
        min_size_px: smaller side below which the turns of a thing are not judged, px.
        min_pace, max_pace: body lengths a frame between which turns are judged.
        min_pace_on_ground: the same for things that do not fly.
        ground_weight: what their turns count, as they may drive or be pushed.
        max_residual: chi-squared per degree of freedom up to which both sides are smooth.
        max_growth: change of log size at a turn from which on only the box changed.
        max_waver: scatter of log area beyond which a thing is not rigid.
        most_returned: share of the speed against a still thing that it may give back; beyond
            it scenery is no excuse for a turn in free flight.
    """
    settings = _Settings(
        min_pace,
        min_pace_on_ground,
        max_pace,
        ground_weight,
        max_residual,
        max_growth,
        most_returned,
    )
    return [_measure(track, shot, min_size_px, max_waver, settings) for track in shot.tracks]


@dataclass(frozen=True, slots=True)
class _Settings:
    min_pace: float
    min_pace_on_ground: float
    max_pace: float
    ground_weight: float
    max_residual: float
    max_growth: float
    most_returned: float


def _measure(
    track: Track, shot: Shot, min_size_px: float, max_waver: float, settings: _Settings
) -> Signal:
    n = len(track.frames)
    values, reasons = np.full(n, np.nan), np.full(n, "no even stretch", dtype="U40")
    reasons[track.border] = "at the border"
    reasons[~track.observed] = "not seen"
    evidence: list[Evidence] = []
    stretches = stretches_of(shot, track.id)
    if size_of(track) >= _SMALLEST_PX:
        _judge_even(track, stretches, values)
    else:
        reasons[:] = "too small"
    excuse = _unfit(track, min_size_px, max_waver)
    for a, b in itertools.pairwise(stretches):
        evidence += _judge_turn(track, shot, a, b, excuse, settings, values, reasons)
    for arc in arcs_of(track, shot) if not excuse else ():
        evidence += _judge_arc(track, shot, arc, stretches, settings, values, reasons)
    reasons[np.isfinite(values)] = ""
    return signal_of(track, values, reasons, unit="sigma", evidence=evidence)


def _unfit(track: Track, min_size_px: float, max_waver: float) -> str:
    """Why the turns of a thing tell nothing, "" where they do."""
    if size_of(track) < min_size_px:
        return "too small"
    if is_self_propelled(track.label):
        return "moves by itself"
    area = np.log(np.maximum(geometry.size(track.boxes[track.observed]).prod(axis=1), 1.0))
    if len(area) < 8:
        return "seen too briefly"
    smooth = np.convolve(area, np.ones(5) / 5, mode="valid")
    waver = float(np.median(np.abs(area[2:-2] - smooth)))
    return "outline wavers" if waver > max_waver else ""


def _judge_even(track: Track, stretches: list[Stretch], values: Floats) -> None:
    """0 where a thing stays where it is, or goes on as it did."""
    if not stretches:
        seen = track.observed & ~track.border & ~track.merged
        if seen.sum() >= _MIN_ROWS:
            values[seen] = 0.0
    for one in stretches:
        if one.misfit < _MAX_MISFIT and not _blunt(one):
            values[np.isin(track.frames, one.frames)] = 0.0


def _blunt(stretch: Stretch) -> bool:
    """Even a large turn would not show within so unsure a stretch."""
    step_s = float(np.median(np.diff(stretch.times_s)))
    sigma = np.sqrt(stretch.velocity_variance(float(stretch.times_s[-1])).max()) * step_s
    return bool(3 * sigma > _BLUNT * stretch.size_px)


def _judge_turn(
    track: Track,
    shot: Shot,
    before: Stretch,
    after: Stretch,
    excuse: str,
    settings: _Settings,
    values: Floats,
    reasons: NDArray[np.str_],
) -> list[Evidence]:
    """Judge where two stretches meet: a value, or the reason why there is none."""
    between = (track.frames >= before.frames[-1]) & (track.frames <= after.frames[0])
    turn = turn_between(before, after)
    rows = np.flatnonzero(between)
    if turn is None:
        values[rows], reasons[rows] = np.nan, "no even stretch"
        return []
    flies = _flies(turn, before, after)
    if not flies and min(len(before.frames), len(after.frames)) < _MIN_GROUND_ROWS:
        values[rows], reasons[rows] = np.nan, "no even stretch"
        return []
    innocent = excuse or _innocent(track, shot, turn, rows, flies, settings)
    if innocent:
        values[rows], reasons[rows] = np.nan, innocent
        return []
    row = int(rows[-1])
    values[rows] = 0.0
    values[row] = turn.sigmas * (1.0 if flies else settings.ground_weight)
    return [_evidence(track, turn, rows, row)] if values[row] > 2 else []


def _judge_arc(
    track: Track,
    shot: Shot,
    arc: Arc,
    stretches: list[Stretch],
    settings: _Settings,
    values: Floats,
    reasons: NDArray[np.str_],
) -> list[Evidence]:
    """Judge where a whole flight is best taken as two with different velocities."""
    bend = bend_of(arc)
    if bend is None or bend.kind != "turn":
        return []
    rows = arc.rows[(arc.rows == bend.row) | (arc.rows == arc.rows[bend.n_before])]
    turn = _as_turn(bend, arc, float(track.times_s[bend.row]))
    frames = track.frames[arc.rows]
    falls = any(is_fall(one) and np.isin(one.frames, frames).any() for one in stretches)
    if not (falls and _upright(turn, _LEAST_PULL)) or bend.misfit > _MAX_MISFIT:
        return []
    row = int(rows[-1])
    if np.nan_to_num(values[rows]).max() > turn.sigmas:
        return []
    innocent = _innocent(track, shot, turn, rows, True, settings)
    if innocent:
        values[rows], reasons[rows] = np.nan, innocent
        return []
    values[rows] = 0.0
    values[row] = turn.sigmas
    return [_evidence(track, turn, rows, row)] if turn.sigmas > 2 else []


def _as_turn(bend: Bend, arc: Arc, time_s: float) -> Turn:
    """A change of velocity in one flight, as one between two stretches."""
    after = bend.velocity + bend.change
    fastest = max(float(np.hypot(*bend.velocity)), float(np.hypot(*after)))
    return Turn(
        time_s=time_s,
        before=bend.velocity,
        after=after,
        acceleration=bend.before,
        acceleration_sigma=np.abs(bend.pull_sigma),
        speed_sigma=np.zeros(2),
        sigmas=bend.sigmas,
        residual=bend.misfit,
        pace=fastest * arc.step_s / arc.size_px,
        growth=0.0,
    )


def _flies(turn: Turn, before: Stretch, after: Stretch) -> bool:
    """One acceleration up or down the picture on both sides, and a fall on one of them."""
    return _upright(turn, _SURE_PULL) and (is_fall(before) or is_fall(after))


def _upright(turn: Turn, surely: float) -> bool:
    pull, sigma = turn.acceleration, turn.acceleration_sigma
    slant = abs(pull[0]) - 2 * sigma[0]
    return bool(abs(pull[1]) > surely * sigma[1] and slant < 0.35 * abs(pull[1]))


def _innocent(
    track: Track, shot: Shot, turn: Turn, rows: Ints, flies: bool, settings: _Settings
) -> str:
    """The first innocent explanation that cannot be ruled out, ""."""
    around = np.zeros(len(track.frames), dtype=bool)
    around[max(int(rows[0]) - 1, 0) : int(rows[-1]) + 2] = True
    slowest = settings.min_pace if flies else settings.min_pace_on_ground
    if turn.residual > settings.max_residual:
        return "no even stretch"
    if not slowest < turn.pace < settings.max_pace:
        return "too slow or too fast"
    aslant = turn.upwards < _STRAIGHT_UP and _above_floor(track, shot, int(rows[0]))
    if turn.upwards > _UPWARDS and not aslant:
        return "may have bounced"
    if abs(turn.growth) > settings.max_growth:
        return "the outline changes with it"
    if not track.clear[around].all():
        return "something is near"
    if not track.open[around].all() and not (flies and turn.restitution > settings.most_returned):
        return "may have hit the scenery"
    return ""


def _above_floor(track: Track, shot: Shot, row: int) -> bool:
    """Well above the level at which two other contacts of the thing agree."""
    frame, height = int(track.frames[row]), float(track.boxes[row, 3] - track.boxes[row, 1])
    levels = [
        c.point[1]
        for c in shot.world.contacts
        if c.track_id == track.id and abs(c.frame - frame) > _APART_FRAMES
    ]
    agree = len(levels) >= 2 and max(levels) - min(levels) < _AGREE * height
    return agree and float(track.boxes[row, 3]) < min(levels) - _WELL_ABOVE * height


def _evidence(track: Track, turn: Turn, rows: Ints, row: int) -> Evidence:
    x1, y1, x2, y2 = (float(v) for v in track.boxes[row])
    a, b = turn.before, turn.after
    lengths = float(np.hypot(*a)), float(np.hypot(*b))
    cosine = float(a @ b) / max(lengths[0] * lengths[1], 1e-9)
    degrees = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return Evidence(
        start=int(track.frames[rows[0]]),
        stop=int(track.frames[rows[-1]]) + 1,
        box=(x1, y1, x2, y2),
        text=f"turns by {degrees:.0f} degrees in free flight, from {lengths[0]:.0f} "
        f"to {lengths[1]:.0f} px/s, with nothing near",
    )

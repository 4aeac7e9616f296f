"""The check `gravity`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physcheck.arcs import Arc, Bend, arcs_of, bend_of, downwards
from physcheck.checks import check
from physcheck.falls import untouched
from physcheck.fitness import size_of
from physcheck.signals import signal_of
from physcheck.things import is_self_propelled
from physcheck.types import Evidence, Floats, Ints, Shot, Signal, Track

__all__ = ["gravity"]

_SURELY, _RISES = 5.0, 3.0
"""Standard errors by which a fall stands above none, and a rise within the first rows."""
_FIRST_ROWS = 3
_MAX_SLANT, _SLANT_SIZES = 0.35, 0.02
"""Sideways share of a fall, and body lengths a frame squared that are nothing."""
_MAX_MISFIT = 2.0
_LEAST_OFF_SIZES = 0.5
_REACH_SIZES = 0.5


@check("gravity", group="trajectory", unit="sigma")
def gravity(
    shot: Shot,
    *,
    min_size_px: float = 10.0,
    min_rows: int = 5,
    min_change: float = 0.25,
    tolerance: float = 0.1,
) -> list[Signal]:
    """A thing that flies freely falls faster, slower or upwards from a moment on.

    Statistic: how surely a flight is two with different accelerations and not one, in
        standard errors, both seen in perspective, through a lens and a rolling shutter; or
        by how many errors the logarithm of its acceleration differs from that of the
        surest flight of the same thing; or from 9.81 m/s^2 where the scale is known.
    Abstains: no flight of ten frames; flights too slanted or too unsure; what moves near
        the change and may touch it; what slows down on its way down, as in a hand; people,
        animals, vehicles.
    Blind to: falls that are wrong by one factor throughout, where the scale is not known
        (slow motion is consistent); changes within four frames of a bounce.
    Source: one shared gravity for what falls freely, as in Physion (Bear et al. 2021).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        min_rows: frames that a flight must last before a change and after it.
        min_change: share of the larger acceleration by which it must change.
        tolerance: spread of the logarithm of the acceleration of honest flights.
    """
    down = downwards(shot)
    settings = _Settings(min_rows, min_change, tolerance, down)
    return [_measure(track, shot, min_size_px, settings) for track in shot.tracks]


@dataclass(frozen=True, slots=True)
class _Settings:
    min_rows: int
    min_change: float
    tolerance: float
    down: float


@dataclass(frozen=True, slots=True, eq=False)
class _Record:
    values: Floats
    reasons: NDArray[np.str_]
    evidence: list[Evidence]

    def set(self, rows: Ints, value: float, reason: str = "") -> None:
        self.values[rows], self.reasons[rows] = value, reason


def _measure(track: Track, shot: Shot, min_size_px: float, settings: _Settings) -> Signal:
    n = len(track.frames)
    record = _Record(np.full(n, np.nan), np.full(n, "no free fall", dtype="U40"), [])
    if is_self_propelled(track.label):
        record.reasons[:] = "moves by itself"
    elif size_of(track) < min_size_px:
        record.reasons[:] = "too small"
    else:
        arcs = arcs_of(track, shot)
        even = [arc for arc in arcs if not _judge_bend(track, shot, arc, settings, record)]
        falls = [arc for arc in even if _falls(arc, settings.down)]
        _compare(track, falls, shot, settings, record)
        if falls:
            surest = max(falls, key=_strength)
            for arc in even:
                if _falls(arc, -settings.down) and _rises(arc, settings.down):
                    _judge_rise(track, shot, arc, surest, settings, record)
    return signal_of(track, record.values, record.reasons, unit="sigma", evidence=record.evidence)


def _falls(arc: Arc, down: float) -> bool:
    """One acceleration, the way that `down` says, well above its error."""
    surely = down * arc.acceleration[1] > 0 and _strength(arc) > _SURELY
    return bool(surely and arc.whole.misfit < _MAX_MISFIT and _upright(arc.acceleration, arc))


def _upright(pull: Floats, arc: Arc) -> bool:
    nothing = _SLANT_SIZES * arc.size_px / arc.step_s**2
    return bool(abs(pull[0]) < _MAX_SLANT * abs(pull[1]) + nothing)


def _judge_bend(track: Track, shot: Shot, arc: Arc, settings: _Settings, record: _Record) -> bool:
    """Judge a change of acceleration midway; False where there is none."""
    bend = bend_of(arc)
    if bend is None or bend.kind != "pull":
        return False
    before, after = (float(np.hypot(*pull)) for pull in (bend.before, bend.after))
    change = float(np.hypot(*bend.change)) / max(before, after)
    if change < settings.min_change or bend.off_sizes < _LEAST_OFF_SIZES:
        return False
    later = arc.rows[arc.rows > bend.row]
    excuse = _innocent(track, shot, arc, bend, settings)
    if excuse:
        record.set(later, np.nan, excuse)
        return True
    record.set(arc.rows, 0.0)
    middle = later[len(later) // 2]
    # All that follows is as wrong; its middle stands for it.
    record.values[later] = bend.sigmas - 1e-3 * np.abs(later - middle) / len(later)
    if bend.sigmas > 2:
        record.evidence.append(_bent(track, bend, later, int(middle)))
    return True


def _innocent(track: Track, shot: Shot, arc: Arc, bend: Bend, settings: _Settings) -> str:
    """The first innocent explanation that cannot be ruled out, ""."""
    down = settings.down
    if down * bend.before[1] < _SURELY * bend.pull_sigma[1] or not _upright(bend.before, arc):
        return "no free fall"
    if bend.misfit > _MAX_MISFIT:
        return "no even flight"
    if min(bend.n_before, bend.n_after) < settings.min_rows:
        return "too few clear frames"
    if down * bend.velocity[1] > 0 > down * bend.after[1] + 0.1 * abs(bend.before[1]):
        return "may have been caught"
    near = (track.frames >= track.frames[bend.row] - 1) & (
        track.frames <= track.frames[bend.row] + 2
    )
    time_s = float(track.times_s[bend.row])
    if not track.clear[near].all() or not untouched(track, shot, time_s, _REACH_SIZES):
        return "something is near"
    return ""


def _rises(arc: Arc, down: float) -> bool:
    """It goes against the fall from the start, so that no contact can have turned it."""
    way = -down * (arc.seen.places[_FIRST_ROWS, 1] - arc.seen.places[0, 1])
    return bool(way > _RISES * np.sqrt(2) * arc.seen.noise_px[1])


def _judge_rise(
    track: Track, shot: Shot, arc: Arc, surest: Arc, settings: _Settings, record: _Record
) -> None:
    """Judge a flight that goes up ever faster: by how much its pull differs from a fall."""
    times_s = track.times_s[arc.rows]
    if not track.clear[arc.rows].all() or not all(
        untouched(track, shot, float(time_s), _REACH_SIZES)
        for time_s in times_s[:: len(times_s) // 4]
    ):
        record.set(arc.rows, np.nan, "something is near")
        return
    ratio = float(arc.acceleration[1] / surest.acceleration[1])
    error = abs(ratio) / _strength(arc) + 1 / _strength(surest)
    sigmas = (1 - ratio) / float(np.hypot(error, settings.tolerance))
    middle = int(arc.rows[len(arc.rows) // 2])
    record.set(arc.rows, sigmas)
    text = f"rises ever faster, with {-ratio:.2f} times the acceleration {_that(track, surest)}"
    record.evidence.append(_evidence(track, arc.rows, middle, text))


def _that(track: Track, arc: Arc) -> str:
    return f"that it has in frames {_frames(track, arc)}"


def _compare(
    track: Track, arcs: Sequence[Arc], shot: Shot, settings: _Settings, record: _Record
) -> None:
    """Compare whole flights with the surest one of the thing, and with what is known of all."""
    for arc in arcs:
        record.set(arc.rows, 0.0)
    surest = max(arcs, key=_strength, default=None)
    for arc in arcs:
        if arc is not surest and surest is not None:
            nearer = np.log(arc.size_px / surest.size_px)
            ratio = float(np.log(arc.acceleration[1] / surest.acceleration[1]))
            ratio = min(ratio, ratio - nearer, key=abs)
            error = np.hypot(1 / _strength(arc), 1 / _strength(surest))
            _judge(track, arc, ratio, float(error), _that(track, surest), settings, record)
        if np.isfinite(shot.world.pull_px_per_s2):
            ratio = float(np.log(abs(arc.acceleration[1]) / shot.world.pull_px_per_s2))
            words = "of a free fall on earth"
            _judge(track, arc, ratio, 1 / _strength(arc), words, settings, record)


def _strength(arc: Arc) -> float:
    return float(abs(arc.whole.coefficients[2, 1]) / arc.whole.sigma[2, 1])


def _frames(track: Track, arc: Arc) -> str:
    return f"{track.frames[arc.rows[0]]} to {track.frames[arc.rows[-1]]}"


def _judge(
    track: Track,
    arc: Arc,
    ratio: float,
    error: float,
    words: str,
    settings: _Settings,
    record: _Record,
) -> None:
    """Set how far the logarithm of a ratio is from 0 for a whole flight."""
    sigmas = abs(ratio) / float(np.hypot(error, settings.tolerance))
    middle = arc.rows[len(arc.rows) // 2]
    values = sigmas - 1e-3 * np.abs(arc.rows - middle) / len(arc.rows)
    record.values[arc.rows] = np.maximum(record.values[arc.rows], values)
    if sigmas > 2:
        text = f"falls with {np.exp(ratio):.2f} times the acceleration {words}"
        record.evidence.append(_evidence(track, arc.rows, int(middle), text))


def _bent(track: Track, bend: Bend, later: Ints, row: int) -> Evidence:
    ratio = float(bend.after @ bend.before) / max(float(bend.before @ bend.before), 1e-9)
    way = "upwards with" if ratio < 0 else "with"
    text = f"falls {way} {abs(ratio):.2f} times the acceleration that it had before, "
    return _evidence(track, later, row, text + "with nothing near")


def _evidence(track: Track, rows: Ints, row: int, text: str) -> Evidence:
    x1, y1, x2, y2 = (float(v) for v in track.boxes[row])
    first, last = track.frames[rows[0]], track.frames[rows[-1]]
    return Evidence(start=int(first), stop=int(last) + 1, box=(x1, y1, x2, y2), text=text)

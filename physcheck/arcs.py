"""Flights of a thing from one bounce to the next, and where one changes midway.

Whatever flies freely keeps one acceleration. An arc that is two flights, joined where
nothing touches the thing, was bent there: by a push (its velocity changes) or by another
gravity (its acceleration changes, its velocity does not).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from physcheck import boxes as geometry
from physcheck.falls import is_fall, strength, stretches_of, turn_between
from physcheck.perspective import Fit, Kink, Sighting, fit_flight
from physcheck.types import Floats, Ints, Shot, Stretch, Track

__all__ = ["Arc", "Bend", "arcs_of", "bend_of", "downwards"]

_MIN_ROWS = 10
_MIN_SIDE = 4
"""Rows: a change is told by as many on either side."""
_MAX_GAP_ROWS = 2
_BOUNCE_SIGMAS = 2.5
_UPWARDS = 0.35
_LEAST_NOISE_SIZES, _LEAST_NOISE_PX = 0.03, 0.3
"""No middle of a box is known better than this: body lengths and px."""
_HALF = 0.5
"""An edge that comes and goes shifts the middle by half."""
_TRIED = 24
_ROUGHLY, _CLOSELY = 3, 6
"""Steps of a fit."""
_KINDS = {1: "turn", 2: "pull"}
"""A change of velocity, or of acceleration, by the power of time that it grows with."""
_LEAST_COST = 12.0
"""Squared deviations in all: with less, no change can stand out."""
_SLACK_ALONG, _SLACK_ASIDE, _SLACK_TIME = 0.06, 0.015, 0.4
"""As for turns: shares of the speed along and across, and steps of time."""


@dataclass(frozen=True, slots=True, eq=False)
class Arc:
    """A way on which a thing touches nothing that we know of.

    rows: (n,) of the track. size_px: of the thing. step_s: from frame to frame.
    unit_s: of u. seen: what the fits are made from. whole: the one flight through all.
    """

    rows: Ints
    size_px: float
    step_s: float
    unit_s: float
    seen: Sighting
    whole: Fit

    @property
    def acceleration(self) -> Floats:
        """(2,) px/s^2 in the middle, as of a thing at its distance there."""
        return np.asarray(2 * self.whole.coefficients[2] / self.unit_s**2)


@dataclass(frozen=True, slots=True, eq=False)
class Bend:
    """Where an arc is best taken as two flights.

    row: of the track, the last before the change. kind: "turn" or "pull".
    velocity: (2,) px/s just before. before, after: (2,) accelerations, px/s^2.
    change: (2,) px/s of velocity (turn) or px/s^2 of acceleration (pull).
    sigmas: how surely it is two and not one, slack for perspective and lens taken off.
    off_sizes: how far it ends from where it would have been, body lengths.
    pull_sigma: (2,) standard errors of the acceleration before it, px/s^2.
    misfit: squared deviations of both flights per degree of freedom.
    """

    row: int
    kind: str
    velocity: Floats
    before: Floats
    after: Floats
    change: Floats
    sigmas: float
    off_sizes: float
    pull_sigma: Floats
    misfit: float
    n_before: int
    n_after: int


def downwards(shot: Shot) -> float:
    """1 where things fall down the picture, -1 where they fall up it."""
    falls = [one for one in shot.world.stretches if is_fall(one)]
    return float(np.sign(sum(np.clip(strength(one), -40, 40) for one in falls))) or 1.0


def arcs_of(track: Track, shot: Shot) -> list[Arc]:
    """The arcs of a thing that falls somewhere, in order of time; none for others."""
    stretches = stretches_of(shot, track.id)
    if not any(is_fall(one) for one in stretches):
        return []
    rows = np.flatnonzero(track.observed & ~track.border & ~track.merged)
    bounced = _bounced(track, shot, stretches)
    rows = rows[~np.isin(track.frames[rows], bounced)]
    cuts = np.flatnonzero(
        (np.diff(rows) > _MAX_GAP_ROWS)
        | (
            np.searchsorted(bounced, track.frames[rows[1:]])
            > np.searchsorted(bounced, track.frames[rows[:-1]])
        )
    )
    runs = np.split(rows, cuts + 1)
    return [_arc(track, shot, run, stretches[0].noise_px) for run in runs if len(run) >= _MIN_ROWS]


def _bounced(track: Track, shot: Shot, stretches: Sequence[Stretch]) -> Ints:
    """Frames, in order, in which it is thrown back against the pull."""
    contacts = shot.world.contacts
    frames = {c.frame for c in contacts if c.track_id == track.id and c.kind == "bounce"}
    down = downwards(shot)
    for a, b in itertools.pairwise(stretches):
        turn = turn_between(a, b)
        if turn is None or turn.sigmas < _BOUNCE_SIGMAS or turn.upwards < _UPWARDS:
            continue
        if down * turn.before[1] > 0 > down * turn.after[1]:
            frames.add(int(a.frames[-1] + b.frames[0]) // 2)
    return np.array(sorted(frames), dtype=np.int64)


def _arc(track: Track, shot: Shot, rows: Ints, noise_px: Floats) -> Arc:
    times_s = track.times_s[rows]
    middle_s = float(times_s.mean())
    unit_s = float(np.abs(times_s - middle_s).max())
    step_s = float(np.median(np.diff(track.times_s)))
    places = shot.world.steadied(geometry.centre(track.boxes[rows]), track.frames[rows])
    sides = np.maximum(geometry.size(track.boxes[rows]), 1.0)
    log_size = np.log(sides).mean(axis=1)
    size_px = float(np.exp(np.median(log_size)))
    u = (times_s - middle_s) / unit_s
    middle = np.array([shot.width_px, shot.height_px]) / 2
    reach = float(np.hypot(*middle))
    places = places - middle
    off = places / reach
    late = places[:, 1] / shot.height_px * step_s / unit_s
    floor = max(_LEAST_NOISE_SIZES * size_px, _LEAST_NOISE_PX)
    seen = Sighting(
        u=u,
        places=places,
        noise_px=np.sqrt(noise_px**2 + floor**2 + (_HALF * _wavers_px(u, sides)) ** 2),
        log_size=log_size,
        bulge_px=(off**2).sum(axis=1)[:, None] * off * reach,
        late=late - late.mean(),
    )
    return Arc(rows, size_px, step_s, unit_s, seen, fit_flight(seen))


def _wavers_px(u: Floats, sides: Floats) -> Floats:
    """(2,) by how much width and height come and go about a smooth course."""
    course = np.stack([np.ones(len(u)), u, u * u], axis=1)
    logs = np.log(sides)
    left = logs - course @ np.linalg.lstsq(course, logs, rcond=None)[0]
    spread = np.maximum(1.4826 * np.median(np.abs(left), axis=0), 0.6 * left.std(axis=0))
    return np.asarray(spread * np.exp(np.median(logs, axis=0)))


def bend_of(arc: Arc) -> Bend | None:
    """The change midway that explains most of an arc; None where one flight explains it."""
    if arc.whole.cost < _LEAST_COST:
        return None
    found = [(power, *_best(arc, power)) for power in _KINDS]
    power, k, fit = min(found, key=lambda one: one[2].cost)
    return _bend(arc, k, power, fit)


def _best(arc: Arc, power: int) -> tuple[int, Fit]:
    """Where a change of one kind explains most, and the fit: roughly first, then closely."""
    n = len(arc.rows)
    step = max(1, n // _TRIED)
    tried = np.arange(_MIN_SIDE, n - _MIN_SIDE, step)
    rough = np.array([_kinked(arc, int(k), power, _ROUGHLY).cost for k in tried])
    near = {int(k) + j for k in tried[np.argsort(rough)[:2]] for j in range(1 - step, step)}
    close = [k for k in sorted(near) if _MIN_SIDE <= k < n - _MIN_SIDE]
    fits = [(k, _kinked(arc, k, power, _CLOSELY)) for k in close]
    return min(fits, key=lambda one: one[1].cost)


def _kinked(arc: Arc, k: int, power: int, n_steps: int) -> Fit:
    kink = Kink(float(arc.seen.u[k]), power)
    return fit_flight(arc.seen, (kink,), view=arc.whole.view, n_steps=n_steps)


def _bend(arc: Arc, k: int, power: int, fit: Fit) -> Bend:
    u, unit_s = float(arc.seen.u[k]), arc.unit_s
    _, speed, half, kink = fit.coefficients
    velocity, before = (speed + 2 * half * u) / unit_s, 2 * half / unit_s**2
    left = 1.0 - u
    if power == 1:
        change, after = kink / unit_s, before
        slack = _slack(velocity, before, arc.step_s)
        off_px = float(np.hypot(*(kink * left)))
    else:
        change, slack = 2 * kink / unit_s**2, np.zeros(2)
        after = before + change
        off_px = float(np.hypot(*(kink * left**2)))
    surely = max(arc.whole.cost - fit.cost, 0.0) / max(fit.misfit, 1.0)
    sigma = fit.sigma
    unit = 1 / unit_s if power == 1 else 2 / unit_s**2
    apart = (change**2 / ((sigma[3] * unit) ** 2 + slack**2)).sum()
    return Bend(
        row=int(arc.rows[k]),
        kind=_KINDS[power],
        velocity=velocity,
        before=before,
        after=after,
        change=change,
        sigmas=float(np.sqrt(min(surely, float(apart)))),
        misfit=fit.misfit,
        off_sizes=off_px / arc.size_px,
        pull_sigma=2 * sigma[2] / unit_s**2,
        n_before=k + 1,
        n_after=len(arc.rows) - 1 - k,
    )


def _slack(velocity: Floats, pull: Floats, step_s: float) -> Floats:
    """(2,) px/s by which an honest velocity may seem to change."""
    whole = float(np.hypot(*velocity))
    return np.asarray(
        _SLACK_ALONG * np.abs(velocity) + _SLACK_ASIDE * whole + _SLACK_TIME * step_s * np.abs(pull)
    )

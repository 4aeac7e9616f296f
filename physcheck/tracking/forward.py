"""The pass through time: tracklets are begun, continued and let go.

The bank of Kalman filters here only decides who continues whom; the states
that rules judge are fitted later, over the whole tracklet and both ways.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from physcheck import boxes as geometry
from physcheck import kalman
from physcheck.tracking.association import assign, likelihood_cost, reach_cost
from physcheck.types import Bools, Detections, Floats, Ints

__all__ = ["Tracklet", "run_forward"]

_STRONG = 0.5
_COAST_S = 0.3
_COAST_FRAMES = 3
_LIMIT_COST = 16.0
_YOUNG = 4
_REACH, _REACH_YOUNG = 1.5, 2.5
"""Sizes within which a tracklet may be continued; more while its pace is unknown."""
_REACH_PX = 8.0
_INSIDE = 0.6
_BIGGER = 1.35
_MADE_UP = 0.3
"""Share of a region that the tracklets it swallows fill at least."""


@dataclass(slots=True)
class Tracklet:
    """A thing followed from frame to frame; rows are positions in the piece.

    rows: where it was seen; picks: which detection it was there.
    merged_rows: where it was inside a region that holds several things.
    """

    rows: list[int] = field(default_factory=list)
    picks: list[int] = field(default_factory=list)
    merged_rows: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Bank:
    """Filters of all tracklets that may still be continued, as a struct of arrays."""

    mean: Floats = field(default_factory=lambda: np.zeros((0, 10)))
    cov: Floats = field(default_factory=lambda: np.zeros((0, 10, 10)))
    features: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    seen_s: Floats = field(default_factory=lambda: np.zeros(0))
    seen_px: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    seen_px_per_s: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    tracklets: list[Tracklet] = field(default_factory=list)

    def keep(self, mask: Bools) -> None:
        self.mean, self.cov, self.seen_s = self.mean[mask], self.cov[mask], self.seen_s[mask]
        self.features = self.features[mask]
        self.seen_px, self.seen_px_per_s = self.seen_px[mask], self.seen_px_per_s[mask]
        self.tracklets = [t for t, kept in zip(self.tracklets, mask, strict=True) if kept]


def run_forward(
    times_s: Floats, measured: list[Floats], detections: list[Detections]
) -> list[Tracklet]:
    """Follow things through the frames of a piece.

    Args:
        times_s: (n,) s.
        measured: n arrays (N, 4) of cx, cy, log w, log h in stabilised px.
        detections: n detections, for scores, noise and features.

    Returns:
        All tracklets, in the order of their beginning.
    """
    bank, finished = _Bank(), []
    step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.04
    for k, (z, seen) in enumerate(zip(measured, detections, strict=True)):
        if k:
            # What is not seen goes on at its pace: an acceleration foretells nonsense soon.
            unseen = np.array([t.rows[-1] < k - 1 for t in bank.tracklets], dtype=bool)
            bank.mean[unseen, 8:] = 0.0
            model = _model(bank.mean, step_s)
            bank.mean, bank.cov = kalman.predict(
                bank.mean, bank.cov, float(times_s[k] - times_s[k - 1]), model
            )
        taken = _continue(bank, k, float(times_s[k]), z, seen)
        late = times_s[k] - bank.seen_s > max(_COAST_S, (_COAST_FRAMES + 0.5) * step_s)
        finished += [t for t, gone in zip(bank.tracklets, late, strict=True) if gone]
        bank.keep(~late)
        _begin(bank, k, float(times_s[k]), z, seen, taken, step_s)
    finished += bank.tracklets
    return sorted(finished, key=lambda t: (t.rows[0], t.picks[0]))


def _model(mean: Floats, step_s: float) -> kalman.MotionModel:
    """A nimble model: association must survive bounces and hands."""
    size = np.exp(mean[:, 2:4].mean(axis=1)) if len(mean) else np.zeros(0)
    return kalman.MotionModel(
        jerk_px_per_s3=0.5 * size / step_s**2.5,
        size_noise_per_s2=np.full(len(size), 1.0),
        size_damping_per_s=np.full(len(size), 4.0),
        velocity_px_per_s=0.4 * size / step_s,
        acceleration_px_per_s2=0.1 * size / step_s**2,
        size_rate_per_s=np.full(len(size), 0.5),
    )


def _continue(bank: _Bank, k: int, now_s: float, z: Floats, seen: Detections) -> Bools:
    """Give detections to tracklets; returns which detections were used."""
    taken = np.zeros(len(z), dtype=bool)
    free = np.ones(len(bank.tracklets), dtype=bool)
    if not len(z) or not len(bank.tracklets):
        return taken
    shared = _hidden_in_one(bank, z, free)
    for column, rows in shared.items():
        for row in rows:
            bank.tracklets[row].merged_rows.append(k)
            bank.seen_s[row] = now_s
            free[row] = False
        taken[column] = True
    for strong in (True, False):
        usable = ~taken & ((seen.scores >= _STRONG) == strong)
        _match(bank, k, now_s, z, seen, free, usable, taken)
    _stay_hidden(bank, k, now_s, z, free)
    return taken


def _stay_hidden(bank: _Bank, k: int, now_s: float, z: Floats, free: Bools) -> None:
    """What was in a region with others a frame ago is still there while its place is.

    Whoever took the detection shares it, so that neither is judged by its outline.
    """
    owners = {t.picks[-1]: t for t in bank.tracklets if t.rows and t.rows[-1] == k}
    waiting = [r for r in np.flatnonzero(free) if k - 1 in bank.tracklets[r].merged_rows[-1:]]
    if not owners or not waiting:
        return
    columns = np.array(sorted(owners))
    there = geometry.from_centre(bank.mean[waiting, :2], np.exp(bank.mean[waiting, 2:4]))
    found = geometry.from_centre(z[columns, :2], np.exp(z[columns, 2:4]))
    # How it moves while it is hidden is not known well: to touch the region is enough.
    for row, shares in zip(waiting, geometry.intersection(there, found), strict=True):
        if shares.max() > 0:
            bank.tracklets[row].merged_rows.append(k)
            bank.seen_s[row] = now_s
            owner = owners[int(columns[shares.argmax()])]
            if owner.merged_rows[-1:] != [k]:
                owner.merged_rows.append(k)


def _match(
    bank: _Bank,
    k: int,
    now_s: float,
    z: Floats,
    seen: Detections,
    free: Bools,
    usable: Bools,
    taken: Bools,
) -> None:
    """Two rounds for the free tracklets: by likelihood, then by reach."""
    for by_reach in (False, True):
        rows, columns = np.flatnonzero(free), np.flatnonzero(usable & ~taken)
        if not len(rows) or not len(columns):
            return
        mean, features = bank.mean[rows], bank.features[rows]
        if by_reach:
            since = now_s - bank.seen_s[rows]
            cost, limit = reach_cost(mean, features, z[columns], seen.features[columns], since), 1.0
        else:
            noise = _noise(seen.noise_px[columns], z[columns])
            cost = likelihood_cost(
                mean, bank.cov[rows], features, z[columns], noise, seen.features[columns]
            )
            limit = _LIMIT_COST
        cost = np.where(_within_reach(bank, rows, z[columns], now_s), cost, np.inf)
        for i, j in zip(*assign(cost, limit), strict=True):
            _take(bank, int(rows[i]), k, now_s, int(columns[j]), z, seen)
            free[rows[i]], taken[columns[j]] = False, True


def _within_reach(bank: _Bank, rows: Ints, z: Floats, now_s: float) -> Bools:
    """(N, M) whether a detection is near where a tracklet was seen, or where its pace leads.

    The filter's own gate widens quickly while nothing is seen; this one is in sizes.
    """
    size = np.exp(bank.mean[rows, 2:4].mean(axis=1))
    since_s = now_s - bank.seen_s[rows]
    young = np.array([len(bank.tracklets[row].rows) < _YOUNG for row in rows])
    reach = np.where(young, _REACH_YOUNG, _REACH) * size + _REACH_PX
    ahead = bank.seen_px[rows] + bank.seen_px_per_s[rows] * since_s[:, None]
    miss = [
        np.linalg.norm(place[:, None] - z[None, :, :2], axis=-1)
        for place in (bank.seen_px[rows], ahead)
    ]
    return np.asarray(np.minimum(*miss) < reach[:, None])


def _take(
    bank: _Bank, row: int, k: int, now_s: float, column: int, z: Floats, seen: Detections
) -> None:
    noise = _noise(seen.noise_px[column], z[column])
    bank.mean[row], bank.cov[row] = kalman.update(bank.mean[row], bank.cov[row], z[column], noise)
    bank.features[row] += 0.3 * (seen.features[column] - bank.features[row])
    bank.seen_s[row] = now_s
    bank.seen_px[row] = z[column, :2]
    bank.seen_px_per_s[row] = bank.mean[row, 4:6]
    bank.tracklets[row].rows.append(k)
    bank.tracklets[row].picks.append(column)


def _noise(noise_px: Floats, z: Floats) -> Floats:
    """Standard deviations of cx, cy, log w, log h: px noise over size for the logs."""
    return np.concatenate(
        [noise_px[..., :2], noise_px[..., 2:] / np.exp(z[..., 2:]) + 0.02], axis=-1
    )


def _hidden_in_one(bank: _Bank, z: Floats, free: Bools) -> dict[int, list[int]]:
    """Detections that swallow two or more tracklets that were apart before."""
    there = geometry.from_centre(bank.mean[:, :2], np.exp(bank.mean[:, 2:4]))
    found = geometry.from_centre(z[:, :2], np.exp(z[:, 2:4]))
    inside = geometry.containment(there, found) > _INSIDE
    bigger = geometry.area(found)[None] > _BIGGER * geometry.area(there)[:, None]
    known = np.array([len(t.rows) >= 3 for t in bank.tracklets])
    swallowed = inside & bigger & known[:, None] & free[:, None]
    # A tracklet that has a detection of its own is not swallowed.
    own = (geometry.iou(there, found) > 0.5) & ~bigger
    swallowed &= ~np.any(own, axis=1, keepdims=True)
    # Slivers do not make up a region, and what is one thing's own stays with it.
    share = (swallowed * geometry.area(there)[:, None]).sum(axis=0) / geometry.area(found)
    swallowed &= ~np.any(own, axis=0) & (share > _MADE_UP)
    return {
        int(column): [int(row) for row in np.flatnonzero(swallowed[:, column])]
        for column in np.flatnonzero(swallowed.sum(axis=0) >= 2)
    }


def _begin(
    bank: _Bank, k: int, now_s: float, z: Floats, seen: Detections, taken: Bools, step_s: float
) -> None:
    """Begin a tracklet at each strong detection that nobody took."""
    fresh = np.flatnonzero(~taken & (seen.scores >= _STRONG))
    if not len(fresh):
        return
    noise = _noise(seen.noise_px[fresh], z[fresh])
    mean, cov = kalman.initial(z[fresh], noise, _model(_as_state(z[fresh]), step_s))
    features = seen.features[fresh]
    if not bank.tracklets:
        bank.features = np.zeros((0, features.shape[1]))
    bank.mean = np.concatenate([bank.mean, mean])
    bank.cov = np.concatenate([bank.cov, cov])
    bank.features = np.concatenate([bank.features, features])
    bank.seen_s = np.concatenate([bank.seen_s, np.full(len(fresh), now_s)])
    bank.seen_px = np.concatenate([bank.seen_px, z[fresh, :2]])
    bank.seen_px_per_s = np.concatenate([bank.seen_px_per_s, np.zeros((len(fresh), 2))])
    bank.tracklets += [Tracklet([k], [int(column)]) for column in fresh]


def _as_state(z: Floats) -> Floats:
    return np.concatenate([z, np.zeros((len(z), 6))], axis=1)

"""Joining tracklets over gaps, with the whole piece known.

A thing that is lost and found again later is one thing if motion from both
sides, size and look agree. The best set of joins is found at once, not greedily.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physcheck.tracking.association import REFUSED, assign_sparse
from physcheck.tracking.forward import Tracklet
from physcheck.types import Bools, Detections, Floats, Ints

__all__ = ["join"]

_MAX_GAP_S = 2.0
_MAX_GAP_FRAMES = 30
_MAX_LOG_SIZE = 0.6
_MAX_LOOK = 18.0
_LIMIT = 3.0
"""Nats that a join may cost."""
_MAX_MISS = 4.2
"""Standard deviations by which the motion may miss."""
_N_ENDS, _N_PACE = 5, 15
"""Samples that tell size and look of an end, and those that tell its pace."""
_MIN_ROWS = 5
_SPREAD, _SPREAD_A_STEP, _SPREAD_OF_WAY = 0.25, 0.05, 0.15
"""Sizes by which a thing is beside its line at once, more after a step; share of its way."""
_LOG_SIZE_SPREAD, _GREY_SPREAD = 0.25, 8.0
_WEIGHTS = np.array([1.0, 2.0, 2.0, 0.7])
_PACE_NOISE = 0.03
"""Sizes; a line through few samples is not believed to fit better than this."""


def join(
    tracklets: list[Tracklet],
    times_s: Floats,
    measured: list[Floats],
    detections: list[Detections],
    at_border: list[Bools],
) -> list[Tracklet]:
    """Join tracklets that are one thing.

    Args:
        tracklets: as followed forward, each gap-free but for short misses.
        times_s: (n,) s. measured: n arrays (N, 4). detections: n detections.
        at_border: n arrays (N,), whether a detection touches the border.

    Returns:
        Fewer or as many tracklets, in the order of their beginning.
    """
    if len(tracklets) < 2:
        return tracklets
    first = np.array([t.rows[0] for t in tracklets])
    last = np.array([t.rows[-1] for t in tracklets])
    enters = np.array([at_border[t.rows[0]][t.picks[0]] for t in tracklets])
    leaves = np.array([at_border[t.rows[-1]][t.picks[-1]] for t in tracklets])
    n_rows = np.array([len(t.rows) for t in tracklets])
    gap = first - last[:, None]
    gap_s = times_s[first] - times_s[last][:, None]
    possible = (gap > 0) & (gap <= _MAX_GAP_FRAMES) & (gap_s <= _MAX_GAP_S)
    possible &= np.minimum(n_rows[:, None], n_rows) >= np.minimum(_MIN_ROWS, gap + 1)
    possible &= ~leaves[:, None] & ~enters
    before, after = np.nonzero(possible)
    cost = np.full(gap.shape, REFUSED)
    if len(before):
        step_s = float(np.median(np.diff(times_s)))
        ends = _Ends.of(tracklets, np.unique(before), -1, times_s, measured, detections)
        starts = _Ends.of(tracklets, np.unique(after), 1, times_s, measured, detections)
        a = ends.rows(np.searchsorted(np.unique(before), before))
        b = starts.rows(np.searchsorted(np.unique(after), after))
        cost[before, after] = _costs(a, b, gap_s[before, after], step_s)
    followers = dict(zip(*(x.tolist() for x in assign_sparse(cost, _LIMIT)), strict=True))
    heads = sorted(set(range(len(tracklets))) - set(followers.values()))
    joined = [_chain(tracklets, followers, head) for head in heads]
    return sorted(joined, key=lambda t: (t.rows[0], t.picks[0]))


def _chain(tracklets: list[Tracklet], followers: dict[int, int], head: int) -> Tracklet:
    whole = Tracklet()
    current: int | None = head
    while current is not None:
        part = tracklets[current]
        whole.rows += part.rows
        whole.picks += part.picks
        whole.merged_rows += part.merged_rows
        current = followers.get(current)
    return whole


@dataclass(frozen=True, slots=True)
class _Ends:
    """Motion, size and look at one end of E tracklets.

    place, pace, log_size: (E, 2) px, px/s, log px. doubt: (E,) standard error of the pace.
    look: (E, K) grey levels.
    """

    place: Floats
    pace: Floats
    doubt: Floats
    log_size: Floats
    look: Floats

    @classmethod
    def of(
        cls,
        tracklets: list[Tracklet],
        which: Ints,
        side: int,
        times_s: Floats,
        measured: list[Floats],
        detections: list[Detections],
    ) -> _Ends:
        """The first (side 1) or last (side -1) samples of some tracklets, told at the end."""
        told = []
        for number in which.tolist():
            t = tracklets[number]
            pairs = list(zip(t.rows[::side][:_N_PACE], t.picks[::side][:_N_PACE], strict=True))
            z = np.array([measured[k][p] for k, p in pairs])
            look = np.array([detections[k].features[p] for k, p in pairs[:_N_ENDS]])
            log_size = np.median(z[:_N_ENDS, 2:], axis=0)
            since_s = times_s[t.rows[::side][:_N_PACE]] - times_s[t.rows[::side][0]]
            line = _line(since_s, z[:, :2], float(np.exp(log_size.mean())))
            told.append((*line, log_size, np.median(look, axis=0)))
        place, pace, doubt, sizes, looks = (np.array(cells) for cells in zip(*told, strict=True))
        return cls(place, pace, doubt, sizes, looks)

    def rows(self, which: Ints) -> _Ends:
        cells = (self.place, self.pace, self.doubt, self.log_size, self.look)
        return _Ends(*(one[which] for one in cells))


def _line(since_s: Floats, middle: Floats, size_px: float) -> tuple[Floats, Floats, float]:
    """Place at the end (2,), pace (2,) and the standard error of the pace, px/s."""
    if len(since_s) < 3:
        return middle[0], np.zeros(2), np.inf
    t = since_s - since_s.mean()
    rest = middle - middle.mean(axis=0)
    power = float(t @ t)
    pace = t @ rest / power
    scatter = np.sum((rest - t[:, None] * pace) ** 2) / max(2 * len(t) - 4, 1)
    doubt = np.sqrt(max(scatter, (_PACE_NOISE * size_px) ** 2) / power)
    return middle.mean(axis=0) - since_s.mean() * pace, pace, float(doubt)


def _costs(a: _Ends, b: _Ends, gap_s: Floats, step_s: float) -> Floats:
    """Nats that it costs to take the starts `b` for what went on from the ends `a`, (E,)."""
    steps = gap_s / step_s
    size = np.exp((a.log_size + b.log_size).mean(axis=1) / 2)
    weight = a.doubt**-2, b.doubt**-2
    total = np.maximum(weight[0] + weight[1], 1e-30)[:, None]
    both = (a.pace * weight[0][:, None] + b.pace * weight[1][:, None]) / total
    way = b.place - a.place
    misses = [
        np.linalg.norm(way - pace * gap_s[:, None], axis=1) for pace in (both, a.pace, b.pace)
    ]
    speed = np.maximum(np.linalg.norm(a.pace, axis=1), np.linalg.norm(b.pace, axis=1))
    spread = (_SPREAD + _SPREAD_A_STEP * np.sqrt(steps)) * size + _SPREAD_OF_WAY * speed * gap_s
    sigmas = np.min(misses, axis=0) / spread
    growth = np.abs(b.log_size - a.log_size).max(axis=1)
    look = _look_distance(a.look, b.look)
    # What may be anywhere by now takes no detection from those that are foretold well.
    vagueness = np.log(np.maximum(spread / (_SPREAD * size), 1.0))
    cost = sigmas**2 + (growth / _LOG_SIZE_SPREAD) ** 2 + (look / _GREY_SPREAD) ** 2
    refused = (growth > _MAX_LOG_SIZE) | (look > _MAX_LOOK) | (sigmas > _MAX_MISS)
    return np.where(refused, REFUSED, cost / 2 + vagueness)


def _look_distance(a: Floats, b: Floats) -> Floats:
    """Root mean square difference of looks (E, K), (E,); 0 where there are none."""
    if a.shape[1] == 0 or b.shape[1] == 0:
        return np.zeros(len(a))
    return np.asarray(np.sqrt(np.square((a - b) * _WEIGHTS[: a.shape[1]]).mean(axis=1)))

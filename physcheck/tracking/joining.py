"""Joining tracklets over gaps, with the whole piece known.

A thing that is lost and found again later is one thing if motion from both
sides, size and look agree. The best set of joins is found at once, not greedily.
"""

from __future__ import annotations

import numpy as np

from physcheck.tracking.association import assign, feature_distance
from physcheck.tracking.forward import Tracklet
from physcheck.types import Bools, Detections, Floats

__all__ = ["join"]

_MAX_GAP_S = 2.0
_MAX_GAP_FRAMES = 30
_MAX_LOG_SIZE = 0.6
_MAX_LOOK = 18.0
_MAX_SIGMA = 3.0
_N_ENDS = 5
_MIN_ROWS = 5


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
    ends = [_Ends(t, times_s, measured, detections, at_border) for t in tracklets]
    cost = np.full((len(ends), len(ends)), np.inf)
    for i, a in enumerate(ends):
        for j, b in enumerate(ends):
            if 0 < b.first - a.last <= _MAX_GAP_FRAMES:
                cost[i, j] = a.cost_to(b)
    followers = dict(zip(*(x.tolist() for x in assign(cost, _MAX_SIGMA)), strict=True))
    heads = set(range(len(ends))) - set(followers.values())
    joined = [_chain(tracklets, followers, head) for head in sorted(heads)]
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


class _Ends:
    """Motion, size and look at both ends of a tracklet."""

    def __init__(
        self,
        tracklet: Tracklet,
        times_s: Floats,
        measured: list[Floats],
        detections: list[Detections],
        at_border: list[Bools],
    ) -> None:
        self.first, self.last = tracklet.rows[0], tracklet.rows[-1]
        self.n = len(tracklet.rows)
        self.times_s = times_s
        z = np.array([measured[k][p] for k, p in zip(tracklet.rows, tracklet.picks, strict=True)])
        looks = np.array(
            [detections[k].features[p] for k, p in zip(tracklet.rows, tracklet.picks, strict=True)]
        )
        t = times_s[tracklet.rows]
        self.enters = bool(at_border[self.first][tracklet.picks[0]])
        self.leaves = bool(at_border[self.last][tracklet.picks[-1]])
        self.start = _line(t[:_N_ENDS], z[:_N_ENDS], t[0])
        self.stop = _line(t[-_N_ENDS:], z[-_N_ENDS:], t[-1])
        self.look_start = np.median(looks[:_N_ENDS], axis=0)
        self.look_stop = np.median(looks[-_N_ENDS:], axis=0)
        self.size_start = np.median(z[:_N_ENDS, 2:], axis=0)
        self.size_stop = np.median(z[-_N_ENDS:, 2:], axis=0)

    def cost_to(self, later: _Ends) -> float:
        """Distance in standard deviations between this end and a later start, or inf."""
        if self.leaves or later.enters:
            return float("inf")
        gap_s = float(self.times_s[later.first] - self.times_s[self.last])
        if gap_s > _MAX_GAP_S or min(self.n, later.n) < min(_MIN_ROWS, later.first - self.last + 1):
            return float("inf")
        look = feature_distance(self.look_stop[None], later.look_start[None])[0, 0]
        growth = np.abs(later.size_start - self.size_stop).max()
        if look > _MAX_LOOK or growth > _MAX_LOG_SIZE:
            return float("inf")
        (here, v_here), (there, v_there) = self.stop, later.start
        size = float(np.exp((self.size_stop.mean() + later.size_start.mean()) / 2))
        speed = max(np.linalg.norm(v_here), np.linalg.norm(v_there))
        spread = 0.3 * size + 0.15 * speed * gap_s
        misses = [there - here - v * gap_s for v in (v_here, v_there, (v_here + v_there) / 2)]
        miss = min(float(np.linalg.norm(m)) for m in misses)
        if miss > 0.8 * size + 0.2 * speed * gap_s:
            return float("inf")
        return float(np.sqrt((miss / spread) ** 2 + (look / 12) ** 2 + (growth / 0.35) ** 2))


def _line(t: Floats, z: Floats, at_s: float) -> tuple[Floats, Floats]:
    """Place at `at_s` and velocity of the middle, by least squares."""
    if len(t) < 2:
        return z[-1, :2], np.zeros(2)
    slope, place = np.polyfit(t - at_s, z[:, :2], 1)
    return place, slope

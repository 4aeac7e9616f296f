"""The pass through time: tracklets are begun, continued and let go.

The bank of filters here only decides who continues whom; the states that rules
judge are fitted later, over the whole tracklet and both ways. A tracklet is to be
sure rather than long: what was lost for more than moments is joined afterwards,
when all tracklets are known.

Source: Zhang et al. (2022), ByteTrack, for taking sure boxes first and faint ones
only to go on with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from physcheck import boxes as geometry
from physcheck.kalman import Bank
from physcheck.tracking.association import (
    REFUSED,
    assign_sparse,
    feature_distance,
    overlap_cost,
    reach_cost,
)
from physcheck.tracking.merging import Overlaps, holding, swallowed, tells_apart
from physcheck.types import Bools, Detections, Floats, Ints

__all__ = ["Tracklet", "run_forward"]

_STRONG = 0.5
_COAST_S = 0.3
_COAST_FRAMES = 3
_YOUNG = 4
_KNOWN = 3
_REACH, _REACH_YOUNG = 1.5, 2.5
"""Sizes within which a tracklet may be continued; more while its pace is unknown."""
_REACH_PX = 8.0
_SAME_MIDDLE = 0.15
"""Sizes; a box about the same middle is the same thing, however large it has become."""
_TURN = 0.5
_DRIFT = np.array([0.02, 0.02, 0.03, 0.03])
"""Sizes and log px a step by which a rate changes within one step."""
_PACE = np.array([0.4, 0.4, 0.1, 0.1])
"""The same for what a rate may be at first sight."""
_LEAST_NOISE = np.array([0.03, 0.03, 0.05, 0.05])
"""Boxes waver by these shares of the size however exact the detector says they are."""
_FADING = 0.7
"""What is left of a growth after a step in which nothing was seen."""
_MOST_GROWTH = 0.15
"""log px a step; what a box grows faster it does not go on to grow."""
_GREY_LEVELS = 25.0


@dataclass(slots=True)
class Tracklet:
    """A thing followed from frame to frame; rows are positions in the piece.

    rows: where it was seen; picks: which detection it was there.
    merged_rows: where it was inside a region that holds several things.
    """

    rows: list[int] = field(default_factory=list)
    picks: list[int] = field(default_factory=list)
    merged_rows: list[int] = field(default_factory=list)


class _Frame(NamedTuple):
    """What is seen in row k: z (M, 4), its variance (M, 4), boxes (M, 4), scores, features."""

    k: int
    now_s: float
    z: Floats
    variance: Floats
    boxes: Floats
    strong: Bools
    scores: Floats
    features: Floats


@dataclass(slots=True)
class _Open:
    """All tracklets that may still be continued, as a struct of arrays.

    seen_row: (N,) where each was last seen. seen_s: (N,) when, or last known to be hidden.
    seen_px, pace_px_per_s: (N, 2) where it was then, and how fast. n_rows: (N,).
    merges: what touches may be seen as one.
    """

    bank: Bank = field(default_factory=Bank)
    features: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    seen_row: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    n_rows: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    seen_s: Floats = field(default_factory=lambda: np.zeros(0))
    seen_px: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    pace_px_per_s: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    tracklets: list[Tracklet] = field(default_factory=list)
    merges: bool = True

    def keep(self, mask: Bools) -> None:
        self.bank.keep(mask)
        self.features, self.seen_row = self.features[mask], self.seen_row[mask]
        self.n_rows, self.seen_s = self.n_rows[mask], self.seen_s[mask]
        self.seen_px, self.pace_px_per_s = self.seen_px[mask], self.pace_px_per_s[mask]
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
    step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.04
    late_s = max(_COAST_S, (_COAST_FRAMES + 0.5) * step_s)
    going, finished = _Open(merges=not tells_apart(detections)), []
    before_s = float(times_s[0])
    for frame in _frames(times_s, measured, detections):
        taken = np.zeros(len(frame.z), dtype=bool)
        if going.tracklets:
            _predict(going, frame.k, (frame.now_s - before_s) / step_s)
            if len(frame.z):
                _continue(going, frame, taken, step_s)
            late = frame.now_s - going.seen_s > late_s
            if late.any():
                finished += [t for t, gone in zip(going.tracklets, late, strict=True) if gone]
                going.keep(~late)
        _begin(going, frame, np.flatnonzero(~taken & frame.strong))
        before_s = frame.now_s
    finished += going.tracklets
    return sorted(finished, key=lambda t: (t.rows[0], t.picks[0]))


def _frames(
    times_s: Floats, measured: list[Floats], detections: list[Detections]
) -> Iterator[_Frame]:
    """What is seen frame by frame; all that needs no tracklet is done for all at once."""
    z = np.concatenate(measured)
    size = np.exp(z[:, 2:])
    noise = np.concatenate([d.noise_px for d in detections])
    noise = np.concatenate([noise[:, :2], noise[:, 2:] / size], axis=1)
    least = _LEAST_NOISE * np.concatenate([size, np.ones_like(size)], axis=1)
    variance = np.maximum(noise, least) ** 2
    boxes = geometry.from_centre(z[:, :2], size)
    scores = np.concatenate([d.scores for d in detections])
    strong = scores >= _STRONG
    stop = 0
    for k, seen in enumerate(detections):
        start, stop = stop, stop + len(seen.boxes)
        here = slice(start, stop)
        yield _Frame(
            k,
            float(times_s[k]),
            measured[k],
            variance[here],
            boxes[here],
            strong[here],
            scores[here],
            seen.features,
        )


def _predict(going: _Open, k: int, steps: float) -> None:
    bank = going.bank
    bank.rates[going.seen_row < k - 1, 2:] *= _FADING
    np.clip(bank.rates[:, 2:], -_MOST_GROWTH, _MOST_GROWTH, out=bank.rates[:, 2:])
    drift = np.empty_like(bank.values)
    drift[:, :2] = np.exp(bank.values[:, 2:].sum(axis=1))[:, None]
    drift[:, 2:] = 1.0
    bank.predict(steps, drift * _DRIFT**2)


def _continue(going: _Open, frame: _Frame, taken: Bools, step_s: float) -> None:
    """Give detections to tracklets; `taken` (M,) tells which were used."""
    values = going.bank.values
    overlaps = Overlaps.of(geometry.from_centre(values[:, :2], np.exp(values[:, 2:])), frame.boxes)
    iou = overlaps.iou()
    free = np.ones(len(going.tracklets), dtype=bool)
    known = going.n_rows >= _KNOWN
    held = swallowed(overlaps, iou, known) if going.merges else {}
    for region, inside in held.items():
        taken[region] = True
        for row in inside:
            free[row] = False
            _hide(going, row, frame)
    look = feature_distance(going.features, frame.features) / _GREY_LEVELS
    rows, columns = _pairs(going, frame, iou, look, free, taken)
    _take(going, frame, rows, columns, step_s)
    _stay_hidden(going, frame, overlaps, free)


def _pairs(
    going: _Open, frame: _Frame, iou: Floats, look: Floats, free: Bools, taken: Bools
) -> tuple[Ints, Ints]:
    """Rows and columns that belong together: sure boxes before faint, near before far."""
    values = going.bank.values
    size = np.exp(values[:, 2:].mean(axis=1))
    off = np.maximum(*(np.abs(values[:, None, k] - frame.z[:, k]) for k in range(2)))
    near = overlap_cost(iou, off < _SAME_MIDDLE * size[:, None], look, frame.scores)
    far: Floats | None = None
    pairs: list[tuple[Ints, Ints]] = []
    for usable in (frame.strong, ~frame.strong):
        for by_reach in (False, True):
            rows, columns = np.flatnonzero(free), np.flatnonzero(usable & ~taken)
            if not len(rows) or not len(columns):
                break
            if by_reach and far is None:
                far = _far_cost(going, frame, look)
            cost = far if by_reach and far is not None else near
            i, j = assign_sparse(cost[np.ix_(rows, columns)], REFUSED)
            free[rows[i]], taken[columns[j]] = False, True
            pairs.append((rows[i], columns[j]))
    if not pairs:
        none = np.zeros(0, dtype=np.int64)
        return none, none
    return np.concatenate([p[0] for p in pairs]), np.concatenate([p[1] for p in pairs])


def _far_cost(going: _Open, frame: _Frame, look: Floats) -> Floats:
    """What pairs cost whose boxes are apart, (N, M).

    How far a thing gets is told in sizes, from where it was seen and from where its
    pace leads: what a filter allows grows too quickly while nothing is seen.
    """
    values = going.bank.values
    young = going.n_rows < _YOUNG
    size = np.exp(values[:, 2:].mean(axis=1))
    way = going.pace_px_per_s * (frame.now_s - going.seen_s)[:, None]
    # What bounces comes back as far as it would have gone.
    turned = np.hypot(way[:, 0], way[:, 1]) + _TURN * size
    reach = np.maximum(np.where(young, _REACH_YOUNG, _REACH) * size + _REACH_PX, turned)
    ahead = going.seen_px + way
    miss = [
        np.hypot(*(place[:, None, k] - frame.z[:, k] for k in range(2)))
        for place in (going.seen_px, ahead)
    ]
    log_area = np.abs(values[:, 2:].sum(axis=1)[:, None] - frame.z[:, 2:].sum(axis=1))
    # Who was seen just now has more right to a box than who was lost some frames ago.
    lag = np.maximum(frame.k - going.seen_row, 1)
    return reach_cost(np.minimum(*miss), reach, lag, log_area, look)


def _take(going: _Open, frame: _Frame, rows: Ints, columns: Ints, step_s: float) -> None:
    z = frame.z[columns]
    going.bank.update(rows, z, frame.variance[columns])
    if going.features.shape[1] and frame.features.shape[1]:
        going.features[rows] += 0.3 * (frame.features[columns] - going.features[rows])
    going.seen_row[rows], going.seen_s[rows] = frame.k, frame.now_s
    going.n_rows[rows] += 1
    going.seen_px[rows] = z[:, :2]
    going.pace_px_per_s[rows] = going.bank.rates[rows, :2] / step_s
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        tracklet = going.tracklets[row]
        tracklet.rows.append(frame.k)
        tracklet.picks.append(column)


def _hide(going: _Open, row: int, frame: _Frame) -> None:
    going.tracklets[row].merged_rows.append(frame.k)
    going.seen_s[row] = frame.now_s


def _stay_hidden(going: _Open, frame: _Frame, overlaps: Overlaps, free: Bools) -> None:
    """What was in a region with others a frame ago is still there while its place is.

    Whoever took the detection shares it, so that neither is judged by its outline.
    """
    lost = np.flatnonzero(free).tolist()
    waiting = [r for r in lost if frame.k - 1 in going.tracklets[r].merged_rows[-1:]]
    if not waiting:
        return
    owners = {t.picks[-1]: t for t in going.tracklets if t.rows[-1] == frame.k}
    if not owners:
        return
    regions = holding(overlaps, np.array(waiting), np.array(sorted(owners)))
    for row, column in regions.items():
        _hide(going, row, frame)
        if owners[column].merged_rows[-1:] != [frame.k]:
            owners[column].merged_rows.append(frame.k)


def _begin(going: _Open, frame: _Frame, fresh: Ints) -> None:
    """Begin a tracklet at each detection (K,) that is sure and that nobody took."""
    if not len(fresh):
        return
    z, features = frame.z[fresh], frame.features[fresh]
    scale = np.ones_like(z)
    scale[:, :2] = np.exp(z[:, 2:].mean(axis=1))[:, None]
    going.bank.begin(z, frame.variance[fresh], (_PACE * scale) ** 2)
    if not going.tracklets:
        going.features = np.zeros((0, features.shape[1]))
    going.features = np.concatenate([going.features, features])
    going.seen_row = np.concatenate([going.seen_row, np.full(len(fresh), frame.k)])
    going.n_rows = np.concatenate([going.n_rows, np.ones(len(fresh), dtype=np.int64)])
    going.seen_s = np.concatenate([going.seen_s, np.full(len(fresh), frame.now_s)])
    going.seen_px = np.concatenate([going.seen_px, z[:, :2]])
    going.pace_px_per_s = np.concatenate([going.pace_px_per_s, np.zeros((len(fresh), 2))])
    going.tracklets += [Tracklet([frame.k], [column]) for column in fresh.tolist()]

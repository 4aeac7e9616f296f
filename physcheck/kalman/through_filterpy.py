"""The forward pass and the smoother, driven by the filterpy package.

Slow, with whole 10 x 10 matrices, and independent of the blocks elsewhere: what
both ways agree on is right.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from physcheck.kalman.motion import MotionModel
from physcheck.kalman.tasks import FilteredTracks, Task, model_of
from physcheck.types import Floats

__all__ = ["run_filter", "run_smoother"]


def run_filter(task: Task) -> FilteredTracks:
    """Filter each of the B tracks of a task; arrays of (B, T, ...)."""
    shapes = [(10,), (10, 10), (10,), (10, 10), (4,), (4, 4), ()]
    lead = task.seen.shape[:2]
    out = FilteredTracks(*(np.full((*lead, *shape), np.nan) for shape in shapes))
    for b in range(len(task.start)):
        _filter_one(task, b, out)
    return out


def _filter_one(task: Task, b: int, out: FilteredTracks) -> None:
    """Fill in the rows of track b from its start on."""
    kf, model = _filter(task.mean[b], task.cov[b]), model_of(task.model, b)
    for k in range(task.start[b], len(task.times_s)):
        if k > task.start[b]:
            dt_s = float(task.times_s[k] - task.times_s[k - 1])
            kf.predict(F=model.F(dt_s), Q=model.Q(dt_s))
            out.predicted_mean[b, k], out.predicted_cov[b, k] = kf.x[:, 0], kf.P
            _record(kf, task, (b, k), out)
            _take(kf, task, (b, k), np.flatnonzero(task.taken[b, k]))
        out.mean[b, k], out.cov[b, k] = kf.x[:, 0], kf.P


def _filter(mean: Floats, cov: Floats) -> Any:
    """A filterpy filter in the given state (10,), (10, 10)."""
    from filterpy.kalman import KalmanFilter

    kf = KalmanFilter(dim_x=10, dim_z=4)
    kf.x, kf.P = mean[:, None].copy(), cov.copy()
    return kf


def _take(kf: Any, task: Task, row: tuple[int, int], axes: Any) -> None:
    """Update the filter with some axes of the measurement of a row."""
    if len(axes):
        z, R = task.z[row][axes, None], np.diag(task.R[row][axes])
        kf.update(z, R=R, H=np.eye(4, 10)[axes])


def _record(kf: Any, task: Task, row: tuple[int, int], out: FilteredTracks) -> None:
    """Note the innovation of a row as filterpy computes it; the state stays."""
    seen = np.flatnonzero(task.seen[row])
    if len(seen) == 0:
        return
    before = kf.x, kf.P
    _take(kf, task, row, seen)
    kf.x, kf.P = before
    out.innovation[row][seen] = kf.y[:, 0]
    out.innovation_cov[row] = np.diag(np.where(task.seen[row], 0.0, np.nan))
    out.innovation_cov[row][np.ix_(seen, seen)] = kf.S
    out.nis[row] = (kf.y.T @ kf.SI @ kf.y).item()


def run_smoother(
    filtered: FilteredTracks, times_s: Floats, model: MotionModel
) -> tuple[Floats, Floats]:
    """Smooth each of B tracks; mean (B, T, 10), cov (B, T, 10, 10)."""
    mean, cov = filtered.mean.copy(), filtered.cov.copy()
    steps_s = np.diff(times_s, prepend=times_s[:1])
    for b in range(len(mean)):
        known = np.flatnonzero(np.isfinite(mean[b, :, 0]))
        if len(known) == 0:
            continue
        own, rows = model_of(model, b), slice(known[0], None)
        F, Q = own.F(steps_s[rows]), own.Q(steps_s[rows])
        kf = _filter(mean[b, known[0]], cov[b, known[0]])
        x, P, _, _ = kf.rts_smoother(mean[b, rows, :, None], cov[b, rows], Fs=F, Qs=Q)
        mean[b, rows], cov[b, rows] = x[..., 0], P
    return mean, cov

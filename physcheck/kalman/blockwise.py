"""The forward pass and the smoother in numpy, one small block an axis, all tracks at once."""

from __future__ import annotations

import numpy as np

from physcheck.kalman.motion import (
    Blocks,
    MotionModel,
    compress,
    expand,
    process_noise,
    transition,
)
from physcheck.kalman.steps import diagonal, normalised_square, predict_blocks, update_blocks
from physcheck.kalman.tasks import FilteredTracks, Task
from physcheck.types import Bools, Floats

__all__ = ["run_filter", "run_smoother"]


def run_filter(task: Task) -> FilteredTracks:
    """Filter the B tracks of a task; arrays of (B, T, ...)."""
    predicted, filtered = _forward(task)
    innovation = np.where(task.seen, task.z - predicted.x[..., 0], np.nan)
    S = np.where(task.seen, predicted.P[..., 0, 0] + task.R, np.nan)
    row = np.arange(len(task.times_s))
    before, started = row < task.start[:, None], row <= task.start[:, None]
    return FilteredTracks(
        *_expand_from(filtered, before),
        *_expand_from(predicted, started),
        innovation,
        np.where(np.asarray(task.seen.any(axis=-1))[..., None, None], diagonal(S), np.nan),
        normalised_square(innovation, S),
    )


def _expand_from(blocks: Blocks, unknown: Bools) -> tuple[Floats, Floats]:
    """Means and covariances of blocks, NaN in the rows that are unknown (B, T)."""
    mean, cov = expand(blocks)
    mean[unknown] = np.nan
    cov[unknown] = np.nan
    return mean, cov


def _forward(task: Task) -> tuple[Blocks, Blocks]:
    """Predicted and filtered blocks of (B, T, ...); until its start a track stands still."""
    steps_s = np.diff(task.times_s)[:, None]
    F, Q = transition(task.model, steps_s), process_noise(task.model, steps_s)
    z, R, taken = (np.swapaxes(a, 0, 1).copy() for a in (task.z, task.R, task.taken))
    last_start = task.start.max(initial=0)
    first = state = compress(task.mean, task.cov)
    predicted, filtered = [], []
    for k in range(len(task.times_s)):
        if k > 0:
            state = predict_blocks(state, F[k - 1], Q[k - 1])
        if k <= last_start:
            state = _hold(state, first, task.start >= k)
        predicted.append(state)
        if taken[k].any():
            state = update_blocks(state, z[k], R[k], taken[k])
        filtered.append(state)
    return _stack(predicted), _stack(filtered)


def _hold(state: Blocks, first: Blocks, waiting: Bools) -> Blocks:
    """Put the waiting (B,) tracks back into their first state."""
    x = np.where(waiting[:, None, None], first.x, state.x)
    return Blocks(x, np.where(waiting[:, None, None, None], first.P, state.P))


def _stack(states: list[Blocks]) -> Blocks:
    """T states of B tracks as arrays of (B, T, ...)."""
    return Blocks(
        np.stack([state.x for state in states], axis=1),
        np.stack([state.P for state in states], axis=1),
    )


def run_smoother(
    filtered: FilteredTracks, times_s: Floats, model: MotionModel
) -> tuple[Floats, Floats]:
    """Rauch-Tung-Striebel smoother over B tracks; mean (B, T, 10), cov (B, T, 10, 10).

    All but the recursion itself is done for all rows at once. The covariance is a
    sum of three terms that cannot be negative, in the manner of Joseph.
    """
    steps_s = np.diff(times_s)
    F, Q = (
        np.broadcast_to(a, (len(steps_s), len(filtered.mean), 4, 3, 3))
        for a in (transition(model, steps_s[:, None]), process_noise(model, steps_s[:, None]))
    )
    x, P = (np.swapaxes(a, 0, 1) for a in compress(filtered.mean, filtered.cov))
    ahead = compress(filtered.predicted_mean[:, 1:], filtered.predicted_cov[:, 1:])
    x_ahead, P_ahead = (np.swapaxes(a, 0, 1) for a in ahead)
    C = _transposed(_solve(P_ahead, F @ P[:-1]))
    rest = np.eye(3) - C @ F
    own_x = x[:-1] - _times(C, x_ahead)
    own_P = rest @ P[:-1] @ _transposed(rest) + C @ Q @ _transposed(C)
    smooth = [Blocks(x[-1], P[-1])]
    for k in range(len(steps_s) - 1, -1, -1):
        later = smooth[-1]
        back_P = C[k] @ later.P @ _transposed(C[k])
        smooth.append(Blocks(own_x[k] + _times(C[k], later.x), own_P[k] + back_P))
    return _expand_from(_stack(smooth[::-1]), np.isnan(filtered.mean[..., 0]))


def _transposed(A: Floats) -> Floats:
    """(..., n, m) to (..., m, n)."""
    return np.swapaxes(A, -1, -2)


def _times(A: Floats, x: Floats) -> Floats:
    """Matrices (..., 3, 3) times vectors (..., 3)."""
    return np.asarray((A @ x[..., None])[..., 0], dtype=np.float64)


def _solve(A: Floats, B: Floats) -> Floats:
    """A^-1 B for symmetric positive definite A (..., 3, 3) and B (..., 3, 3).

    By elimination (A = L D L'): after a long gap A is nearly singular, and an
    inverse from cofactors would lose twice as many digits. NaN gives NaN.
    """
    a = A[..., 0, 0, None]
    l1, l2 = A[..., 0, 1, None] / a, A[..., 0, 2, None] / a
    d1 = A[..., 1, 1, None] - l1 * A[..., 0, 1, None]
    rest = A[..., 1, 2, None] - l1 * A[..., 0, 2, None]
    l3 = rest / d1
    d2 = A[..., 2, 2, None] - l2 * A[..., 0, 2, None] - l3 * rest
    y1 = B[..., 1, :] - l1 * B[..., 0, :]
    x2 = (B[..., 2, :] - l2 * B[..., 0, :] - l3 * y1) / d2
    x1 = y1 / d1 - l3 * x2
    return np.stack([B[..., 0, :] / a - l1 * x1 - l2 * x2, x1, x2], axis=-2)

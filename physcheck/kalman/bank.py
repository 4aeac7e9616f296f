"""A bank of filters for things that go on at their pace, as a struct of arrays.

It only decides who continues whom; the states that rules judge come from `tracks.py`.
Each of the four axes (cx, cy, log w, log h) has a value and a rate driven by white
noise, in closed form: no matrix is ever built, and one call moves all things at once.

Source: Bar-Shalom, Li, Kirubarajan (2001), ch. 6: the white noise acceleration model.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from physcheck.types import Bools, Floats, Ints

__all__ = ["Bank"]

_PUSHED, _PUSHED_SIZES = 3.0, 0.5
"""Standard deviations and sizes by which only what is pushed misses its place."""
_VALUE, _RATE, _P, _C, _W = range(5)


@dataclass(slots=True)
class Bank:
    """N things: (5, N, 4) of values, rates, their variances and the covariance of both.

    Values are px and log px, rates are per step of the usual length.
    """

    cells: Floats = field(default_factory=lambda: np.zeros((5, 0, 4)))

    @property
    def values(self) -> Floats:
        """(N, 4) cx, cy, log w, log h."""
        return np.asarray(self.cells[_VALUE])

    @property
    def rates(self) -> Floats:
        """(N, 4) the same a step."""
        return np.asarray(self.cells[_RATE])

    def keep(self, mask: Bools) -> None:
        """Forget the things where mask (N,) is False."""
        self.cells = self.cells[:, mask]

    def begin(self, z: Floats, variance: Floats, rate_variance: Floats) -> None:
        """Add M things at z (M, 4), with variances of value and rate (M, 4)."""
        zero = np.zeros_like(z)
        fresh = np.stack([z, zero, variance, zero, rate_variance])
        self.cells = np.concatenate([self.cells, fresh], axis=1)

    def predict(self, steps: float, drift: Floats) -> None:
        """Go on by some steps; drift (N, 4) is the variance a rate gains in one step."""
        value, rate, P, C, W = self.cells
        value += rate * steps
        P += steps * (2 * C + steps * W) + drift * (steps**3 / 3)
        C += steps * W + drift * (steps**2 / 2)
        W += drift * steps

    def update(self, rows: Ints, z: Floats, variance: Floats) -> None:
        """Take in measurements z (K, 4) with their variances (K, 4) for some rows (K,)."""
        value, rate, P, C, W = self.cells[:, rows]
        innovation = z - value
        S = P + variance
        # What leaps so far was pushed or has bounced a step ago: its pace is learned anew.
        leap = np.square(innovation[:, :2])
        size = np.exp(value[:, 2:].mean(axis=1, keepdims=True))
        usual = np.maximum(_PUSHED**2 * S[:, :2], (_PUSHED_SIZES * size) ** 2)
        push = np.zeros_like(S)
        push[:, :2] = np.where(leap > usual, leap, 0.0)
        P, C, W, S = P + push, C + push, W + push, S + push
        to_value, to_rate = P / S, C / S
        self.cells[:, rows] = (
            value + to_value * innovation,
            rate + to_rate * innovation,
            to_value * variance,
            to_rate * variance,
            W - to_rate * C,
        )

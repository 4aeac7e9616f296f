"""A free flight as a camera sees it: one constant acceleration in space, not in the picture.

What flies towards the camera or away from it, or is seen through a wide lens, draws no
parabola. But it still draws a curve of few numbers: with D = 1 + c u + d u^2 for its
distance, x and y are parabolas in time over D, its size is one number over D, the lens
adds k r^2 times the place, and a shutter that rolls down the picture sees what is lower
a little later. Fitted together, these tell a flight apart from one that changes midway.

Source: Hartley and Zisserman (2004), Multiple view geometry, ch. 6 and 7.4 (camera, lens);
Huber (1981), Robust statistics, ch. 7 (weights).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from physcheck.types import Floats

__all__ = ["Fit", "Kink", "Sighting", "fit_flight"]

_SIZE_SIGMA = 0.06
"""Log size: blur and shadow change an outline by so much for several frames on end."""
_ROWS_ALIKE = 6.0
"""So many sizes in a row err alike, and count as one."""
_USUAL = np.array([0.5, 0.3, 0.08, 0.5])
_MOST = np.array([0.7, 0.5, 0.25, 1.2])
"""How c, d, the lens and the shutter spread, and how far they go."""
_NEAREST = 0.15
_FAR = 2.5
"""Deviations from which on a place counts for less."""
_LEAST_SCALE = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """What is seen of one thing over n frames.

    u: (n,) times, from -1 to 1. places: (n, 2) px from the middle of the picture.
    noise_px: (2,) of x and of y. log_size: (n,).
    bulge_px: (n, 2) what a lens with k = 1 adds to each place.
    late: (n,) by how much later, in u, a shutter that takes a whole frame sees it.
    """

    u: Floats
    places: Floats
    noise_px: Floats
    log_size: Floats
    bulge_px: Floats
    late: Floats


@dataclass(frozen=True, slots=True)
class Kink:
    """A change at a time u: of the velocity (power 1) or of the acceleration (power 2)."""

    u: float
    power: int

    def curve(self, u: Floats) -> tuple[Floats, Floats]:
        """(n,) what it adds to a place, and to a speed, for a change by one."""
        after = np.maximum(u - self.u, 0.0)
        return after**self.power, self.power * after ** (self.power - 1) * (u > self.u)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """One flight, with or without a kink, fitted to a sighting.

    view: (4,) c, d, lens and shutter. coefficients: (p, 2) of x and of y, of 1, u, u^2 and
        the kink.
    jacobian: (m, 2 p + 5) how all that is seen depends on them, in deviations.
    cost: squared deviations of places, sizes and view, each place by its weight.
    misfit: the same of the places alone, per degree of freedom.
    """

    view: Floats
    coefficients: Floats
    jacobian: Floats
    cost: float
    misfit: float

    @property
    def sigma(self) -> Floats:
        """(p, 2) standard errors of the coefficients; the view is not known either."""
        p = len(self.coefficients)
        spread = np.diag(np.linalg.pinv(self.jacobian.T @ self.jacobian))[: 2 * p]
        return np.asarray(np.sqrt(spread * max(self.misfit, 1.0)).reshape(2, p).T)


def fit_flight(
    seen: Sighting, kinks: Sequence[Kink] = (), *, view: Floats | None = None, n_steps: int = 6
) -> Fit:
    """Fit a flight by weighted least squares, heedless of outliers.

    Args:
        seen: at least as many frames as there are coefficients.
        kinks: changes midway. view: where to start. n_steps: of Gauss and Newton.
    """
    shape = _Shape.of(seen, kinks)
    view = np.zeros(4) if view is None else np.array(view)
    weights = _Weights(np.ones(len(seen.u)), np.ones(len(seen.u)))
    for step in range(n_steps):
        state = _at(seen, shape, view, weights)
        if step:
            weights = _weigh(state)
        if step < n_steps - 1:
            view = _better(seen, state, view, weights)
    return _told(seen, state, view, weights)


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """The powers of time (n, p) that the way is made of, and their rates."""

    powers: Floats
    rates: Floats

    @classmethod
    def of(cls, seen: Sighting, kinks: Sequence[Kink]) -> _Shape:
        u, one = seen.u, np.ones(len(seen.u))
        added = [kink.curve(u) for kink in kinks]
        powers = np.stack([one, u, u * u, *(place for place, _ in added)], axis=1)
        rates = np.stack([0 * u, one, 2 * u, *(rate for _, rate in added)], axis=1)
        return cls(powers, rates)


@dataclass(frozen=True, slots=True, eq=False)
class _Weights:
    """Square roots of the weights of places and of sizes, (n,) each."""

    places: Floats
    sizes: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """The best flight for one view: design (n, p), its rates, and what is left in deviations."""

    design: Floats
    pure: Floats
    rates: Floats
    distance: Floats
    coefficients: Floats
    left: Floats
    size_left: Floats


def _size_sigma(n: int) -> float:
    return float(_SIZE_SIGMA * np.sqrt(max(n / _ROWS_ALIKE, 1.0)))


def _at(seen: Sighting, shape: _Shape, view: Floats, weights: _Weights) -> _State:
    u = seen.u
    distance = np.maximum(1 + view[0] * u + view[1] * u * u, _NEAREST)
    pure = shape.powers / distance[:, None]
    nearing = (view[0] + 2 * view[1] * u)[:, None]
    rates = (shape.rates - pure * nearing) / distance[:, None]
    design = pure + rates * (view[3] * seen.late)[:, None]
    straight = seen.places - view[2] * seen.bulge_px
    w = weights.places[:, None]
    coefficients = np.linalg.lstsq(design * w, straight * w, rcond=None)[0]
    left = (straight - design @ coefficients) / seen.noise_px
    grown = seen.log_size + np.log(distance)
    size_left = (grown - np.average(grown, weights=weights.sizes)) / _size_sigma(len(u))
    return _State(design, pure, rates, distance, coefficients, left, size_left)


def _weigh(state: _State) -> _Weights:
    far = np.hypot(state.left[:, 0], state.left[:, 1])
    scale = max(float(np.median(far)) / 1.1774, _LEAST_SCALE)
    places = np.sqrt(1 / np.maximum(far / (_FAR * scale), 1.0))
    return _Weights(places, np.sqrt(1 / np.maximum(np.abs(state.size_left) / 2, 1.0)))


def _jacobian(seen: Sighting, state: _State, weights: _Weights) -> Floats:
    """(3 n + 4, 2 p + 5) of coefficients of x and y, log size and view."""
    n, p = state.design.shape
    jacobian = np.zeros((3 * n + 4, 2 * p + 5))
    way, rate = state.pure @ state.coefficients, state.rates @ state.coefficients
    for axis in (0, 1):
        rows = slice(axis * n, (axis + 1) * n)
        w = weights.places / seen.noise_px[axis]
        jacobian[rows, axis * p : (axis + 1) * p] = state.design * w[:, None]
        nearer = -way[:, axis] / state.distance * seen.u
        view = (nearer, nearer * seen.u, seen.bulge_px[:, axis], rate[:, axis] * seen.late)
        jacobian[rows, -4:] = np.stack(view, axis=1) * w[:, None]
    w = weights.sizes / _size_sigma(n)
    nearer = -seen.u / state.distance
    jacobian[2 * n : 3 * n, 2 * p] = w
    jacobian[2 * n : 3 * n, -4:-2] = np.stack((nearer, nearer * seen.u), axis=1) * w[:, None]
    jacobian[3 * n :, -4:] = np.diag(1 / _USUAL)
    return jacobian


def _better(seen: Sighting, state: _State, view: Floats, weights: _Weights) -> Floats:
    """One step of Gauss and Newton for the view; the rest follows from it."""
    w = weights.places
    left = (state.left[:, 0] * w, state.left[:, 1] * w, state.size_left * weights.sizes)
    right = np.concatenate((*left, -view / _USUAL))
    step = np.linalg.lstsq(_jacobian(seen, state, weights), right, rcond=None)[0]
    return np.asarray(np.clip(view + step[-4:], -_MOST, _MOST))


def _told(seen: Sighting, state: _State, view: Floats, weights: _Weights) -> Fit:
    n, p = state.design.shape
    of_places = float(((state.left * weights.places[:, None]) ** 2).sum())
    of_sizes = float(((state.size_left * weights.sizes) ** 2).sum())
    misfit = of_places / max(2 * n - 2 * p - 3, 1)
    cost = of_places + of_sizes + float(((view / _USUAL) ** 2).sum())
    jacobian = _jacobian(seen, state, weights)
    return Fit(view, state.coefficients, jacobian, cost, misfit)

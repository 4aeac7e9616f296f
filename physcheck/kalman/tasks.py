"""What goes into a pass over whole tracks and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from physcheck.errors import ShapeError
from physcheck.kalman.motion import MotionModel
from physcheck.kalman.steps import initial, readable
from physcheck.types import Bools, Floats, Ints

__all__ = ["FilteredTracks", "Task", "flat_model", "make_task", "model_of", "stack"]


@dataclass(frozen=True, slots=True, eq=False)
class FilteredTracks:
    """What the forward pass knows of each track at each of T times.

    Rows before the start of a track are NaN. The innovation is recorded for every
    measurement after the start, used or not, however far off it is.

    mean: (..., T, 10), cov: (..., T, 10, 10), with the measurement of the row.
    predicted_mean, predicted_cov: the same from earlier rows only; NaN in the row
        where the track starts.
    innovation: (..., T, 4) measured minus predicted; NaN where not measured.
    innovation_cov: (..., T, 4, 4) diagonal; NaN on the diagonal where an axis was
        not measured, NaN throughout where none was.
    nis: (..., T) normalised innovation squared over the measured axes, or NaN.
    """

    mean: Floats
    cov: Floats
    predicted_mean: Floats
    predicted_cov: Floats
    innovation: Floats
    innovation_cov: Floats
    nis: Floats

    def map(self, change: Callable[[Floats], Floats]) -> FilteredTracks:
        """The same with `change` done to each array, such as taking one track."""
        return FilteredTracks(*(change(getattr(self, entry.name)) for entry in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """B tracks to be filtered over the same T times.

    z: (B, T, 4) measurements, R: (B, T, 4) their variances, without NaN.
    seen: (B, T, 4) where there is an innovation; taken: where it moves the state.
    start: (B,) row that sets the state to mean (B, 10), cov (B, 10, 10); T for a
        track that never starts.
    model: its fields are numbers or (B,).
    """

    times_s: Floats
    z: Floats
    R: Floats
    seen: Bools
    taken: Bools
    start: Ints
    mean: Floats
    cov: Floats
    model: MotionModel


def make_task(
    times_s: Floats, measurements: Floats, noise: Floats, model: MotionModel, used: Bools | None
) -> Task:
    """Check the arrays of `filter_tracks`, flatten (..., T) to (B, T), find the starts."""
    lead = _check(times_s, measurements, noise, used)
    T = len(times_s)
    measured, spread = measurements.reshape(-1, T, 4), noise.reshape(-1, T, 4)
    model = flat_model(model, lead)
    z, R, seen = readable(measured, spread)
    taken = seen if used is None else seen & used.reshape(-1, T, 1)
    whole = np.asarray(taken.all(axis=-1))
    start = np.where(whole.any(axis=1), whole.argmax(axis=1), T)
    things = np.arange(len(start))
    row = np.minimum(start, T - 1)
    mean, cov = initial(measured[things, row], spread[things, row], model)
    later = (np.arange(T) > start[:, None])[..., None]
    return Task(times_s, z, R, seen & later, taken & later, start, mean, cov, model)


def _check(
    times_s: Floats, measurements: Floats, noise: Floats, used: Bools | None
) -> tuple[int, ...]:
    """Leading sizes of the tracks; ShapeError where the arrays do not fit."""
    lead = measurements.shape[:-2]
    T = len(times_s)
    if T == 0 or measurements.shape != (*lead, T, 4) or noise.shape != (*lead, T, 4):
        raise ShapeError(
            f"measurements and noise must have shape (..., {T}, 4) with at least one time, "
            f"got {measurements.shape} and {noise.shape}"
        )
    if used is not None and used.shape != (*lead, T):
        raise ShapeError(f"used must have shape {(*lead, T)}, got {used.shape}")
    if (np.diff(times_s) < 0).any():
        raise ShapeError("times_s must not decrease")
    return lead


def flat_model(model: MotionModel, lead: tuple[int, ...]) -> MotionModel:
    """The model with array fields (...) flattened to (B,)."""
    changes = {}
    for entry in fields(model):
        value = getattr(model, entry.name)
        if np.ndim(value):
            changes[entry.name] = np.broadcast_to(value, lead).reshape(-1)
    return replace(model, **changes)


def stack(models: Sequence[MotionModel]) -> MotionModel:
    """The models of B things as one, whose fields are arrays (B,)."""
    names = [entry.name for entry in fields(MotionModel)]
    return MotionModel(**{name: np.array([getattr(m, name) for m in models]) for name in names})


def model_of(model: MotionModel, thing: int) -> MotionModel:
    """The model of one thing, with numbers only."""
    values = {entry.name: np.asarray(getattr(model, entry.name)) for entry in fields(model)}
    return MotionModel(**{k: float(v[thing] if v.ndim else v) for k, v in values.items()})

"""Whole tracks: filtered forward, smoothed backward, and how likely each row is."""

from __future__ import annotations

from types import ModuleType
from typing import Literal

import numpy as np

from physcheck.errors import ConfigurationError
from physcheck.kalman import blockwise
from physcheck.kalman.motion import MotionModel
from physcheck.kalman.tasks import FilteredTracks, flat_model, make_task
from physcheck.types import Bools, Floats

__all__ = ["Backend", "filter_tracks", "log_likelihood", "smooth_tracks"]

Backend = Literal["numpy", "filterpy"]


def _backend(name: Backend) -> ModuleType:
    """The module that runs the passes."""
    if name == "numpy":
        return blockwise
    if name == "filterpy":
        from physcheck.kalman import through_filterpy

        return through_filterpy
    raise ConfigurationError(f"unknown filter {name!r}; known: numpy, filterpy")


def filter_tracks(
    times_s: Floats,
    measurements: Floats,
    noise: Floats,
    model: MotionModel,
    *,
    used: Bools | None = None,
    backend: Backend = "numpy",
) -> FilteredTracks:
    """Run the filter forward in time, over one track or any number of them at once.

    A track starts at its first row that is measured on all four axes and used.
    Later rows may be measured on some axes only.

    Args:
        times_s: (T,) s, not decreasing; steps may differ.
        measurements: (..., T, 4), NaN where not measured.
        noise: (..., T, 4) standard deviations.
        model: its fields are numbers, or arrays (...) with one number a track.
        used: (..., T) False where a measurement must not move the state; its
            innovation is recorded all the same. All are used where None.
        backend: "filterpy" runs the same filter through that package, slowly.

    Returns:
        The filtered tracks, in arrays of (..., T, ...): about 2 kB a row.

    Raises:
        ShapeError: the arrays disagree, or times_s decreases.
        ConfigurationError: there is no such backend.
    """
    task = make_task(times_s, measurements, noise, model, used)
    lead = measurements.shape[:-2]
    found: FilteredTracks = _backend(backend).run_filter(task)
    return found.map(lambda array: array.reshape(*lead, *array.shape[1:]))


def smooth_tracks(
    filtered: FilteredTracks, times_s: Floats, model: MotionModel, *, backend: Backend = "numpy"
) -> tuple[Floats, Floats]:
    """Improve each row of filtered tracks by all later rows (Rauch, Tung, Striebel).

    Args:
        filtered: from `filter_tracks` with the same times_s (T,) and model.

    Returns:
        Mean (..., T, 10) and covariance (..., T, 10, 10); NaN before a track starts.
    """
    lead = filtered.mean.shape[:-2]
    flat = filtered.map(lambda array: array.reshape(-1, *array.shape[len(lead) :]))
    mean, cov = _backend(backend).run_smoother(flat, times_s, flat_model(model, lead))
    return mean.reshape(*lead, *mean.shape[1:]), cov.reshape(*lead, *cov.shape[1:])


def log_likelihood(filtered: FilteredTracks) -> Floats:
    """Logarithm of the density of each measurement, given the rows before it.

    Summed over a track it says how well the track hangs together; the difference
    between two tracks apart and joined is the cost of joining them.

    Returns:
        (..., T) nats, 0 where nothing was measured or predicted.
    """
    S = np.diagonal(filtered.innovation_cov, axis1=-2, axis2=-1)
    seen = np.isfinite(S)
    log_volume = np.where(seen, np.log(2 * np.pi * np.where(seen, S, 1.0)), 0.0).sum(axis=-1)
    return np.asarray(-0.5 * (np.nan_to_num(filtered.nis) + log_volume), dtype=np.float64)

"""The ways of things in stretches of constant acceleration, from one contact to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from physcheck import boxes as geometry
from physcheck.kalman import estimate_noise
from physcheck.parabolas import Parabola, fit_parabola, split_path
from physcheck.types import Floats, Ints, Stretch, Track, World

__all__ = ["find_stretches"]

_MIN_ROWS = 4
"""Three places lie on a parabola whatever they are."""
_LONGEST_ROWS = 90
_MAX_GAP_ROWS = 5
_MIN_WAY = 0.5
"""Body lengths: a thing that never gets so far from its middle place only rests."""
_NOISE_FLOOR_PX = 0.4
"""Working px: no box is known better than this."""
_PRICE = 30.0
"""Squared deviations that a bend must save: seven numbers at ln(70) each, as by BIC."""
_ALIKE = 1.3
"""Two stretches are one where a single parabola fits them so well, in deviations."""
_MAX_STRAY = 2


def find_stretches(tracks: Sequence[Track], world: World, px: float) -> tuple[Stretch, ...]:
    """Split the way of each moving thing where its acceleration changes.

    Args:
        tracks: explained. world: its camera tells how things are seen from the reference.
        px: size of a working pixel, px of the clip: the boxes are not finer.
    """
    found: list[Stretch] = []
    for track in tracks:
        rows = np.flatnonzero(track.observed & ~track.border & ~track.merged)
        if len(rows) < _MIN_ROWS:
            continue
        xy = world.steadied(geometry.centre(track.boxes[rows]), track.frames[rows])
        if _rests(track, rows, xy):
            continue
        noise_px = _noise_px(track.times_s[rows], xy, _NOISE_FLOOR_PX * px)
        for run in _runs(rows):
            found += _of_run(track, rows[run], xy[run], noise_px)
    return tuple(found)


def _rests(track: Track, rows: Ints, xy: Floats) -> bool:
    size = float(np.sqrt(np.median(geometry.size(track.boxes[rows]).prod(axis=1))))
    return bool(np.linalg.norm(xy - np.median(xy, axis=0), axis=1).max() < _MIN_WAY * size)


def _noise_px(times_s: Floats, xy: Floats, floor_px: float) -> Floats:
    shown = estimate_noise(times_s, xy, (floor_px, floor_px))
    return np.asarray(np.fmax(shown, floor_px))


def _runs(rows: Ints) -> list[Ints]:
    """Positions of rows that follow each other without a long gap."""
    return np.split(np.arange(len(rows)), np.flatnonzero(np.diff(rows) > _MAX_GAP_ROWS) + 1)


def _of_run(track: Track, rows: Ints, xy: Floats, noise_px: Floats) -> Iterator[Stretch]:
    if len(rows) < _MIN_ROWS:
        return
    times_s = track.times_s[rows]
    pieces = split_path(times_s, xy, noise_px, price=_PRICE, longest=_LONGEST_ROWS)
    for members in _joined(pieces, times_s, xy, noise_px):
        yield _stretch(track, rows[members], xy[members], noise_px)


def _joined(
    pieces: list[tuple[int, int]], times_s: Floats, xy: Floats, noise_px: Floats
) -> list[Ints]:
    """Members of each stretch: pieces on either side of a few stray places are one if they fit."""
    wholes = [np.arange(*piece) for piece in pieces if piece[1] - piece[0] >= _MIN_ROWS]
    joined: list[Ints] = []
    for members in wholes:
        if joined and members[0] - joined[-1][-1] <= _MAX_STRAY + 1:
            both = np.concatenate([joined[-1], members])
            if _misfit(fit_parabola(times_s[both], xy[both]), noise_px) < _ALIKE:
                joined[-1] = both
                continue
        joined.append(members)
    return joined


def _misfit(fit: Parabola, noise_px: Floats) -> float:
    return float(np.sqrt(((fit.rms_px / noise_px) ** 2).mean()))


def _slope(t: Floats, values: Floats) -> float:
    """Of a straight line through values at times about 0."""
    return float(t @ values / max(float(t @ t), 1e-12))


def _stretch(track: Track, rows: Ints, xy: Floats, noise_px: Floats) -> Stretch:
    times_s = track.times_s[rows]
    fit = fit_parabola(times_s, xy)
    misfit = _misfit(fit, noise_px)
    scale = np.maximum(noise_px, fit.rms_px)
    log_size = np.log(np.maximum(geometry.size(track.boxes[rows]), 1.0)).mean(axis=1)
    slope = _slope(times_s - fit.origin_s, log_size)
    return Stretch(
        track_id=track.id,
        frames=track.frames[rows],
        times_s=times_s,
        places=xy,
        origin_s=fit.origin_s,
        coefficients=fit.coefficients,
        covariance=scale[:, None, None] ** 2 * fit.spread,
        noise_px=noise_px,
        misfit=misfit,
        size_px=float(np.exp(np.median(log_size))),
        growth=float(slope * (times_s[-1] - times_s[0])),
    )

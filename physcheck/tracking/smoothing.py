"""Tracklets become tracks: one Kalman filter and smoother over each thing's life.

Lives of about one length and time are filtered together, as one array.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from physcheck import boxes as geometry
from physcheck import kalman
from physcheck.camera import Camera, stabilise, unstabilise
from physcheck.tracking.forward import Tracklet, run_forward
from physcheck.tracking.joining import join
from physcheck.types import Bools, Detections, Ending, Floats, Piece, Track

__all__ = ["track"]

_MIN_SEEN = 3
_BORDER_PX = 2.0
_MOST_ROWS = 8000
"""Rows of states that are filtered at once, 2 kB each."""
_LEAST_NAMED = 0.1
"""Share of the rows that must have a word for the thing to have one."""


def track(
    piece: Piece,
    camera: Camera,
    detections: list[Detections],
    size_px: tuple[int, int],
    *,
    backend: kalman.Backend = "numpy",
) -> list[Track]:
    """Follow the things of a piece.

    Args:
        piece: n frames. camera: their motion. detections: n, px of the clip.
        size_px: width and height of the clip.
        backend: which implementation of the Kalman filter fits the states.

    Returns:
        Tracks in stabilised coordinates (states) and px of the clip (boxes), each
        seen in at least three frames; how they begin and end is not yet explained.
    """
    measured = [
        _measurement(stabilise(d.boxes, camera, k, piece.px)) for k, d in enumerate(detections)
    ]
    tracklets = run_forward(piece.times_s, measured, detections)
    margin = _BORDER_PX * float(piece.px.max())
    at_border = [
        geometry.touches_border(d.boxes, *size_px, margin)
        | _at_view_edge(z, camera, size_px, margin)
        for d, z in zip(detections, measured, strict=True)
    ]
    joined = join(tracklets, piece.times_s, measured, detections, at_border)
    lasting = [t for t in joined if len(t.rows) >= _MIN_SEEN]
    lives = [_Life.of(tracklet, measured, detections) for tracklet in lasting]
    fits = _fits(lives, piece.times_s, backend)
    return [
        _track(number, life, fit, piece, camera, detections, at_border, size_px)
        for number, (life, fit) in enumerate(zip(lives, fits, strict=True), start=1)
    ]


def _at_view_edge(z: Floats, camera: Camera, size_px: tuple[int, int], margin_px: float) -> Bools:
    """Whether things (N, 4) are cut by the edge of the reference view they were seen in."""
    if camera.kind != "shaky":
        return np.zeros(len(z), dtype=bool)
    boxes = geometry.from_centre(z[:, :2], np.exp(z[:, 2:]))
    return geometry.touches_border(boxes, *size_px, margin_px)


def _measurement(boxes: Floats) -> Floats:
    """cx, cy, log w, log h of boxes, (N, 4)."""
    size = np.maximum(geometry.size(boxes), 1e-3)
    return np.concatenate([geometry.centre(boxes), np.log(size)], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class _Life:
    """What was measured of a thing from row `first` on, NaN where it was not seen.

    z: (T, 4). boxes, noise_px: (T, 4) px. features: (T, K). scores: (T,).
    """

    tracklet: Tracklet
    first: int
    z: Floats
    boxes: Floats
    noise_px: Floats
    features: Floats
    scores: Floats

    @classmethod
    def of(cls, tracklet: Tracklet, measured: list[Floats], detections: list[Detections]) -> _Life:
        first = tracklet.rows[0]
        n = tracklet.rows[-1] - first + 1
        z, boxes, noise_px = (np.full((n, 4), np.nan) for _ in range(3))
        features = np.full((n, detections[first].features.shape[1]), np.nan)
        scores = np.full(n, np.nan)
        for k, pick in zip(tracklet.rows, tracklet.picks, strict=True):
            z[k - first] = measured[k][pick]
            boxes[k - first] = detections[k].boxes[pick]
            noise_px[k - first] = detections[k].noise_px[pick]
            features[k - first] = detections[k].features[pick]
            scores[k - first] = detections[k].scores[pick]
        return cls(tracklet, first, z, boxes, noise_px, features, scores)

    @property
    def stop(self) -> int:
        return self.first + len(self.z)


class _Fit(NamedTuple):
    """States and innovations of one thing, see `Track`."""

    mean: Floats
    cov: Floats
    innovation: Floats
    innovation_cov: Floats
    nis: Floats


def _fits(lives: list[_Life], times_s: Floats, backend: kalman.Backend) -> list[_Fit]:
    """Filter and smooth all lives, as few arrays."""
    fits: dict[int, _Fit] = {}
    for members in _batches(lives):
        start = min(lives[i].first for i in members)
        stop = max(lives[i].stop for i in members)
        z, noise = (np.full((len(members), stop - start, 4), np.nan) for _ in range(2))
        models = []
        for row, i in enumerate(members):
            life = lives[i]
            span, own_s = slice(life.first - start, life.stop - start), _times(life, times_s)
            z[row, span], noise[row, span] = life.z, _noise(own_s, life.z, life.noise_px)
            models.append(_model(life.z, own_s))
        model, when_s = kalman.stack(models), times_s[start:stop]
        filtered = kalman.filter_tracks(when_s, z, noise, model, backend=backend)
        mean, cov = kalman.smooth_tracks(filtered, when_s, model, backend=backend)
        arrays = (mean, cov, filtered.innovation, filtered.innovation_cov, filtered.nis)
        for row, i in enumerate(members):
            span = slice(lives[i].first - start, lives[i].stop - start)
            fits[i] = _Fit(*(array[row, span].copy() for array in arrays))
    return [fits[i] for i in range(len(lives))]


def _batches(lives: list[_Life]) -> Iterator[list[int]]:
    """Lives of like length that overlap in time, few enough for the memory."""
    halvings = [int(np.log2(len(life.z))) for life in lives]
    members: list[int] = []
    for i in sorted(range(len(lives)), key=lambda i: (halvings[i], lives[i].first)):
        start = lives[members[0]].first if members else 0
        length = max(lives[k].stop for k in [*members, i]) - start
        alike = bool(members) and halvings[i] == halvings[members[0]]
        if members and not (
            alike and length < 2 ** (halvings[i] + 2) and length * len(members) < _MOST_ROWS
        ):
            yield members
            members = []
        members.append(i)
    if members:
        yield members


def _times(life: _Life, times_s: Floats) -> Floats:
    return times_s[life.first : life.stop]


def _track(
    number: int,
    life: _Life,
    fit: _Fit,
    piece: Piece,
    camera: Camera,
    detections: list[Detections],
    at_border: list[Bools],
    size_px: tuple[int, int],
) -> Track:
    first, rows = life.first, slice(life.first, life.stop)
    observed = np.isfinite(life.z[:, 0])
    boxes = _filled(life.boxes, fit.mean, observed, camera, first, piece.px)
    border = geometry.touches_border(boxes, *size_px, _BORDER_PX * float(piece.px.max()))
    for k, pick in zip(life.tracklet.rows, life.tracklet.picks, strict=True):
        border[k - first] |= at_border[k][pick]
    merged = np.isin(np.arange(first, life.stop), life.tracklet.merged_rows)
    frames = piece.frames[rows]
    return Track(
        id=number,
        label=_label(detections, life.tracklet),
        frames=frames,
        times_s=piece.times_s[rows],
        observed=observed,
        boxes=boxes,
        mean=fit.mean,
        cov=fit.cov,
        innovation=fit.innovation,
        innovation_cov=fit.innovation_cov,
        nis=fit.nis,
        border=border,
        clear=observed & ~border & ~merged & ~piece.transition[rows],
        merged=merged,
        open=np.zeros(len(frames), dtype=bool),
        scores=life.scores,
        features=life.features,
        birth=Ending(int(frames[0]), "unclear", reason="not explained"),
        death=Ending(int(frames[-1]), "unclear", reason="not explained"),
    )


def _noise(times_s: Floats, z: Floats, noise_px: Floats) -> Floats:
    """Standard deviations (T, 4): the detector's word, scaled to what the track shows."""
    size = np.exp(z[:, 2:])
    claimed = np.concatenate([noise_px[:, :2], noise_px[:, 2:] / size + 0.01], axis=1)
    shown = kalman.estimate_noise(times_s, z)
    factor = np.clip(shown / np.nanmedian(claimed, axis=0), 0.5, 10.0)
    return np.asarray(claimed * np.where(np.isfinite(factor), factor, 1.0))


def _model(z: Floats, times_s: Floats) -> kalman.MotionModel:
    """A model stiff enough to smooth and free enough to bounce."""
    size = float(np.exp(np.nanmedian(z[:, 2:])))
    step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.04
    return kalman.MotionModel(
        jerk_px_per_s3=0.1 * size / step_s**2.5,
        size_noise_per_s2=0.5,
        size_damping_per_s=1.0,
        velocity_px_per_s=0.5 * size / step_s,
        acceleration_px_per_s2=0.05 * size / step_s**2,
        size_rate_per_s=0.5,
    )


def _filled(
    boxes: Floats, mean: Floats, observed: Bools, camera: Camera, first: int, px: Floats
) -> Floats:
    """Smoothed boxes in place of the missing ones, px of the clip."""
    guess = geometry.from_centre(mean[:, :2], np.exp(mean[:, 2:4]))
    for row in np.flatnonzero(~observed):
        boxes[row] = unstabilise(guess[row : row + 1], camera, first + int(row), px)[0]
    return boxes


def _label(detections: list[Detections], tracklet: Tracklet) -> str:
    """The word with most score behind it, "" where few of the rows have a word at all."""
    votes: dict[str, float] = {}
    n_named = 0
    for k, pick in zip(tracklet.rows, tracklet.picks, strict=True):
        word = str(detections[k].labels[pick])
        if word:
            votes[word] = votes.get(word, 0.0) + float(detections[k].scores[pick])
            n_named += 1
    if n_named < max(2, _LEAST_NAMED * len(tracklet.rows)):
        return ""
    return max(sorted(votes), key=lambda word: votes[word])

"""Tracklets become tracks: one Kalman filter and smoother over each thing's life."""

from __future__ import annotations

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
    return [
        _fit(number, tracklet, piece, camera, measured, detections, at_border, size_px, backend)
        for number, tracklet in enumerate(lasting, start=1)
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


def _fit(
    number: int,
    tracklet: Tracklet,
    piece: Piece,
    camera: Camera,
    measured: list[Floats],
    detections: list[Detections],
    at_border: list[Bools],
    size_px: tuple[int, int],
    backend: kalman.Backend,
) -> Track:
    first, last = tracklet.rows[0], tracklet.rows[-1]
    n = last - first + 1
    z, boxes = np.full((n, 4), np.nan), np.full((n, 4), np.nan)
    noise_px = np.full((n, 4), np.nan)
    features = np.full((n, detections[first].features.shape[1]), np.nan)
    scores = np.full(n, np.nan)
    for k, pick in zip(tracklet.rows, tracklet.picks, strict=True):
        z[k - first] = measured[k][pick]
        boxes[k - first] = detections[k].boxes[pick]
        noise_px[k - first] = detections[k].noise_px[pick]
        features[k - first] = detections[k].features[pick]
        scores[k - first] = detections[k].scores[pick]
    times_s = piece.times_s[first : last + 1]
    noise = _noise(times_s, z, noise_px)
    model = _model(z, times_s)
    filtered = kalman.filter_tracks(times_s, z, noise, model, backend=backend)
    mean, cov = kalman.smooth_tracks(filtered, times_s, model, backend=backend)
    observed = np.isfinite(z[:, 0])
    boxes = _filled(boxes, mean, observed, camera, first, piece.px)
    border = geometry.touches_border(boxes, *size_px, _BORDER_PX * float(piece.px.max()))
    for k, pick in zip(tracklet.rows, tracklet.picks, strict=True):
        border[k - first] |= at_border[k][pick]
    merged = np.isin(np.arange(first, last + 1), tracklet.merged_rows)
    return Track(
        id=number,
        label=_label(detections, tracklet),
        frames=piece.frames[first : last + 1],
        times_s=times_s,
        observed=observed,
        boxes=boxes,
        mean=mean,
        cov=cov,
        innovation=filtered.innovation,
        innovation_cov=filtered.innovation_cov,
        nis=filtered.nis,
        border=border,
        clear=observed & ~border & ~merged & ~piece.transition[first : last + 1],
        merged=merged,
        open=np.zeros(n, dtype=bool),
        scores=scores,
        features=features,
        birth=Ending(int(piece.frames[first]), "unclear", reason="not explained"),
        death=Ending(int(piece.frames[last]), "unclear", reason="not explained"),
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

"""The only Kalman algebra: how a box moves, batched over many things.

The state is D = 10 numbers, see `physcheck.types.STATE`; the measurement is
M = 4: cx, cy in px, log w, log h. The middle of a box moves with constant
acceleration, driven by white jerk; the logarithm of its size has a rate that
fades out, driven by white noise. Frames may be any time apart. The four axes
are independent, so the algebra runs on one small block an axis.

    motion.py    the model, its matrices, blocks to and from whole matrices
    steps.py     first sight, prediction, innovation, update of N things
    tracks.py    whole tracks: forward pass, smoother, likelihood
    blockwise.py, through_filterpy.py    the passes themselves, two ways
    bank.py      N things in closed form, only to tell who continues whom
    tasks.py     what goes into a pass and comes out
    noise.py     measurement noise of a track, learned from the track

x, z, P, F, H, Q, R, S, K have their textbook meaning, here and nowhere else.

Source: Bar-Shalom, Li, Kirubarajan (2001), Estimation with Applications to
Tracking and Navigation.
"""

from __future__ import annotations

from physcheck.kalman.bank import Bank
from physcheck.kalman.motion import MotionModel
from physcheck.kalman.noise import estimate_noise
from physcheck.kalman.steps import initial, innovation, measure, predict, to_boxes, update
from physcheck.kalman.tasks import FilteredTracks, stack
from physcheck.kalman.tracks import Backend, filter_tracks, log_likelihood, smooth_tracks

__all__ = [
    "Backend",
    "Bank",
    "FilteredTracks",
    "MotionModel",
    "estimate_noise",
    "filter_tracks",
    "initial",
    "innovation",
    "log_likelihood",
    "measure",
    "predict",
    "smooth_tracks",
    "stack",
    "to_boxes",
    "update",
]

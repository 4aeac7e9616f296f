"""The motion of the picture: how each frame maps to a reference frame.

Points that can be followed forward and backward between frames tell whether
the camera stands still; if it does not, a homography (or, where the picture
offers few points, a similarity) is fitted to each pair of neighbours and
chained. Everything is in px of the working picture.

Source: Lucas, Kanade (1981); Kalal, Mikolajczyk, Matas (2010) for the
forward-backward error; Fischler, Bolles (1981) for RANSAC.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from physcheck.types import Bools, Bytes, Floats, Ints

__all__ = [
    "Camera",
    "estimate_camera",
    "follow_points",
    "stabilise",
    "stabilise_each",
    "unstabilise",
]

_N_SAMPLES = 9
_STILL_PX = 0.35
"""A point of the half-size picture that moves less than this stands still."""
_N_POINTS = 240
_RANSAC_PX = 0.8
_SHAKY = 0.12
"""Up to this share of the picture's longer side a moving camera merely shakes."""
_STEADY_EDGES = 0.6
_COMMON = 0.2
"""A motion that fewer points than this share is that of things, not of the camera."""
_MIN_HOMOGRAPHY = 40
"""Fewer inliers than this and a similarity is all that the picture supports."""


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """Motion of the picture within a piece.

    kind: "still" where all frames show the same view; "shaky" where they show
        nearly the same view; "moving" otherwise.
    to_reference: (n, 3, 3) from each frame to the first, px of the working picture.
    lost: (n,) True where the step to the frame before could not be measured
        or moves more than a tenth of the picture (whip pan).
    """

    kind: str
    to_reference: Floats
    lost: Bools

    def between(self, source: int, target: int) -> Floats:
        """Homography (3, 3) that takes px of frame `source` to px of frame `target`."""
        matrix = np.linalg.solve(self.to_reference[target], self.to_reference[source])
        return np.asarray(matrix / matrix[2, 2])


def estimate_camera(luma: Bytes) -> Camera:
    """Tell whether the camera moves and, if so, how.

    Args:
        luma: frames of one piece, (n, h, w).

    Returns:
        The motion of the picture; identities where the camera stands still.
    """
    n = len(luma)
    identity = np.tile(np.eye(3), (n, 1, 1))
    if n < 2 or _stands_still(luma):
        return Camera("still", identity, np.zeros(n, dtype=bool))
    return _chain(luma)


def follow_points(
    before: Bytes, after: Bytes, points: Floats, guess: Floats | None = None
) -> tuple[Floats, Bools]:
    """Follow points from one picture to another, forward and backward.

    Args:
        before, after: (h, w) pictures.
        points: (K, 2) x, y in `before`.
        guess: (K, 2) where they may be in `after`.

    Returns:
        (K, 2) their places in `after`, and (K,) whether the way back ended
        within 0.7 px of the start.
    """
    if len(points) == 0:
        return points.reshape(0, 2), np.zeros(0, dtype=bool)
    start = points.astype(np.float32).reshape(-1, 1, 2)
    first = None if guess is None else guess.astype(np.float32).reshape(-1, 1, 2).copy()
    flags = 0 if guess is None else cv2.OPTFLOW_USE_INITIAL_FLOW
    flow = partial(cv2.calcOpticalFlowPyrLK, winSize=(15, 15), maxLevel=3)
    there, ok_there, _ = flow(before, after, start, first, flags=flags)
    back, ok_back, _ = flow(after, before, there, None)
    error = np.linalg.norm((back - start).reshape(-1, 2), axis=1)
    good = (ok_there.ravel() == 1) & (ok_back.ravel() == 1) & (error < 0.7)
    return there.reshape(-1, 2).astype(np.float64), good


def _half(image: Bytes) -> Bytes:
    h, w = image.shape
    return np.asarray(cv2.resize(image, ((w + 1) // 2, (h + 1) // 2), interpolation=cv2.INTER_AREA))


def _corners(image: Bytes) -> Floats:
    """Corners spread over the picture: the best ones of each cell of an 8 x 6 grid."""
    found = cv2.goodFeaturesToTrack(image, 4 * _N_POINTS, 0.003, 5)
    if found is None:
        return np.zeros((0, 2))
    points = found.reshape(-1, 2).astype(np.float64)
    h, w = image.shape
    cell = (points[:, 0] * 8 / w).astype(int) + 8 * (points[:, 1] * 6 / h).astype(int)
    rank = np.zeros(len(points), dtype=int)
    for value in np.unique(cell):
        members = np.flatnonzero(cell == value)
        rank[members] = np.arange(len(members))
    return np.asarray(points[rank < _N_POINTS // 48])


def _stands_still(luma: Bytes) -> bool:
    """In most sampled pairs no common motion explains the points better than none."""
    picks = np.unique(np.linspace(0, len(luma) - 1, _N_SAMPLES).astype(int))
    samples = [_half(luma[k]) for k in picks]
    still = [_pair_stands_still(a, b) for a, b in itertools.pairwise(samples)]
    told = [answer for answer in still if answer is not None]
    if not told or float(np.mean(told)) > 0.5:
        return True
    edges = [_steady_edges(a, b) for a, b in itertools.pairwise(samples)]
    return float(np.median(edges)) > _STEADY_EDGES


def _steady_edges(before: Bytes, after: Bytes) -> float:
    """Share of the strong edges that change by less than a small shift would change them."""
    a, b = (cv2.GaussianBlur(image, (0, 0), 1).astype(np.float32) for image in (before, after))
    gain = float(np.median(a[::4, ::4] / np.maximum(b[::4, ::4], 1)))
    slope = cv2.magnitude(
        cv2.Sobel(a, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(a, cv2.CV_32F, 0, 1, scale=1 / 8)
    )
    edge = slope > max(4.0, float(np.percentile(slope, 70)))
    if edge.sum() < 50:
        return 1.0
    return float(np.mean((np.abs(a - gain * b) < _STILL_PX * slope + 1.5)[edge]))


def _pair_stands_still(before: Bytes, after: Bytes) -> bool | None:
    points = _corners(before)
    moved, good = follow_points(before, after, points)
    points, moved = points[good], moved[good]
    if len(points) < 8:
        return None
    n_still = int(np.sum(np.linalg.norm(moved - points, axis=1) < _STILL_PX))
    if n_still > 0.5 * len(points):
        return True
    matrix, _ = cv2.estimateAffinePartial2D(
        points, moved, method=cv2.RANSAC, ransacReprojThreshold=2 * _STILL_PX
    )
    if matrix is None:
        return True
    error = np.linalg.norm(points @ matrix[:, :2].T + matrix[:, 2] - moved, axis=1)
    agree = np.mean(error < 4 * _STILL_PX)
    return bool(agree < _COMMON or n_still >= 0.8 * np.sum(error < _STILL_PX))


def _chain(luma: Bytes) -> Camera:
    """Register each frame to a key frame, and a new key frame to the one before.

    A key frame serves for as long as most of its points are found, so that
    errors add up from key frame to key frame only, not from frame to frame.
    """
    n, h, w = luma.shape
    to_reference = np.tile(np.eye(3), (n, 1, 1))
    lost = np.zeros(n, dtype=bool)
    key, key_to_reference = _Key.of(_half(luma[0])), np.eye(3)
    before = key.image
    for k in range(1, n):
        after = _half(luma[k])
        step = key.register(after)
        if step is None and key.image is not before:
            key, key_to_reference = _Key.of(before), to_reference[k - 1]
            step = key.register(after)
        lost[k] = step is None
        matrix = key_to_reference @ (np.eye(3) if step is None else step)
        to_reference[k] = matrix / matrix[2, 2]
        if step is None or key.spent:
            key, key_to_reference = _Key.of(after), to_reference[k]
        before = after
    kind = "shaky" if not lost.any() and _reach(to_reference, w, h) < _SHAKY else "moving"
    return Camera(kind, to_reference, lost)


class _Key:
    """A key frame: its corners and where they were last seen (half-size px)."""

    def __init__(self, image: Bytes, points: Floats) -> None:
        self.image = image
        self.points = points
        self.guess = points.copy()
        self.n_start = len(points)
        self.spent = False

    @classmethod
    def of(cls, image: Bytes) -> _Key:
        return cls(image, _corners(image))

    def register(self, frame: Bytes) -> Floats | None:
        """Homography (3, 3) from `frame` to this key frame, full working px; None if lost."""
        moved, good = follow_points(self.image, frame, self.points, self.guess)
        if good.sum() < max(10, 0.3 * self.n_start):
            return None
        matrix, inliers = _fit(2 * moved[good], 2 * self.points[good])
        if matrix is None or inliers.sum() < 8:
            return None
        self.spent = bool(inliers.sum() < 0.4 * self.n_start)
        self.guess = np.where(good[:, None], moved, self.guess)
        return matrix


def _fit(source: Floats, target: Floats) -> tuple[Floats | None, Bools]:
    """Similarity, or a homography where clearly more points agree on one."""
    none = np.zeros(len(source), dtype=bool)
    similar, inliers = cv2.estimateAffinePartial2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=2 * _RANSAC_PX
    )
    best = none if similar is None else inliers.ravel() == 1
    matrix = None if similar is None else np.vstack([similar, [0.0, 0.0, 1.0]])
    if len(source) >= _MIN_HOMOGRAPHY and best.sum() < 0.85 * len(source):
        wide, inliers = cv2.findHomography(source, target, cv2.RANSAC, 2 * _RANSAC_PX)
        if wide is not None and inliers.sum() > max(_MIN_HOMOGRAPHY, 1.15 * best.sum()):
            return np.asarray(wide, dtype=np.float64), inliers.ravel() == 1
    return matrix, best


def _reach(to_reference: Floats, w: int, h: int) -> float:
    """Largest way of a corner of the picture, as a share of the picture's longer side."""
    corners = np.array([[0, 0, 1], [w, 0, 1], [0, h, 1], [w, h, 1]], dtype=np.float64)
    moved = corners @ np.swapaxes(to_reference, 1, 2)
    moved = moved[..., :2] / moved[..., 2:]
    return float(np.linalg.norm(moved - corners[:, :2], axis=-1).max() / max(w, h))


def stabilise(boxes: Floats, camera: Camera, row: int, px: Floats) -> Floats:
    """Boxes of one frame as seen from the reference frame.

    The middle follows the homography and the size its local scale, so that a
    rotation of the picture does not blow the box up.

    Args:
        boxes: (N, 4) px of the clip. camera: motion in working px.
        row: of the frame in the piece. px: (2,) px of the clip a working px.

    Returns:
        (N, 4) px of the clip.
    """
    return _mapped(boxes, camera.to_reference[row], px)


def stabilise_each(boxes: Floats, camera: Camera, rows: Ints, px: Floats) -> Floats:
    """One box of each of several frames as seen from the reference frame.

    Args:
        boxes: (N, 4) px of the clip. rows: (N,) of their frames in the piece.
        camera, px: as for `stabilise`.

    Returns:
        (N, 4) px of the clip.
    """
    if camera.kind == "still" or len(boxes) == 0:
        return boxes
    matrices = camera.to_reference[rows]
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2 / px
    there = np.einsum("nij,nj->ni", matrices, np.c_[middle, np.ones(len(middle))])
    scale = np.sqrt(np.abs(np.linalg.det(matrices[:, :2, :2]))) / np.abs(there[:, 2])
    half = (boxes[:, 2:] - boxes[:, :2]) / 2 * scale[:, None]
    place = there[:, :2] / there[:, 2:] * px
    return np.hstack([place - half, place + half])


def unstabilise(boxes: Floats, camera: Camera, row: int, px: Floats) -> Floats:
    """The inverse of `stabilise`."""
    return _mapped(boxes, np.linalg.inv(camera.to_reference[row]), px)


def _mapped(boxes: Floats, matrix: Floats, px: Floats) -> Floats:
    if len(boxes) == 0 or np.array_equal(matrix, np.eye(3)):
        return boxes
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2 / px
    there = np.c_[middle, np.ones(len(middle))] @ matrix.T
    place = there[:, :2] / there[:, 2:]
    scale = np.sqrt(abs(np.linalg.det(matrix[:2, :2]))) / np.abs(there[:, 2:])
    half = (boxes[:, 2:] - boxes[:, :2]) / 2 * scale
    return np.hstack([place * px - half, place * px + half])

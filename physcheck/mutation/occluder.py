"""A board that stands in the scene, made of the scene's own texture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from physcheck.boxes import iou
from physcheck.mutation.channels import Colour, average, smoothed
from physcheck.mutation.footage import Footage, Thing
from physcheck.types import Bytes, Floats

__all__ = ["Occluder", "make_occluder"]

_N_SAMPLES = 9
_N_PLACES = 60
_EDGE_PX = 2
_SHADOW, _SHADOW_PX = 0.25, 3.0
_LEAST_STEP = 14.0
"""Grey levels by which a board must differ from what is behind it, to be seen as a board."""
_GRAIN_BLUR_PX = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Occluder:
    """A board fixed in the scene.

    box: (4,) whole px in the reference picture (the first frame of the footage).
    patch: (h, w, 3) uint8 RGB, its face. grain: standard deviation of its noise, grey levels.
    """

    box: Floats
    patch: Bytes
    grain: float = 1.0

    def draw(self, picture: Bytes, footage: Footage, k: int) -> Bytes:
        """Put the board with its soft shadow in front of everything.

        Args:
            picture: (H, W, 3) uint8 RGB, frame `k` of the footage or a changed one.

        Returns:
            (H, W, 3) uint8. The grain depends on `k` only, so that twins stay twins.
        """
        matrix = np.linalg.inv(footage.to_reference[k])
        matrix = matrix / matrix[2, 2]
        height, width = picture.shape[:2]
        margin = round(4 * _SHADOW_PX)
        face = np.pad(self.patch.astype(np.float32), ((margin,) * 2, (margin,) * 2, (0, 0)))
        cover = np.zeros(face.shape[:2], np.float32)
        cover[margin:-margin, margin:-margin] = 1
        step = np.roll(cover, (round(_SHADOW_PX), round(_SHADOW_PX)), axis=(0, 1))
        shade = 1 - _SHADOW * smoothed(step, _SHADOW_PX)
        x, y = self.box[:2] - margin
        place = matrix @ np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])
        if np.allclose(place[:2, :2], np.eye(2)) and np.allclose(place[2, :2], 0):
            flags = cv2.INTER_NEAREST
        else:
            flags = cv2.INTER_LINEAR
        size = (width, height)
        alpha = cv2.warpPerspective(cover, place, size, flags=flags)[..., None]
        laid = cv2.warpPerspective(face * cover[..., None], place, size, flags=flags)
        dark = cv2.warpPerspective(shade, place, size, flags=flags, borderValue=1.0)[..., None]
        noise = _grain((height, width), self.grain, k)[..., None]
        out = picture * dark * (1 - alpha) + laid + alpha * noise
        return np.asarray(np.clip(np.rint(out), 0, 255), dtype=np.uint8)


def _grain(shape: tuple[int, int], strength: float, k: int) -> Colour:
    """Noise as a codec leaves it: slightly blurred, the same for R, G and B."""
    noise = np.random.default_rng(k).standard_normal(shape, dtype=np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), _GRAIN_BLUR_PX)
    return np.asarray(noise * (strength / max(float(noise.std()), 1e-6)), dtype=np.float32)


def make_occluder(
    footage: Footage, box: Floats, things: Sequence[Thing], rng: np.random.Generator
) -> Occluder | None:
    """Make a board of another part of the scene, mirrored.

    Args:
        footage: the frames. box: where it stands, (4,) px of the first frame.
        things: what moves; the texture is taken where none of it passes, if there is
            such a place.
        rng: chooses among the places.

    Returns:
        The board, or None where the box does not fit into the picture.
    """
    width, height = footage.size
    x1, y1, x2, y2 = np.rint(box).astype(int)
    w, h = int(x2 - x1), int(y2 - y1)
    if w < 8 or h < 8 or w >= width or h >= height:
        return None
    scene, grain = _scene(footage)
    place = _place(footage, np.array([x1, y1, x2, y2], float), things, scene, rng)
    texture = scene[place[1] : place[1] + h, place[0] : place[0] + w][:, ::-1]
    behind = scene[max(y1, 0) : max(y2, 1), max(x1, 0) : max(x2, 1)]
    patch = _framed(_set_off(texture.copy(), behind))
    return Occluder(np.array([x1, y1, x2, y2], dtype=np.float64), patch, grain)


def _scene(footage: Footage) -> tuple[Colour, float]:
    """Median picture (H, W, 3) near the first frame, and the strength of its grain."""
    n = footage.n if not footage.moving else min(footage.n, 3)
    picks = np.unique(np.linspace(0, n - 1, min(n, _N_SAMPLES)).astype(int))
    samples = footage.frames[picks]
    scene = np.median(samples, axis=0).astype(np.float32) if len(picks) > 1 else samples[0] * 1.0
    steps = np.diff(footage.frames[: min(footage.n, 6), ::2, ::2].astype(np.float32), axis=0)
    fine = [step - cv2.GaussianBlur(step, (0, 0), 2.0) for step in average(steps)]
    grain = 1.4826 * float(np.median(np.abs(fine))) / np.sqrt(2) if len(fine) else 1.0
    return scene, max(grain, 0.3)


def _place(
    footage: Footage,
    box: Floats,
    things: Sequence[Thing],
    scene: Colour,
    rng: np.random.Generator,
) -> tuple[int, int]:
    """Upper left corner of the texture: off the things and the board, and unlike what it hides."""
    width, height = footage.size
    w, h = int(box[2] - box[0]), int(box[3] - box[1])
    x = rng.integers(0, width - w + 1, _N_PLACES)
    y = rng.integers(0, height - h + 1, _N_PLACES)
    places = np.stack([x, y, x + w, y + h], axis=1).astype(np.float64)
    boxes = np.concatenate([thing.boxes for thing in things] or [np.zeros((0, 4))])
    cost = 3 * iou(places, box[None])[:, 0]
    if len(boxes):
        cost = cost + 3 * np.minimum(iou(places, boxes[:: max(1, len(boxes) // 400)]).max(1) * 5, 1)
    x1, y1 = np.maximum(box[:2], 0).astype(int)
    behind = scene[y1 : y1 + h, x1 : x1 + w].mean(axis=(0, 1))
    for row in range(_N_PLACES):
        mean = scene[y[row] : y[row] + h, x[row] : x[row] + w].mean(axis=(0, 1))
        cost[row] -= min(float(np.abs(mean - behind).max()) / 40, 1.0)
    best = int(np.argmin(cost))
    return int(x[best]), int(y[best])


def _set_off(texture: Colour, behind: Colour) -> Colour:
    """Lighten or darken the texture where it would look like what it hides."""
    step = float(texture.mean() - behind.mean()) if behind.size else _LEAST_STEP
    if abs(step) >= _LEAST_STEP:
        return texture
    level = float(texture.mean())
    up = level < 110 if abs(step) < 2 else step > 0
    wanted = float(behind.mean()) + (1.6 if up else -1.6) * _LEAST_STEP
    return np.asarray(texture * (max(wanted, 8.0) / max(level, 1.0)), dtype=np.float32)


def _framed(texture: Colour) -> Bytes:
    """The texture with a darker rim, lit from above."""
    rim = np.ones(texture.shape[:2], np.float32)
    for edge in range(_EDGE_PX):
        rim[edge, :] = 1.15
        rim[-1 - edge, :] = 0.6
        rim[:, edge] = rim[:, -1 - edge] = 0.72
    return np.asarray(np.clip(np.rint(texture * rim[..., None]), 0, 255), dtype=np.uint8)

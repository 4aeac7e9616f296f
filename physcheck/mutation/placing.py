"""A cutout is moved, scaled, turned, recoloured or clipped on its way into a frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from physcheck.mutation.channels import Colour
from physcheck.mutation.matte import Cut
from physcheck.types import Floats

__all__ = ["Laid", "Placement", "lay"]


@dataclass(frozen=True, slots=True)
class Placement:
    """How a cutout is put into a frame. `Placement(source=k)` in frame k is the identity.

    source: index of the frame of the footage whose cutout is used; the thing must be there.
    dx, dy: from where it is in the source frame to where it goes in this frame, px of the
        footage. With a moving camera the caller adds the motion of the picture.
    scale_x, scale_y, angle_deg: about `anchor`, turning clockwise as seen.
    anchor: x, y in the source frame, px; the lower middle of the cutout without it.
    hue_shift: degrees. gain: of R, G, B. opacity: 0 to 1.
    hidden_below_y: what would lie below this line of this frame is not drawn, px.
    other: frame of a second cutout that it is blended into, `blend` its share (0 to 1);
        laid so that the lower middles of both cutouts agree.
    """

    source: int
    dx: float = 0.0
    dy: float = 0.0
    scale_x: float = 1.0
    scale_y: float = 1.0
    angle_deg: float = 0.0
    anchor: tuple[float, float] | None = None
    hue_shift: float = 0.0
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    opacity: float = 1.0
    hidden_below_y: float | None = None
    other: int | None = None
    blend: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A cutout as it lies in a frame. origin: x, y of its first px. Rest as in `Cut`."""

    origin: tuple[int, int]
    alpha: Colour
    layer: Colour
    shade: Colour


def lay(cut: Cut, placement: Placement, size: tuple[int, int], other: Cut | None = None) -> Laid:
    """Warp and colour a cutout.

    Args:
        cut: of the source frame. placement: where it goes. size: of the frame, px.
        other: the cutout that `placement.other` names.
    """
    laid = _warped(cut, _matrix(cut, placement), size)
    if other is not None and placement.blend > 0:
        laid = _blended(laid, other, cut, placement, size)
    laid = _coloured(laid, placement)
    return laid if placement.hidden_below_y is None else _clipped(laid, placement.hidden_below_y)


def _foot(cut: Cut) -> tuple[float, float]:
    """The lower middle of a cutout, or of its region where nothing was found."""
    x1, _, x2, y2 = cut.region if np.isnan(cut.box[0]) else cut.box
    return float(x1 + x2) / 2, float(y2)


def _matrix(cut: Cut, placement: Placement) -> Floats:
    """(2, 3) from px of the source frame to px of the target frame."""
    x, y = _foot(cut) if placement.anchor is None else placement.anchor
    turn = math.radians(placement.angle_deg)
    cos, sin = math.cos(turn), math.sin(turn)
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.diag([placement.scale_x, placement.scale_y])
    shift = np.array([x + placement.dx, y + placement.dy]) - linear @ (x, y)
    return np.asarray(np.c_[linear, shift], dtype=np.float64)


def _warped(cut: Cut, matrix: Floats, size: tuple[int, int]) -> Laid:
    """The cutout in the frame; only the part that it may reach is held."""
    x0, y0, x1, y1 = cut.region
    linear, shift = matrix[:, :2], matrix[:, 2]
    # Px are numbered by their middles, the matrix works on their corners.
    shift = shift + linear @ (x0 + 0.5, y0 + 0.5) - 0.5
    corners = linear @ np.array([[0, x1 - x0, 0, x1 - x0], [0, 0, y1 - y0, y1 - y0]])
    corners = corners + shift[:, None]
    left, top = np.clip(np.floor(corners.min(axis=1) - 1), 0, size).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(axis=1) + 2), 0, size).astype(int)
    wide, high = max(int(right - left), 0), max(int(bottom - top), 0)
    if wide == 0 or high == 0:
        nothing = np.zeros((0, 0), np.float32)
        return Laid((0, 0), nothing, np.zeros((0, 0, 3), np.float32), nothing)
    whole = np.c_[linear, shift - (left, top)]
    alpha = np.clip(_moved(cut.alpha, whole, (wide, high)), 0, 1)
    layer = _moved(cut.layer, whole, (wide, high))
    layer = np.clip(layer, 0, 255 * alpha[..., None])
    shade = 1 - np.clip(_moved(1 - cut.shade, whole, (wide, high)), 0, 1)
    return Laid((int(left), int(top)), alpha, layer, shade)


def _moved(picture: Colour, matrix: Floats, size: tuple[int, int]) -> Colour:
    shrink = math.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if shrink < 0.7:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.4 / shrink))
    # A cubic keeps the grain; where all is whole px nothing is changed at all.
    return np.asarray(cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC), np.float32)


def _blended(laid: Laid, other: Cut, cut: Cut, placement: Placement, size: tuple[int, int]) -> Laid:
    """Cross-fade to another cutout, foot on foot."""
    (x, y), (u, v) = _foot(cut), _foot(other)
    onto = np.array([[1.0, 0.0, x - u], [0.0, 1.0, y - v]])
    matrix = _matrix(cut, placement)
    both = np.c_[matrix[:, :2], matrix[:, :2] @ onto[:, 2] + matrix[:, 2]]
    second = _warped(other, both, size)
    left = min(laid.origin[0], second.origin[0])
    top = min(laid.origin[1], second.origin[1])
    right = max(one.origin[0] + one.alpha.shape[1] for one in (laid, second))
    bottom = max(one.origin[1] + one.alpha.shape[0] for one in (laid, second))
    share = placement.blend
    first, last = (_widened(one, (left, top, right, bottom)) for one in (laid, second))
    return Laid(
        (left, top),
        (1 - share) * first.alpha + share * last.alpha,
        (1 - share) * first.layer + share * last.layer,
        (1 - share) * first.shade + share * last.shade,
    )


def _widened(laid: Laid, region: tuple[int, int, int, int]) -> Laid:
    x0, y0, x1, y1 = region
    (x, y), (h, w) = laid.origin, laid.alpha.shape
    pad = ((y - y0, y1 - y - h), (x - x0, x1 - x - w))
    return Laid(
        (x0, y0),
        np.pad(laid.alpha, pad),
        np.pad(laid.layer, (*pad, (0, 0))),
        np.pad(laid.shade, pad, constant_values=1),
    )


def _coloured(laid: Laid, placement: Placement) -> Laid:
    """Turn the hue, multiply the channels, and fade. All linear, so mixtures stay mixtures."""
    layer = laid.layer
    if placement.hue_shift:
        layer = layer @ _hue_turn(placement.hue_shift).T
    if placement.gain != (1.0, 1.0, 1.0):
        layer = layer * np.array(placement.gain, dtype=np.float32)
    layer = np.clip(layer, 0, 255 * laid.alpha[..., None])
    opacity = np.float32(placement.opacity)
    shade = 1 - opacity * (1 - laid.shade)
    return Laid(laid.origin, opacity * laid.alpha, opacity * layer, shade)


def _hue_turn(degrees: float) -> Colour:
    """(3, 3) turn of the colour plane of YIQ; brightness stays."""
    to_yiq = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
    cos, sin = math.cos(math.radians(degrees)), -math.sin(math.radians(degrees))
    turn = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    return np.asarray(np.linalg.inv(to_yiq) @ turn @ to_yiq, dtype=np.float32)


def _clipped(laid: Laid, y: float) -> Laid:
    """Fade out within a px and a half at a level line."""
    rows = laid.origin[1] + np.arange(laid.alpha.shape[0]) + 0.5
    keep = np.clip((y - rows) / 1.5 + 0.5, 0, 1).astype(np.float32)[:, None]
    shade = 1 - keep * (1 - laid.shade)
    return Laid(laid.origin, keep * laid.alpha, keep[..., None] * laid.layer, shade)

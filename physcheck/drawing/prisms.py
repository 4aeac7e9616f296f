"""Prisms in the picture: an outline at a front depth, drawn out to a back, with lit faces."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from physcheck.drawing.cameras import Lens
from physcheck.drawing.patches import area, convex_cover, hull, textured, window_around
from physcheck.drawing.skins import Skin
from physcheck.drawing.textures import Pixels
from physcheck.drawing.things import Patch
from physcheck.types import Floats

__all__ = ["Face", "faces_of", "prism_patch"]

LIGHT = (-0.45, 0.72, -0.53)
"""Where light comes from: left, above, from the side of the camera."""
LEAST_FACE_PX2 = 0.5
"""A face that is seen with less area is not drawn, px^2."""
UP = 0.5
"""Things lie on a face whose normal has at least this part upwards."""


class Face(NamedTuple):
    """A flat side as it is seen.

    polygon: (n, 2) px, clockwise. frame: where its texture lies, (4, 2) px, from the upper
    left corner clockwise; size_m: the texture's width and height. light: how bright it
    is. is_top: whether something may lie on it.
    """

    polygon: Floats
    frame: Floats
    size_m: tuple[float, float]
    light: float
    is_top: bool = False


def faces_of(
    lens: Lens, outline: Floats, z_m: float, depth_m: float, frame: Floats | None = None
) -> list[Face]:
    """The front of a prism and those of its sides that turn towards the camera.

    Args:
        lens: the camera.
        outline: (n, 2) m, convex, counter-clockwise with y up.
        z_m: depth of the front, m.
        depth_m: from front to back, m.
        frame: corners of the front's texture, (4, 2) m, upper left first, clockwise as
            seen; without it the box around the outline.
    """
    if frame is None:
        (x1, y1), (x2, y2) = outline.min(0), outline.max(0)
        frame = np.array(((x1, y2), (x2, y2), (x2, y1), (x1, y1)))
    n = len(outline)
    places = np.empty((2 * n + 4, 3))
    places[:n, :2] = places[n : 2 * n, :2] = outline
    places[2 * n :, :2] = frame
    places[:, 2] = z_m
    places[n : 2 * n, 2] += depth_m
    px = lens.project(places)
    size_m = math.dist(frame[0], frame[1]), math.dist(frame[0], frame[3])
    faces = [Face(px[:n][::-1], px[2 * n :], size_m, FRONT)]
    for i in range(n):
        j = (i + 1) % n
        quad = px[[n + j, n + i, i, j]]
        if area(quad) > LEAST_FACE_PX2:
            faces.append(side(quad, outline[j] - outline[i], depth_m))
    return faces


def side(quad: Floats, edge_m: Floats, depth_m: float) -> Face:
    """The side along one edge of an outline."""
    length_m = max(math.hypot(*edge_m), 1e-9)
    nx, ny = edge_m[1] / length_m, -edge_m[0] / length_m
    return Face(quad, quad, (length_m, depth_m), brightness(nx, ny, 0.0), bool(ny > UP))


def brightness(nx: float, ny: float, nz: float) -> float:
    """How bright a side is by where it faces."""
    return 0.55 + 0.6 * max(float(LIGHT[0] * nx + LIGHT[1] * ny + LIGHT[2] * nz), 0.0)


FRONT = brightness(0.0, 0.0, -1.0)


def prism_patch(lens: Lens, faces: list[Face], skin: Callable[[Face], Skin]) -> Patch | None:
    """The picture of faces, with their skins; None where none is in view.

    The front comes first in the list and is laid last, over the seams.
    """
    silhouette = hull(np.concatenate([face.polygon for face in faces]))
    window = window_around(silhouette, (lens.view.width_px, lens.view.height_px))
    if window is None:
        return None
    colours: Pixels | None = None
    for face in reversed(faces):
        here = textured(skin(face), face.frame, window)
        here *= np.float32(face.light)
        if colours is None:
            colours = here
        else:
            colours += (here - colours) * convex_cover(face.polygon, window)[..., None]
    assert colours is not None
    return Patch(window[0], window[1], colours, convex_cover(silhouette, window))

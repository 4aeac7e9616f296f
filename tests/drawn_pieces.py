"""Pictures drawn for a test: textured things that move over a textured ground."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from physcheck.types import Bytes, Floats, Piece

Way = Callable[[int], tuple[float, float, float] | None]
"""Middle x, y and width in px at a frame; None where the thing does not exist."""

FPS = 25.0
SIZE = (320, 240)


@dataclass(frozen=True)
class Thing:
    """A textured ball (or square) on a way; later ones are drawn in front."""

    way: Way
    seed: int = 1
    tint: tuple[float, float, float] = (200.0, 60.0, 40.0)
    spread: float = 40.0
    square: bool = False


@cache
def sprite(
    seed: int, tint: tuple[float, float, float], spread: float, square: bool
) -> tuple[Floats, Floats]:
    """Colour (96, 96, 3) and cover (96, 96) of a thing at a size of 64 px."""
    colour = np.array(tint) + spread * (noise(seed, 96, 96, 12) - 0.5)[..., None]
    rows, columns = np.mgrid[:96, :96] - 47.5
    away = np.maximum(abs(rows), abs(columns)) if square else np.hypot(rows, columns)
    cover = np.clip(32.5 - away, 0, 1).astype(np.float32)
    return np.clip(colour, 0, 255).astype(np.float32), cover


def noise(seed: int, width: int, height: int, grain_px: int) -> Floats:
    """A smooth random picture in [0, 1], (height, width)."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((height // grain_px + 2, width // grain_px + 2), dtype=np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


@cache
def ground(seed: int = 7, width: int = SIZE[0], height: int = SIZE[1]) -> Floats:
    """A calm textured ground, (height, width, 3) grey levels."""
    relief = noise(seed, width, height, 9) + 0.5 * noise(seed + 1, width, height, 4)
    picture = 105.0 + 30.0 * (relief - 0.75)[..., None] * np.array([1.0, 0.97, 0.9])
    return picture.astype(np.float32)


def slide(start: tuple[float, float], step: tuple[float, float], size: float = 32.0) -> Way:
    """A straight way at an even pace, px a frame."""
    return lambda k: (start[0] + step[0] * k, start[1] + step[1] * k, size)


def between(way: Way, first: int = 0, stop: int = 10**6) -> Way:
    """The same way, for a thing that exists from `first` until before `stop` only."""
    return lambda k: way(k) if first <= k < stop else None


def lay(picture: Floats, thing: Thing, k: int) -> None:
    """Draw a thing into a picture as it is at frame k."""
    place = thing.way(k)
    if place is None:
        return
    x, y, size = place
    scale = size / 64.0
    reach = int(48 * scale) + 2
    left, top = max(int(x) - reach, 0), max(int(y) - reach, 0)
    part = picture[top : max(int(y) + reach, 0), left : max(int(x) + reach, 0)]
    if not part.size:
        return
    colour, cover = sprite(thing.seed, thing.tint, thing.spread, thing.square)
    matrix = np.array([[scale, 0, x - left - 47.5 * scale], [0, scale, y - top - 47.5 * scale]])
    area = part.shape[1::-1]
    share = cv2.warpAffine(cover, matrix, area)[..., None]
    seen = cv2.warpAffine(colour, matrix, area, borderMode=cv2.BORDER_REPLICATE)
    part[:] = part * (1 - share) + seen * share


def draw(
    n: int,
    things: Sequence[Thing],
    *,
    back: Floats | None = None,
    front: tuple[int, int, int, int] | None = None,
    gain: Callable[[int], float] = lambda k: 1.0,
    grain: float = 1.5,
) -> list[Bytes]:
    """Draw n frames, RGB.

    Args:
        things: from the back to the front.
        back: the scenery.
        front: xyxy px of scenery that hides what is behind it.
        gain: exposure at a frame.
        grain: standard deviation of the sensor's noise, grey levels.
    """
    rng = np.random.default_rng(3)
    back = ground() if back is None else back
    frames = []
    for k in range(n):
        picture = np.array(back, dtype=np.float32)
        for thing in things:
            lay(picture, thing, k)
        if front is not None:
            x1, y1, x2, y2 = front
            shade = 60.0 + 25.0 * noise(5, x2 - x1, y2 - y1, 6)
            picture[y1:y2, x1:x2] = shade[..., None] * np.array([0.9, 1.0, 1.1])
        specks = rng.standard_normal(picture.shape[:2], dtype=np.float32)
        picture = picture * gain(k) + grain * specks[..., None]
        frames.append(cv2.convertScaleAbs(np.maximum(picture, 0)))
    return frames


def piece_of(frames: Sequence[Bytes], *, transition: Sequence[int] = ()) -> Piece:
    """The piece that such frames would come as; `transition` names rows within a fade."""
    n, (h, w) = len(frames), frames[0].shape[:2]
    dim = np.zeros(n, dtype=bool)
    dim[list(transition)] = True
    half = ((w + 1) // 2, (h + 1) // 2)
    planes = [cv2.cvtColor(frame, cv2.COLOR_RGB2YCrCb) for frame in frames]
    chroma = [
        cv2.resize(np.ascontiguousarray(p[..., 2:0:-1]), half, interpolation=cv2.INTER_AREA)
        for p in planes
    ]
    return Piece(
        frames=np.arange(n),
        times_s=np.arange(n) / FPS,
        luma=np.stack([p[..., 0] for p in planes]),
        chroma=np.stack(chroma),
        transition=dim,
        px=np.ones(2),
    )

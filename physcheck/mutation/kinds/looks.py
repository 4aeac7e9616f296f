"""Kinds that change what a thing looks like: size-jump, shape-morph, appearance-change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from physcheck.mutation.compositor import Placement
from physcheck.mutation.kinds.plans import (
    AFTER,
    BEFORE,
    Plan,
    Refusal,
    Scene,
    clear_of_others,
    draw_frame,
    inside,
    log_uniform,
    sideways,
)
from physcheck.types import Floats

__all__ = ["appearance_change", "shape_morph", "size_jump"]

_GROWTH = (0.05, 1.0)
"""Log of the factor of size: hardly visible, 2.7 times."""
_STRETCH = (0.08, 1.1)
"""Log of the factor of width over height."""
_TURN_DEG = (12.0, 180.0)
_BRIGHTNESS = (0.1, 0.9)
"""Log of the factor of brightness, for things without a colour of their own."""
_COLOURED = 45.0
"""Saturation (0 to 255) from which on a turn of the hue can be seen."""
_TRIES = 16
_SHORT = f"in the open for fewer than {BEFORE + AFTER} frames"


def size_jump(scene: Scene, rng: np.random.Generator) -> Plan | Refusal:
    """Suddenly larger or smaller, about the point where it stands, and so from then on."""
    for _ in range(_TRIES):
        n = int(rng.integers(1, 4))
        k = draw_frame(rng, scene.first, scene.last - n)
        if k is None:
            return Refusal(_SHORT)
        growth = log_uniform(rng, *_GROWTH) * rng.choice([-1.0, 1.0])
        plan = _scaled(scene, "size-jump", k, n, growth, growth)
        if plan is not None:
            word = "larger" if growth > 0 else "smaller"
            return replace(
                plan,
                magnitude=abs(growth),
                unit="log of the factor",
                note=f"{np.exp(abs(growth)):.2f} times {word} within {n} frames",
                details={"log_factor": float(growth)},
            )
    return Refusal("no room to grow in the picture")


def shape_morph(scene: Scene, rng: np.random.Generator) -> Plan | Refusal:
    """Becomes wider and lower, or slimmer and higher, over some frames, and stays so."""
    for _ in range(_TRIES):
        n = int(rng.integers(4, 13))
        k = draw_frame(rng, scene.first, scene.last - n)
        if k is None:
            return Refusal(f"{_SHORT} with time to change its shape")
        stretch = log_uniform(rng, *_STRETCH) * rng.choice([-1.0, 1.0])
        plan = _scaled(scene, "shape-morph", k, n, stretch / 2, -stretch / 2)
        if plan is not None:
            return replace(
                plan,
                magnitude=abs(stretch),
                unit="log of width / height",
                note=f"becomes {'wider' if stretch > 0 else 'slimmer'} within {n} frames",
                details={"log_factor": float(stretch)},
            )
    return Refusal("no room to change its shape in the picture")


def _scaled(scene: Scene, kind: str, k: int, n: int, log_x: float, log_y: float) -> Plan | None:
    """Scaled over n frames, the first changed one being `k`."""
    flying = not sideways(scene, k)

    def at(j: int) -> Placement:
        share = min((j - k + 1) / n, 1.0)
        anchor = _centre(scene.thing.box(j)) if flying else None
        scale = np.exp(share * np.array([log_x, log_y]))
        return Placement(source=j, scale_x=float(scale[0]), scale_y=float(scale[1]), anchor=anchor)

    frames = range(k, scene.last + 1)
    if not all(inside(scene, at(j)) and clear_of_others(scene, j, at(j)) for j in frames):
        return None
    return _changed(scene, kind, k, n, at)


def _changed(scene: Scene, kind: str, k: int, n: int, at: Callable[[int], Placement]) -> Plan:
    peak = k + n - 1
    return Plan(
        kind=kind,
        start_frame=k - 1,
        end_frame=peak,
        peak_frame=peak,
        peak=(at(peak),),
        magnitude=0.0,
        unit="",
        size_px=scene.course.body(k),
        note="",
        moves={j: (at(j),) for j in range(k, scene.last + 1)},
    )


def _centre(box: Floats) -> tuple[float, float]:
    return float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2


def appearance_change(scene: Scene, rng: np.random.Generator) -> Plan | Refusal:
    """Another colour, or another brightness where it has no colour, and so from then on."""
    n = int(rng.integers(1, 9))
    k = draw_frame(rng, scene.first, scene.last - n)
    if k is None:
        return Refusal(_SHORT)
    core = _core(scene, k)
    turn = log_uniform(rng, *_TURN_DEG) * rng.choice([-1.0, 1.0])
    dark = core.mean() > 128
    factor = float(np.exp(log_uniform(rng, *_BRIGHTNESS) * (-1 if dark else 1)))
    hue = _saturation(core) >= _COLOURED

    def at(j: int) -> Placement:
        share = min((j - k + 1) / n, 1.0)
        if hue:
            return Placement(source=j, hue_shift=float(turn * share))
        gain = float(np.exp(share * np.log(factor)))
        return Placement(source=j, gain=(gain, gain, gain))

    after = turned(core, turn) if hue else np.clip(core * factor, 0, 255).astype(np.uint8)
    word = f"hue turned by {turn:.0f} degrees" if hue else f"brightness times {factor:.2f}"
    return replace(
        _changed(scene, "appearance-change", k, n, at),
        magnitude=_colour_distance(core, after),
        unit="difference in CIE Lab",
        note=f"{word} within {n} frames",
        details={"degrees": float(turn)} if hue else {"factor": factor},
    )


def _core(scene: Scene, k: int) -> np.ndarray:
    """(h, w, 3) the middle of the thing's box."""
    x1, y1, x2, y2 = scene.thing.box(k)
    left, right = round(x1 + 0.3 * (x2 - x1)), round(x2 - 0.3 * (x2 - x1)) + 1
    upper, lower = round(y1 + 0.3 * (y2 - y1)), round(y2 - 0.3 * (y2 - y1)) + 1
    return np.ascontiguousarray(scene.footage.frames[k, upper:lower, left:right])


def _saturation(core: np.ndarray) -> float:
    chroma = core.max(axis=2).astype(np.int16) - core.min(axis=2)
    return float(np.median(chroma))


def turned(pixels: np.ndarray, degrees: float) -> np.ndarray:
    """(h, w, 3) uint8 RGB with the hue turned."""
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV_FULL)
    hsv[..., 0] = (hsv[..., 0].astype(np.int32) + round(degrees * 256 / 360)) % 256
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL))


def _colour_distance(before: np.ndarray, after: np.ndarray) -> float:
    """Mean distance in CIE Lab."""
    lab = [cv2.cvtColor(one.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for one in (before, after)]
    return float(np.linalg.norm(lab[0] - lab[1], axis=2).mean())

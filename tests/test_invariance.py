"""What no viewer minds changes no verdict: on drawn clips with known answers.

Mirrored, moved, made smaller, shown at half the frame rate, encoded again, or with something
held before the lens: what was broken is still broken, what was fine is still fine.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from physcheck.analysis import analyze
from physcheck.records import Report
from physcheck.types import Bytes

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
BROKEN = ("vanish", "appear", "floor_penetration", "teleport", "trajectory")
FINE = ("behind_box", "exit_enter", "crossing", "pan", "cut")
FPS = 30.0

Change = Callable[[Bytes], tuple[Bytes, float]]


@functools.cache
def pixels_of(name: str) -> Bytes:
    """All frames, (F, H, W, 3) RGB."""
    with av.open(str(SAMPLES / f"{name}.mp4")) as clip:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)])


@functools.cache
def plain_rules(name: str) -> frozenset[str]:
    return rules_of(analyze(pixels_of(name), fps=FPS))


def rules_of(report: Report) -> frozenset[str]:
    return frozenset(one.rule for one in report.violations)


def mirrored(frames: Bytes) -> tuple[Bytes, float]:
    return np.ascontiguousarray(frames[:, :, ::-1]), FPS


def moved(frames: Bytes) -> tuple[Bytes, float]:
    """The same scene, 10 px further left and 6 px further up, by what is cut off."""
    return np.ascontiguousarray(frames[:, 6:, 10:]), FPS


def smaller(frames: Bytes) -> tuple[Bytes, float]:
    h, w = frames.shape[1:3]
    size = (round(w * 0.8) // 2 * 2, round(h * 0.8) // 2 * 2)
    return np.stack([cv2.resize(f, size, interpolation=cv2.INTER_AREA) for f in frames]), FPS


def half_rate(frames: Bytes) -> tuple[Bytes, float]:
    return np.ascontiguousarray(frames[::2]), FPS / 2


def encoded_again(frames: Bytes) -> tuple[Bytes, float]:
    """Through JPEG at a middling quality: blocks, ringing, coarse colours."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, 60]
    coded = [cv2.imencode(".jpg", f[:, :, ::-1], quality)[1] for f in frames]
    return np.stack([cv2.imdecode(one, cv2.IMREAD_COLOR)[:, :, ::-1] for one in coded]), FPS


CHANGES = (mirrored, moved, smaller, half_rate, encoded_again)
LOST = {("floor_penetration", smaller): "the shadow at the next bounce lengthens the box by 5 px"}
"""Verdicts that do change, and why."""


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_stays_broken_by_the_same_rule(name: str, change: Change):
    if (name, change) in LOST:
        pytest.xfail(LOST[name, change])
    frames, fps = change(pixels_of(name))
    wanted = name.replace("_", "-")
    assert wanted in plain_rules(name)
    assert wanted in rules_of(analyze(frames, fps=fps))


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("name", FINE)
def test_what_is_fine_stays_fine(name: str, change: Change):
    frames, fps = change(pixels_of(name))
    assert plain_rules(name) == frozenset()
    assert rules_of(analyze(frames, fps=fps)) == frozenset()


@pytest.mark.parametrize("name", [*FINE, "three_balls_clean"])
def test_something_held_before_the_lens_adds_no_violation(name: str):
    frames = pixels_of(name).copy()
    h, w = frames.shape[1:3]
    board = np.full((h, w // 5, 3), (92, 84, 78), dtype=np.uint8)
    board[::7] = (70, 66, 60)
    frames[:, :, 2 * w // 5 : 2 * w // 5 + w // 5] = board
    assert rules_of(analyze(frames, fps=FPS)) == frozenset()

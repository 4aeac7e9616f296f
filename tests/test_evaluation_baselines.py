"""The predictors that know no physics: what they see, and that they are kept."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from physcheck.evaluation.baselines import (
    BASELINES,
    Changes,
    measure_changes,
    predict_without_physics,
    read_changes,
)
from physcheck.types import Bytes
from physcheck.video import write_video


@pytest.fixture(scope="module")
def flash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A textured wall on which a bright square is to be seen in frames 20 to 22 of 40."""
    path = tmp_path_factory.mktemp("clips") / "flash.mp4"
    wall = np.random.default_rng(0).integers(80, 140, (9, 16, 3)).repeat(20, 0).repeat(20, 1)
    frames = np.repeat(wall[None].astype(np.uint8), 40, axis=0)
    frames[20:23, 100:140, 60:100] = 255
    write_video(path, frames, 25, crf=20)
    return path


@pytest.fixture(scope="module")
def sliding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole picture moves by 3 px a frame, and by 9 px at frame 20."""
    path = tmp_path_factory.mktemp("clips") / "sliding.mp4"
    rough = np.random.default_rng(1).integers(40, 215, (24, 80)).astype(np.float64)
    wide = np.kron(rough, np.ones((10, 10)))
    smooth = sum(np.roll(wide, k, axis=1) for k in range(-6, 7)) / 13
    starts = np.cumsum([0, *(9 if k == 20 else 3 for k in range(1, 40))])
    frames = [_grey(smooth[:180, start : start + 320]) for start in starts]
    write_video(path, frames, 25, crf=12)
    return path


def _grey(luma: np.ndarray) -> Bytes:
    return np.repeat(luma[..., None], 3, axis=2).astype(np.uint8)


def test_both_that_look_find_where_the_picture_jumps(flash: Path):
    said = predict_without_physics(measure_changes(flash))
    for name in ("frame-differences", "flow-residual"):
        (event,) = said[name].events
        assert event.peak_frame in (20, 23)
        assert said[name].flagged
        assert said[name].violation > 0.5


def test_the_residual_of_the_flow_says_where(flash: Path):
    (event,) = predict_without_physics(measure_changes(flash))["flow-residual"].events
    assert event.box is not None
    x, y = (event.box[0] + event.box[2]) / 2, (event.box[1] + event.box[3]) / 2
    assert 60 <= x <= 100
    assert 100 <= y <= 140


def test_the_flow_explains_a_picture_that_moves_as_a_whole(sliding: Path):
    changes = measure_changes(sliding)
    jump, usual = changes.differences[20], np.median(changes.differences)
    assert jump > 1.5 * usual
    assert changes.residuals[20] < 0.3 * jump


def test_a_repeated_frame_differs_by_nothing_and_keeps_its_place(tmp_path: Path):
    rng = np.random.default_rng(2)
    pictures = rng.integers(0, 255, (20, 6, 8, 3)).astype(np.uint8).repeat(20, 1).repeat(20, 2)
    doubled = np.repeat(pictures, 2, axis=0)
    write_video(tmp_path / "doubled.mp4", doubled, 24, crf=10)
    changes = measure_changes(tmp_path / "doubled.mp4")
    assert len(changes.differences) == len(changes.times_s) == 40
    assert max(changes.differences[1::2]) < 1.0
    assert min(changes.differences[2::2]) > 5.0


def test_those_that_do_not_look_say_the_same_of_every_clip():
    still = Changes((0.0, 0.1, 0.2, 0.3, 0.4, 0.5), 0.6, (0.0,) * 6, (0.0,) * 6, None)
    said = predict_without_physics(still)
    assert tuple(said) == BASELINES
    spans = {
        name: [(e.start_frame, e.stop_frame) for e in one.events] for name, one in said.items()
    }
    assert spans == {
        "always-clean": [],
        "whole-clip": [(0, 6)],
        "thirds": [(0, 2), (2, 4), (4, 6)],
        "frame-differences": [],
        "flow-residual": [],
    }
    assert [one.violation for one in said.values()] == [0.0, 1.0, 1.0, 0.0, 0.0]


def test_an_unreadable_clip_is_measured_by_none_and_accused_by_those_that_do_not_look(
    tmp_path: Path,
):
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    assert read_changes(tmp_path / "broken.mp4") is None
    said = predict_without_physics(None, n_frames=30)
    assert said["whole-clip"].flagged
    assert said["flow-residual"].violation == 0.0
    assert len(said["thirds"].frames) == 30


def test_what_was_measured_is_kept_until_the_clip_changes(flash: Path, tmp_path: Path):
    cache = tmp_path / "kept" / "flash.json"
    first = read_changes(flash, cache)
    written = cache.stat().st_mtime_ns
    assert read_changes(flash, cache) == first
    assert cache.stat().st_mtime_ns == written

    os.utime(flash)
    assert read_changes(flash, cache) == first
    assert cache.stat().st_mtime_ns > written


def test_a_broken_cache_is_measured_again(flash: Path, tmp_path: Path):
    cache = tmp_path / "flash.json"
    cache.write_text("[1, 2]")
    assert read_changes(flash, cache) == measure_changes(flash)

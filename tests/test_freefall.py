"""How fast things fall: by the user's scale, and in slow motion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from handmade import FPS, PULL, ball, hops, shot_of

from physcheck import analyze
from physcheck.analysis import configuration_sha256
from physcheck.config import load_settings
from physcheck.errors import ConfigurationError
from physcheck.freefall import GRAVITY, Fall, Scale, falls_in, frame_step_s, slow_motion

PER_S2 = PULL * FPS**2
"""px/s^2 by which the hopping ball falls."""


def slowed(factor: float, px_per_metre: float | None = None) -> str:
    """The note on a ball of 24 px in a clip that is played so much slower than it was taken."""
    shot = shot_of(ball(hops([0.7, 0.7])))
    shot = replace(
        shot,
        world=replace(
            shot.world,
            stretches=tuple(
                replace(one, coefficients=one.coefficients * np.array([[1], [1], [factor**-2]]))
                for one in shot.world.stretches
            ),
        ),
    )
    return slow_motion(falls_in(shot, Scale(px_per_metre)))


def test_the_size_of_a_ball_follows_from_its_fall():
    falls = falls_in(shot_of(ball(hops([0.7, 0.7]))), Scale())
    assert len(falls) == 3
    assert [one.size_m for one in falls] == pytest.approx([GRAVITY * 24 / PER_S2] * 3, rel=0.1)


def test_a_true_rate_makes_falls_faster_and_their_things_smaller():
    shot = shot_of(ball(hops([0.7, 0.7])))
    plain, fast = (falls_in(shot, Scale(true_fps=rate))[0] for rate in (None, 4 * FPS))
    assert fast.size_m == pytest.approx(plain.size_m / 16)


def test_slow_motion_is_told_and_real_time_is_not():
    assert slow_motion(()) == ""
    assert slow_motion([Fall("", 0.2, np.nan, True), Fall("", 0.22, np.nan, True)]) == ""
    assert "slow motion, by a factor of 2.0" in slow_motion([Fall("", 6.0, np.nan, True)])
    assert "slow motion" in slow_motion([Fall("sports ball", 1.2, np.nan, True)])
    assert slow_motion([Fall("", 0.2, np.nan, True), Fall("", 6.0, np.nan, True)]) == ""
    assert slow_motion([Fall("", 6.0, np.nan, False)]) == ""


def test_with_a_scale_the_share_of_gravity_is_told():
    scale = PER_S2 / GRAVITY
    assert slowed(1.0, scale) == ""
    assert "0.06 times gravity, as in slow motion by a factor of 4.0" in slowed(4.0, scale)


def test_the_pull_is_known_only_where_both_are_given():
    assert np.isnan(Scale(px_per_metre=100.0).pull_px_per_s2(1 / 30))
    assert np.isnan(Scale(true_fps=120.0).pull_px_per_s2(1 / 30))
    assert Scale(100.0, 30.0).pull_px_per_s2(1 / 30) == pytest.approx(981.0)
    assert Scale(100.0, 120.0).pull_px_per_s2(1 / 30) == pytest.approx(981.0 / 16)


def test_doubled_frames_count_as_frames():
    assert frame_step_s(np.array([0, 3, 6]), np.array([0.0, 0.1, 0.2])) == pytest.approx(1 / 30)
    assert frame_step_s(np.array([0]), np.array([0.0])) == 1.0


@pytest.mark.parametrize("wrong", [0.0, -3.0, float("nan")])
def test_a_scale_that_cannot_be_is_refused(wrong: float):
    with pytest.raises(ConfigurationError, match="px_per_metre"):
        Scale(px_per_metre=wrong)


def test_flags_reach_the_analysis_and_the_hash():
    settings = load_settings({"px_per_metre": 120, "true_fps": 60}, environment={})
    assert settings.analysis()["px_per_metre"] == 120.0
    assert settings.analysis()["true_fps"] == 60.0
    with pytest.raises(ConfigurationError, match="--true-fps"):
        load_settings({"true_fps": -1}, environment={})
    plain = configuration_sha256(detector="motion")
    assert configuration_sha256(detector="motion", px_per_metre=None) == plain
    assert configuration_sha256(detector="motion", px_per_metre=120.0) != plain


def test_a_clip_with_the_wrong_scale_falls_wrongly(samples: Path):
    clip = samples / "three_balls.mp4"
    honest = analyze(clip, detector="motion", select=["gravity"])
    assert honest.violations == ()
    wrong = analyze(clip, detector="motion", select=["gravity"], px_per_metre=9.0, true_fps=30.0)
    assert [one.rule for one in wrong.violations][:1] == ["gravity"]
    assert "on earth" in wrong.violations[0].explanation

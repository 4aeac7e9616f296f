"""Stretches of constant acceleration, falls and bounces, and the checks that live on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from handmade import FPS, PULL, ball, hops, mirrored, retold, shot_of

from physcheck.checks import registry
from physcheck.falls import bounces, is_fall, stretches_of
from physcheck.parabolas import fit_parabola, split_path
from physcheck.rules import load_pack
from physcheck.types import Shot, Signal


def peak(rule: str, shot: Shot) -> float:
    """Largest value of the check over all things, NaN where it judged nothing."""
    values = np.concatenate([signal.values for signal in judged(rule, shot)])
    return float(np.nanmax(values)) if np.isfinite(values).any() else float("nan")


def judged(rule: str, shot: Shot) -> list[Signal]:
    return registry()[rule].function(shot)


def limit(rule: str) -> float:
    return next(one.limit for one in load_pack("default").rules if one.name == rule)


def flipped(shot: Shot) -> Shot:
    """The picture stands on its head."""
    tracks = []
    for track in shot.tracks:
        y = shot.height_px - track.boxes[:, [3, 1]]
        tracks.append(
            replace(
                track,
                boxes=np.stack([track.boxes[:, 0], y[:, 0], track.boxes[:, 2], y[:, 1]], axis=1),
            )
        )
    return retold(shot, tracks)


def test_a_path_is_split_where_its_acceleration_changes():
    t = np.arange(60) / FPS
    y = np.r_[
        0.4 * np.arange(30) ** 2.0, 0.4 * 30**2 - 12 * np.arange(30) + 0.4 * np.arange(30) ** 2
    ]
    noise = np.random.default_rng(1).normal(0, 0.4, (60, 2))
    pieces = split_path(
        t, np.c_[3.0 * np.arange(60), y] + noise, np.array([0.4, 0.4]), price=30.0, longest=90
    )
    assert [start for start, _ in pieces] == pytest.approx([0, 30], abs=1)
    assert pieces[-1][1] == 60


def test_the_misfit_of_every_window_is_that_of_least_squares():
    rng = np.random.default_rng(2)
    t, xy = np.cumsum(rng.uniform(0.02, 0.06, 12)), rng.normal(0, 50, (12, 2))
    whole = split_path(t, xy, np.ones(2), price=1e9, longest=12)
    assert whole == [(0, 12)]
    fit = fit_parabola(t, xy)
    expected = np.polyfit(t - fit.origin_s, xy, 2)[::-1]
    assert fit.coefficients == pytest.approx(expected, rel=1e-6)


def test_flights_run_from_contact_to_contact_with_one_acceleration():
    shot = shot_of(ball(hops([0.6, 0.6])))
    falls = [one for one in stretches_of(shot, 1) if is_fall(one)]
    assert len(falls) == 3
    for fall in falls:
        assert fall.acceleration[1] == pytest.approx(PULL * FPS**2, rel=0.05)
        assert abs(fall.acceleration[0]) < 4 * fall.acceleration_sigma[0]
    assert [one.gain for one in bounces(stretches_of(shot, 1))] == pytest.approx(
        [0.6, 0.6], rel=0.1
    )


def test_a_flight_of_six_frames_is_usable():
    y = 200 - 6.0 * np.arange(6) + 1.2 * np.arange(6) ** 2
    shot = shot_of(ball(np.r_[np.full(10, 200.0), y[1:]], size=16.0))
    assert any(is_fall(one) for one in stretches_of(shot, 1))


def test_a_thing_at_rest_has_no_stretches():
    assert shot_of(ball(np.full(40, 200.0), pace=0.0)).world.stretches == ()


def test_a_bounce_that_gains_is_told_and_one_that_loses_is_not():
    assert peak("energy-gain", shot_of(ball(hops([1.4])))) > limit("energy-gain")
    assert peak("energy-gain", shot_of(ball(hops([0.8])))) < 0.9 * limit("energy-gain")


def test_the_height_that_a_bounce_gains_peaks_at_its_apex():
    track = ball(hops([1.4]))
    (signal,) = judged("energy-gain", shot_of(track))
    top = int(np.nanargmax(signal.values))
    assert top == pytest.approx(20 + np.argmin(track.boxes[20:, 1]), abs=2)


def test_a_gain_is_not_judged_where_something_moving_may_have_struck_it():
    y = hops([1.4])
    foot = ball(np.full(len(y), 305.0), pace=0.0, size=20.0, id=2)
    swung = replace(foot, boxes=foot.boxes + 3.0 * np.abs(np.arange(len(y)) - 19)[:, None])
    assert np.isnan(judged("energy-gain", shot_of(ball(y, pace=0.0), swung))[0].values).all()


def test_a_thing_that_only_rolls_is_not_judged_by_falls():
    shot = shot_of(ball(np.full(40, 200.0), pace=5.0))
    for rule in ("energy-gain", "upside-down", "reversed"):
        assert np.isnan(peak(rule, shot))


def test_bounces_that_gain_each_time_run_backwards():
    forwards, backwards = hops([0.6, 0.6, 0.6]), hops([0.6, 0.6, 0.6])[::-1]
    assert peak("reversed", shot_of(ball(forwards))) < 0
    assert peak("reversed", shot_of(ball(backwards))) > limit("reversed")


def test_one_bounce_says_nothing_of_the_direction_of_time():
    assert np.isnan(peak("reversed", shot_of(ball(hops([1.4])))))


def test_things_that_fall_upwards_stand_on_their_head():
    shot = shot_of(ball(hops([0.6, 0.6])))
    assert peak("upside-down", shot) <= 0
    assert peak("upside-down", flipped(shot)) > limit("upside-down")


def test_one_thing_that_falls_down_acquits_another_that_is_drawn_up():
    up = flipped(shot_of(ball(hops([0.6, 0.6])))).tracks[0]
    down = ball(hops([0.6, 0.6]), id=2, seed=3)
    assert peak("upside-down", shot_of(up, down)) < limit("upside-down")


@pytest.mark.parametrize("rule", ["energy-gain", "upside-down", "reversed"])
def test_left_and_right_do_not_matter(rule):
    shot = shot_of(ball(hops([1.3, 1.3])[:110]))
    other = mirrored(shot)
    assert peak(rule, other) == pytest.approx(peak(rule, shot), rel=0.05, nan_ok=True)


@pytest.mark.parametrize("rule", ["energy-gain", "upside-down", "reversed"])
def test_what_a_visible_occluder_hides_adds_no_violation(rule):
    track = ball(hops([0.7, 0.7]))
    hidden = (np.arange(len(track.frames)) // 7) % 3 == 1
    covered = replace(track, observed=track.observed & ~hidden, clear=track.clear & ~hidden)
    assert not peak(rule, shot_of(covered)) > limit(rule)


def test_small_bounces_between_the_frames_gain_nothing():
    y = hops([0.7, 0.6, 0.15, 0.5, 0.5, 0.4])
    values = [peak("energy-gain", shot_of(ball(y, seed=seed, size=60.0))) for seed in range(8)]
    assert max(values) < limit("energy-gain")


def test_a_turn_between_two_falls_is_told_where_scenery_could_not_cause_it():
    t = np.arange(15.0)
    there = np.c_[100 + 4 * t, 250 - 9 * t + PULL * t**2 / 2]
    back = there[-1] + np.c_[-6 * (t + 1), 2.2 * (t + 1) + PULL * (t + 1) ** 2 / 2]
    path = np.r_[there, back]
    track = ball(path[:, 1])
    boxes = track.boxes + np.repeat((path[:, :1] - 100 - 2 * np.arange(30)[:, None]), 2, 1)[
        :, [0, 0, 1, 1]
    ] * np.array([1, 0, 1, 0])
    turned = replace(track, boxes=boxes, open=np.zeros(30, dtype=bool))
    assert peak("trajectory", shot_of(turned)) > limit("trajectory")


def test_one_flight_seen_by_a_lens_that_bends_it_smoothly_makes_no_turn():
    t = np.arange(40.0)
    y = 300 - 14 * t + 0.35 * t**2 + 0.004 * (t - 20) ** 3
    for seed in range(5):
        assert peak("trajectory", shot_of(ball(y, pace=3.0, seed=seed))) < 0.8 * limit("trajectory")


def test_what_goes_on_evenly_is_judged_and_a_bounce_is_not():
    (signal,) = judged("trajectory", shot_of(ball(hops([0.7, 0.7]))))
    assert np.isfinite(signal.values).mean() > 0.7
    assert "may have bounced" in signal.reasons


def test_a_flight_of_a_thing_as_near_with_a_quarter_of_the_pull_has_another_gravity():
    y, t = hops([0.6]), np.arange(22)
    shot = shot_of(ball(np.r_[y, 290 - 6.0 * t + 0.1 * t**2]))
    assert peak("gravity", shot) > limit("gravity")


def test_a_thing_at_the_turning_point_of_a_bounce_does_not_float():
    y, t = hops([0.6]), np.arange(20)
    caught = np.r_[y, 300 - 40 * np.exp(-t / 4.0)]
    assert not peak("gravity", shot_of(ball(caught))) > limit("gravity")

"""Runs, robust windows and local fits on numbers with holes."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physcheck import signals
from physcheck.errors import ShapeError
from physcheck.types import Floats

NAN = np.nan
GRAVITY = np.array([0.0, 900.0])


@given(st.lists(st.booleans(), max_size=40))
def test_runs_cover_exactly_what_is_true(bits: list[bool]) -> None:
    mask = np.array(bits, dtype=bool)
    covered = np.zeros(len(mask), dtype=bool)
    for start, stop in signals.runs(mask):
        assert stop > start
        assert not covered[max(start - 1, 0) : stop].any()
        covered[start:stop] = True
    np.testing.assert_array_equal(covered, mask)


def test_the_rolling_median_passes_over_what_is_missing() -> None:
    values = np.array([1.0, NAN, 3.0, 100.0, 5.0, NAN, NAN, NAN])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = signals.rolling_median(values, 1)
    np.testing.assert_allclose(found, [1, 2, 51.5, 5, 52.5, 5, NAN, NAN])


@given(st.lists(st.floats(-100, 100) | st.just(NAN), min_size=1, max_size=30), st.integers(0, 5))
def test_the_rolling_median_equals_numpy_in_each_window(items: list[float], half: int) -> None:
    values = np.array(items)
    found = signals.rolling_median(values, half)
    for i, value in enumerate(found):
        part = values[max(i - half, 0) : i + half + 1]
        part = part[np.isfinite(part)]
        np.testing.assert_allclose(value, np.median(part) if len(part) else NAN)


def test_the_robust_scale_is_the_standard_deviation_despite_outliers() -> None:
    values = np.random.default_rng(0).normal(5, 2, 4000)
    values[:300] = 1e6
    values[300:400] = NAN
    assert signals.robust_scale(values) == pytest.approx(2, rel=0.15)
    assert np.isnan(signals.robust_scale(np.array([NAN])))


def test_a_step_shows_in_full_at_its_first_new_sample() -> None:
    values = np.where(np.arange(40) < 20, 1.0, 3.0)
    found = signals.level_shift(values, 6, floor=0.01)
    assert np.nanargmax(np.abs(found.shift)) in (18, 19, 20, 21)
    assert found.shift[20] == 2.0
    assert found.scale[20] == 0.01
    assert found.shift[10] == 0.0


def test_a_step_is_measured_across_a_gap_and_a_slow_change_with_a_guard() -> None:
    values = np.where(np.arange(60) < 30, 1.0, 3.0)
    values[22:38] = NAN
    np.testing.assert_allclose(signals.level_shift(values, 5).shift[22:39], 2.0)
    slow = np.interp(np.arange(60), [27, 33], [1.0, 3.0])
    assert signals.level_shift(slow, 8, guard=4).shift[30] == pytest.approx(2.0)


def test_the_ends_of_a_signal_have_no_level_shift() -> None:
    found = signals.level_shift(np.arange(10.0), 4)
    np.testing.assert_array_equal(np.isfinite(found.shift), [False] * 3 + [True] * 5 + [False] * 2)
    np.testing.assert_array_equal(found.n_before[:5], [0, 1, 2, 3, 4])
    assert np.isnan(signals.level_shift(np.full(5, NAN), 3).shift).all()


def test_a_level_shift_of_noise_has_its_stated_error() -> None:
    values = np.random.default_rng(2).normal(size=(300, 41))
    z = []
    for row in values:
        found = signals.level_shift(row, 20)
        z.append(found.shift[20] / found.error[20])
    assert np.std(z) == pytest.approx(1.0, abs=0.2)


def test_the_shift_of_one_outlier_is_small() -> None:
    values = np.zeros(40)
    values[20] = 50.0
    assert np.nanmax(np.abs(signals.level_shift(values, 6).shift)) == 0.0


def test_a_weighted_polynomial_fit_equals_numpy() -> None:
    rng = np.random.default_rng(0)
    t, y, w = rng.uniform(-2, 2, 30), rng.normal(size=30), rng.uniform(0.5, 2, 30)
    coefficients, covariance = signals.local_polyfit(t, y, w, 2)
    expected, expected_cov = np.polyfit(t, y, 2, w=w, cov="unscaled")
    np.testing.assert_allclose(coefficients, expected[::-1])
    np.testing.assert_allclose(covariance, expected_cov[::-1, ::-1])


def test_too_few_samples_give_no_polynomial() -> None:
    coefficients, covariance = signals.local_polyfit(
        np.arange(4.0), np.array([1.0, NAN, 2.0, NAN]), np.ones(4), 2
    )
    assert np.isnan(coefficients).all()
    assert np.isnan(covariance).all()


def _fall(times_s: Floats, seed: int, noise_px: float) -> Floats:
    path = np.array([100.0, 50.0]) + times_s[:, None] * [120.0, -300.0]
    path = path + times_s[:, None] ** 2 / 2 * GRAVITY
    return path + np.random.default_rng(seed).normal(0, noise_px, path.shape)


def test_a_fall_gives_its_acceleration_within_the_stated_error() -> None:
    t = np.arange(20) / 30
    z = []
    for seed in range(200):
        fit = signals.parabola_fit(t, _fall(t, seed, 0.8), 0.8)
        z.append((2 * fit.coefficients[2] - GRAVITY) / (2 * np.sqrt(fit.covariance[:, 2, 2])))
    assert np.abs(np.mean(z)) < 0.15
    assert np.std(z) == pytest.approx(1.0, abs=0.15)


def test_outliers_do_not_move_a_parabola_but_show_in_its_chi_squared() -> None:
    t = np.arange(20) / 30
    path = _fall(t, 1, 0.5)
    path[[4, 11, 17]] += [[60, -40], [-30, 90], [200, 10]]
    path[8] = NAN
    fit = signals.parabola_fit(t, path, 0.5)
    np.testing.assert_array_equal(np.flatnonzero(~fit.inliers), [4, 8, 11, 17])
    np.testing.assert_allclose(2 * fit.coefficients[2], GRAVITY, atol=60)
    assert fit.chi2_per_dof > 100
    assert fit.trimmed_chi2_per_dof < 2.5
    np.testing.assert_allclose(fit.position(t[[8]]), _fall(t[[8]], 0, 0.0), atol=1.5)


def test_a_path_that_is_no_parabola_has_a_large_chi_squared() -> None:
    t = np.arange(30) / 30
    bounce = np.stack([100 * t, 400 * np.abs(t - 0.5)], axis=1)
    assert signals.parabola_fit(t, bounce, 1.0).chi2_per_dof > 20


def test_three_samples_make_no_parabola() -> None:
    fit = signals.parabola_fit(np.arange(3.0), np.zeros((3, 2)), 1.0)
    assert np.isnan(fit.coefficients).all()
    assert not fit.inliers.any()


def test_a_velocity_break_in_free_flight_is_noise_of_the_stated_size() -> None:
    t = np.arange(60) / 30
    z = []
    for seed in range(60):
        found = signals.velocity_break(t, _fall(t, seed, 0.7), 0.7, 8)
        sigma = np.sqrt(np.diagonal(found.covariance, axis1=1, axis2=2))
        z.append((found.change_px_per_s / sigma)[30])
    assert np.std(z) == pytest.approx(1.0, abs=0.25)


def test_a_bounce_is_a_velocity_break_with_the_right_change_and_no_gap() -> None:
    t = np.arange(41) / 30
    velocity = np.where(t[:, None] < t[20], [[90.0, 300.0]], [[90.0, -200.0]])
    path = np.array([50.0, 400.0]) + (t - t[20])[:, None] * velocity
    found = signals.velocity_break(t, path, 0.5, 6)
    np.testing.assert_allclose(found.change_px_per_s[20], [0, -500], atol=1e-6)
    np.testing.assert_allclose(found.gap_px[20], 0, atol=1e-6)
    assert np.nanargmax(np.abs(found.change_px_per_s[:, 1])) in (19, 20, 21)


def test_a_jump_is_a_gap_without_a_change_of_velocity() -> None:
    t = np.arange(41) / 30
    path = np.outer(t, [60.0, 30.0]) + np.where(np.arange(41)[:, None] > 20, 25.0, 0.0)
    found = signals.velocity_break(t, path, 0.5, 6)
    np.testing.assert_allclose(found.gap_px[20], 25.0, atol=1e-6)
    np.testing.assert_allclose(found.change_px_per_s[20], 0.0, atol=1e-6)


def test_few_samples_are_fitted_by_a_line_and_fewer_not_at_all() -> None:
    t = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.05, 12))
    path = np.outer(t, [60.0, 30.0])
    path[4] = NAN
    found = signals.velocity_break(t, path, 0.5, 3)
    known = np.isfinite(found.change_px_per_s[:, 0])
    np.testing.assert_array_equal(np.flatnonzero(known), [4, 8])
    np.testing.assert_allclose(found.change_px_per_s[known], 0.0, atol=1e-6)


def test_a_path_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ShapeError):
        signals.parabola_fit(np.arange(3.0), np.zeros((4, 2)), 1.0)
    with pytest.raises(ShapeError):
        signals.velocity_break(np.arange(3.0), np.zeros(3), 1.0, 3)

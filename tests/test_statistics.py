"""Null families, the calibration of p values, and the bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from physcheck.errors import ConfigurationError, ShapeError
from physcheck.statistics import (
    HIGHEST_PROBABILITY,
    bootstrap_interval,
    equal_mass_bins,
    grouped_intervals,
    log_tail_probability,
    posterior,
    tail_probability,
    violation_probability,
)

VALUES = np.linspace(0.1, 8, 30)
FAMILY = st.sampled_from([("halfnormal", None), ("exponential", None), ("lognormal", 0.7)])


def test_tails_agree_with_scipy() -> None:
    np.testing.assert_allclose(
        tail_probability(VALUES, "halfnormal", 2.0), stats.halfnorm(scale=2).sf(VALUES)
    )
    np.testing.assert_allclose(
        tail_probability(VALUES, "exponential", 2.0), stats.expon(scale=2).sf(VALUES)
    )
    np.testing.assert_allclose(
        tail_probability(VALUES, "lognormal", 2.0, 0.5), stats.lognorm(0.5, scale=2).sf(VALUES)
    )


@pytest.mark.parametrize(("family", "shape"), [("halfnormal", None), ("lognormal", 1.0)])
def test_a_value_of_zero_or_less_is_never_unusual(family: str, shape: float | None) -> None:
    np.testing.assert_allclose(tail_probability([0.0, -3.0], family, 1.0, shape), 1.0)


def test_an_unknown_value_has_an_unknown_probability() -> None:
    assert np.isnan(tail_probability(np.nan, "halfnormal", 1.0))
    assert np.isnan(posterior(np.nan, 0.01))
    assert np.isnan(violation_probability(np.nan, 3.0, "halfnormal", 1.0))


@pytest.mark.parametrize("sigmas", [40.0, 1e3, 1e8, np.inf])
def test_far_out_in_the_tail_the_probability_is_high_and_finite(sigmas: float) -> None:
    p = float(tail_probability(sigmas, "halfnormal", 1.0))
    assert posterior(p, 0.01) == HIGHEST_PROBABILITY
    assert violation_probability(sigmas, 3.0, "halfnormal", 1.0) == HIGHEST_PROBABILITY


def test_logarithms_reach_where_the_p_value_is_zero() -> None:
    log_p = log_tail_probability([40.0, 50.0], "halfnormal", 1.0)
    np.testing.assert_allclose(log_p, np.log(2) + stats.norm.logsf([40.0, 50.0]))
    assert violation_probability(60.0, 60.0, "halfnormal", 1.0) == pytest.approx(0.5)


@given(FAMILY, st.floats(0.01, 50), st.floats(0.1, 10))
def test_a_value_at_its_limit_has_probability_one_half(
    family: tuple[str, float | None], limit: float, scale: float
) -> None:
    name, shape = family
    assert violation_probability(limit, limit, name, scale, shape) == pytest.approx(0.5)


@given(st.floats(1e-12, 0.99))
def test_a_p_value_at_its_limit_has_probability_one_half(p: float) -> None:
    assert posterior(p, p) == pytest.approx(0.5)


@given(FAMILY, st.floats(0.5, 6))
def test_larger_values_rank_strictly_higher(family: tuple[str, float | None], limit: float) -> None:
    name, shape = family
    found = violation_probability(np.linspace(0.05, 9, 200), limit, name, 1.0, shape)
    below_cap = found[found < HIGHEST_PROBABILITY]
    assert (np.diff(below_cap) > 0).all()
    assert (np.diff(found) >= 0).all()


def test_the_bound_is_that_of_sellke_bayarri_and_berger() -> None:
    # Their table: p = .05, .01, .001 allow Bayes factors of .4072, .1252, .0188.
    ratio = 1 / posterior([0.05, 0.001], 0.01) - 1
    np.testing.assert_allclose(ratio, [0.4072 / 0.1252, 0.0188 / 0.1252], rtol=3e-3)


def test_the_probability_is_smooth_where_the_bound_ends() -> None:
    edge = 1 / np.e
    p = edge + np.array([-2e-4, -1e-4, 0, 1e-4, 2e-4])
    assert np.abs(np.diff(posterior(p, 0.01), n=2)).max() < 1e-7


def test_an_ordinary_value_has_next_to_no_probability() -> None:
    assert posterior(1.0, 0.01) == 0.0
    assert posterior(0.999, 0.01) < 0.001


@pytest.mark.parametrize("p_limit", [0.0, 1.0])
def test_a_limit_without_a_usable_p_value_is_refused(p_limit: float) -> None:
    with pytest.raises(ConfigurationError):
        posterior(0.5, p_limit)


@pytest.mark.parametrize(
    ("family", "scale", "shape"),
    [
        ("cauchy", 1.0, None),
        ("halfnormal", 0.0, None),
        ("halfnormal", float("nan"), None),
        ("lognormal", 1.0, None),
        ("lognormal", 1.0, -1.0),
        ("exponential", 1.0, 2.0),
    ],
)
def test_a_wrong_null_is_refused(family: str, scale: float, shape: float | None) -> None:
    with pytest.raises(ConfigurationError):
        tail_probability(1.0, family, scale, shape)


def test_the_bootstrap_interval_of_a_mean_has_the_known_width() -> None:
    values = np.random.default_rng(1).normal(size=400)
    low, high = bootstrap_interval(values, np.mean, seed=3)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 / np.sqrt(400), rel=0.15)


def test_groups_that_repeat_one_value_widen_the_interval() -> None:
    values = np.repeat(np.random.default_rng(1).normal(size=40), 10)
    low, high = bootstrap_interval(values, np.mean)
    grouped_low, grouped_high = bootstrap_interval(values, np.mean, np.repeat(np.arange(40), 10))
    assert (grouped_high - grouped_low) > 2.5 * (high - low)


def test_the_bootstrap_repeats_itself_for_a_seed() -> None:
    values = np.arange(20.0)
    assert bootstrap_interval(values, np.median, seed=5) == bootstrap_interval(
        values, np.median, seed=5
    )


def test_the_bootstrap_of_nothing_is_unknown() -> None:
    assert np.isnan(bootstrap_interval([], np.mean)).all()


def test_groups_of_another_length_are_refused() -> None:
    with pytest.raises(ShapeError):
        bootstrap_interval([1.0, 2.0], np.mean, groups=["a"])


def test_several_figures_share_the_draws_of_one() -> None:
    values, groups = np.random.default_rng(1).normal(size=60), np.repeat(np.arange(20), 3)
    both = grouped_intervals(groups, lambda rows: (values[rows].mean(), values[rows].max()), seed=2)
    assert both.shape == (2, 2)
    assert tuple(both[0]) == bootstrap_interval(values, np.mean, groups, seed=2)
    assert both[1, 1] == values.max()


def test_draws_without_a_value_are_left_out_until_they_are_most() -> None:
    # A figure that needs one group out of three is known in 1 - (2/3)^3 = 70 % of the
    # draws; one that needs two given ones, in 2/9 + ... = 44 % of them.
    def figures(rows: np.ndarray) -> list[float]:
        return [1.0 if 0 in rows else np.nan, 1.0 if {0, 1} <= {*rows} else np.nan]

    ends = grouped_intervals(["a", "b", "c"], figures)
    assert ends[0].tolist() == [1.0, 1.0]
    assert np.isnan(ends[1]).all()


def test_the_intervals_of_nothing_are_unknown() -> None:
    ends = grouped_intervals([], lambda rows: [float("nan")] * 3)
    assert ends.shape == (3, 2)
    assert np.isnan(ends).all()


def test_bins_of_equal_mass_hold_equal_numbers() -> None:
    values = np.random.default_rng(0).permutation(40)
    bins = equal_mass_bins(values, 8)
    assert np.bincount(bins).tolist() == [5] * 8
    assert np.array_equal(bins, values // 5)


def test_equal_values_share_a_bin() -> None:
    assert equal_mass_bins([0, 0, 0, 0, 0, 0, 1, 2, 3, 4], 5).tolist() == [1] * 6 + [3, 3, 4, 4]
    assert equal_mass_bins([], 5).tolist() == []

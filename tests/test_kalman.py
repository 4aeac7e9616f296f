"""The filter against filterpy, against least squares, and against its own statistics."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.linalg import expm

from physcheck import kalman
from physcheck.errors import ConfigurationError, ShapeError
from physcheck.kalman import FilteredTracks, MotionModel
from physcheck.types import Floats

MODEL = MotionModel(
    jerk_px_per_s3=400.0,
    size_noise_per_s2=0.3,
    size_damping_per_s=1.5,
    velocity_px_per_s=300.0,
    acceleration_px_per_s2=500.0,
    size_rate_per_s=0.4,
)
NOISE = np.array([1.0, 1.5, 0.02, 0.03])
FIELDS = ("mean", "cov", "predicted_mean", "predicted_cov", "innovation", "innovation_cov", "nis")


def _times(n: int, seed: int = 0) -> Floats:
    """Frames 20 to 60 ms apart."""
    return np.cumsum(np.random.default_rng(seed).uniform(0.02, 0.06, n))


def _simulate(
    times_s: Floats, n_tracks: int, seed: int = 0, model: MotionModel = MODEL
) -> tuple[Floats, Floats, Floats]:
    """Tracks drawn from the model itself: states (B, T, 10), measurements, noise (B, T, 4)."""
    rng = np.random.default_rng(seed)
    mean, cov = kalman.initial(np.tile([300.0, 200, 4, 4.5], (n_tracks, 1)), NOISE, model)
    state = rng.multivariate_normal(np.zeros(10), cov[0], n_tracks) + mean
    states = [state]
    for dt_s in np.diff(times_s):
        push = rng.multivariate_normal(np.zeros(10), model.Q(dt_s), n_tracks, method="eigh")
        state = state @ model.F(dt_s).T + push
        states.append(state)
    truth = np.stack(states, axis=1)
    noise = np.broadcast_to(NOISE, (*truth.shape[:2], 4)).copy()
    return truth, truth[..., :4] + rng.normal(size=noise.shape) * noise, noise


def _with_holes(times_s: Floats, n_tracks: int) -> tuple[Floats, Floats]:
    """Tracks with gaps, late starts, early ends, a half-seen row and an outlier."""
    _, z, noise = _simulate(times_s, n_tracks)
    noise = noise * np.random.default_rng(1).uniform(0.5, 2, noise.shape)
    z[:, 12:19] = np.nan
    z[1, :6] = np.nan
    z[1, -8:] = np.nan
    z[2, 25, 1:3] = np.nan
    z[0, 30] += [80, -60, 0.5, 0.5]
    return z, noise


def _assert_same(a: FilteredTracks, b: FilteredTracks, tolerance: float = 1e-6) -> None:
    for name in FIELDS:
        np.testing.assert_allclose(
            getattr(a, name), getattr(b, name), rtol=tolerance, atol=tolerance, err_msg=name
        )


def test_filterpy_gives_the_same_filtered_and_smoothed_tracks() -> None:
    t = _times(40)
    z, noise = _with_holes(t, 3)
    own = kalman.filter_tracks(t, z, noise, MODEL)
    other = kalman.filter_tracks(t, z, noise, MODEL, backend="filterpy")
    _assert_same(own, other)
    smooth = kalman.smooth_tracks(own, t, MODEL)
    smooth_other = kalman.smooth_tracks(other, t, MODEL, backend="filterpy")
    for a, b in zip(smooth, smooth_other, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def test_filterpy_agrees_on_the_likelihood_of_each_row() -> None:
    from filterpy.stats import logpdf

    t = _times(20)
    _, z, noise = _simulate(t, 1)
    filtered = kalman.filter_tracks(t, z[0], noise[0], MODEL)
    found = kalman.log_likelihood(filtered)
    expected = [
        logpdf(filtered.innovation[k], cov=filtered.innovation_cov[k]) for k in range(1, 20)
    ]
    np.testing.assert_allclose(found[1:], expected)
    assert found[0] == 0.0


def _least_squares(times_s: Floats, z: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """Best states (T, 10) and their covariance (T, 10, 10), all rows solved at once."""
    T = len(times_s)
    precision, right = np.zeros((T, 10, T, 10)), np.zeros((T, 10))
    mean, cov = kalman.initial(z[0], noise[0], MODEL)
    precision[0, :, 0] += np.linalg.inv(cov)
    right[0] += np.linalg.inv(cov) @ mean
    for k in range(1, T):
        F, weight = (f(times_s[k] - times_s[k - 1]) for f in (MODEL.F, MODEL.Q))
        weight = np.linalg.inv(weight)
        precision[k, :, k] += weight
        precision[k, :, k - 1] -= weight @ F
        precision[k - 1, :, k] -= F.T @ weight
        precision[k - 1, :, k - 1] += F.T @ weight @ F
        for axis in np.flatnonzero(np.isfinite(z[k])):
            precision[k, axis, k, axis] += noise[k, axis] ** -2
            right[k, axis] += noise[k, axis] ** -2 * z[k, axis]
    scale = 1 / np.sqrt(np.einsum("kiki->ki", precision).reshape(-1))
    whole = precision.reshape(10 * T, 10 * T) * np.outer(scale, scale)
    covariance = np.linalg.inv(whole) * np.outer(scale, scale)
    best = covariance @ right.reshape(-1)
    return best.reshape(T, 10), np.einsum("kikj->kij", covariance.reshape(T, 10, T, 10))


def test_the_smoother_is_the_least_squares_solution_and_the_last_filtered_row_too() -> None:
    t = _times(25)
    z, noise = _with_holes(_times(40), 3)
    z, noise = z[0, :25], noise[0, :25]
    best, covariance = _least_squares(t, z, noise)
    filtered = kalman.filter_tracks(t, z, noise, MODEL)
    mean, cov = kalman.smooth_tracks(filtered, t, MODEL)
    spread = np.sqrt(np.einsum("kii->ki", covariance))
    unit = spread[:, :, None] * spread[:, None, :]
    np.testing.assert_allclose(mean / spread, best / spread, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(cov / unit, covariance / unit, atol=1e-4)
    np.testing.assert_allclose(filtered.mean[-1] / spread[-1], (best / spread)[-1], atol=1e-4)
    np.testing.assert_allclose(filtered.cov[-1] / unit[-1], (covariance / unit)[-1], atol=1e-4)


def test_the_nis_of_simulated_tracks_is_chi_squared() -> None:
    t = _times(60)
    _, z, noise = _simulate(t, 80, seed=4)
    nis = kalman.filter_tracks(t, z, noise, MODEL).nis[:, 1:].ravel()
    assert nis.mean() == pytest.approx(4.0, abs=0.12)
    assert stats.kstest(nis, stats.chi2(4).cdf).pvalue > 0.01


def test_innovations_of_simulated_tracks_are_not_correlated_in_time() -> None:
    t = _times(60)
    _, z, noise = _simulate(t, 80, seed=5)
    filtered = kalman.filter_tracks(t, z, noise, MODEL)
    unit = np.sqrt(np.diagonal(filtered.innovation_cov, axis1=-2, axis2=-1))
    y = (filtered.innovation / unit)[:, 1:]
    assert np.abs((y[:, 1:] * y[:, :-1]).mean(axis=(0, 1))).max() < 0.06


def test_the_truth_lies_within_the_stated_uncertainty_of_the_smoothed_state() -> None:
    t = _times(40)
    truth, z, noise = _simulate(t, 100, seed=6)
    z[:, 15:25] = np.nan
    mean, cov = kalman.smooth_tracks(kalman.filter_tracks(t, z, noise, MODEL), t, MODEL)
    miss = (truth - mean)[:, 20]
    distance = np.einsum("bi,bij,bj->b", miss, np.linalg.inv(cov[:, 20]), miss)
    assert stats.kstest(distance, stats.chi2(10).cdf).pvalue > 0.01


@pytest.mark.parametrize("damping", [0.0, 1e-6, 0.3, 5.0])
@pytest.mark.parametrize("dt_s", [0.0, 1 / 240, 1 / 30, 2.0])
def test_f_and_q_solve_the_equation_of_motion(damping: float, dt_s: float) -> None:
    """Van Loan's matrix exponential of the continuous model gives both."""
    model = MotionModel(jerk_px_per_s3=3.0, size_noise_per_s2=2.0, size_damping_per_s=damping)
    A, B = np.zeros((10, 10)), np.zeros((10, 10))
    A[[0, 1, 2, 3, 4, 5], [4, 5, 6, 7, 8, 9]] = 1.0
    A[[6, 7], [6, 7]] = -damping
    B[[8, 9], [8, 9]], B[[6, 7], [6, 7]] = 9.0, 4.0
    whole = expm(np.block([[-A, B], [np.zeros((10, 10)), A.T]]) * dt_s)
    F = whole[10:, 10:].T
    np.testing.assert_allclose(model.F(dt_s), F, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(model.Q(dt_s), F @ whole[:10, 10:], rtol=1e-6, atol=1e-13)


@given(st.floats(0.0, 20.0), st.floats(1e-4, 3.0))
def test_the_noise_of_two_steps_adds_up_to_that_of_one(damping: float, dt_s: float) -> None:
    model = MotionModel(size_damping_per_s=damping)
    F, Q = model.F(dt_s), model.Q(dt_s)
    np.testing.assert_allclose(F @ Q @ F.T + Q, model.Q(2 * dt_s), rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(F @ F, model.F(2 * dt_s), rtol=1e-12, atol=1e-12)


def test_steps_one_by_one_equal_the_pass_over_whole_tracks() -> None:
    t = _times(40)
    z, noise = (a[:1] for a in _with_holes(t, 3))
    whole = kalman.filter_tracks(t, z, noise, MODEL)
    mean, cov = kalman.initial(z[:, 0], noise[:, 0], MODEL)
    for k in range(1, 40):
        mean, cov = kalman.predict(mean, cov, float(t[k] - t[k - 1]), MODEL)
        np.testing.assert_allclose(mean, whole.predicted_mean[:, k])
        y, S, nis = kalman.innovation(mean, cov, z[:, k], noise[:, k])
        np.testing.assert_allclose(y, whole.innovation[:, k])
        np.testing.assert_allclose(nis, whole.nis[:, k])
        if np.isfinite(y).all():
            np.testing.assert_allclose(S, whole.innovation_cov[:, k])
        mean, cov = kalman.update(mean, cov, z[:, k], noise[:, k])
        np.testing.assert_allclose(cov, whole.cov[:, k])


def test_tracks_filtered_together_equal_each_by_itself_with_its_own_model() -> None:
    t = _times(40)
    z, noise = _with_holes(t, 3)
    sizes = np.array([20.0, 100.0, 300.0])
    together = kalman.filter_tracks(t, z, noise, MODEL.for_size(sizes))
    smooth = kalman.smooth_tracks(together, t, MODEL.for_size(sizes))
    via_filterpy = kalman.filter_tracks(t, z, noise, MODEL.for_size(sizes), backend="filterpy")
    _assert_same(together, via_filterpy)
    for b, size in enumerate(sizes):
        model = MODEL.for_size(float(size))
        alone = kalman.filter_tracks(t, z[b], noise[b], model)
        _assert_same(alone, together.map(lambda array, b=b: array[b]), 1e-9)  # type: ignore[misc]
        np.testing.assert_allclose(kalman.smooth_tracks(alone, t, model)[0], smooth[0][b])


def test_a_late_track_is_unknown_before_its_start_and_equals_the_cropped_one() -> None:
    t = _times(40)
    z, noise = _with_holes(t, 3)
    late = kalman.filter_tracks(t, z, noise, MODEL)
    for name in FIELDS:
        assert np.isnan(getattr(late, name)[1, :6]).all(), name
    assert np.isnan(late.innovation[1, 6]).all()
    cropped = kalman.filter_tracks(t[6:], z[1, 6:], noise[1, 6:], MODEL)
    _assert_same(cropped, late.map(lambda array: array[1, 6:]), 1e-9)
    mean, cov = kalman.smooth_tracks(late, t, MODEL)
    assert np.isnan(mean[1, :6]).all()
    assert np.isnan(cov[1, :6]).all()
    assert np.isfinite(mean[1, 6:]).all()


def test_a_track_that_was_never_seen_is_unknown_throughout() -> None:
    t = _times(10)
    z, noise = np.full((2, 10, 4), np.nan), np.full((2, 10, 4), np.nan)
    for backend in ("numpy", "filterpy"):
        found = kalman.filter_tracks(t, z, noise, MODEL, backend=backend)  # type: ignore[arg-type]
        assert all(np.isnan(getattr(found, name)).all() for name in FIELDS)
        mean, _ = kalman.smooth_tracks(found, t, MODEL, backend=backend)  # type: ignore[arg-type]
        assert np.isnan(mean).all()


def test_one_frame_makes_a_track_of_one_row() -> None:
    z, noise = np.array([[10.0, 20, 3, 3]]), NOISE[None]
    found = kalman.filter_tracks(np.zeros(1), z, noise, MODEL)
    np.testing.assert_allclose(found.mean[0, :4], z[0])
    mean, _ = kalman.smooth_tracks(found, np.zeros(1), MODEL)
    np.testing.assert_allclose(mean, found.mean)


def test_uncertainty_grows_through_a_gap_and_shrinks_after_it() -> None:
    t = _times(40)
    z, noise = _with_holes(t, 3)
    found = kalman.filter_tracks(t, z, noise, MODEL)
    spread = found.cov[0, :, 0, 0]
    assert (np.diff(spread[11:19]) > 0).all()
    assert spread[19] < spread[18]
    assert np.isnan(found.nis[0, 12:19]).all()
    assert (kalman.log_likelihood(found)[0, 12:19] == 0).all()


@pytest.mark.parametrize("backend", ["numpy", "filterpy"])
def test_the_innovation_of_an_outlier_is_recorded_in_full_though_it_is_not_used(
    backend: kalman.Backend,
) -> None:
    t = _times(40)
    _, z, noise = _simulate(t, 1)
    clean = kalman.filter_tracks(t, z, noise, MODEL)
    wild, used = z.copy(), np.ones((1, 40), dtype=bool)
    wild[0, 20] += [1e5, 0, 0, 0]
    used[0, 20] = False
    found = kalman.filter_tracks(t, wild, noise, MODEL, used=used, backend=backend)
    np.testing.assert_allclose(
        found.innovation[0, 20], clean.innovation[0, 20] + [1e5, 0, 0, 0], atol=1e-6
    )
    assert found.nis[0, 20] == pytest.approx(1e10 / found.innovation_cov[0, 20, 0, 0], rel=1e-3)
    np.testing.assert_allclose(found.mean[0, 20], found.predicted_mean[0, 20])
    assert abs(found.mean[0, 25, 0] - clean.mean[0, 25, 0]) < 5
    ungated = kalman.filter_tracks(t, wild, noise, MODEL, backend=backend)
    np.testing.assert_allclose(ungated.nis[0, 20], found.nis[0, 20])


def test_one_row_may_be_measured_on_some_axes_only() -> None:
    t = _times(40)
    z, noise = _with_holes(t, 3)
    found = kalman.filter_tracks(t, z, noise, MODEL)
    np.testing.assert_array_equal(np.isnan(found.innovation[2, 25]), [False, True, True, False])
    y, S = found.innovation[2, 25], np.diagonal(found.innovation_cov[2, 25])
    assert found.nis[2, 25] == pytest.approx((y**2 / S)[[0, 3]].sum())


def test_all_pairs_of_things_and_measurements_come_from_one_call() -> None:
    mean, cov = kalman.initial(np.zeros((3, 4)), np.tile(NOISE, (3, 1)), MODEL)
    z = np.random.default_rng(0).normal(size=(5, 4))
    y, S, nis = kalman.innovation(mean[:, None], cov[:, None], z[None], np.tile(NOISE, (1, 5, 1)))
    assert (y.shape, S.shape, nis.shape) == ((3, 5, 4), (3, 5, 4, 4), (3, 5))
    np.testing.assert_allclose(nis[1, 2], (z[2] ** 2 / (2 * NOISE**2)).sum())


def test_no_things_pass_through_every_step() -> None:
    mean, cov = kalman.initial(np.zeros((0, 4)), np.zeros((0, 4)), MODEL)
    mean, cov = kalman.predict(mean, cov, 0.04, MODEL.for_size(np.zeros(0)))
    mean, cov = kalman.update(mean, cov, np.zeros((0, 4)), np.ones((0, 4)))
    assert (mean.shape, cov.shape) == ((0, 10), (0, 10, 10))
    found = kalman.filter_tracks(_times(5), np.zeros((0, 5, 4)), np.zeros((0, 5, 4)), MODEL)
    assert kalman.smooth_tracks(found, _times(5), MODEL)[0].shape == (0, 5, 10)


models = st.builds(
    MotionModel,
    jerk_px_per_s3=st.floats(1e-2, 1e6),
    size_noise_per_s2=st.floats(1e-3, 100),
    size_damping_per_s=st.floats(0, 10),
    velocity_px_per_s=st.floats(10, 1e4),
    acceleration_px_per_s2=st.floats(10, 1e4),
    size_rate_per_s=st.floats(1e-2, 10),
)


def _is_covariance(cov: Floats) -> bool:
    """Symmetric to the last bit, and positive definite once scaled to unit variances."""
    unit = np.sqrt(np.diagonal(cov, axis1=-2, axis2=-1))
    scaled = cov / (unit[..., :, None] * unit[..., None, :])
    return bool((cov == np.swapaxes(cov, -1, -2)).all() and np.linalg.eigvalsh(scaled).min() > 0)


@settings(max_examples=60, deadline=None)
@given(
    models,
    st.lists(st.floats(1e-3, 1.0), min_size=2, max_size=12),
    st.lists(st.booleans(), min_size=12, max_size=12),
    st.floats(0.2, 30),
    st.integers(0, 1000),
)
def test_covariances_stay_symmetric_and_positive_definite(
    model: MotionModel, steps: list[float], seen: list[bool], noise_px: float, seed: int
) -> None:
    t = np.cumsum(steps)
    z = np.random.default_rng(seed).normal(0, 50, (len(t), 4))
    z[1:][~np.array(seen[: len(t) - 1])] = np.nan
    noise = np.tile([noise_px, noise_px, noise_px / 100, noise_px / 100], (len(t), 1))
    filtered = kalman.filter_tracks(t, z, noise, model)
    assert _is_covariance(filtered.cov)
    assert _is_covariance(filtered.predicted_cov[1:])
    mean, cov = kalman.smooth_tracks(filtered, t, model)
    assert _is_covariance(cov)
    assert np.isfinite(mean).all()
    variances, before = (np.einsum("kii->ki", P) for P in (cov, filtered.cov))
    assert (variances <= before * (1 + 1e-6)).all()


def test_frames_with_the_same_time_do_not_break_the_smoother() -> None:
    t = np.array([0.0, 0.04, 0.04, 0.08, 0.12])
    _, z, noise = _simulate(t, 1)
    filtered = kalman.filter_tracks(t, z, noise, MODEL)
    mean, cov = kalman.smooth_tracks(filtered, t, MODEL)
    np.testing.assert_allclose(mean[0, 1], mean[0, 2])
    assert _is_covariance(cov)


def test_the_noise_of_a_track_is_found_despite_motion_gaps_and_outliers() -> None:
    t = _times(120)
    found = []
    for seed in range(8):
        _, z, _ = _simulate(t, 1, seed=seed)
        z[0, 30:40] = np.nan
        z[0, [8, 50, 90]] += 300
        found.append(kalman.estimate_noise(t, z[0]))
    np.testing.assert_allclose(np.mean(found, axis=0), NOISE, rtol=0.35)


def test_a_noiseless_track_has_the_least_noise_and_a_short_one_an_unknown_one() -> None:
    t = _times(40)
    z = np.stack([t**2 * 400, 300 * t, 0 * t, 0 * t], axis=1)
    np.testing.assert_allclose(
        kalman.estimate_noise(t, z, (0.1, 0.2, 0.3, 0.4)), [0.1, 0.2, 0.3, 0.4]
    )
    assert np.isnan(kalman.estimate_noise(t[:6], z[:6])).all()


def test_boxes_come_back_from_their_measurement() -> None:
    boxes = np.array([[10.0, 20, 30, 60], [0, 0, 5, 5]])
    z, noise = kalman.measure(boxes, np.tile([1.0, 1, 2, 2], (2, 1)))
    np.testing.assert_allclose(kalman.to_boxes(z), boxes, atol=1e-12)
    np.testing.assert_allclose(noise[0], [1, 1, 2 / 20, 2 / 40])
    assert np.isnan(kalman.measure(np.zeros((1, 4)), np.ones((1, 4)))[0][0, 2])


def test_wrong_shapes_falling_times_and_unknown_filters_are_refused() -> None:
    t, z = _times(5), np.zeros((5, 4))
    with pytest.raises(ShapeError):
        kalman.filter_tracks(t, z[:4], z[:4], MODEL)
    with pytest.raises(ShapeError):
        kalman.filter_tracks(t[::-1], z, z + 1, MODEL)
    with pytest.raises(ShapeError):
        kalman.filter_tracks(t, z, z + 1, MODEL, used=np.ones(4, dtype=bool))
    with pytest.raises(ConfigurationError):
        kalman.filter_tracks(t, z, z + 1, MODEL, backend="scipy")  # type: ignore[arg-type]


def test_a_track_of_120_frames_takes_a_few_milliseconds() -> None:
    t = _times(120)
    _, z, noise = _simulate(t, 1)
    spent = []
    for _ in range(5):
        begin = time.process_time()
        kalman.smooth_tracks(kalman.filter_tracks(t, z[0], noise[0], MODEL), t, MODEL)
        spent.append(time.process_time() - begin)
    assert min(spent) < 0.03

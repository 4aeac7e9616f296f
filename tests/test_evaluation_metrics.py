"""Figures of clips, frames, pairs and curves: by hand, against scikit-learn, at chance, at 1."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from claims import chance, claimed, event, labelled, truth, wrong

from physcheck.errors import ShapeError
from physcheck.evaluation.alarms import Share, false_alarms
from physcheck.evaluation.curves import detection_curve, smallest_seen
from physcheck.evaluation.frames import FramePool, frame_truth
from physcheck.evaluation.metrics import (
    auroc,
    average_precision,
    brier,
    calibration_error,
    limit_for,
    recall_at_false_alarms,
)
from physcheck.evaluation.pairs import (
    absolute_outcomes,
    clean_limit,
    pairs_of,
    relative_outcomes,
)
from physcheck.statistics import bootstrap_interval, grouped_intervals

BAD = wrong("vanish", 10, 19)


# Clips


def test_auroc_counts_the_pairs_in_order_and_half_the_ties() -> None:
    # 6 pairs of a violating and a clean clip: 4 in order, 1 tie, 1 wrong.
    assert auroc([0.9, 0.5, 0.5, 0.7, 0.1], [1, 1, 0, 0, 0]) == pytest.approx(4.5 / 6)


def test_average_precision_by_hand() -> None:
    # Recall 1/2 at precision 1, recall 1 at precision 2/3.
    assert average_precision([0.9, 0.8, 0.7, 0.1], [1, 0, 1, 0]) == pytest.approx(5 / 6)
    # Tied scores are taken together: recall 1 at precision 1/2.
    assert average_precision([0.5] * 4, [1, 0, 1, 0]) == pytest.approx(0.5)


@pytest.mark.parametrize("seed", range(20))
def test_auroc_and_average_precision_agree_with_scikit_learn(seed: int) -> None:
    oracle = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    rng = np.random.default_rng(seed)
    positive = rng.random(60) < 0.3
    scores = rng.integers(0, 2 + seed, 60) / 10 + 0.2 * positive * rng.integers(0, 2)
    assert auroc(scores, positive) == pytest.approx(oracle.roc_auc_score(positive, scores))
    assert average_precision(scores, positive) == pytest.approx(
        oracle.average_precision_score(positive, scores)
    )
    assert brier(scores / 10, positive) == pytest.approx(
        oracle.brier_score_loss(positive, scores / 10)
    )


def test_a_limit_lets_no_more_clean_clips_through_than_allowed() -> None:
    clean = [0.1, 0.4, 0.4, 0.8]
    assert [limit_for(clean, n) for n in range(5)] == [0.8, 0.4, 0.4, 0.1, -math.inf]


def test_recall_at_false_alarms_cannot_split_ties() -> None:
    scores, positive = [0.9, 0.5, 0.3, 0.8, 0.5, 0.1], [1, 1, 1, 0, 0, 0]
    assert recall_at_false_alarms(scores, positive, 0) == pytest.approx(1 / 3)
    # At most one clean clip: 0.8 is above, but 0.5 stands on both sides.
    assert recall_at_false_alarms(scores, positive, 1) == pytest.approx(1 / 3)
    assert recall_at_false_alarms(scores, positive, 2) == 1.0


def test_calibration_error_by_hand() -> None:
    # Two bins of two: |0.1 - 1/2| and |0.8 - 1|, each with half the mass.
    said, positive = [0.1, 0.1, 0.8, 0.8], [True, False, True, True]
    assert calibration_error(said, positive, n_bins=2) == pytest.approx(0.3)
    assert brier(said, positive) == pytest.approx((0.81 + 0.01 + 0.04 + 0.04) / 4)


def test_calibration_error_does_not_depend_on_the_order_of_ties() -> None:
    said, positive = np.repeat([0.0, 0.3], [70, 30]), np.arange(100) % 3 == 0
    assert calibration_error(said, positive) == calibration_error(said[::-1], positive[::-1])


def test_probabilities_that_come_true_are_calibrated() -> None:
    rng = np.random.default_rng(0)
    said = rng.random(20000)
    assert calibration_error(said, rng.random(20000) < said) < 0.02


@pytest.mark.parametrize("positive", [[], [True, True], [False, False]])
def test_one_class_alone_has_no_figures(positive: list[bool]) -> None:
    scores = np.linspace(0, 1, len(positive))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for figure in (auroc, average_precision, brier, calibration_error):
            assert math.isnan(figure(scores, positive))
        assert math.isnan(recall_at_false_alarms(scores, positive, 0))


def test_scores_that_are_not_numbers_or_not_as_many_are_refused() -> None:
    with pytest.raises(ShapeError, match="NaN"):
        auroc([0.1, float("nan")], [True, False])
    with pytest.raises(ShapeError, match="length"):
        auroc([0.1], [True, False])


def test_random_scores_are_at_chance_and_the_truth_at_one() -> None:
    rng = np.random.default_rng(3)
    positive, scores = np.arange(200) % 2 == 0, rng.random(200)
    low, high = bootstrap_interval(
        np.stack([scores, positive], axis=1), lambda rows: auroc(rows[:, 0], rows[:, 1])
    )
    assert low < 0.5 < high
    sure = positive.astype(float)
    assert auroc(sure, positive) == average_precision(sure, positive) == 1.0
    assert recall_at_false_alarms(sure, positive, 0) == 1.0
    assert calibration_error(sure, positive) == brier(sure, positive) == 0.0


# Frames


def test_the_frames_of_an_interval_include_both_ends() -> None:
    assert np.flatnonzero(frame_truth(labelled("a", BAD), 100)).tolist() == [*range(10, 20)]


def test_frames_beyond_those_decoded_are_not_asked_for() -> None:
    assert frame_truth(labelled("a", BAD), 15).sum() == 5


def test_average_precision_of_frames_by_hand() -> None:
    # Of a's 10 wrong frames 5 stand out alone, the rest is 0 like everything else.
    half = claimed(event("vanish", 15, 20))
    pool = FramePool.of([labelled("a", BAD), labelled("b")], [half, claimed()])
    assert pool.per_clip[0] == pytest.approx(0.5 * 1 + 0.5 * 10 / 100)
    assert math.isnan(pool.per_clip[1])
    assert pool.mean_per_clip() == pool.per_clip[0]
    assert pool.pooled() == pytest.approx(0.5 * 1 + 0.5 * 10 / 200)


def test_pooled_frames_of_drawn_clips_equal_those_of_clips_repeated() -> None:
    rng = np.random.default_rng(0)
    labels = [labelled("a", BAD), labelled("b"), labelled("c", wrong("split", 50, 80))]
    predictions = list(chance(3, rng))
    rows = np.array([2, 0, 2, 1])
    again = FramePool.of([labels[row] for row in rows], [predictions[row] for row in rows])
    pool = FramePool.of(labels, predictions)
    assert pool.pooled(rows) == pytest.approx(again.pooled())
    assert pool.mean_per_clip(rows) == pytest.approx(again.mean_per_clip())


def test_unsure_clips_and_clips_without_intervals_give_no_frames() -> None:
    labels = [labelled("a", BAD), labelled("b", verdict="unsure"), labelled("c", BAD)]
    labels[2] = labels[2].model_copy(update={"violations": ()})
    loud = claimed(event("vanish", 0, 100))
    pool = FramePool.of(labels, [truth(labels[0]), loud, loud])
    assert len(pool.clip) == 100
    assert pool.pooled() == 1.0


def test_random_frames_are_at_chance_and_the_truth_at_one() -> None:
    labels = [labelled(str(row), wrong("vanish", 10, 59)) for row in range(40)]
    pool = FramePool.of(labels, chance(40, np.random.default_rng(0)))
    ends = grouped_intervals(
        np.arange(40), lambda rows: (pool.pooled(rows), pool.mean_per_clip(rows)), n=200
    )
    assert (ends[0, 0], ends[0, 1]) == pytest.approx((0.5, 0.5), abs=0.03)
    # Within a single clip average precision leans above the share of wrong frames.
    assert 0.5 < ends[1, 0] < ends[1, 1] < 0.56
    oracle = FramePool.of(labels, [truth(label) for label in labels])
    assert oracle.pooled() == oracle.mean_per_clip() == 1.0


def test_no_clips_have_no_frames() -> None:
    pool = FramePool.of([], [])
    assert math.isnan(pool.pooled())
    assert math.isnan(pool.mean_per_clip())


# False alarms


def test_false_alarms_by_rule_camera_and_tag() -> None:
    labels = [
        labelled("a", camera="static", tags=["throw", "exit"]),
        labelled("b", camera="static", tags=["exit"]),
        labelled("c", camera="handheld"),
        labelled("d", BAD, camera="static", tags=["throw"]),
        labelled("e", verdict="unsure", camera="static"),
    ]
    twice = claimed(event("vanish", 3, 4), event("vanish", 9, 10), event("merge", 9, 10))
    once = claimed(event("merge", 0, 5))
    found = false_alarms(labels, [twice, claimed(), once, once, once])
    assert found.flagged == Share(2, 3)
    assert found.n_alarms == 4
    assert found.minutes == pytest.approx(3 * 4 / 60)
    assert found.per_minute == pytest.approx(20.0)
    assert found.by_rule == {"merge": Share(2, 3), "vanish": Share(1, 3)}
    assert found.alarms_by_rule == {"merge": 2, "vanish": 2}
    assert found.by_camera == {"handheld": Share(1, 1), "static": Share(1, 2)}
    assert found.by_tag == {"exit": Share(1, 2), "throw": Share(1, 1)}


def test_without_clean_footage_there_is_no_rate() -> None:
    assert math.isnan(false_alarms([labelled("a", BAD)], [claimed()]).per_minute)


# Pairs


def test_every_violating_clip_is_put_beside_every_clean_twin() -> None:
    labels = [
        labelled("a", BAD, pair_id="p"),
        labelled("b", BAD, pair_id="p"),
        labelled("c", pair_id="p"),
        labelled("d", pair_id="q"),
        labelled("e", verdict="unsure", pair_id="q"),
        labelled("f", BAD),
        labelled("g"),
    ]
    pairs = pairs_of(labels)
    assert pairs.violating.tolist() == [0, 1]
    assert pairs.clean.tolist() == [2, 2]
    assert pairs.ids == ("p", "p")
    assert len(pairs_of(labels, ["x", "x", "y", "y", "y", "y", "y"]).ids) == 0


def test_relative_and_absolute_accuracy_by_hand() -> None:
    labels = [labelled(f"{n}", *bad, pair_id=f"{n // 2}") for n, bad in enumerate([(BAD,), ()] * 4)]
    scores = [0.9, 0.1, 0.5, 0.5, 0.2, 0.6, 0.4, 0.3]
    pairs = pairs_of(labels)
    assert relative_outcomes(scores, pairs).tolist() == [1.0, 0.5, 0.0, 1.0]
    assert absolute_outcomes(scores, pairs, 0.35).tolist() == [1.0, 0.0, 0.0, 1.0]


def test_the_limit_of_pairs_flags_at_most_one_clean_clip_in_twenty() -> None:
    scores = np.arange(40.0)
    assert clean_limit(scores) == 37.0
    assert clean_limit(scores[:39]) == 37.0
    assert clean_limit(scores[:10]) == 9.0


def test_scores_that_are_all_alike_win_half_and_prove_nothing() -> None:
    labels = [labelled("a", BAD, pair_id="p"), labelled("b", pair_id="p")]
    pairs = pairs_of(labels)
    assert relative_outcomes([0.5, 0.5], pairs).tolist() == [0.5]
    assert absolute_outcomes([0.5, 0.5], pairs, clean_limit([0.5])).tolist() == [0.0]


def test_random_pairs_are_at_chance_and_the_truth_at_one() -> None:
    labels = [
        labelled(f"{n}{side}", *bad, pair_id=f"{n}")
        for n in range(150)
        for side, bad in (("bad", (BAD,)), ("good", ()))
    ]
    pairs = pairs_of(labels)
    drawn = [one.violation for one in chance(300, np.random.default_rng(5))]
    low, high = bootstrap_interval(relative_outcomes(drawn, pairs), np.mean, pairs.ids)
    assert low < 0.5 < high
    sure = np.array([truth(label).violation for label in labels])
    assert relative_outcomes(sure, pairs).mean() == 1.0
    assert absolute_outcomes(sure, pairs, clean_limit(sure[pairs.clean])).mean() == 1.0


# Detection curves


def drawn_hits(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Recall one half at magnitude 4, 90 % at 4 * exp(ln(9) / 2) = 12."""
    rng = np.random.default_rng(seed)
    magnitudes = np.exp(rng.uniform(np.log(0.5), np.log(64), n))
    return magnitudes, rng.random(n) < 1 / (1 + (magnitudes / 4) ** -2.0)


def test_a_curve_finds_the_recall_that_was_drawn() -> None:
    curve = detection_curve(*drawn_hits(4000))
    assert curve.slope == pytest.approx(2.0, rel=0.1)
    assert curve.recall_at([4.0, 12.0]) == pytest.approx([0.5, 0.9], abs=0.03)
    assert smallest_seen(curve, 0.9) == pytest.approx(12.0, rel=0.1)
    assert [one.n for one in curve.bins] == [800] * 5
    assert all(a.recall < b.recall for a, b in zip(curve.bins, curve.bins[1:], strict=False))


def test_a_curve_agrees_with_logistic_regression_on_much_data() -> None:
    linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    magnitudes, hit = drawn_hits(2000, seed=4)
    curve = detection_curve(magnitudes, hit)
    plain = linear.LogisticRegression(C=1e9).fit(np.log(magnitudes)[:, None], hit)
    assert curve.slope == pytest.approx(plain.coef_[0, 0], rel=0.02)
    assert curve.intercept == pytest.approx(plain.intercept_[0], rel=0.02)


def test_a_curve_by_hand() -> None:
    # Firth's fit on a two by two table is the table with one half added to each cell.
    magnitudes, hit = [1.0] * 4 + [math.e] * 4, [False] * 3 + [True] + [True] * 4
    curve = detection_curve(magnitudes, hit)
    assert curve.intercept == pytest.approx(math.log(1.5 / 3.5))
    assert curve.intercept + curve.slope == pytest.approx(math.log(4.5 / 0.5))
    assert smallest_seen(curve, 0.89) < math.e
    assert [(one.n, one.recall) for one in curve.bins] == [(4, 0.25), (4, 1.0)]


def test_a_curve_stays_finite_where_magnitude_decides_all() -> None:
    curve = detection_curve(np.arange(1.0, 21.0), np.arange(20) >= 10)
    assert math.isfinite(curve.slope)
    assert 11 < smallest_seen(curve, 0.9) < 20


@pytest.mark.parametrize("hit", [True, False])
def test_what_is_always_or_never_seen_has_no_smallest_magnitude(hit: bool) -> None:
    curve = detection_curve(np.arange(1.0, 31.0), [hit] * 30)
    assert math.isfinite(curve.slope)
    assert math.isnan(smallest_seen(curve))


def test_a_single_magnitude_has_bins_and_no_curve() -> None:
    curve = detection_curve([3.0, 3.0], [True, False])
    assert math.isnan(curve.slope)
    assert math.isnan(smallest_seen(curve))
    assert [(one.n, one.n_hit) for one in curve.bins] == [(2, 1)]
    assert detection_curve([], []).bins == ()


def test_magnitudes_must_be_above_zero() -> None:
    with pytest.raises(ShapeError):
        detection_curve([0.0, 1.0], [True, False])

"""The score: a number only where something could be judged."""

from __future__ import annotations

import pytest

from physcheck.score import Score, score


def score_of(**changes) -> Score:
    """Score a clip in which two rules judged a moving thing and found little."""
    values = {
        "peak_probability": {"vanish": 0.02, "size-jump": 0.11},
        "n_judged": {"vanish": 40, "size-jump": 35},
        "abstained": {"vanish": {}, "size-jump": {"too small": 5}},
        "n_violations": 0,
        "n_frames": 48,
        "n_tracks": 1,
        "n_moving_tracks": 1,
    }
    return score(**(values | changes))


def test_the_score_is_one_minus_the_largest_probability():
    assert score_of().value == pytest.approx(0.89)


def test_probabilities_of_dependent_rules_are_not_multiplied():
    both = score_of(peak_probability={"vanish": 0.9, "size-jump": 0.9}, n_violations=2)
    assert both.value == pytest.approx(0.1)


def test_the_reason_names_the_nearest_rule_and_says_that_it_is_not_calibrated():
    result = score_of()
    assert not result.calibrated
    assert "size-jump, p = 0.11" in result.reason
    assert "not yet calibrated" in result.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"n_frames": 1}, "too short: 1 frame"),
        ({"n_frames": 0}, "too short: 0 frames"),
        ({"n_tracks": 0, "n_moving_tracks": 0}, "nothing was found to follow"),
        ({"n_moving_tracks": 0}, "nothing moves"),
        ({"problems": ["the frame size changes"]}, "the frame size changes"),
    ],
)
def test_a_clip_that_shows_nothing_to_judge_gets_no_number(changes, reason):
    result = score_of(**changes)
    assert result.value is None
    assert result.reason == reason


def test_the_commonest_reason_is_named_where_every_rule_abstained():
    result = score_of(
        peak_probability={},
        n_judged={"vanish": 0, "size-jump": 0},
        abstained={"vanish": {"too small": 3}, "size-jump": {"too small": 3, "blurred": 5}},
    )
    assert result.value is None
    assert result.reason == "every rule abstained, mostly because: too small"


@pytest.mark.parametrize(("n", "given"), [(4, False), (5, True)])
def test_five_judged_track_frames_are_the_floor(n, given):
    result = score_of(n_judged={"vanish": n, "size-jump": 0})
    assert (result.value is not None) == given


def test_the_floor_says_how_much_was_judged_where_nobody_abstained():
    result = score_of(n_judged={"vanish": 2}, abstained={"vanish": {}}, min_judged=10)
    assert result.reason == "too little to judge: 2 track-frames, 10 are needed"


def test_a_thing_at_rest_that_vanishes_is_scored_although_nothing_moves():
    result = score_of(peak_probability={"vanish": 0.97}, n_violations=1, n_moving_tracks=0)
    assert result.value == pytest.approx(0.03)
    assert result.reason.startswith("the surest violation is vanish, p = 0.97")


def test_what_forbids_a_score_forbids_it_even_where_something_was_found():
    result = score_of(n_violations=1, problems=["the frame size changes"])
    assert result.value is None


def test_a_rule_without_a_peak_does_not_count_as_having_judged():
    result = score_of(peak_probability={})
    assert result.value is None
    assert result.reason == "every rule abstained, mostly because: too small"


def test_a_score_curve_says_how_often_something_is_wrong_and_keeps_the_order():
    curve = ((0.0, 0.0), (0.1, 0.3), (0.5, 0.6), (1.0, 1.0))
    said = [
        score_of(peak_probability={"vanish": p}, curve=curve).value
        for p in (0.0, 0.1, 0.3, 0.5, 1.0)
    ]
    assert said == pytest.approx([1.0, 0.7, 0.55, 0.4, 0.0])
    reason = score_of(peak_probability={"vanish": 0.1}, curve=curve).reason
    assert "of labelled clips with such a moment 30% had something wrong" in reason

"""Which claims are right: by hand, for the truth, and for chance."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import pytest
from claims import chance, claimed, event, labelled, truth, wrong

from physcheck.evaluation.matching import (
    KindCount,
    RuleCount,
    count_kinds,
    count_rules,
    event_groups,
    hit_figures,
    match_events,
    onset_errors_s,
    onset_figures_ms,
)
from physcheck.evaluation.predictions import Prediction
from physcheck.evaluation.segments import T_IOUS, segment_counts, segment_f1, t_iou
from physcheck.labels import ClipLabel, read_labels
from physcheck.statistics import grouped_intervals

BOX = (100.0, 100.0, 140.0, 120.0)
GONE = wrong("vanish", 20, 30, BOX)


def centred(x: float, y: float) -> tuple[float, float, float, float]:
    return x - 5, y - 5, x + 5, y + 5


def counts(label: ClipLabel, prediction: Prediction, *, kinds: bool = False) -> list[int]:
    """Events, hit, claims, right."""
    found: list[int] = match_events(label, prediction, kinds=kinds).counts.tolist()
    return found


# A hit


@pytest.mark.parametrize(
    ("peak", "is_hit"), [(16, False), (17, True), (25, True), (33, True), (34, False)]
)
def test_the_peak_may_miss_the_interval_by_three_frames(peak: int, is_hit: bool) -> None:
    claim = claimed(event("vanish", peak, peak + 1, box=BOX))
    assert counts(labelled("a", GONE), claim) == [1, is_hit, 1, is_hit]


@pytest.mark.parametrize(
    ("x", "y", "is_hit"),
    # The box is 40 x 20 about (120, 110); grown it is 60 x 30: 90 to 150, 95 to 125.
    [(120, 110, True), (150, 125, True), (89.9, 110, False), (120, 125.1, False)],
)
def test_the_centre_must_lie_in_the_box_grown_by_half(x: float, y: float, is_hit: bool) -> None:
    claim = claimed(event("vanish", 25, 26, box=centred(x, y)))
    assert counts(labelled("a", GONE), claim) == [1, is_hit, 1, is_hit]


def test_the_peak_decides_and_not_the_interval_claimed() -> None:
    assert counts(labelled("a", GONE), claimed(event("vanish", 0, 99, peak=60))) == [1, 0, 1, 0]


def test_without_a_box_on_either_side_the_time_decides() -> None:
    anywhere = claimed(event("vanish", 25, 26, box=centred(900, 900)))
    assert counts(labelled("a", wrong("vanish", 20, 30)), anywhere) == [1, 1, 1, 1]
    assert counts(labelled("a", GONE), claimed(event("vanish", 25, 26))) == [1, 1, 1, 1]


def test_several_claims_on_one_event_are_right_and_the_event_counts_once() -> None:
    twice = claimed(event("vanish", 20, 22, box=BOX), event("merge", 28, 29, box=BOX))
    assert counts(labelled("a", GONE), twice) == [1, 1, 2, 2]
    assert counts(labelled("a", GONE), twice, kinds=True) == [1, 1, 2, 1]


def test_every_claim_about_a_clean_clip_is_wrong() -> None:
    claim = claimed(event("vanish", 25, 26), event("merge", 3, 4))
    assert counts(labelled("a"), claim) == counts(labelled("a"), claim, kinds=True) == [0, 0, 2, 0]


def test_clips_of_which_nothing_is_known_count_nowhere() -> None:
    claim = claimed(event("vanish", 25, 26))
    unsure = labelled("a", GONE, verdict="unsure")
    unplaced = labelled("a", GONE).model_copy(update={"violations": ()})
    for label in (unsure, unplaced):
        assert counts(label, claim) == [0, 0, 0, 0]
        assert segment_counts(label, claim, 0.1).tolist() == [0, 0, 0]
        assert onset_errors_s(label, claim) == ()
        assert count_kinds([label], [claim]) == count_rules([label], [claim]) == {}


# Labels that are one event


def groups(*violations: tuple[int, int, tuple[float, float, float, float] | None]) -> object:
    kinds = ("vanish", "merge", "split", "appear")
    named = zip(kinds, violations, strict=False)
    return event_groups(labelled("a", *(wrong(kind, *one) for kind, one in named)))


def test_labels_that_share_a_frame_and_a_place_are_one_event() -> None:
    assert groups((10, 20, BOX), (20, 30, BOX)) == ((0, 1),)
    assert groups((10, 20, BOX), (21, 30, BOX)) == ((0,), (1,))
    assert groups((10, 20, BOX), (15, 30, (400, 100, 440, 120))) == ((0,), (1,))
    # Ten px apart, but each box grows by ten px to each side.
    assert groups((10, 20, BOX), (15, 30, (150, 100, 190, 120))) == ((0, 1),)


def test_a_label_without_a_box_may_be_anywhere() -> None:
    assert groups((10, 20, BOX), (15, 30, None)) == ((0, 1),)


def test_a_chain_of_overlaps_is_one_event() -> None:
    assert groups((10, 20, BOX), (30, 40, BOX), (60, 70, BOX), (20, 30, BOX)) == ((0, 1, 3), (2,))


def test_one_member_hit_is_the_event_hit_unless_kinds_count() -> None:
    label = labelled("a", GONE, wrong("merge", 28, 40, BOX))
    claim = claimed(event("merge", 40, 42, box=BOX))
    assert counts(label, claim) == [1, 1, 1, 1]
    assert counts(label, claim, kinds=True) == [2, 1, 1, 1]


# Figures


def test_precision_recall_and_f1_by_hand() -> None:
    figures = hit_figures([[2, 1, 3, 2], [0, 0, 1, 0], [2, 0, 0, 0]])
    assert figures == pytest.approx([0.5, 0.25, 1 / 3])


def test_who_claims_nothing_has_no_precision() -> None:
    precision, recall, f1 = hit_figures([[2, 0, 0, 0]])
    assert math.isnan(precision)
    assert (recall, f1) == (0.0, 0.0)
    assert np.isnan(hit_figures(np.zeros((0, 4)))).all()


def test_kinds_and_rules_are_counted_with_and_without_their_names() -> None:
    labels = [labelled("a", GONE, wrong("merge", 60, 70)), labelled("b", GONE), labelled("c")]
    predictions = [
        claimed(event("vanish", 62, 63), event("vanish", 20, 21, box=BOX)),
        claimed(event("teleport", 24, 25, box=BOX)),
        claimed(event("merge", 24, 25, box=BOX)),
    ]
    assert count_kinds(labels, predictions) == {
        "merge": KindCount(1, 1, 0),
        "vanish": KindCount(2, 2, 1),
    }
    assert count_rules(labels, predictions) == {
        "merge": RuleCount(1, 0, 0),
        "teleport": RuleCount(1, 1, 0),
        "vanish": RuleCount(2, 2, 1),
    }


def test_the_onset_error_is_claimed_minus_labelled() -> None:
    claim = claimed(
        event("vanish", 15, 26, peak=25), event("merge", 24, 30), event("split", 90, 91)
    )
    errors = onset_errors_s(labelled("a", GONE), claim)
    assert errors == pytest.approx((-0.2, 0.16))
    assert onset_figures_ms(errors) == pytest.approx((-20.0, 180.0))
    assert np.isnan(onset_figures_ms(())).all()


def test_the_onset_is_held_against_the_label_of_the_same_kind() -> None:
    label = labelled("a", GONE, wrong("merge", 28, 40))
    assert onset_errors_s(label, claimed(event("merge", 29, 30))) == pytest.approx((0.04,))
    assert onset_errors_s(label, claimed(event("split", 38, 39))) == pytest.approx((0.4,))


def test_a_label_beyond_the_decoded_frames_is_timed_by_its_frame_rate() -> None:
    label = labelled("a", wrong("vanish", 98, 110), frames=120)
    late = claimed(event("vanish", 100, 101))
    assert onset_errors_s(label, late) == pytest.approx((0.08,))


# Segments


def test_temporal_iou_by_hand() -> None:
    assert t_iou([[0, 10]], [[0, 10], [5, 15], [10, 20], [2, 4]])[0] == pytest.approx(
        [1, 1 / 3, 0, 0.2]
    )


def activity_net() -> tuple[ClipLabel, Prediction]:
    """A worked example as ActivityNet has them, s at 25 frames a second.

    Labelled: 0.4-1.2 (A) and 2.0-2.8 (B), that is frames 10-29 and 50-69.
    Claimed, the surest first: 2.4-3.2 shares 0.4 of 1.2 with B: 1/3.
    0.4-1.0 shares 0.6 of 0.8 with A: 3/4. 1.04-1.6 shares 0.16 of 1.2 with A: 2/15.
    2.0-2.36 shares 0.36 of 0.8 with B: 9/20.
    """
    label = labelled("a", wrong("vanish", 10, 29), wrong("merge", 50, 69))
    claim = claimed(
        event("split", 26, 40, probability=0.7, box=BOX),
        event("split", 60, 80, probability=0.9, box=BOX),
        event("split", 10, 25, probability=0.8, box=BOX),
        event("split", 50, 59, probability=0.6, box=BOX),
    )
    return label, claim


def test_segments_of_a_worked_example() -> None:
    label, claim = activity_net()
    # 0.1: B by 1/3 and A by 3/4; the others find their segments taken. 2 of 2 and 2 of 4.
    # 0.3: the same. 0.5: only A; 9/20 is too little for B though it is free.
    assert [segment_counts(label, claim, limit).tolist() for limit in T_IOUS] == [
        [2, 2, 4],
        [2, 2, 4],
        [2, 1, 4],
    ]
    # 0.4: 1/3 is too little, so B is still free for 9/20.
    assert segment_counts(label, claim, 0.4).tolist() == [2, 2, 4]
    figures = [segment_f1(segment_counts(label, claim, limit)) for limit in T_IOUS]
    assert figures == pytest.approx([2 / 3, 2 / 3, 1 / 3])


def test_a_second_claim_on_a_segment_is_wrong() -> None:
    label = labelled("a", wrong("vanish", 10, 29))
    claim = claimed(event("vanish", 10, 20), event("vanish", 20, 30))
    assert segment_counts(label, claim, 0.3).tolist() == [1, 1, 2]


def test_claims_that_overlap_in_time_and_place_are_one_segment() -> None:
    label = labelled("a", wrong("vanish", 10, 29))
    claim = claimed(event("vanish", 10, 25, box=BOX), event("merge", 20, 30, box=BOX))
    assert segment_counts(label, claim, 0.5).tolist() == [1, 1, 1]


def test_thirds_of_a_clip_stay_three_segments() -> None:
    thirds = claimed(event("", 0, 33), event("", 33, 66), event("", 66, 100))
    assert segment_counts(labelled("a"), thirds, 0.1).tolist() == [0, 0, 3]


def test_nothing_labelled_and_nothing_claimed_has_no_segment_f1() -> None:
    assert math.isnan(segment_f1(np.zeros((4, 3))))
    assert segment_f1([[0, 0, 2]]) == 0.0


# Truth and chance


def assert_truth_is_one(labels: list[ClipLabel]) -> None:
    oracle = [truth(label) for label in labels]
    pairs = list(zip(labels, oracle, strict=True))
    for kinds in (False, True):
        found = [match_events(*pair, kinds=kinds).counts for pair in pairs]
        assert hit_figures(found).tolist() == [1.0, 1.0, 1.0]
    for limit in T_IOUS:
        assert segment_f1([segment_counts(*pair, limit) for pair in pairs]) == 1.0
    assert onset_figures_ms([error for pair in pairs for error in onset_errors_s(*pair)]) == (0, 0)
    assert all(len({*count}) == 1 for count in count_kinds(labels, oracle).values())
    assert all(len({*count}) == 1 for count in count_rules(labels, oracle).values())


def test_the_truth_is_one_everywhere() -> None:
    assert_truth_is_one(
        [
            labelled("a", GONE, wrong("merge", 28, 40, BOX), wrong("split", 30, 35)),
            labelled("b", wrong("vanish", 0, 0), wrong("appear", 99, 99)),
            labelled("c"),
            labelled("d", GONE, verdict="unsure"),
        ]
    )


def test_the_truth_of_generated_clips_is_one_everywhere(shared: Path) -> None:
    assert_truth_is_one([*read_labels(shared / "clips" / "generated" / "labels.json").clips])


def test_chance_hits_as_often_as_its_peaks_fall_into_the_intervals() -> None:
    # Intervals of 20 frames widened to 26; a peak falls on 95 frames with equal chance.
    labels = [labelled(str(row), wrong("vanish", 40, 59)) for row in range(400)]
    drawn = chance(400, np.random.default_rng(0))
    found = np.array(
        [match_events(*pair, kinds=False).counts for pair in zip(labels, drawn, strict=True)]
    )
    ends = grouped_intervals(np.arange(400), lambda rows: hit_figures(found[rows]), n=300)
    expected = 26 / 95
    assert ends[0, 0] < expected < ends[0, 1]
    assert ends[1, 0] < 0.5 * expected < ends[1, 1]


def test_intervals_of_many_figures_take_seconds() -> None:
    labels = [labelled(str(row), *([GONE] if row % 2 else [])) for row in range(400)]
    drawn = chance(400, np.random.default_rng(0))
    tables = [
        np.array(
            [match_events(*pair, kinds=False).counts for pair in zip(labels, drawn, strict=True)]
        )
        for _ in range(5)
    ]
    began = time.perf_counter()
    grouped_intervals(
        np.arange(400), lambda rows: np.concatenate([hit_figures(one[rows]) for one in tables])
    )
    assert time.perf_counter() - began < 5

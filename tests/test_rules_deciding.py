"""A limit is met in one place: from signals to violations, coverage and timeline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physcheck.checks import read_check
from physcheck.rules import Null, Pack, Rule, decide, load_pack, measure, thing_name
from physcheck.types import Alternative, Evidence, Shot, Signal, Video, World


def default_pack(**changes) -> Pack:
    """A pack with one rule in px, limit 3, null halfnormal 1."""
    rule = Rule("dip", "floor-penetration", "floor", 3.0, "px", 1, Null("halfnormal", 1.0), {})
    return Pack("p", "1", "", "0" * 64, "p.yaml", (replace(rule, **changes),))


def video_of(n_frames: int, doubled: tuple[int, ...] = (), fps: float = 10.0) -> Video:
    flags = np.zeros(n_frames, dtype=bool)
    flags[list(doubled)] = True
    times_s = np.arange(n_frames) / fps
    return Video("c.mp4", 64, 48, times_s, flags, np.zeros(n_frames, bool), ((0, n_frames),))


def signal_of(values, *, frames=None, evidence=(), unit="px", reasons=None, ids=(3,), label=""):
    values = np.asarray(values, dtype=np.float64)
    frames = np.arange(len(values)) if frames is None else np.asarray(frames)
    words = np.where(np.isnan(values), "hidden", "") if reasons is None else np.array(reasons)
    boxes = frames[:, None] + np.array([0.0, 0.0, 10.0, 10.0])
    return Signal(ids, label, frames, values, unit, words, boxes, tuple(evidence))


def decided(values, *, pack=None, video=None, **arguments):
    signal = signal_of(values, **arguments)
    video = video or video_of(int(signal.frames[-1]) + 1)
    return decide(pack or default_pack(), {"dip": [signal]}, video)


nan = float("nan")


def spans(decision) -> list[tuple[int, int]]:
    return [(one.start_frame, one.stop_frame) for one in decision.violations]


def test_a_run_over_the_limit_is_one_violation_with_all_its_fields():
    (violation,) = decided([0, 1, 4, 5, 2, 0]).violations
    assert (violation.id, violation.rule, violation.group) == ("v1", "dip", "floor")
    assert (violation.start_frame, violation.stop_frame, violation.peak_frame) == (2, 4, 3)
    assert (violation.start_s, violation.stop_s) == pytest.approx((0.2, 0.4))
    assert (violation.peak, violation.limit, violation.unit) == (5.0, 3.0, "px")
    assert violation.box == (3.0, 3.0, 13.0, 13.0)
    assert violation.explanation == "peaks at 5 px, limit 3.0 px"
    assert 0.5 < violation.probability < 1


def test_a_value_at_the_limit_is_no_violation():
    decision = decided([0, 3, 3, 0])
    assert decision.violations == ()
    assert decision.peak_probability["dip"] == pytest.approx(0.5)


def test_a_row_without_a_value_ends_a_run():
    assert spans(decided([4, 4, nan, 4, 0])) == [(0, 2), (3, 4)]


def test_a_run_must_be_long_enough_and_its_probability_agrees():
    pack = default_pack(min_frames=2)
    short = decided([0, 9, 0, 9, nan, 9, 0], pack=pack)
    assert short.violations == ()
    assert short.peak_probability["dip"] < 0.5
    long = decided([0, 9, 4, 0], pack=pack)
    assert spans(long) == [(1, 3)]
    assert long.violations[0].peak == 9
    assert long.violations[0].probability == long.peak_probability["dip"]
    assert 0.5 < long.peak_probability["dip"] < decided([9]).peak_probability["dip"]


def test_rows_count_and_not_frame_numbers_where_frames_are_doubled():
    video = video_of(12, doubled=(1, 2, 4, 5, 7, 8, 10, 11))
    decision = decided(
        [0, 4, 4, 0], frames=[0, 3, 6, 9], video=video, pack=default_pack(min_frames=2)
    )
    assert spans(decision) == [(3, 9)]


def test_a_run_at_the_end_stops_with_the_clip():
    video = video_of(12, doubled=(10, 11))
    (violation,) = decided([0, 4], frames=[8, 9], video=video).violations
    assert (violation.start_frame, violation.stop_frame) == (9, 12)
    assert violation.stop_s == pytest.approx(1.2)


def test_the_track_may_end_before_the_clip_does():
    (violation,) = decided([0, 4], frames=[8, 9], video=video_of(30)).violations
    assert violation.stop_frame == 10


TRIED = (Alternative("occluded", 4.2, "nothing nearer"),)


def evidence_of(start: int, stop: int, text: str = "9.4 px below the floor.") -> Evidence:
    return Evidence(start, stop, (1.0, 2.0, 3.0, 4.0), text, TRIED)


def test_the_evidence_of_a_check_speaks_for_the_run_it_overlaps():
    (violation,) = decided([0, 0, 0, 9, 0, 0], evidence=[evidence_of(2, 5)]).violations
    assert (violation.start_frame, violation.stop_frame) == (2, 5)
    assert violation.box == (1.0, 2.0, 3.0, 4.0)
    assert violation.explanation == "9.4 px below the floor, limit 3.0 px"
    assert violation.alternatives == TRIED


def test_runs_that_share_an_evidence_are_one_violation():
    decision = decided([0, 4, 2, 7, 0, 0], evidence=[evidence_of(1, 5)])
    assert spans(decision) == [(1, 5)]
    assert decision.violations[0].peak == 7


def test_a_run_over_two_evidences_is_two_violations_each_with_its_own_peak():
    decision = decided([5, 4, 4, 4, 8, 0], evidence=[evidence_of(0, 1), evidence_of(4, 6)])
    assert spans(decision) == [(0, 1), (4, 6)]
    assert [one.peak for one in decision.violations] == [5, 8]


def test_an_evidence_below_the_limit_accuses_nobody():
    assert decided([0, 2, 0], evidence=[evidence_of(1, 2)]).violations == ()


def test_an_evidence_elsewhere_does_not_speak_for_a_run():
    decision = decided([0, 2, 0, 0, 9], evidence=[evidence_of(1, 2)])
    assert spans(decision) == [(4, 5)]
    assert decision.violations[0].explanation.startswith("peaks at")


def test_an_evidence_that_reaches_beyond_the_clip_is_cut():
    decision = decided([0, 0, 0, 9], evidence=[evidence_of(3, 7)])
    assert spans(decision) == [(3, 4)]


def test_violations_are_numbered_by_start_then_by_probability():
    signals = [
        signal_of([0, 0, 9, 0], ids=(1,)),
        signal_of([0, 4, 0, 0], ids=(2,)),
        signal_of([0, 6, 0, 0], ids=(3,)),
    ]
    for order in (signals, signals[::-1]):
        found = decide(default_pack(), {"dip": order}, video_of(4)).violations
        assert [(one.id, one.track_ids) for one in found] == [
            ("v1", (3,)),
            ("v2", (2,)),
            ("v3", (1,)),
        ]


def test_a_signal_in_another_unit_is_refused():
    with pytest.raises(ValueError, match="in px, but check 'floor-penetration' gave a signal in m"):
        decided([1, 2], unit="m")


def test_an_infinite_value_is_a_violation_that_fits_into_a_report():
    decision = decided([0, float("inf"), float("-inf"), 0])
    assert spans(decision) == [(1, 2)]
    assert np.isfinite(decision.violations[0].peak)
    assert np.isfinite(decision.timeline.excess).all()


def test_coverage_counts_judged_rows_and_abstentions_their_reasons():
    pack = default_pack()
    pack = replace(pack, rules=(*pack.rules, replace(pack.rules[0], name="other")))
    signals = [
        signal_of([1, nan, nan, nan], reasons=["", "hidden", "small", "hidden"]),
        signal_of([nan, 2], reasons=["", ""]),
    ]
    decision = decide(pack, {"dip": signals}, video_of(4))
    assert decision.coverage == {"dip": pytest.approx(2 / 6), "other": None}
    assert decision.n_judged == {"dip": 2, "other": 0}
    assert decision.abstained == {
        "dip": {"hidden": 2, "no reason given": 1, "small": 1},
        "other": {},
    }
    assert sum(decision.abstained_shares()["dip"].values()) == pytest.approx(4 / 6)
    assert set(decision.peak_probability) == {"dip"}


def test_the_timeline_shows_the_worst_thing_in_each_frame():
    signals = [signal_of([0, 1.5, nan, nan, nan]), signal_of([6, nan], frames=[1, 2])]
    timeline = decide(default_pack(), {"dip": signals}, video_of(6)).timeline
    assert timeline.rules == ("dip",)
    np.testing.assert_allclose(timeline.excess[:, 0], [0, 2, nan, nan, nan, nan])
    assert timeline.reasons[:, 0].tolist() == ["", "", "hidden", "hidden", "hidden", ""]


def test_the_timeline_gives_the_commonest_reason():
    signals = [signal_of([nan], reasons=[word]) for word in ("small", "hidden", "small")]
    timeline = decide(default_pack(), {"dip": signals}, video_of(1)).timeline
    assert timeline.reasons[0, 0] == "small"


def test_doubled_frames_repeat_the_frame_before_them_in_the_timeline():
    video = video_of(7, doubled=(1, 2, 4, 5))
    timeline = decided([3, nan, 6], frames=[0, 3, 6], video=video).timeline
    np.testing.assert_allclose(timeline.excess[:, 0], [1, 1, 1, nan, nan, nan, 2])
    assert timeline.reasons[:, 0].tolist() == ["", "", "", "hidden", "hidden", "hidden", ""]


def test_a_clip_without_anything_is_decided_too():
    decision = decide(default_pack(), {}, video_of(1))
    assert decision.violations == ()
    assert decision.coverage == {"dip": None}
    assert decision.timeline.excess.shape == (1, 1)


values_with_gaps = st.lists(
    st.one_of(st.just(nan), st.floats(-5, 20, allow_nan=False)), min_size=1, max_size=30
)


@given(values_with_gaps, st.integers(1, 3), st.data())
def test_marking_frames_unjudged_never_adds_a_violated_frame(values, min_frames, data):
    pack = default_pack(min_frames=min_frames)
    holes = data.draw(st.lists(st.integers(0, len(values) - 1), max_size=5))
    masked = [nan if row in holes else value for row, value in enumerate(values)]
    before = {f for a, b in spans(decided(values, pack=pack)) for f in range(a, b)}
    after = {f for a, b in spans(decided(masked, pack=pack)) for f in range(a, b)}
    assert after <= before


@given(values_with_gaps, st.integers(1, 3))
def test_a_rule_is_violated_exactly_where_its_probability_reaches_a_half(values, min_frames):
    decision = decided(values, pack=default_pack(min_frames=min_frames))
    peak = decision.peak_probability.get("dip", 0.0)
    surest = max((one.probability for one in decision.violations), default=None)
    if surest is None:
        assert peak <= 0.5
    else:
        assert surest >= 0.5
        assert surest == pytest.approx(peak)


@pytest.mark.parametrize("name", ["default", "strict", "lenient"])
def test_every_shipped_limit_can_be_reached_and_is_worth_a_half(name):
    pack = load_pack(name)
    for rule in pack.rules:
        for factor, judge in ((1.0001, True), (0.9999, False)):
            signal = signal_of([rule.limit * factor] * rule.min_frames, unit=rule.unit)
            decision = decide(pack, {rule.name: [signal]}, video_of(rule.min_frames))
            assert bool(decision.violations) is judge
            assert decision.peak_probability[rule.name] == pytest.approx(0.5, abs=0.01)


def test_probability_grows_with_the_value_from_nothing_to_certainty():
    levels = [decided([value]).peak_probability["dip"] for value in (-5, 0, 1, 2, 3, 4, 6, 9)]
    assert levels == sorted(levels)
    assert levels[0] < 0.1
    assert levels[-1] > 0.99


def test_a_thing_is_named_by_number_and_word():
    assert thing_name((3,), "ball") == "object 3 (ball)"
    assert thing_name((3,), "") == "object 3"
    assert thing_name((3, 5), "") == "objects 3, 5"
    assert thing_name((), "") == "the picture"


def empty_shot() -> Shot:
    frames = np.arange(2)
    world = World(np.tile(np.eye(3), (2, 1, 1)), frames, False)
    return Shot(frames, frames / 10, np.zeros(2, bool), 64, 48, (), world)


def double(shot: Shot, *, value: float = 1.0) -> list[Signal]:
    """A thing does what it should not.

    Statistic: what it is told, twice.
    Abstains: never.
    Blind to: everything.
    Source: made up.
    """
    return [signal_of([value, value])]


def test_a_check_is_given_the_parameters_of_its_rule():
    checks = {"floor-penetration": read_check(double, name="double", group="floor", unit="px")}
    (signal,) = measure(default_pack(parameters={"value": 7.0}), empty_shot(), checks=checks)["dip"]
    assert signal.values.tolist() == [7.0, 7.0]

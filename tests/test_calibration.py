"""Limits learned from labelled clips: the tail, the odds, the pack that is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sample_report import report
from typer.testing import CliRunner

from physcheck.calibration import Peaks, calibrate, gather_peaks, pack_yaml
from physcheck.calibration.limits import tail_limit
from physcheck.calibration.peaks import ClipReport
from physcheck.calibration.score_curve import fit_score_curve
from physcheck.calibration.steepness import GENTLE, fit_scale, fit_steepness
from physcheck.cli import app
from physcheck.errors import ConfigurationError, ShapeError
from physcheck.labels import ClipLabel, ViolationLabel
from physcheck.rules import Pack, load_pack, select_rules
from physcheck.statistics import odds_probability


def peaks(n_clean: int = 200, n_violating: int = 100, seed: int = 0) -> Peaks:
    """Two rules: halfnormal where nothing is wrong, five times as much where something is."""
    draw = np.random.default_rng(seed)
    n = n_clean + n_violating
    values = np.abs(draw.normal(0.0, 1.0, (n, 2)))
    values[n_clean:, 0] *= 5.0
    values[n_clean:, 1] = np.nan
    return Peaks(
        values=values,
        elsewhere=np.full((n, 2), np.nan),
        clean=np.arange(n) < n_clean,
        groups=tuple(f"source {k}" for k in range(n)),
        origins=("footage",) * n,
        rules=("size-jump", "teleport"),
        kinds=(frozenset[str](),) * n_clean + (frozenset({"size-jump"}),) * n_violating,
    )


def pack() -> Pack:
    return select_rules(load_pack("default"), select=["size-jump", "teleport"])


@pytest.mark.parametrize(("additive", "scale"), [(False, 1.0), (True, 0.5)])
def test_a_limit_is_exceeded_by_about_the_share_of_clips_that_was_asked_for(
    additive: bool, scale: float
) -> None:
    draw = np.random.default_rng(1)
    sizes = draw.exponential(scale, (400, 60)) if additive else abs(draw.normal(0, 1, (400, 60)))
    limits = [tail_limit(row, 0.01, additive=additive, n_clean=60) for row in sizes]
    beyond = np.exp(-np.array(limits) / scale)
    if not additive:
        beyond = np.array([np.mean(abs(draw.normal(0, 1, 20_000)) > one) for one in limits])
    assert 0.0005 < np.median(beyond) < 0.02


def test_clips_without_a_number_count_as_never_over_the_limit() -> None:
    few = np.append(np.linspace(0.1, 1.0, 10), np.full(90, np.nan))
    alone = tail_limit(few[:10], 0.05, additive=False, n_clean=10)
    assert tail_limit(few, 0.05, additive=False, n_clean=100) < alone


def test_where_nothing_is_above_zero_there_is_no_limit_to_learn() -> None:
    assert tail_limit(np.array([0.0, np.nan]), 0.01, additive=False, n_clean=2) == 0.0


def test_a_share_outside_of_zero_and_one_is_refused() -> None:
    with pytest.raises(ShapeError):
        tail_limit(np.ones(3), 1.0, additive=False, n_clean=3)


def test_the_steepness_behind_the_labels_is_found_again() -> None:
    draw = np.random.default_rng(2)
    ratios = np.exp(draw.normal(0.0, 1.0, 3000))
    wrong = draw.random(3000) < odds_probability(ratios, 1.0, 6.0)
    assert fit_steepness(ratios, wrong, np.ones(3000)) == pytest.approx(6.0, rel=0.15)


def test_without_data_the_odds_grow_gently() -> None:
    nothing = np.zeros(0)
    assert fit_steepness(nothing, nothing > 0, nothing) == pytest.approx(GENTLE, rel=0.02)


def test_odds_are_even_at_the_limit_and_grow_with_the_value() -> None:
    found = odds_probability([-1.0, 0.0, 1.0, 2.0, 4.0, np.inf], 2.0, 3.0)
    assert found[:2].tolist() == [0.0, 0.0]
    assert found[3] == 0.5
    assert (np.diff(found[1:]) > 0.0).all()
    assert found[-1] < 1.0


def test_a_rule_is_calibrated_on_what_clean_clips_reach() -> None:
    learned = calibrate(peaks(), pack(), share=0.02)
    size, place = learned.rules
    assert 2.0 < size.limit < 4.5
    assert (size.n_clean, size.n_violating, place.n_violating) == (200, 100, 0)
    assert learned.held_out.clean_flagged < 0.09
    assert learned.held_out.violating_flagged > 0.4


def test_a_limit_holds_on_each_kind_of_footage_by_itself() -> None:
    both = peaks()
    noisy = np.arange(300) < 30
    values = np.where(noisy[:, None], both.values * 4.0, both.values)
    origins = tuple("handheld" if one else "tripod" for one in noisy)
    mixed = replace(both, values=values, origins=origins)
    assert calibrate(mixed, pack()).rules[0].limit > 2 * calibrate(both, pack()).rules[0].limit


def test_clips_of_one_source_have_one_vote() -> None:
    one = peaks(n_clean=12, n_violating=0)
    copies = Peaks(
        np.repeat(one.values, 9, axis=0),
        np.repeat(one.elsewhere, 9, axis=0),
        np.repeat(one.clean, 9),
        tuple(np.repeat(one.groups, 9).tolist()),
        ("footage",) * 108,
        one.rules,
        one.kinds * 9,
    )
    assert calibrate(copies, pack()).rules[0].limit == calibrate(one, pack()).rules[0].limit


def test_limits_can_be_kept_while_probabilities_are_learned() -> None:
    kept = calibrate(peaks(), pack(), share=None)
    assert [one.limit for one in kept.rules] == [one.limit for one in pack().rules]
    assert all(one.kept for one in kept.rules)
    assert kept.score_curve


def test_a_rule_learns_its_odds_from_the_violations_of_its_own_kind_alone() -> None:
    found = peaks()
    others = replace(found, kinds=(frozenset({"teleport"}),) * len(found.clean))
    assert calibrate(others, pack()).rules[0].n_violating == 0
    assert calibrate(found, pack()).rules[0].n_violating == 100


def test_too_few_clean_clips_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least 10"):
        calibrate(peaks(n_clean=9), pack())


def test_the_pack_that_is_written_loads_and_is_calibrated(tmp_path: Path) -> None:
    learned = calibrate(peaks(), pack())
    file = tmp_path / "mine.yaml"
    file.write_text(pack_yaml(learned, pack(), name="mine", detector="motion"), encoding="utf-8")
    mine = load_pack(file)
    assert mine.calibrated
    assert not load_pack("strict").calibrated
    rules = {rule.name: rule for rule in mine.rules}
    assert rules["size-jump"].limit == learned.rules[0].limit
    assert rules["size-jump"].steepness is None
    assert rules["size-jump"].null.scale == learned.rules[0].scale
    assert "worst of 200 clean clips" in rules["size-jump"].origin
    assert mine.score_curve == learned.score_curve
    assert rules["vanish"].steepness is None


@pytest.mark.parametrize("n", [60, 600])
def test_the_score_curve_finds_how_often_something_is_wrong_and_never_ties(n: int) -> None:
    draw = np.random.default_rng(3)
    worst = draw.uniform(0.0, 1.0, n)
    # What no rule sees is wrong too: a third of the clips in which nothing was found.
    violating = draw.uniform(0.0, 1.0, n) < 1 / 3 + worst * 2 / 3
    knots = np.array(fit_score_curve(worst, violating))
    assert (np.diff(knots, axis=0) > 0.0).all()
    assert knots[0].tolist() == [0.0, 0.0] and knots[-1].tolist() == [1.0, 1.0]
    assert np.interp(0.5, *knots.T) == 0.5
    at = np.array([0.2, 0.8])
    assert np.interp(at, *knots.T) == pytest.approx(1 / 3 + at * 2 / 3, abs=0.15)


def test_with_hardly_any_clips_the_score_curve_takes_probabilities_as_they_are() -> None:
    knots = np.array(fit_score_curve(np.array([0.1, 0.9]), np.array([False, True])))
    assert np.interp([0.1, 0.5, 0.9], *knots.T) == pytest.approx([0.1, 0.5, 0.9], abs=0.1)


def test_scores_of_clips_that_were_held_out_say_how_often_something_is_wrong() -> None:
    assert calibrate(peaks(400, 300), pack()).held_out.calibration_error < 0.1


def test_the_scale_behind_the_labels_is_found_again() -> None:
    draw = np.random.default_rng(5)
    excess = draw.normal(0.0, 3.0, 4000)
    violating = draw.uniform(size=4000) < 1 / (1 + np.exp(-excess / 1.5))
    assert fit_scale(excess, violating, np.ones(4000)) == pytest.approx(1.5, rel=0.15)


def test_peaks_are_those_of_the_labelled_frames_in_a_violating_clip() -> None:
    said = report()
    lanes = said.timeline.rules
    rules = load_pack("default")
    limits = {rule.name: rule for rule in rules.rules}
    name = next(k for k, lane in lanes.items() if lane.excess and limits[k].min_frames == 1)
    excess = np.array([np.nan if one is None else one for one in lanes[name].excess or ()])
    at = int(np.nanargmax(excess))
    event = ViolationLabel(kind="vanish", start_frame=at, end_frame=at)
    wrong = ClipLabel(clip="a.mp4", verdict="violation", violations=(event,))
    clean = ClipLabel(clip="b.mp4", verdict="clean")
    clips = [ClipReport("set", wrong, said), ClipReport("set", clean, said)]
    found = gather_peaks(clips, rules)
    column = found.rules.index(name)
    assert found.values[:, column] == pytest.approx(excess[at] * limits[name].limit)
    assert found.clean.tolist() == [False, True]


def test_a_share_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    labels = tmp_path / "labels.json"
    labels.write_text("[]")
    arguments = ["calibrate", str(labels), "-o", str(tmp_path / "p.yaml"), "--share", "2"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert not (tmp_path / "p.yaml").exists()

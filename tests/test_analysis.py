"""The whole story: the same verdict for the same physics, whatever the wrapping."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from physcheck.analysis import analyze
from physcheck.config import TimeSpan
from physcheck.errors import ConfigurationError, InputError
from physcheck.records import Report
from physcheck.types import Bytes
from physcheck.video import write_video

Analysed = Callable[[str], Report]
STAGES = {"decode", "camera", "detect", "track", "explain", "judge", "decide", "total"}


def pixels_of(path: Path) -> Bytes:
    """All frames, (F, H, W, 3) RGB."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


@pytest.fixture(scope="module")
def three_balls(samples: Path) -> Bytes:
    return pixels_of(samples / "three_balls.mp4")


def verdict(report: Report) -> list[str]:
    return sorted({one.rule for one in report.violations})


def timeless(report: Report) -> str:
    """The report as JSON without what it cost."""
    return report.model_dump_json(exclude={"seconds"})


def test_two_calls_give_the_same_report(analysed: Analysed, samples: Path):
    again = analyze(samples / "vanish.mp4", signals=True)
    assert timeless(again) == timeless(analysed("vanish"))


def test_frames_in_memory_give_the_verdict_of_the_file(analysed: Analysed, three_balls: Bytes):
    report = analyze(three_balls, fps=30.0)
    file = analysed("three_balls")
    assert verdict(report) == verdict(file)
    assert report.video.frames == file.video.frames
    for here, there in zip(report.violations, file.violations, strict=True):
        assert abs(here.start_frame - there.start_frame) <= 1
        assert abs(here.stop_frame - there.stop_frame) <= 1


def test_frames_in_memory_need_their_rate_and_a_file_refuses_one(three_balls: Bytes, samples: Path):
    with pytest.raises(ConfigurationError, match="fps"):
        analyze(three_balls[:4])
    with pytest.raises(ConfigurationError, match="fps"):
        analyze(samples / "vanish.mp4", fps=24.0)


def test_a_file_that_is_none_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"gone\.mp4"):
        analyze(tmp_path / "gone.mp4")


@pytest.mark.parametrize("crf", [12, 18, 23, 30])
def test_encoding_anew_changes_no_verdict(
    analysed: Analysed, three_balls: Bytes, tmp_path: Path, crf: int
):
    path = tmp_path / "again.mp4"
    write_video(path, three_balls, 30.0, crf=crf)
    assert verdict(analyze(path)) == verdict(analysed("three_balls"))


def test_left_and_right_change_no_verdict(analysed: Analysed, three_balls: Bytes):
    report = analyze(np.ascontiguousarray(three_balls[:, :, ::-1]), fps=30.0)
    file = analysed("three_balls")
    assert verdict(report) == verdict(file)
    for here, there in zip(report.violations, file.violations, strict=True):
        assert abs(here.peak_frame - there.peak_frame) <= 2
        middle = (here.box[0] + here.box[2]) / 2
        assert 640 - middle == pytest.approx((there.box[0] + there.box[2]) / 2, abs=8)


def test_the_clean_twin_stays_clean_in_the_mirror(samples: Path):
    pixels = pixels_of(samples / "three_balls_clean.mp4")
    report = analyze(np.ascontiguousarray(pixels[:, :, ::-1]), fps=30.0)
    assert verdict(report) == []


@pytest.mark.parametrize(
    "span", [TimeSpan(34, 42, "frames"), TimeSpan(1.4, 1.8, "s")], ids=["frames", "seconds"]
)
def test_a_vanish_within_an_ignored_span_is_not_judged(samples: Path, span: TimeSpan):
    report = analyze(samples / "vanish.mp4", ignore_spans=[span], signals=True)
    assert "vanish" not in verdict(report)
    assert "ignored" in report.timeline.rules["vanish"].abstained
    judged = report.timeline.rules["vanish"].judged
    assert not any(start <= 37 < stop for start, stop in judged)


def test_an_ignored_span_elsewhere_changes_nothing(analysed: Analysed, samples: Path):
    report = analyze(samples / "vanish.mp4", ignore_spans=[TimeSpan(0, 10, "frames")])
    assert verdict(report) == verdict(analysed("vanish"))


def test_a_vanish_within_an_ignored_region_is_not_judged(samples: Path):
    report = analyze(samples / "vanish.mp4", ignore_regions=[(180.0, 180.0, 260.0, 260.0)])
    assert "vanish" not in verdict(report)
    assert "ignored" in report.timeline.rules["vanish"].abstained


def test_an_ignored_region_elsewhere_changes_nothing(analysed: Analysed, samples: Path):
    report = analyze(samples / "vanish.mp4", ignore_regions=[(0.0, 0.0, 40.0, 40.0)])
    assert verdict(report) == verdict(analysed("vanish"))


def truth_box(samples: Path, name: str, frame: int, thing: str) -> list[float]:
    with (samples / "truth" / f"{name}.csv").open() as file:
        for row in csv.DictReader(file):
            if int(row["frame"]) == frame and row["obj"] == thing:
                return [float(row[edge]) for edge in ("x1", "y1", "x2", "y2")]
    raise AssertionError(f"{thing} is not in frame {frame} of {name}")


def test_covering_the_pixels_of_a_vanish_takes_the_accusation_away(samples: Path):
    pixels = pixels_of(samples / "vanish.mp4").copy()
    x1, y1, x2, _ = truth_box(samples, "vanish", 37, "parcel")
    board = np.random.default_rng(0).integers(40, 70, (270, 480, 1), dtype=np.uint8)
    part = np.s_[int(y1) - 20 : 270, int(x1) - 25 : int(x2) + 25]
    pixels[(slice(None), *part)] = board[part]
    assert "vanish" not in verdict(analyze(pixels, fps=24.0))


def test_only_the_selected_rules_are_judged(samples: Path):
    report = analyze(samples / "three_balls.mp4", select=["vanish", "size-jump"])
    assert set(report.coverage) == {"vanish", "size-jump"}
    assert verdict(report) == ["size-jump", "vanish"]


def test_an_ignored_rule_is_not_judged(samples: Path):
    report = analyze(samples / "three_balls.mp4", ignore=["permanence", "floor-penetration"])
    assert verdict(report) == ["size-jump"]


def test_the_floor_of_the_user_is_heeded(samples: Path):
    low = analyze(samples / "floor_penetration.mp4", floor=(236.0,), select=["floor-penetration"])
    assert verdict(low) == ["floor-penetration"]
    deep = analyze(samples / "floor_penetration.mp4", floor=(262.0,), select=["floor-penetration"])
    assert verdict(deep) == []


def test_the_cost_of_every_stage_is_told(analysed: Analysed):
    seconds = analysed("three_balls").seconds
    assert set(seconds) >= STAGES
    assert all(spent >= 0 for spent in seconds.values())
    parts = sum(spent for stage, spent in seconds.items() if stage != "total")
    assert seconds["total"] == pytest.approx(parts, abs=0.01)


def test_every_rule_of_the_pack_is_in_the_report(analysed: Analysed):
    report = analysed("three_balls")
    assert set(report.coverage) == set(report.timeline.rules)
    assert report.pack.name == "default"
    assert report.detector.name == "motion"
    assert report.calibrated


def test_signals_are_kept_only_when_asked_for(analysed: Analysed, samples: Path):
    assert analysed("vanish").signals
    assert analyze(samples / "vanish.mp4").signals is None


def test_progress_goes_up_and_never_beyond_the_whole(samples: Path):
    told: list[tuple[str, float]] = []
    analyze(samples / "vanish.mp4", progress=lambda stage, share: told.append((stage, share)))
    assert {stage for stage, _ in told} >= {"camera", "detect", "track", "explain", "judge"}
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1


def test_where_nothing_moves_there_is_no_score():
    rng = np.random.default_rng(0)
    ground = rng.integers(80, 130, (120, 160, 3))
    frames = np.stack([ground + rng.integers(-2, 3, ground.shape) for _ in range(30)])
    report = analyze(frames.astype(np.uint8), fps=25.0)
    assert report.score is None
    assert report.score_reason
    assert report.violations == ()


@pytest.mark.parametrize("pack", ["strict", "lenient"])
def test_the_other_packs_find_the_three_balls_too(samples: Path, pack: str):
    report = analyze(samples / "three_balls.mp4", pack=pack)
    assert report.pack.name == pack
    assert set(verdict(report)) >= {"vanish", "size-jump"}
    assert len({ids for one in report.violations for ids in one.track_ids}) == 1


def test_a_report_is_plain_json(analysed: Analysed):
    tree = json.loads(analysed("three_balls").model_dump_json())
    assert tree["schema_version"] == "1.0"
    assert tree["video"]["frames"] == 108

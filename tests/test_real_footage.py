"""Camera footage obeys physics: every alarm on it is false, and most of it deserves a score."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from physcheck.analysis import analyze

CALM = (
    "toss_red_ball_30",
    "toss_cross_60",
    "throw_bounce_red",
    "toss_pingpong_dark",
    "drop_ball_interlaced",
    "car_in_loop_slowmo",
)
MOST_FLAGGED = 8
LEAST_SCORED = 0.8

needs_patience = pytest.mark.skipif(
    not os.environ.get("PHYSCHECK_SLOW"), reason="takes minutes; PHYSCHECK_SLOW=1 runs it"
)


@pytest.fixture(scope="module")
def real(shared: Path) -> Path:
    """The folder of real clips."""
    folder = shared / "clips" / "real" / "clips"
    if not folder.is_dir():
        pytest.skip(f"no real clips in {folder}")
    return folder


@pytest.mark.parametrize("name", CALM)
def test_real_footage_raises_nothing_and_gets_a_score(real: Path, name: str):
    report = analyze(real / f"{name}.mp4")
    assert [(one.rule, one.peak_frame, one.explanation) for one in report.violations] == []
    assert report.score is not None, report.score_reason
    assert report.score > 0.5


@pytest.mark.slow
@needs_patience
def test_few_of_all_real_clips_are_flagged_and_most_get_a_score(real: Path):
    reports = {path.stem: analyze(path) for path in sorted(real.glob("*.mp4"))}
    flagged = {
        name: [(one.rule, one.peak_frame) for one in report.violations]
        for name, report in reports.items()
        if report.flagged
    }
    scored = [name for name, report in reports.items() if report.score is not None]
    assert len(reports) == 33
    assert len(flagged) <= MOST_FLAGGED, flagged
    assert len(scored) >= LEAST_SCORED * len(reports), sorted(set(reports) - set(scored))

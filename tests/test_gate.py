"""The gate, and one violation in full."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import sample_report as sample
import stub_analysis

from physcheck.cli import main
from physcheck.records import ReportSet

FLAGGED = "broken.mp4"
CLEAN = "fine.mp4"


@pytest.fixture
def clips(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with clips that the stub of the analysis knows."""
    monkeypatch.setitem(sys.modules, "physcheck.analysis", stub_analysis)
    monkeypatch.chdir(tmp_path)
    for name in (FLAGGED, CLEAN, "unreadable.mp4"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([CLEAN], 0),
        ([FLAGGED], 1),
        ([FLAGGED, CLEAN, "--max-violations", "2"], 0),
        ([FLAGGED, FLAGGED, "--max-violations", "1"], 1),
        ([FLAGGED, "--fail-on", "trajectory"], 0),
        ([FLAGGED, "--fail-on", "trajectory,vanish"], 1),
        ([FLAGGED, "--fail-on", "floor"], 1),
        ([CLEAN, "--min-score", "0.9"], 0),
        ([CLEAN, "--min-score", "0.99"], 1),
        ([FLAGGED, "--min-score", "0.01"], 0),
        ([FLAGGED, "--min-score", "0.01", "--max-violations", "0"], 1),
        ([CLEAN, "unreadable.mp4"], 3),
        ([FLAGGED, "unreadable.mp4"], 1),
        ([FLAGGED, "--fail-on", "vanishing"], 2),
        ([FLAGGED, "--min-score", "2"], 2),
    ],
)
def test_the_gate_ends_with_what_it_found(clips: Path, arguments: list[str], status: int) -> None:
    assert main(["check", *arguments, "-q"]) == status


def test_the_gate_says_why_and_writes_the_result(
    clips: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["check", FLAGGED, "--min-score", "0.5", "--max-violations", "0", "-o", "out.xml"]
    assert main(asked) == 1
    said = capsys.readouterr().err
    assert "failed: 2 violations, 0 let pass" in said
    assert "failed: score below 0.5: broken.mp4" in said
    assert "<failure" in (clips / "out.xml").read_text(encoding="utf-8")


def test_a_violation_is_told_in_full(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.json"
    file.write_text(sample.report().to_json(), encoding="utf-8")
    assert main(["explain", str(file), "v1"]) == 0
    text = capsys.readouterr().out
    for words in (
        "v1  floor-penetration, object 3 (ball): likely, p = 0.97",
        "frames 30 to 33",
        "9.4 px, limit 3",
        "could not be told     floor misplaced",
        "two contacts only",
        "object 3 (ball): followed from frame 30 to 35, seen in 5",
        "ends in frame 35: open",
        "physcheck rules show floor-penetration",
    ):
        assert words in text
    assert main(["explain", str(file)]) == 0
    assert "v2  vanish" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "cause"),
    [
        (["v9"], 2, "v1 (floor-penetration), v2 (vanish)"),
        (["v1", "--clip", "no.mp4"], 2, "it has: a.mp4, b.mp4"),
        (["v1"], 2, "say which with --clip"),
    ],
)
def test_what_cannot_be_explained_is_said_in_one_line(
    arguments: list[str],
    status: int,
    cause: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    both = ReportSet(reports=(sample.report("a.mp4"), sample.report("b.mp4")))
    report = sample.report() if arguments == ["v9"] else both
    file = tmp_path / "report.json"
    file.write_text(report.to_json(), encoding="utf-8")
    assert main(["explain", str(file), *arguments]) == status
    assert cause in capsys.readouterr().err


def test_a_report_that_is_none_ends_with_3(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]", encoding="utf-8")
    assert main(["explain", str(tmp_path / "x.json"), "v1"]) == 3
    assert main(["explain", str(tmp_path / "gone.json"), "v1"]) == 3

"""Two versions of clips: what is fixed, what is new."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sample_report as sample

from physcheck.cli import main
from physcheck.evaluation.versions import compare_reports, render_comparison
from physcheck.records import Report


def shifted(report: Report, by_s: float) -> Report:
    """The same with every violation later."""
    later = [
        one.model_copy(update={"start_s": one.start_s + by_s, "stop_s": one.stop_s + by_s})
        for one in report.violations
    ]
    return report.model_copy(update={"violations": tuple(later)})


def test_what_is_gone_is_fixed_and_what_comes_is_new() -> None:
    broken, clean = sample.report(), sample.report(clean=True)
    (pair,) = compare_reports({"a": broken}, {"a": clean}).pairs
    assert [one.rule for one in pair.fixed] == ["floor-penetration", "vanish"]
    assert pair.new == ()
    (back,) = compare_reports({"a": clean}, {"a": broken}).pairs
    assert (back.fixed, len(back.new)) == ((), 2)


@pytest.mark.parametrize(("by_s", "n_kept"), [(0.0, 2), (0.2, 2), (2.0, 0)])
def test_violations_are_the_same_at_about_the_same_time(by_s: float, n_kept: int) -> None:
    report = sample.report()
    (pair,) = compare_reports({"a": report}, {"a": shifted(report, by_s)}).pairs
    assert pair.n_kept == n_kept
    assert len(pair.new) == len(pair.fixed) == 2 - n_kept


def test_the_change_of_the_score_has_an_interval_from_two_clips_on() -> None:
    broken, clean = sample.report(), sample.report(clean=True)
    one = compare_reports({"a": broken}, {"a": clean, "x": clean})
    assert one.score_change == pytest.approx(clean.score - broken.score)  # type: ignore[operator]
    assert one.interval is None
    assert one.only_after == ("x",)
    many = compare_reports(
        {str(n): broken for n in range(8)}, {str(n): clean if n % 2 else broken for n in range(8)}
    )
    assert many.interval is not None
    low, high = many.interval
    assert 0 <= low < many.score_change < high  # type: ignore[operator]
    assert "95 % interval" in render_comparison(many)


def test_a_name_cannot_draw_on_the_terminal() -> None:
    text = render_comparison(compare_reports({"\x1b[2J": sample.report()}, {}))
    assert "\x1b" not in text


def test_folders_of_reports_are_compared_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, clean in (("a", False), ("b", True)):
        (tmp_path / folder).mkdir()
        for name in ("one", "two"):
            report = sample.report(f"{folder}/{name}.mp4", clean=clean)
            (tmp_path / folder / f"{name}.json").write_text(report.to_json(), encoding="utf-8")
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    said = capsys.readouterr().out
    assert "one: score 0.03 -> 0.96; fixed: floor-penetration at 1.25 s, vanish" in said
    assert said.splitlines()[-1].startswith(
        "2 clips in both: 4 fixed, 0 new, 0 in both, score +0.93"
    )
    out = tmp_path / "c.json"
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b"), "-o", str(out)]) == 0
    assert len(json.loads(out.read_text(encoding="utf-8"))["pairs"]) == 2


def test_two_clips_are_analysed_and_compared(
    samples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = [str(samples / f"{name}.mp4") for name in ("vanish", "vanish_clean")]
    assert main(["compare", *clips, "-q"]) == 0
    assert "fixed: vanish" in capsys.readouterr().out


def test_what_cannot_be_read_ends_with_3(samples: Path, tmp_path: Path) -> None:
    assert main(["compare", str(samples / "vanish.mp4"), str(tmp_path / "no.mp4")]) == 3

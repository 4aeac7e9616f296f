"""Text for a person: verdict, violations, timeline, what could not be judged."""

from __future__ import annotations

import pytest
import sample_report as sample
from golden_files import assert_golden

from physcheck.records import RuleTimeline, TimelineRecord, Unread
from physcheck.render.json import render_json, render_json_line
from physcheck.render.table import COLUMNS, render_csv
from physcheck.render.text import TextStyle, render_summary, render_text, violation_line
from physcheck.score import Score

ASCII = TextStyle()


@pytest.mark.parametrize(
    ("name", "report", "style"),
    [
        ("violations.txt", sample.report(), TextStyle(verbose=True)),
        ("unicode.txt", sample.report(), TextStyle(ascii=False, width=100)),
        ("clean.txt", sample.report(clean=True), ASCII),
        ("untold.txt", sample.report(clean=True, score=Score(None, "nothing moves")), ASCII),
    ],
)
def test_the_text_is_that_of_the_golden_file(name: str, report: object, style: TextStyle) -> None:
    assert_golden(render_text(report, style), name)  # type: ignore[arg-type]


def test_a_violation_is_one_line_in_the_manner_of_a_linter() -> None:
    report = sample.report()
    assert violation_line("clip.mp4", report.violations[0], ASCII) == (
        "clip.mp4:1.25s (frames 30-33): floor-penetration object 3 (ball): "
        "9.4 px below the floor, limit 3.0 px, p=0.97"
    )


def test_a_thing_without_a_label_is_named_by_its_number_only() -> None:
    one = sample.report().violations[0].model_copy(update={"label": "", "track_ids": (3, 5)})
    assert "floor-penetration objects 3, 5: 9.4 px" in violation_line("c", one, ASCII)


def test_each_frame_of_a_short_clip_has_its_column() -> None:
    lines = render_text(sample.report()).splitlines()
    lane = next(line for line in lines if line.startswith("  vanish  "))
    marks = lane.removeprefix("  vanish").strip()
    assert marks == "-" * 4 + "." * 31 + "##" + "-" * 11


def test_no_line_of_the_timeline_is_wider_than_the_terminal() -> None:
    times = tuple(frame / 30 for frame in range(9000))
    lane = RuleTimeline(judged=((0, 9000),), peak_excess=0.1)
    report = sample.report(clean=True)
    video = report.video.model_copy(update={"duration_s": 300.0, "frames": 9000})
    timeline = TimelineRecord(times_s=times, rules={"floor-penetration": lane})
    report = report.model_copy(update={"timeline": timeline, "video": video})
    for width in (40, 72, 100):
        assert max(map(len, render_text(report, TextStyle(width=width)).splitlines()[1:])) <= width


def test_one_frame_in_ten_thousand_is_still_seen_in_the_timeline() -> None:
    times = tuple(frame / 30 for frame in range(9000))
    broken = (
        sample.report().violations[0].model_copy(update={"start_frame": 4321, "stop_frame": 4322})
    )
    timeline = TimelineRecord(
        times_s=times,
        rules={"floor-penetration": RuleTimeline(judged=((0, 9000),), peak_excess=3.0)},
    )
    report = sample.report().model_copy(update={"violations": (broken,), "timeline": timeline})
    lane = next(
        line for line in render_text(report).splitlines() if line.startswith("  floor-penetration")
    )
    assert lane.count("#") == 1


def test_plain_ascii_text_has_no_other_character() -> None:
    assert render_text(sample.report(), ASCII).isascii()


def test_colours_are_there_only_when_asked_for() -> None:
    assert "\x1b" not in render_text(sample.report(), TextStyle(ascii=False))
    assert "\x1b[31m" in render_text(sample.report(), TextStyle(color=True))


def test_a_file_name_cannot_draw_on_the_terminal() -> None:
    text = render_text(sample.report("evil\x1b[2J\n.mp4"))
    assert "\x1b" not in text
    assert text.startswith("evil?[2J?.mp4: 2 violations")


def test_a_clip_read_in_part_says_what_is_missing() -> None:
    text = render_text(sample.report(problems=("broken off after frame 47",)))
    assert text.splitlines()[1] == "  read only in part: broken off after frame 47"


def test_a_doubtful_violation_is_not_counted_as_one() -> None:
    doubtful = sample.report().violations[0].model_copy(update={"probability": 0.4})
    report = sample.report().model_copy(update={"violations": (doubtful,), "score": 0.6})
    assert render_text(report).startswith("clip.mp4: no violation found, 1 doubtful, score 0.60")


def test_a_calibrated_score_is_not_called_uncalibrated() -> None:
    report = sample.report(clean=True, score=Score(0.96, "", calibrated=True))
    assert "score 0.96, 71 % of track-frames judged" in render_text(report)


def test_an_empty_clip_gives_its_verdict_only() -> None:
    report = sample.report(clean=True, score=Score(None, "too short: 0 frames"))
    empty = TimelineRecord(times_s=(), rules={})
    report = report.model_copy(update={"timeline": empty, "coverage": {}})
    assert render_text(report) == "clip.mp4: could not tell: too short: 0 frames\n"


def test_the_summary_counts_every_input_once() -> None:
    clean = sample.report(clean=True)
    untold = sample.report(clean=True, score=Score(None, "nothing moves"))
    text = render_summary([sample.report(), clean, clean, untold], [Unread(path="x", error="y")])
    assert text == (
        "5 clips: 1 with violations, 2 without, 1 could not be told, 1 could not be read\n"
    )


def test_the_table_has_a_row_for_each_violation_and_each_other_input() -> None:
    unread = Unread(path="gone.mp4", error="no such file, or folder")
    text = render_csv([sample.report(), sample.report("b.mp4", clean=True), unread])
    assert_golden(text, "table.csv")
    assert text.splitlines()[0] == ",".join(COLUMNS)
    assert [line.split(",")[1] for line in text.splitlines()[1:]] == [
        *("violation", "violation", "none", "unread")
    ]


def test_one_input_gives_one_object_and_several_give_a_list() -> None:
    report, unread = sample.report(), Unread(path="gone.mp4", error="no such file")
    assert render_json([report], [], single=True) == report.to_json()
    assert '"reports"' in render_json([report], [], single=False)
    assert '"gone.mp4"' in render_json([], [unread], single=True)
    assert render_json_line(report).count("\n") == 1

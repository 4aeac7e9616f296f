"""The report: from the core types to JSON and back."""

from __future__ import annotations

import json
import math
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import sample_report as sample
from golden_files import assert_golden
from hypothesis import given
from hypothesis import strategies as st

import physcheck
from physcheck.errors import InputError
from physcheck.records import (
    AlternativeRecord,
    Report,
    ReportSet,
    Unread,
    read_reports,
    schema_json,
)
from physcheck.report import build_report
from physcheck.score import Score

SCHEMA = Path(physcheck.__file__).parent / "schema" / "report-1.0.schema.json"


@pytest.mark.parametrize("signals", [False, True])
def test_a_report_goes_to_json_and_back_without_loss(signals: bool) -> None:
    report = sample.report(signals=signals)
    assert Report.from_json(report.to_json()) == report
    assert Report.from_json(report.model_dump_json()) == report


@given(st.floats() | st.none(), st.text())
def test_any_number_and_any_text_survive_json(number: float | None, text: str) -> None:
    valid = None if number is None or not math.isfinite(number) else number
    text = text.encode("utf-8", "replace").decode()
    report = sample.report(clean=True).model_copy(
        update={
            "seconds": {"decode": valid or 0.0},
            "score_reason": text,
            "coverage": {"vanish": valid},
        }
    )
    assert Report.from_json(report.to_json()) == report


def test_what_could_not_be_told_is_null_in_json() -> None:
    data = json.loads(sample.report(signals=True, score=Score(None, "nothing moves")).to_json())
    assert data["score"] is None
    assert data["coverage"]["teleport"] is None
    assert data["tracks"][0]["birth"]["log_odds"] is None
    assert data["violations"][0]["alternatives"][0]["log_odds"] is None
    assert data["signals"][0]["values"] == [0.1, None, 9.41235, 3.0]
    assert data["signals"][0]["boxes"][1] is None
    assert data["timeline"]["rules"]["size-jump"]["excess"][9:11] == [None, 0.5]


def test_nan_is_refused_where_a_report_is_made_by_hand() -> None:
    with pytest.raises(ValueError, match="finite"):
        AlternativeRecord(name="hidden", log_odds=math.nan, measured="")


def test_the_json_text_has_every_field_of_the_contract() -> None:
    data = json.loads(sample.report().to_json())
    assert {
        *("schema_version", "physcheck", "video", "detector", "pack", "config_sha256", "score"),
        *("score_reason", "calibrated", "coverage", "violations", "tracks", "timeline", "seconds"),
    } <= set(data)
    assert set(data["video"]) >= {"path", "width", "height", "frames", "duration_s", "shots"}
    assert set(data["detector"]) >= {"name", "weights_sha256", "device", "settings"}
    assert set(data["pack"]) >= {"name", "version", "sha256"}
    assert set(data["violations"][0]) == {
        *("id", "rule", "group", "track_ids", "label", "start_frame", "stop_frame", "start_s"),
        *("stop_s", "peak_frame", "box", "peak", "limit", "unit", "probability", "explanation"),
        "alternatives",
    }
    assert set(data["tracks"][0]) >= {"id", "label", "frames", "boxes", "observed", "birth"}
    assert data["timeline"]["rules"]["vanish"]["judged"] == [[4, 37]]
    assert data["seconds"]["total"] == pytest.approx(1.9123)


def test_lanes_have_a_number_a_frame_and_signals_come_only_when_asked_for() -> None:
    assert len(sample.report().timeline.rules["vanish"].excess) == sample.N_FRAMES
    assert sample.report().signals is None
    assert sample.report(signals=True).signals is not None


def test_numbers_are_rounded_as_their_unit_deserves() -> None:
    report = sample.report()
    assert report.violations[0].box == (100.12, 200.0, 124.5, 224.01)
    assert report.violations[0].probability == 0.9712
    assert report.violations[1].start_s == 1.458333
    assert report.tracks[0].boxes[1] == (102.62, 202.5, 127.0, 226.51)


def test_infinite_odds_fit_into_json() -> None:
    broken = sample.violation(peak=math.inf, limit=1e-300)
    record = build_report(
        sample.video(),
        (),
        sample.decision(broken),
        Score(0.0, ""),
        detector=sample.report().detector,
        pack=sample.Pack("default", "1", "", "", "", ()),
        config_sha256="",
        seconds={},
    )
    assert record.violations[0].peak == 1e9
    assert Report.from_json(record.to_json()) == record


def test_a_file_name_that_is_not_utf8_still_gives_json() -> None:
    report = sample.report("bad\udcff.mp4")
    assert Report.from_json(report.to_json()) == report


def test_flagged_means_a_violation_that_is_more_likely_than_not() -> None:
    assert sample.report().flagged
    assert not sample.report(clean=True).flagged


@pytest.mark.parametrize("signals", [False, True])
def test_the_json_is_that_of_the_golden_file(signals: bool) -> None:
    name = "report-signals.json" if signals else "report.json"
    text = sample.report(signals=signals).to_json()
    assert_golden(text.replace(f'"{physcheck.__version__}"', '"VERSION"'), name)


def test_the_published_schema_is_up_to_date() -> None:
    assert_golden(schema_json(), SCHEMA)


@pytest.mark.parametrize("signals", [False, True])
def test_reports_and_sets_of_reports_obey_the_published_schema(signals: bool) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    report = sample.report(signals=signals)
    unread = Unread(path="gone.mp4", error="no such file or folder")
    jsonschema.validate(json.loads(report.to_json()), schema)
    jsonschema.validate(
        json.loads(ReportSet(reports=(report,), errors=(unread,)).to_json()), schema
    )


def test_the_schema_refuses_a_report_without_a_score() -> None:
    data = json.loads(sample.report().to_json())
    del data["score"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_one_report_and_several_are_read_alike() -> None:
    report = sample.report()
    several = ReportSet(reports=(report, report), errors=(Unread(path="x", error="y"),))
    assert read_reports(report.to_json()) == ReportSet(reports=(report,))
    assert read_reports(several.to_json()) == several


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("{", "not JSON"),
        ("[]", "not a physcheck report"),
        ("{}", "not a physcheck report: video: Field required"),
        ('{"reports": 1}', "not a physcheck report: reports"),
    ],
)
def test_what_is_no_report_is_refused_with_the_cause(text: str, cause: str) -> None:
    with pytest.raises(InputError, match=cause):
        read_reports(text)


def test_a_report_of_another_major_version_is_refused() -> None:
    text = sample.report().to_json().replace('"1.0"', '"2.0"', 1)
    with pytest.raises(InputError, match=r"unknown version '2\.0'"):
        Report.from_json(text)


def test_a_field_of_a_later_minor_version_is_skipped() -> None:
    data = json.loads(sample.report().to_json()) | {"news": 1}
    assert Report.from_json(json.dumps(data)) == sample.report()


def test_a_report_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        sample.report().score = 1.0  # type: ignore[misc]


def test_spans_of_a_lane_that_ends_judged_reach_the_end() -> None:
    lane = sample.timeline().excess.copy()
    lane[-3:, 3] = 1.0
    assert np.isfinite(lane[-1, 3])
    timeline = sample.Timeline(
        sample.timeline().times_s, sample.RULES, lane, sample.timeline().reasons
    )
    made = sample.decision()
    changed = sample.Decision(
        (), timeline, made.coverage, made.n_judged, made.abstained, made.peak_probability
    )
    report = build_report(
        sample.video(),
        (),
        changed,
        Score(1.0, ""),
        detector=sample.report().detector,
        pack=sample.Pack("default", "1", "", "", "", ()),
        config_sha256="",
        seconds={},
    )
    assert report.timeline.rules["teleport"].judged == ((45, 48),)

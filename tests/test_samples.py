"""The samples through the whole of physcheck: what is wrong is found, what is right is not."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden_files import FOLDER

from physcheck import boxes as geometry
from physcheck.records import Report, ViolationRecord

Analysed = Callable[[str], Report]
Label = dict[str, Any]

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
LABELS: dict[str, list[Label]] = {
    Path(entry["clip"]).stem: entry["violations"]
    for entry in json.loads((SAMPLES / "labels.json").read_text())
}
WRONG = [
    pytest.param(name, label, id=f"{name}-{label['kind']}")
    for name, labels in LABELS.items()
    for label in labels
]
CLEAN = [name for name, labels in LABELS.items() if not labels]

SLACK_FRAMES = 3
PRECISE_FRAMES = 2
PRECISE = ("floor-penetration", "vanish", "size-jump")

GOLDEN = FOLDER / "three_balls.json"
SHARE, LEAST = 0.25, 0.2
"""Numbers of the golden report may differ by this share, or by so little."""
FRAMES, PX = 1, 2.0
"""Frame numbers and boxes may differ by so much."""


def truth_of(name: str, thing: str) -> dict[int, list[float]]:
    """Box of a thing by frame."""
    with (SAMPLES / "truth" / f"{name}.csv").open() as file:
        return {
            int(row["frame"]): [float(row[edge]) for edge in ("x1", "y1", "x2", "y2")]
            for row in csv.DictReader(file)
            if row["obj"] == thing
        }


def is_of(report: Report, violation: ViolationRecord, boxes: dict[int, list[float]]) -> bool:
    """Whether a track that is accused is at the place of a thing around the violation."""
    for one in report.tracks:
        if one.id not in violation.track_ids:
            continue
        for frame, box, seen in zip(one.frames, one.boxes, one.observed, strict=True):
            if seen and frame in boxes and abs(frame - violation.peak_frame) <= 12:
                return bool(geometry.iou(np.array([box]), np.array([boxes[frame]]))[0, 0] > 0.3)
    return False


@pytest.mark.parametrize(("name", "label"), WRONG)
def test_what_is_wrong_is_found_at_its_time_and_in_its_place(
    analysed: Analysed, name: str, label: Label
):
    report = analysed(name)
    first, last = label["start_frame"] - SLACK_FRAMES, label["end_frame"] + SLACK_FRAMES
    boxes = truth_of(name, label["object"])
    found = [
        one
        for one in report.violations
        if one.rule == label["kind"] and first <= one.peak_frame <= last
    ]
    assert found, [(one.rule, one.peak_frame) for one in report.violations]
    assert any(is_of(report, one, boxes) for one in found)
    assert any(one.probability >= 0.5 for one in found)
    assert report.score is not None
    assert report.score < 0.5


@pytest.mark.parametrize("name", [name for name, labels in LABELS.items() if labels])
def test_nothing_is_found_that_is_not_labelled(analysed: Analysed, name: str):
    # A thing that is gone is lost, back and elsewhere at once: these may go together.
    kinds = {label["kind"] for label in LABELS[name]}
    for one in analysed(name).violations:
        near = [
            label
            for label in LABELS[name]
            if label["start_frame"] - 5 <= one.peak_frame <= label["end_frame"] + 5
        ]
        assert near, (one.rule, one.peak_frame)
        assert one.rule in kinds, (one.rule, one.peak_frame)


@pytest.mark.parametrize("name", CLEAN)
def test_what_is_clean_raises_nothing_and_has_a_good_score(analysed: Analysed, name: str):
    report = analysed(name)
    assert [(one.rule, one.peak_frame, one.explanation) for one in report.violations] == []
    assert not report.flagged
    assert report.score is not None, report.score_reason
    assert report.score > 0.5


@pytest.mark.parametrize("rule", PRECISE)
def test_ball_c_is_accused_to_within_two_frames(analysed: Analysed, rule: str):
    (label,) = [one for one in LABELS["three_balls"] if one["kind"] == rule]
    (found,) = [one for one in analysed("three_balls").violations if one.rule == rule]
    assert abs(found.start_frame - label["start_frame"]) <= PRECISE_FRAMES
    assert abs(found.stop_frame - 1 - label["end_frame"]) <= PRECISE_FRAMES


def test_only_ball_c_is_accused(analysed: Analysed):
    report = analysed("three_balls")
    boxes = truth_of("three_balls", "ball C")
    assert {one.rule for one in report.violations} >= set(PRECISE)
    assert {one.rule for one in report.violations} <= {*PRECISE, "appear"}
    assert all(is_of(report, one, boxes) for one in report.violations)
    assert len({ids for one in report.violations for ids in one.track_ids}) == 1


def test_every_accusation_says_why_and_what_else_was_tried(analysed: Analysed):
    for one in analysed("three_balls").violations:
        assert one.explanation
        assert f"limit {one.limit:g}"[:7] in one.explanation
        assert one.peak is not None
        assert one.limit is not None
        assert one.peak > one.limit
        assert one.rule == "floor-penetration" or one.alternatives


def summary(report: Report) -> dict[str, Any]:
    """What of a report is worth keeping: rounded, without words that may be polished."""
    return {
        "video": {"frames": report.video.frames, "shots": report.video.shots},
        "score": round(report.score or 0.0, 3),
        "calibrated": report.calibrated,
        "coverage": {rule: round(share or 0.0, 2) for rule, share in report.coverage.items()},
        "violations": [
            {
                "rule": one.rule,
                "group": one.group,
                "track_ids": list(one.track_ids),
                "frames": [one.start_frame, one.stop_frame, one.peak_frame],
                "box": [round(edge, 1) for edge in one.box],
                "peak": round(one.peak or 0.0, 2),
                "unit": one.unit,
                "probability": round(one.probability, 2),
                "tried": [other.name for other in one.alternatives],
            }
            for one in report.violations
        ],
        "tracks": [
            {
                "id": one.id,
                "frames": [one.frames[0], one.frames[-1], len(one.frames)],
                "n_observed": sum(one.observed),
                "birth": one.birth.cause,
                "death": one.death.cause,
                "boxes": {
                    str(frame): [round(edge, 1) for edge in box]
                    for frame, box in zip(one.frames, one.boxes, strict=True)
                    if frame % 20 == 0
                },
            }
            for one in report.tracks
        ],
    }


def differences(golden: Any, now: Any, where: str = "") -> list[str]:
    """Where two trees differ by more than their tolerance."""
    if isinstance(golden, dict) and isinstance(now, dict) and set(golden) == set(now):
        return [d for key in golden for d in differences(golden[key], now[key], f"{where}.{key}")]
    if isinstance(golden, list) and isinstance(now, (list, tuple)) and len(golden) == len(now):
        pairs = enumerate(zip(golden, now, strict=True))
        return [d for k, (a, b) in pairs for d in differences(a, b, f"{where}[{k}]")]
    if isinstance(golden, bool) or not isinstance(golden, (int, float)):
        return [] if golden == now else [f"{where}: {golden!r}, now {now!r}"]
    slack = max(SHARE * abs(golden), LEAST)
    if "frames" in where:
        slack = FRAMES
    elif "box" in where:
        slack = PX
    return [] if abs(golden - now) <= slack else [f"{where}: {golden}, now {now}"]


def test_the_three_balls_give_the_golden_report(analysed: Analysed):
    now = summary(analysed("three_balls"))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    found = differences(json.loads(GOLDEN.read_text(encoding="utf-8")), now)
    assert found == [], "if this is meant: UPDATE_GOLDEN=1 pytest tests/test_samples.py"


def test_the_report_of_a_sample_goes_to_json_and_back(analysed: Analysed):
    report = analysed("three_balls")
    assert Report.from_json(report.model_dump_json()) == report

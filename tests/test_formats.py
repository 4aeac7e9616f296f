"""Other programs' forms: each is read back by a reader that is not ours where there is one."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import av
import pytest
import sample_report as sample

from physcheck.cli import main
from physcheck.detection_files.mot import parse_mot
from physcheck.records import Report, Unread
from physcheck.render.annotations import render_github
from physcheck.render.captions import render_srt, render_vtt
from physcheck.render.junit import render_junit
from physcheck.render.markers import render_edl, render_otio
from physcheck.render.tracks import render_coco, render_label_studio, render_mot
from physcheck.score import Score

HOSTILE = "<b>&\"'\n\x00-->::,%" + "ä" * 200
UNREAD = Unread(path="gone.mp4", error="no such file")


def hostile() -> Report:
    report = sample.report(HOSTILE)
    bad = {"explanation": HOSTILE, "label": HOSTILE}
    violations = tuple(one.model_copy(update=bad) for one in report.violations)
    return report.model_copy(update={"violations": violations})


def doubtful() -> Report:
    report = sample.report()
    violations = tuple(one.model_copy(update={"probability": 0.3}) for one in report.violations)
    return report.model_copy(update={"violations": violations})


def test_in_junit_a_clip_is_a_suite_and_a_rule_a_case() -> None:
    untold = sample.report("still.mp4", clean=True, score=Score(None, "nothing moves"))
    root = ElementTree.fromstring(render_junit([sample.report(), untold, UNREAD]))
    broken, still, gone = root
    assert (broken.get("name"), broken.get("tests"), broken.get("failures")) == (
        "clip.mp4",
        "4",
        "2",
    )
    cases = {case.get("name"): case for case in broken}
    failure = cases["floor-penetration"].find("failure")
    assert failure is not None
    assert "9.4 px below the floor" in (failure.get("message") or "")
    assert list(cases["size-jump"]) == []
    assert cases["teleport"].find("skipped") is not None
    assert still.get("failures") == "0"
    assert gone.get("errors") == "1"
    assert root.get("tests") == "9"


def test_in_junit_what_is_doubtful_does_not_fail() -> None:
    (suite,) = ElementTree.fromstring(render_junit([doubtful()]))
    assert suite.get("failures") == "0"
    assert suite.find("testcase/system-out") is not None


def test_github_annotations_are_one_line_each() -> None:
    lines = render_github([sample.report(), doubtful(), UNREAD]).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 2 + ["::warning"] * 2 + [
        "::error"
    ]
    assert lines[0].startswith("::error file=clip.mp4,title=floor-penetration::object 3 (ball)")
    assert len(render_github([hostile()]).splitlines()) == 2
    assert "%3A%3A%2C%25" in render_github([hostile()])


@pytest.mark.parametrize(("render", "suffix"), [(render_vtt, ".vtt"), (render_srt, ".srt")])
@pytest.mark.parametrize("report", [sample.report(), hostile()], ids=["plain", "hostile"])
def test_captions_are_read_by_ffmpeg(
    render: object, suffix: str, report: Report, tmp_path: Path
) -> None:
    file = tmp_path / f"captions{suffix}"
    file.write_text(render(report), encoding="utf-8")  # type: ignore[operator]
    with av.open(str(file)) as container:
        packets = [one for one in container.demux(subtitles=0) if one.size]
    times_s = [float(one.pts * one.time_base) for one in packets]
    assert times_s == pytest.approx([one.start_s for one in report.violations], abs=2e-3)
    assert all(b"floor-penetration" in bytes(one) or b"vanish" in bytes(one) for one in packets)


def test_markers_of_opentimelineio_lie_on_their_frames() -> None:
    timeline = json.loads(render_otio([sample.report(), UNREAD]))
    assert timeline["OTIO_SCHEMA"] == "Timeline.1"
    (track,) = timeline["tracks"]["children"]
    (clip,) = track["children"]
    assert clip["media_reference"]["target_url"] == "clip.mp4"
    starts = [one["marked_range"]["start_time"] for one in clip["markers"]]
    assert [(one["value"], one["rate"]) for one in starts] == [(30.0, 24.0), (35.0, 24.0)]
    otio = pytest.importorskip("opentimelineio", reason="no reader of OpenTimelineIO here")
    read = otio.adapters.read_from_string(render_otio([sample.report()]), "otio_json")
    assert len(read.find_clips()[0].markers) == 2


def test_an_edit_list_has_a_locator_for_each_violation() -> None:
    lines = render_edl(sample.report()).splitlines()
    assert lines[0] == "TITLE: clip.mp4"
    assert "001  AX       V     C        00:00:00:00 00:00:02:00 00:00:00:00 00:00:02:00" in lines
    assert "* LOC: 00:00:01:06 RED     floor-penetration object 3 (ball) p=0.97" in lines
    assert render_edl(hostile()).isascii()
    assert len(render_edl(hostile()).splitlines()) == len(lines)


def test_what_was_followed_is_read_back_from_mot() -> None:
    rows = parse_mot(render_mot(sample.report()), "out.txt").rows
    (track,) = sample.report().tracks
    seen = [k for k, flag in enumerate(track.observed) if flag]
    assert [row.frame for row in rows] == [track.frames[k] for k in seen]
    assert [row.box for row in rows] == [pytest.approx(track.boxes[k]) for k in seen]


def test_coco_has_a_box_for_each_frame_in_which_a_thing_was_seen() -> None:
    data = json.loads(render_coco([sample.report(), sample.report("other.mp4")]))
    assert [one["name"] for one in data["videos"]] == ["clip.mp4", "other.mp4"]
    assert [one["name"] for one in data["categories"]] == ["ball"]
    assert len(data["annotations"]) == 2 * sum(sample.report().tracks[0].observed)
    for name in ("videos", "images", "tracks", "annotations"):
        assert [one["id"] for one in data[name]] == list(range(1, len(data[name]) + 1))
    assert data["violations"][-1]["track_ids"] == [2]


def test_label_studio_tasks_have_boxes_in_per_cent_and_ranges_of_frames() -> None:
    (task,) = json.loads(render_label_studio([sample.report(), UNREAD]))
    (prediction,) = task["predictions"]
    boxes, first, _ = prediction["result"]
    assert boxes["value"]["labels"] == ["ball"]
    assert boxes["value"]["sequence"][0]["frame"] == 31
    assert boxes["value"]["sequence"][0]["x"] == pytest.approx(100 * 100.12 / 640, abs=0.01)
    assert first["value"] == {
        "ranges": [{"start": 31, "end": 34}],
        "timelinelabels": ["floor-penetration"],
    }


def test_forms_with_room_for_one_clip_refuse_several(
    samples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = [str(samples / "vanish.mp4"), str(samples / "pan.mp4")]
    assert main(["analyze", *clips, "--format", "vtt"]) == 2
    assert "one clip only" in capsys.readouterr().err


def test_the_suffix_tells_the_form(samples: Path, tmp_path: Path) -> None:
    for suffix, start in ((".xml", "<?xml"), (".vtt", "WEBVTT"), (".edl", "TITLE"), (".otio", "{")):
        file = tmp_path / f"out{suffix}"
        assert main(["analyze", str(samples / "vanish.mp4"), "-q", "-o", str(file)]) == 0
        assert file.read_text(encoding="utf-8").startswith(start)

"""Pages: one file that asks nobody for anything, whatever the names and words in it."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import sample_report as sample

from physcheck.cli import main
from physcheck.records import Report, ReportSet, Unread
from physcheck.render.html import find_clip, write_index, write_page
from physcheck.render.html.crops import plan_crops
from physcheck.render.prediction import predict
from physcheck.video import write_video

HOSTILE = '<script>alert("x")</script>\'"&\n\u202e🏀' + "ä" * 200
OUTSIDE = re.compile(r"""(?:src|href|srcset|action)=["'](?!data:|#)([^"']+)""")

Analysed = Callable[[str], Report]


class Parts(html.parser.HTMLParser):
    """The scripts, styles and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.styles: list[str] = []
        self.text: list[str] = []
        self.tags: list[str] = []
        self.policy = ""
        self._open: tuple[str, dict[str, str | None]] | None = None
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        said = dict(attrs)
        if said.get("http-equiv") == "Content-Security-Policy":
            self.policy = said["content"] or ""
        if tag in ("script", "style"):
            self._open, self._inside = (tag, said), ""

    def handle_endtag(self, tag: str) -> None:
        if self._open and tag == self._open[0]:
            if tag == "script":
                self.scripts.append((self._open[1], self._inside))
            else:
                self.styles.append(self._inside)
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open:
            self._inside += data
        else:
            self.text.append(data)

    def data(self) -> Any:
        """What the scripts are told."""
        (text,) = [text for said, text in self.scripts if said.get("id") == "data"]
        return json.loads(text)


def hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def page_of(report: Report, file: Path, clip: Path | None = None, limit_mb: float = 16) -> str:
    write_page(report, clip, file, embed_limit_mb=limit_mb)
    return file.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def balls(
    analysed: Analysed, samples: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Report, str]:
    """A report of the drawn balls, and its page."""
    file = tmp_path_factory.mktemp("pages") / "balls.html"
    report = analysed("three_balls")
    return report, page_of(report, file, samples / "three_balls.mp4")


def test_the_policy_allows_the_one_script_and_the_one_style_and_nothing_else(
    balls: tuple[Report, str],
) -> None:
    parts = Parts(balls[1])
    (style,) = parts.styles
    (script,) = [text for said, text in parts.scripts if "type" not in said]
    rules = dict(one.split(" ", 1) for one in parts.policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == hash_of(script)
    assert rules["style-src"] == hash_of(style)
    assert rules["media-src"] == "blob:"
    assert "connect-src" not in rules
    assert not OUTSIDE.findall(balls[1])
    assert not re.search(r"<[^>]+ style=| on[a-z]+=", balls[1].split("<script")[0])


def test_the_clip_is_in_the_page_as_small_h264(balls: tuple[Report, str], tmp_path: Path) -> None:
    report, page = balls
    (text,) = [text for said, text in Parts(page).scripts if said.get("id") == "mp4"]
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(base64.b64decode(text))
    with av.open(str(copy)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.codec_context.height <= 480
        times_s = [float(frame.time) for frame in container.decode(stream)]
    assert np.allclose(times_s, report.timeline.times_s, atol=1e-3)
    assert len(page) < 4_000_000


def test_each_violation_has_its_sentence_its_numbers_and_three_pictures(
    balls: tuple[Report, str],
) -> None:
    report, page = balls
    text = " ".join(" ".join(Parts(page).text).split())
    assert page.count('<image x="') == 3 * len(report.violations)
    for one in report.violations:
        assert one.rule in text
        for tried in one.alternatives:
            assert tried.name in text
            assert tried.measured in text
    assert "4 violations" in text
    assert "uncalibrated" not in text


def test_violations_that_are_one_story_are_told_as_one(balls: tuple[Report, str]) -> None:
    report, page = balls
    [incident] = [one for one in report.incidents if len(one.violation_ids) > 1]
    assert f"One incident: {incident.explanation}." in page


def test_a_larger_clip_lies_beside_the_page(
    analysed: Analysed, samples: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a page.html"
    page = page_of(analysed("three_balls"), file, samples / "three_balls.mp4", limit_mb=0.01)
    assert (tmp_path / "a page.copy.mp4").stat().st_size > 10_000
    assert Parts(page).data()["link"] == "a%20page.copy.mp4"
    assert 'id="mp4"' not in page


def test_a_copy_never_replaces_the_clip(
    analysed: Analysed, samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tmp_path / "three.copy.mp4"
    shutil.copy(samples / "three_balls.mp4", clip)
    before = clip.read_bytes()
    report = analysed("three_balls")
    report = report.model_copy(
        update={"video": report.video.model_copy(update={"path": str(clip)})}
    )
    (tmp_path / "r.json").write_text(report.to_json(), encoding="utf-8")
    page = str(tmp_path / "three.html")
    assert main(["report", str(tmp_path / "r.json"), "-o", page, "--embed-limit", "0"]) == 2
    assert "is the clip itself" in capsys.readouterr().err
    assert clip.read_bytes() == before


@pytest.mark.parametrize("path", ["<array>", "gone.mp4"])
def test_without_a_clip_the_page_says_so(path: str, tmp_path: Path) -> None:
    page = page_of(sample.report(path), tmp_path / "page.html")
    text = " ".join(Parts(page).text)
    assert "<video" not in page
    assert ("came from memory" if path == "<array>" else "was not found") in text


def test_another_clip_under_the_same_name_is_not_shown(samples: Path, tmp_path: Path) -> None:
    page = page_of(sample.report(), tmp_path / "page.html", samples / "three_balls.mp4")
    assert "The clip cannot be shown" in page
    assert "<video" not in page


def hostile_report() -> Report:
    """A report in which every word is out to do harm."""
    report = sample.report(HOSTILE, problems=(HOSTILE,))
    bad = {"label": HOSTILE, "explanation": HOSTILE, "unit": HOSTILE}
    violations = [one.model_copy(update=bad) for one in report.violations]
    tried = [one.model_copy(update={"name": HOSTILE}) for one in violations[0].alternatives]
    violations[0] = violations[0].model_copy(update={"alternatives": tuple(tried)})
    tracks = [one.model_copy(update={"label": HOSTILE}) for one in report.tracks]
    return report.model_copy(
        update={
            "violations": tuple(violations),
            "tracks": tuple(tracks),
            "score_reason": HOSTILE,
            "notes": (HOSTILE, "</script><img src=x>"),
        }
    )


def test_hostile_words_are_shown_as_text(tmp_path: Path) -> None:
    calm = Parts(page_of(sample.report(problems=("x",)), tmp_path / "calm.html"))
    page = page_of(hostile_report(), tmp_path / "page.html")
    parts = Parts(page)
    assert parts.tags.count("script") == calm.tags.count("script")
    assert "img" not in parts.tags
    assert parts.data()["clip"] == HOSTILE
    assert HOSTILE.replace("\n", " ")[:40] in " ".join("".join(parts.text).split())


def test_hostile_names_are_shown_as_text_in_the_index(tmp_path: Path) -> None:
    outcomes = [hostile_report(), hostile_report(), Unread(path=HOSTILE, error=HOSTILE)]
    file = tmp_path / "index.html"
    write_index(outcomes, file, lambda _: None, embed_limit_mb=1)
    parts = Parts(file.read_text(encoding="utf-8"))
    clips = parts.data()["clips"]
    assert [one["path"] for one in clips] == [HOSTILE] * 3
    assert parts.tags.count("script") == 2
    pages = sorted((tmp_path / "index-clips").iterdir())
    assert len(pages) == 2
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", page.name) for page in pages)
    assert {one["link"] for one in clips if "link" in one} == {
        f"index-clips/{page.name}" for page in pages
    }


def test_an_index_lists_every_clip_and_shows_its_worst_frame(
    analysed: Analysed, samples: Path, tmp_path: Path
) -> None:
    reports = [analysed("three_balls"), analysed("three_balls_clean")]
    file = tmp_path / "index.html"
    write_index(
        [*reports, Unread(path="gone.mp4", error="no such file")],
        file,
        lambda report: find_clip(report, [samples]),
        embed_limit_mb=1,
        pages=False,
    )
    broken, clean, unread = Parts(file.read_text(encoding="utf-8")).data()["clips"]
    assert broken["tone"] == "bad"
    assert broken["n"] == 4
    assert broken["box"]
    assert clean["tone"] == "fine"
    assert base64.b64decode(clean["picture"])[8:12] == b"WEBP"
    assert unread["verdict"] == "no such file"
    assert not (tmp_path / "index-clips").exists()


def test_what_was_foretold_is_where_a_ball_in_flight_would_have_been(analysed: Analysed) -> None:
    report = analysed("three_balls")
    one = next(one for one in report.violations if one.rule == "vanish")
    (foretold,) = predict(report, one)
    track = next(track for track in report.tracks if track.id == one.track_ids[0])
    last = track.boxes[track.frames.index(one.start_frame)]
    ahead = foretold.at(one.start_frame)
    assert ahead is not None
    assert np.allclose(ahead, last, atol=0.2 * (last[2] - last[0]))
    crops = plan_crops(report, one, [foretold])
    assert [crop.frame for crop in crops] == sorted(crop.frame for crop in crops)
    assert len({crop.window for crop in crops}) == 1


def test_analyze_writes_a_page_by_the_suffix(samples: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    assert main(["analyze", str(samples / "vanish.mp4"), "-q", "-o", str(file)]) == 0
    data = Parts(file.read_text(encoding="utf-8")).data()
    assert [one["rule"] for one in data["violations"]]


def test_pages_need_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "x.mp4", "--format", "html"]) == 2
    assert "-o FILE.html" in capsys.readouterr().err


def test_a_folder_of_reports_becomes_an_index(
    analysed: Analysed, samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    report = analysed("three_balls")
    (folder / "one.json").write_text(report.to_json(), encoding="utf-8")
    both = ReportSet(reports=(report,), errors=(Unread(path="gone.mp4", error="no such file"),))
    (folder / "set.json").write_text(both.to_json(), encoding="utf-8")
    lines = f'{report.model_dump_json()}\n{{"path": "x.mp4", "error": "empty"}}\n'
    (folder / "lines.jsonl").write_text(lines, encoding="utf-8")
    (folder / "labels.json").write_text("[]", encoding="utf-8")
    file = tmp_path / "index.html"
    asked = ["report", str(folder), "-o", str(file), "--no-pages", "--clips", str(samples)]
    assert main(asked) == 0
    assert "labels.json" in capsys.readouterr().err
    clips = Parts(file.read_text(encoding="utf-8")).data()["clips"]
    assert sorted(one["tone"] for one in clips) == ["bad"] * 3 + ["unread"] * 2
    assert all(one["picture"] for one in clips if one["tone"] == "bad")


def test_what_is_no_report_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    out = str(tmp_path / "x.html")
    assert main(["report", str(tmp_path / "x.json"), "-o", out]) == 3
    assert "not a physcheck report" in capsys.readouterr().err


def test_a_page_with_another_suffix_is_refused(tmp_path: Path) -> None:
    assert main(["report", "x.json", "-o", str(tmp_path / "x.json")]) == 2


def test_a_turned_clip_stands_upright_in_the_page(tmp_path: Path) -> None:
    frames = np.zeros((12, 48, 96, 3), np.uint8)
    frames[:, :, :48] = 255
    clip = tmp_path / "clip.mp4"
    write_video(clip, frames, 12.0)
    from physcheck.render.html.footage import Cut, read_footage

    footage = read_footage(clip, [k / 12 for k in range(12)], {3: [Cut((0, 0, 48, 48))]})
    assert footage.mp4[4:8] == b"ftyp"
    assert set(footage.pictures) == {(3, Cut((0, 0, 48, 48)))}

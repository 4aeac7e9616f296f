"""Videos and plots: they can be played and looked at, and say what the report says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import sample_report as sample

from physcheck.cli import main
from physcheck.errors import InputError
from physcheck.records import Report
from physcheck.render.overlay import BAD, JUDGED, write_overlay
from physcheck.render.plot import write_plot
from physcheck.types import Bytes

Analysed = Callable[[str], Report]


def frames_of(file: Path) -> tuple[list[float], list[Bytes]]:
    with av.open(str(file)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
        decoded = list(container.decode(video=0))
    return [float(one.time) for one in decoded], [one.to_ndarray(format="rgb24") for one in decoded]


def share_of(colour: tuple[int, int, int], picture: Bytes) -> float:
    near = np.abs(picture.astype(int) - colour).max(axis=-1) < 40
    return float(near.mean())


@pytest.fixture(scope="module")
def overlay(
    analysed: Analysed, samples: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Report, list[float], list[Bytes]]:
    report = analysed("three_balls")
    file = tmp_path_factory.mktemp("overlay") / "overlay.mp4"
    write_overlay(report, samples / "three_balls.mp4", file)
    assert [one.name for one in file.parent.iterdir()] == [file.name]
    return report, *frames_of(file)


def test_a_video_has_every_frame_at_its_time(
    overlay: tuple[Report, list[float], list[Bytes]],
) -> None:
    report, times_s, frames = overlay
    assert np.allclose(times_s, report.timeline.times_s, atol=1e-3)
    assert frames[0].shape[0] > report.video.height
    assert frames[0].shape[1] == report.video.width


def test_a_broken_rule_is_drawn_while_it_is_broken(
    overlay: tuple[Report, list[float], list[Bytes]],
) -> None:
    report, _, frames = overlay
    above = slice(0, report.video.height)
    floor = next(one for one in report.violations if one.rule == "floor-penetration")
    x1, y1, x2, y2 = (round(side) for side in floor.box)
    place = np.s_[y1 - 30 : y2 + 8, x1 - 20 : x2 + 90]
    during = share_of(BAD, frames[floor.peak_frame][above][place])
    before = share_of(BAD, frames[floor.start_frame - 5][above][place])
    assert during > before + 0.05


def test_the_strip_has_a_lane_for_each_rule_that_is_broken(
    overlay: tuple[Report, list[float], list[Bytes]],
) -> None:
    report, _, frames = overlay
    strip = frames[0][report.video.height :]
    assert share_of(JUDGED, strip) > 0.3
    for one in report.violations:
        column = strip[:, report.video.width * one.start_frame // report.video.frames + 2]
        assert share_of(BAD, column) > 0.1


def test_another_clip_is_refused_and_nothing_is_left(samples: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not as many frames"):
        write_overlay(sample.report(), samples / "three_balls.mp4", tmp_path / "out.mp4")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("clean", [False, True])
def test_a_plot_is_a_picture_with_or_without_a_clip(clean: bool, tmp_path: Path) -> None:
    file = tmp_path / "plot.png"
    write_plot(sample.report("$x^<script>\n", clean=clean), None, file)
    picture = cv2.imread(str(file))
    assert picture is not None
    assert picture.shape[1] > 1000


def test_analyze_writes_both_beside_its_result(samples: Path, tmp_path: Path) -> None:
    clip = str(samples / "vanish.mp4")
    video, plot = tmp_path / "v.mp4", tmp_path / "p.png"
    asked = ["analyze", clip, "-q", "-o", str(tmp_path / "r.json")]
    assert main([*asked, "--video", str(video), "--plot", str(plot)]) == 0
    assert frames_of(video)[0]
    assert cv2.imread(str(plot)) is not None


@pytest.mark.parametrize(
    ("clips", "flag", "cause"),
    [
        (("vanish",), ("--video", "out.txt"), "ends in .mp4"),
        (("vanish",), ("--plot", "out.jpg"), "ends in .png"),
        (("vanish", "pan"), ("--video", "out.mp4"), "several clips need a folder"),
        (("vanish",), ("--video", "nowhere/out.mp4"), "there is no folder"),
    ],
)
def test_what_cannot_be_written_is_said_before_any_work(
    clips: tuple[str, ...],
    flag: tuple[str, str],
    cause: str,
    samples: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    paths = [str(samples / f"{name}.mp4") for name in clips]
    assert main(["analyze", *paths, *flag]) == 2
    assert cause in capsys.readouterr().err


def test_a_clip_is_never_replaced_by_its_own_video(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes((samples / "vanish.mp4").read_bytes())
    assert main(["analyze", str(clip), "--video", str(clip)]) == 2
    assert "is one of the inputs" in capsys.readouterr().err

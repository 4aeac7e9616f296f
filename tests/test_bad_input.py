"""Input that is wrong, through the real program: a line with the cause, exit 3, no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from physcheck.cli import main

FPS = 24


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def draw_frames(n_frames: int, width: int = 160, height: int = 120) -> list[np.ndarray]:
    """A bright box that crosses a textured picture."""
    scenery = np.random.default_rng(7).integers(60, 90, (height, width, 3), dtype=np.uint8)
    frames = []
    for number in range(n_frames):
        frame = scenery.copy()
        frame[height // 2 : height // 2 + 20, 10 + 3 * number : 30 + 3 * number] = 230
        frames.append(frame)
    return frames


def write_video(
    path: Path, frames: list[np.ndarray], codec: str = "libx264", *, index_first: bool = True
) -> Path:
    height, width = frames[0].shape[:2]
    options = {"movflags": "faststart"} if path.suffix == ".mp4" and index_first else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"g": "6", "bf": "0"}
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def write_sound(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        for _ in range(20):
            silence = np.zeros((1, 1024), dtype=np.float32)
            frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
            frame.sample_rate = 44100
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_two_sizes(path: Path) -> Path:
    """An MPEG transport stream whose picture grows half-way."""
    small = write_video(path.with_name("small.ts"), draw_frames(12), "mpeg2video").read_bytes()
    large = write_video(path.with_name("large.ts"), draw_frames(12, 320, 240), "mpeg2video")
    path.write_bytes(small + large.read_bytes())
    return path


def write_any(path: Path, frames: list[np.ndarray], codec: str, pixels: str) -> Path:
    """Whatever the encoder makes of RGB or RGBA frames."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(
                frame, format="rgba" if frame.shape[2] == 4 else "rgb24"
            )
            container.mux(stream.encode(picture.reformat(format=pixels)))
        container.mux(stream.encode())
    return path


def write_broken_recording(path: Path) -> Path:
    """An MP4 that ends before its index, which stands at the end."""
    whole = write_video(path, draw_frames(24), index_first=False).read_bytes()
    path.write_bytes(whole[: len(whole) * 6 // 10])
    return path


def make_unreadable(folder: Path) -> list[Path]:
    """Files and a folder that hold no video, and one name that nothing has."""
    (folder / "text.mp4").write_text("This is not a video.\n" * 50)
    (folder / "zero.mp4").write_bytes(b"")
    (folder / "random.mp4").write_bytes(np.random.default_rng(1).bytes(20_000))
    (folder / "empty").mkdir()
    write_sound(folder / "sound.m4a")
    write_broken_recording(folder / "noindex.mp4")
    names = ["missing.mp4", "text.mp4", "zero.mp4", "random.mp4", "empty", "sound.m4a"]
    names.append("noindex.mp4")
    return [Path(name) for name in names]


def analyze(capsys: pytest.CaptureFixture[str], *paths: Path) -> tuple[int, dict, str]:
    status = main(["analyze", *map(str, paths), "--format", "json", "--quiet"])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return status, json.loads(said.out), said.err


def test_unreadable_input_is_named_with_its_cause_and_the_rest_is_analysed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = make_unreadable(folder)
    good = write_video(folder / "good.mp4", draw_frames(24))
    status, result, said = analyze(capsys, *bad[:3], good, *bad[3:])
    assert status == 3
    assert [report["video"]["frames"] for report in result["reports"]] == [24]
    assert [error["path"] for error in result["errors"]] == [str(path) for path in bad]
    lines = said.splitlines()
    assert len(lines) == len(bad)
    for line, path in zip(lines, bad, strict=True):
        assert line.startswith(f"physcheck: {path}: ")
        assert len(line) > len(f"physcheck: {path}: ") + 5
        assert "unexpected" not in line


def test_a_line_break_in_a_name_does_not_break_the_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", "-q", "odd\nname.mp4"]) == 3
    assert capsys.readouterr().err == "physcheck: odd?name.mp4: no such file or folder\n"


def test_nothing_half_written_is_left_beside_the_result(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "text.mp4").write_text("no video")
    (folder / "results").mkdir()
    assert main(["analyze", "text.mp4", "-o", "results/out.json"]) == 3
    assert [path.name for path in (folder / "results").iterdir()] == ["out.json"]
    assert json.loads(Path("results/out.json").read_text())["errors"][0]["path"] == "text.mp4"


@pytest.mark.parametrize("wrong", [("--pack", "nope"), ("--select", "nope"), ("--ignore", "nope")])
def test_a_wrong_name_is_said_before_any_clip_is_looked_at(
    folder: Path, capsys: pytest.CaptureFixture[str], wrong: tuple[str, str]
) -> None:
    (folder / "text.mp4").write_text("no video")
    assert main(["analyze", "missing.mp4", "text.mp4", *wrong, "-o", "out.json"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("physcheck: error: unknown rule")
    assert "'nope'" in line
    assert not (folder / "out.json").exists()


def test_a_library_that_cannot_be_loaded_is_one_line_on_what_to_install(folder: Path) -> None:
    write_video(folder / "good.mp4", draw_frames(12))
    (folder / "broken").mkdir()
    (folder / "broken" / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open')")
    done = subprocess.run(
        [sys.executable, "-m", "physcheck", "analyze", "-q", "good.mp4"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["broken", *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "libGL.so.1" in line
    assert "apt-get install libgl1" in line


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_what_decodes_of_a_truncated_file_is_analysed(
    folder: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    whole = write_video(folder / f"whole.{suffix}", draw_frames(36)).read_bytes()
    cut = folder / f"cut.{suffix}"
    cut.write_bytes(whole[: len(whole) * 6 // 10])
    status, report, said = analyze(capsys, cut)
    assert status == 3
    assert 10 < report["video"]["frames"] < 36
    assert report["problems"]
    assert len(said.splitlines()) == len(report["problems"])
    assert said.startswith(f"physcheck: {cut}: ")


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_a_file_damaged_in_the_middle_is_analysed_with_a_line_on_it_and_accused_of_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    data = bytearray(write_video(folder / f"whole.{suffix}", draw_frames(36)).read_bytes())
    middle = len(data) // 2
    data[middle : middle + 6000] = np.random.default_rng(3).bytes(6000)
    damaged = folder / f"damaged.{suffix}"
    damaged.write_bytes(data)
    status, report, said = analyze(capsys, damaged)
    assert status == 3
    assert report["video"]["frames"] > 10
    assert report["violations"] == []
    assert said.startswith(f"physcheck: {damaged}: ")


def test_a_hole_in_a_webm_is_told_and_nothing_is_accused_across_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(write_video(folder / "whole.webm", draw_frames(60), "libvpx").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = np.random.default_rng(3).bytes(4000)
    (folder / "hole.webm").write_bytes(data)
    status, report, said = analyze(capsys, folder / "hole.webm")
    assert status == 3
    assert report["violations"] == []
    assert "missing" in said or "ends early" in said


@pytest.mark.parametrize(
    ("name", "frames"),
    [
        ("one.mp4", draw_frames(1)),
        ("two.mp4", draw_frames(2)),
        ("still.mp4", draw_frames(1) * 24),
        ("flat.mp4", draw_frames(24, 16, 4)),
        ("banner.mp4", draw_frames(6, 4096, 64)),
        ("tiny.mp4", draw_frames(24, 8, 8)),
        ("black.mp4", [np.zeros((120, 160, 3), np.uint8)] * 24),
    ],
)
def test_a_clip_with_nothing_to_judge_has_no_score_and_a_reason(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, frames: list[np.ndarray]
) -> None:
    status, report, said = analyze(capsys, write_video(folder / name, frames))
    assert (status, said) == (0, "")
    assert report["score"] is None
    assert report["score_reason"]
    assert report["violations"] == []


def test_a_clip_whose_frame_size_changes_has_no_score_and_a_reason(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, report, said = analyze(capsys, write_two_sizes(folder / "sizes.ts"))
    assert (status, said) == (0, "")
    assert report["score"] is None
    assert "size" in report["score_reason"]
    assert report["problems"] == []


def test_the_reason_why_there_is_no_score_stands_in_the_verdict(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_video(folder / "tiny.mp4", draw_frames(6, 8, 8))
    assert main(["analyze", "-q", "tiny.mp4"]) == 0
    verdict = capsys.readouterr().out.splitlines()[0]
    assert verdict == "tiny.mp4: could not tell: the picture is too small: 8 x 8 px at working size"


def fade_in(frames: list[np.ndarray]) -> list[np.ndarray]:
    """The frames with an alpha channel that goes from nothing to all."""
    shape = frames[0].shape[:2]
    alphas = np.linspace(0, 255, len(frames)).astype(np.uint8)
    return [np.dstack([f, np.full(shape, a)]) for f, a in zip(frames, alphas, strict=True)]


@pytest.mark.parametrize(
    ("name", "frames", "codec", "pixels"),
    [
        ("one_px.mkv", draw_frames(12, 1, 1), "ffv1", "yuv444p"),
        ("odd.mkv", draw_frames(12, 33, 35), "ffv1", "yuv444p"),
        ("anim.gif", draw_frames(12), "gif", "rgb8"),
        ("web.webm", draw_frames(12), "libvpx-vp9", "yuv420p"),
        ("alpha.mov", fade_in(draw_frames(12)), "png", "rgba"),
        ("ten_bit.mp4", draw_frames(12), "libx264", "yuv420p10le"),
        ("gray.mkv", draw_frames(12), "ffv1", "gray"),
    ],
)
def test_every_kind_of_picture_is_read(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    frames: list[np.ndarray],
    codec: str,
    pixels: str,
) -> None:
    status, report, said = analyze(capsys, write_any(folder / name, frames, codec, pixels))
    assert (status, said) == (0, "")
    assert report["video"]["frames"] == 12
    assert report["violations"] == []

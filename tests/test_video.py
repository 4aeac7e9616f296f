"""Decoding, repeats and shots, on small files made here and on real clips."""

from __future__ import annotations

import json
import struct
import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from physcheck.container import Packets
from physcheck.errors import ConfigurationError, InputError, ShapeError
from physcheck.types import Bytes, Piece, Video
from physcheck.video import ArrayReader, VideoReader, pieces_of_frames, write_video

CLIPS = Path(__file__).resolve().parents[2] / "shared" / "clips" / "real"


def texture(seed: int, width: int = 320, height: int = 180) -> Bytes:
    """A smooth random colour picture, (height, width, 3)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 12 + 1, width // 12 + 1, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


def disc(picture: Bytes, x: float, y: float, radius: float, grey: int) -> Bytes:
    """The picture with a soft-edged disc on it."""
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    cover = np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, 1)[..., None]
    return (picture * (1 - cover) + grey * cover).astype(np.uint8)


def moving(seed: int, count: int, step_px: float = 6.0) -> list[Bytes]:
    """A disc that crosses a texture."""
    ground = texture(seed)
    return [disc(ground, 20 + step_px * i, 90, 14, 255) for i in range(count)]


def read(source: VideoReader | ArrayReader) -> tuple[list[Piece], Video]:
    return list(source.pieces()), source.video


def shots_of(frames: list[Bytes]) -> tuple[tuple[tuple[int, int], ...], list[int]]:
    """Shots, and the frames marked as transition."""
    _, video = read(ArrayReader(frames, 24))
    return video.shots, np.flatnonzero(video.transition).tolist()


def encode(path: Path, frames: list[Bytes], codec: str, pix_fmt: str, **options: str) -> None:
    """Write RGB or RGBA pictures with any codec and pixel format, 10 fps."""
    kind = "rgba" if frames[0].shape[2] == 4 else "rgb24"
    index_first = {"movflags": "faststart"} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", options=index_first) as container:
        stream = container.add_stream(codec, rate=10, options=options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pix_fmt
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format=kind)))
        container.mux(stream.encode())


def corner_picture(width: int = 64, height: int = 48) -> Bytes:
    """Black with a white upper left quarter and a grey one (100) to its right."""
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    picture[: height // 2] = 100
    picture[: height // 2, : width // 2] = 255
    return picture


def rotate_by_metadata(path: Path, degrees_clockwise: int) -> None:
    """Overwrite the matrix of the video track's header (tkhd) in an MP4."""
    turns = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
    a, b, c, d = (v << 16 for v in turns[degrees_clockwise])
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4 + 40
    data[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def test_times_come_from_the_container(tmp_path: Path) -> None:
    times_s = [0.5, 0.6, 0.75, 0.8, 1.4]
    path = tmp_path / "vfr.mp4"
    write_video(path, moving(1, 5), 30, times_s=times_s)
    pieces, video = read(VideoReader(path))
    assert np.allclose(np.diff(video.times_s), np.diff(times_s), atol=1e-3)
    assert np.allclose(pieces[0].times_s, video.times_s)
    assert video.problems == ()


def test_a_large_picture_is_halved_and_a_small_one_is_not_enlarged(tmp_path: Path) -> None:
    for size, working in (((1280, 720), (360, 640)), ((200, 120), (120, 200))):
        path = tmp_path / f"{size[0]}.mp4"
        write_video(path, [texture(1, *size)] * 2, 10)
        (piece,), video = read(VideoReader(path))
        assert piece.luma.shape[1:] == working
        assert piece.chroma.shape[1:3] == (working[0] // 2, working[1] // 2)
        assert piece.px.tolist() == [size[0] / working[1], size[1] / working[0]]
        assert (video.width_px, video.height_px) == size


def test_an_odd_size_is_kept_when_read_and_cut_when_written(tmp_path: Path) -> None:
    frames = [texture(1, 101, 75)] * 3
    write_video(tmp_path / "even.mp4", frames, 10)
    assert read(VideoReader(tmp_path / "even.mp4"))[1].width_px == 100
    encode(tmp_path / "odd.mkv", frames, "ffv1", "yuv420p")
    (piece,), video = read(VideoReader(tmp_path / "odd.mkv"))
    assert (video.width_px, video.height_px) == (101, 75)
    assert piece.luma.shape[1:] == (75, 101)
    assert piece.chroma.shape[1:3] == (38, 51)


@pytest.mark.parametrize(("turn", "bright"), [(90, (0, 1)), (180, (1, 1)), (270, (1, 0))])
def test_a_rotated_phone_video_comes_out_upright(
    tmp_path: Path, turn: int, bright: tuple[int, int]
) -> None:
    path = tmp_path / "phone.mp4"
    write_video(path, [corner_picture()] * 3, 10)
    rotate_by_metadata(path, turn)
    (piece,), video = read(VideoReader(path))
    size = (64, 48) if turn == 180 else (48, 64)
    assert (video.width_px, video.height_px) == size
    assert piece.luma.shape[1:] == size[::-1]
    quarters = piece.luma[0].reshape(2, size[1] // 2, 2, size[0] // 2).mean(axis=(1, 3))
    assert np.unravel_index(np.argmax(quarters), (2, 2)) == bright


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("ten_bit.mkv", "libx264", "yuv420p10le"),
        ("full.mkv", "mjpeg", "yuvj420p"),
        ("web.webm", "libvpx-vp9", "yuv420p"),
        ("444.mkv", "libx264", "yuv444p"),
        ("grey.mkv", "ffv1", "gray"),
        ("rgb.mkv", "ffv1", "bgr0"),
        ("picture.gif", "gif", "rgb8"),
    ],
)
def test_every_format_comes_out_in_full_range(
    tmp_path: Path, name: str, codec: str, pix_fmt: str
) -> None:
    encode(tmp_path / name, [corner_picture()] * 3, codec, pix_fmt)
    (piece,), video = read(VideoReader(tmp_path / name))
    assert video.n_frames == 3 and video.problems == ()
    assert np.median(piece.luma[0, 4:20, 4:28]) >= 250
    assert np.median(piece.luma[0, 28:44, 36:60]) <= 4
    palette = 16 if codec == "gif" else 2
    assert abs(float(np.median(piece.luma[0, 4:20, 36:60])) - 100) <= palette
    assert abs(float(np.median(piece.chroma)) - 128) <= 2


def test_what_is_transparent_becomes_black(tmp_path: Path) -> None:
    clear = np.full((48, 64, 4), 255, dtype=np.uint8)
    clear[:, 32:, 3] = 0
    encode(tmp_path / "alpha.mkv", [clear] * 2, "ffv1", "bgra")
    (piece,), _ = read(VideoReader(tmp_path / "alpha.mkv"))
    assert piece.luma[0, :, :30].min() > 250 and piece.luma[0, :, 34:].max() < 5


def test_memory_and_file_give_the_same_pictures(tmp_path: Path) -> None:
    frames = moving(3, 4)
    encode(tmp_path / "exact.mkv", frames, "libx264rgb", "rgb24", qp="0")
    (stored,), _ = read(VideoReader(tmp_path / "exact.mkv"))
    (held,) = pieces_of_frames(frames, 10)
    assert np.abs(stored.luma.astype(int) - held.luma).mean() < 2
    assert np.abs(stored.chroma.astype(int) - held.chroma).mean() < 3
    assert np.allclose(stored.times_s, held.times_s, atol=1e-3)


def write_wave(path: Path) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"\0\0" * 8000)


def no_index(path: Path) -> None:
    write_video(path, moving(1, 10), 10)
    path.write_bytes(path.read_bytes()[:3000])


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "no such file"),
    "folder": (lambda path: path.mkdir(), "folder"),
    "text": (lambda path: path.write_text("this is no video\n" * 50), "not a video"),
    "empty": (lambda path: path.write_bytes(b""), "empty"),
    "noise": (
        lambda path: path.write_bytes(np.random.default_rng(7).bytes(20_000)),
        "not a video",
    ),
    "audio only": (write_wave, "only audio"),
    "no index": (no_index, "moov"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_an_unreadable_file_is_named_in_one_line(
    tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"{kind}.mp4"
    make, cause = BROKEN[kind]
    make(path)
    with pytest.raises(InputError) as caught:
        list(VideoReader(path).pieces())
    message = str(caught.value)
    assert str(path) in message and cause in message and "\n" not in message
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_a_truncated_file_gives_what_decodes_and_says_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"cut.{suffix}"
    encode(path, moving(1, 48), "libx264", "yuv420p", g="12")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    _, video = read(VideoReader(path))
    assert 0 < video.n_frames < 48
    assert any("ends early" in line and "of about 4" in line for line in video.problems)


def test_damage_in_the_middle_is_told_and_marked(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hurt.mp4"
    rng = np.random.default_rng(7)
    frames = [rng.integers(0, 256, (96, 128, 3), dtype=np.uint8) for _ in range(40)]
    encode(path, frames, "libx264", "yuv420p", g="10", bf="0")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = rng.bytes(2000)
    path.write_bytes(data)
    _, video = read(VideoReader(path))
    assert video.n_frames >= 36 and video.times_s[-1] > 3.8
    assert len(video.problems) >= 1
    assert capfd.readouterr().err == ""


def test_a_hole_in_a_steady_clip_ends_the_shot_and_is_told(tmp_path: Path) -> None:
    times_s = np.arange(48) / 24 + np.where(np.arange(48) < 24, 0.0, 0.5)
    write_video(tmp_path / "hole.mkv", moving(1, 48), 24, times_s=times_s)
    with av.open(str(tmp_path / "hole.mkv")) as container:
        told_s = [float(p.duration * p.time_base) for p in container.demux(video=0) if p.size]
    _, video = read(VideoReader(tmp_path / "hole.mkv"))
    assert max(told_s) < 0.1
    assert video.shots == ((0, 24), (24, 48))
    assert video.problems[0] == "about 12 frames missing before 1.5 s"


def test_a_frame_that_is_meant_to_last_leaves_no_hole(tmp_path: Path) -> None:
    times_s = np.arange(48) / 24 + np.where(np.arange(48) < 24, 0.0, 0.5)
    write_video(tmp_path / "long.mp4", moving(1, 48), 24, times_s=times_s)
    _, video = read(VideoReader(tmp_path / "long.mp4"))
    assert video.shots == ((0, 48),) and video.problems == ()


def test_a_variable_rate_leaves_no_holes(tmp_path: Path) -> None:
    steps = np.random.default_rng(0).choice([0.02, 0.04, 0.1, 0.3], 40)
    write_video(tmp_path / "vfr.mkv", moving(1, 40), 24, times_s=np.cumsum(steps))
    _, video = read(VideoReader(tmp_path / "vfr.mkv"))
    assert video.problems == () and video.n_frames == 40


def test_a_size_that_changes_in_mid_stream_is_told(tmp_path: Path) -> None:
    path = tmp_path / "sizes.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for number, size in enumerate([(64, 48), (64, 48), (96, 80)]):
            coder = av.CodecContext.create("mjpeg", "w")
            coder.width, coder.height, coder.pix_fmt = *size, "yuvj420p"
            coder.time_base = Fraction(1, 10)
            frame = av.VideoFrame.from_ndarray(texture(1, *size), format="rgb24")
            frame = frame.reformat(format="yuvj420p")
            frame.pts = number
            for packet in [*coder.encode(frame), *coder.encode(None)]:
                packet.stream, packet.pts, packet.dts = stream, number, number
                packet.time_base = Fraction(1, 10)
                container.mux(packet)
    reader = VideoReader(path)
    pieces, video = read(reader)
    assert {piece.luma.shape[1:] for piece in pieces} == {(48, 64)}
    assert video.problems == ()
    assert reader.obstacles == ("the frame size changes in mid-stream, first at frame 2",)


def test_one_tiny_frame_is_one_piece(tmp_path: Path) -> None:
    write_video(tmp_path / "one.mp4", [np.zeros((8, 8, 3), np.uint8)], 10)
    (piece,), video = read(VideoReader(tmp_path / "one.mp4"))
    assert piece.luma.shape == (1, 8, 8) and video.shots == ((0, 1),)


def test_missing_and_unordered_times_are_mended_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "times.mp4"
    write_video(path, moving(1, 6), 10)
    decoded = Packets.frames

    def spoiled(self: Packets) -> object:
        for number, frame in enumerate(decoded(self)):
            frame.pts = {2: None, 4: 0}.get(number, frame.pts)
            yield frame

    monkeypatch.setattr(Packets, "frames", spoiled)
    reader = VideoReader(path)
    _, video = read(reader)
    assert np.allclose(np.diff(video.times_s), 0.1, atol=1e-3)
    assert video.problems == ()
    assert any("without a usable time: 2" in line for line in reader.remarks)


def test_each_frame_stored_three_times_is_left_out_twice(tmp_path: Path) -> None:
    frames = [frame for frame in moving(1, 20, step_px=13) for _ in range(3)]
    write_video(tmp_path / "triple.mp4", frames, 24, crf=23)
    pieces, video = read(VideoReader(tmp_path / "triple.mp4"))
    assert video.n_frames == 60
    assert video.doubled.sum() >= 38
    assert not video.doubled[::3].any()
    assert sum(len(piece.frames) for piece in pieces) == 60 - video.doubled.sum()


@pytest.mark.parametrize("crf", [18, 28])
def test_a_slow_grey_ball_on_a_still_ground_is_no_repeat(tmp_path: Path, crf: int) -> None:
    ground = (texture(2) // 3 + 80).astype(np.uint8)
    grey = int(ground[85:95, 60:100].mean()) + 20
    frames = [disc(ground, 60 + 0.5 * i, 90, 5, grey) for i in range(50)]
    write_video(tmp_path / "slow.mp4", frames, 24, crf=crf)
    assert not read(VideoReader(tmp_path / "slow.mp4"))[1].doubled.any()


def test_hard_cuts_are_found_where_they_are() -> None:
    frames = moving(1, 20) + moving(2, 1) + moving(3, 20)
    assert shots_of(frames) == (((0, 20), (20, 21), (21, 41)), [])


def test_a_cut_amid_repeats_begins_a_piece() -> None:
    frames = [f for f in moving(1, 8, 13) + moving(2, 8, 13) for _ in range(3)]
    pieces, video = read(ArrayReader(frames, 24))
    assert video.shots == ((0, 24), (24, 48))
    assert [int(piece.frames[0]) for piece in pieces] == [0, 24]
    assert all(piece.first and piece.last for piece in pieces)


def test_a_flash_is_no_cut_but_forbids_judgement() -> None:
    frames = moving(1, 30)
    for number in (14, 15):
        frames[number] = np.clip(frames[number] * 0.3 + 190, 0, 255).astype(np.uint8)
    shots, transition = shots_of(frames)
    assert shots == ((0, 30),)
    assert {14, 15} <= set(transition)


@pytest.mark.parametrize("gain", [0.85, 1.15])
def test_an_exposure_step_is_no_cut(gain: float) -> None:
    frames = [(f * 0.8).astype(np.uint8) for f in moving(1, 30)]
    frames[15:] = [np.clip(f * gain, 0, 255).astype(np.uint8) for f in frames[15:]]
    assert shots_of(frames) == (((0, 30),), [])


@pytest.mark.parametrize("step_px", [8, 24])
def test_a_fast_pan_is_no_cut(step_px: int) -> None:
    wide = texture(4, 320 + 40 * step_px, 180)
    frames = [np.ascontiguousarray(wide[:, step_px * i : step_px * i + 320]) for i in range(40)]
    assert shots_of(frames) == (((0, 40),), [])


def test_a_large_thing_that_enters_is_no_cut() -> None:
    ground = texture(5)
    frames = [disc(ground, -90 + 30 * i, 90, 70, 40) for i in range(16)]
    assert shots_of(frames) == (((0, 16),), [])


def test_a_fade_to_black_and_back_is_a_transition_with_one_cut() -> None:
    first, second = moving(1, 40, 3), moving(2, 40, 3)
    out = [(f * (1 - (i + 1) / 10)).astype(np.uint8) for i, f in enumerate(first[20:30])]
    back = [(f * ((i + 1) / 10)).astype(np.uint8) for i, f in enumerate(second[:10])]
    black = [np.zeros_like(first[0])] * 4
    shots, transition = shots_of(first[:20] + out + black + back + second[10:30])
    assert len(shots) == 2 and 27 <= shots[0][1] <= 34
    assert set(range(21, 42)) <= set(transition)
    assert not set(transition) & {*range(17), *range(47, 64)}


def test_a_dissolve_is_a_transition_with_a_cut_within() -> None:
    first, second = moving(1, 32, 3), moving(2, 32, 3)
    shares = np.arange(1, 13) / 13
    mixed = [
        (a * (1 - s) + b * s).astype(np.uint8)
        for a, b, s in zip(first[20:], second[:12], shares, strict=True)
    ]
    shots, transition = shots_of(first[:20] + mixed + second[12:])
    assert len(shots) == 2 and 20 <= shots[0][1] <= 32
    assert set(range(21, 31)) <= set(transition)
    assert not set(transition) & {*range(16), *range(40, 52)}


def test_a_long_shot_comes_in_pieces_without_loss() -> None:
    frames = moving(1, 70, 4)
    pieces = list(ArrayReader(frames, 24, max_piece_frames=30).pieces())
    assert all(len(piece.frames) <= 30 for piece in pieces)
    assert np.concatenate([piece.frames for piece in pieces]).tolist() == list(range(70))
    assert [piece.first for piece in pieces] == [True] + [False] * (len(pieces) - 1)
    assert [piece.last for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    (unsplit,) = pieces_of_frames(frames, 24)
    assert np.array_equal(np.concatenate([piece.luma for piece in pieces]), unsplit.luma)


def test_pictures_from_memory_are_checked() -> None:
    with pytest.raises(ConfigurationError):
        ArrayReader(moving(1, 3))
    with pytest.raises(InputError):
        list(pieces_of_frames([], 24))
    with pytest.raises(ShapeError):
        list(pieces_of_frames([np.zeros((4, 4), np.uint8)], 24))


@pytest.mark.skipif(not CLIPS.exists(), reason="no real clips beside the project")
@pytest.mark.parametrize("name", ["multi_bikes_street", "multi_concat_a", "teddy_handheld"])
def test_real_cuts_are_found_exactly(name: str) -> None:
    labels = json.loads((CLIPS / "labels.json").read_text())
    cuts = next(entry["cuts"] for entry in labels if entry["clip"] == f"clips/{name}.mp4")
    _, video = read(VideoReader(CLIPS / "clips" / f"{name}.mp4"))
    assert [start for start, _ in video.shots[1:]] == cuts
    assert not video.transition.any() and not video.doubled.any()

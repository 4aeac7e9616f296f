"""Frames that torch holds: seen like arrays, on whatever device they lie."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from physcheck.analysis import analyze
from physcheck.camera import estimate_camera
from physcheck.detectors.colours import pictures_of_size
from physcheck.detectors.sparse import look_at_some
from physcheck.detectors.yolo import YoloDetector, build
from physcheck.detectors.yolo.letterbox import fit
from physcheck.detectors.yolo.pictures import lay_pictures, lay_rgb
from physcheck.errors import ConfigurationError, InputError, ShapeError
from physcheck.records import Report
from physcheck.tensors import TensorReader, is_tensor, read_tensor, resized
from physcheck.types import Bytes, Detections, Piece
from physcheck.video import ArrayReader

SIZES = [(640, 360), (1280, 720), (1000, 562), (333, 517), (37, 41), (1921, 31)]
YOLO = "yolo11n.pt"


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch", reason="no torch, and so no tensors")


def frames_of(path: Path, count: int = 10**6) -> Bytes:
    capture, frames = cv2.VideoCapture(str(path)), []
    while len(frames) < count:
        there, frame = capture.read()
        if not there:
            break
        frames.append(frame[..., ::-1])
    return np.stack(frames)


def noisy(width: int, height: int, count: int = 3) -> Bytes:
    """Pictures of one scene with edges and noise of full range; none repeats another."""
    rng = np.random.default_rng(width)
    coarse = rng.integers(0, 256, (height // 9 + 1, width // 9 + 1, 3), dtype=np.uint8)
    large = coarse.repeat(9, axis=0).repeat(9, axis=1)[:height, :width]
    grain = rng.integers(-40, 41, (count, *large.shape))
    return np.clip(large + grain, 0, 255).astype(np.uint8)


def whole(reader: ArrayReader) -> Piece:
    (piece,) = reader.pieces()
    return piece


def apart(one: Bytes, other: Bytes) -> int:
    return int(np.abs(one.astype(int) - other).max())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("form", ["bytes", "planes first", "floats"])
def test_planes_are_those_of_an_array_within_one_level(
    torch: Any, size: tuple[int, int], form: str
) -> None:
    frames = noisy(*size)
    tensor = torch.from_numpy(frames)
    if form == "planes first":
        tensor = tensor.permute(0, 3, 1, 2).contiguous()
    elif form == "floats":
        tensor = tensor.float() / 255
    here, there = whole(ArrayReader(frames, 10.0)), whole(TensorReader(tensor, 10.0))
    assert apart(here.luma, there.luma) <= 1 and apart(here.chroma, there.chroma) <= 1
    assert (here.px == there.px).all() and (here.times_s == there.times_s).all()


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float64"])
def test_floats_of_any_width_are_taken(torch: Any, kind: str) -> None:
    frames = noisy(96, 64)
    tensor = torch.from_numpy(frames).to(torch.float64).div(255).to(getattr(torch, kind))
    here = whole(ArrayReader(frames, 10.0))
    for reader in (TensorReader(tensor, 10.0), read_tensor(tensor, 10.0)):
        assert apart(here.luma, whole(reader).luma) <= 2


def test_resizing_is_that_of_opencv_up_and_down(torch: Any) -> None:
    frames = noisy(200, 120, 1)
    tensor = torch.from_numpy(frames).permute(0, 3, 1, 2)
    for size, way in [((77, 59), cv2.INTER_AREA), ((320, 177), cv2.INTER_LINEAR)]:
        theirs = cv2.resize(frames[0].astype(np.float32), size, interpolation=way)
        ours = resized(tensor, size)[0].permute(1, 2, 0).numpy()
        assert np.abs(ours - theirs).max() < 0.01


def test_a_piece_holds_views_of_its_own_frames(torch: Any) -> None:
    """Cuts and repeats: what is left out of the planes is left out of the pictures."""
    first, second = noisy(160, 120, 12), noisy(161, 120, 12)[:, :, :160]
    frames = np.concatenate([first, second])
    frames[[4, 8]] = frames[[3, 7]]
    tensor = torch.from_numpy(frames)
    here = list(ArrayReader(frames, 10.0, max_piece_frames=8).pieces())
    there = list(TensorReader(tensor, 10.0, max_piece_frames=8).pieces())
    assert len(here) > 1 and all(piece.pictures == () for piece in here)
    for one, other in zip(here, there, strict=True):
        assert one.frames.tolist() == other.frames.tolist()
        assert (one.first, one.last) == (other.first, other.last)
        for number, picture in zip(other.frames, other.pictures, strict=True):
            assert picture.data_ptr() == tensor[number].data_ptr()
            assert (picture.permute(1, 2, 0).numpy() == frames[number]).all()
    with pytest.raises(ShapeError, match="pictures of"):
        replace(there[0], pictures=there[0].pictures[1:])


@pytest.fixture(scope="module")
def vanishing(samples: Path) -> Bytes:
    return frames_of(samples / "vanish.mp4")


@pytest.fixture(scope="module")
def as_array(vanishing: Bytes) -> Report:
    return analyze(vanishing, fps=24.0)


def same_verdict(one: Report, other: Report) -> None:
    assert one.score == pytest.approx(other.score, abs=1e-3)
    mine, theirs = (
        [(v.rule, v.track_ids, v.start_frame, v.stop_frame) for v in report.violations]
        for report in (one, other)
    )
    assert mine == theirs and mine


def test_a_tensor_gets_the_report_of_the_array_and_nothing_is_touched(
    torch: Any, vanishing: Bytes, as_array: Report
) -> None:
    tensor = (torch.from_numpy(vanishing).permute(0, 3, 1, 2).float() / 255).requires_grad_()
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    report = analyze(tensor, fps=24.0)
    same_verdict(report, as_array)
    assert (report.video.width, report.video.height) == vanishing.shape[2:0:-1]
    assert torch.is_grad_enabled() and torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    assert tensor.requires_grad and tensor.grad is None


@pytest.mark.parametrize("mode", ["inference_mode", "enable_grad"])
def test_the_way_of_devices_leads_to_the_same_verdict(
    torch: Any, vanishing: Bytes, as_array: Report, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr("physcheck.analysis.read_tensor", TensorReader)
    with getattr(torch, mode)():
        same_verdict(analyze(torch.from_numpy(vanishing), fps=24.0), as_array)


WRONG: dict[str, tuple[Callable[[Any], Any], str]] = {
    "whole numbers": (lambda t: t.zeros(4, 64, 64, 3, dtype=t.int64), "uint8, or floats"),
    "a batch": (lambda t: t.zeros(2, 4, 3, 64, 64), "one clip at a time"),
    "one picture": (lambda t: t.zeros(64, 64, 3), "permute"),
    "no colours": (lambda t: t.zeros(4, 64, 64), "permute"),
    "either way": (lambda t: t.zeros(4, 3, 64, 3), "permute"),
    "without px": (lambda t: t.zeros(4, 3, 0, 64), "permute"),
    "around zero": (lambda t: t.full((4, 3, 64, 64), -1.0), r"\(frames \+ 1\) / 2"),
    "large floats": (lambda t: t.full((4, 3, 64, 64), 255.0), "to 255"),
    "no numbers": (lambda t: t.full((4, 3, 64, 64), float("nan")), "nan"),
}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("reader", [TensorReader, read_tensor])
def test_what_can_be_meant_in_two_ways_is_refused(torch: Any, kind: str, reader: Any) -> None:
    make, said = WRONG[kind]
    with pytest.raises(ShapeError, match=said):
        list(reader(make(torch), 10.0).pieces())


def test_tensors_need_a_rate_and_frames(torch: Any) -> None:
    with pytest.raises(ConfigurationError, match="fps"):
        analyze(torch.zeros(4, 3, 64, 64))
    for reader in (TensorReader, read_tensor):
        with pytest.raises(InputError, match="no frames"):
            list(reader(torch.zeros(0, 3, 64, 64), 10.0).pieces())


def test_torch_is_never_imported_to_ask_whether_something_is_a_tensor() -> None:
    assert not is_tensor(np.zeros(3))
    code = (
        "import sys, numpy as np\nfrom physcheck.analysis import analyze\n"
        "analyze(np.zeros((9, 64, 64, 3), np.uint8), fps=9)\nprint('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


# What looks at the pictures themselves.


class Elsewhere:
    """A network that is said to be on a device, so that nothing is brought to it from here."""

    device = "cpu:0"

    def __init__(self, network: Any) -> None:
        self._network, self.batches = network, []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def run_uploaded(self, pictures: Any, confidence: float) -> Any:
        self.batches.append(len(pictures))
        return self._network.run_uploaded(pictures, confidence)


def refuse(*_: Any, **__: Any) -> None:
    raise AssertionError("planes were taken, although the picture is there")


@pytest.fixture(scope="module")
def street(shared: Path) -> Bytes:
    """Real frames at 1280 x 720."""
    clip = shared / "clips" / "real" / "clips" / "crowd_plaza_bw.mp4"
    return np.stack([cv2.resize(frame, (1280, 720)) for frame in frames_of(clip, 6)])


@pytest.fixture(scope="module")
def nano(shared: Path, torch: Any) -> YoloDetector:
    pytest.importorskip("ultralytics", reason="the extra 'yolo' is not installed")
    if not (shared / "weights" / YOLO).is_file():
        pytest.skip("no weights beside the project")
    return build(shared / "weights" / YOLO, imgsz=320, device="cpu", confidence=0.25)


def agree(ours: list[Detections], theirs: list[Detections], limit_px: float) -> None:
    for one, other in zip(ours, theirs, strict=True):
        sure = one.boxes[one.scores > 0.4]
        off = np.abs(sure[:, None] - other.boxes).max(axis=2).min(axis=1)
        assert len(sure) and np.median(off) < limit_px


@pytest.mark.parametrize("floats", [False, True])
def test_yolo_looks_at_the_frames_on_its_device(
    nano: YoloDetector,
    torch: Any,
    street: Bytes,
    monkeypatch: pytest.MonkeyPatch,
    floats: bool,
) -> None:
    tensor = torch.from_numpy(street)
    piece = whole(TensorReader(tensor.float() / 255 if floats else tensor, 25.0))
    plain = nano.detect(piece)
    monkeypatch.setattr("physcheck.detectors.yolo.frames.lay_planes", refuse)
    monkeypatch.setattr("physcheck.detectors.yolo.frames.lay_planes_on_device", refuse)
    network = Elsewhere(nano._network)
    detector = YoloDetector(network, imgsz=320, batch=4, confidence=0.25)
    seen = detector.detect(piece)
    agree(seen, plain, 2.0)
    assert network.batches == [4, 2] and seen[0].features.shape[1] == 4
    some = np.array([True, False, True, False, False, True])
    few = look_at_some(detector, piece, estimate_camera(piece.luma), some)
    agree([few[k] for k in (0, 2, 5)], [seen[k] for k in (0, 2, 5)], 0.05)
    assert [len(few[k].boxes) for k in (1, 3, 4)] == [0, 0, 0]


def test_frames_on_another_device_come_as_planes(
    nano: YoloDetector, torch: Any, street: Bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("physcheck.detectors.yolo.frames.lay_pictures", refuse)
    piece = whole(TensorReader(torch.from_numpy(street), 25.0))
    agree(nano.detect(piece), nano.predict(list(street)), 4.0)


def test_pictures_are_laid_like_arrays(torch: Any, street: Bytes) -> None:
    letterbox = fit(1280, 720, 320)
    tensor = torch.from_numpy(street).permute(0, 3, 1, 2)
    small = [cv2.resize(one, letterbox.inner, interpolation=cv2.INTER_AREA) for one in street]
    theirs = lay_rgb(small, letterbox).transpose(0, 3, 1, 2)
    ours = lay_pictures(list(tensor), letterbox)
    assert ours.is_contiguous(memory_format=torch.channels_last)
    assert np.abs(ours.numpy() * 255 - theirs).max() < 1.01
    levels = pictures_of_size(list(tensor.float() / 255), letterbox.inner).numpy()
    assert np.abs(levels - np.stack(small).transpose(0, 3, 1, 2)).max() <= 1

"""The detector `yolo` on a CUDA device; skipped where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from physcheck import boxes as geometry
from physcheck.analysis import analyze
from physcheck.detector_choice import Sight
from physcheck.detectors.early import EarlyLook
from physcheck.detectors.yolo import build
from physcheck.types import Bytes
from physcheck.video import VideoReader

YOLO, SEG = "yolo11n.pt", "yolov8n-seg.pt"


@pytest.fixture(scope="module")
def weights(shared: Path) -> Path:
    torch = pytest.importorskip("torch", reason="the extra 'yolo' is not installed")
    pytest.importorskip("ultralytics", reason="the extra 'yolo' is not installed")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    if not (shared / "weights" / YOLO).is_file():
        pytest.skip("no weights beside the project")
    return shared / "weights"


@pytest.fixture(scope="module")
def clip(shared: Path) -> Path:
    return shared / "clips" / "real" / "clips" / "crowd_plaza_bw.mp4"


def pictures(clip: Path, count: int) -> list[Bytes]:
    capture = cv2.VideoCapture(str(clip))
    return [np.ascontiguousarray(capture.read()[1][..., ::-1]) for _ in range(count)]


@pytest.mark.parametrize("name", [YOLO, SEG])
@pytest.mark.parametrize(("precision", "limit_px"), [("fp32", 0.5), ("fp16", 0.5)])
def test_boxes_on_the_gpu_are_those_on_the_cpu(
    weights: Path, clip: Path, name: str, precision: str, limit_px: float
) -> None:
    frames = pictures(clip, 8)
    settings: dict[str, Any] = {"imgsz": 640, "confidence": 0.3}
    here = build(weights / name, device="cpu", **settings).predict(frames)
    there = build(weights / name, device="cuda:0", precision=precision, **settings).predict(frames)
    apart = []
    for ours, theirs in zip(here, there, strict=True):
        partner = geometry.iou(ours.boxes, theirs.boxes).argmax(axis=1)
        apart += np.abs(ours.boxes - theirs.boxes[partner]).max(axis=1).tolist()
    assert np.median(apart) < limit_px


def test_half_precision_is_the_default_and_planes_are_laid_out_there(
    weights: Path, clip: Path
) -> None:
    detector = build(weights / YOLO, imgsz=640, confidence=0.4)
    assert detector.device == "cuda:0" and detector.settings["precision"] == "fp16"
    piece = next(VideoReader(clip).pieces())
    here = build(weights / YOLO, imgsz=640, confidence=0.4, device="cpu").detect(piece)
    there = detector.detect(piece)
    counts = np.array([[len(a.boxes), len(b.boxes)] for a, b in zip(here, there, strict=True)])
    assert np.abs(np.diff(counts)).mean() < 2


def test_a_whole_analysis_shows_the_gpu_every_frame_while_others_are_decoded(
    weights: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sight = Sight("hybrid", weights / YOLO, imgsz=320)
    ahead = analyze(clip, sight=sight)
    assert ahead.detector.device == "cuda:0" and ahead.detector.settings["every"] == 1
    monkeypatch.setattr(EarlyLook, "watch", lambda *_: None)
    usual = analyze(clip, sight=sight)
    assert len(ahead.tracks) == pytest.approx(len(usual.tracks), rel=0.2)
    assert ahead.score == pytest.approx(usual.score, abs=0.05)


def test_a_batch_that_is_too_large_is_halved(
    weights: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    detector = build(weights / YOLO, imgsz=640, batch=64)
    first = detector.predict(pictures(clip, 4))
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(min(1.0, 400e6 / total))
    try:
        many = detector.predict(pictures(clip, 64))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert len(many) == 64 and len(many[0].boxes) == len(first[0].boxes)
    assert any("no memory" in note for note in detector.notes)

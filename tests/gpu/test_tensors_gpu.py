"""Frames on a CUDA device are looked at there; skipped where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from physcheck.analysis import analyze
from physcheck.detectors.yolo import build
from physcheck.tensors import TensorReader, read_tensor
from physcheck.types import Bytes
from physcheck.video import ArrayReader

YOLO = "yolo11n.pt"


@pytest.fixture(scope="module")
def torch() -> Any:
    module = pytest.importorskip("torch", reason="no torch, and so no tensors")
    if not module.cuda.is_available():
        pytest.skip("no CUDA device")
    return module


@pytest.fixture(scope="module")
def frames(samples: Path) -> Bytes:
    """Frames (F, H, W, 3) that are larger than the working picture."""
    capture, taken = cv2.VideoCapture(str(samples / "vanish.mp4")), []
    while (read := capture.read())[0]:
        taken.append(cv2.resize(read[1][..., ::-1], (1000, 562), interpolation=cv2.INTER_CUBIC))
    return np.stack(taken)


@pytest.mark.parametrize("form", ["bytes", "floats"])
def test_planes_and_verdict_are_those_of_an_array(torch: Any, frames: Bytes, form: str) -> None:
    there = torch.from_numpy(frames).cuda()
    there = there.permute(0, 3, 1, 2).float() / 255 if form == "floats" else there
    (here,) = ArrayReader(frames, 24.0).pieces()
    (piece,) = read_tensor(there, 24.0).pieces()
    assert np.abs(here.luma.astype(int) - piece.luma).max() <= 1
    assert np.abs(here.chroma.astype(int) - piece.chroma).max() <= 1
    assert piece.pictures[0].is_cuda
    ours, theirs = analyze(there, fps=24.0), analyze(frames, fps=24.0)
    assert ours.score == pytest.approx(theirs.score, abs=1e-3)
    assert [v.rule for v in ours.violations] == [v.rule for v in theirs.violations] != []


def test_the_device_needs_little_more_than_the_frames(torch: Any, frames: Bytes) -> None:
    there = torch.from_numpy(frames).cuda()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    pieces = list(TensorReader(there, 24.0).pieces())
    assert len(pieces[0].pictures) == len(pieces[0].frames)
    assert torch.cuda.max_memory_allocated() - before < 300e6
    assert torch.cuda.memory_allocated() == before


def test_yolo_sees_the_frames_where_they_are(
    torch: Any, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ultralytics", reason="the extra 'yolo' is not installed")
    if not (shared / "weights" / YOLO).is_file():
        pytest.skip("no weights beside the project")
    capture = cv2.VideoCapture(str(shared / "clips" / "real" / "clips" / "crowd_plaza_bw.mp4"))
    frames = np.stack([capture.read()[1][..., ::-1] for _ in range(16)])
    (piece,) = TensorReader(torch.from_numpy(frames).cuda(), 25.0).pieces()
    (here,) = ArrayReader(frames, 25.0).pieces()
    detector = build(shared / "weights" / YOLO, device="cuda:0", confidence=0.4)
    usual = detector.detect(here)
    monkeypatch.setattr("physcheck.detectors.yolo.frames.lay_planes_on_device", None)
    seen = detector.detect(piece)
    counts = np.array([[len(a.boxes), len(b.boxes)] for a, b in zip(seen, usual, strict=True)])
    assert counts.min() > 0 and np.abs(np.diff(counts)).mean() < 2

"""Convolutions that apply their activations themselves say what the plain ones say."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from physcheck.detectors.yolo import build, torch_network
from physcheck.detectors.yolo.fused import fuse_activations
from physcheck.types import Detections
from physcheck.video import VideoReader

N_FRAMES = 3


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch", reason="the extra 'yolo' is not installed")


@pytest.fixture(scope="module")
def weights(shared: Path) -> Path:
    pytest.importorskip("ultralytics", reason="the extra 'yolo' is not installed")
    path = shared / "weights" / "yolo11n.pt"
    if not path.is_file():
        pytest.skip(f"no weights: {path}")
    return path


def blocks(torch: Any) -> Any:
    """A network of blocks as ultralytics has them once its batch norms are folded."""

    class Conv(torch.nn.Module):
        def __init__(self, conv: Any, act: Any) -> None:
            super().__init__()
            self.conv, self.act = conv, act

        def forward(self, x: Any) -> Any:
            return self.act(self.conv(x))

    conv, nn = torch.nn.Conv2d, torch.nn
    torch.manual_seed(1)
    return nn.Sequential(
        Conv(conv(3, 16, 3, 2, 1), nn.SiLU()),
        Conv(conv(16, 16, 3, 1, 1, groups=16), nn.SiLU()),
        Conv(conv(16, 24, 1), nn.Identity()),
        Conv(conv(24, 8, 3, 1, 2, dilation=2, bias=False), nn.ReLU()),
        # Neither of these is plain: the one pads by a word, the other has another activation.
        Conv(conv(8, 8, 3, padding="same"), nn.SiLU()),
        Conv(conv(8, 8, 1), nn.GELU()),
    ).eval()


def forwards(module: Any) -> list[bool]:
    """Which of the blocks have a forward of their own."""
    return ["forward" in vars(part) for part in module]


def without_operators(torch: Any) -> Any:
    """torch as a build has it that brings no oneDNN."""
    names = {name: getattr(torch, name) for name in ("nn", "inference_mode", "linspace")}
    names |= {name: getattr(torch, name) for name in ("channels_last", "allclose", "_C")}
    return SimpleNamespace(**names, ops=SimpleNamespace(mkldnn=SimpleNamespace()))


def test_plain_blocks_are_fused_and_give_the_same_numbers_in_every_size(torch: Any) -> None:
    module = blocks(torch)
    pictures = [torch.rand(n, 3, h, w) - 0.5 for n, h, w in ((2, 32, 48), (1, 40, 24), (3, 32, 48))]
    with torch.inference_mode():
        wanted = [module(one) for one in pictures]
        if not fuse_activations(torch, module):
            pytest.skip("this torch has not the operators")
        assert forwards(module) == [True] * 4 + [False] * 2
        for one, before in zip(pictures, wanted, strict=True):
            torch.testing.assert_close(module(one), before, atol=1e-5, rtol=1e-4)


def test_a_torch_without_the_operators_leaves_the_network_as_it_was(torch: Any) -> None:
    module = blocks(torch)
    assert fuse_activations(without_operators(torch), module) == 0
    assert forwards(module) == [False] * 6


def test_operators_that_calculate_otherwise_are_not_used(
    torch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = blocks(torch)
    monkeypatch.setattr("physcheck.detectors.yolo.fused._Step.__call__", lambda step, x: x.sum())
    assert fuse_activations(torch, module) == 0
    assert forwards(module) == [False] * 6


def seen(weights: Path, shared: Path, imgsz: int) -> list[Detections]:
    """What the network sees in some real frames."""
    whole = next(VideoReader(shared / "clips" / "real" / "clips" / "crowd_plaza_bw.mp4").pieces())
    pictures = [np.repeat(luma[..., None], 3, axis=2) for luma in whole.luma[:N_FRAMES]]
    detector = build(weights, device="cpu", precision="fp32", imgsz=imgsz, confidence=0.25)
    return detector.predict(pictures)


@pytest.mark.parametrize("imgsz", [320, 640])
def test_boxes_of_the_fused_network_are_those_of_the_plain_one(
    torch: Any, weights: Path, shared: Path, monkeypatch: pytest.MonkeyPatch, imgsz: int
) -> None:
    fused = seen(weights, shared, imgsz)
    monkeypatch.setattr(torch_network, "fuse_activations", lambda torch, module: 0)
    plain = seen(weights, shared, imgsz)
    assert sum(len(one.boxes) for one in plain) > N_FRAMES
    for ours, theirs in zip(fused, plain, strict=True):
        assert ours.labels.tolist() == theirs.labels.tolist()
        assert np.abs(ours.boxes - theirs.boxes).max(initial=0.0) < 0.01
        assert ours.scores == pytest.approx(theirs.scores, abs=1e-4)

"""A network looks at frames while others are decoded: same answer, nothing twice, nothing left."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from drawn_pieces import Thing, draw, slide
from scripted_model import ScriptedModel, Seen, box_at

import physcheck.sight
from physcheck.analysis import analyze
from physcheck.cache import CachedDetector, DetectionCache
from physcheck.camera import Camera, estimate_camera
from physcheck.detector_choice import DetectorChoice, Sight
from physcheck.detectors import Detector
from physcheck.detectors.early import EarlyLook
from physcheck.detectors.hybrid import HybridDetector
from physcheck.detectors.motion import MotionDetector
from physcheck.errors import ConfigurationError
from physcheck.sight import ClipSight, OpenedSight
from physcheck.types import Bytes, Detections, Piece
from physcheck.video import ArrayReader

WAY = slide((20, 100), (2, 0))
N = 90


def script(k: int) -> list[Seen]:
    return [("sports ball", box_at(WAY, k), 0.8)]


class Failing(ScriptedModel):
    """It finds out that it has no memory."""

    def detect(self, piece: Piece, camera: Camera) -> list[Detections]:
        raise ConfigurationError("cuda:0: no memory for a single frame")


@pytest.fixture(scope="module")
def frames() -> Bytes:
    """Two shots: one of 60 frames, one of 30 with another room."""
    one = draw(N, [Thing(WAY)])
    other = [255 - picture[:, ::-1] for picture in one]
    return np.stack([*one[:60], *other[60:]])


def looked_at(frames: Bytes, detector: Detector, early: EarlyLook | None) -> list[Detections]:
    found = []
    for piece in ArrayReader(frames, 30.0).pieces(early.watch if early else None):
        found += detector.detect(piece, estimate_camera(piece.luma))
    return found


@pytest.fixture
def worker() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as thread:
        yield thread


def same(some: list[Detections], others: list[Detections]) -> None:
    for one, other in zip(some, others, strict=True):
        for column in ("boxes", "scores", "labels", "noise_px", "features"):
            np.testing.assert_array_equal(getattr(one, column), getattr(other, column))


@pytest.mark.parametrize("every", [1, 3, None])
def test_hybrid_sees_the_same_and_asks_for_no_frame_twice(
    worker: ThreadPoolExecutor, frames: Bytes, every: int | None
) -> None:
    plain, watching = ScriptedModel(script), ScriptedModel(script)
    early = EarlyLook(watching, worker, every)
    usual = looked_at(frames, HybridDetector(plain, MotionDetector(), every), None)
    found = looked_at(frames, HybridDetector(early, MotionDetector(), every), early)
    early.close()
    same(found, usual)
    assert sorted(watching.shown) == sorted(plain.shown)


def test_most_frames_were_seen_when_the_last_one_is_decoded(
    worker: ThreadPoolExecutor, frames: Bytes
) -> None:
    model = ScriptedModel(script)
    early = EarlyLook(model, worker)
    pieces = ArrayReader(frames, 30.0).pieces(early.watch)
    first = next(pieces)
    deadline_s = time.monotonic() + 10
    while len(model.shown) < 48 and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert model.shown == list(range(len(model.shown))) and len(model.shown) >= 48
    assert len(early.detect(first, estimate_camera(first.luma))) == 60
    early.close()


def test_frames_of_two_shots_are_told_apart(worker: ThreadPoolExecutor, frames: Bytes) -> None:
    model = ScriptedModel(script)
    early = EarlyLook(model, worker)
    found = looked_at(frames, early, early)
    early.close()
    same(found, [one for k in range(N) for one in model.detect(_piece_of_frame(k), None)])  # type: ignore[arg-type]


def _piece_of_frame(k: int) -> Piece:
    return Piece(
        frames=np.array([k]),
        times_s=np.array([k / 30]),
        luma=np.zeros((1, 24, 32), np.uint8),
        chroma=np.zeros((1, 12, 16, 2), np.uint8),
        transition=np.zeros(1, dtype=bool),
        px=np.ones(2),
    )


def test_what_goes_wrong_ahead_is_heard_where_the_question_is_asked(
    worker: ThreadPoolExecutor, frames: Bytes
) -> None:
    early = EarlyLook(Failing(script), worker)
    with pytest.raises(ConfigurationError, match="no memory for a single frame"):
        looked_at(frames, early, early)
    early.close()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_an_analysis_that_is_given_up_leaves_no_thread(
    frames: Bytes, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    def interrupted(luma: Bytes) -> Camera:
        raise stop

    model = ScriptedModel(script)
    monkeypatch.setattr("physcheck.analysis.estimate_camera", interrupted)
    monkeypatch.setattr("physcheck.analysis.open_sight", lambda asked: opened(asked, model))
    with pytest.raises(stop):
        analyze(frames, fps=30.0)
    assert len(model.shown) < N
    assert not [one for one in threading.enumerate() if one.name.startswith("network")]


def test_one_thread_serves_many_clips(frames: Bytes) -> None:
    model = ScriptedModel(script)
    sight = opened(Sight("motion"), model)
    reports = [analyze(frames, fps=30.0, sight=sight) for _ in range(2)]
    names = [one.name for one in threading.enumerate() if one.name.startswith("network")]
    sight.close()
    assert names == ["network_0"]
    assert reports[0].tracks == reports[1].tracks
    assert model.shown[: len(model.shown) // 2] == model.shown[len(model.shown) // 2 :]


def opened(asked: Sight, model: ScriptedModel) -> OpenedSight:
    return OpenedSight(asked, DetectorChoice("hybrid", "asked for"), model)


def test_a_clip_that_is_in_the_cache_is_not_looked_at_ahead(
    worker: ThreadPoolExecutor, tmp_path: Path, frames: Bytes
) -> None:
    cache = DetectionCache(tmp_path, 10**9)
    shown = []
    for _ in range(2):
        model = ScriptedModel(script)
        early = EarlyLook(model, worker)
        cached = CachedDetector(early, cache, "0123456789abcdef" * 4)
        looked_at(frames, cached, None if cached.knows_clip else early)
        early.close()
        shown.append(len(model.shown))
    assert shown == [N, 0]


def test_a_report_says_what_the_network_did_otherwise(worker: ThreadPoolExecutor) -> None:
    model = ScriptedModel(script)
    early = EarlyLook(model, worker)
    info = physcheck.sight.DetectorInfo(name="hybrid")
    sight = ClipSight(HybridDetector(early, MotionDetector()), info, (), early)
    model.notes = ["cuda:0 has no memory for 64 frames at once: 32 from then on"]  # type: ignore[attr-defined]
    assert sight.notes() == model.notes  # type: ignore[attr-defined]

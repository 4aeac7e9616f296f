"""Long clips: judged in pieces, in bounded memory, with ids and timeline that go on."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import physcheck.analysis
from physcheck.analysis import analyze
from physcheck.records import Report
from physcheck.types import Bytes, Piece
from physcheck.video import VideoReader, write_video

N_FRAMES, FPS = 700, 24.0


def bouncing(n_frames: int) -> Bytes:
    """A spotted disc that bounces without loss before a blotchy wall, (n, 96, 128, 3)."""
    rng = np.random.default_rng(5)
    wall = np.kron(rng.integers(70, 130, (12, 16, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    y, x = np.mgrid[0:96, 0:128]
    frames = np.empty((n_frames, 96, 128, 3), dtype=np.uint8)
    for number in range(n_frames):
        phase = (number % 30) / 30.0
        top = 70.0 - 4 * 45.0 * phase * (1.0 - phase)
        far = np.hypot(x - 64.0, y - top)
        frames[number] = np.where((far < 9.0)[..., None], (230, 220, 60), wall)
        frames[number][far < 3.0] = (60, 30, 30)
    return frames


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    write_video(path, bouncing(N_FRAMES), FPS)
    return path


@pytest.fixture(scope="module")
def report(clip: Path) -> Report:
    return analyze(clip)


def test_a_long_clean_shot_raises_nothing_at_the_borders_of_its_pieces(report: Report) -> None:
    assert report.violations == ()
    assert report.video.shots == ((0, N_FRAMES),)


def test_ids_go_on_from_piece_to_piece(report: Report) -> None:
    assert [track.id for track in report.tracks] == list(range(1, len(report.tracks) + 1))
    starts = [track.frames[0] for track in report.tracks]
    assert min(starts) == 0
    assert max(starts) >= 500


def test_the_timeline_covers_every_piece(report: Report) -> None:
    assert len(report.timeline.times_s) == N_FRAMES
    judged = report.timeline.rules["teleport"].judged
    assert judged[0][0] < 10
    assert judged[-1][1] > N_FRAMES - 10
    assert sum(stop - start for start, stop in judged) > 0.9 * N_FRAMES


def test_the_report_says_where_a_long_shot_was_taken_apart(report: Report) -> None:
    (note,) = [one for one in report.notes if "in pieces" in one]
    border = int(note.split()[-1])
    assert 300 < border < 600
    assert any(track.frames[0] == border for track in report.tracks)


def test_a_piece_is_let_go_before_the_next_one_is_decoded(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[bool] = []

    class Watched(VideoReader):
        def __init__(self, path: str | Path) -> None:
            super().__init__(path, max_piece_frames=200)

        def pieces(self, watcher: Any = None) -> Iterator[Piece]:
            pieces = super().pieces(watcher)
            while True:
                piece: Any = next(pieces, None)
                if piece is None:
                    return
                pixels = weakref.ref(piece.luma.base)
                yield piece
                del piece
                kept.append(pixels() is not None)

    monkeypatch.setattr(physcheck.analysis, "VideoReader", Watched)
    analyze(clip)
    assert len(kept) >= 4
    assert not any(kept)

"""The cache of detections: what was seen comes back, and nothing breaks an analysis."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_pieces import Thing, draw, piece_of, slide

from physcheck.cache import (
    CachedDetector,
    DetectionCache,
    clip_key,
    content_sha256,
    open_cache,
)
from physcheck.cache.packing import pack, unpack
from physcheck.camera import Camera, estimate_camera
from physcheck.cli import main
from physcheck.detectors.motion import MotionDetector, nothing
from physcheck.errors import ConfigurationError
from physcheck.types import Detections, Piece

FIELDS = ("boxes", "scores", "labels", "noise_px", "features", "masks")


def seen_of(n: int, seed: int = 0) -> list[Detections]:
    """n frames of made-up detections: none, some with masks, some without."""
    chance = np.random.default_rng(seed)
    frames = [nothing()]
    for k in range(1, n):
        low = chance.uniform(0, 100, (k % 4, 2))
        frames.append(
            Detections(
                np.concatenate([low, low + 20], axis=1),
                chance.uniform(0, 1, len(low)),
                np.array(["ball", "a longer word", "ü"][: len(low)], dtype=np.str_),
                chance.uniform(0.1, 1, (len(low), 4)),
                masks=chance.integers(0, k % 4 + 1, (36, 64)).astype(np.uint8) if k % 2 else None,
                features=chance.normal(size=(len(low), 4)),
            )
        )
    return frames


def assert_same(a: Sequence[Detections], b: Sequence[Detections] | None) -> None:
    assert b is not None
    assert len(a) == len(b)
    for one, other in zip(a, b, strict=True):
        for name in FIELDS:
            left, right = getattr(one, name), getattr(other, name)
            assert (left is None) == (right is None), name
            if left is not None:
                assert left.dtype.kind == right.dtype.kind, name
                np.testing.assert_array_equal(left, right, err_msg=name)
        if one.masks is not None and other.masks is not None:
            assert one.masks.dtype == other.masks.dtype


@pytest.fixture
def cache(tmp_path: Path) -> DetectionCache:
    return DetectionCache(tmp_path / "cache" / "detections", 10_000_000)


@pytest.fixture(scope="module")
def piece() -> Piece:
    return piece_of(draw(20, [Thing(slide((40, 80), (6, 0)))]))


@pytest.fixture(scope="module")
def camera(piece: Piece) -> Camera:
    return estimate_camera(piece.luma)


class Counting:
    """The motion detector, and how often it was asked."""

    name = "motion"

    def __init__(self) -> None:
        self.n = 0

    def detect(self, piece: Piece, camera: Camera) -> list[Detections]:
        self.n += 1
        return MotionDetector().detect(piece, camera)


def test_what_is_put_comes_back_bit_for_bit(cache: DetectionCache) -> None:
    seen = seen_of(12)
    cache.put("a" * 64, seen)
    assert_same(seen, cache.get("a" * 64, 12))
    assert cache.get("b" * 64, 12) is None


def test_no_frames_and_many_things_in_one_mask_come_back(cache: DetectionCache) -> None:
    assert unpack(pack([])) == []
    n = 300
    crowd = Detections(
        np.tile([0.0, 0, 1, 1], (n, 1)),
        np.ones(n),
        np.full(n, ""),
        np.ones((n, 4)),
        masks=np.arange(30 * 20, dtype=np.uint16).reshape(20, 30) % (n + 1),
    )
    assert_same([crowd], unpack(pack([crowd])))


def test_a_second_look_at_the_same_piece_asks_nobody(
    cache: DetectionCache, piece: Piece, camera: Camera
) -> None:
    counting = Counting()
    first = CachedDetector(counting, cache, "clip")
    seen = first.detect(piece, camera)
    second = CachedDetector(counting, cache, "clip")
    assert_same(seen, second.detect(piece, camera))
    assert any(one.masks is not None and len(one.boxes) for one in seen)
    assert (counting.n, first.n_looked, second.n_known) == (1, 1, 1)
    assert second.name == "motion"


def test_another_clip_other_frames_and_another_size_are_looked_at(
    cache: DetectionCache, piece: Piece, camera: Camera
) -> None:
    counting = Counting()
    CachedDetector(counting, cache, "clip").detect(piece, camera)
    CachedDetector(counting, cache, "other").detect(piece, camera)
    CachedDetector(counting, cache, "clip").detect(replace(piece, frames=piece.frames + 1), camera)
    CachedDetector(counting, cache, "clip").detect(replace(piece, px=2 * piece.px), camera)
    assert counting.n == 4


def test_the_key_depends_on_content_detector_weights_and_settings_and_not_on_the_name(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"one")
    (tmp_path / "b.mp4").write_bytes(b"one")
    (tmp_path / "c.mp4").write_bytes(b"two")
    one = clip_key(tmp_path / "a.mp4", detector="yolo", settings={"imgsz": 640, "classes": (1, 2)})
    same = clip_key(tmp_path / "b.mp4", detector="yolo", settings={"classes": [1, 2], "imgsz": 640})
    assert one == same
    others = {
        clip_key(tmp_path / "c.mp4", detector="yolo", settings={"imgsz": 640}),
        clip_key(tmp_path / "a.mp4", detector="hybrid", settings={"imgsz": 640}),
        clip_key(tmp_path / "a.mp4", detector="yolo", settings={"imgsz": 320}),
        clip_key(tmp_path / "a.mp4", detector="yolo", weights_sha256="1"),
        clip_key(tmp_path / "a.mp4", detector="yolo", weights_sha256="2"),
    }
    assert len(others | {one}) == 6


def test_frames_in_memory_have_a_key_of_their_own() -> None:
    frames = np.zeros((3, 4, 5, 3), np.uint8)
    assert content_sha256(frames) == content_sha256(frames.copy())
    assert content_sha256(frames) != content_sha256(frames.reshape(3, 5, 4, 3))
    assert content_sha256(frames) != content_sha256(frames + 1)


@pytest.mark.parametrize("at", [0, 30, 200, -1])
def test_a_damaged_file_is_a_miss_and_is_removed(cache: DetectionCache, at: int) -> None:
    cache.put("a" * 64, seen_of(5))
    (path,) = cache.folder.iterdir()
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)
    assert cache.get("a" * 64, 5) is None
    assert not path.exists()


def test_a_cut_file_and_one_of_another_length_are_misses(cache: DetectionCache) -> None:
    cache.put("a" * 64, seen_of(5))
    assert cache.get("a" * 64, 6) is None
    cache.put("a" * 64, seen_of(5))
    (path,) = cache.folder.iterdir()
    for n_bytes in (0, 10, 60, 500):
        path.write_bytes(pack(seen_of(5))[:n_bytes])
        assert cache.get("a" * 64, 5) is None


def test_the_least_recently_used_go_when_the_limit_is_reached(tmp_path: Path) -> None:
    size = len(pack(seen_of(8)))
    cache = DetectionCache(tmp_path, 5 * size + size // 2)
    now = time.time()
    for k in range(5):
        cache.put(f"{k}", seen_of(8))
        os.utime(tmp_path / f"{k}.detections", (now - 100 + k, now - 100 + k))
    assert cache.get("0", 8) is not None
    cache.put("5", seen_of(8))
    left = sorted(path.stem for path in tmp_path.iterdir())
    assert "0" in left and "5" in left and "1" not in left
    assert cache.content().n_bytes <= cache.limit_bytes


def test_what_is_larger_than_the_limit_is_not_kept(tmp_path: Path) -> None:
    cache = DetectionCache(tmp_path / "cache", 100)
    cache.put("a", seen_of(8))
    assert cache.content().n_entries == 0


def test_a_folder_that_cannot_be_written_costs_only_the_cache(
    tmp_path: Path, piece: Piece, camera: Camera
) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = DetectionCache(tmp_path / "file" / "detections", 10**7)
    seen = CachedDetector(Counting(), cache, "clip").detect(piece, camera)
    assert len(seen) == len(piece.frames)
    assert "nothing more is cached" in cache.problem
    cache.put("a", seen)
    assert cache.content().n_entries == 0


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_read_and_not_written(cache: DetectionCache) -> None:
    cache.put("a", seen_of(5))
    cache.folder.chmod(0o500)
    try:
        assert cache.get("a", 5) is not None
        cache.put("b", seen_of(5))
        assert "Permission" in cache.problem
    finally:
        cache.folder.chmod(0o700)


def churn(folder: Path, seed: int) -> int:
    """Write, read and push out entries that other processes use too; count what was wrong."""
    cache = DetectionCache(folder, 60_000)
    wrong = 0
    for turn in range(40):
        k = (turn * 7 + seed) % 12
        found = cache.get(f"{k}", 6)
        if found is None:
            cache.put(f"{k}", seen_of(6, seed=k))
        else:
            wrong += found[3].scores.tolist() != seen_of(6, seed=k)[3].scores.tolist()
    return wrong + bool(cache.problem)


def test_processes_may_share_a_folder(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork" if os.name == "posix" else "spawn")
    with context.Pool(4) as pool:
        wrong = pool.starmap(churn, [(tmp_path / "cache", seed) for seed in range(4)])
    assert wrong == [0, 0, 0, 0]
    names = [path.name for path in (tmp_path / "cache").iterdir()]
    assert all(name.endswith(".detections") and not name.startswith(".") for name in names)
    assert DetectionCache(tmp_path / "cache", 60_000).content().n_bytes <= 70_000


def test_the_environment_says_where_and_how_much(tmp_path: Path) -> None:
    named = open_cache({"PHYSCHECK_CACHE": str(tmp_path), "PHYSCHECK_CACHE_MB": "1.5"})
    assert named is not None
    assert (named.folder, named.limit_bytes) == (tmp_path / "detections", 1_500_000)
    usual = open_cache({"XDG_CACHE_HOME": str(tmp_path)})
    assert usual is not None
    assert (usual.folder, usual.limit_bytes) == (
        tmp_path / "physcheck" / "detections",
        2_000_000_000,
    )
    assert open_cache({"PHYSCHECK_CACHE_MB": "0", "PHYSCHECK_CACHE": str(tmp_path)}) is None
    for text in ("much", "-1", "nan", "inf"):
        with pytest.raises(ConfigurationError, match="PHYSCHECK_CACHE_MB: must be megabytes"):
            open_cache({"PHYSCHECK_CACHE_MB": text})


def test_the_commands_tell_what_is_there_and_remove_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PHYSCHECK_CACHE", str(tmp_path))
    monkeypatch.delenv("PHYSCHECK_CACHE_MB")
    cache = open_cache()
    assert cache is not None
    assert main(["cache", "info"]) == 0
    assert "entries  0" in capsys.readouterr().out
    cache.put("a", seen_of(5))
    cache.put("b", seen_of(5))
    (cache.folder / "notes.txt").write_text("mine")
    abandoned = cache.folder / ".part-c.detections.x"
    abandoned.write_text("an hour ago")
    os.utime(abandoned, (time.time() - 3600,) * 2)
    assert main(["cache", "info"]) == 0
    out = capsys.readouterr().out
    assert f"folder   {cache.folder}\nentries  2\n" in out
    assert "of 2000.0 MB" in out
    assert main(["cache", "clear"]) == 0
    assert "removed 2 entries" in capsys.readouterr().out
    assert [path.name for path in cache.folder.iterdir()] == ["notes.txt"]


def test_the_commands_say_when_there_is_no_cache(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PHYSCHECK_CACHE_MB", "0")
    assert main(["cache", "info"]) == 0
    assert main(["cache", "clear"]) == 0
    assert capsys.readouterr().out.count("no cache") == 2

"""What begins a track of its own, and what does not: flicker and parts of larger things."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from drawn_pieces import ground, piece_of

from physcheck.camera import Camera
from physcheck.detectors.motion import MotionDetector
from physcheck.detectors.winnowing import winnow
from physcheck.types import Detections, Floats

N = 30
Box = tuple[float, float, float, float]


def strong_frames(boxes: Mapping[str, Callable[[int], Box | None]]) -> dict[str, list[int]]:
    """Frames in which boxes that all were strong are still strong when winnowed."""
    names, seen = [], []
    for k in range(N):
        present = {name: way(k) for name, way in boxes.items() if way(k) is not None}
        names.append(list(present))
        rows = np.array(list(present.values()), dtype=np.float64).reshape(-1, 4)
        seen.append(
            Detections(
                rows, np.ones(len(rows)), np.full(len(rows), "", dtype=np.str_), np.ones_like(rows)
            )
        )
    piece = piece_of([ground().astype(np.uint8)] * N)
    camera = Camera("still", np.tile(np.eye(3), (N, 1, 1)), np.zeros(N, dtype=bool))
    result: dict[str, list[int]] = {name: [] for name in boxes}
    for k, one in enumerate(winnow(seen, piece, camera)):
        for name, score in zip(names[k], one.scores, strict=True):
            if score >= 0.5:
                result[name].append(k)
    return result


def rest(
    x: float, y: float, side: float, first: int = 0, stop: int = N
) -> Callable[[int], Box | None]:
    return lambda k: (x, y, x + side, y + side) if first <= k < stop else None


def slide(
    x: float, y: float, side: float, step: float, first: int, stop: int
) -> Callable[[int], Box | None]:
    def at(k: int) -> Box | None:
        left = x + step * (k - first)
        return (left, y, left + side, y + side) if first <= k < stop else None

    return at


def test_what_goes_nowhere_and_is_gone_at_once_is_faint():
    kept = strong_frames({"flicker": rest(50, 50, 12, 10, 14), "thing": rest(200, 50, 12)})
    assert kept == {"flicker": [], "thing": list(range(N))}


def test_what_is_large_and_steady_is_a_thing_however_soon_it_is_gone():
    kept = strong_frames({"flash": rest(50, 50, 40, 10, 14), "thing": rest(200, 50, 12)})
    assert kept["flash"] == list(range(10, 14))


def test_what_passes_through_the_picture_in_a_moment_is_not_flicker():
    kept = strong_frames({"ball": slide(20, 50, 16, 9, 10, 15)})
    assert kept == {"ball": list(range(10, 15))}


def test_what_spends_its_life_at_the_side_of_something_larger_is_a_part_of_it():
    kept = strong_frames({"person": rest(100, 60, 60), "sleeve": rest(161, 80, 12)})
    assert kept == {"person": list(range(N)), "sleeve": []}


def test_what_leaves_a_larger_thing_is_a_thing():
    kept = strong_frames({"person": rest(100, 60, 60), "ball": slide(150, 80, 12, 3, 0, N)})
    assert kept["ball"] == list(range(N))


def test_nothing_is_seen_along_the_edges_of_a_view_that_pans():
    wide: Floats = ground(width=520, height=240)
    frames = [wide[:, 5 * k : 5 * k + 320].astype(np.uint8) for k in range(36)]
    piece = piece_of([np.ascontiguousarray(frame) for frame in frames])
    ways = np.tile(np.eye(3), (36, 1, 1))
    ways[:, 0, 2] = 5 * np.arange(36)
    camera = Camera("moving", ways, np.zeros(36, dtype=bool))
    assert sum(len(seen.boxes) for seen in MotionDetector().detect(piece, camera)) == 0

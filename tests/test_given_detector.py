"""The detector `detections`: boxes from a file, with a look at the pixels within."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_pieces import SIZE, Thing, draw, piece_of, slide

from physcheck import boxes as geometry
from physcheck.camera import Camera, estimate_camera
from physcheck.detection_files import DetectionFile, read_detections
from physcheck.detectors import Detector
from physcheck.detectors.given import GivenDetector
from physcheck.errors import InputError
from physcheck.tracking import track
from physcheck.types import Detections, Floats, Piece, Track
from physcheck.video import VideoReader

N = 30
RED = Thing(slide((40, 80), (6, 0)), tint=(200.0, 60.0, 40.0))
BLUE = Thing(slide((280, 160), (-6, 0)), seed=2, tint=(40.0, 60.0, 200.0))


def still(n: int) -> Camera:
    return Camera("still", np.tile(np.eye(3), (n, 1, 1)), np.zeros(n, dtype=bool))


def box_of(thing: Thing, k: int) -> list[float]:
    place = thing.way(k)
    assert place is not None
    x, y, size = place
    return [x - size / 2, y - size / 2, x + size / 2, y + size / 2]


def file_of(frames: dict[int, Floats], size_px: tuple[int, int] | None = None) -> DetectionFile:
    """A file that says boxes alone, all of them sure."""
    seen = {
        frame: Detections(
            boxes,
            np.ones(len(boxes)),
            np.full(len(boxes), "ball"),
            np.full((len(boxes), 4), 0.5),
        )
        for frame, boxes in frames.items()
    }
    return DetectionFile("seen.json", "json", "0" * 64, seen, size_px=size_px)


@pytest.fixture(scope="module")
def piece() -> Piece:
    """A red ball goes right and a blue one left, in a picture of 320 x 240."""
    return piece_of(draw(N, [RED, BLUE]))


@pytest.fixture(scope="module")
def boxes() -> dict[int, Floats]:
    return {k: np.array([box_of(RED, k), box_of(BLUE, k)]) for k in range(N)}


def test_the_boxes_of_each_frame_come_out_as_they_went_in(
    piece: Piece, boxes: dict[int, Floats]
) -> None:
    detector: Detector = GivenDetector(file_of({k: boxes[k] for k in range(0, N, 2)}))
    found = detector.detect(piece, still(N))
    assert [len(one.boxes) for one in found] == [2, 0] * (N // 2)
    np.testing.assert_allclose(found[4].boxes, boxes[4])
    assert found[4].labels.tolist() == ["ball", "ball"]


def test_frame_numbers_are_those_of_the_file_though_doubled_frames_are_left_out(
    piece: Piece, boxes: dict[int, Floats]
) -> None:
    holey = replace(piece, frames=np.arange(N) * 2 + 10)
    found = GivenDetector(file_of({14: boxes[0]})).detect(holey, still(N))
    assert [k for k, one in enumerate(found) if len(one.boxes)] == [2]


def test_features_tell_the_colour_of_the_thing_and_not_of_its_ground(
    piece: Piece, boxes: dict[int, Floats]
) -> None:
    red, blue = GivenDetector(file_of(boxes)).detect(piece, still(N))[5].features
    assert red[2] > 150 > blue[2] + 20, "V"
    assert blue[1] > 150 > red[1] + 20, "U"
    assert abs(red[0] - piece.luma[5, 80, 70]) < 25, "Y"


def test_boxes_of_a_larger_copy_of_the_clip_are_scaled(
    piece: Piece, boxes: dict[int, Floats]
) -> None:
    double = file_of({k: 2 * one for k, one in boxes.items()}, (2 * SIZE[0], 2 * SIZE[1]))
    found = GivenDetector(double).detect(piece, still(N))[3]
    np.testing.assert_allclose(found.boxes, boxes[3])
    np.testing.assert_allclose(found.noise_px, 0.25)


def test_boxes_of_a_picture_of_another_shape_are_refused(
    piece: Piece, boxes: dict[int, Floats]
) -> None:
    with pytest.raises(InputError, match="pictures of 1280 x 720 px, the clip has 320 x 240 px"):
        GivenDetector(file_of(boxes, (1280, 720))).detect(piece, still(N))


def test_what_lies_outside_the_picture_is_cut_off(piece: Piece) -> None:
    half_out = np.array([[-20.0, 10, 20, 50], [310, 230, 420, 300], [400, 10, 440, 50]])
    tiny = np.array([[319.9, 239.9, 330.0, 250.0], [100.0, 100.0, 100.7, 100.7]])
    found = GivenDetector(file_of({0: np.concatenate([half_out, tiny])})).detect(piece, still(N))[0]
    np.testing.assert_allclose(
        found.boxes, [[0, 10, 20, 50], [310, 230, 320, 240], [100, 100, 100.7, 100.7]]
    )
    assert np.isfinite(found.features).all()


def test_boxes_beyond_the_end_of_the_clip_are_noted(piece: Piece, boxes: dict[int, Floats]) -> None:
    detector = GivenDetector(file_of(boxes | {N + 5: boxes[0]}))
    detector.detect(piece, still(N))
    assert detector.notes == ("seen.json: boxes for 1 frames beyond the clip's end were not used",)


def test_given_boxes_make_one_track_a_thing(piece: Piece, boxes: dict[int, Floats]) -> None:
    found = GivenDetector(file_of(boxes)).detect(piece, still(N))
    tracks = track(piece, still(N), found, SIZE)
    assert [(len(one.frames), one.label) for one in tracks] == [(N, "ball"), (N, "ball")]


def test_given_boxes_make_one_track_a_thing_on_real_footage(shared: Path, tmp_path: Path) -> None:
    real = shared / "clips" / "real"
    if not (real / "gt" / "toss_cross_60.csv").is_file():
        pytest.skip("no boxes of real clips in the folder of footage")
    with (real / "gt" / "toss_cross_60.csv").open() as stream:
        rows = [
            (int(row["frame"]), *(float(row[key]) for key in ("x1", "y1", "x2", "y2")))
            for row in csv.DictReader(stream)
        ]
    lines = [f"{k + 1},-1,{x1},{y1},{x2 - x1},{y2 - y1},1\n" for k, x1, y1, x2, y2 in rows]
    (tmp_path / "seen.txt").write_text("".join(lines))
    detector = GivenDetector(read_detections(tmp_path / "seen.txt"))
    tracks: list[Track] = []
    for piece in VideoReader(real / "clips" / "toss_cross_60.mp4").pieces():
        camera = estimate_camera(piece.luma)
        size_px = tuple(np.rint(np.array(piece.luma.shape[:0:-1]) * piece.px).astype(int).tolist())
        tracks += track(piece, camera, detector.detect(piece, camera), (size_px[0], size_px[1]))
    assert len(tracks) == 2
    seen = sum(int(one.observed.sum()) for one in tracks)
    assert seen > 0.95 * len(rows)
    for one in tracks:
        apart = geometry.centre(one.boxes[1:]) - geometry.centre(one.boxes[:-1])
        assert np.linalg.norm(apart, axis=1).max() < 3 * geometry.size(one.boxes).max()

"""Both kinds of sight at once: one thing is one thing, whoever sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from drawn_pieces import Thing, Way, between, draw, piece_of, slide
from scripted_model import ScriptedModel, Seen, box_at, on, seen_as

from physcheck import boxes as geometry
from physcheck.camera import estimate_camera
from physcheck.detectors.hybrid import HybridDetector
from physcheck.detectors.motion import MotionDetector
from physcheck.tracking import track
from physcheck.types import Bytes, Detections, Floats, Piece
from physcheck.video import VideoReader

SIZE = (320, 240)
N = 40
BALL = (200.0, 60.0, 40.0)
COAT = (60.0, 90.0, 190.0)


def fused(frames: Sequence[Bytes], script: Callable[[int], Sequence[Seen]]) -> list[Detections]:
    piece = piece_of(frames)
    camera = estimate_camera(piece.luma)
    return HybridDetector(ScriptedModel(script), MotionDetector()).detect(piece, camera)


def words_on(way: Way, found: Sequence[Detections]) -> list[str]:
    return [str(one.labels[row]) for k, one in enumerate(found) for row in on(way, one, k)]


def widths(way: Way, found: Sequence[Detections]) -> Floats:
    rows = [(one, row) for k, one in enumerate(found) for row in on(way, one, k, 0.3)]
    return np.array([geometry.size(one.boxes[row : row + 1])[0, 0] for one, row in rows])


def test_what_both_see_is_one_thing_and_has_the_models_word():
    way = slide((40, 100), (5, 1))
    found = fused(draw(N, [Thing(way)]), lambda k: [("sports ball", box_at(way, k), 0.8)])
    for k, one in enumerate(found):
        assert len(on(way, one, k, 0.1)) == 1, k
    assert set(words_on(way, found)) == {"sports ball"}


def test_without_a_word_from_the_model_everything_is_as_motion_sees_it():
    frames = draw(N, [Thing(slide((40, 100), (5, 1)))])
    piece = piece_of(frames)
    alone = MotionDetector().detect(piece, estimate_camera(piece.luma))
    for one, other in zip(fused(frames, lambda k: []), alone, strict=True):
        np.testing.assert_array_equal(one.boxes, other.boxes)
        np.testing.assert_array_equal(one.scores, other.scores)
        np.testing.assert_array_equal(one.features, other.features)
        np.testing.assert_array_equal(one.masks, other.masks)


def test_a_ball_that_the_model_sees_now_and_then_keeps_one_size_throughout():
    way = slide((40, 100), (5, 1))
    script = lambda k: [("sports ball", box_at(way, k, 1.4), 0.6)] if k % 3 == 0 else []  # noqa: E731
    found = fused(draw(N, [Thing(way)]), script)
    assert all(len(on(way, one, k, 0.3)) == 1 for k, one in enumerate(found))
    assert np.ptp(np.log(widths(way, found))) < 0.2


def test_what_the_model_sees_for_a_moment_only_is_left_out():
    way = slide((40, 200), (5, 0))
    ghost = (200.0, 40.0, 240.0, 80.0)
    script = lambda k: [("cat", ghost, 0.7)] if k in (10, 11, 25) else []  # noqa: E731
    found = fused(draw(N, [Thing(way)]), script)
    assert not any(geometry.iou(np.array([ghost]), one.boxes).max(initial=0) > 0.3 for one in found)


def test_a_thing_at_rest_that_the_model_loses_now_and_then_is_there_in_all_frames():
    mug = lambda k: (80.0, 150.0, 40.0)  # noqa: E731
    moving = slide((60, 60), (5, 0))
    script = lambda k: [("cup", box_at(mug, k), 0.6)] if k % 7 not in (2, 3, 4) and k > 5 else []  # noqa: E731
    found = fused(draw(N, [Thing(mug, tint=COAT), Thing(moving, seed=2)]), script)
    assert [len(on(mug, one, k)) for k, one in enumerate(found)] == [1] * N
    scores = [one.scores[on(mug, one, k)[0]] for k, one in enumerate(found)]
    assert 0.5 < min(scores) <= max(scores) < 0.8


def test_furniture_that_never_moves_is_no_thing():
    desk = (60.0, 120.0, 140.0, 200.0)
    moving = slide((60, 60), (5, 0))
    found = fused(draw(N, [Thing(moving)]), lambda k: [("dining table", desk, 0.9)])
    assert not any("dining table" in one.labels for one in found)


def test_a_thing_that_is_gone_is_not_filled_in():
    gone_at = 22
    mug = between(lambda k: (80.0, 150.0, 40.0), 0, gone_at)
    script = lambda k: [("cup", box_at(mug, k), 0.8)] if k < gone_at else []  # noqa: E731
    found = fused(draw(N, [Thing(mug, tint=COAT)]), script)
    there = [geometry.iou(np.array([[60.0, 130, 100, 170]]), one.boxes) for one in found]
    seen = [k for k, overlap in enumerate(there) if overlap.max(initial=0) > 0.5]
    assert seen == list(range(gone_at))


def test_a_hole_in_the_models_sight_of_what_moves_is_filled():
    way = slide((50, 110), (4, 0), size=60)
    script = lambda k: [("person", box_at(way, k), 0.8)] if not 15 <= k < 19 else []  # noqa: E731
    found = fused(draw(N, [Thing(way, tint=COAT)]), script)
    assert [len(on(way, one, k, 0.6)) for k, one in enumerate(found)] == [1] * N
    assert set(words_on(way, found)) == {"person"}


def waving(k: int) -> tuple[float, float, float]:
    return 110.0, 90.0 + 12 * np.sin(k / 2), 16.0


def test_a_limb_within_a_person_is_no_thing_of_its_own():
    person = (70.0, 60.0, 150.0, 220.0)
    found = fused(draw(N, [Thing(waving)]), lambda k: [("person", person, 0.9)])
    assert [one.labels.tolist() for one in found] == [["person"]] * N


def test_a_ball_that_passes_before_a_person_stays_a_thing():
    way = slide((20, 120), (7, 0), size=20)
    person = (120.0, 50.0, 200.0, 230.0)
    found = fused(draw(N, [Thing(way)]), lambda k: [("person", person, 0.9)])
    inside = [k for k in range(N) if box_at(way, k)[0] > 130 and box_at(way, k)[2] < 190]
    assert len(inside) >= 4
    assert all(len(on(way, found[k], k)) == 1 for k in inside)


@pytest.mark.parametrize("word", ["dining table", "suitcase"])
def test_a_ball_that_rolls_before_something_rigid_at_rest_stays_a_thing(word: str):
    way = slide((90, 140), (3, 0), size=24)
    found = fused(draw(N, [Thing(way)]), lambda k: [(word, (40.0, 80.0, 260.0, 220.0), 0.9)])
    assert all(len(on(way, one, k)) == 1 for k, one in enumerate(found))
    assert set(words_on(way, found)) == {""}


def test_two_things_in_one_moving_region_are_two():
    left, right = slide((60, 100), (3, 0), size=36), slide((92, 100), (3, 0), size=36)
    two = lambda k: [("orange", box_at(left, k), 0.8), ("apple", box_at(right, k), 0.8)]  # noqa: E731
    found = fused(draw(N, [Thing(left), Thing(right, seed=4)]), two)
    for k, one in enumerate(found):
        near = geometry.iou(np.array([box_at(left, k), box_at(right, k)]), one.boxes) > 0.1
        assert near.any(axis=0).sum() == 2, k


def test_the_same_thing_under_two_words_is_one():
    way = slide((40, 100), (5, 1))
    both = lambda k: [("cup", box_at(way, k), 0.7), ("bowl", box_at(way, k, 1.1), 0.6)]  # noqa: E731
    found = fused(draw(N, [Thing(way)]), both)
    assert set(words_on(way, found)) == {"cup"}
    assert all(len(on(way, one, k, 0.1)) == 1 for k, one in enumerate(found))


def test_masks_name_the_rows_that_they_belong_to():
    way = slide((40, 100), (5, 1))
    found = fused(draw(N, [Thing(way)]), lambda k: [("sports ball", box_at(way, k), 0.8)])
    for k, one in enumerate(found):
        (row,) = on(way, one, k)
        assert one.masks is not None
        y, x = np.nonzero(one.masks == row + 1)
        assert abs(x.mean() - box_at(way, k)[0] - 16) < 4
        assert abs(y.mean() - box_at(way, k)[1] - 16) < 4


def test_a_track_takes_the_word_with_most_score_behind_it_and_ignores_stray_ones():
    way = slide((40, 100), (5, 1))
    frames = draw(N, [Thing(way)])
    piece = piece_of(frames)
    camera = estimate_camera(piece.luma)

    def labelled(word_at: Mapping[int, str]) -> str:
        found = [seen_as([(word_at.get(k, ""), box_at(way, k), 0.9)]) for k in range(N)]
        (one,) = track(piece, camera, found, SIZE)
        return one.label

    assert labelled(dict.fromkeys(range(0, N, 4), "sports ball")) == "sports ball"
    assert labelled({7: "bird"}) == ""
    assert labelled({k: "apple" if k % 3 else "orange" for k in range(N)}) == "apple"


def test_with_real_weights_a_football_under_a_panning_camera_is_seen_by_both_together(
    shared: Path,
):
    pytest.importorskip("torch", reason="the extra 'yolo' is not installed")
    pytest.importorskip("ultralytics", reason="the extra 'yolo' is not installed")
    clip = shared / "clips" / "real" / "clips" / "roll_pan_ball_a.mp4"
    weights = shared / "weights" / "yolo11n.pt"
    if not clip.is_file() or not weights.is_file():
        pytest.skip("no real clip or no weights beside the project")
    from physcheck.detectors.yolo import build

    piece = first_frames(next(iter(VideoReader(clip).pieces())), 10)
    camera = estimate_camera(piece.luma)
    found = HybridDetector(build(weights, imgsz=320, device="cpu"), MotionDetector()).detect(
        piece, camera
    )
    # The ball hardly moves here: motion alone sees it in few of these frames.
    balls = ["sports ball" in one.labels.tolist() for one in found]
    assert np.mean(balls) > 0.9


def first_frames(piece: Piece, n: int) -> Piece:
    return Piece(
        frames=piece.frames[:n],
        times_s=piece.times_s[:n],
        luma=piece.luma[:n],
        chroma=piece.chroma[:n],
        transition=piece.transition[:n],
        px=piece.px,
        last=False,
    )

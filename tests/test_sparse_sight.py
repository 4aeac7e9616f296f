"""A model that is shown some frames only: motion and its own next answer fill the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from drawn_pieces import Thing, Way, between, draw, piece_of, slide
from scripted_model import ScriptedModel, Seen, box_at, on

from physcheck import boxes as geometry
from physcheck.camera import Camera, estimate_camera
from physcheck.detectors.hybrid import HybridDetector
from physcheck.detectors.motion import MotionDetector
from physcheck.detectors.sparse import frames_shown
from physcheck.types import Bytes, Detections, Piece

N = 40
COAT = (60.0, 90.0, 190.0)


def seen(
    frames: Sequence[Bytes], script: Callable[[int], Sequence[Seen]], every: int | None = 3
) -> tuple[list[Detections], list[int]]:
    """What hybrid sees, and the frames that the model was shown."""
    piece = piece_of(frames)
    model = ScriptedModel(script)
    found = HybridDetector(model, MotionDetector(), every).detect(
        piece, estimate_camera(piece.luma)
    )
    return found, model.shown


def blank(n: int, fps: float) -> Piece:
    return Piece(
        frames=np.arange(n),
        times_s=np.arange(n) / fps,
        luma=np.zeros((n, 24, 32), np.uint8),
        chroma=np.zeros((n, 12, 16, 2), np.uint8),
        transition=np.zeros(n, dtype=bool),
        px=np.ones(2),
    )


def shown(n: int, fps: float, every: int | None, lost: Sequence[int] = ()) -> list[int]:
    camera = Camera("still", np.tile(np.eye(3), (n, 1, 1)), np.isin(np.arange(n), lost))
    rows: list[int] = np.flatnonzero(frames_shown(blank(n, fps), camera, every)).tolist()
    return rows


def test_the_first_and_the_last_frame_are_shown():
    assert shown(9, 30, 3) == [0, 3, 6, 8]
    assert shown(1, 30, 3) == [0]
    assert shown(5, 30, 1) == [0, 1, 2, 3, 4]


def test_both_sides_of_a_step_that_the_camera_lost_are_shown():
    assert shown(13, 30, 6, lost=[5]) == [0, 4, 5, 6, 12]


@pytest.mark.parametrize(("fps", "step"), [(8, 1), (16, 2), (24, 3), (30, 4), (120, 4)])
def test_by_itself_it_never_looks_away_for_long(fps: float, step: int):
    assert shown(61, fps, None) == list(range(0, 61, step))


def test_a_moving_thing_has_one_box_and_its_word_in_every_frame():
    way = slide((40, 100), (5, 1))
    found, looks = seen(
        draw(N, [Thing(way)]), lambda k: [("sports ball", box_at(way, k, 1.3), 0.8)]
    )
    assert looks == [*range(0, N, 3)]
    for k, one in enumerate(found):
        (row,) = on(way, one, k, 0.3)
        assert one.labels[row] == "sports ball"
    widths = [geometry.size(one.boxes[on(way, one, k, 0.3)])[0, 0] for k, one in enumerate(found)]
    assert np.ptp(np.log(widths)) < 0.2


def test_the_box_of_a_person_goes_steadily_from_look_to_look():
    way = slide((50, 110), (4, 0), size=60)
    found, _ = seen(draw(N, [Thing(way, tint=COAT)]), lambda k: [("person", box_at(way, k), 0.9)])
    middles = [
        geometry.centre(one.boxes[on(way, one, k, 0.6)])[0, 0] for k, one in enumerate(found)
    ]
    np.testing.assert_allclose(np.diff(middles), 4.0, atol=0.1)


def bouncing(k: int) -> tuple[float, float, float]:
    return 40.0 + 5 * k, 180.0 - 9 * abs((k % 17) - 8.5), 24.0


def test_a_bounce_between_two_looks_is_where_motion_sees_it():
    found, _ = seen(
        draw(N, [Thing(bouncing)]), lambda k: [("sports ball", box_at(bouncing, k), 0.8)], 5
    )
    assert [len(on(bouncing, one, k, 0.6)) for k, one in enumerate(found)] == [1] * N
    assert [len(one.boxes) for one in found] == [1] * N


def test_a_ball_that_leaps_over_its_own_length_between_looks_keeps_its_word():
    way = slide((20, 100), (7, 0), size=20)
    found, _ = seen(draw(N, [Thing(way)]), lambda k: [("sports ball", box_at(way, k), 0.8)], 5)
    words = [one.labels[on(way, one, k)].tolist() for k, one in enumerate(found)]
    assert words == [["sports ball"]] * N


def frames_with(found: Sequence[Detections], way: Way) -> list[int]:
    return [k for k, one in enumerate(found) if on(way, one, k)]


@pytest.mark.parametrize("gone_at", [21, 22, 23, 24, 25])
@pytest.mark.parametrize("step", [0.0, 3.0])
def test_a_thing_that_vanishes_between_two_looks_is_there_to_its_last_frame(
    gone_at: int, step: float
):
    way = slide((60, 150), (step, 0), size=40)
    real = between(way, 0, gone_at)
    script = lambda k: [("cat", box_at(way, k), 0.8)] if k < gone_at else []  # noqa: E731
    found, _ = seen(draw(N, [Thing(real, tint=COAT)]), script)
    assert frames_with(found, way) == list(range(gone_at))


@pytest.mark.parametrize("born_at", [13, 14, 15, 16, 17])
def test_a_thing_that_appears_between_two_looks_is_there_from_its_first_frame(born_at: int):
    way = slide((40, 150), (3, 0), size=40)
    script = lambda k: [("cat", box_at(way, k), 0.8)] if k >= born_at else []  # noqa: E731
    found, _ = seen(draw(N, [Thing(between(way, born_at), tint=COAT)]), script)
    assert frames_with(found, way) == list(range(born_at, N))


def test_what_the_model_sees_in_two_looks_is_no_thing():
    way = slide((40, 200), (5, 0))
    ghost = (200.0, 40.0, 240.0, 80.0)
    found, _ = seen(
        draw(N, [Thing(way)]), lambda k: [("cat", ghost, 0.9)] if 9 <= k <= 15 and k != 12 else []
    )
    assert not any(geometry.iou(np.array([ghost]), one.boxes).max(initial=0) > 0.3 for one in found)


def test_a_thing_at_rest_that_only_the_model_sees_is_there_in_all_frames():
    mug, moving = (lambda k: (80.0, 150.0, 40.0)), slide((60, 60), (5, 0))
    found, _ = seen(
        draw(N, [Thing(mug, tint=COAT), Thing(moving, seed=2)]),
        lambda k: [("cup", box_at(mug, k), 0.6)],
    )
    assert [len(on(mug, one, k)) for k, one in enumerate(found)] == [1] * N


def test_what_is_filled_in_is_less_sure():
    way = slide((50, 110), (4, 0), size=60)
    found, looks = seen(
        draw(N, [Thing(way, tint=COAT)]), lambda k: [("person", box_at(way, k), 0.9)], 4
    )
    noise = [float(one.noise_px[on(way, one, k, 0.6)][0, 0]) for k, one in enumerate(found)]
    filled = [noise[k] for k in range(N) if k not in looks]
    assert min(filled) > 1.5 * max(noise[k] for k in looks)

"""Who is in front where a thing passes something that stands still."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_pieces import Thing, draw, piece_of, slide
from handmade import boxes_of, track_of

from physcheck.camera import estimate_camera
from physcheck.types import Bytes, Floats, Overlap
from physcheck.world.overlaps import find_overlaps
from physcheck.world.windows import Window

N = 60
MET = Thing(lambda k: (160.0, 160.0, 34.0), seed=2, tint=(40.0, 90.0, 200.0))
COMING = Thing(slide((30.0, 160.0), (4.0, 0.0), 34.0), seed=1)


def boxes(free_x: float = 160.0) -> Floats:
    """What a detector sees of the ball, which lacks a part until its middle is at free_x."""
    x = 30.0 + 4.0 * np.arange(N)
    full = boxes_of(x, np.full(N, 160.0), 34.0, 34.0)
    hidden = (x > 135) & (x < free_x)
    full[hidden, 2] = np.maximum(full[hidden, 2] - 8.0, 0)
    return full


def seen(frames: list[Bytes], free_x: float = 160.0) -> tuple[Overlap, ...]:
    """The overlaps of the ball in N frames."""
    piece = piece_of(frames)
    return find_overlaps(piece, estimate_camera(piece.luma), [track_of(boxes(free_x))])


@pytest.fixture(scope="module")
def through() -> tuple[Overlap, ...]:
    behind, front = draw(N, [COMING, MET]), draw(N, [MET, COMING])
    return seen(behind[:33] + front[33:])


def test_what_goes_through_something_turns_the_order_round(through: tuple[Overlap, ...]):
    (overlap,) = through
    assert overlap.turned > 0.4
    assert abs(overlap.turned_frame - 33) <= 1


def test_the_order_is_told_frame_by_frame(through: tuple[Overlap, ...]):
    (overlap,) = through
    order = dict(zip(overlap.frames.tolist(), overlap.in_front, strict=True))
    assert all(order[k] < -1 for k in (29, 30, 31, 32))
    assert all(order[k] > 1 for k in (33, 34, 35, 36))
    assert np.isnan(order[overlap.frames[0]])


def test_what_passes_behind_stays_behind():
    (overlap,) = seen(draw(N, [COMING, MET]), 186.0)
    assert overlap.turned == 0
    assert np.nanmax(overlap.in_front) < 0
    assert overlap.hidden.max() > 0.8


def test_what_passes_in_front_hides_nothing_of_itself():
    assert all(one.turned == 0 for one in seen(draw(N, [MET, COMING])))


def test_a_thing_that_blinks_goes_through_nothing():
    frames = draw(N, [COMING])
    frames[28:34] = draw(N, [])[28:34]
    assert all(one.turned < 0.1 for one in seen(frames))


def test_a_thing_that_stays_where_it_is_passes_nothing():
    still = np.tile(boxes()[:1], (N, 1))
    piece = piece_of(draw(N, [MET]))
    assert find_overlaps(piece, estimate_camera(piece.luma), [track_of(still)]) == ()


def test_a_window_shows_the_same_whether_the_camera_moves_or_not():
    piece = piece_of([frame[:237, :315] for frame in draw(3, [MET])])
    still = estimate_camera(piece.luma)
    places = np.array([[157.0, 150.0], [300.0, 230.0]])
    windows = [
        Window.around(places, np.array([20.5, 17.0]), piece, camera, 1)
        for camera in (still, replace(still, kind="moving"))
    ]
    one, other = (window.colours(2) for window in windows)
    assert one.shape == other.shape == (*windows[0].shape, 3)
    assert np.array_equal(one[..., 0], other[..., 0])
    assert np.abs(one[2:-2, 2:-2].astype(int) - other[2:-2, 2:-2]).mean() < 1

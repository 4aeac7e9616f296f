"""The motion of the picture: still, shaking, panning, and things that are not the camera."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawn_pieces import Thing, draw, noise, piece_of, slide
from hypothesis import given, settings
from hypothesis import strategies as st

from physcheck.camera import Camera, estimate_camera, follow_points, stabilise, unstabilise
from physcheck.types import Bytes, Floats

WIDTH, HEIGHT = 320, 240
MARGIN = 100


def scenery() -> Bytes:
    """A wide textured picture that a camera can look around in."""
    size = (WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN)
    relief = 110 + 70 * (noise(1, *size, 14) - 0.5) + 50 * (noise(2, *size, 6) - 0.5)
    return np.clip(relief, 0, 255).astype(np.uint8)


def filmed(ways: list[Floats], grain: float = 1.5) -> Bytes:
    """Look at the scenery through homographies from each frame to the first, (n, h, w)."""
    rng = np.random.default_rng(4)
    wide = scenery()
    shift = np.array([[1.0, 0, MARGIN], [0, 1.0, MARGIN], [0, 0, 1]])
    frames = []
    for way in ways:
        seen = cv2.warpPerspective(
            wide, shift @ way, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        )
        noisy = seen + grain * rng.standard_normal(seen.shape)
        frames.append(np.clip(noisy.round(), 0, 255).astype(np.uint8))
    return np.stack(frames)


def moved(x: float, y: float, turn: float = 0.0, zoom: float = 1.0, tilt: float = 0.0) -> Floats:
    """A homography about the middle of the picture: shift in px, turn in radians."""
    to_middle = np.array([[1, 0, -WIDTH / 2], [0, 1, -HEIGHT / 2], [0, 0, 1.0]])
    c, s = zoom * np.cos(turn), zoom * np.sin(turn)
    way = np.linalg.inv(to_middle) @ np.array([[c, -s, x], [s, c, y], [tilt, 0, 1.0]]) @ to_middle
    return np.asarray(way / way[2, 2])


def corner_error_px(found: Floats, true: Floats) -> float:
    """Largest distance between where two homographies take points of the picture, px."""
    corners = np.array([[40, 40, 1], [280, 40, 1], [40, 200, 1], [280, 200, 1.0]])
    a, b = corners @ found.T, corners @ true.T
    return float(np.linalg.norm(a[:, :2] / a[:, 2:] - b[:, :2] / b[:, 2:], axis=1).max())


def worst_error_px(camera: Camera, ways: list[Floats]) -> float:
    return max(corner_error_px(f, w) for f, w in zip(camera.to_reference, ways, strict=True))


def test_a_still_camera_is_told_as_still():
    camera = estimate_camera(filmed([np.eye(3)] * 20))
    assert camera.kind == "still"
    assert not camera.lost.any()
    assert np.array_equal(camera.to_reference, np.tile(np.eye(3), (20, 1, 1)))


def test_a_single_frame_is_still():
    assert estimate_camera(filmed([np.eye(3)])).kind == "still"


@pytest.mark.parametrize("grey", [0, 128])
def test_a_picture_without_texture_is_still(grey: int):
    assert estimate_camera(np.full((12, 120, 160), grey, np.uint8)).kind == "still"


def test_shaking_is_recovered_within_half_a_px():
    rng = np.random.default_rng(0)
    jolts = rng.normal(0, 2.5, (24, 2))
    ways = [moved(*jolt, turn=rng.normal(0, 0.004)) for jolt in jolts]
    ways = [np.linalg.inv(ways[0]) @ way for way in ways]
    camera = estimate_camera(filmed(ways))
    assert camera.kind == "shaky"
    assert worst_error_px(camera, ways) < 0.5


def test_a_pan_is_recovered_within_half_a_px():
    ways = [moved(3.0 * k, 0.5 * k) for k in range(30)]
    camera = estimate_camera(filmed(ways))
    assert camera.kind == "moving"
    assert not camera.lost.any()
    assert worst_error_px(camera, ways) < 0.5


def test_a_pan_with_turn_and_zoom_is_recovered_within_half_a_px():
    ways = [moved(4.0 * k, 0, turn=0.002 * k, zoom=1.002**k) for k in range(20)]
    camera = estimate_camera(filmed(ways))
    assert camera.kind == "moving"
    assert worst_error_px(camera, ways) < 0.5


def test_the_way_between_two_frames_follows_from_their_ways_to_the_first():
    ways = [moved(3.0 * k, 0.5 * k) for k in range(20)]
    camera = estimate_camera(filmed(ways))
    true = np.linalg.inv(ways[15]) @ ways[6]
    assert corner_error_px(camera.between(6, 15), true) < 0.5
    assert corner_error_px(camera.between(6, 15) @ camera.between(15, 6), np.eye(3)) < 1e-6


@pytest.mark.parametrize("n_things", [1, 3])
def test_things_that_move_do_not_move_the_camera(n_things: int):
    things = [
        Thing(slide((30, 50 + 65 * i), (5 - i, 0.5), 70), seed=i + 1) for i in range(n_things)
    ]
    camera = estimate_camera(piece_of(draw(24, things)).luma)
    assert camera.kind == "still"


def test_a_step_of_the_exposure_does_not_move_the_camera():
    frames = draw(24, [], gain=lambda k: 1.0 if k < 12 else 1.15)
    assert estimate_camera(piece_of(frames).luma).kind == "still"


def test_a_view_that_is_gone_from_one_frame_to_the_next_is_lost():
    ways = [moved(0.8 * k, 0) for k in range(12)]
    luma = filmed(ways)
    other = np.random.default_rng(9).integers(0, 255, luma[6:].shape, dtype=np.uint8)
    camera = estimate_camera(np.concatenate([luma[:6], other]))
    assert camera.lost[6]
    assert not camera.lost[:6].any()


def test_points_are_followed_and_those_that_are_covered_are_refused():
    before, after = filmed([np.eye(3), moved(3, 1)])
    covered = after.copy()
    covered[100:, :] = 90
    points = np.array([[60.0, 60.0], [200.0, 60.0], [100.0, 170.0], [250.0, 190.0]])
    there, good = follow_points(before, covered, points)
    assert good.tolist() == [True, True, False, False]
    assert np.abs(there[:2] - points[:2] - [-3, -1]).max() < 0.2


def test_no_points_are_followed_to_nowhere():
    before, after = filmed([np.eye(3)] * 2)
    there, good = follow_points(before, after, np.zeros((0, 2)))
    assert there.shape == (0, 2)
    assert good.shape == (0,)


shifts = st.floats(-60, 60)


@given(
    x=shifts,
    y=shifts,
    turn=st.floats(-0.3, 0.3),
    zoom=st.floats(0.7, 1.4),
    side=st.floats(4, 80),
    scale=st.floats(0.5, 3.0),
)
@settings(max_examples=60, deadline=None)
def test_unstabilise_undoes_stabilise(
    x: float, y: float, turn: float, zoom: float, side: float, scale: float
):
    camera = Camera("moving", np.stack([np.eye(3), moved(x, y, turn, zoom)]), np.zeros(2, bool))
    boxes = np.array([[50.0, 60, 50 + side, 60 + 2 * side], [100, 90, 130, 95]]) * scale
    px = np.array([scale, scale])
    there = stabilise(boxes, camera, 1, px)
    assert np.allclose(unstabilise(there, camera, 1, px), boxes, atol=1e-6)
    assert np.array_equal(stabilise(boxes, camera, 0, px), boxes)


def test_stabilise_follows_the_picture_and_its_scale():
    camera = Camera("moving", moved(12, -5, zoom=1.25)[None], np.zeros(1, bool))
    box = np.array([[WIDTH / 2 - 10, HEIGHT / 2 - 20, WIDTH / 2 + 10, HEIGHT / 2 + 20.0]])
    there = stabilise(box, camera, 0, np.ones(2))[0]
    assert there == pytest.approx(
        [WIDTH / 2 + 12 - 12.5, HEIGHT / 2 - 5 - 25, WIDTH / 2 + 12 + 12.5, HEIGHT / 2 - 5 + 25]
    )


def test_no_boxes_stay_no_boxes():
    camera = Camera("moving", moved(3, 3)[None], np.zeros(1, bool))
    assert stabilise(np.zeros((0, 4)), camera, 0, np.ones(2)).shape == (0, 4)

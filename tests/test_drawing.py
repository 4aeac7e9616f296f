"""Drawn films: the truth follows the picture, whatever the camera does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from physcheck.drawing.cameras import STILL, Camera, eased, handheld, steady
from physcheck.drawing.film import Film
from physcheck.drawing.movers import Mover, Pose
from physcheck.drawing.order import ground_below, in_order
from physcheck.drawing.scene import Room, bounds
from physcheck.drawing.solids import Solid, pillar, ramp, table
from physcheck.drawing.things import Look, View
from physcheck.drawing.variety import random_look, random_room

VIEW = View(320, 240, horizon_px=80, focal_px=320, eye_m=1.6)
ROOM = Room(
    VIEW,
    foot_px=150,
    wall="brick",
    floor="tiles",
    hung=(("poster", -0.9, 1.7, 1.0, 0.7), ("window", 1.1, 1.8, 0.9, 0.9)),
    seed=5,
    floor_px_per_m=110.0,
)
RED = Look((200, 50, 40), (240, 230, 210), "checks")
BLUE = Look((40, 80, 190), (220, 220, 120), "panels")
BALL = Pose(0.3, 0.2, 4.5, 0.4, 0.4, RED)
BOX = Pose(-0.5, 0.3, 4.2, 0.5, 0.4, BLUE, angle_rad=0.4, shape="box")
FPS = 25
CAMERAS = {
    "still": STILL,
    "pan": Camera(pan_px=steady(60.0)),
    "tilt": Camera(tilt_px=steady(-40.0)),
    "roll": Camera(roll_rad=steady(0.12)),
    "zoom": Camera(zoom=eased(1.0, 1.2, 0.0, 0.6)),
    "travel": Camera(travel_m=steady(0.5)),
    "handheld": handheld(np.random.default_rng(3), 6.0, 0.02),
    "all at once": Camera(
        steady(30.0), steady(15.0), steady(-0.05), eased(1.1, 1.0, 0.0, 1.0), steady(-0.3)
    ),
}


def film(*poses: Pose, solids: tuple[Solid, ...] = (), camera: Camera = STILL, **more: Any) -> Film:
    """A short film without grain of things that keep still."""
    movers = tuple(
        Mover(f"thing {number}", lambda time_s, pose=pose: pose, seed=number)  # type: ignore[misc]
        for number, pose in enumerate(poses)
    )
    return Film(ROOM, movers, FPS, 20, solids, camera, **({"grain": 0.0} | more))


def match(before: np.ndarray, after: np.ndarray, here: np.ndarray, there: np.ndarray) -> float:
    """How far from `there` a piece of the one picture around `here` is found in the other, px."""
    half, reach = 11, 6
    piece = cv2.getRectSubPix(before, (2 * half + 1,) * 2, tuple(map(float, here - 0.5)))
    around = cv2.getRectSubPix(after, (2 * (half + reach) + 1,) * 2, tuple(map(float, there - 0.5)))
    score = cv2.matchTemplate(around, piece, cv2.TM_CCOEFF_NORMED)
    y, x = np.unravel_index(int(score.argmax()), score.shape)
    assert score.max() > 0.7
    return float(np.hypot(x - reach, y - reach))


@pytest.mark.parametrize("name", CAMERAS)
def test_wall_floor_ball_box_and_pillar_are_seen_where_they_are_said_to_be(name: str) -> None:
    post = pillar(0.95, 4.0, 0.25)
    shot = film(BALL, BOX, solids=(post,), camera=CAMERAS[name], shutter=0.0)
    first, later = 2, 9
    before, after = shot.frame(first), shot.frame(later)
    wall_m = ROOM.wall_z_m
    places = [
        (-0.45, 2.05, wall_m),
        (0.65, 1.4, wall_m),
        (-1.2, 0.0, 4.4),
        (0.3, 0.2, 4.5),
        (-0.5, 0.3, 4.2 - BOX.depth_m / 2),
        (0.85, 0.02, 4.0),
    ]
    for place in places:
        here = np.array(shot.project(*place, first / FPS))
        there = np.array(shot.project(*place, later / FPS))
        assert match(before, after, here, there) <= 1.5, place


def test_parallax_moves_near_things_further_than_far_ones() -> None:
    shot = film(camera=CAMERAS["travel"])
    ways = [
        shot.project(0.0, 0.3, z, 0.4)[0] - shot.project(0.0, 0.3, z, 0.0)[0] for z in (6, 4, 2)
    ]
    assert ways == pytest.approx([-0.2 * 320 / z for z in (6, 4, 2)])


@pytest.mark.parametrize("name", CAMERAS)
def test_boxes_hold_the_px_of_the_segmentation(name: str) -> None:
    shot = film(BALL, BOX, solids=(pillar(0.35, 3.6, 0.15),), camera=CAMERAS[name])
    for index in (0, 12):
        segments = shot.segmentation(index)
        rows = shot.truth(index)
        assert [row.name for row in rows] == ["thing 0", "thing 1"]
        for number, row in enumerate(rows):
            around = bounds((segments == number + 1).astype(np.float32))
            np.testing.assert_allclose(row.box, around, atol=1.01)


def test_the_segmentation_is_where_the_thing_changes_the_picture() -> None:
    flying = replace(BALL, y_m=1.2)
    shot, empty = film(flying), film()
    changed = np.abs(shot.frame(0).astype(int) - empty.frame(0)).max(2) > 12
    ball = shot.segmentation(0) == 1
    rows, columns = np.nonzero(ball)
    near = np.s_[rows.min() - 3 : rows.max() + 4, columns.min() - 3 : columns.max() + 4]
    assert (changed[near] == ball[near]).mean() > 0.93


def test_a_ball_is_as_large_as_its_distance_says() -> None:
    (row,) = film(BALL).truth(0)
    side = 0.4 * 320 / 4.5
    assert row.box[2] - row.box[0] == pytest.approx(side, abs=0.2)
    assert row.visible == pytest.approx(1.0, abs=0.04)


def test_a_thing_behind_a_pillar_has_no_px_and_no_row() -> None:
    shot = film(BALL, solids=(pillar(0.27, 3.6, 0.6),))
    assert not shot.segmentation(0).any()
    assert shot.truth(0) == []


def test_a_thing_before_a_pillar_is_whole_and_one_half_behind_it_is_half_seen() -> None:
    (whole,) = film(BALL, solids=(pillar(0.3, 5.0, 0.6),)).truth(0)
    (half,) = film(BALL, solids=(pillar(0.3 * 0.8 + 0.3, 3.6, 0.6),)).truth(0)
    assert whole.visible > 0.96
    assert 0.35 < half.visible < 0.65
    assert half.box[0] == pytest.approx(whole.box[0], abs=0.1)
    assert half.box[2] < whole.box[2] - 8


def test_the_nearer_of_two_things_hides_the_other() -> None:
    far = replace(BALL, z_m=5.5)
    both = film(far, replace(BALL, width_m=0.7, height_m=0.7, y_m=0.4))
    assert [row.name for row in both.truth(0)] == ["thing 1"]


def test_a_thing_beyond_the_edge_is_in_part_or_not_at_all_in_the_truth() -> None:
    edge_m = 160 / 320 * 4.5
    (row,) = film(replace(BALL, x_m=edge_m)).truth(0)
    assert row.visible == pytest.approx(0.5, abs=0.06)
    assert row.box[2] == 320.0
    assert film(replace(BALL, x_m=edge_m + 1.0)).truth(0) == []


def test_a_thing_that_is_nearly_transparent_or_in_the_floor_is_not_in_the_truth() -> None:
    assert film(replace(BALL, opacity=0.05)).truth(0) == []
    (row,) = film(replace(BALL, opacity=0.5)).truth(0)
    assert row.visible > 0.96
    (row,) = film(replace(BALL, y_m=0.0, hidden_below_m=0.0)).truth(0)
    assert row.visible == pytest.approx(0.5, abs=0.06)
    assert film(replace(BALL, y_m=-0.3, hidden_below_m=0.0)).truth(0) == []


def test_a_thing_below_a_table_is_behind_its_plate_and_one_on_it_is_before() -> None:
    plate = table(0.3, 4.1, 1.2, 0.6, 0.8)
    shot = film(BALL, replace(BALL, y_m=0.8), solids=plate)
    assert [row.visible > 0.9 for row in shot.truth(0)] == [True, True]
    names = [
        item.what.name if isinstance(item.what, Solid) else item.what[0]
        for item in in_order(shot.poses(0.0), shot.standing)
    ]
    assert names.index(0) < names.index("table")
    alone = film(replace(BALL, y_m=0.8), solids=plate)
    assert ground_below(replace(BALL, y_m=0.8), alone.standing) == (pytest.approx(0.6), plate[-1])


def test_a_shadow_lies_on_the_ramp_below_the_thing() -> None:
    slope = ramp((-0.5, 0.0), (1.0, 0.6), 4.2, 0.7)
    height, owner = ground_below(replace(BALL, x_m=0.25, y_m=0.6), (slope,))
    assert (height, owner) == (pytest.approx(0.3), slope)
    lit = film(solids=(slope,)).frame(0).astype(int)
    shaded = film(replace(BALL, x_m=0.25, y_m=0.52), solids=(slope,)).frame(0).astype(int)
    x, y = (round(px) for px in film().project(0.33, 0.33, 4.4, 0.0))
    assert (lit[y, x] - shaded[y, x]).mean() > 8


def test_a_fast_thing_is_blurred_and_its_box_is_where_it_is_in_the_middle() -> None:
    fast = Mover("ball", lambda t: replace(BALL, x_m=4.0 * (t - 0.2), y_m=1.2))
    shot = Film(ROOM, (fast,), FPS, 20, grain=0.0, shutter=0.8)
    (row,) = shot.truth(5)
    assert (row.box[0] + row.box[2]) / 2 == pytest.approx(160.0, abs=0.5)
    changed = np.abs(shot.frame(5).astype(int) - film().frame(5)).max(2) > 8
    x1, _, x2, _ = bounds(changed[:130].astype(np.float32))
    assert x2 - x1 > row.box[2] - row.box[0] + 4


def test_any_frame_can_be_drawn_again_and_by_itself() -> None:
    options = {"grain": 3.0, "gain": lambda t: 1.0 + 0.2 * t, "soft_px": 0.6}
    one, other = (film(BALL, BOX, camera=CAMERAS["handheld"], **options) for _ in range(2))
    frames = list(one.frames())
    for index in (13, 4):
        np.testing.assert_array_equal(other.frame(index), frames[index])
    assert (frames[4] != frames[5]).mean() > 0.5
    assert frames[0].shape == (240, 320, 3) and frames[0].dtype == np.uint8


def test_grain_has_the_strength_that_was_asked_for() -> None:
    noise = film(grain=4.0).frame(3).astype(float) - film(grain=0.0).frame(3)
    assert noise.std() == pytest.approx(4.0, rel=0.05)


def test_twins_are_the_same_until_one_of_them_breaks() -> None:
    def gone(time_s: float) -> Pose | None:
        return BALL if time_s * FPS < 9.5 else None

    whole = Film(ROOM, (Mover("ball", lambda t: BALL),), FPS, 20)
    broken = replace(whole, movers=(Mover("ball", gone),))
    for index in (0, 9):
        np.testing.assert_array_equal(whole.frame(index), broken.frame(index))
    assert broken.truth(9) and not broken.truth(10)
    assert (whole.frame(10) != broken.frame(10)).any()


@pytest.mark.parametrize("seed", range(4))
def test_rooms_drawn_by_chance_are_not_flat_and_all_differ(seed: int) -> None:
    rooms = [random_room(np.random.default_rng((seed, k)), 320, 240) for k in (0, 1)]
    again = random_room(np.random.default_rng((seed, 0)), 320, 240)
    pictures = [Film(room, (), FPS, 1, grain=0.0).frame(0) for room in (*rooms, again)]
    np.testing.assert_array_equal(pictures[0], pictures[2])
    assert np.abs(pictures[0].astype(int) - pictures[1]).mean() > 5
    for room, picture in zip(rooms, pictures, strict=False):
        foot = round(room.foot_px)
        for part in (picture[:foot], picture[foot:]):
            fine = part.astype(float) - cv2.GaussianBlur(part.astype(float), (0, 0), 4.0)
            assert fine.std() > 1.0
            assert 25 < part.mean() < 230


def test_looks_drawn_by_chance_have_two_colours_that_differ() -> None:
    looks = [random_look(np.random.default_rng(seed)) for seed in range(40)]
    assert len({look.pattern for look in looks}) >= 6
    for look in looks:
        assert np.abs(np.subtract(look.colour, look.second)).max() > 40

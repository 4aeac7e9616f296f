"""Contacts and supports: when and where things touch what is below them."""

from __future__ import annotations

import numpy as np
import pytest
from handmade import FPS, bounces, boxes_of, track_of, without_rows

from physcheck.camera import Camera
from physcheck.types import Floats, Piece, Track, World
from physcheck.world import build_world

G = 900.0
"""Fall, px / s^2."""


def piece(n: int, px: float = 1.0) -> Piece:
    """Frames without any content."""
    return Piece(
        frames=np.arange(n),
        times_s=np.arange(n) / FPS,
        luma=np.zeros((n, 36, 64), np.uint8),
        chroma=np.zeros((n, 18, 32, 2), np.uint8),
        transition=np.zeros(n, bool),
        px=np.full(2, px),
    )


def world_of(
    *tracks: Track, n: int = 120, floor: tuple[float, ...] | None = None, kind: str = "still"
) -> World:
    camera = Camera(kind, np.tile(np.eye(3), (n, 1, 1)), np.zeros(n, bool))
    return build_world(piece(n), camera, tracks, floor)


def dropped(
    n: int, *, floor_y: float = 300.0, size: float = 32.0, keeps: float = 0.8, x0: float = 80.0
) -> tuple[Floats, list[float]]:
    """Boxes (n, 4) of a ball that is dropped and bounces lower each time, and when, in frames."""
    hits, lows = [], []
    start_s, speed, height = 0.0, 0.0, 150.0
    for t in np.arange(n) / FPS:
        while (low := height + speed * (t - start_s) - G / 2 * (t - start_s) ** 2) < -1e-9:
            wait = (speed + np.sqrt(speed**2 + 2 * G * height)) / G
            start_s, height, speed = start_s + wait, 0.0, keeps * (G * wait - speed)
            hits.append(start_s * FPS)
        lows.append(floor_y - low)
    x = x0 + 60 * np.arange(n) / FPS
    return boxes_of(x, np.array(lows) - size / 2, size, size), hits


def noisy(boxes: Floats, sigma_px: float = 0.15) -> Floats:
    return boxes + np.random.default_rng(2).normal(0, sigma_px, boxes.shape)


def test_the_contacts_of_a_ball_are_found_at_their_frames_and_heights():
    boxes, hits = dropped(90)
    world = world_of(track_of(noisy(boxes)))
    hits = [hit for hit in hits if hit < 85]
    assert len(hits) >= 3
    assert [c.frame for c in world.contacts] == pytest.approx(hits, abs=1)
    assert [c.point[1] for c in world.contacts] == pytest.approx([300.0] * len(hits), abs=2)
    for found in world.contacts:
        assert found.kind == "bounce"
        assert (found.track_id, found.other_id) == (1, -1)
        assert found.point[0] == pytest.approx(80 + 60 * found.frame / FPS, abs=3)
        assert 0 < found.sigma_px < 10


def test_a_ball_that_lands_and_stays_touches_once():
    low = np.minimum(150 + 0.5 * G * (np.arange(60) / FPS) ** 2, 300.0)
    boxes = boxes_of(np.full(60, 200.0), low - 16, 32, 32)
    (found,) = world_of(track_of(noisy(boxes, 0.2))).contacts
    landed = np.sqrt(2 * 150 / G) * FPS
    assert found.frame == pytest.approx(landed, abs=2)
    assert found.point[1] == pytest.approx(300.0, abs=2)
    assert found.kind == "rest"


def test_what_rolls_flies_or_lies_still_touches_nothing_new():
    t = np.arange(60)
    rolling = track_of(noisy(boxes_of(60 + 4.0 * t, np.full(60, 200.0), 32, 32)), id=1)
    throw = boxes_of(60 + 5.0 * t, 250 - 9.0 * t + 0.15 * t**2, 32, 32)
    flying = track_of(noisy(throw), id=2)
    lying = track_of(noisy(boxes_of(np.full(60, 500.0), np.full(60, 200.0), 32, 32)), id=3)
    assert world_of(rolling, flying, lying).contacts == ()


def test_a_turn_at_the_border_or_unseen_is_no_contact():
    boxes, hits = dropped(60)
    hidden = [k for hit in hits for k in range(int(hit) - 3, int(hit) + 5) if k < 60]
    observed = without_rows(np.ones(60, bool), hidden)
    assert world_of(track_of(boxes, border=np.ones(60, bool))).contacts == ()
    assert not {c.frame for c in world_of(track_of(boxes, observed=observed)).contacts} & set(
        hidden
    )


def test_what_keeps_changing_its_outline_has_no_contacts():
    boxes, _ = dropped(90)
    boxes[:, 1] += 12 * np.random.default_rng(0).standard_normal(90)
    assert world_of(track_of(boxes)).contacts == ()


def test_contacts_that_agree_make_a_support_and_tell_who_touched_it():
    one, two = dropped(90)[0], dropped(90, x0=300.0, keeps=0.7)[0]
    (support,) = world_of(track_of(noisy(one), id=1), track_of(noisy(two), id=2)).supports
    assert support.intercept == pytest.approx(300.0, abs=2)
    assert support.slope == pytest.approx(0.0, abs=0.02)
    assert support.source == "contacts"
    assert support.track_ids == (1, 2)
    assert support.n_contacts >= 4
    assert 0 < support.sigma_px < 4
    assert support.x_range[0] < 200 < 300 < support.x_range[1]


def test_two_heights_make_two_supports():
    table, floor = dropped(90, floor_y=220.0)[0], dropped(90, x0=300.0)[0]
    supports = world_of(track_of(table, id=1), track_of(floor, id=2)).supports
    assert sorted(s.intercept for s in supports) == pytest.approx([220.0, 300.0], abs=2)
    assert {s.track_ids for s in supports} == {(1,), (2,)}


def test_one_contact_alone_makes_no_support():
    boxes, hits = dropped(int(FPS))
    assert len([hit for hit in hits if hit < FPS - 3]) == 1
    world = world_of(track_of(boxes))
    assert len(world.contacts) == 1
    assert world.supports == ()


def test_the_floor_of_the_user_stands_alone():
    boxes, _ = bounces(100)
    level = world_of(track_of(boxes), floor=(250.0,)).supports
    assert [(s.source, s.intercept, s.slope) for s in level] == [("user", 250.0, 0.0)]
    (slanted,) = world_of(track_of(boxes), floor=(100.0, 200.0, 300.0, 240.0)).supports
    assert slanted.source == "user"
    assert slanted.y_at(np.array([100.0, 200.0, 300.0])) == pytest.approx([200.0, 220.0, 240.0])
    assert slanted.x_range == (100.0, 300.0)


def test_the_way_of_the_camera_is_given_in_px_of_the_clip():
    shift = np.array([[1, 0, 6.0], [0, 1, -2.0], [0, 0, 1]])
    camera = Camera("moving", np.stack([np.eye(3), shift]), np.zeros(2, bool))
    world = build_world(piece(2, px=2.0), camera, [], None)
    assert world.moving_camera
    assert world.camera[1] == pytest.approx(np.array([[1, 0, 12.0], [0, 1, -4.0], [0, 0, 1]]))
    assert world.camera_frames.tolist() == [0, 1]


def test_a_shot_without_things_has_a_world_without_supports():
    world = world_of()
    assert (world.supports, world.contacts) == ((), ())
    assert not world.moving_camera

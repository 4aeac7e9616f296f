"""What sinks into the ground that hides it, and what only looks so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from handmade import FPS, bounces, boxes_of, contact, shot_of, track_of
from test_checks import judge, values_of

from physcheck.floors import steady_boxes
from physcheck.sinking import find_ground
from physcheck.types import Floats, Horizon, Shot, Track
from physcheck.world.ground import find_horizon

N = 90
HORIZON = 60.0
AT = 45
"""The row from which on something happens."""
RAMP = np.clip((np.arange(N) - AT) / 6, 0, 1)
"""From 0 to 1 within six rows."""


def walker(
    *, start: float = 180.0, pace: float = 1.2, k: float = 2.0, x0: float = 200.0, **changes: object
) -> Track:
    """Someone who comes nearer on a plane: as high as the way to the horizon tells."""
    y = start + pace * np.arange(N)
    height = (y - HORIZON) / k
    return track_of(noisy(standing(y, height, x0=x0)), **changes)


def standing(y: Floats, height: Floats, *, x0: float = 200.0, pace: float = 1.0) -> Floats:
    """Boxes (N, 4) whose lower edge is at y."""
    return boxes_of(x0 + pace * np.arange(len(y)), y - height / 2, 0.4 * height, height)


def noisy(boxes: Floats) -> Floats:
    return boxes + np.random.default_rng(5).normal(0, 0.3, boxes.shape)


def from_above(track: Track, loss_px: Floats) -> Track:
    """The upper edge comes down, the lower one goes on."""
    boxes = track.boxes + np.outer(loss_px, [0.0, 1.0, 0.0, 0.0])
    return replace(track, boxes=boxes)


def violations(shot: Shot) -> list[tuple[int, int]]:
    found = judge("floor-penetration", shot).violations
    return [(one.start_frame, one.stop_frame) for one in found]


def judged(shot: Shot) -> float:
    return float(np.isfinite(values_of("floor-penetration", shot)[0]).mean())


def test_someone_who_sinks_while_walking_on_is_told_when_and_how_deep():
    (one,) = judge("floor-penetration", shot_of(from_above(walker(), 20 * RAMP))).violations
    assert AT - 14 <= one.start_frame <= AT < one.stop_frame <= AT + 20
    assert "the ground hides" in one.explanation
    assert 3 < one.peak <= 20


def test_someone_who_walks_is_judged_and_found_innocent():
    shot = shot_of(walker())
    values = values_of("floor-penetration", shot)[0]
    assert judged(shot) > 0.8
    assert np.nanmax(values) == 0


def test_what_a_lost_camera_puts_far_away_makes_no_map_of_the_ground():
    far = replace(walker(), boxes=walker().boxes + 1e12)
    shot = shot_of(walker(), far)
    assert find_ground(shot, 10.0).count.size < 1e6


def test_someone_who_goes_away_and_gets_smaller_does_not_sink():
    shot = shot_of(walker(start=300.0, pace=-1.2))
    assert judged(shot) > 0.8
    assert violations(shot) == []


def test_who_is_hidden_from_below_by_something_in_front_does_not_sink():
    track = walker()
    boxes = track.boxes - np.outer(20 * RAMP, [0.0, 0.0, 0.0, 1.0])
    assert violations(shot_of(replace(track, boxes=boxes))) == []


def test_an_upper_part_that_is_missed_from_one_frame_to_the_next_does_not_sink():
    assert violations(shot_of(from_above(walker(), 20.0 * (RAMP > 0)))) == []


def test_who_stops_and_bends_down_does_not_sink():
    y = np.minimum(180 + 1.2 * np.arange(N), 180 + 1.2 * AT)
    x = 200 + 1.0 * np.minimum(np.arange(N), AT)
    height = (y - HORIZON) / 2
    boxes = noisy(boxes_of(x, y - height / 2, 0.4 * height, height))
    assert violations(shot_of(from_above(track_of(boxes), 20 * RAMP))) == []


def test_where_nobody_was_seen_behind_it_there_may_be_an_edge():
    rolling = track_of(noisy(standing(np.full(N, 200.0), np.full(N, 40.0), pace=2.0)))
    assert judged(shot_of(from_above(rolling, 12 * RAMP))) == 0
    behind = track_of(noisy(standing(np.full(N, 180.0), np.full(N, 36.0), pace=2.0)), id=2)
    assert violations(shot_of(from_above(rolling, 12 * RAMP), behind)) != []


def test_a_height_that_wavers_hides_sinking():
    track = walker()
    sway = np.random.default_rng(1).normal(0, 0.3 * 60, N)
    assert judged(shot_of(from_above(track, 20 * RAMP + sway))) == 0


def test_what_fell_and_lay_sinks_though_it_stands_still():
    lands = np.minimum(100 + 0.5 * 900 * (np.arange(N) / FPS) ** 2, 250.0)
    landed = int(np.argmax(lands == 250.0))
    boxes = noisy(boxes_of(np.full(N, 300.0), lands - 16, 32, 32))
    shot = shot_of(from_above(track_of(boxes), 12 * RAMP))
    known = contact(shot.tracks[0], landed, 250.0)
    shot = replace(shot, world=replace(shot.world, contacts=(known,)))
    assert len(violations(shot)) == 1
    still = shot_of(track_of(boxes), contacts=[known])
    assert violations(still) == []
    assert judged(still) > 0.5
    assert violations(replace(shot, world=replace(shot.world, contacts=()))) == []


def test_a_ball_whose_lower_part_the_floor_hides_when_it_bounces_is_below_it():
    boxes, hits = bounces(100, sinks={2: 18.0})
    hidden = boxes.copy()
    hidden[:, 3] = np.minimum(boxes[:, 3], 300.0)
    track = track_of(hidden)
    known = [contact(track, hit, 300.0) for hit in hits]
    assert len(violations(shot_of(track, contacts=known))) == 1


def test_the_first_bounce_is_judged_by_the_two_that_come_after_it():
    boxes, hits = bounces(100, sinks={0: 18.0})
    track = track_of(boxes)
    known = [contact(track, hit, float(boxes[hit, 3])) for hit in hits]
    (one,) = judge("floor-penetration", shot_of(track, contacts=known)).violations
    assert one.start_frame <= hits[0] < one.stop_frame


def test_a_ball_that_bounces_away_touches_lower_down_the_picture_at_first():
    boxes, hits = bounces(100)
    boxes[:, [1, 3]] -= 0.4 * np.arange(100)[:, None]
    track = track_of(boxes)
    known = [contact(track, hit, float(boxes[hit, 3])) for hit in hits]
    assert violations(shot_of(track, contacts=known)) == []


def test_a_ball_that_is_squashed_when_it_bounces_is_not_below_the_floor():
    boxes, hits = bounces(100)
    for hit in hits:
        boxes[hit - 1 : hit + 2] += np.array([-5.0, 9.0, 5.0, 0.0])
    track = track_of(boxes)
    known = [contact(track, hit, 300.0) for hit in hits]
    assert violations(shot_of(track, contacts=known)) == []


@pytest.mark.parametrize("sinks", [True, False])
def test_a_camera_that_turns_makes_no_difference_to_a_ball_that_bounces(sinks: bool):
    boxes, hits = bounces(100, sinks={2: 18.0} if sinks else {})
    shift = np.outer(np.arange(100), [1.5, -0.7])
    track = track_of(boxes + np.tile(shift, 2))
    view = np.tile(np.eye(3), (100, 1, 1))
    view[:, :2, 2] = -shift
    known = [contact(track, hit, float(track.boxes[hit, 3])) for hit in hits]
    shot = shot_of(track, contacts=known, moving_camera=True)
    shot = replace(shot, world=replace(shot.world, camera=view))
    assert steady_boxes(track, shot.world) == pytest.approx(boxes)
    assert len(violations(shot)) == sinks


def test_the_horizon_is_where_things_that_come_nearer_would_shrink_to_nothing():
    tracks = [walker(k=k, x0=100.0 * k, start=150.0 + 10 * k, id=int(2 * k)) for k in (1, 2, 3, 4)]
    found = find_horizon(tracks, 360)
    assert found is not None
    assert found.y == pytest.approx(HORIZON, abs=5 + 2 * found.sigma_px)
    assert found.n_tracks == 4
    assert find_horizon(tracks[:3], 360) is None
    still = [replace(one, boxes=np.tile(one.boxes[:1], (N, 1))) for one in tracks]
    assert find_horizon(still, 360) is None


def test_a_known_horizon_explains_that_what_goes_away_gets_shorter():
    y = 300 - 1.2 * np.arange(N)
    height = (y - HORIZON) / 2
    steady = boxes_of(200 + np.arange(N), y - height / 2, np.full(N, 60.0), height)
    shot = shot_of(track_of(noisy(steady)))
    known = replace(shot, world=replace(shot.world, horizon=Horizon(HORIZON, 5.0, 9)))
    assert violations(known) == []


def test_a_word_that_says_that_it_does_not_bend_makes_a_stop_no_excuse():
    y = np.minimum(180 + 1.2 * np.arange(N), 180 + 1.2 * AT)
    x = 200 + 1.0 * np.minimum(np.arange(N), AT)
    boxes = noisy(boxes_of(x, y - (y - HORIZON) / 4, 80, (y - HORIZON) / 2))
    bent = from_above(track_of(boxes, label="person"), 20 * RAMP)
    sunk = from_above(track_of(boxes, label="car"), 20 * RAMP)
    assert violations(shot_of(bent)) == []
    assert len(violations(shot_of(sunk))) == 1

"""Words of things: what may move by itself, bend, be held, or never move."""

from __future__ import annotations

import numpy as np
import pytest
from handmade import boxes_of, shot_of, track_of

from physcheck.checks.size_jump import size_jump
from physcheck.checks.trajectory import trajectory
from physcheck.things import is_articulated, is_hand_held, is_scenery, is_self_propelled
from physcheck.types import Alternative, Change

COCO_THINGS_OF_PHYSICS = ("sports ball", "frisbee", "apple", "orange", "bottle", "vase", "")


@pytest.mark.parametrize("label", ["person", "dog", "bird", "car", "bicycle", "boat"])
def test_people_animals_and_vehicles_move_by_themselves(label: str):
    assert is_self_propelled(label)
    assert not is_hand_held(label)
    assert not is_scenery(label)


@pytest.mark.parametrize("label", COCO_THINGS_OF_PHYSICS)
def test_what_physics_is_about_is_neither_self_propelled_nor_articulated_nor_scenery(label: str):
    assert not is_self_propelled(label)
    assert not is_articulated(label)
    assert not is_scenery(label)


def test_a_car_moves_by_itself_but_is_rigid():
    assert is_self_propelled("car")
    assert not is_articulated("car")


def test_a_dog_and_a_teddy_bear_change_their_outline_and_a_cup_does_not():
    assert is_articulated("dog")
    assert is_articulated("teddy bear")
    assert not is_articulated("cup")


def test_a_cup_is_moved_by_hands():
    assert is_hand_held("cup")
    assert not is_hand_held("sports ball")


def test_a_table_is_scenery():
    assert is_scenery("dining table")


def turning_in_flight(label: str):
    """A thing that flies straight and turns downwards at once, nothing near."""
    rows = np.arange(40.0)
    x = 100 + 6 * rows
    y = np.where(rows < 20, 100.0, 100 + 12 * (rows - 20))
    return shot_of(track_of(boxes_of(x, y, 24.0, 24.0), label=label))


def test_trajectory_judges_a_nameless_thing_that_turns_and_not_a_bird():
    (nameless,) = trajectory(turning_in_flight(""))
    assert np.nanmax(nameless.values) > 5
    (bird,) = trajectory(turning_in_flight("bird"))
    # Where it goes evenly nothing is wrong, whatever it is; its turns are its own affair.
    assert not (bird.values > 0).any()
    assert "moves by itself" in bird.reasons.tolist()


def test_a_step_of_size_that_posture_can_make_counts_less_for_a_person():
    rows = np.arange(30.0)
    size = np.where(rows < 15, 40.0, 52.0)
    step = Change(
        "size", 14, 15, float(np.log(52 / 40)), 0.01, 5.0, (Alternative("posture", 5.0, "none"),)
    )
    peaks = {}
    for label in ("", "sports ball", "person"):
        track = track_of(boxes_of(50 + rows, rows + 90, size, size), label=label, changes=(step,))
        (signal,) = size_jump(shot_of(track))
        peaks[label] = float(np.nanmax(signal.values))
    assert peaks[""] == peaks["sports ball"] > 0.18
    assert peaks["person"] < 0.1

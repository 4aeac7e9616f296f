"""Each kind of violation: what is planned for a thing, and when it is refused."""

from __future__ import annotations

import numpy as np
import pytest
from bouncing_ball import FLOOR_Y, RADIUS, bounces, footage_of, rolls

from physcheck.mutation.footage import Thing
from physcheck.mutation.kinds import KINDS, Plan, Refusal, Scene
from physcheck.mutation.paths import measure_course
from physcheck.mutation.picking import Chance, Sighting, chances, things_in
from physcheck.types import Floats

BOUNCES = (17, 43, 62, 75)
NEEDS_FLIGHT = ("trajectory", "gravity", "energy-gain", "reversed", "upside-down")


def scene_of(feet: Floats, others: tuple[Thing, ...] = ()) -> Scene:
    footage, ball = footage_of(feet)
    chance = Chance(ball, 0, footage.n, 0, footage.n - 1, 1.0)
    return Scene(footage, (ball, *others), chance, measure_course(footage, ball))


@pytest.fixture(scope="module")
def bouncing() -> Scene:
    return scene_of(bounces())


@pytest.fixture(scope="module")
def rolling() -> Scene:
    return scene_of(rolls())


def planned(kind: str, scene: Scene, seed: int = 0) -> Plan:
    plan = KINDS[kind](scene, np.random.default_rng(seed))
    assert isinstance(plan, Plan), plan
    return plan


def test_a_course_has_its_flights_and_bounces(bouncing: Scene) -> None:
    found = bouncing.course
    assert len(found.flights) >= 3
    assert all(abs(one.acceleration[1] - 0.9) < 0.05 for one in found.flights)
    for bounce in found.bounces:
        assert min(abs(bounce - k) for k in BOUNCES) <= 1


def test_a_course_has_its_rest_and_no_flight_where_nothing_flies(rolling: Scene) -> None:
    assert rolling.course.flights == ()
    start, stop = rolling.course.rests[0]
    assert start == 0
    assert 28 <= stop <= 34


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "lost-behind"])
@pytest.mark.parametrize("seed", range(5))
def test_what_is_planned_holds_together(bouncing: Scene, rolling: Scene, kind: str, seed: int):
    scene = rolling if kind == "spontaneous-motion" else bouncing
    plan = planned(kind, scene, seed)
    start, stop = plan.start or 0, plan.stop or scene.footage.n
    assert plan.kind == kind
    assert start <= plan.start_frame <= plan.end_frame < stop
    assert plan.start_frame <= plan.peak_frame <= plan.end_frame
    assert plan.magnitude > 0
    assert plan.unit
    assert plan.size_px == pytest.approx(2 * RADIUS, rel=0.1)
    assert all(scene.thing.has(k) for k in plan.moves)
    changed = [k for k in plan.moves if start <= k < stop]
    assert changed or plan.picture != "as it is"


@pytest.mark.parametrize("kind", NEEDS_FLIGHT)
def test_kinds_of_flight_are_refused_where_nothing_flies(rolling: Scene, kind: str) -> None:
    refusal = KINDS[kind](rolling, np.random.default_rng(0))
    assert isinstance(refusal, Refusal)
    assert "flight" in refusal.reason or "fall" in refusal.reason or "bounce" in refusal.reason


def test_nothing_starts_by_itself_that_does_not_rest(bouncing: Scene) -> None:
    refusal = KINDS["spontaneous-motion"](bouncing, np.random.default_rng(0))
    assert isinstance(refusal, Refusal)
    assert "rests" in refusal.reason


def test_vanishing_takes_the_thing_out_for_as_many_frames_as_it_says(bouncing: Scene) -> None:
    plan = planned("vanish", bouncing, 3)
    assert plan.end_frame == plan.start_frame + 1
    assert sorted(plan.moves) == list(range(plan.end_frame, plan.end_frame + round(plan.magnitude)))
    assert set(plan.moves.values()) == {()}


def test_what_comes_back_is_labelled_as_well(bouncing: Scene) -> None:
    plans = [planned("vanish", bouncing, seed) for seed in range(20)]
    for plan in plans:
        gone_for_good = max(plan.moves) == bouncing.last
        assert len(plan.seconds) == (0 if gone_for_good else 1)
    assert any(plan.seconds for plan in plans)


def test_a_teleport_jumps_as_far_as_it_says_and_stays_in_the_picture(bouncing: Scene) -> None:
    for seed in range(10):
        plan = planned("teleport", bouncing, seed)
        for (placement,) in plan.moves.values():
            way = np.hypot(placement.dx, placement.dy)
            assert way == pytest.approx(plan.details["px"], rel=1e-6)
        assert plan.details["px"] == pytest.approx(plan.magnitude * 2 * RADIUS, rel=0.1)


def test_a_higher_bounce_rises_by_the_energy_that_it_says(bouncing: Scene) -> None:
    plan = planned("energy-gain", bouncing, 1)
    course = bouncing.course
    highest = min(course.foot(k)[1] + one.dy for k, (one,) in plan.moves.items())
    fall = course.foot(plan.start_frame)[1] - min(
        course.foot(k)[1] for k in range(max(0, plan.start_frame - 15), plan.start_frame)
    )
    assert course.foot(plan.start_frame)[1] - highest > 0.95 * fall


def test_a_fall_with_another_gravity_has_it(bouncing: Scene) -> None:
    plan = planned("gravity", bouncing, 2)
    frames = sorted(plan.moves)
    y = [bouncing.course.foot(k)[1] + plan.moves[k][0].dy for k in frames]
    found = np.polyfit(np.arange(len(y)), y, 2)[0] * 2
    assert found == pytest.approx(0.9 * plan.details["ratio"], abs=0.05)


def test_a_turn_keeps_the_speed(bouncing: Scene) -> None:
    plan = planned("trajectory", bouncing, 0)
    assert 8 <= plan.magnitude <= 150
    k = min(plan.moves)
    before = bouncing.course.flight_at(k - 1)
    assert before is not None


def test_what_sinks_is_hidden_where_it_rolls(rolling: Scene) -> None:
    plan = planned("floor-penetration", rolling, 0)
    placements = [one for (one,) in plan.moves.values()]
    assert all(one.hidden_below_y == pytest.approx(FLOOR_Y, abs=1) for one in placements)
    assert max(one.dy for one in placements) == pytest.approx(plan.magnitude, rel=0.05)


def test_growth_follows_the_magnitude(bouncing: Scene) -> None:
    plan = planned("size-jump", bouncing, 4)
    last = plan.moves[max(plan.moves)][0]
    assert abs(np.log(last.scale_x)) == pytest.approx(plan.magnitude)
    assert last.scale_x == last.scale_y


def test_magnitudes_go_from_slight_to_gross(bouncing: Scene) -> None:
    found = [planned("size-jump", bouncing, seed).magnitude for seed in range(40)]
    assert min(found) < 0.1
    assert max(found) > 0.5


def test_two_become_one_and_one_becomes_two(bouncing: Scene) -> None:
    split, merge = planned("split", bouncing, 0), planned("merge", bouncing, 0)
    for plan in (split, merge):
        assert {len(placements) for placements in plan.moves.values()} == {2}
    assert max(split.moves) == bouncing.last
    assert min(merge.moves) == bouncing.first


def test_a_halted_fall_stays_where_it_is(bouncing: Scene) -> None:
    plan = planned("hover", bouncing, 0)
    places = [np.add(bouncing.course.foot(k), (one.dx, one.dy)) for k, (one,) in plan.moves.items()]
    assert np.ptp(places, axis=0).max() < 1e-6


def test_a_thing_next_to_others_is_not_picked() -> None:
    footage, ball = footage_of(bounces())
    beside = Sighting("dog", ball.frames, np.add(ball.boxes, [10, 0, 10, 0]), "boxes")
    alone = Sighting("ball", ball.frames, ball.boxes, "boxes")
    rng = np.random.default_rng(0)
    assert len(chances(footage, things_in([alone], footage), rng)) == 1
    assert chances(footage, things_in([alone, beside], footage), rng) == []


def test_at_most_as_many_frames_are_picked_as_allowed() -> None:
    footage, ball = footage_of(bounces())
    things = things_in([Sighting("ball", ball.frames, ball.boxes, "boxes")], footage)
    (chance,) = chances(footage, things, np.random.default_rng(0), max_frames=40)
    assert chance.stop - chance.start == 40
    assert chance.start <= chance.first <= chance.last < chance.stop

"""Violations that belong together are told as one story, the first cause first."""

from __future__ import annotations

from dataclasses import replace

from sample_report import FPS, track, violation

from physcheck.rules import tell_incidents
from physcheck.types import Violation


def broken(rule: str, first: int, last: int, *, thing: int = 3, x: float = 100.0) -> Violation:
    return violation(
        id=f"{rule}-{first}",
        rule=rule,
        track_ids=(thing,),
        label="",
        start_frame=first,
        stop_frame=last + 1,
        start_s=first / FPS,
        stop_s=(last + 1) / FPS,
        box=(x, 200.0, x + 24.0, 224.0),
    )


def test_what_one_thing_does_wrong_in_a_row_is_one_story_first_cause_first():
    sinks, gone = broken("floor-penetration", 20, 26), broken("vanish", 26, 27)
    grows, back = broken("size-jump", 26, 38), broken("appear", 37, 38)
    [incident] = tell_incidents([back, grows, sinks, gone], [])
    assert incident.violation_ids == (sinks.id, gone.id, grows.id, back.id)
    assert (incident.start_frame, incident.stop_frame) == (20, 39)
    assert incident.explanation == (
        "object 3: floor-penetration (frames 20-26), then vanish (frames 26-27), "
        "then size-jump (frames 26-38), then appear (frames 37-38)"
    )


def test_the_same_thing_much_later_is_another_story():
    stories = tell_incidents([broken("vanish", 5, 6), broken("teleport", 80, 81)], [])
    assert [one.id for one in stories] == ["i1", "i2"]


def test_things_far_apart_have_a_story_each():
    stories = tell_incidents(
        [broken("vanish", 5, 6), broken("teleport", 5, 6, thing=4, x=400.0)], []
    )
    assert {one.track_ids for one in stories} == {(3,), (4,)}


def test_things_side_by_side_at_one_time_share_a_story():
    [incident] = tell_incidents(
        [broken("collision", 5, 6), broken("trajectory", 6, 9, thing=4, x=112.0)], []
    )
    assert incident.track_ids == (3, 4)
    assert "then object 4: trajectory" in incident.explanation


def test_a_thing_lost_and_found_elsewhere_is_one_thing():
    lost = track()
    found = replace(
        lost,
        id=8,
        frames=lost.frames + 10,
        birth=replace(lost.birth, cause="relocated", partner=lost.id),
    )
    claims = [broken("vanish", 35, 36), broken("size-jump", 40, 41, thing=8, x=500.0)]
    assert len(tell_incidents(claims, [found, lost])) == 1
    assert len(tell_incidents(claims, [])) == 2


def test_every_violation_is_in_one_incident_and_its_probability_is_the_surest():
    claims = [replace(broken("vanish", n, n + 1), probability=0.5 + n / 100) for n in (3, 9, 90)]
    stories = tell_incidents(claims, [])
    told = [name for one in stories for name in one.violation_ids]
    assert sorted(told) == sorted(one.id for one in claims)
    assert stories[0].probability == 0.59


def test_nothing_wrong_is_no_story():
    assert tell_incidents([], []) == ()

"""Ends that belong together are weighed together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from handmade import boxes_of, ending, gap_of, track_of

from physcheck.explain.absences import weighed_together
from physcheck.types import Ending, Return, Track

N = 40


def still(n: int = N, **changes: object) -> Track:
    return track_of(boxes_of([200.0] * n, [150.0] * n, 32, 32), **changes)


def with_gap(departs: float, arrives: float) -> Track:
    gap = gap_of(15, 22, departs)
    return still(gaps=(replace(gap, arrival=ending(22, arrives, birth=True)),))


def odds_of(track: Track) -> tuple[float, float]:
    (gap,) = track.gaps
    return gap.departure.log_odds, gap.arrival.log_odds


def test_an_absence_that_neither_end_explains_is_told_by_both():
    (track,) = weighed_together([with_gap(-0.4, 1.5)])
    assert odds_of(track) == pytest.approx((2.6, 2.6))
    assert track.gaps[0].departure.cause == "open"


@pytest.mark.parametrize(("departs", "arrives"), [(-6.0, 2.0), (2.0, -3.6), (-2.0, -2.0)])
def test_an_end_with_an_innocent_explanation_is_not_outvoted(departs: float, arrives: float):
    (track,) = weighed_together([with_gap(departs, arrives)])
    assert odds_of(track) == (departs, arrives)


def lost_and_seen_again(look: float = 100.0, *, gone: float = -1.0, come: float = 1.0):
    first = still(20, death=ending(19, gone))
    second = still(15, first=25, id=2, birth=ending(25, come, birth=True))
    return weighed_together([first, replace(second, features=second.features * 0 + look)])


def test_what_is_seen_again_as_another_track_is_one_absence():
    gone, come = lost_and_seen_again()
    assert gone.death.log_odds == come.birth.log_odds == pytest.approx(1.5)


def test_what_looks_otherwise_is_another_thing():
    gone, come = lost_and_seen_again(150.0)
    assert (gone.death.log_odds, come.birth.log_odds) == (-1.0, 1.0)


def test_a_short_presence_has_two_ends_as_well():
    born, dead = ending(10, -0.2, birth=True), ending(17, 0.1)
    (track,) = weighed_together([still(8, first=10, birth=born, death=dead)])
    assert track.birth.log_odds == track.death.log_odds == pytest.approx(1.4)


def behind(odds: float) -> Ending:
    awaited = Return(18, 22, 27, (184.0, 134.0, 216.0, 166.0), "scenery", 21, -0.5)
    return replace(ending(15, odds, cause="occluded"), awaited=awaited)


def test_what_comes_out_as_foreseen_was_behind_it():
    track = with_gap(-1.0, 1.2)
    gap = replace(track.gaps[0], departure=behind(-1.0))
    (track,) = weighed_together([replace(track, gaps=(gap,))])
    assert max(odds_of(track)) <= -4.0
    best = min(track.gaps[0].arrival.alternatives, key=lambda one: one.log_odds)
    assert best.measured == "out when and where it was foreseen"


def test_what_comes_out_elsewhere_explains_nothing():
    elsewhere = boxes_of([500.0] * 15, [150.0] * 15, 32, 32)
    born = ending(22, 3.0, birth=True)
    first = still(16, death=behind(-3.0))
    _, come = weighed_together([first, track_of(elsewhere, first=22, id=2, birth=born)])
    assert come.birth == born

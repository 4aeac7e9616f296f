"""Things that are there too shortly for a track, on drawn pictures."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_pieces import Thing, Way, between, draw, piece_of, slide
from following import explained
from handmade import shot_of

from physcheck.checks import registry
from physcheck.rules import load_pack, measure
from physcheck.types import Track

N = 40
ROLL = Thing(slide((30.0, 60.0), (4.0, 0.0)))


def brief(tracks: list[Track]) -> list[Track]:
    return [track for track in tracks if track.observed.sum() < 3]


def there(way: Way, *others: Thing) -> list[Track]:
    return explained(piece_of(draw(N, [ROLL, *others, Thing(way, tint=(60.0, 90.0, 200.0))])))


def test_what_is_there_for_two_frames_in_the_open_came_from_nothing_and_went_there():
    (flash,) = brief(there(between(slide((200.0, 170.0), (1.0, 0.0)), 20, 22)))
    assert flash.frames.tolist() == [20, 21]
    assert flash.birth.cause == flash.death.cause == "open"
    assert flash.birth.other_frame == 19
    assert flash.death.other_frame == 22
    shot = shot_of(*there(between(slide((200.0, 170.0), (1.0, 0.0)), 20, 22)), size=(320, 240))
    values = measure(load_pack("default"), shot)
    assert max(np.nanmax(s.values) for s in values["vanish"]) > 0.8
    assert max(np.nanmax(s.values) for s in values["appear"]) > 0.8
    assert set(values) == set(registry())


@pytest.mark.parametrize(
    "way",
    [
        between(slide((200.0, 170.0), (30.0, 0.0)), 20, 22),
        between(slide((200.0, 170.0), (1.0, 0.0)), 20, 21),
        between(slide((300.0, 170.0), (1.0, 0.0)), 20, 22),
        between(slide((200.0, 170.0), (1.0, 0.0)), 1, 3),
    ],
    ids=["too fast", "for one frame", "at the border", "as the shot begins"],
)
def test_what_may_only_pass_is_no_flash(way: Way):
    assert brief(there(way)) == []


def test_what_is_there_beside_another_thing_may_be_a_part_of_it():
    beside = between(slide((200.0, 170.0), (1.0, 0.0)), 20, 22)
    assert brief(there(beside, Thing(slide((158.0, 170.0), (1.0, 0.0)), seed=4))) == []

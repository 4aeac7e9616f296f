"""One thing that becomes two, two that become one, and what only looks like it."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_pieces import Thing, Way, draw, piece_of, slide
from following import explained

from physcheck.camera import estimate_camera
from physcheck.explain.pixels import Pixels
from physcheck.explain.twins import ends_alike, likeness
from physcheck.types import Track

N = 60
OTHER = (60.0, 60.0, 200.0)


def leaves(at: int, pace: float, lasts: int = 100) -> Way:
    """Goes along with the first thing, and from a frame on aside of it."""

    def way(k: int) -> tuple[float, float, float]:
        aside = pace * min(max(k - at, 0), lasts)
        return (40 + 2.0 * k, 170 - aside, 32)

    return way


def odds(kind: str, *things: Thing) -> float:
    """Log odds of the surest parting of a kind in a drawn piece."""
    tracks = explained(piece_of(draw(N, things)))
    return max((one.log_odds for one in _found(kind, tracks)), default=-9.0)


def _found(kind: str, tracks: list[Track]) -> list:
    return [one for track in tracks for one in track.changes if one.kind == kind]


FIRST = Thing(slide((40, 170), (2.0, 0.0)))


def test_a_second_one_of_the_same_look_that_comes_out_of_a_thing_is_a_split():
    assert odds("split", Thing(leaves(25, 4.0)), FIRST) > 2.9


def test_a_thing_that_doubles_within_one_outline_is_a_split():
    assert odds("split", Thing(leaves(25, 3.0, 8)), FIRST) > 0


def test_one_that_goes_into_its_like_for_good_is_a_merger():
    ways = [lambda k, way=way: way(N - 1 - k) for way in (leaves(25, 4.0), FIRST.way)]
    assert odds("merge", *(Thing(way) for way in ways)) > 2.9


def test_things_of_different_look_that_meet_and_part_are_neither():
    passing = Thing(slide((160, 170), (-2.0, 0.0)), seed=5, tint=OTHER)
    assert odds("split", passing, FIRST) < 0
    assert odds("merge", passing, FIRST) < 0


def test_a_thing_that_grows_longer_is_no_split():
    growing = Thing(lambda k: (40 + 2.0 * k, 170, 32 + (24 if k > 30 else 0)))
    assert odds("split", growing) < 0


def _pixels(*things: Thing) -> Pixels:
    piece = piece_of(draw(12, things))
    return Pixels(piece, estimate_camera(piece.luma))


def test_the_same_thing_twice_is_alike_and_two_others_are_not():
    pixels = _pixels(
        Thing(slide((60, 60), (1, 0))),
        Thing(slide((150, 60), (1, 0))),
        Thing(slide((60, 160), (1, 0)), seed=9, tint=OTHER),
    )
    at = [np.array([x - 16, y - 16, x + 16, y + 16]) for x, y in ((65, 60), (155, 60), (65, 160))]
    assert likeness(pixels, 5, at[0], at[1]) > 0.9
    assert likeness(pixels, 5, at[0], at[2]) < 0.5


@pytest.mark.parametrize("aside", [20.0, 32.0])
def test_both_ends_of_an_outline_that_holds_a_thing_twice_are_alike(aside: float):
    pixels = _pixels(Thing(slide((60, 60), (1, 0))), Thing(slide((60 + aside, 60), (1, 0))))
    box, single = np.array([49, 44, 81 + aside, 76]), np.array([32.0, 32.0])
    assert ends_alike(pixels, 5, box, single, crossed=False) > 0.8

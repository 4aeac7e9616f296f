"""When and where a thing that went behind something should come out, on drawn pictures."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_pieces import Thing, Way, between, draw, piece_of, slide
from following import explained

from physcheck import boxes as geometry
from physcheck.types import Bytes, Return, Track

BOARD = (130, 60, 190, 180)
N = 60
ROLL = slide((20.0, 120.0), (5.0, 0.0))
"""Hidden wholly from frame 26 to 30; out again, wholly, in frame 38."""


def behind_the_board(way: Way, n: int = N) -> list[Bytes]:
    return draw(n, [Thing(way)], front=BOARD)


def first_lost(tracks: list[Track]) -> tuple[Track, Return]:
    """The track that is lost behind something first, and its foreseen return."""
    ends = [(t, e) for t in tracks for e in (t.death, *(gap.departure for gap in t.gaps))]
    found = [(t, e.awaited) for t, e in ends if e.awaited is not None]
    assert found, [(e.frame, e.cause, e.reason) for _, e in ends]
    return found[0]


@pytest.mark.parametrize("pace", [3.0, 5.0, 8.0])
def test_the_window_of_return_holds_the_true_one(pace: float):
    way = slide((20.0, 120.0), (pace, 0.0))
    _, awaited = first_lost(explained(piece_of(behind_the_board(way, n=int(280 / pace)))))
    shows = int(np.ceil((190 - 20 - 16) / pace))
    whole = int(np.ceil((190 - 20 + 16) / pace))
    assert awaited.start <= shows <= whole < awaited.stop
    assert abs(awaited.due - whole) <= 3
    place = geometry.centre(np.array(awaited.box))
    assert np.linalg.norm(place - np.array([206.0, 120.0])) < 10
    assert awaited.behind == "scenery"


def test_what_stays_behind_is_overdue():
    gone = between(ROLL, stop=28)
    _, awaited = first_lost(explained(piece_of(behind_the_board(gone))))
    assert awaited.empty_until == N - 1
    assert awaited.overdue > 3
    assert awaited.doubt == ""


def test_what_comes_out_is_not_overdue():
    _, awaited = first_lost(explained(piece_of(behind_the_board(ROLL))))
    assert awaited.empty_until < awaited.stop
    assert not awaited.overdue > 2


def test_what_turns_back_is_not_overdue():
    def turning(k: int) -> tuple[float, float, float]:
        return (20.0 + 5.0 * (k if k < 28 else 56 - k), 120.0, 32.0)

    _, awaited = first_lost(explained(piece_of(behind_the_board(turning))))
    assert not awaited.overdue > 2


def test_what_slows_down_may_stay_there():
    def slowing(k: int) -> tuple[float, float, float]:
        return (20.0 + 6.0 * k - 0.1 * k**2 if k < 30 else 110.0, 120.0, 32.0)

    tracks = explained(piece_of(behind_the_board(slowing)))
    assert all(e.awaited is None for t in tracks for e in (t.death, *(g.departure for g in t.gaps)))


def test_what_falls_behind_something_may_lie_there():
    falling = between(slide((160.0, 20.0), (0.0, 4.0), size=28.0), stop=24)
    _, awaited = first_lost(explained(piece_of(behind_the_board(falling))))
    assert awaited.doubt


def test_what_is_gone_in_the_open_is_not_awaited():
    tracks = explained(piece_of(draw(N, [Thing(between(ROLL, stop=20))])))
    assert all(track.death.awaited is None for track in tracks)

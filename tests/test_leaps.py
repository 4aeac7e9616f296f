"""Leaps within tracks: short jumps of a thing are found, and what only looks like one is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_pieces import Thing, Way, draw, piece_of, slide
from following import explained, follow

from physcheck.explain import explain
from physcheck.types import Bytes, Change

N = 50


def leaps_in(frames: list[Bytes]) -> list[Change]:
    """Changes of place of which the pixels say that the thing itself jumped."""
    tracks = explained(piece_of(frames))
    assert tracks
    return [c for t in tracks for c in t.changes if c.kind == "place" and c.log_odds > 0]


def jumping(by: tuple[float, float], at: int = 25) -> Way:
    def way(k: int) -> tuple[float, float, float]:
        late = k >= at
        return 60 + 3.0 * k + by[0] * late, 110 + by[1] * late, 32.0

    return way


@pytest.mark.parametrize("by", [(18.0, 0.0), (-10.0, 0.0), (0.0, 12.0), (-20.0, 9.0)])
def test_a_jump_of_a_third_of_its_size_is_found(by: tuple[float, float]):
    (leap,) = leaps_in(draw(N, [Thing(jumping(by))]))
    assert (leap.start, leap.stop) == (24, 25)
    assert 0.15 < leap.amount < 1.0
    assert leap.error < leap.amount / 4


def test_a_step_over_which_the_camera_was_lost_is_no_leap():
    piece = piece_of(draw(N, [Thing(jumping((14.0, 0.0)))]))
    seen = follow(piece)
    lost = replace(seen.camera, lost=np.arange(N) == 25)
    tracks = explain(piece, lost, seen.detections, seen.tracks, seen.size_px)
    assert not [c for t in tracks for c in t.changes if c.kind == "place"]


def test_a_bounce_is_no_leap():
    def way(k: int) -> tuple[float, float, float]:
        return 60 + 3.0 * k, 180 - 6.0 * abs(k - 25), 30.0

    assert leaps_in(draw(N, [Thing(way)])) == []


def test_a_throw_is_no_leap():
    def way(k: int) -> tuple[float, float, float]:
        return 60 + 8.0 * max(k - 25, 0), 120, 30.0

    assert leaps_in(draw(N, [Thing(way)])) == []


@pytest.mark.parametrize("lost", [1, 2])
def test_dropped_frames_are_no_leap(lost: int):
    frames = draw(N, [Thing(slide((50, 110), (4, 0), 32))])
    assert leaps_in(frames[:25] + frames[25 + lost :]) == []


def test_a_thing_whose_box_a_neighbour_joins_has_not_jumped():
    def beside(k: int) -> tuple[float, float, float] | None:
        return (50 + 4.0 * k + 24, 120.0, 16.0) if k >= 25 else None

    things = [Thing(slide((50, 120), (4, 0), 36)), Thing(beside, tint=(190, 70, 50))]
    assert leaps_in(draw(N, things)) == []


def test_what_all_things_do_at_once_is_laid_to_the_camera():
    a, b = jumping((-14.0, 0.0)), jumping((-14.0, 0.0))
    low = Thing(lambda k: (a(k)[0], 190.0, 30.0), seed=3, tint=(60, 90, 190))
    assert leaps_in(draw(N, [Thing(b), low])) == []


def test_a_leap_says_what_was_tried():
    (leap,) = leaps_in(draw(N, [Thing(jumping((18.0, 0.0)))]))
    assert {a.name for a in leap.alternatives} >= {
        "the box went over to another thing",
        "only the box moved",
        "nothing moved",
        "the picture changed everywhere",
    }
    assert leap.log_odds > max(a.log_odds for a in leap.alternatives) - 9
    assert all(a.measured and np.isfinite(a.log_odds) for a in leap.alternatives)

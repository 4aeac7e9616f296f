"""Does a thing take on another look or shape, and what do light, blur and turning do?"""

from __future__ import annotations

import numpy as np
import pytest
from drawn_pieces import Thing, between, draw, piece_of, slide
from following import explained
from handmade import boxes_of, track_of

from physcheck.camera import estimate_camera
from physcheck.explain.likeness import likeness
from physcheck.explain.pixels import Pixels
from physcheck.explain.shapes import shape_suspects
from physcheck.explain.sizes import size_suspects
from physcheck.explain.spans import find, spans_of
from physcheck.explain.suspects import Suspect
from physcheck.explain.suspects import Thing as Followed
from physcheck.types import Bytes, Change, Floats

N = 60
WAY = slide((40, 120), (3.0, 0), 36)
RED, BLUE = (200.0, 60.0, 40.0), (60.0, 80.0, 200.0)


def still(frames: list[Bytes]) -> Pixels:
    """Pixels of frames seen by a camera that does not move."""
    piece = piece_of(frames)
    return Pixels(piece, estimate_camera(piece.luma))


BLANK = still([np.full((360, 640, 3), 128, dtype=np.uint8)] * N)


def looks_of(frames: list[Bytes]) -> list[Change]:
    tracks = explained(piece_of(frames))
    return [c for t in tracks for c in t.changes if c.kind == "look" and c.log_odds > 0]


def recoloured(after: tuple[float, float, float], at: int = 30) -> list[Thing]:
    return [Thing(between(WAY, 0, at), tint=RED), Thing(between(WAY, at), tint=after)]


def test_a_ball_that_takes_on_another_colour_on_its_way_is_told_with_the_frame():
    (one,) = looks_of(draw(N, recoloured(BLUE)))
    assert one.start <= 29
    assert one.stop >= 30
    assert one.stop - one.start <= 6
    assert one.amount - 2 * one.error > 30


def test_a_ball_that_keeps_its_colour_is_not_told():
    assert looks_of(draw(N, [Thing(WAY, tint=RED)])) == []


@pytest.mark.parametrize("gain", [0.75, 1.2])
def test_another_light_on_everything_is_no_other_colour(gain: float):
    frames = draw(N, [Thing(WAY, tint=RED)], gain=lambda k: 1.0 if k < 30 else gain)
    assert looks_of(frames) == []


def test_a_ball_behind_which_another_comes_out_has_not_changed_its_colour():
    other = Thing(slide((40 + 3.0 * 30 - 30 * 5, 120), (5.0, 0), 36), tint=BLUE)
    stops = Thing(lambda k: (min(40 + 3.0 * k, 130.0), 120.0, 36.0), tint=RED)
    assert looks_of(draw(N, [stops, other])) == []


def shapes_of(ratio: Floats, size: Floats | float = 16.0, **changes: object) -> list[Suspect]:
    """What a thing that rolls is suspected of, only what no innocent explanation suits."""
    found = suspected(ratio, size, **changes)
    return [one for one in found if min(tried.log_odds for tried in one.alternatives) > 0]


def suspected(ratio: Floats, size: Floats | float = 16.0, **changes: object) -> list[Suspect]:
    """All that a thing that rolls, of so many times the width of its height, may have done."""
    n = len(ratio)
    width, height = size * np.sqrt(ratio), size / np.sqrt(ratio)
    boxes = boxes_of(60 + 2.0 * np.arange(n), np.full(n, 120.0), 4 * width, 4 * height)
    jitter = 1 + np.random.default_rng(0).normal(0, 0.004, (2, n))
    sides = (width * jitter[0]) ** 2, (height * jitter[1]) ** 2
    spread = np.stack([*sides, np.zeros(n)], axis=1)
    known = np.ones(n, dtype=bool)
    thing = Followed(track_of(boxes, **changes), 0, boxes, known, (640, 360))
    return shape_suspects(thing, spread, BLANK)


def test_a_ball_that_becomes_an_egg_is_told():
    (one,) = shapes_of(np.where(np.arange(N) < 30, 1.0, 1.5))
    assert (one.before, one.after) == (29, 30)
    assert one.amount - 2 * one.error > 0.3


def test_a_slow_change_of_shape_is_told_too():
    ratio = np.exp(np.clip((np.arange(N) - 25) / 10, 0, 1) * 0.5)
    (one,) = shapes_of(ratio)
    assert one.before >= 22
    assert one.after <= 38


def test_what_wobbles_all_the_time_may_wobble():
    assert shapes_of(np.exp(0.3 * np.sin(np.arange(N) * 0.5))) == []


def test_what_swells_and_flattens_all_the_time_is_no_event():
    found = suspected(np.exp(0.3 * np.sin(2 * np.pi * np.arange(N) / 20)))
    assert found
    assert all(one.most < 0 for one in found)


def test_what_is_hidden_in_part_has_not_changed_its_shape():
    width = np.where(np.arange(N) < 30, 1.0, 0.6)
    assert shapes_of(width, size=16.0 * np.sqrt(width)) == []


def test_a_shape_seen_for_a_few_frames_only_is_not_known():
    assert shapes_of(np.where(np.arange(N) < 6, 1.0, 1.5)) == []


def test_a_box_that_turns_in_the_picture_changes_no_shape():
    angle = np.clip((np.arange(N) - 25) / 10, 0, 1) * np.pi / 2
    long, short = 20.0**2, 12.0**2
    xx = long * np.cos(angle) ** 2 + short * np.sin(angle) ** 2
    yy = long * np.sin(angle) ** 2 + short * np.cos(angle) ** 2
    xy = (long - short) * np.sin(angle) * np.cos(angle)
    boxes = boxes_of(60 + 2.0 * np.arange(N), np.full(N, 120.0), 4 * np.sqrt(xx), 4 * np.sqrt(yy))
    jitter = 1 + np.random.default_rng(0).normal(0, 0.004, (N, 1))
    spread = np.stack([xx, yy, xy], axis=1) * jitter
    thing = Followed(track_of(boxes), 0, boxes, np.ones(N, dtype=bool), (640, 360))
    for one in shape_suspects(thing, spread, BLANK):
        assert one.most < 0
        assert one.measured["by turning"] > 0.7


@pytest.mark.parametrize(("scaled", "low", "high"), [(True, 0.8, 1.3), (False, -0.3, 0.2)])
def test_a_picture_tells_how_far_a_thing_itself_was_scaled(scaled: bool, low: float, high: float):
    sizes = np.where(np.arange(N) < 30, 40.0, 56.0)
    frames = draw(N, [Thing(lambda k: (160.0, 120.0, sizes[k] if scaled else 40.0), tint=RED)])
    boxes = boxes_of(np.full(N, 160.0), np.full(N, 120.0), sizes, sizes)
    thing = Followed(track_of(boxes), 0, boxes, np.ones(N, dtype=bool), (320, 240))
    found = likeness(thing, 29, 30, still(frames))
    assert found is not None
    assert low <= found.share <= high


@pytest.mark.parametrize(("keeps_area", "capped"), [(True, True), (False, False)])
def test_what_turns_keeps_the_area_of_its_silhouette(keeps_area: bool, capped: bool):
    grown = np.where(np.arange(N) < 30, 1.0, 1.4)
    boxes = boxes_of(60 + 2.0 * np.arange(N), np.full(N, 120.0), 40 * grown, 40 * grown)
    inside = np.full(N, 100.0) if keeps_area else 100 * grown**2
    spread = np.stack([inside, inside, np.zeros(N)], axis=1)
    thing = Followed(track_of(boxes), 0, boxes, np.ones(N, dtype=bool), (640, 360))
    (one,) = size_suspects(thing, BLANK, spread)
    assert (one.most < 0) == capped


def test_what_was_not_seen_clearly_is_not_compared():
    assert list(spans_of(np.zeros(N, dtype=bool))) == []
    assert shapes_of(np.where(np.arange(N) < 30, 1.0, 1.5), clear=np.zeros(N, dtype=bool)) == []


def test_a_change_is_told_in_the_shortest_time_that_shows_it():
    values = np.where(np.arange(N) < 20, 0.0, 1.0)

    def measure(spans):  # type: ignore[no-untyped-def]
        before, after = spans.middle(values)
        return np.abs(after - before), spans.error(values)

    (one,) = find(np.ones(N, dtype=bool), measure, 0.5)
    assert one.rows in ((18, 19), (19, 20))
    assert one.usual == 0.0

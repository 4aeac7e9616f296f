"""Plain violations that were once missed, and what they were taken for."""

from __future__ import annotations

import cv2
import numpy as np
from drawn_pieces import Thing, between, draw, ground, piece_of, slide
from following import explained

from physcheck.detectors.plate import learn_plate
from physcheck.types import Bytes, Floats

N = 60


def coarse_ground(seed: int = 3) -> Floats:
    """A ground with strong edges of its own, (240, 320, 3)."""
    rng = np.random.default_rng(seed)
    bricks = np.kron(rng.uniform(70, 150, (30, 40)), np.ones((8, 8)))
    return np.repeat(bricks[..., None], 3, axis=2).astype(np.float32)


def with_box(times: range, colour: tuple[int, int, int]) -> list[Bytes]:
    """A box rests at a place at these times; its ground is as rough as its outline."""
    frames = []
    for k in range(N):
        picture = coarse_ground().copy()
        if k in times:
            cv2.rectangle(picture, (140, 100), (190, 150), colour, -1)
        noise = np.random.default_rng(k).normal(0, 1.5, picture.shape)
        frames.append(np.clip(picture + noise, 0, 255).astype(np.uint8))
    return frames


def test_the_plate_shows_the_rough_ground_where_a_thing_rests_for_most_of_the_shot():
    for times in (range(20, N), range(40), range(12, 50)):
        piece = piece_of(with_box(times, (40, 90, 160)))
        plate = learn_plate(piece.luma, piece.chroma, 0.15)
        away = next(k for k in range(N) if k not in times)
        there = np.s_[102:149, 142:189]
        off = np.abs(plate.luma[there].astype(int) - piece.luma[away][there].astype(int))
        assert off.mean() < 4


def test_a_thing_that_vanishes_beside_another_has_not_merged_with_it():
    rests = Thing(between(slide((150, 150), (0, 0), 40), stop=30), seed=2, tint=(220, 220, 200))
    passes = Thing(slide((40, 110), (2.6, 0.1), 26), seed=4)
    tracks = explained(piece_of(draw(N, [rests, passes], back=ground())))
    ends = [t.death for t in tracks if t.death.frame == 29]
    assert [end.cause for end in ends] == ["open"]


def test_a_thing_that_is_back_after_three_frames_was_gone_and_not_missed():
    way = slide((60, 120), (3, 0), 32)
    things = [Thing(between(way, stop=30)), Thing(between(way, first=33))]
    (one,) = explained(piece_of(draw(N, things)))
    (gap,) = one.gaps
    assert gap.departure.log_odds > 2.5
    assert gap.arrival.log_odds > 2.5

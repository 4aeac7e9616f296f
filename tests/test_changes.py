"""Sudden changes weighed, and what a check says of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_pieces import Thing, draw, piece_of, slide
from following import explained, follow
from handmade import boxes_of, track_of

from physcheck.changes import change_signal
from physcheck.explain import explain
from physcheck.explain.changes import together, with_changes
from physcheck.explain.suspects import Suspect, lasting
from physcheck.types import Alternative, Floats, Signal, Track

N = 60


def rolling() -> Floats:
    return boxes_of(60 + 4.0 * np.arange(N), np.full(N, 200.0), 32, 32)


def suspect(kind: str = "place", **changes: object) -> Suspect:
    tried = (Alternative("only the box moved", 4.0, "likeness 0.10"),)
    one = Suspect(kind, 29, 30, 1.0, 0.01, {"amount": 1.0}, tried)
    return replace(one, **changes)  # type: ignore[arg-type]


def signal_for(track: Track, least: float = 0.0) -> Signal:
    return change_signal(
        track,
        kind="place",
        unfit="",
        certainly=lambda one: one.amount - least,
        sentence=lambda one: f"jumps {one.amount:g}",
    )


def test_what_all_things_do_in_one_step_is_laid_to_the_camera():
    tracks = [track_of(rolling()), track_of(rolling(), id=2)]
    alone = together(tracks, [[suspect()], []])[0][0]
    both = together(tracks, [[suspect()], [suspect()]])[0][0]
    assert alone.most == np.inf
    assert both.most < 0
    assert both.alternatives[-1].name == "the camera jumped"
    assert both.measured["company"] > alone.measured["company"] == 0.0


def test_changes_of_another_kind_at_the_same_time_are_company_only():
    tracks = [track_of(rolling()), track_of(rolling(), id=2)]
    one = together(tracks, [[suspect()], [suspect("size")]])[0][0]
    assert one.most == np.inf
    assert one.measured["company"] == pytest.approx(np.log(2))


def test_a_change_in_an_unsteady_picture_cannot_be_told():
    track = with_changes(track_of(rolling()), [suspect(steady=False)])
    assert np.isnan(track.changes[0].log_odds)
    signal = signal_for(track)
    assert np.isnan(signal.values[29:31]).all()
    assert set(signal.reasons[29:31]) == {"cut, fade or camera"}
    assert signal.evidence == ()


def test_a_change_is_told_by_its_odds_and_says_how_much_and_what_else_it_may_be():
    track = track_of(rolling())
    (change,) = with_changes(track, [suspect()]).changes
    signal = signal_for(replace(track, changes=(replace(change, log_odds=3.0),)))
    assert signal.unit == "nats"
    assert signal.values[30] == 3.0
    assert np.nanmax(np.delete(signal.values, 30)) < -5
    (evidence,) = signal.evidence
    assert "jumps 1, 20 to 1" in evidence.text
    assert "only the box moved" in evidence.text


def test_a_change_that_may_be_none_is_none():
    track = with_changes(track_of(rolling()), [suspect()])
    signal = signal_for(track, least=2.0)
    assert signal.evidence == ()
    assert np.nanmax(signal.values) < -5


def test_odds_below_the_limit_still_rank_what_was_seen():
    ball = Thing(slide((40, 120), (3.0, 0), 36))
    (quiet,) = explained(piece_of(draw(N, [ball])))
    swells = Thing(lambda k: (40 + 3.0 * k, 120.0, 36.0 * (1.12 if k >= 30 else 1.0)))
    (changed,) = explained(piece_of(draw(N, [swells])))
    odds = [max([-9.0, *(c.log_odds for c in t.changes)]) for t in (quiet, changed)]
    assert odds[0] < odds[1]


def test_a_lost_camera_takes_the_word_from_a_change():
    grows = Thing(lambda k: (60 + 3.5 * k, 120, 32 * (1.4 if k >= 30 else 1.0)))
    seen = follow(piece_of(draw(N, [grows])))
    lost = replace(seen.camera, lost=np.arange(N) == 31)
    tracks = explain(seen.piece, lost, seen.detections, seen.tracks, seen.size_px)
    assert all(np.isnan(c.log_odds) for t in tracks for c in t.changes if c.kind == "size")


def test_levels_that_stay_apart_last_and_those_of_one_frame_do_not():
    rows = np.arange(N)
    noise = np.random.default_rng(0).normal(0, 0.02, N)
    step, blip = (noise + up for up in (rows >= 30, rows == 30))
    assert lasting(rows, step[:, None], 29, 30)[0] == pytest.approx(1.0, abs=0.05)
    assert lasting(rows, blip[:, None], 29, 30)[0] < 0.1
    assert np.isnan(lasting(rows, step[:, None], 1, 2)).all()

"""Births, deaths and gaps explained from pixels: innocent ends, and those in the open."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_pieces import Thing, Way, between, draw, ground, piece_of, slide
from following import explained, follow
from hypothesis import given, settings
from hypothesis import strategies as st

from physcheck.analysis import analyze
from physcheck.types import Bytes, Ending, Track

N = 60


def ends_of(tracks: list[Track]) -> list[Ending]:
    """All births, deaths, departures and returns."""
    gaps = [end for one in tracks for gap in one.gaps for end in (gap.departure, gap.arrival)]
    return [*(end for one in tracks for end in (one.birth, one.death)), *gaps]


def is_open(end: Ending) -> bool:
    return end.cause in ("open", "relocated") or end.log_odds > 0


def longest(tracks: list[Track]) -> Track:
    return max(tracks, key=lambda one: int(one.observed.sum()))


def nearest(tracks: list[Track], way: Way, k: int) -> Track:
    """The track that is at the thing's place in frame k."""
    place = way(k)
    assert place is not None
    there = [t for t in tracks if k in t.frames]
    return min(
        there,
        key=lambda t: float(
            np.linalg.norm(t.mean[int(np.flatnonzero(t.frames == k)[0]), :2] - place[:2])
        ),
    )


def assert_all_innocent(tracks: list[Track]) -> None:
    assert tracks
    assert [end for end in ends_of(tracks) if is_open(end)] == []


def test_a_thing_that_is_there_from_end_to_end_begins_and_ends_with_the_shot():
    (one,) = explained(piece_of(draw(N, [Thing(slide((40, 120), (3.5, 0), 32))])))
    assert (one.birth.cause, one.death.cause) == ("clip", "clip")
    assert (one.birth.frame, one.death.frame) == (0, N - 1)
    assert np.isnan(one.birth.log_odds)
    assert np.isnan(one.death.log_odds)
    assert one.birth.reason
    assert one.death.reason


@pytest.mark.parametrize("step", [(5, 0), (-5, 0), (0, 4), (0, -4), (3, 3)])
def test_a_thing_that_leaves_the_frame_ends_at_the_border(step: tuple[float, float]):
    start = {5: (150, 120), -5: (170, 120), 3: (180, 100)}.get(step[0], (160, 120))
    tracks = explained(piece_of(draw(N, [Thing(slide(start, step, 32))])))
    assert longest(tracks).death.cause == "border"
    assert_all_innocent(tracks)


@pytest.mark.parametrize("step", [(5, 0), (-5, 0), (0, 4)])
def test_a_thing_that_enters_the_frame_begins_at_the_border(step: tuple[float, float]):
    start = {5: (-60, 120), -5: (380, 120)}.get(step[0], (160, -50))
    tracks = explained(piece_of(draw(N, [Thing(slide(start, step, 32))])))
    assert longest(tracks).birth.cause == "border"
    assert_all_innocent(tracks)


def gone_at(frame: int, thing: Thing) -> list[Bytes]:
    """A thing that is gone from a frame on, while another goes on."""
    calm = Thing(slide((40, 200), (1.5, 0), 26), seed=9, tint=(60, 90, 190))
    return draw(N, [Thing(between(thing.way, stop=frame), thing.seed, thing.tint), calm])


VANISHING = {
    "a ball that rolls": Thing(slide((60, 110), (4, 0), 34)),
    "a ball that lies": Thing(slide((170, 100), (0, 0), 30), tint=(230, 190, 70)),
    "a ball that falls": Thing(lambda k: (150, 40 + 0.08 * k**2, 32)),
    "a box that slides": Thing(slide((260, 110), (-3, 0), 36), seed=4, square=True),
    "a dark ball": Thing(slide((60, 110), (4, 0), 34), tint=(20, 20, 22)),
    "a small ball": Thing(slide((60, 110), (2, 0), 18)),
}


@pytest.mark.parametrize("name", VANISHING)
def test_a_thing_that_vanishes_in_the_open_is_seen_to_do_so(name: str):
    thing = VANISHING[name]
    one = nearest(explained(piece_of(gone_at(34, thing))), thing.way, 30)
    assert one.death.cause == "open"
    assert one.death.log_odds > 1
    assert (one.death.frame, one.death.other_frame) == (33, 34)


@pytest.mark.parametrize("name", VANISHING)
def test_a_thing_that_appears_in_the_open_is_seen_to_do_so(name: str):
    thing = VANISHING[name]
    backwards = gone_at(34, thing)[::-1]
    there = N - 34
    tracks = explained(piece_of(backwards))
    one = nearest(tracks, lambda k: thing.way(N - 1 - k), there + 4)
    assert one.birth.cause == "open"
    assert one.birth.log_odds > 1
    assert (one.birth.frame, one.birth.other_frame) == (there, there - 1)


def test_a_thing_that_is_gone_for_a_while_departs_and_returns_in_the_open():
    way = slide((60, 110), (3, 0), 34)
    things = [Thing(between(way, 0, 25)), Thing(between(way, 35))]
    tracks = explained(piece_of(draw(N, things)))
    ends = [(e.frame, e.cause) for e in ends_of(tracks) if e.log_odds > 1]
    assert sorted(ends) == [(24, "open"), (35, "open")]


@pytest.mark.parametrize("n_gone", [3, 4, 6])
def test_a_thing_that_is_gone_for_a_few_frames_only_is_asked_within_them(n_gone: int):
    way = slide((60, 110), (1.5, 0), 34)
    things = [Thing(between(way, 0, 25)), Thing(between(way, 25 + n_gone))]
    tracks = explained(piece_of(draw(N, things)))
    ends = [(e.frame, e.cause) for e in ends_of(tracks) if e.log_odds > 1]
    assert sorted(ends) == [(24, "open"), (25 + n_gone, "open")]


@pytest.mark.parametrize("since", [3, 4, 6])
def test_a_thing_that_vanishes_soon_after_a_bounce_is_asked_where_it_was(since: int):
    def bouncing(k: int) -> tuple[float, float, float]:
        return 60 + 3.0 * k, 180 - 7.0 * abs(k - 30), 30.0

    thing = Thing(bouncing)
    one = nearest(explained(piece_of(gone_at(31 + since, thing))), thing.way, 30)
    assert one.death.cause == "open"
    assert one.death.log_odds > 1
    assert one.death.frame == 30 + since


@pytest.mark.parametrize("gone", [True, False])
@pytest.mark.parametrize("step", [3.0, 5.0])
def test_a_thing_that_goes_behind_scenery_has_not_vanished(step: float, gone: bool):
    way = slide((50, 120), (step, 0), 32)
    hidden = int((190 - 50) / step)
    thing = Thing(between(way, stop=hidden) if gone else way)
    tracks = explained(piece_of(draw(70, [thing], front=(160, 60, 230, 190))))
    assert_all_innocent(tracks)


def test_a_thing_that_comes_out_from_behind_scenery_has_not_appeared():
    way = slide((50, 120), (4, 0), 32)
    tracks = explained(piece_of(draw(70, [Thing(between(way, 35))], front=(160, 60, 230, 190))))
    assert_all_innocent(tracks)


def test_a_thing_that_another_covers_has_not_vanished():
    ball = slide((60, 120), (1.0, 0), 28)
    cover = slide((330, 120), (-4, 0), 90)
    front = Thing(cover, seed=8, tint=(60, 160, 80), square=True)
    tracks = explained(piece_of(draw(N, [Thing(ball), front])))
    assert_all_innocent(tracks)


def test_a_thing_that_stays_behind_a_moving_thing_has_not_vanished():
    ball = Thing(between(slide((150, 120), (0.5, 0), 28), stop=40))
    cover = Thing(
        lambda k: (max(380 - 6.0 * k, 165), 120, 90), seed=8, tint=(60, 160, 80), square=True
    )
    tracks = explained(piece_of(draw(N, [ball, cover])))
    assert not is_open(nearest(tracks, ball.way, 15).death)


def test_a_thing_that_is_swallowed_by_another_has_merged():
    small = slide((60, 120), (3.2, 0), 26)
    large = slide((280, 120), (-2.2, 0), 60)
    things = [Thing(large, seed=3, tint=(60, 160, 80)), Thing(between(small, stop=40), seed=1)]
    tracks = explained(piece_of(draw(N, things)))
    one = nearest(tracks, small, 20)
    assert one.death.cause in ("merged", "occluded") or one.merged.any()
    assert_all_innocent(tracks)


def test_two_look_alikes_that_meet_and_part_leave_no_open_end():
    a = Thing(slide((60, 110), (3, 0), 32), seed=1)
    b = Thing(slide((260, 116), (-3, 0), 32), seed=1)
    assert_all_innocent(explained(piece_of(draw(N, [a, b]))))


def test_in_a_fade_nothing_can_be_told():
    thing = VANISHING["a ball that rolls"]
    frames = gone_at(34, thing)
    one = nearest(explained(piece_of(frames, transition=range(32, 38))), thing.way, 28)
    assert one.death.cause == "transition"
    assert np.isnan(one.death.log_odds)
    assert one.death.reason


def test_a_thing_gone_just_before_the_shot_ends_is_left_to_the_shot():
    thing = VANISHING["a ball that rolls"]
    one = nearest(explained(piece_of(gone_at(N - 2, thing))), thing.way, 30)
    assert one.death.cause == "clip"
    assert one.death.reason


def test_a_thing_that_jumps_is_said_to_have_jumped():
    here, there = slide((40, 110), (2, 0), 32), slide((160, 110), (2, 0), 32)
    things = [Thing(between(here, stop=30)), Thing(between(there, first=30))]
    tracks = explained(piece_of(draw(N, things)))
    if len(tracks) == 1:
        (change,) = tracks[0].changes
        assert (change.kind, change.start, change.stop) == ("place", 29, 30)
        assert change.log_odds > 0
        return
    before, after = nearest(tracks, here, 20), nearest(tracks, there, 40)
    assert before.death.cause == after.birth.cause == "relocated"
    assert (before.death.partner, after.birth.partner) == (after.id, before.id)


def swelling(factor: float) -> Way:
    return lambda k: (60 + 3.5 * k, 120, 32 * (factor if k >= 30 else 1.0))


@pytest.mark.parametrize("factor", [1.5, 1.35, 0.7])
def test_a_thing_that_changes_its_size_at_once_is_seen_to_do_so(factor: float):
    (one,) = explained(piece_of(draw(N, [Thing(swelling(factor))])))
    (change,) = [c for c in one.changes if c.kind == "size"]
    assert abs(change.start - 29) <= 1
    assert abs(change.stop - 30) <= 1
    assert change.amount == pytest.approx(abs(np.log(factor)), abs=0.08)
    assert change.log_odds > 0


def turning(way: Way, n: int) -> list[Thing]:
    """A thing that shows another side, of another pattern, in each frame."""
    return [Thing(between(way, k, k + 1), seed=20 + k, spread=90.0) for k in range(n)]


@pytest.mark.parametrize("factor", [0.7, 1.4])
def test_a_thing_that_turns_and_changes_its_size_is_told_by_its_silhouette(factor: float):
    def way(k: int) -> tuple[float, float, float]:
        return 50 + 4.0 * k, 120, 36.0 * (1 if k < 30 else factor)

    tracks = explained(piece_of(draw(N, turning(way, N))))
    (change,) = [c for c in longest(tracks).changes if c.kind == "size"]
    assert change.log_odds > 1
    assert change.amount == pytest.approx(abs(np.log(factor)), abs=0.08)
    assert 28 <= change.start < change.stop <= 32


def test_a_turning_thing_that_others_join_on_two_sides_has_not_grown():
    way = slide((50, 120), (4, 0), 36)

    def beside(dx: float) -> Thing:
        return Thing(
            lambda k: (50 + 4.0 * k + dx, 120.0, 14.0) if k >= 30 else None,
            tint=(190, 70, 50),
            square=True,
        )

    tracks = explained(piece_of(draw(N, [*turning(way, N), beside(-22), beside(22)])))
    assert [c for c in longest(tracks).changes if c.kind == "size" and c.log_odds > 0] == []


def test_a_thing_that_comes_nearer_evenly_does_not_change_at_once():
    (one,) = explained(piece_of(draw(N, [Thing(lambda k: (60 + 3.0 * k, 120, 26 * 1.012**k))])))
    assert [c for c in one.changes if c.log_odds > 0 and c.amount > 0.15] == []


def test_an_end_in_the_open_lists_what_was_tried_and_what_was_measured():
    thing = VANISHING["a ball that rolls"]
    one = nearest(explained(piece_of(gone_at(34, thing))), thing.way, 30)
    tried = {a.name: a for a in one.death.alternatives}
    assert {
        "left the frame",
        "the detector missed it",
        "went behind something",
        "merged with a neighbour",
    } <= set(tried)
    assert all(a.measured and np.isfinite(a.log_odds) for a in tried.values())
    assert one.death.log_odds > 0


def test_an_innocent_end_lists_the_explanation_that_won():
    tracks = explained(piece_of(draw(N, [Thing(slide((150, 120), (5, 0), 32))])))
    death = longest(tracks).death
    best = min(death.alternatives, key=lambda a: a.log_odds)
    assert best.name == "left the frame"
    assert best.log_odds < 0
    assert death.log_odds <= best.log_odds


def test_the_report_lists_what_was_tried():
    frames = gone_at(34, VANISHING["a ball that rolls"])
    report = analyze(np.stack(frames), fps=25.0)
    (gone,) = [v for v in report.violations if v.rule == "vanish"]
    assert "left the frame" in {a.name for a in gone.alternatives}
    assert len(gone.alternatives) >= 4
    assert all(a.log_odds is not None and a.measured for a in gone.alternatives)
    death = next(t for t in report.tracks if t.id == gone.track_ids[0]).death
    assert death.alternatives == gone.alternatives


def test_light_on_the_ground_is_no_thing():
    rows, columns = np.mgrid[:240, :320]
    frames = []
    for k, frame in enumerate(draw(N, [])):
        spot = 0.25 * np.exp(-(((columns - 40 - 4 * k) / 30) ** 2 + ((rows - 120) / 25) ** 2))
        spot *= 20 < k < 40
        frames.append(np.clip(frame * (1 + spot[..., None]), 0, 255).astype(np.uint8))
    assert [end for end in ends_of(explained(piece_of(frames))) if is_open(end)] == []


def test_nothing_near_is_open_and_something_near_is_not():
    calm = Thing(slide((50, 60), (3.5, 0), 30))
    a = Thing(slide((60, 170), (3.5, 0), 30), seed=2, tint=(60, 90, 190))
    b = Thing(slide((100, 172), (3.5, 0), 30), seed=3, tint=(60, 160, 80))
    flat = np.full_like(ground(), 110.0) + 2 * (ground() - 105) / 30
    tracks = explained(piece_of(draw(N, [calm, a, b], back=flat)))
    assert np.mean(nearest(tracks, calm.way, 30).open[5:-5]) > 0.8
    assert np.mean(nearest(tracks, a.way, 30).open[5:-5]) < 0.2


@given(speed=st.floats(1.0, 5.0), size=st.floats(24.0, 44.0), seed=st.integers(0, 20))
@settings(max_examples=4, deadline=None, derandomize=True)
def test_covering_the_place_of_a_vanish_never_accuses_more(speed: float, size: float, seed: int):
    thing = Thing(slide((60, 120), (speed, 0), size), seed=seed)
    frames = gone_at(34, thing)
    x, y, _ = thing.way(33) or (0, 0, 0)
    half = size * 0.8
    cover = (int(x - half), int(y - half), int(x + half), int(y + half))
    covered = draw(N, [Thing(between(thing.way, stop=34), seed)], front=cover)
    bare = [e for e in ends_of(explained(piece_of(frames))) if is_open(e)]
    hidden = [e for e in ends_of(explained(piece_of(covered))) if is_open(e)]
    assert len(bare) >= 1
    assert hidden == []


def test_things_of_another_clip_leave_no_trace():
    piece = piece_of(gone_at(34, VANISHING["a ball that rolls"]))
    first = [(t.id, t.death.log_odds) for t in explained(piece)]
    follow(piece_of(draw(20, [Thing(slide((40, 60), (3, 0), 30))])))
    again = [(t.id, t.death.log_odds) for t in explained(piece)]
    assert str(first) == str(again)

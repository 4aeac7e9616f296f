"""Each check on shots made by hand: one it must flag, one it must not, some it cannot tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from handmade import (
    FPS,
    TRIED,
    ball,
    bounces,
    boxes_of,
    change_of,
    contact,
    ending,
    gap_of,
    hops,
    mirrored,
    retold,
    shot_of,
    track_of,
    translated,
    without_rows,
)

from physcheck.checks import registry
from physcheck.rules import Decision, decide, load_pack, measure, select_rules
from physcheck.types import Ending, Floats, Overlap, Return, Shot, Support, Track, Video

PACKS = ("default", "strict", "lenient")
N = 60


def judge(rule: str, shot: Shot, pack: str = "default") -> Decision:
    """What one rule says of a shot."""
    rules = select_rules(load_pack(pack), select=[rule])
    n = len(shot.frames)
    never = np.zeros(n, dtype=bool)
    video = Video("c.mp4", shot.width_px, shot.height_px, shot.times_s, never, never, ((0, n),))
    return decide(rules, measure(rules, shot), video)


def values_of(rule: str, shot: Shot) -> list[Floats]:
    rules = select_rules(load_pack("default"), select=[rule])
    return [signal.values for signal in measure(rules, shot)[rule]]


def rolling(n: int = N, *, pace: float = 4.0, size: float = 32.0) -> Floats:
    return boxes_of(60 + pace * np.arange(n), np.full(n, 200.0), size, size)


def moved(boxes: Floats, x: float, y: float) -> Floats:
    return boxes + np.array([x, y, x, y])


def shot_after(track: Track) -> Shot:
    """A shot that goes on after the track's end: another thing rolls on."""
    return shot_of(track, track_of(moved(rolling(N + 20), 0, 90), id=2))


def vanishing(log_odds: float = 6.0, **changes: object) -> Shot:
    death = ending(N - 1, log_odds, cause="open" if log_odds > 0 else "occluded")
    return shot_after(track_of(rolling(), **{"death": death, **changes}))


def hiding(overdue: float = 6.0, **changes: object) -> Shot:
    """A thing rolls behind something and should be out ten frames later."""
    out = (320.0, 184.0, 352.0, 216.0)
    awaited = Return(N + 3, N + 10, N + 16, out, "scenery", N + 19, overdue)
    death = replace(ending(N - 1, -6.0, cause="occluded"), awaited=awaited)
    return shot_after(track_of(rolling(), **{"death": death, **changes}))


def hiding_till_the_end() -> Shot:
    """The shot ends before it should be out."""
    return shot_of(hiding().tracks[0], track_of(moved(rolling(N + 5), 0, 90), id=2))


def hiding_and_back() -> Shot:
    """It comes out lower than it should."""
    shot = hiding()
    born = ending(N + 8, -6.0, birth=True, cause="occluded")
    back = track_of(boxes_of(np.full(12, 330.0), np.full(12, 240.0), 32, 32), first=N + 8, id=3)
    return retold(shot, (*shot.tracks, replace(back, birth=born)))


def appearing(log_odds: float = 6.0, **changes: object) -> Shot:
    birth = ending(12, log_odds, birth=True, cause="open" if log_odds > 0 else "occluded")
    return shot_after(track_of(rolling(N - 12), first=12, **{"birth": birth, **changes}))


def growing(amount: float = 0.5, log_odds: float = 6.0, **changes: object) -> Shot:
    size = np.where(np.arange(N) > 30, 32 * np.exp(amount), 32.0)
    boxes = boxes_of(60 + 4.0 * np.arange(N), 230 - size / 2, size, size)
    found = (change_of("size", 30, amount, log_odds),) if amount > 0.1 else ()
    return shot_of(track_of(boxes, **{"changes": found, **changes}))


def changing(kind: str, amount: float, log_odds: float = 6.0, **changes: object) -> Shot:
    """A thing that rolls on and takes on another look or shape."""
    found = (change_of(kind, 30, amount, log_odds),) if amount else ()
    return shot_of(track_of(rolling(), **{"changes": found, **changes}))


def parting(kind: str = "split", log_odds: float = 6.0, **changes: object) -> Shot:
    """A ball rolls on, and a second one parts from it (or has joined it)."""
    return shot_of(
        track_of(rolling(), **{"changes": (change_of(kind, 30, 1.0, log_odds),), **changes})
    )


def joined(log_odds: float = 1.0, size: float = 32.0) -> Shot:
    """A thing rolls on; from frame 15 on there is another one of its kind, in the open."""
    sides = np.full(N, size)
    boxes = boxes_of(60 + 4.0 * np.arange(N), np.full(N, 120.0), sides, sides)
    birth = ending(15, log_odds, birth=True, cause="merged")
    return shot_of(track_of(boxes[15:], first=15, birth=birth), track_of(rolling(), id=2))


def tiny() -> Floats:
    return boxes_of(60 + 4.0 * np.arange(N), np.full(N, 200.0), 8, 8)


def leaping(lengths: float = 4.0, log_odds: float = 6.0, **changes: object) -> Shot:
    x = 60 + 4.0 * np.arange(N) + np.where(np.arange(N) > 30, 32 * lengths, 0.0)
    boxes = boxes_of(x, np.full(N, 200.0), 32, 32)
    found = (change_of("place", 30, lengths, log_odds),) if lengths else ()
    return shot_of(track_of(boxes, **{"changes": found, **changes}))


def bouncing(depth: float = 18.0, *, known: bool = True, **changes: object) -> Shot:
    boxes, hits = bounces(100, sinks={2: depth})
    track = track_of(boxes, **changes)
    found = [contact(track, hit, float(boxes[hit, 3])) for hit in hits]
    return shot_of(track, contacts=found if known else ())


def setting_out(pace: float = 10.0, *, evenly: bool = False, **changes: object) -> Shot:
    """A thing at rest goes to the right from row 30 on, at once or faster and faster."""
    late = np.maximum(np.arange(N) - 30, 0)
    x = 200 + (0.4 * late**2 if evenly else pace * late)
    noise = np.random.default_rng(1).normal(0, 0.1, (N, 2))
    boxes = boxes_of(x + noise[:, 0], 200 + noise[:, 1], 32, 32)
    return shot_of(track_of(boxes, **changes))


def struck(gap: float = 24.0, *, evenly: bool = False, **changes: object) -> Shot:
    """Another thing comes from the left; so far off, the one at rest sets out to the right."""
    still = setting_out(evenly=evenly, **changes).tracks[0]
    x = 200 - 16 - 10 - gap - 4.0 * (30 - np.arange(N))
    return shot_of(still, track_of(boxes_of(x, np.full(N, 200.0), 20, 20), id=2))


def touched() -> Shot:
    """Another thing comes by when the one at rest sets out."""
    still = setting_out().tracks[0]
    x = 200 - 40 - 4.0 * (30 - np.arange(N))
    return shot_of(still, track_of(boxes_of(x, np.full(N, 200.0), 20, 20), id=2))


def flying(turn: bool = True, *, moving_camera: bool = False, **changes: object) -> Shot:
    """A throw; with a turn it flies back to the left, upwards to the side, from the middle on."""
    t = np.arange(30) / FPS
    noise = np.random.default_rng(0).normal(0, 0.15, (30, 2))
    x, y = 80 + 240 * t, 240 - 260 * t + 180 * t**2
    if turn:
        late = t - t[15]
        back = late > 0
        x = np.where(back, x[15] - 260 * late, x)
        y = np.where(back, y[15] - 40 * late + 180 * late**2, y)
    boxes = boxes_of(x + noise[:, 0], y + noise[:, 1], 32, 32)
    return shot_of(track_of(boxes, **changes), moving_camera=moving_camera)


def hopping(*gains: float, backwards: bool = False, on_its_head: bool = False) -> Shot:
    """A ball that is dropped and bounces to these multiples of the height before."""
    y = hops(gains)[:: -1 if backwards else 1]
    return shot_of(ball(360 - y if on_its_head else y))


def hanging(n_still: int = 20, *, held: bool = False) -> Shot:
    """A throw that stands still at its highest point, then falls on; a hand may be there."""
    t = np.arange(16)
    rise, fall = 120 + 0.7 * (16 - t) ** 2, 120 + 0.7 * (t + 1) ** 2
    thrown = ball(np.r_[rise, np.full(n_still, 120.0), fall], pace=0.0)
    boxes = thrown.boxes[16 : 16 + n_still] + np.array([24.0, 0.0, 24.0, 0.0])
    hand = track_of(boxes + 3.0 * np.arange(n_still)[:, None], first=16, id=2)
    return shot_of(thrown, hand) if held else shot_of(thrown)


def floating() -> Shot:
    """A ball that falls, bounces, falls again, and from then on rises ever faster."""
    y, t = hops([0.6]), np.arange(20)
    return shot_of(ball(np.r_[y, 290 - 4.0 * t - 0.6 * t**2]))


def going() -> Shot:
    """A ball that rolls evenly: nothing falls, nothing bounces."""
    return shot_of(ball(np.full(40, 200.0), pace=5.0))


def passing(turned: float, *, told: bool = True, **changes: Any) -> Shot:
    """A ball rolls past something that hides a part of it, in front of it in the end or not."""
    near = np.abs(np.arange(N) - 26) > 10
    track = track_of(rolling(), **{"open": near, **changes})
    order = np.where(np.arange(12) < 6, -4.0, 4.0 if turned else -4.0)
    odds = order if told else np.full(12, np.nan)
    overlap = Overlap(1, np.arange(20, 32), odds, np.full(12, 0.3), turned, 26)
    shot = shot_of(track)
    return replace(shot, world=replace(shot.world, overlaps=(overlap,)))


FLAGGED: dict[str, Callable[[], Shot]] = {
    "vanish": vanishing,
    "appear": appearing,
    "lost-behind": hiding,
    "split": parting,
    "merge": lambda: parting("merge"),
    "count-change": joined,
    "size-jump": growing,
    "appearance-change": lambda: changing("look", 60.0),
    "shape-morph": lambda: changing("shape", 0.6),
    "floor-penetration": bouncing,
    "teleport": leaping,
    "trajectory": flying,
    "gravity": floating,
    "energy-gain": lambda: hopping(1.6),
    "upside-down": lambda: hopping(0.6, 0.6, on_its_head=True),
    "reversed": lambda: hopping(0.6, 0.6, 0.6, backwards=True),
    "spontaneous-motion": setting_out,
    "hover": hanging,
    "interpenetration": lambda: passing(0.5),
    "collision": struck,
}
CLEAN: dict[str, Callable[[], Shot]] = {
    "vanish": lambda: vanishing(-2.0),
    "appear": lambda: appearing(-2.0),
    "lost-behind": lambda: hiding(-1.0),
    "split": lambda: parting(log_odds=-2.0),
    "merge": lambda: parting("merge", -2.0),
    "count-change": lambda: joined(-6.0),
    "size-jump": lambda: growing(0.0),
    "appearance-change": lambda: changing("look", 0.0),
    "shape-morph": lambda: changing("shape", 0.0),
    "floor-penetration": lambda: bouncing(0.0),
    "teleport": lambda: leaping(0.0),
    "trajectory": lambda: flying(False),
    "gravity": lambda: hopping(0.8, 0.8),
    "energy-gain": lambda: hopping(0.8, 0.8),
    "upside-down": lambda: hopping(0.8, 0.8),
    "reversed": lambda: hopping(0.8, 0.8),
    "spontaneous-motion": lambda: setting_out(evenly=True),
    "hover": lambda: hanging(0),
    "interpenetration": lambda: passing(0.0),
    "collision": lambda: struck(evenly=True),
}


NOWHERE = np.zeros(N, dtype=bool)
ABSTAINING: dict[str, tuple[str, Callable[[], Shot]]] = {
    "a vanish in a fade": (
        "vanish",
        lambda: vanishing(death=Ending(N - 1, "transition", reason="a fade", other_frame=N)),
    ),
    "an appearance after a cut": (
        "appear",
        lambda: appearing(birth=Ending(12, "transition", reason="a cut", other_frame=11)),
    ),
    "a thing that went behind who knows what": (
        "lost-behind",
        lambda: vanishing(death=ending(N - 1, -6.0, cause="occluded")),
    ),
    "a thing that may have come out elsewhere": ("lost-behind", hiding_and_back),
    "a thing due after the shot ends": ("lost-behind", hiding_till_the_end),
    "a size that changes in a fade": ("size-jump", lambda: growing(0.5, log_odds=np.nan)),
    "a size that nobody saw whole": ("size-jump", lambda: growing(merged=~NOWHERE)),
    "a split at the border": ("split", lambda: parting(border=~NOWHERE)),
    "a merger of small things": (
        "merge",
        lambda: shot_of(track_of(tiny(), changes=(change_of("merge", 30, 1.0, 6.0),))),
    ),
    "a number of small things": ("count-change", lambda: joined(size=8.0)),
    "a colour that changes in a fade": (
        "appearance-change",
        lambda: changing("look", 60.0, log_odds=np.nan),
    ),
    "a shape that changes in a fade": (
        "shape-morph",
        lambda: changing("shape", 0.6, log_odds=np.nan),
    ),
    "a floor that nobody touched": ("floor-penetration", lambda: bouncing(known=False)),
    "a leap at a cut": ("teleport", lambda: leaping(4.0, log_odds=np.nan)),
    "a turn beside something": ("trajectory", lambda: flying(clear=np.zeros(30, dtype=bool))),
    "a turn of a person": ("trajectory", lambda: flying(label="person")),
    "a thing that never falls": ("gravity", going),
    "a thing that never bounces": ("energy-gain", going),
    "a clip in which nothing falls": ("upside-down", going),
    "a single bounce": ("reversed", lambda: hopping(1.4)),
    "a rest in a hand": ("hover", lambda: hanging(held=True)),
    "a push from what was near enough": ("collision", lambda: struck(5.0)),
    "a person who makes way": ("collision", lambda: struck(label="person")),
    "a passage of which no pixel tells": ("interpenetration", lambda: passing(0.0, told=False)),
    "a passage of a person": ("interpenetration", lambda: passing(0.5, label="person")),
    "a start when something is near": ("spontaneous-motion", touched),
}


def test_a_turn_in_rows_that_tell_nothing_is_no_passage():
    (values,) = values_of("interpenetration", passing(0.5, told=False))
    assert np.nanmax(values) == 0


def test_every_check_has_its_cases():
    assert set(FLAGGED) == set(CLEAN) == set(registry())
    assert {rule for rule, _ in ABSTAINING.values()} == set(registry())


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("rule", FLAGGED)
def test_what_is_wrong_is_flagged_and_reaches_every_shipped_limit(rule: str, pack: str):
    violations = judge(rule, FLAGGED[rule](), pack).violations
    assert violations, "the limit cannot be reached by what the check measures"
    assert {one.rule for one in violations} == {rule}
    assert all(one.track_ids == (1,) for one in violations)
    assert all(one.probability > 0.5 for one in violations)


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("rule", CLEAN)
def test_what_is_right_is_judged_and_not_flagged(rule: str, pack: str):
    decision = judge(rule, CLEAN[rule](), pack)
    assert decision.violations == ()
    assert decision.n_judged[rule] >= 5
    assert decision.peak_probability[rule] < 0.5


@pytest.mark.parametrize("case", ABSTAINING)
def test_what_cannot_be_told_is_neither_flagged_nor_passed(case: str):
    rule, make = ABSTAINING[case]
    shot = make()
    decision = judge(rule, shot)
    assert decision.violations == ()
    assert sum(decision.abstained[rule].values()) > 0
    assert "no reason given" not in decision.abstained[rule]
    assert decision.coverage[rule] is not None
    assert decision.coverage[rule] < 1


@pytest.mark.parametrize("case", ABSTAINING)
def test_a_row_without_a_value_counts_nowhere_as_judged(case: str):
    rule, make = ABSTAINING[case]
    shot = make()
    decision = judge(rule, shot)
    values = np.concatenate(values_of(rule, shot))
    assert np.isnan(values).any()
    assert decision.n_judged[rule] == np.isfinite(values).sum()
    assert decision.coverage[rule] == pytest.approx(np.isfinite(values).mean())


@pytest.mark.parametrize("rule", FLAGGED)
def test_a_thing_too_small_to_tell_is_not_judged(rule: str):
    shot = FLAGGED[rule]()
    tiny = [_shrunk(track, 0.1) for track in shot.tracks]
    decision = judge(rule, retold(shot, tiny))
    assert decision.violations == ()
    assert decision.coverage[rule] == 0.0
    assert rule not in decision.peak_probability


def _shrunk(track: Track, factor: float) -> Track:
    middle = np.tile((track.boxes[:, :2] + track.boxes[:, 2:]) / 2, 2)
    return replace(track, boxes=middle + factor * (track.boxes - middle))


@pytest.mark.parametrize("rule", ["shape-morph", "floor-penetration", "trajectory"])
def test_a_thing_never_seen_clearly_is_not_accused(rule: str):
    shot = FLAGGED[rule]()
    blind = tuple(replace(t, clear=np.zeros(len(t.frames), dtype=bool)) for t in shot.tracks)
    assert judge(rule, replace(shot, tracks=blind)).violations == ()


@pytest.mark.parametrize("make", [FLAGGED, CLEAN], ids=["flagged", "clean"])
@pytest.mark.parametrize("rule", FLAGGED)
def test_left_and_right_make_no_difference(rule: str, make: dict[str, Callable[[], Shot]]):
    shot = make[rule]()
    for before, after in zip(values_of(rule, shot), values_of(rule, mirrored(shot)), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("make", [FLAGGED, CLEAN], ids=["flagged", "clean"])
@pytest.mark.parametrize("rule", FLAGGED)
def test_the_place_in_the_picture_makes_no_difference(
    rule: str, make: dict[str, Callable[[], Shot]]
):
    shot = make[rule]()
    there = translated(shot, 40.0, 24.0)
    # A lens bends what is far from the middle of the picture more.
    near = 0.1 if rule == "gravity" else 1e-6
    for before, after in zip(values_of(rule, shot), values_of(rule, there), strict=True):
        np.testing.assert_allclose(after, before, rtol=near, atol=near)


@pytest.mark.parametrize("rule", FLAGGED)
def test_a_wrong_thing_is_found_whatever_its_number_and_its_neighbours(rule: str):
    shot = FLAGGED[rule]()
    n = len(shot.frames)
    calm = track_of(boxes_of(60 + 2.0 * np.arange(n), np.full(n, 40.0), 30, 30), id=7)
    renamed = replace(shot.tracks[0], id=9)
    contacts = tuple(replace(c, track_id=9) for c in shot.world.contacts)
    overlaps = tuple(replace(o, track_id=9) for o in shot.world.overlaps)
    crowd = replace(shot, world=replace(shot.world, contacts=contacts, overlaps=overlaps))
    crowd = retold(crowd, (calm, renamed, *shot.tracks[1:]))
    violations = judge(rule, crowd).violations
    assert {one.track_ids for one in violations} == {(9,)}


@pytest.mark.parametrize("rule", FLAGGED)
def test_a_shot_without_things_says_nothing(rule: str):
    shot = replace(FLAGGED[rule](), tracks=())
    assert judge(rule, shot).coverage[rule] is None


def test_a_split_is_told_where_both_are_seen_and_a_merger_where_both_were():
    both = (50.0, 180.0, 140.0, 220.0)
    for kind, frame in (("split", 31), ("merge", 30)):
        found = replace(change_of(kind, 30, 1.0), box=both)
        (violation,) = judge(kind, parting(kind, changes=(found,))).violations
        assert (violation.peak_frame, violation.box) == (frame, both)


def test_vanish_counts_a_gap_too_and_states_what_was_tried():
    boxes = rolling()
    observed = without_rows(np.ones(N, dtype=bool), range(30, 40))
    shot = shot_of(track_of(boxes, observed=observed, clear=observed, gaps=(gap_of(29, 40, 6.0),)))
    (gone,) = judge("vanish", shot).violations
    assert (gone.start_frame, gone.stop_frame) == (29, 31)
    assert gone.alternatives == TRIED
    (back,) = judge("appear", shot).violations
    assert (back.start_frame, back.stop_frame) == (39, 41)


def test_a_jump_of_size_says_which_way_and_when():
    (one,) = judge("size-jump", growing(0.5)).violations
    assert (one.start_frame, one.stop_frame) == (30, 32)
    assert "larger" in one.explanation
    small = growing(0.5)
    boxes = small.tracks[0].boxes[::-1].copy()
    (other,) = judge(
        "size-jump", replace(small, tracks=(replace(small.tracks[0], boxes=boxes),))
    ).violations
    assert "smaller" in other.explanation


def test_a_look_alike_that_starts_where_another_is_gone_has_jumped():
    boxes = rolling(30)
    gone = track_of(boxes, death=replace(ending(29, 5.0), cause="relocated", partner=2))
    come = track_of(
        moved(boxes, 200, 0),
        first=30,
        id=2,
        birth=replace(ending(30, 5.0, birth=True), cause="relocated", partner=1),
    )
    shot = shot_of(gone, come)
    (one,) = judge("teleport", shot).violations
    assert (one.start_frame, one.stop_frame) == (29, 31)
    assert one.track_ids == (2,)
    assert judge("vanish", shot).violations == ()
    assert judge("appear", shot).violations == ()


def test_the_floor_of_the_user_is_heeded_where_no_contact_is_known():
    floor = Support(0.0, 300.0, (-1e9, 1e9), 0.5, "user", 0)
    shot = bouncing(known=False)
    shot = replace(shot, world=replace(shot.world, supports=(floor,)))
    (one,) = judge("floor-penetration", shot).violations
    assert 55 <= one.start_frame <= 60 < one.stop_frame <= 66
    assert "given floor" in one.explanation
    clean = bouncing(0.0, known=False)
    clean = replace(clean, world=replace(clean.world, supports=(floor,)))
    assert judge("floor-penetration", clean).violations == ()


def test_the_depth_below_the_floor_is_measured_in_px():
    values = values_of("floor-penetration", bouncing(18.0))[0]
    assert 15.0 < np.nanmax(values) <= 18.0


def test_a_bounce_upwards_is_no_broken_trajectory():
    boxes, _ = bounces(100)
    assert judge("trajectory", shot_of(track_of(boxes))).violations == ()

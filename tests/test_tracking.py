"""Tracks: one identity a thing, innovation and NIS recorded, ids of each clip from 1 on."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drawn_pieces import Thing, between, draw, piece_of, slide
from following import Followed, follow

from physcheck import boxes as geometry
from physcheck.analysis import analyze
from physcheck.camera import Camera
from physcheck.records import Report, TrackRecord
from physcheck.tracking import track
from physcheck.types import Detections, Floats, Track

Analysed = Callable[[str], Report]
SAMPLES = Path(__file__).resolve().parents[1] / "samples"


def truth_of(name: str) -> dict[str, dict[int, Floats]]:
    """Boxes (4,) by thing and frame, where at least half of it is in view."""
    found: dict[str, dict[int, Floats]] = defaultdict(dict)
    with (SAMPLES / "truth" / f"{name}.csv").open() as file:
        for row in csv.DictReader(file):
            if float(row["visible"]) >= 0.5:
                box = [float(row[edge]) for edge in ("x1", "y1", "x2", "y2")]
                found[row["obj"]][int(row["frame"])] = np.array(box)
    return found


def ids_of(tracks: tuple[TrackRecord, ...], boxes: dict[int, Floats]) -> list[int]:
    """Which track saw a thing, frame by frame; frames in which none did are left out."""
    ids = []
    for frame, box in boxes.items():
        best, who = 0.3, 0
        for one in tracks:
            if one.frames[0] <= frame <= one.frames[-1]:
                k = one.frames.index(frame) if frame in one.frames else -1
                if k >= 0 and one.observed[k]:
                    iou = float(geometry.iou(np.array([one.boxes[k]]), box[None])[0, 0])
                    best, who = max((best, who), (iou, one.id))
        ids += [who] if who else []
    return ids


@pytest.mark.parametrize("name", ["three_balls", "three_balls_clean"])
def test_each_of_the_three_balls_has_one_identity(analysed: Analysed, name: str):
    report, truth = analysed(name), truth_of(name)
    owners = {thing: set(ids_of(report.tracks, boxes)) for thing, boxes in truth.items()}
    assert set(owners) == {"ball A", "ball B", "ball C"}
    assert all(len(ids) == 1 for ids in owners.values()), owners
    assert len(set.union(*owners.values())) == 3
    for thing, boxes in truth.items():
        assert len(ids_of(report.tracks, boxes)) > 0.95 * len(boxes), thing


def test_ball_c_keeps_its_identity_over_its_absence(analysed: Analysed):
    truth = truth_of("three_balls")["ball C"]
    before = ids_of(analysed("three_balls").tracks, {k: b for k, b in truth.items() if k <= 56})
    after = ids_of(analysed("three_balls").tracks, {k: b for k, b in truth.items() if k >= 67})
    assert len(before) > 50
    assert len(after) > 35
    assert set(before) == set(after)


def test_look_alikes_that_cross_keep_their_identities(analysed: Analysed):
    apart = [
        {frame: box for frame, box in boxes.items() if not 30 < frame < 55}
        for boxes in truth_of("crossing").values()
    ]
    owners = [ids_of(analysed("crossing").tracks, boxes) for boxes in apart]
    assert [len(ids) > 40 for ids in owners] == [True, True]
    assert [len(set(ids)) for ids in owners] == [1, 1]
    assert not set(owners[0]) & set(owners[1])


def test_a_look_alike_that_enters_after_one_has_left_is_another_thing(analysed: Analysed):
    owners = [
        set(ids_of(analysed("exit_enter").tracks, boxes))
        for boxes in truth_of("exit_enter").values()
    ]
    assert [len(ids) for ids in owners] == [1, 1]
    assert owners[0] != owners[1]


def test_things_that_meet_in_one_region_are_said_to_be_merged():
    a = Thing(slide((60, 110), (3, 0), 32), seed=1)
    b = Thing(slide((260, 116), (-3, 0), 32), seed=1)
    tracks = follow(piece_of(draw(60, [a, b]))).tracks
    long = [t for t in tracks if len(t.frames) > 40]
    assert len(long) == 2
    for one in long:
        meeting = np.abs(one.frames - 33) <= 2
        assert (one.merged | ~one.observed | ~one.clear)[meeting].any()
        assert not one.merged[np.abs(one.frames - 33) > 15].any()
    ways = sorted(float(one.mean[-1, 0] - one.mean[0, 0]) for one in long)
    assert ways[0] < -100 < 100 < ways[1], "they went on, they did not turn back"


def followed_ball(n: int = 50) -> Followed:
    return follow(piece_of(draw(n, [Thing(slide((30, 120), (5, 0.5), 30))])))


def test_a_track_says_what_was_foretold_and_what_was_measured():
    (one,) = followed_ball().tracks
    seen = np.flatnonzero(one.observed)[1:]
    assert len(seen) > 40
    assert np.isfinite(one.innovation[seen]).all()
    assert np.isfinite(one.nis[seen]).all()
    for k in seen:
        S = one.innovation_cov[k]
        assert np.allclose(S, S.T)
        assert np.linalg.eigvalsh(S).min() > 0
        nis = one.innovation[k] @ np.linalg.solve(S, one.innovation[k])
        assert one.nis[k] == pytest.approx(nis, rel=1e-6)


def test_innovation_is_unknown_where_nothing_was_measured():
    ball = slide((30, 120), (5, 0.5), 30)
    frames = draw(50, [Thing(between(ball, 0, 24)), Thing(between(ball, 27))])
    (one,) = follow(piece_of(frames)).tracks
    missed = ~one.observed
    assert missed[24:27].all()
    assert np.isnan(one.innovation[missed]).all()
    assert np.isfinite(one.mean).all()
    assert np.isfinite(one.boxes).all()


def detections_of(boxes: list[Floats | None]) -> list[Detections]:
    """One thing as a detector might see it, frame by frame."""
    result = []
    for box in boxes:
        n = 0 if box is None else 1
        result.append(
            Detections(
                boxes=np.zeros((0, 4)) if box is None else np.array([box]),
                scores=np.ones(n),
                labels=np.full(n, "ball"),
                noise_px=np.full((n, 4), 0.5),
            )
        )
    return result


def tracks_of(boxes: list[Floats | None]) -> list[Track]:
    n = len(boxes)
    piece = piece_of([np.zeros((240, 320, 3), np.uint8)] * n)
    camera = Camera("still", np.tile(np.eye(3), (n, 1, 1)), np.zeros(n, bool))
    return track(piece, camera, detections_of(boxes), (320, 240))


def test_nis_is_recorded_before_any_gate_so_that_a_leap_can_be_as_large_as_it_is():
    nis = []
    for leap in (10.0, 20.0, 30.0):
        x = 40 + 4.0 * np.arange(40) + np.where(np.arange(40) >= 20, leap, 0.0)
        tracks = tracks_of([np.array([v - 15, 85, v + 15, 115]) for v in x])
        nis.append(max(float(np.nanmax(t.nis)) for t in tracks if len(t.frames) > 25))
    assert nis == sorted(nis)
    assert nis[2] > 25, "nothing may cap what a rule could judge"


def test_the_smoothed_path_is_nearer_to_the_truth_than_what_was_measured():
    rng = np.random.default_rng(5)
    t = np.arange(60)
    true = np.stack([40 + 4.0 * t, 200 - 6.0 * t + 0.1 * t**2], axis=1)
    measured = true + rng.normal(0, 1.0, true.shape)
    size = 30 + rng.normal(0, 0.5, (60, 2))
    (one,) = tracks_of(list(geometry.from_centre(measured, size)))
    error = np.linalg.norm(one.mean[:, :2] - true, axis=1)
    assert np.sqrt(np.mean(error**2)) < 0.8 * np.sqrt(2)
    assert one.label == "ball"


def test_a_thing_seen_for_two_frames_only_is_no_track():
    box = np.array([100.0, 100, 130, 130])
    assert tracks_of([None] * 5 + [box] * 2 + [None] * 5) == []
    assert len(tracks_of([None] * 5 + [box] * 6 + [None] * 5)) == 1


def test_no_detections_make_no_tracks():
    assert tracks_of([None] * 10) == []


def test_a_thing_that_leaves_and_one_that_enters_elsewhere_are_two():
    out = Thing(between(slide((260, 80), (4, 0), 30), stop=22), seed=1)
    into = Thing(between(slide((-100, 160), (4, 0), 30), first=24), seed=1)
    tracks = follow(piece_of(draw(60, [out, into]))).tracks
    assert len([t for t in tracks if t.observed.sum() > 10]) == 2


def test_every_row_from_birth_to_death_is_there():
    for one in followed_ball().tracks:
        assert np.all(np.diff(one.frames) == 1)
        assert one.observed[0]
        assert one.observed[-1]
        assert np.all(one.observed == np.isfinite(one.scores))
        assert np.all(one.clear <= one.observed)


def numbers_of(value: object) -> list[float]:
    """All numbers of a JSON tree, in order; other leaves must be equal and come as hashes."""
    if isinstance(value, dict):
        return [n for key in sorted(value) for n in [hash(key), *numbers_of(value[key])]]
    if isinstance(value, (list, tuple)):
        return [n for one in value for n in numbers_of(one)]
    return [float(value)] if isinstance(value, (int, float)) else [float(hash(value))]


def test_filterpy_gives_the_same_report(samples: Path, analysed: Analysed):
    here = analysed("floor_penetration").model_dump(exclude={"seconds", "config_sha256"})
    other = analyze(samples / "floor_penetration.mp4", filter="filterpy", signals=True)
    there = other.model_dump(exclude={"seconds", "config_sha256"})
    a, b = np.array(numbers_of(here)), np.array(numbers_of(there))
    assert len(a) == len(b)
    assert np.allclose(a, b, rtol=1e-6, atol=1e-6)


def test_filterpy_gives_the_same_tracks():
    piece = piece_of(draw(40, [Thing(slide((30, 120), (5, 0.5), 30))]))
    (ours,), (theirs,) = follow(piece).tracks, follow(piece, "filterpy").tracks
    for name in ("mean", "cov", "innovation", "innovation_cov", "nis"):
        a, b = getattr(ours, name), getattr(theirs, name)
        scale = np.nanmax(np.abs(a))
        assert np.allclose(a, b, rtol=1e-6, atol=1e-6 * scale, equal_nan=True), name


def test_ids_begin_at_1_in_each_clip_and_go_up_with_the_time_of_birth(analysed: Analysed):
    for name in ("vanish", "three_balls", "crossing"):
        tracks = analysed(name).tracks
        assert [one.id for one in tracks] == list(range(1, len(tracks) + 1))


def test_ids_go_on_over_a_cut(analysed: Analysed):
    report = analysed("cut")
    assert len(report.video.shots) == 2
    assert [one.id for one in report.tracks] == list(range(1, len(report.tracks) + 1))
    for one in report.tracks:
        assert any(a <= one.frames[0] and one.frames[-1] < b for a, b in report.video.shots)


def test_ids_do_not_depend_on_what_was_analysed_before():
    first, second = followed_ball(30), followed_ball(30)
    assert [t.id for t in first.tracks] == [t.id for t in second.tracks] == [1]

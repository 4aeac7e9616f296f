"""Simulated clips: the physics, what breaks it, and the labels."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

pytest.importorskip("pymunk", reason="the physics engine is not installed")

from physcheck.cli import main
from physcheck.errors import ConfigurationError, MissingExtraError
from physcheck.labels import ClipLabel, LabelSet, read_labels
from physcheck.simulation import engine, making, pairs, settings
from physcheck.simulation.dataset import ALL_KINDS, orders, simulate
from physcheck.simulation.engine import GRAVITY, Actor, Slope, run
from physcheck.simulation.negatives import NEGATIVES, draw_negative
from physcheck.simulation.pairs import Pair, draw_pair
from physcheck.simulation.settings import draw_setting
from physcheck.simulation.states import TICKS


def ball(**changed: object) -> Actor:
    """A ball 1.5 m above the floor that goes to the right."""
    known = {"name": "ball", "form": "ball", "half": (0.15, 0.15), "place": (0.0, 1.65)}
    return Actor(**(known | {"velocity": (0.5, 0.0), "bounce": 0.8} | changed))  # type: ignore[arg-type]


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([one.to_ndarray(format="rgb24") for one in container.decode(video=0)])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class TestPhysics:
    def test_a_free_ball_falls_on_a_parabola(self) -> None:
        states = run([ball()], [], 30, 60.0)
        time_s = np.arange(len(states.angle)) / (60.0 * TICKS)
        free = time_s < 0.5
        fall_m = states.place[0, 0, 1] - states.place[:, 0, 1]
        assert np.abs(fall_m - GRAVITY * time_s**2 / 2)[free].max() < 0.006
        assert np.abs(states.place[:, 0, 0] - 0.5 * time_s)[free].max() < 1e-6

    def test_bounces_never_gain_height(self) -> None:
        heights = run([ball()], [], 200, 30.0).bottom[:, 0]
        inner = (heights[1:-1] > heights[:-2]) & (heights[1:-1] >= heights[2:])
        tops = heights[1:-1][inner & (heights[1:-1] > 0.02)]
        assert len(tops) >= 4
        assert (np.diff(tops) < 0).all()
        assert heights.min() > -0.02

    def test_a_rolling_ball_slows_down_and_stays_still(self) -> None:
        start = ball(place=(0.0, 0.15), velocity=(1.0, 0.0), spin=-1.0 / 0.15, drag=0.8)
        states = run([start], [], 60, 25.0)
        assert states.place[-1, 0, 0] == pytest.approx(1.0 / (2 * 0.8), rel=0.08)
        assert states.speed[-TICKS:, 0].max() < 1e-3

    def test_what_is_struck_moves_and_momentum_is_kept(self) -> None:
        comes = ball(place=(-1.0, 0.15), velocity=(2.0, 0.0), friction=0.0, drag=0.0)
        rests = ball(place=(0.0, 0.15), velocity=(0.0, 0.0), friction=0.0, drag=0.0)
        states = run([comes, rests], [], 30, 30.0)
        met = int(np.flatnonzero(states.speed[:, 1] > 0.1)[0])
        assert states.velocity[met + 1, :, 0].sum() == pytest.approx(2.0, rel=0.03)

    def test_things_of_two_lanes_never_touch(self) -> None:
        comes = ball(place=(-1.0, 0.15), velocity=(2.0, 0.0))
        rests = ball(place=(0.0, 0.15), velocity=(0.0, 0.0), lane=1)
        assert run([comes, rests], [], 30, 30.0).speed[:, 1].max() < 1e-3

    def test_a_table_holds_what_lies_on_it(self) -> None:
        lies = ball(place=(0.0, 0.75), velocity=(0.0, 0.0))
        states = run([lies], [Slope(0, (-0.5, 0.6), (0.5, 0.6))], 30, 25.0)
        assert np.abs(states.bottom[:, 0] - 0.6).max() < 0.005

    def test_without_pymunk_the_error_says_how_to_install_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "pymunk", None)
        with pytest.raises(MissingExtraError, match=r"physcheck\[simulate\]"):
            engine.check_installed()


@pytest.fixture(scope="module", autouse=True)
def small_pictures() -> Iterator[None]:
    """Pictures of the least size, so that the tests are quick."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "SIZES", ((320, 240),) * len(settings.SIZES))
        yield


@pytest.fixture(scope="module")
def drawn() -> dict[str, Pair]:
    """One pair of each kind; nothing is encoded."""
    return {kind: draw_pair(kind, (5, 0, number)) for number, kind in enumerate(ALL_KINDS)}


class TestPairs:
    @pytest.mark.parametrize("kind", ALL_KINDS)
    def test_every_kind_can_be_made_and_says_what_is_wrong(
        self, kind: str, drawn: dict[str, Pair]
    ) -> None:
        pair = drawn[kind]
        first = pair.claims[0]
        assert first.kind == kind
        assert 0 <= first.start <= first.peak <= first.end < pair.possible.setting.n_frames
        # What is lost behind something goes out of sight before it is taken away.
        assert first.start >= pair.frame - 1 or kind == "lost-behind"
        assert first.magnitude is None or first.magnitude > 0

    @pytest.mark.parametrize("kind", list(pairs.KINDS))
    def test_twins_share_every_state_before_the_break_and_differ_after(
        self, kind: str, drawn: dict[str, Pair]
    ) -> None:
        possible, impossible, frame, _, _ = drawn[kind]
        # The shutter of the last shared frame closes before this tick.
        n = (frame - 1) * TICKS + 3
        one, two = possible.history, impossible.history
        for table in ("place", "angle", "half", "there", "look", "cut"):
            assert np.array_equal(getattr(one, table)[:n], getattr(two, table)[:n]), table
        same = [
            np.array_equal(getattr(one, table)[n:], getattr(two, table)[n:])
            for table in ("place", "half", "there", "look")
        ]
        assert not all(same)

    @pytest.mark.parametrize(
        "kind", ["vanish", "appear", "teleport", "size-jump", "hover", "trajectory", "gravity"]
    )
    def test_the_break_is_in_plain_view(self, kind: str, drawn: dict[str, Pair]) -> None:
        pair = drawn[kind]
        claim = pair.claims[0]
        name = pair.possible.cast.actors[claim.thing].name
        before, after = pair.rows[0][pair.frame - 1], pair.rows[1][pair.frame]
        rows = {"appear": (after,), "vanish": (before,)}.get(kind, (before, after))
        for seen in rows:
            assert [row.visible >= 0.6 for row in seen if row.name == name] == [True]

    def test_what_vanished_has_no_box_while_it_is_gone(self, drawn: dict[str, Pair]) -> None:
        pair = drawn["vanish"]
        claim = pair.claims[0]
        name = pair.possible.cast.actors[claim.thing].name
        seen = [any(row.name == name for row in rows) for rows in pair.rows[1]]
        assert seen[claim.start]
        assert claim.magnitude is not None
        assert not any(seen[claim.end : claim.end + int(claim.magnitude)])

    def test_a_teleported_thing_is_as_far_away_as_the_label_says(
        self, drawn: dict[str, Pair]
    ) -> None:
        pair = drawn["teleport"]
        claim = pair.claims[0]
        name = pair.possible.cast.actors[claim.thing].name
        boxes = [
            np.array(take.film.boxes(claim.end)[name]) for take in (pair.possible, pair.impossible)
        ]
        middle = (boxes[1] - boxes[0]).reshape(2, 2).mean(axis=0)
        assert np.hypot(*middle) == pytest.approx(claim.magnitude, rel=0.1, abs=0.5)

    def test_a_thing_that_sinks_is_as_deep_as_the_label_says(self, drawn: dict[str, Pair]) -> None:
        pair = drawn["floor-penetration"]
        claim = pair.claims[0]
        bottom = pair.impossible.history.frames(pair.impossible.history.bottom)[:, claim.thing]
        level = pair.possible.history.bottom[:, claim.thing].min()
        scale = pair.possible.px_per_m[claim.peak, claim.thing]
        assert claim.magnitude is not None
        assert (level - bottom[claim.peak]) * scale == pytest.approx(claim.magnitude, abs=1.0)

    def test_the_same_seed_draws_the_same_pair(self, drawn: dict[str, Pair]) -> None:
        number = ALL_KINDS.index("hover")
        one, two = drawn["hover"], draw_pair("hover", (5, 0, number))
        assert one.claims == two.claims
        assert one.frame == two.frame
        assert np.array_equal(one.impossible.frame(one.frame), two.impossible.frame(two.frame))

    def test_at_least_three_cameras_in_ten_move(self) -> None:
        drawn = [draw_setting(np.random.default_rng((0, k))) for k in range(120)]
        names = [setting.camera_name for setting in drawn]
        assert sum(name != "static" for name in names[:60]) >= 18
        assert set(names) == {"static", "pan", "zoom", "handheld", "travel"}


class TestNegatives:
    @pytest.mark.parametrize("story", list(NEGATIVES))
    def test_every_hard_negative_can_be_made(self, story: str) -> None:
        clip = draw_negative(story, (5, 1, 0))
        assert clip.takes
        assert clip.frame(clip.setting.n_frames - 1).shape[1::-1] == clip.setting.size_px

    def test_a_cut_changes_the_room(self) -> None:
        clip = draw_negative("cut", (5, 1, 1))
        change = clip.takes[1][0]
        before, after = clip.frame(change - 1).astype(int), clip.frame(change).astype(int)
        assert np.abs(before - after).mean() > 8

    def test_what_stops_behind_something_never_comes_out(self) -> None:
        clip = draw_negative("stops-behind", (5, 1, 2))
        name = clip.takes[0][1].cast.actors[0].name
        last = clip.truth(clip.setting.n_frames - 1)
        assert any(row.name == name for row in clip.truth(0))
        assert not any(row.name == name for row in last)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> LabelSet:
    """Two pairs and a hard negative, written."""
    folder = tmp_path_factory.mktemp("simulated")
    return simulate(folder, 2, seed=2, kinds=("vanish", "energy-gain"))


class TestSet:
    def test_labels_are_read_back_as_they_were_written(self, made: LabelSet) -> None:
        again = read_labels(made.folder / "labels.json")
        assert again.clips == made.clips
        assert [clip.verdict for clip in made.clips] == ["clean", "violation"] * 2 + ["clean"]
        assert {clip.origin for clip in made.clips} == {"simulated"}
        assert made.clips[0].pair_id == made.clips[1].pair_id

    def test_twins_are_equal_before_the_break_when_decoded(self, made: LabelSet) -> None:
        for clean, broken in zip(made.clips[0:4:2], made.clips[1:4:2], strict=True):
            one, two = (decoded(made.path_of(clip)) for clip in (clean, broken))
            assert len(one) == len(two) == clean.frames
            # A bounce is broken within a frame: the last one before it is shared all the same.
            n = broken.violations[0].start_frame
            assert n >= 6
            assert np.array_equal(one[:n], two[:n])
            assert not np.array_equal(one[n:], two[n:])

    def test_the_box_at_the_peak_is_that_of_the_truth(self, made: LabelSet) -> None:
        for clip in made.clips[1:4:2]:
            one = clip.violations[0]
            assert one.box_at_peak is not None
            truth = rows_of(made.folder / "truth" / Path(clip.clip).with_suffix(".csv").name)
            row = next(
                row
                for row in truth
                if int(row["frame"]) == one.box_at_peak[0] and row["obj"] == one.object
            )
            box = [float(row[edge]) for edge in ("x1", "y1", "x2", "y2")]
            assert box == pytest.approx(one.box_at_peak[1:], abs=0.06)

    def test_a_clip_does_not_depend_on_how_many_there_are(
        self, made: LabelSet, tmp_path: Path
    ) -> None:
        (tmp_path / making.CLIPS).mkdir()
        (tmp_path / making.TRUTH).mkdir()
        alone = making.make_pair(tmp_path, 2, 1, "energy-gain")
        assert tuple(alone) == made.clips[2:4]
        for clip in alone:
            assert (tmp_path / clip.clip).read_bytes() == made.path_of(clip).read_bytes()

    def test_to_three_pairs_comes_a_hard_negative(self) -> None:
        work = orders(200, ALL_KINDS)
        assert sum(order.is_pair for order in work) == 200
        assert sum(not order.is_pair for order in work) == 67
        assert {order.what for order in work} == {*ALL_KINDS, *NEGATIVES}

    def test_an_unknown_kind_is_refused_with_the_known_ones(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match=r"no kind levitate; use vanish"):
            simulate(tmp_path, 1, kinds=("levitate",))

    def test_the_command_makes_a_set_and_says_what_is_in_it(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        arguments = ["simulate", "-o", str(tmp_path), "--n", "1", "--kinds", "hover", "--quiet"]
        assert main(arguments) == 0
        assert "hover" in capsys.readouterr().out
        clips: tuple[ClipLabel, ...] = read_labels(tmp_path / "labels.json").clips
        assert [clip.verdict for clip in clips] == ["clean", "violation"]

    def test_the_command_refuses_no_pairs(self, tmp_path: Path) -> None:
        assert main(["simulate", "-o", str(tmp_path), "--n", "0"]) == 2

"""`physcheck evaluate`: figures known by hand, what counts and what does not, the command."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import claims
import numpy as np
import pytest

from physcheck.cli import main
from physcheck.errors import InputError
from physcheck.evaluation.evaluating import LabelledSet, evaluate
from physcheck.evaluation.predictions import Prediction
from physcheck.evaluation.records import Evaluation, SetEvaluation
from physcheck.evaluation.rendering import render_evaluation_text, render_markdown
from physcheck.evaluation.running import with_distinct_names
from physcheck.labels import ClipLabel, LabelSet, write_labels
from physcheck.records import Report, ReportSet

ROOT = Path(__file__).resolve().parents[1]
CLIPS = ("vanish.mp4", "vanish_clean.mp4", "slow_small.mp4")
BOX = (10.0, 10.0, 30.0, 30.0)
FAR = (200.0, 200.0, 220.0, 220.0)


def set_of(
    labels: Sequence[ClipLabel],
    said: Sequence[Prediction],
    baselines: Mapping[str, Sequence[Prediction]] | None = None,
    name: str = "handmade",
) -> LabelledSet:
    """Labels and predictions put together."""
    others = baselines or {"always-clean": [claims.claimed() for _ in labels]}
    return LabelledSet(
        LabelSet(name, Path(name), tuple(labels)),
        list(zip(labels, said, strict=True)),
        {kind: list(zip(labels, one, strict=True)) for kind, one in others.items()},
    )


def figures_of(labels: Sequence[ClipLabel], said: Sequence[Prediction]) -> SetEvaluation:
    return evaluate([set_of(labels, said)], n_draws=20).sets[0]


@pytest.fixture(scope="module")
def handmade() -> SetEvaluation:
    """Two violating and two clean clips of 4 s each, with the claims written out below."""
    labels = [
        claims.labelled(
            "a.mp4",
            claims.wrong("vanish", 20, 22, BOX),
            claims.wrong("size-jump", 60, 64, BOX),
            camera="static",
        ),
        claims.labelled("b.mp4", claims.wrong("teleport", 50, 52, BOX), camera="pan"),
        claims.labelled("c.mp4", origin="generated", camera="static", tags=("roll",)),
        claims.labelled("d.mp4", camera="pan", tags=("roll", "exit")),
    ]
    said = [
        # Right: in time and place and of the right kind; begins 40 ms late. And a second
        # claim on the second event, of a wrong kind and on time.
        claims.claimed(
            claims.event("vanish", 21, 23, 22, BOX),
            claims.event("vanish", 60, 65, 62, BOX),
            violation=0.8,
        ),
        # Wrong: at the right time, in another place.
        claims.claimed(claims.event("teleport", 50, 53, 51, FAR), violation=0.6),
        claims.claimed(claims.event("vanish", 5, 9, 6, BOX), violation=0.7),
        claims.claimed(violation=0.1),
    ]
    return figures_of(labels, said)


def test_figures_of_clips_are_those_known_by_hand(handmade: SetEvaluation):
    values = {name: figure.value for name, figure in handmade.clips.items()}
    # 0.8 is above both clean ones, 0.6 above one of two.
    assert values["auroc"] == 0.75
    # Against c alone: 0.8 is above 0.7, 0.6 is not.
    assert values["auroc_generated"] == 0.5
    # In order 0.8 (right), 0.7 (wrong), 0.6 (right): precision 1 and 2/3, half of the recall each.
    assert values["average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert values["recall_0_flagged"] == 0.5
    assert values["recall_1_flagged"] == 1.0
    assert values["violating_flagged"] == 1.0
    assert values["violating_scored"] == values["clean_scored"] == 1.0
    assert values["brier"] is None, "four clips are too few for a calibration"
    assert handmade.clips["auroc"].n == 4
    assert handmade.clips["auroc_generated"].n == 3


def test_figures_of_events_are_those_known_by_hand(handmade: SetEvaluation):
    values = {name: figure.value for name, figure in handmade.events.items()}
    assert values["precision"] == 0.5
    assert values["recall"] == pytest.approx(2 / 3)
    assert values["f1"] == pytest.approx(2 * 0.5 * (2 / 3) / (0.5 + 2 / 3))
    assert values["precision_by_name"] == 0.25
    assert values["recall_by_name"] == pytest.approx(1 / 3)
    assert values["onset_ms"] == pytest.approx(20.0)
    assert values["onset_size_ms"] == pytest.approx(20.0)
    # Segments, time alone: 21-23 and 60-65 and 50-53 meet 20-23, 60-65 and 50-53.
    assert values["segment_f1_50"] == pytest.approx(2 * 3 / (3 + 4))
    assert handmade.events["precision"].n == 4
    assert handmade.events["recall"].n == 3


def test_false_alarms_are_those_known_by_hand(handmade: SetEvaluation):
    assert handmade.false_alarms["clean_flagged"].value == 0.5
    assert handmade.false_alarms["per_minute"].value == pytest.approx(1 / (8 / 60))
    assert handmade.by_rule["vanish"].n_alarms == 1
    assert handmade.by_rule["vanish"].n_clean_clips == 1
    assert handmade.by_rule["vanish"].precision.value == pytest.approx(2 / 3)
    assert handmade.by_rule["vanish"].n_right_by_name == 1
    camera = {name: (row.n_flagged, row.n_clips) for name, row in handmade.alarms_by_camera.items()}
    assert camera == {"pan": (0, 1), "static": (1, 1)}
    tags = {name: (row.n_flagged, row.n_clips) for name, row in handmade.alarms_by_tag.items()}
    assert tags == {"exit": (0, 1), "roll": (1, 2)}


def test_breakdowns_count_labelled_events(handmade: SetEvaluation):
    kinds = {
        kind: (row.n_labelled, row.hit.value, row.hit_by_name.value)
        for kind, row in handmade.by_kind.items()
    }
    assert kinds == {
        "size-jump": (1, 1.0, 0.0),
        "teleport": (1, 0.0, 0.0),
        "vanish": (1, 1.0, 1.0),
    }
    assert {name: one.value for name, one in handmade.by_camera.items()} == {
        "pan": 0.0,
        "static": 1.0,
    }
    assert {name: one.n for name, one in handmade.by_size.items()} == {"16-32 px": 3}


def test_the_worst_clips_are_listed_with_what_went_wrong(handmade: SetEvaluation):
    (miss,) = handmade.misses
    assert (miss.clip, miss.what, miss.violation) == ("b.mp4", "teleport 50-52", 0.6)
    (alarm,) = handmade.alarms
    assert (alarm.clip, alarm.what) == ("c.mp4", "vanish 5-8 (p=0.90)")


def many(n: int, **fields: object) -> list[ClipLabel]:
    """n clips, every other one violating, each violating one paired with the next."""
    return [
        claims.labelled(
            f"{k}.mp4",
            *([claims.wrong("vanish", 20 + k % 30, 24 + k % 30, BOX)] if k % 2 == 0 else []),
            pair_id=str(k // 2),
            **fields,
        )
        for k in range(n)
    ]


def test_the_truth_gets_the_best_of_every_figure():
    labels = many(300, origin="generated")
    one = figures_of(labels, [claims.truth(label) for label in labels])
    perfect = {"calibration_error": 0.0, "brier": 0.0, "onset_ms": 0.0, "onset_size_ms": 0.0}
    perfect |= {"clean_flagged": 0.0, "per_minute": 0.0}
    for section in (one.clips, one.events, one.frames, one.false_alarms, one.pairs):
        for name, figure in section.items():
            assert figure.value == perfect.get(name, 1.0), name
    assert one.misses == one.alarms == ()


def test_a_random_predictor_is_at_chance():
    labels = many(400)
    rng = np.random.default_rng(3)
    said = claims.chance(len(labels), rng)
    one = evaluate([set_of(labels, said)], n_draws=200).sets[0]
    share = np.mean([5 / 100 if label.violations else 0 for label in labels])
    for figure, chance in (
        (one.clips["auroc"], 0.5),
        (one.clips["average_precision"], 0.5),
        (one.pairs["relative_accuracy"], 0.5),
        (one.frames["average_precision"], share),
        (one.false_alarms["clean_flagged"], 0.5),
    ):
        assert figure.low is not None
        assert figure.high is not None
        assert figure.low - 0.01 <= chance <= figure.high + 0.01
        assert figure.high - figure.low < 0.2


def test_an_unsure_clip_counts_nowhere(handmade: SetEvaluation):
    labels = [
        claims.labelled("a.mp4", claims.wrong("vanish", 20, 22, BOX)),
        claims.labelled("b.mp4"),
        claims.labelled("c.mp4", claims.wrong("appear", 3, 5, BOX), verdict="unsure"),
    ]
    said = [claims.truth(label) for label in labels[:2]]
    loud = claims.claimed(claims.event("teleport", 70, 75, 71, FAR), violation=1.0)
    with_it, without = figures_of(labels, [*said, loud]), figures_of(labels[:2], said)
    assert with_it.n_unsure == 1
    assert with_it.model_copy(update={"n_unsure": 0}) == without


def test_an_unscored_clip_counts_as_clean_and_is_listed():
    labels = [
        claims.labelled("a.mp4", claims.wrong("vanish", 20, 22, BOX)),
        claims.labelled("b.mp4", claims.wrong("vanish", 20, 22, BOX)),
        claims.labelled("c.mp4"),
    ]
    silent = replace(claims.claimed(), scored=False, reason="nothing moves")
    said = [claims.truth(labels[0]), silent, claims.claimed(violation=0.0)]
    one = figures_of(labels, said)
    assert one.clips["violating_scored"].value == 0.5
    assert one.clips["recall_0_flagged"].value == 0.5
    assert one.clips["auroc"].value == 0.75
    (unscored,) = one.unscored
    assert (unscored.clip, unscored.reason, unscored.read) == ("b.mp4", "nothing moves", True)


def test_the_best_predictor_without_physics_stands_beside_each_figure():
    labels = many(20)
    said = [claims.truth(label) for label in labels]
    flipped = [replace(one, violation=1 - one.violation) for one in said]
    loud = [claims.claimed(claims.event("", 0, 100, 50), violation=1.0) for _ in labels]
    baselines = {"silent": [claims.claimed()] * 20, "flipped": flipped, "loud": loud}
    one = evaluate([set_of(labels, said, baselines)], n_draws=5).sets[0]
    beside = {
        name: (figure.baseline, figure.baseline_value)
        for section in (one.clips, one.false_alarms)
        for name, figure in section.items()
    }
    assert beside["auroc"] == ("silent", 0.5)
    assert beside["violating_flagged"] == ("flipped", 1.0)
    assert beside["clean_flagged"] == ("silent", 0.0)


def test_several_sets_come_together_first_and_then_each():
    a = set_of(many(8), [claims.truth(one) for one in many(8)], name="a")
    b = set_of(many(6), [claims.claimed() for _ in range(6)], name="b")
    evaluation = evaluate([a, b], n_draws=5)
    assert [one.name for one in evaluation.sets] == ["all", "a", "b"]
    assert [one.n_violating for one in evaluation.sets] == [7, 4, 3]
    assert evaluation.sets[0].clips["recall_0_flagged"].value == pytest.approx(4 / 7)
    # Twins are of one set, though both sets have pairs of that name.
    assert evaluation.sets[0].pairs["relative_accuracy"].n == 7
    assert evaluation.sets[0].misses[0].clip == "b/0.mp4"


def test_a_detection_curve_is_drawn_for_each_kind_with_magnitudes():
    labels = [
        claims.labelled(
            f"{k}.mp4",
            claims.wrong("teleport", 20, 21, BOX).model_copy(
                update={"magnitude": float(k), "magnitude_unit": "px", "size_px": 20.0}
            ),
            camera="static",
        )
        for k in range(1, 41)
    ]
    said = [claims.truth(one) if k > 12 else claims.claimed() for k, one in enumerate(labels, 1)]
    curves = {one.split: one for one in figures_of(labels, said).curves}
    assert set(curves) == {"", "static camera", "below 32 px"}
    seen = curves[""].smallest_seen
    assert seen is not None
    assert 12 <= seen <= 20
    assert curves[""].bins[0].recall == 0.0
    assert curves[""].bins[-1].recall == 1.0


def test_intervals_are_wider_where_clips_share_a_source():
    alone, shared = (
        many(60),
        [one.model_copy(update={"source": str(k // 20)}) for k, one in enumerate(many(60))],
    )
    rng = np.random.default_rng(1)
    said = claims.chance(60, rng)
    width = []
    for labels in (alone, shared):
        one = evaluate([set_of(labels, said)], n_draws=100).sets[0]
        assert one.n_groups == (30 if labels is alone else 3)
        figure = one.clips["auroc"]
        assert figure.low is not None
        assert figure.high is not None
        width.append(figure.high - figure.low)
    assert width[0] != width[1]


def test_what_never_varied_still_has_an_interval():
    """None of 30 sources flagged: up to 12 % of such sources may well be."""
    labels = [claims.labelled(f"{k}.mp4", source=str(k)) for k in range(30)]
    flagged = figures_of(labels, [claims.claimed()] * 30).false_alarms["clean_flagged"]
    assert (flagged.value, flagged.low) == (0.0, 0.0)
    assert flagged.high == pytest.approx(1 - 0.025 ** (1 / 30), abs=1e-6)


def test_a_share_that_rests_on_one_source_has_no_interval():
    labels = [claims.labelled(f"{k}.mp4", source="one film") for k in range(4)]
    said = [claims.claimed(claims.event("vanish", 5, 9)), *[claims.claimed()] * 3]
    flagged = figures_of(labels, said).false_alarms["clean_flagged"]
    assert (flagged.value, flagged.low, flagged.high) == (0.25, None, None)


def test_json_comes_back_without_loss_and_refuses_what_it_is_not(handmade: SetEvaluation):
    evaluation = Evaluation(n_draws=20, seed=0, sets=(handmade,))
    assert Evaluation.from_json(evaluation.to_json()) == evaluation
    with pytest.raises(InputError, match="not a physcheck evaluation: schema_version"):
        Evaluation.from_json('{"schema_version": "9.0", "sets": [], "n_draws": 1, "seed": 0}')


def test_text_and_markdown_show_every_figure_and_its_neighbours(handmade: SetEvaluation):
    evaluation = Evaluation(n_draws=20, seed=0, sets=(handmade,))
    text, markdown = render_evaluation_text(evaluation), render_markdown(evaluation)
    row = next(line for line in text.splitlines() if "AUROC, all clean" in line)
    assert row.split()[3] == "0.75"
    assert "always-clean" in row
    assert "| AUROC, all clean | 0.75 |" in markdown
    assert "| Brier score | - | - | 4 |" in markdown
    assert max(map(len, text.splitlines())) <= 120
    assert "Pairs: nothing to count." in text


def test_what_a_clip_is_called_cannot_break_a_table():
    label = claims.labelled("a|b\n*c*.mp4", claims.wrong("vanish", 1, 2, BOX))
    one = evaluate([set_of([label], [claims.claimed()])], n_draws=5)
    assert r"a\|b \*c\*.mp4" in render_markdown(one)
    assert "\n*c*" not in render_evaluation_text(one)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three drawn clips with their labels, and a folder of reports that evaluate has filled."""
    place = tmp_path_factory.mktemp("set")
    known = json.loads((ROOT / "samples" / "labels.json").read_text(encoding="utf-8"))
    labels = [ClipLabel.model_validate(one) for one in known if one["clip"] in CLIPS]
    write_labels(place / "drawn.json", tuple(labels))
    for name in CLIPS:
        shutil.copy(ROOT / "samples" / name, place / name)
    status = main(
        [
            *("evaluate", str(place / "drawn.json"), "--reports", str(place / "reports")),
            *("-o", str(place / "accuracy.json"), "--quiet"),
        ]
    )
    assert status == 0
    return place


def test_the_command_writes_figures_of_real_reports(folder: Path):
    evaluation = Evaluation.from_json((folder / "accuracy.json").read_bytes())
    (one,) = evaluation.sets
    assert (one.name, one.n_violating, one.n_clean) == ("drawn", 1, 2)
    assert one.clips["auroc"].value == 1.0
    assert one.events["recall"].value == 1.0
    assert one.false_alarms["clean_flagged"].value == 0.0
    assert one.pairs["relative_accuracy"].value == 1.0
    assert {p.name for p in (folder / "reports" / "drawn").iterdir()} == {
        f"{name}{suffix}" for name in CLIPS for suffix in (".json", ".baseline.json")
    }


def test_reports_that_hold_are_used_again(folder: Path, capsys: pytest.CaptureFixture[str]):
    files = sorted((folder / "reports" / "drawn").glob("*.json"))
    before = [file.stat().st_mtime_ns for file in files]
    command = ["evaluate", str(folder / "drawn.json"), "--reports", str(folder / "reports")]
    assert main([*command, "--format", "md"]) == 0
    assert [file.stat().st_mtime_ns for file in files] == before
    done = capsys.readouterr()
    assert "| AUROC, all clean | 1.00 |" in done.out
    assert done.err.startswith("physcheck: detector motion")


@pytest.mark.parametrize("change", ["fresh", "rules", "clip"])
def test_a_report_that_does_not_hold_is_made_again(folder: Path, tmp_path: Path, change: str):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "reports" / "drawn" / "slow_small.mp4.json"
    before = file.stat().st_mtime_ns
    (tmp_path / "vanish.mp4").rename(tmp_path / "gone")
    labels = json.loads((tmp_path / "drawn.json").read_text(encoding="utf-8"))
    only = [one for one in labels if one["clip"] == "slow_small.mp4"]
    (tmp_path / "drawn.json").write_text(json.dumps(only), encoding="utf-8")
    if change == "clip":
        (tmp_path / "slow_small.mp4").touch()
    more = {"fresh": ["--fresh"], "rules": ["--ignore", "teleport"], "clip": []}[change]
    command = ["evaluate", str(tmp_path / "drawn.json"), "--reports", str(tmp_path / "reports")]
    assert main([*command, *more, "-o", str(tmp_path / "out.md"), "-q"]) == 0
    assert file.stat().st_mtime_ns > before


def test_reports_of_analyze_are_found_by_the_name_of_their_clip(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """One report for itself, two in a set, and the clips are nowhere to be read from."""
    kept = folder / "reports" / "drawn"
    single, *rest = (Report.from_json((kept / f"{name}.json").read_bytes()) for name in CLIPS)
    reports = tmp_path / "reports"
    reports.mkdir()
    (reports / "one.json").write_text(single.to_json(), encoding="utf-8")
    (reports / "set.json").write_text(ReportSet(reports=tuple(rest)).to_json(), encoding="utf-8")
    (reports / "notes.json").write_text("{}", encoding="utf-8")
    shutil.copy(folder / "drawn.json", tmp_path / "drawn.json")
    command = ["evaluate", str(tmp_path / "drawn.json"), "--reports", str(reports)]
    assert main([*command, "--reports-only", "--format", "json", "-q"]) == 0
    (one,) = Evaluation.from_json(capsys.readouterr().out).sets
    assert one.clips["auroc"].value == 1.0
    assert one.unscored == ()


def test_clips_that_cannot_be_read_are_listed_and_the_rest_is_done(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    shutil.copy(folder / "slow_small.mp4", tmp_path / "fine.mp4")
    labels = (
        claims.labelled("fine.mp4", frames=88),
        claims.labelled("gone.mp4", claims.wrong("vanish", 3, 4)),
    )
    write_labels(tmp_path / "labels.json", labels)
    assert main(["evaluate", str(tmp_path / "labels.json"), "--format", "json"]) == 3
    done = capsys.readouterr()
    (one,) = Evaluation.from_json(done.out).sets
    assert one.clips["clean_scored"].n == 1
    (lost,) = [each for each in one.unscored if not each.read]
    assert lost.clip == "gone.mp4"
    assert "gone.mp4" in done.err
    assert "no such file" in done.err


def test_a_clip_without_a_report_is_listed_where_only_reports_count(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "reports").mkdir()
    command = ["evaluate", str(folder / "drawn.json"), "--reports", str(tmp_path / "reports")]
    assert main([*command, "--reports-only", "--format", "json", "-q"]) == 3
    done = capsys.readouterr()
    (one,) = Evaluation.from_json(done.out).sets
    assert len(one.unscored) == 3
    assert done.err.count("there is no report of it") == 3


def test_sets_of_one_name_are_told_apart():
    sets = [LabelSet(name, Path(), ()) for name in ("real", "real", "all", "real-2")]
    names = [one.name for one in with_distinct_names(sets)]
    assert names == ["real", "real-2", "all-2", "real-2-2"]


def test_a_table_of_seconds_will_do_as_labels(folder: Path, capsys: pytest.CaptureFixture[str]):
    text = "clip,kind,start_s,end_s\nvanish.mp4,vanish,1.0,1.4\nvanish_clean.mp4,,,\n"
    (folder / "table.csv").write_text(text, encoding="utf-8")
    command = ["evaluate", str(folder / "table.csv"), "--reports", str(folder / "reports")]
    assert main([*command, "--reports-only", "--format", "json"]) == 0
    (one,) = Evaluation.from_json(capsys.readouterr().out).sets
    assert (one.n_violating, one.n_clean) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--reports-only"], "--reports-only needs --reports DIR"),
        (["--reports", "r", "--reports-only", "--fresh"], "contradict"),
        (["--reports", "nowhere", "--reports-only"], "there is no folder nowhere"),
        (["--format", "csv"], "unknown format 'csv'; known: text, json, md"),
        (["-o", "out.png"], "the suffix does not tell the format"),
        (["-o", "labels.json"], "is one of the label files"),
        (["labels.json"], "given twice"),
        (["--select", "nonsense"], "nonsense"),
    ],
)
def test_wrong_usage_is_told_before_any_work(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
):
    monkeypatch.chdir(tmp_path)
    write_labels(Path("labels.json"), (claims.labelled("gone.mp4"),))
    assert main(["evaluate", "labels.json", *arguments]) == 2
    done = capsys.readouterr()
    assert message in done.err
    assert done.out == ""


def test_the_help_of_evaluate_imports_nothing_heavy():
    code = (
        "import sys; from physcheck.cli import main; main(['evaluate', '--help'])\n"
        "print(sorted({'av', 'cv2', 'numpy', 'scipy'} & set(sys.modules)),"
        " file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stderr == "[]\n"
    assert "--reports" in done.stdout

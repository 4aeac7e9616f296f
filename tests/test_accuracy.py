"""A small fixed part of the evaluation: more false alarms or fewer hits fail.

The figures are in accuracy_gate.json. They change only on purpose:
`UPDATE_ACCURACY=1 pytest tests/test_accuracy.py` writes them, and CHANGELOG.md must
have the line that tells of them. The whole evaluation is `make eval`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from physcheck.evaluation.matching import match_events
from physcheck.evaluation.running import predict
from physcheck.labels import LabelSet, read_labels
from physcheck.mutation.cutting import Settings
from physcheck.mutation.folders import mutate_clips, write_set
from physcheck.simulation.dataset import simulate

GATE = Path(__file__).with_name("accuracy_gate.json")
SIMULATED = ("vanish", "appear", "teleport", "size-jump", "trajectory", "floor-penetration")
MUTATED = ("vanish", "appear", "teleport", "size-jump", "trajectory")
SEED = 3

Figures = dict[str, int]


def committed() -> dict[str, Any]:
    return json.loads(GATE.read_text(encoding="utf-8"))


def line(name: str, figures: Figures) -> str:
    """How the changelog tells of the figures of one set."""
    flagged = f"{figures['clean flagged']} of {figures['clean']} clean clips flagged"
    return f"{name}: {flagged}, {figures['hit']} of {figures['events']} events hit"


def measure(labels: LabelSet) -> Figures:
    """Run the default pack over a labelled set, and count."""
    said = predict(labels, {}, jobs=2)
    clean = [one for label, one in said if label.verdict == "clean"]
    matches = [match_events(label, one, kinds=False).counts for label, one in said]
    return {
        "clean": len(clean),
        "clean flagged": sum(one.flagged for one in clean),
        "events": int(sum(one[0] for one in matches)),
        "hit": int(sum(one[1] for one in matches)),
    }


def hold(name: str, labels: LabelSet) -> None:
    """Compare a set with its committed figures, or write them where that is asked for."""
    found = measure(labels)
    if os.environ.get("UPDATE_ACCURACY"):
        GATE.write_text(json.dumps(committed() | {name: found}, indent=1) + "\n", encoding="utf-8")
        return
    known = committed()[name]
    sizes = ("clean", "events")
    assert [found[one] for one in sizes] == [known[one] for one in sizes], "another set of clips"
    assert found["clean flagged"] <= known["clean flagged"], "more clean clips are flagged"
    assert found["hit"] >= known["hit"], "fewer events are hit"


def part_of(path: Path, names: list[str]) -> LabelSet:
    """The label file without the clips that are not named."""
    labels = read_labels(path)
    return labels._replace(clips=tuple(o for o in labels.clips if Path(o.clip).stem in names))


@pytest.mark.parametrize("origin", ["real", "generated"])
def test_footage_raises_no_more_and_shows_no_less_than_before(shared: Path, origin: str):
    path = shared / "clips" / origin / "labels.json"
    if not path.is_file():
        pytest.skip(f"no labels in {path}")
    hold(origin, part_of(path, committed()["clips"][origin]))


def test_violations_put_into_footage_are_found_no_less_than_before(shared: Path, tmp_path: Path):
    folder = shared / "clips" / "real" / "clips"
    if not folder.is_dir():
        pytest.skip(f"no real clips in {folder}")
    clips = [folder / f"{name}.mp4" for name in committed()["clips"]["mutated"]]
    settings = Settings(seed=SEED)
    made = mutate_clips([str(one) for one in clips], MUTATED, tmp_path, settings, jobs=2)
    write_set(tmp_path, made)
    hold("mutated", read_labels(tmp_path / "labels.json"))


def test_simulated_violations_are_found_no_less_than_before(tmp_path: Path):
    simulate(tmp_path, len(SIMULATED), seed=SEED, kinds=SIMULATED, jobs=2)
    hold("simulated", read_labels(tmp_path / "labels.json"))


@pytest.mark.parametrize("name", ["real", "generated", "mutated", "simulated"])
def test_the_changelog_tells_of_the_committed_figures(root: Path, name: str):
    assert line(name, committed()[name]) in (root / "CHANGELOG.md").read_text(encoding="utf-8")

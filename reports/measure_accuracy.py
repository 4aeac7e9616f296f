"""Measure how often physcheck is right; write accuracy.md, accuracy.json and their plots.

    python reports/measure_accuracy.py [--footage DIR] [--work DIR] [--jobs N] [-o DIR]

Three labelled sets are evaluated: footage with labels made by people (DIR/real and
DIR/generated, each with a labels.json), the real footage with one known violation put
into each clip (`physcheck mutate`), and simulated pairs (`physcheck simulate`). The last
two are made here, always the same; without footage only the simulated set is measured.
Clips and reports stay in the work folder and are used again while they still hold. What was
measured of each rule goes to rules/measured.json; write_rules.py puts it on the rules' pages.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from draw_accuracy import draw_calibration, draw_curves, draw_precision_recall

from physcheck.evaluation.evaluating import LabelledSet, evaluate
from physcheck.evaluation.records import CurveRecord, Evaluation, Figure, SetEvaluation
from physcheck.evaluation.rendering import blocks_to_markdown
from physcheck.evaluation.running import Predicted, ReportFolder, predict, predict_baselines
from physcheck.evaluation.tables import legend, set_page
from physcheck.labels import read_labels
from physcheck.rules.measured import FILE, Curve, RuleMeasured, Seen
from physcheck.rules.measured import Measured as MeasuredRules

ROOT = Path(__file__).resolve().parents[1]
N_SIMULATED, SEED = 200, 1
MUTATE = ("--all", "--repeat", "2", "--per-clip", "14")
COMMAND = "make eval"


class Measured(NamedTuple):
    """One labelled set and what came of it."""

    name: str
    about: str
    evaluation: Evaluation
    predicted: Predicted
    seconds: float

    @property
    def total(self) -> SetEvaluation:
        """The figures of all its label files together."""
        return self.evaluation.sets[0]


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the sets, evaluate them, write the results."""
    options = parse(arguments)
    options.work.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    measured = [measure(*one, options) for one in sets(options)]
    for one in measured:
        draw(one, options.output)
    seconds = time.perf_counter() - start
    (options.rules / FILE).write_text(as_measured(measured), encoding="utf-8")
    (options.output / "accuracy.json").write_text(as_json(measured), encoding="utf-8")
    (options.output / "accuracy.md").write_text(as_markdown(measured, seconds), encoding="utf-8")
    say(f"wrote {options.output / 'accuracy.md'} after {seconds / 60:.0f} min")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--footage", type=Path, default=ROOT.parent / "shared" / "clips", metavar="DIR")
    add("--work", type=Path, default=ROOT / "out" / "accuracy", metavar="DIR")
    add("--jobs", type=int, default=2, metavar="N")
    add("--rules", type=Path, default=ROOT / "rules", metavar="DIR")
    add("-o", "--output", type=Path, default=ROOT / "reports", metavar="DIR")
    return parser.parse_args(arguments)


def sets(options: argparse.Namespace) -> list[tuple[str, str, list[Path]]]:
    """Name, description and label files of each set; made sets are made."""
    found = []
    footage = [options.footage / name / "labels.json" for name in ("generated", "real")]
    if all(path.is_file() for path in footage):
        found.append(("footage", "generated and real clips, labelled by people", footage))
        folder = make(options, "mutated", "mutate", str(options.footage / "real"), *MUTATE)
        found.append(("mutated", "real clips with one violation put in, and their twins", [folder]))
    else:
        say(f"no labelled footage in {options.footage}: only the simulated set is measured")
    folder = make(options, "simulated", "simulate", "--n", str(N_SIMULATED))
    found.append(("simulated", "matched possible and impossible clips", [folder]))
    return found


def make(options: argparse.Namespace, name: str, *command: str) -> Path:
    """Make a set with the command line of physcheck, once.

    Returns:
        Its label file.
    """
    folder: Path = options.work / name
    labels = folder / "labels.json"
    if not labels.is_file():
        say(f"making the {name} set ...")
        more = ("-o", str(folder), "--seed", str(SEED), "--jobs", str(options.jobs), "--quiet")
        subprocess.run(
            [sys.executable, "-m", "physcheck", *command, *more],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return labels


def measure(name: str, about: str, files: list[Path], options: argparse.Namespace) -> Measured:
    """Run physcheck and what knows no physics over one set."""
    start = time.perf_counter()
    say(f"evaluating the {name} set ...")
    labels = [read_labels(path) for path in files]
    reports = ReportFolder(options.work / "reports" / sources_sha256() / name, labels)
    found = []
    for each in labels:
        said = predict(each, {}, reports=reports, jobs=options.jobs)
        # The reports stay here, so the page does not link to them.
        said = [(label, replace(one, report="")) for label, one in said]
        without = predict_baselines(each, reports=reports, jobs=options.jobs)
        found.append(LabelledSet(each, said, without))
    evaluation = evaluate(found, settings={"detector": "motion", "pack": "default"})
    together = [pair for one in found for pair in one.predictions]
    return Measured(name, about, evaluation, together, time.perf_counter() - start)


def sources_sha256() -> str:
    """Of the code and the rules: what it said before a change counts no more after it."""
    files = sorted([*(ROOT / "physcheck").rglob("*.py"), *(ROOT / "rules").glob("*.yaml")])
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def draw(one: Measured, folder: Path) -> None:
    """The plots of one set."""
    draw_precision_recall(one.predicted, folder / f"accuracy-{one.name}-precision-recall.svg")
    draw_calibration(one.predicted, folder / f"accuracy-{one.name}-calibration.svg")
    if one.total.curves:
        draw_curves(one.total.curves, folder / f"accuracy-{one.name}-detection.svg")


def as_json(measured: Sequence[Measured]) -> str:
    """Every figure of every set, without intervals: what is compared from change to change."""
    figures: dict[str, Any] = {}
    for one in measured:
        figures[one.name] = {each.name: figures_of(each) for each in one.evaluation.sets}
    return json.dumps(figures, indent=1) + "\n"


def as_measured(measured: Sequence[Measured]) -> str:
    """What each rule gets right, for `physcheck rules show` and the pages of the rules."""
    names = sorted({name for one in measured for name in (*one.total.by_kind, *one.total.by_rule)})
    rules = {name: {one.name: rule_measured(one.total, name) for one in measured} for name in names}
    settings = measured[0].evaluation.settings
    return MeasuredRules(settings=settings, rules=rules).model_dump_json(indent=1) + "\n"


def rule_measured(one: SetEvaluation, name: str) -> RuleMeasured:
    """One rule on one set."""
    kind, rule = one.by_kind.get(name), one.by_rule.get(name)
    curves = [curve for curve in one.curves if curve.kind == name and not curve.split]
    return RuleMeasured(
        n_labelled=kind.n_labelled if kind else 0,
        n_hit=count(kind.hit) if kind else 0,
        n_hit_by_name=count(kind.hit_by_name) if kind else 0,
        n_claims=rule.n_claims if rule else 0,
        n_right=count(rule.precision) if rule else 0,
        n_accused=rule.n_clean_clips if rule else 0,
        n_clean=one.n_clean,
        curve=Curve(unit=curves[0].unit, bins=seen(curves[0])) if curves else None,
    )


def seen(curve: CurveRecord) -> tuple[Seen, ...]:
    """Recall by magnitude, rounded as far as a reader cares."""
    return tuple(
        Seen(
            low=float(f"{b.low:.3g}"), high=float(f"{b.high:.3g}"), n=b.n, recall=rounded(b.recall)
        )
        for b in curve.bins
    )


def short(value: float) -> float:
    """Three digits."""
    return float(f"{value:.3g}")


def count(share: Figure) -> int:
    """How many a share of n is."""
    return round((share.value or 0.0) * share.n)


def figures_of(one: SetEvaluation) -> dict[str, Any]:
    """The plain numbers of one label file."""
    sections = ("clips", "events", "frames", "false_alarms", "pairs")
    numbers = {
        f"{section}.{name}": rounded(figure.value)
        for section in sections
        for name, figure in getattr(one, section).items()
    }
    kinds = {name: rounded(row.hit.value) for name, row in one.by_kind.items()}
    return {"violating": one.n_violating, "clean": one.n_clean, **numbers, "recall by kind": kinds}


def rounded(value: float | None) -> float | None:
    """Three decimals."""
    return None if value is None else round(value, 3)


def as_markdown(measured: Sequence[Measured], seconds: float) -> str:
    """The whole page."""
    parts = [heading(measured, seconds), *(section(one) for one in measured)]
    return "\n".join([*parts, blocks_to_markdown(legend(measured[0].evaluation), 1)])


def heading(measured: Sequence[Measured], seconds: float) -> str:
    """What was done, and the few numbers that matter most."""
    settings = ", ".join(f"{key} {value}" for key, value in measured[0].evaluation.settings.items())
    rows = [
        ("clean clips flagged", "false_alarms", "clean_flagged"),
        ("AUROC, all clean", "clips", "auroc"),
        ("violating clips flagged", "clips", "violating_flagged"),
        ("events hit (recall)", "events", "recall"),
        ("claims that hit (precision)", "events", "precision"),
        ("pairs ranked rightly", "pairs", "relative_accuracy"),
    ]
    head = "| |" + "".join(f" {one.name} |" for one in measured)
    lines = [head, "|---|" + "---|" * len(measured)]
    for title, place, name in rows:
        cells = [cell(getattr(one.total, place).get(name)) for one in measured]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return f"""# How often physcheck is right

Made by `{COMMAND}` ({Path(__file__).name}; {seconds / 60:.0f} min on two cores, with what was
kept from earlier runs). {settings or "Default settings"}. Every figure is as it came out.
In brackets the 95 % interval by bootstrap over sources; behind it the best predictor that knows
no physics, on the same clips: a figure that is no better than that one says nothing.

How ends and changes are weighed was learned from clips of these same kinds and largely from
these very ones; what is left of that when a source of footage was not seen is in endings.md and
changes.md. The limits were set by hand so that no real clip here is flagged; how probable a
violation is, and the score, were learned from these clips too: what is left of that on sources
held out stands in limits.md.

{chr(10).join(lines)}
"""


def cell(figure: Any) -> str:
    """A figure in a table."""
    if figure is None or figure.value is None:
        return "-"
    low_high = "" if figure.low is None else f" [{figure.low:.2f}, {figure.high:.2f}]"
    beside = "" if figure.baseline_value is None else f" / {figure.baseline_value:.2f}"
    return f"{figure.value:.2f}{low_high}{beside}"


def section(one: Measured) -> str:
    """One set: its plots and all its tables."""
    plots = [f"![precision and recall](accuracy-{one.name}-precision-recall.svg)"]
    plots.append(f"![calibration](accuracy-{one.name}-calibration.svg)")
    if one.total.curves:
        plots.append(f"![recall against magnitude](accuracy-{one.name}-detection.svg)")
    tables = "\n".join(blocks_to_markdown(set_page(each), 2) for each in one.evaluation.sets)
    return f"\n# The {one.name} set: {one.about}\n\n" + "\n".join(plots) + f"\n\n{tables}"


def say(text: str) -> None:
    """On stderr, for whoever waits."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

"""Measure what each kind of sight leads to, and add a section to sight.md.

    python reports/measure_verdicts.py --weights FILE [--footage DIR] [--detectors NAME...]
        [--jobs N] [-o FILE]

Whole analyses at the default settings, with each detector: real footage, of which every
flagged clip is a false alarm, and generated clips, labelled by people. A labelled event is
hit by a claim of any kind at its time and place.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from sections import with_section

from physcheck.detector_choice import Sight
from physcheck.evaluation.matching import match_events
from physcheck.evaluation.running import Predicted, predict
from physcheck.labels import read_labels

ROOT = Path(__file__).resolve().parents[1]
HEADING = "What they lead to"
SETS = ("real", "generated")


def main() -> None:
    """Analyse everything with each detector and write the section."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--weights", type=Path, required=True, metavar="FILE")
    add("--footage", type=Path, default=ROOT.parent / "shared" / "clips", metavar="DIR")
    add("--detectors", nargs="+", default=("motion", "hybrid"), metavar="NAME")
    add("--jobs", type=int, default=1, metavar="N")
    add("-o", "--output", type=Path, default=ROOT / "reports" / "sight.md", metavar="FILE")
    options = parser.parse_args()
    text = "\n".join(lines(options))
    before = options.output.read_text(encoding="utf-8") if options.output.exists() else ""
    options.output.write_text(with_section(before, HEADING, text), encoding="utf-8")
    print(text)


def lines(options: argparse.Namespace) -> Iterator[str]:
    """The section."""
    yield (
        f"Made by `python reports/{Path(__file__).name}`: whole analyses at the default settings, "
        f"with {options.weights.name} where a network looks. Every flagged real or clean clip is "
        "a false alarm; an event is hit by a claim of any kind at its time and place."
    )
    yield ""
    yield (
        "| detector | real clips flagged | clean generated flagged | violating generated flagged "
        "| events hit |"
    )
    yield "|---|---|---|---|---|"
    for name in options.detectors:
        weights = None if name == "motion" else options.weights
        found = [clips(options.footage / one, name, weights, options.jobs) for one in SETS]
        cells = [flagged(found[0], "clean"), flagged(found[1], "clean")]
        cells += [flagged(found[1], "violation"), hit(found[1])]
        yield f"| {name} | {' | '.join(cells)} |"


def clips(folder: Path, detector: str, weights: Path | None, jobs: int) -> Predicted:
    """What is said of each clip of a labelled set."""
    arguments = {"sight": Sight(detector, weights)}
    said = predict(read_labels(folder / "labels.json"), arguments, jobs=jobs)
    for label, one in said:
        for event in one.events if label.verdict == "clean" else ():
            print(f"{detector}: {label.clip}: false {event.kind}", file=sys.stderr, flush=True)
    return said


def flagged(said: Predicted, verdict: str) -> str:
    """How many clips of a verdict are flagged."""
    some = [one.flagged for label, one in said if label.verdict == verdict]
    return f"{sum(some)} of {len(some)}"


def hit(said: Predicted) -> str:
    """How many labelled events of violating clips are hit."""
    found = [
        told
        for label, one in said
        if label.verdict == "violation"
        for told in match_events(label, one, kinds=False).hit.tolist()
    ]
    return f"{sum(found)} of {len(found)}"


if __name__ == "__main__":
    main()

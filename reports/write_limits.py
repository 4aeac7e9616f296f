"""Learn how probable a violation is, write it into rules/default.yaml, and limits.md.

    python reports/write_limits.py [--footage DIR] [--work DIR] [--pack FILE] [-o FILE]

Uses the reports that measure_accuracy.py keeps in the work folder. Limits stay as the pack has
them. Written into the pack: how fast the odds of each rule grow, what its worst clean clip
reached, the score curve, and what all that was learned from. limits.md shows what clips that obey
reach, by kind of footage, camera, frame rate and resolution.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import measure_accuracy
import numpy as np

from physcheck.calibration import Calibration, RuleFit, calibrate, gather_peaks
from physcheck.calibration.peaks import ClipReport, Peaks
from physcheck.evaluation.running import ReportFolder
from physcheck.labels import read_labels
from physcheck.rules import Pack, load_pack
from physcheck.types import Bools

ROOT = Path(__file__).resolve().parents[1]
KEY = re.compile(r"^  (?P<rule>[a-z-]+):$")


def main(arguments: Sequence[str] | None = None) -> None:
    """Learn, and write pack and page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--footage", type=Path, default=ROOT.parent / "shared" / "clips", metavar="DIR")
    add("--work", type=Path, default=ROOT / "out" / "accuracy", metavar="DIR")
    add("--reports", type=Path, default=None, metavar="DIR", help="in place of those in --work")
    add("--jobs", type=int, default=2, metavar="N")
    add("--pack", type=Path, default=ROOT / "rules" / "default.yaml", metavar="FILE")
    add("-o", "--output", type=Path, default=ROOT / "reports" / "limits.md", metavar="FILE")
    options = parser.parse_args(arguments)
    pack = load_pack(options.pack)
    clips = list(reports(options))
    peaks = gather_peaks(clips, pack)
    learned = calibrate(peaks, pack, share=None)
    text = with_calibration(options.pack.read_text(encoding="utf-8"), learned, pack)
    options.pack.write_text(text, encoding="utf-8")
    known = [one for one in clips if one.label.placed]
    options.output.write_text("\n".join(page(peaks, known, learned, pack)), encoding="utf-8")


def reports(options: argparse.Namespace) -> Iterator[ClipReport]:
    """The kept reports of all labelled clips; unsure ones, and lost ones, are left out."""
    folder = options.reports or options.work / "reports" / measure_accuracy.sources_sha256()
    for name, _, files in measure_accuracy.sets(options):
        labels = [read_labels(path) for path in files]
        kept = ReportFolder(folder / name, labels)
        for each in labels:
            for label in each.clips:
                found = kept.find(each, label)
                if found and label.verdict != "unsure":
                    yield ClipReport(each.name, label, found[1])


def with_calibration(text: str, learned: Calibration, pack: Pack) -> str:
    """The text of a pack with all that was learned, in the place of what was there."""
    units = {rule.name: rule.unit for rule in pack.rules}
    fits = {one.name: one for one in learned.rules}
    head, _, rules = text.partition("\nrules:\n")
    head = head.partition("\ncalibration:\n")[0].rstrip()
    lines: list[str] = []
    rule = ""
    for line in rules.rstrip().splitlines():
        match = KEY.match(line)
        rule = match["rule"] if match else rule
        if re.match(r"    (origin|steepness):", line):
            continue
        if rule in fits and fits[rule].scale is not None and re.match(r"      scale:", line):
            line = f"      scale: {fits[rule].scale:g}         # nats: learned"
        lines.append(line)
        if rule in fits and re.match(r"    limit:", line):
            lines += learned_lines(fits[rule], units[rule])
    return "\n".join([head, "", *calibration_lines(learned), "", "rules:", *lines]) + "\n"


def learned_lines(one: RuleFit, unit: str) -> list[str]:
    """What is said of a rule below its limit."""
    worst = f"the worst of {one.n_clean} clean clips has {one.highest_clean:.3g} {unit}"
    learned = "# odds grow as (value / limit) to this power: learned"
    odds = [f"    steepness: {one.steepness:g}      {learned}"] if one.steepness is not None else []
    return [f'    origin: "{worst}"', *odds]


def calibration_lines(learned: Calibration) -> list[str]:
    """What the pack says of its data, and the score curve."""
    held = learned.held_out
    knots = ", ".join(f"[{x:g}, {y:g}]" for x, y in learned.score_curve)
    return [
        "calibration:",
        f"  data: [{', '.join(learned.origins)}]",
        "  detector: motion",
        f"  n_clips: {learned.n_clips}",
        f"  n_groups: {learned.n_groups}",
        "  share: null            # limits were set by hand, so that no real clip is flagged",
        f"  clean_flagged: {held.clean_flagged:.4f}  # of {held.n_clean} held out",
        f"  violating_flagged: {held.violating_flagged:.4f}  # of {held.n_violating}",
        f"  calibration_error: {held.calibration_error:.4f}  # of 1 - score, held out",
        "# From the probability of the worst moment to that of something wrong in the clip.",
        f"score_curve: [{knots}]",
    ]


def page(
    peaks: Peaks, clips: Sequence[ClipReport], learned: Calibration, pack: Pack
) -> Iterator[str]:
    """limits.md, line by line."""
    held = learned.held_out
    yield "# What clips that obey reach, and the limits"
    yield ""
    yield (
        f"Made by `python reports/{Path(__file__).name}` from the reports of {learned.n_clips} "
        f"labelled clips of {learned.n_groups} sources (detector motion, pack {pack.name}). A "
        "number is the largest of a clip, in the rule's unit, over clean clips in which the rule "
        "judged something. Limits are set by hand, so that no real clip is flagged and few others; "
        "how fast the odds grow above them, and the score curve, are learned. By five folds over "
        f"sources: {held.clean_flagged:.1%} of {held.n_clean} clean clips flagged, calibration "
        f"error of 1 - score {held.calibration_error:.3f}."
    )
    yield ""
    yield "Score curve: " + ", ".join(f"{x:g} -> {y:g}" for x, y in learned.score_curve)
    for column, rule in enumerate(pack.rules):
        yield f"\n## {rule.name}: limit {rule.limit:g} {rule.unit}\n"
        yield "| clean clips | judged | of | median | 90 % | largest | over the limit |"
        yield "|---|---|---|---|---|---|---|"
        for name, chosen in sorts(clips):
            row = table_row(name, peaks.values[chosen & peaks.clean, column], rule.limit)
            if row:
                yield row


def sorts(clips: Sequence[ClipReport]) -> Iterator[tuple[str, Bools]]:
    """Names of sorts of clips, and which they are."""
    yield "all", np.ones(len(clips), dtype=np.bool_)
    for origin in dict.fromkeys(one.origin for one in clips):
        yield origin, chosen(clips, lambda one, name=origin: one.origin == name)
    yield "static camera", chosen(clips, lambda one: one.label.camera == "static")
    yield "moving camera", chosen(clips, lambda one: one.label.camera not in ("static", "unknown"))
    yield "up to 20 frames a second", chosen(clips, lambda one: rate(one) <= 20.5)
    yield "20 to 40 frames a second", chosen(clips, lambda one: 20.5 < rate(one) <= 40.5)
    yield "over 40 frames a second", chosen(clips, lambda one: rate(one) > 40.5)
    yield "below 400 px high", chosen(clips, lambda one: one.report.video.height < 400)
    yield "400 px high and more", chosen(clips, lambda one: one.report.video.height >= 400)


def chosen(clips: Sequence[ClipReport], wanted: Callable[[ClipReport], bool]) -> Bools:
    """(N,) which clips are wanted."""
    return np.array([wanted(one) for one in clips], dtype=np.bool_)


def rate(one: ClipReport) -> float:
    """Frames a second."""
    return one.report.video.frames / max(one.report.video.duration_s, 1e-6)


def table_row(name: str, values: np.ndarray, limit: float) -> str:
    """One sort of clips; "" where the rule judged none."""
    known = values[np.isfinite(values)]
    if not len(known):
        return ""
    cells = [f"{np.quantile(known, q):.3g}" for q in (0.5, 0.9, 1.0)]
    over = int((known > limit).sum())
    return f"| {name} | {len(known)} | {len(values)} | {' | '.join(cells)} | {over} |"


if __name__ == "__main__":
    main()

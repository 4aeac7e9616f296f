"""Learn how the tests of an end are weighed, and write physcheck/explain/endings.json.

    python reports/fit_endings.py LABELS... [--rows FILE] [--page FILE] [-o FILE]

Every birth, death and gap in the clips of the label files is measured. Ends at the time
and place of a labelled vanish or appear are positive, all ends of clips that obey are
negative, the others are left out: what jumps is not gone. A logistic model with shrinkage
is fitted and judged by cross-validation in which no source of footage is on both sides.
Measured ends are kept in the file named by --rows and used again. Needs scikit-learn.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from logistic import fitted, held_out, parse, rows_of

from physcheck import boxes as geometry
from physcheck.camera import Camera, estimate_camera
from physcheck.detectors.motion import MotionDetector
from physcheck.explain.endings import MeasuredEnd, measured_ends
from physcheck.explain.tracks import explain, sure_boxes, surroundings
from physcheck.explain.weighing import FIRST, SECOND, inputs
from physcheck.labels import ClipLabel, ViolationLabel, read_labels
from physcheck.tracking import track
from physcheck.types import Detections, Piece, Track
from physcheck.video import VideoReader

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "physcheck" / "explain" / "endings.json"
SLACK_FRAMES = 3
SHRINKAGE = 0.3

WITHOUT_PIXELS = (
    *("exit", "neighbour", "covered", "overlapped", "outgrown", "crowd", "clutter"),
    *("wavering", "light", "journey", "pace", "everywhere", "history", "life", "clear"),
    *("size", "last area", "company", "alive", "returns", "absence"),
)
WITH_PIXELS = (
    *WITHOUT_PIXELS,
    *("contrast", "drop", "cells", "swift", "order", "fade", "ring", "unrest", "onset"),
    *("settled", "restored", "match", "late", "near", "survival", "extent", "sharpness"),
)
LIMITS = {FIRST: (-5.5, -3.0, -1.0), SECOND: (-1.0, 0.0, 0.8, 1.5, 3.0)}
TITLE = """# How ends are weighed

Written by `python reports/fit_endings.py` with the label files of real, generated, mutated
and simulated clips. Log odds of each end come from a model that has not seen its source.
The table has the number of innocent ends over a limit and the share of labelled ends over
it; events at which no track begins or ends are not in it.
"""
KINDS = {1: ("vanish",), -1: ("appear",)}
BORDER = 0.6


def main() -> None:
    """Measure, fit, and write the weights and how good they are."""
    options = parse(__doc__ or "", "endings", TARGET)
    rows = rows_of(options, measure_set)
    tables = {FIRST: fit(rows, WITHOUT_PIXELS), SECOND: fit(rows, WITH_PIXELS)}
    options.page.write_text(page(rows, tables))
    options.output.write_text(json.dumps({"data": about(rows)} | tables, indent=1) + "\n")


def measure_set(path: Path) -> Iterator[dict[str, Any]]:
    """Measure the ends of the clips of a label file that obey or have fitting labels."""
    for label in read_labels(path).clips:
        if usable(label):
            for found in followed(path.parent / label.clip):
                yield from ends_of(label, *found)


def followed(
    path: Path,
) -> Iterator[tuple[Piece, Camera, list[Detections], list[Track], tuple[int, int]]]:
    """Yield each piece of a clip, its camera, what is seen and followed, and its size, px."""
    for piece in VideoReader(path).pieces():
        camera = estimate_camera(piece.luma)
        detections = MotionDetector().detect(piece, camera)
        h, w = piece.luma.shape[1:]
        size_px = (round(w * piece.px[0]), round(h * piece.px[1]))
        yield piece, camera, detections, track(piece, camera, detections, size_px), size_px


def usable(label: ClipLabel) -> bool:
    """Whether any end of the clip could be an example."""
    wanted = {kind for kinds in KINDS.values() for kind in kinds}
    return label.verdict == "clean" or any(one.kind in wanted for one in label.violations)


def ends_of(
    label: ClipLabel,
    piece: Piece,
    camera: Camera,
    detections: list[Detections],
    tracks: list[Track],
    size_px: tuple[int, int],
) -> Iterator[dict[str, Any]]:
    """Yield the ends of one piece that are examples, as rows."""
    row_of = {int(frame): row for row, frame in enumerate(piece.frames)}
    others = sure_boxes(piece, camera, detections)
    around = surroundings(piece, camera, others, tracks, size_px)
    for one in explain(piece, camera, detections, tracks, size_px):
        first = row_of[int(one.frames[0])]
        found = list(measured_ends(one, first, around, thorough=True))
        steps = [-1, 1, *([1, -1] * (len(found) // 2 - 1))]
        for step, end in zip(steps, found, strict=True):
            truth = is_violation(label, one, end, step)
            if end.measured and truth is not None:
                yield {
                    "clip": Path(label.clip).name,
                    "origin": label.origin,
                    "group": str(label.source or label.source_repo or label.clip),
                    "truth": truth,
                    "frame": end.ending.frame,
                    "track": one.id,
                    "step": step,
                    "measured": end.measured,
                }


def is_violation(label: ClipLabel, one: Track, end: MeasuredEnd, step: int) -> bool | None:
    """Whether an end is a labelled one; None where it is no example."""
    if label.verdict == "clean":
        return False
    row = int(np.flatnonzero(one.frames == end.ending.frame)[0])
    box = one.boxes[row]
    for violation in label.violations:
        if violation.kind in KINDS[step] and at(violation, end.ending.frame, box):
            return True
    return None


def at(violation: ViolationLabel, frame: int, box: np.ndarray) -> bool:
    """Whether a box is at the time and place of a labelled violation."""
    first, last = violation.start_frame - SLACK_FRAMES, violation.end_frame + SLACK_FRAMES
    if not first <= frame <= last or violation.box_at_peak is None:
        return False
    there = np.array(violation.box_at_peak[1:], dtype=np.float64)
    away = np.abs(geometry.centre(box) - geometry.centre(there)) / geometry.size(there)
    growth = abs(np.log(geometry.area(box) / geometry.area(there)))
    return bool((away.max() < 0.75 and growth < 1.4) or geometry.iou(box[None], there[None]) > 0.3)


def fit(rows: list[dict[str, Any]], names: Sequence[str]) -> dict[str, Any]:
    """Fit the weights of one look; returns the table that is shipped."""
    return fitted(*examples(rows, names), names, SHRINKAGE)


def examples(rows: Iterable[dict[str, Any]], names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (N, K) and truth (N,)."""
    rows = list(rows)
    x = np.array([inputs(row["measured"], names) for row in rows])
    y = np.array([row["truth"] for row in rows], dtype=bool)
    return x, y


def page(rows: list[dict[str, Any]], tables: dict[str, Any]) -> str:
    """Recall at false alarms per end, and what the tests weigh, as Markdown."""
    truth = np.array([row["truth"] for row in rows])
    origin = np.array([row["origin"] for row in rows])
    leaves = np.array([row["measured"]["exit"] < BORDER for row in rows])
    groups = np.array([row["group"] for row in rows])
    made = [str(name) for name in np.unique(origin[truth])]
    lines = [
        TITLE,
        "| look | limit, nats | real | simulated, innocent | " + " | ".join(made) + " |",
    ]
    lines.append("|---" * (4 + len(made)) + "|")
    for look, names in ((FIRST, WITHOUT_PIXELS), (SECOND, WITH_PIXELS)):
        tried = held_out(*examples(rows, names), groups, names, SHRINKAGE)
        odds = np.where(leaves, -np.inf, tried)
        for limit in LIMITS[look]:
            over = odds > limit
            alarms = [np.sum(over & ~truth & (origin == one)) for one in ("real", "simulated")]
            recall = [f"{np.mean(over[truth & (origin == one)]):.2f}" for one in made]
            cells = [look, f"{limit:g}", *map(str, alarms), *recall]
            lines.append("| " + " | ".join(cells) + " |")
    counts = ", ".join(f"{n} {name}" for name, n in about(rows)["ends"].items())
    slopes = {name: one["slope"] for name, one in tables[SECOND]["tests"].items()}
    ranked = sorted(slopes.items(), key=lambda one: -abs(one[1]))
    weights = ", ".join(f"{name} {slope:+.2f}" for name, slope in ranked)
    return "\n".join(
        [*lines, "", f"Ends: {counts}.", "", f"Nats for a usual change: {weights}.", ""]
    )


def about(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Say what the weights were learned from."""
    count = Counter((row["origin"], "violations" if row["truth"] else "innocent") for row in rows)
    return {
        "learned by": "reports/fit_endings.py",
        "ends": {f"{origin}, {truth}": n for (origin, truth), n in sorted(count.items())},
        "clips": len({row["clip"] for row in rows}),
        "shrinkage": SHRINKAGE,
    }


if __name__ == "__main__":
    main()

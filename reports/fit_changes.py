"""Learn how the tests of a change are weighed, and write physcheck/explain/changes.json.

    python reports/fit_changes.py LABELS... [--rows FILE] [--page FILE] [-o FILE]

Whatever may be a sudden change of size, look, shape or place in the clips of the label
files is measured. What lies at the time and place of a label of its kind is positive, all
of clips that obey is negative, the rest is left out. One logistic model for each kind is
fitted, its odds as if a violation were as likely as not at first, and judged by
cross-validation in which no source of footage is on both sides. Measured changes are kept
in the file named by --rows and used again; a kind that they do not have keeps its weights
and its part of the page. Needs scikit-learn.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from events_page import event_row, event_section, examples
from fit_endings import at, followed
from logistic import fitted, parse, rows_of

from physcheck.camera import Camera
from physcheck.explain.suspects import Suspect
from physcheck.explain.tracks import explain, sure_boxes, surroundings, suspects
from physcheck.labels import ClipLabel, read_labels
from physcheck.types import Detections, Piece, Track

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "physcheck" / "explain" / "changes.json"
SHRINKAGE = 0.3
KINDS = {
    "size": "size-jump",
    "look": "appearance-change",
    "shape": "shape-morph",
    "place": "teleport",
}
TESTS = {
    "size": (
        *("size", "clear", "alone", "best alternative", "certain amount", "surely", "sides"),
        *("light", "border", "magnified", "fuller"),
    ),
    "look": (
        *("clear", "alone", "certain amount", "usual", "sides", "narrow", "growth", "wavering"),
        *("pace", "inside", "beside", "seen", "shaky camera"),
    ),
    "shape": (
        *("size", "clear", "alone", "often", "growth", "clearly", "length", "light", "border"),
        *("everywhere", "share", "stretched", "unstretched", "sides"),
    ),
    "place": (
        *("size", "clear", "alone", "company", "best alternative", "certain amount", "surely"),
        *("usual", "stays", "times", "likeness", "sides", "light", "border", "shaky camera"),
    ),
}
TITLE = """# How changes are weighed

Written by `python reports/fit_changes.py` with the label files of real, generated, mutated
and simulated clips. Log odds of each change come from a model that has not seen its source.
The tables have the number of innocent changes over a limit and the share of labelled events
over it; events at which nothing was found to change are not in them. Learned from the sets
of `make eval`, mutated clips of the four kinds made with another seed, and simulated ones of
two; the limits of the default pack lie above all that clean clips of these reach.
"""


def main() -> None:
    """Measure, fit, and write the weights and how good they are."""
    options = parse(__doc__ or "", "changes", TARGET)
    rows = rows_of(options, measure_set)
    by_kind = {kind: [row for row in rows if row["kind"] == kind] for kind in KINDS}
    by_kind = {kind: found for kind, found in by_kind.items() if found}
    tables = {
        kind: fitted(*examples(found, TESTS[kind]), TESTS[kind], SHRINKAGE, even=True)
        for kind, found in by_kind.items()
    }
    kept = json.loads(options.output.read_text()) if options.output.is_file() else {}
    pages = kept_pages(options.page)
    pages |= {kind: section(found, kind, tables[kind]) for kind, found in by_kind.items()}
    options.page.write_text("\n".join([TITLE, *(pages[kind] for kind in KINDS if kind in pages)]))
    told = kept | {"data": about(rows, kept.get("data", {}), by_kind)} | tables
    options.output.write_text(json.dumps(told, indent=1) + "\n")


def kept_pages(path: Path) -> dict[str, str]:
    """The part of each kind in the page as it is."""
    parts = path.read_text().split("\n## ")[1:] if path.is_file() else []
    heads = {name: kind for kind, name in KINDS.items()}
    return {heads[part.split("\n", 1)[0]]: f"## {part.rstrip()}\n" for part in parts}


def measure_set(path: Path) -> Iterator[dict[str, Any]]:
    """Measure what may change in the clips of a label file that obey or have fitting labels."""
    for label in read_labels(path).clips:
        wanted = any(one.kind in KINDS.values() for one in label.violations)
        if wanted or label.verdict == "clean":
            for found in followed(path.parent / label.clip):
                yield from changes_of(label, *found)


def changes_of(
    label: ClipLabel,
    piece: Piece,
    camera: Camera,
    detections: list[Detections],
    tracks: list[Track],
    size_px: tuple[int, int],
) -> Iterator[dict[str, Any]]:
    """Yield what may change in one piece and is an example, as rows."""
    row_of = {int(frame): row for row, frame in enumerate(piece.frames)}
    around = surroundings(piece, camera, sure_boxes(piece, camera, detections), tracks, size_px)
    things = explain(piece, camera, detections, tracks, size_px)
    found = suspects(things, row_of, detections, around)
    for one, several in zip(things, found, strict=True):
        for suspect in several:
            event = event_of(label, one, suspect)
            if suspect.steady and event is not None:
                yield event_row(
                    label,
                    event,
                    kind=suspect.kind,
                    frame=int(one.frames[suspect.after]),
                    track=one.id,
                    measured=suspect.measured,
                )


def event_of(label: ClipLabel, one: Track, suspect: Suspect) -> int | None:
    """Which label of a clip a change is, -1 where the clip obeys, None where it is no example."""
    if label.verdict == "clean":
        return -1
    for number, violation in enumerate(label.violations):
        rows = range(suspect.before, suspect.after + 1)
        if violation.kind == KINDS[suspect.kind] and any(
            at(violation, int(one.frames[row]), one.boxes[row]) for row in rows
        ):
            return number
    return None


def section(rows: list[dict[str, Any]], kind: str, table: dict[str, Any]) -> str:
    """The part of a kind in the page."""
    return event_section(KINDS[kind], rows, TESTS[kind], table, SHRINKAGE)


def about(
    rows: list[dict[str, Any]], kept: dict[str, Any], fresh: Collection[str]
) -> dict[str, Any]:
    """Say what the weights were learned from; kept: of kinds that are not fresh."""
    count = Counter(
        f"{row['kind']}, {row['origin']}, {'violations' if row['truth'] else 'innocent'}"
        for row in rows
    )
    older = {
        name: n for name, n in kept.get("changes", {}).items() if name.split(",")[0] not in fresh
    }
    return {
        "learned by": "reports/fit_changes.py",
        "changes": dict(sorted((older | count).items())),
        "clips": len({row["clip"] for row in rows}),
        "shrinkage": SHRINKAGE,
    }


if __name__ == "__main__":
    main()

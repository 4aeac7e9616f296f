"""Learn how the tests of a parting are weighed, and write physcheck/explain/partings.json.

    python reports/fit_partings.py LABELS... [--rows FILE] [--page FILE] [-o FILE]

Whatever may be one thing that becomes two, or two that become one, in the clips of the
label files is measured. What lies at the time and place of a label of its kind is
positive, all of clips that obey is negative, the rest is left out. Mergers are splits
seen backwards, so both are learned together: one logistic model where a second track
begins or ends, one where a single outline holds both. Judged by cross-validation in which
no source of footage is on both sides. Measured partings are kept in the file named by
--rows and used again. Needs scikit-learn.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from events_page import event_row, event_section, examples
from fit_endings import at, followed
from logistic import fitted, parse, rows_of

from physcheck.camera import Camera
from physcheck.explain.partings import parting_suspects
from physcheck.explain.suspects import Suspect
from physcheck.explain.tracks import explain, sure_boxes, surroundings, things_of
from physcheck.explain.weighing import OUTLINE, TWIG
from physcheck.labels import ClipLabel, read_labels
from physcheck.types import Detections, Piece, Track

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "physcheck" / "explain" / "partings.json"
SHRINKAGE = 0.1
KINDS = ("split", "merge")
ALWAYS = (
    *("crowd", "size", "alone rows", "border alone", "waver"),
    *("twin", "surely twin", "before unlike"),
)
TESTS = {
    OUTLINE: (*ALWAYS, "offset"),
    TWIG: (
        *(*ALWAYS, "apart rows", "seen alone", "gap", "twig like", "stem like", "sum"),
        *("colour both", "gone in", "ways", "joins", "meets", "pace", "twig score"),
    ),
}
TITLE = """# How splits and mergers are weighed

Written by `python reports/fit_partings.py` with the label files of real, generated, mutated
and simulated clips. Log odds of each parting come from a model that has not seen its source.
The tables have the number of innocent partings over a limit and the share of labelled events
over it; events at which nothing was found to part are not in them.
"""


def main() -> None:
    """Measure, fit, and write the weights and how good they are."""
    options = parse(__doc__ or "", "partings", TARGET)
    rows = rows_of(options, measure_set)
    by_model = {model: [row for row in rows if row["model"] == model] for model in TESTS}
    tables = {
        model: fitted(*examples(found, TESTS[model]), TESTS[model], SHRINKAGE, even=True)
        for model, found in by_model.items()
    }
    pages = [
        event_section(model, found, TESTS[model], tables[model], SHRINKAGE)
        for model, found in by_model.items()
    ]
    options.page.write_text("\n".join([TITLE, *pages]))
    options.output.write_text(json.dumps({"data": about(rows)} | tables, indent=1) + "\n")


def measure_set(path: Path) -> Iterator[dict[str, Any]]:
    """Measure what may part in the clips of a label file that obey or have fitting labels."""
    for label in read_labels(path).clips:
        wanted = any(one.kind in KINDS for one in label.violations)
        if wanted or label.verdict == "clean":
            for found in followed(path.parent / label.clip):
                yield from partings_of(label, *found)


def partings_of(
    label: ClipLabel,
    piece: Piece,
    camera: Camera,
    detections: list[Detections],
    tracks: list[Track],
    size_px: tuple[int, int],
) -> Iterator[dict[str, Any]]:
    """Yield what may part in one piece and is an example, as rows."""
    row_of = {int(frame): row for row, frame in enumerate(piece.frames)}
    around = surroundings(piece, camera, sure_boxes(piece, camera, detections), tracks, size_px)
    explained = explain(piece, camera, detections, tracks, size_px)
    found = parting_suspects(things_of(explained, row_of, around), around.pixels)
    for one, several in zip(explained, found, strict=True):
        for suspect in several:
            event = event_of(label, one, suspect)
            if suspect.steady and event is not None:
                yield event_row(
                    label,
                    event,
                    kind=suspect.kind,
                    model=suspect.model,
                    frame=int(one.frames[suspect.after]),
                    track=one.id,
                    measured=suspect.measured,
                )


def event_of(label: ClipLabel, one: Track, suspect: Suspect) -> int | None:
    """Which label of a clip a parting is, -1 where the clip obeys, None where it is no example."""
    if label.verdict == "clean":
        return -1
    row = suspect.after if suspect.kind == "split" else suspect.before
    box = np.asarray(suspect.box)
    for number, violation in enumerate(label.violations):
        if violation.kind == suspect.kind and at(violation, int(one.frames[row]), box):
            return number
    return None


def about(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Say what the weights were learned from."""
    count = Counter(
        f"{row['model']}, {row['origin']}, {'violations' if row['truth'] else 'innocent'}"
        for row in rows
    )
    return {
        "learned by": "reports/fit_partings.py",
        "partings": dict(sorted(count.items())),
        "clips": len({row["clip"] for row in rows}),
        "shrinkage": SHRINKAGE,
    }


if __name__ == "__main__":
    main()

"""Reports as a table: a row for each violation, and one for each clip without any."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from physcheck.records import Report, Unread, ViolationRecord

__all__ = ["COLUMNS", "render_csv"]

_VIOLATION = (
    *("id", "rule", "group", "track_ids", "label", "start_frame", "stop_frame", "start_s"),
    *("stop_s", "peak_frame", "x1", "y1", "x2", "y2", "peak", "limit", "unit", "probability"),
    "explanation",
)
COLUMNS = ("path", "status", "score", "score_reason", "calibrated", *_VIOLATION, "error")

Row = dict[str, object]


def render_csv(outcomes: Iterable[Report | Unread]) -> str:
    """Draw the table; `status` is violation, none, untold or unread."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for outcome in outcomes:
        writer.writerows(_rows(outcome))
    return buffer.getvalue()


def _rows(outcome: Report | Unread) -> Iterator[Row]:
    if isinstance(outcome, Unread):
        yield {"path": outcome.path, "status": "unread", "error": outcome.error}
        return
    clip: Row = {
        "path": outcome.video.path,
        "score": outcome.score,
        "score_reason": outcome.score_reason,
        "calibrated": str(outcome.calibrated).lower(),
        "error": "; ".join(outcome.problems),
    }
    for violation in outcome.violations:
        yield {**clip, "status": "violation", **_violation(violation)}
    if not outcome.violations:
        yield {**clip, "status": "untold" if outcome.score is None else "none"}


def _violation(violation: ViolationRecord) -> Row:
    row: Row = violation.model_dump(mode="json", exclude={"alternatives", "box", "track_ids"})
    row["track_ids"] = " ".join(map(str, violation.track_ids))
    return row | dict(zip(("x1", "y1", "x2", "y2"), violation.box, strict=True))

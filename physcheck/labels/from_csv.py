"""Labels from a table: one row a violation, in seconds."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from physcheck.errors import InputError

__all__ = ["entries_of_csv"]

_COLUMNS = ("clip", "kind", "start_s", "end_s")
_OF_CLIP = ("origin", "camera", "pair_id", "source")


def entries_of_csv(
    path: Path, text: str, fps_of: Callable[[Path], float] | None
) -> list[dict[str, Any]]:
    """Read a CSV file into entries like those of a JSON file, see `read_labels`.

    Args:
        path: for messages, and clips are relative to it. text: what is in it.

    Raises:
        InputError: a column is missing or a cell is wrong: file, line, clip, column.
    """
    header = text.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    lacking = set(_COLUMNS) - {name.strip() for name in reader.fieldnames or ()}
    if lacking:
        raise InputError(f"{path}: the header lacks {', '.join(sorted(lacking))}")
    rows: dict[str, list[_Row]] = {}
    for raw in reader:
        row = {(key or "").strip(): (value or "").strip() for key, value in raw.items() if key}
        if any(row.values()):
            rows.setdefault(row["clip"], []).append(_Row(path, reader.line_num, row))
    return [_entry_of_rows(clip, own, fps_of) for clip, own in rows.items()]


class _Row(NamedTuple):
    """A row of a CSV file and where it stands."""

    path: Path
    line: int
    cells: dict[str, str]

    def error(self, text: str) -> InputError:
        return InputError(f"{self.path}: line {self.line}: {self.cells['clip']}: {text}")

    def number(self, column: str) -> float:
        """A cell as a finite number.

        Raises:
            InputError: it is none.
        """
        text = self.cells.get(column, "")
        try:
            value = float(text)
        except ValueError:
            raise self.error(f"{column}: {text!r} is not a number") from None
        if not math.isfinite(value) or value < 0:
            raise self.error(f"{column}: {text!r} is not a number of at least 0")
        return value


def _entry_of_rows(
    clip: str, rows: list[_Row], fps_of: Callable[[Path], float] | None
) -> dict[str, Any]:
    """All rows of one clip as an entry of a JSON label file."""
    if not clip:
        raise rows[0].error("clip: is empty")
    wrong = [row for row in rows if row.cells["kind"]]
    if 0 < len(wrong) < len(rows):
        raise rows[-1].error("a row without a kind says clean, another names a violation")
    entry: dict[str, Any] = {"clip": clip, "verdict": "violation" if wrong else "clean"}
    for column in _OF_CLIP:
        said = {row.cells[column] for row in rows if row.cells.get(column)}
        if len(said) > 1:
            raise rows[-1].error(f"{column}: {' and '.join(sorted(said))}; one clip has one")
        if said:
            entry[column] = said.pop()
    fps = _fps(clip, rows, wrong, fps_of)
    if fps is not None:
        entry["fps"] = fps
        entry["violations"] = [_violation_of_row(row, fps) for row in wrong]
    return entry


def _fps(
    clip: str, rows: list[_Row], wrong: list[_Row], fps_of: Callable[[Path], float] | None
) -> float | None:
    """Frame rate of a clip; None where none is said and none is needed."""
    said = {row.number("fps") for row in rows if row.cells.get("fps")}
    if len(said) > 1 or 0.0 in said:
        raise rows[-1].error("fps: must be one number above 0")
    if said or not wrong:
        return said.pop() if said else None
    if fps_of is None:
        raise wrong[0].error("fps: needed to turn seconds into frames; add a column fps")
    return fps_of(rows[0].path.parent / clip)


def _violation_of_row(row: _Row, fps: float) -> dict[str, Any]:
    start, end = (math.floor(row.number(column) * fps + 0.5) for column in ("start_s", "end_s"))
    if end < start:
        raise row.error("end_s: is before start_s")
    violation = {"kind": row.cells["kind"], "start_frame": start, "end_frame": end}
    return violation | {name: row.cells[name] for name in ("object", "note") if row.cells.get(name)}

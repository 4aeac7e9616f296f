"""Reports read from files and folders."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from physcheck.cli.terminal import Terminal
from physcheck.errors import InputError
from physcheck.records import Report, Unread, read_reports

__all__ = ["holds_reports", "read_outcomes"]

_SUFFIXES = frozenset({".json", ".jsonl"})

Outcome = Report | Unread


def holds_reports(path: Path) -> bool:
    """Whether a path is a file of reports by its suffix, or a folder in which there is one."""
    return any(one.suffix.lower() in _SUFFIXES for one in _files(path))


def read_outcomes(reports: Sequence[Path], terminal: Terminal) -> tuple[list[Outcome], bool]:
    """Every outcome of every file, and whether all that was named is there and a report."""
    found: list[Outcome] = []
    complete = True
    for path in reports:
        for file in _files(path):
            try:
                found += _read(file)
            except InputError as error:
                # Beside reports a folder may hold other JSON, as labels are.
                if file == path:
                    complete = False
                    terminal.warn(str(error))
                else:
                    terminal.note(f"{error}; left out")
    return found, complete


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.suffix.lower() in _SUFFIXES and not file.name.startswith("."):
            yield file


def _read(file: Path) -> list[Outcome]:
    """What one file holds.

    Raises:
        InputError: it cannot be read, or is no report.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError(f"{file}: could not be read: {why}") from error
    try:
        if file.suffix.lower() == ".jsonl":
            return [_read_line(line) for line in text.splitlines() if line.strip()]
        read = read_reports(text)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    return [*read.reports, *read.errors]


def _read_line(line: str) -> Outcome:
    """A line of JSON lines: a report, or what could not be read."""
    try:
        data = json.loads(line)
    except ValueError as error:
        raise InputError(f"not JSON: {error}") from None
    if isinstance(data, dict) and data.keys() == {"path", "error"}:
        return Unread(path=str(data["path"]), error=str(data["error"]))
    return Report.from_json(line)

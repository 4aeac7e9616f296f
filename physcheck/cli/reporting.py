"""The work behind `physcheck report`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from physcheck.atomic import check_writable
from physcheck.cli.formats import choose_format
from physcheck.cli.pages import write_pages
from physcheck.cli.terminal import Terminal
from physcheck.config import load_settings
from physcheck.errors import ConfigurationError, InputError
from physcheck.records import Report, Unread, read_reports

__all__ = ["run"]

_SUFFIXES = frozenset({".json", ".jsonl"})

Outcome = Report | Unread


def run(
    reports: list[Path],
    flags: dict[str, Any],
    *,
    output: Path,
    clips: Path | None,
    pages: bool,
) -> bool:
    """Write the page or the index.

    Returns:
        Whether everything named could be read.
    """
    settings = load_settings(flags)
    if choose_format(None, output) != "html":
        raise ConfigurationError(f"{output}: pages end in .html")
    check_writable(output)
    if clips is not None and not clips.is_dir():
        raise ConfigurationError(f"--clips: there is no folder {clips}")
    terminal = Terminal(quiet=settings.quiet)
    found, complete = _read_all(reports, terminal)
    if not found:
        raise InputError("there is no report in what was named")
    folders = [folder for folder in (clips, *_folders(reports)) if folder is not None]
    write_pages(
        found,
        output,
        terminal,
        single=len(found) == 1 and not any(path.is_dir() for path in reports),
        embed_limit_mb=settings.embed_limit,
        folders=folders,
        pages=pages,
    )
    terminal.note(f"wrote {output}")
    return complete


def _folders(reports: list[Path]) -> list[Path]:
    return [path if path.is_dir() else path.parent for path in reports]


def _read_all(reports: list[Path], terminal: Terminal) -> tuple[list[Outcome], bool]:
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

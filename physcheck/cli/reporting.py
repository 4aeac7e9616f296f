"""The work behind `physcheck report`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from physcheck.atomic import check_writable
from physcheck.cli.formats import choose_format
from physcheck.cli.pages import write_pages
from physcheck.cli.report_files import read_outcomes
from physcheck.cli.terminal import Terminal
from physcheck.config import load_settings
from physcheck.errors import ConfigurationError, InputError

__all__ = ["run"]


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
    found, complete = read_outcomes(reports, terminal)
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

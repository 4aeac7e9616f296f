"""physcheck report: pages to look at, from reports that were written before."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from physcheck.cli.exits import EXIT_INPUT
from physcheck.cli.flags import OUTPUT, EmbedLimit, Quiet, settings_among

__all__ = ["report"]


def report(
    reports: Annotated[
        list[Path],
        typer.Argument(
            metavar="REPORT...",
            help="Reports as JSON or JSON lines, or folders of them.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE.html",
            help="The page, or the index of several clips.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ],
    clips: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Look for the clips here, too."),
    ] = None,
    pages: Annotated[
        bool,
        typer.Option(
            "--pages/--no-pages",
            help="Of several clips, write a page each, beside the index.",
            rich_help_panel=OUTPUT,
        ),
    ] = True,
    embed_limit: EmbedLimit = None,
    quiet: Quiet = None,
) -> None:
    """Make a page of a report: the clip, what is wrong in it and why, and room to say so.

    One report gives one page; several, or a folder, give an index. Exit status: 0 done,
    2 wrong usage, 3 something could not be read as a report.
    """
    flags = settings_among(locals())
    from physcheck.cli.reporting import run

    if not run(reports, flags, output=output, clips=clips, pages=pages):
        raise typer.Exit(EXIT_INPUT)

"""physcheck compare: two versions of clips, what is fixed and what is new."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from physcheck.cli.exits import EXIT_INPUT
from physcheck.cli.flags import OUTPUT, Ignore, Jobs, Pack, Quiet, Select, settings_among

__all__ = ["compare"]


def compare(
    before: Annotated[
        str,
        typer.Argument(
            metavar="A", help="A clip, a report, or a folder of either.", show_default=False
        ),
    ],
    after: Annotated[
        str, typer.Argument(metavar="B", help="The other version.", show_default=False)
    ],
    pack: Pack = None,
    select: Select = None,
    ignore: Ignore = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", metavar="NAME", help="text or json.", rich_help_panel=OUTPUT
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write to this file instead of stdout; its suffix tells the format.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    jobs: Jobs = None,
    quiet: Quiet = None,
) -> None:
    """Compare two versions of a clip, or two folders by the names of clips.

    Exit status: 0 done, 2 wrong usage, 3 something could not be read.
    """
    flags = settings_among(locals())
    from physcheck.cli.comparing import run

    if not run(before, after, flags, form=format, output=output):
        raise typer.Exit(EXIT_INPUT)

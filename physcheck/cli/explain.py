"""physcheck explain: one violation of a report in full."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["explain"]


def explain(
    report: Annotated[
        Path, typer.Argument(metavar="REPORT", help="A report as JSON.", show_default=False)
    ],
    violation: Annotated[
        str | None,
        typer.Argument(
            metavar="ID", help="Of a violation: v1. Without it, all.", show_default=False
        ),
    ] = None,
    clip: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which clip, where the report holds several."),
    ] = None,
) -> None:
    """Tell all that a report knows of a violation: numbers, innocent explanations, the thing.

    Exit status: 0 done, 2 there is no such violation, 3 the report could not be read.
    """
    from physcheck.cli.explaining import run

    run(report, violation, clip)

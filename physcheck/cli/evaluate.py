"""physcheck evaluate: how well what physcheck says agrees with labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from physcheck.cli.exits import EXIT_INPUT
from physcheck.cli.flags import (
    OUTPUT,
    Detector,
    Device,
    Ignore,
    Jobs,
    Labels,
    Pack,
    Quiet,
    Reports,
    Select,
    Weights,
    settings_among,
)

__all__ = ["evaluate"]


def evaluate(
    labels: Labels,
    reports: Reports = None,
    reports_only: Annotated[
        bool,
        typer.Option(
            "--reports-only",
            help="Analyse nothing; a clip without a report in DIR has no score.",
        ),
    ] = False,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Analyse every clip again."),
    ] = False,
    detector: Detector = None,
    weights: Weights = None,
    device: Device = None,
    pack: Pack = None,
    select: Select = None,
    ignore: Ignore = None,
    jobs: Jobs = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", metavar="NAME", help="text, json or md.", rich_help_panel=OUTPUT
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
    quiet: Quiet = None,
) -> None:
    """Measure how well physcheck agrees with labels, clip by clip and event by event.

    Beside every figure stand its 95 % interval and the best that a predictor without
    physics gets. Exit status: 0 done, 2 wrong usage, 3 some clip could not be read.
    """
    flags = settings_among(locals())
    from physcheck.cli.evaluating import Request, run

    request = Request(labels, reports, reports_only, fresh, format, output)
    if not run(request, flags):
        raise typer.Exit(EXIT_INPUT)

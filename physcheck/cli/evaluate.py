"""physcheck evaluate: how well what physcheck says agrees with labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from physcheck.cli.exits import EXIT_INPUT

__all__ = ["evaluate"]

_REPORTS, _ANALYSIS, _OUTPUT = "Reports", "Analysis", "Output"


def evaluate(
    labels: Annotated[
        list[Path],
        typer.Argument(
            metavar="LABELS...",
            help="Label files: JSON, or CSV with clip,kind,start_s,end_s.",
            show_default=False,
        ),
    ],
    reports: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Keep reports here, and use those that still hold.",
            rich_help_panel=_REPORTS,
        ),
    ] = None,
    reports_only: Annotated[
        bool,
        typer.Option(
            "--reports-only",
            help="Analyse nothing; a clip without a report in DIR has no score.",
            rich_help_panel=_REPORTS,
        ),
    ] = False,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Analyse every clip again.", rich_help_panel=_REPORTS),
    ] = False,
    detector: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="auto or motion.", rich_help_panel=_ANALYSIS),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights of the detector.", rich_help_panel=_ANALYSIS),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="auto, cpu, cuda:N or mps.", rich_help_panel=_ANALYSIS),
    ] = None,
    pack: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Rule pack: default, strict, lenient, or a YAML file.",
            rich_help_panel=_ANALYSIS,
        ),
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,...", help="Only these rules or groups.", rich_help_panel=_ANALYSIS
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME,...", help="Not these.", rich_help_panel=_ANALYSIS),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", metavar="N", help="Processes.", rich_help_panel=_ANALYSIS),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", metavar="NAME", help="text, json or md.", rich_help_panel=_OUTPUT
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write to this file instead of stdout; its suffix tells the format.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    quiet: Annotated[
        bool | None,
        typer.Option("--quiet", "-q", help="Only errors on stderr.", rich_help_panel=_OUTPUT),
    ] = None,
) -> None:
    """Measure how well physcheck agrees with labels, clip by clip and event by event.

    Beside every figure stand its 95 % interval and the best that a predictor without
    physics gets. Exit status: 0 done, 2 wrong usage, 3 some clip could not be read.
    """
    flags = {
        "detector": detector,
        "weights": weights,
        "device": device,
        "pack": pack,
        "select": select,
        "ignore": ignore,
        "jobs": jobs,
        "quiet": quiet,
    }
    from physcheck.cli.evaluating import Request, run

    request = Request(labels, reports, reports_only, fresh, format, output)
    if not run(request, flags):
        raise typer.Exit(EXIT_INPUT)

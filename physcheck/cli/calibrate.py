"""physcheck calibrate: limits learned from labelled footage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from physcheck.cli.exits import EXIT_INPUT

__all__ = ["calibrate"]


def calibrate(
    labels: Annotated[
        list[Path],
        typer.Argument(
            metavar="LABELS...",
            help="Label files: JSON, or CSV with clip,kind,start_s,end_s.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="PACK.yaml",
            help="The rule pack to write.",
            show_default=False,
        ),
    ],
    share: Annotated[
        float,
        typer.Option(metavar="S", help="Share of clean clips that one rule may flag."),
    ] = 0.01,
    reports: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep reports here, and use those that still hold."),
    ] = None,
    detector: Annotated[
        str | None, typer.Option(metavar="NAME", help="As for analyze: auto, motion, hybrid, ...")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights of the detector.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="auto, cpu, cuda:N or mps.")
    ] = None,
    pack: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="The pack whose rules are calibrated."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", metavar="N", help="Processes.")
    ] = None,
    quiet: Annotated[
        bool | None, typer.Option("--quiet", "-q", help="Only errors on stderr.")
    ] = None,
) -> None:
    """Learn the limits of all rules from labelled clips, and write them as a rule pack.

    Clean clips say how large each number gets where nothing is wrong; violating ones how
    fast the odds grow beyond. Exit status: 0 done, 2 wrong usage, 3 some clip could not be
    read (the rest counted).
    """
    flags = {
        "detector": detector,
        "weights": weights,
        "device": device,
        "pack": pack,
        "jobs": jobs,
        "quiet": quiet,
    }
    from physcheck.cli.calibrating import run

    if not run(labels, output, share, reports, flags):
        raise typer.Exit(EXIT_INPUT)

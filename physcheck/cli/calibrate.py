"""physcheck calibrate: limits learned from labelled footage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from physcheck.cli.exits import EXIT_INPUT
from physcheck.cli.flags import (
    Detector,
    Device,
    Jobs,
    Labels,
    Pack,
    Quiet,
    Reports,
    Weights,
    settings_among,
)

__all__ = ["calibrate"]


def calibrate(
    labels: Labels,
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
    keep_limits: Annotated[
        bool,
        typer.Option(
            "--keep-limits", help="Keep all limits; learn only how probable a violation is."
        ),
    ] = False,
    reports: Reports = None,
    detector: Detector = None,
    weights: Weights = None,
    device: Device = None,
    pack: Pack = None,
    jobs: Jobs = None,
    quiet: Quiet = None,
) -> None:
    """Learn the limits of all rules from labelled clips, and write them as a rule pack.

    Clean clips say how large each number gets where nothing is wrong; violating ones how
    fast the odds grow beyond. Exit status: 0 done, 2 wrong usage, 3 some clip could not be
    read (the rest counted).
    """
    flags = settings_among(locals())
    wanted = None if keep_limits else share
    from physcheck.cli.calibrating import run

    if not run(labels, output, wanted, reports, flags):
        raise typer.Exit(EXIT_INPUT)

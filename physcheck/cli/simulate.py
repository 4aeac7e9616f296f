"""physcheck simulate: matched possible and impossible clips from a physics engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["simulate"]


def simulate(
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Gets clips/, truth/ and labels.json.",
            show_default=False,
        ),
    ],
    n: Annotated[
        int,
        typer.Option("--n", "-n", metavar="N", help="Pairs; a third as many hard negatives."),
    ] = 19,
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed gives other clips.")] = 0,
    kinds: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME,...", help="Only these kinds of violation; all by default."),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", metavar="N", help="Processes.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors on stderr.")] = False,
) -> None:
    """Make matched possible and impossible clips, with labels and truth boxes.

    Needs the physics engine: pip install 'physcheck[simulate]'. The clips of a pair
    share every frame until the break. A clip depends on the seed, its number and the
    kinds asked for, not on how many are made.

    Exit status: 0 done, 2 wrong usage, or pymunk is not installed.
    """
    from physcheck.cli.simulating import run

    run(output, n_pairs=n, seed=seed, kinds=kinds, jobs=jobs, quiet=quiet)

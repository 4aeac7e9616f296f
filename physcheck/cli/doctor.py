"""physcheck doctor: what is installed here, what works, and how to mend the rest."""

from __future__ import annotations

from typing import Annotated

import typer

from physcheck.cli.exits import EXIT_CONFIGURATION

__all__ = ["doctor"]


def doctor(
    gpu: Annotated[
        bool, typer.Option("--gpu/--no-gpu", help="Load torch, to ask it for devices.")
    ] = True,
) -> None:
    """Look at what physcheck needs: packages, codecs, devices, weights, cache.

    Each line begins with ok, -- (optional and not there) or !! (needed), and ends with what to
    do. Exit status: 0 all that is needed is there, 2 something is not.
    """
    from physcheck.cli.examining import examine

    findings = list(examine(gpu=gpu))
    width = max(len(one.what) for one in findings)
    for one in findings:
        mend = f"; {one.mend}" if one.mend else ""
        print(f"{one.mark}  {one.what:<{width}}  {one.told}{mend}")
    if any(one.mark == "!!" for one in findings):
        raise typer.Exit(EXIT_CONFIGURATION)

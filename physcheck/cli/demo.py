"""physcheck demo: a small clip analysed, and its page opened."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["demo"]


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE.html", help="Where the page goes.")
    ] = Path("physcheck-demo.html"),
    open_page: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in a browser.")
    ] = True,
) -> None:
    """Analyse the clip that comes with physcheck, and open the page of what was found.

    Three balls bounce; one sinks into the floor, vanishes and comes back larger.
    """
    from physcheck.cli.demonstrating import run

    run(output, open_page=open_page)

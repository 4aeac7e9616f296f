"""The command line. Here alone anything is printed, and here alone the program exits."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from physcheck import __version__
from physcheck.cli.analyze import analyze
from physcheck.cli.cache import cache
from physcheck.cli.calibrate import calibrate
from physcheck.cli.check import check
from physcheck.cli.compare import compare
from physcheck.cli.demo import demo
from physcheck.cli.doctor import doctor
from physcheck.cli.evaluate import evaluate
from physcheck.cli.exits import EXIT_BROKEN_PIPE, Group, silence
from physcheck.cli.explain import explain
from physcheck.cli.models import models
from physcheck.cli.mutate import mutate
from physcheck.cli.report import report
from physcheck.cli.rules import rules
from physcheck.cli.schema import schema
from physcheck.cli.simulate import simulate

__all__ = ["app", "main", "version"]

EXAMPLES = """
Examples:
  physcheck analyze clip.mp4
  physcheck analyze clips/ 'more/*.webm' --format jsonl -o reports.jsonl
  physcheck analyze clip.mp4 --select permanence,floor --floor 412
  physcheck analyze clip.mp4 -o report.html
  physcheck rules show vanish
"""

app = typer.Typer(
    cls=Group,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXAMPLES,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"physcheck {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """The physics linter for video: which rule is broken, by what, in which frames."""


def version() -> None:
    """Print the version."""
    _show_version(True)


app.command(epilog=EXAMPLES)(analyze)
app.command()(calibrate)
app.command()(check)
app.command()(compare)
app.command()(demo)
app.command()(doctor)
app.command()(evaluate)
app.command()(explain)
app.command()(mutate)
app.command()(report)
app.command()(schema)
app.command()(simulate)
app.command()(version)
app.add_typer(cache, name="cache", help="What is kept of earlier looks at clips.")
app.add_typer(models, name="models", help="Weights of detectors: list, pull, verify.")
app.add_typer(rules, name="rules", help="List, explain and check rules.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status.

    Args:
        arguments: in place of those of the process.
    """
    try:
        app(args=None if arguments is None else list(arguments), prog_name="physcheck")
        status: object = 0
    except SystemExit as end:
        status = end.code
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        silence()
        return EXIT_BROKEN_PIPE
    return status if isinstance(status, int) else int(status is not None)

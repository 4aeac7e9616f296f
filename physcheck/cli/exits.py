"""How the program ends: which exception means which exit status, and what is said."""

from __future__ import annotations

import os
import sys
import traceback

import typer
from typer.core import TyperGroup

from physcheck.errors import InputError, PhyscheckError

__all__ = [
    "DEBUG",
    "EXIT_BROKEN_PIPE",
    "EXIT_CONFIGURATION",
    "EXIT_GATE",
    "EXIT_INPUT",
    "Group",
    "silence",
]

DEBUG = "PHYSCHECK_DEBUG"

EXIT_GATE = 1
EXIT_CONFIGURATION = 2
EXIT_INPUT = 3
_EXIT_BUG = 70
_EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


class Group(TyperGroup):
    """A group of commands that ends with one line on stderr and never with a traceback."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the command that was named."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except PhyscheckError as error:
            _say(f"error: {error}")
            code = EXIT_INPUT if isinstance(error, InputError) else EXIT_CONFIGURATION
        except KeyboardInterrupt:
            _say("interrupted")
            code = _EXIT_INTERRUPTED
        except BrokenPipeError:
            silence()
            code = EXIT_BROKEN_PIPE
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            # Usage errors of the command line belong to typer, which knows how to show them.
            if hasattr(error, "exit_code"):
                raise
            _say(f"internal error: {type(error).__name__}: {error}; please report it")
            _say(f"set {DEBUG}=1 for the traceback", traceback.format_exc())
            code = _EXIT_BUG
        raise typer.Exit(code)


def _say(text: str, detail: str = "") -> None:
    """One line on stderr; with PHYSCHECK_DEBUG set, the detail in place of it."""
    shown = detail if detail and os.environ.get(DEBUG) else f"physcheck: {text}"
    print(shown, file=sys.stderr)


def silence() -> None:
    """Nobody reads any more: what is still buffered goes nowhere, without a complaint."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(null, stream.fileno())

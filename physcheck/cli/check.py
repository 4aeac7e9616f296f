"""physcheck check: the same look at clips as `analyze`, as a gate."""

from __future__ import annotations

import inspect
from typing import Annotated, Any

import typer

from physcheck.cli.analyze import analyze
from physcheck.cli.exits import EXIT_GATE, EXIT_INPUT
from physcheck.cli.flags import settings_among

__all__ = ["check"]

_GATE = "Gate"

MinScore = Annotated[
    float | None,
    typer.Option(min=0, max=1, metavar="S", help="No clip may score less.", rich_help_panel=_GATE),
]
FailOn = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME,...",
        help="Only violations of these rules or groups count.",
        rich_help_panel=_GATE,
    ),
]
MaxViolations = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="N",
        help="So many violations are let pass, in all clips together.",
        rich_help_panel=_GATE,
    ),
]


def check(**given: Any) -> None:
    """Look at clips, and fail where they break rules.

    Without flags any violation that is likelier than not trips the gate. What could not be
    told trips nothing. Exit status: 0 passed, 1 the gate tripped, 2 wrong usage, 3 some
    input could not be read.
    """
    from physcheck.cli.analyzing import run
    from physcheck.cli.gate import Gate

    gate = Gate(given.pop("min_score"), given.pop("fail_on"), given.pop("max_violations"))
    complete = run(
        given["paths"],
        settings_among(given),
        form=given["format"],
        output=given["output"],
        video=given["video"],
        plot=given["plot"],
        gate=gate,
    )
    if gate.tripped:
        raise typer.Exit(EXIT_GATE)
    if not complete:
        raise typer.Exit(EXIT_INPUT)


def _take_over_flags() -> None:
    """Give `check` every flag of `analyze`, and those of the gate."""
    own = {"min_score": MinScore, "fail_on": FailOn, "max_violations": MaxViolations}
    keyword = inspect.Parameter.KEYWORD_ONLY
    flags = [
        inspect.Parameter(name, keyword, default=None, annotation=kind)
        for name, kind in own.items()
    ]
    known = inspect.signature(analyze, eval_str=True).parameters.values()
    shared = [one.replace(kind=keyword) for one in known]
    signature = inspect.Signature([*shared, *flags], return_annotation=None)
    check.__signature__ = signature  # type: ignore[attr-defined]
    check.__annotations__ = {one.name: one.annotation for one in signature.parameters.values()}


_take_over_flags()

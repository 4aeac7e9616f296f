"""physcheck rules: list the rules of a pack, explain one, check a pack of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from physcheck.cli.exits import EXIT_CONFIGURATION, Group

__all__ = ["rules"]

rules = typer.Typer(cls=Group, no_args_is_help=True, add_completion=False)

Pack = Annotated[str, typer.Option(metavar="NAME|FILE", help="Rule pack.")]


@rules.command("list")
def list_command(pack: Pack = "default") -> None:
    """List the rules of a pack: name, group, limit, what is objected to."""
    from physcheck.rules import list_rules, load_pack

    rows = [
        (row.name, row.group, f"{row.limit:g} {row.unit}", row.summary)
        for row in list_rules(load_pack(pack))
    ]
    table = [("rule", "group", "limit", "objects to"), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(3)]
    for row in table:
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
        print("  ".join([*cells, row[3]]))


@rules.command("show")
def show_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A rule.")],
    pack: Pack = "default",
    markdown: Annotated[bool, typer.Option("--markdown", help="As a page in Markdown.")] = False,
) -> None:
    """Tell all there is to know of one rule."""
    from physcheck.rules import describe_rule, load_pack, rule_page

    say = rule_page if markdown else describe_rule
    print(say(load_pack(pack), name))


@rules.command("validate")
def validate_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A rule pack in YAML.")],
) -> None:
    """Check a rule pack: exit status 0 when it is right, 2 when it is not."""
    from physcheck.rules import load_pack, validate_pack

    mistakes = validate_pack(file)
    for mistake in mistakes:
        print(mistake)
    if mistakes:
        raise typer.Exit(EXIT_CONFIGURATION)
    pack = load_pack(file)
    print(f"{file}: pack '{pack.name}' {pack.version} is right, {len(pack.rules)} rules")

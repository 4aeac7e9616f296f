"""physcheck models: which weights there are, fetch some, look into a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from physcheck.cli.exits import EXIT_CONFIGURATION, Group

__all__ = ["models"]

models = typer.Typer(cls=Group, no_args_is_help=True, add_completion=False)


@models.command("list")
def list_command() -> None:
    """List the weights that can be pulled, and those that are there."""
    from physcheck.weights import available, folders, known_weights

    found = {path.name: path for path in reversed(available())}
    known = known_weights()
    rows = [(one.name, str(found.pop(one.name, "-")), one.what) for one in known.values()]
    rows += [(name, str(path), "") for name, path in sorted(found.items())]
    table = [("name", "where", "what"), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(2)]
    for row in table:
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
        print("  ".join([*cells, row[2]]).rstrip())
    licenses = ", ".join(sorted({one.license for one in known.values()}))
    print(f"\nlooked in: {', '.join(map(str, folders()))}")
    print(f"license of those that can be pulled: {licenses}")


@models.command("pull")
def pull_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of `physcheck models list`.")],
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Put the file here.", show_default=False)
    ] = None,
    sha256: Annotated[
        str | None,
        typer.Option(metavar="HASH", help="The hash that it must have.", show_default=False),
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Keep it although its hash is not known.")
    ] = False,
) -> None:
    """Download weights: the only command that downloads anything."""
    from physcheck.cli.terminal import Terminal
    from physcheck.weights import pull

    pulled = pull(name, folder, trust=trust, expected=sha256, say=Terminal().note)
    print(pulled.path)


@models.command("verify")
def verify_command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Path or name of weights.")],
) -> None:
    """Tell a file's hash, whether it is known, and whether it loads without trust."""
    from physcheck.weights import find, known_weights, name_of_hash, sha256_of

    path = find(file)
    sha256 = sha256_of(path)
    name, namesake = name_of_hash(sha256), known_weights().get(path.name)
    print(f"file    {path}")
    print(f"bytes   {path.stat().st_size}")
    print(f"sha256  {sha256}")
    wrong = namesake is not None and namesake.sha256 not in (None, sha256)
    other = f"; the published {path.name} has another hash" if wrong else ""
    print(f"known   {f'as {name}' if name else 'no'}{other}")
    fit = _tell_loading(path)
    if wrong or not fit:
        raise typer.Exit(EXIT_CONFIGURATION)


def _tell_loading(path: Path) -> bool:
    """Say whether a file is let through by the fixed list of classes."""
    from physcheck.errors import ConfigurationError, MissingExtraError

    if path.suffix == ".onnx":
        print("loads   needs no trust: ONNX holds no program of Python's")
        return True
    try:
        from physcheck.detectors.yolo.loading import load_checkpoint

        checkpoint = load_checkpoint(path)
    except MissingExtraError as error:
        print(f"loads   not checked: {error}")
        return True
    except ConfigurationError as error:
        print(f"loads   no: {error}")
        return False
    masks = "boxes and masks" if checkpoint.n_coefficients else "boxes"
    print(f"loads   weights only, no trust needed: {len(checkpoint.names)} classes, {masks}")
    return True

"""Modules that an extra brings, or an error that says how to get them."""

from __future__ import annotations

import importlib
from typing import Any

from physcheck.errors import MissingExtraError

__all__ = ["optional"]


def optional(module: str, need: str, install: str) -> Any:
    """Import a module that an extra brings.

    Args:
        module: its full name. need: what wants it, for the message.
        install: how to get it.

    Raises:
        MissingExtraError: it is not installed, or cannot be imported.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.split(".")[0]
        reason = "is not installed" if error.name == name else f"cannot be imported: {error}"
        raise MissingExtraError(f"{need} needs {name}, which {reason}; {install}") from None

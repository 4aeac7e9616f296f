"""The exceptions that physcheck raises on purpose.

    PhyscheckError
    |-- InputError          some input could not be read                (exit 3)
    |-- ConfigurationError  a flag, a pack or a setting is wrong        (exit 2)
    |   `-- PackError       a rule pack is wrong: file, rule and field
    |-- MissingExtraError   an optional part is not installed           (exit 2)
    `-- ShapeError          an array does not have the promised shape   (a bug)

Each message says which file or field, what is wrong, and what to do.
"""

from __future__ import annotations

__all__ = [
    "ConfigurationError",
    "InputError",
    "MissingExtraError",
    "PackError",
    "PhyscheckError",
    "ShapeError",
]


class PhyscheckError(Exception):
    """Anything that physcheck raises on purpose."""


class InputError(PhyscheckError):
    """A video (or another input file) could not be read."""


class ConfigurationError(PhyscheckError):
    """A flag, an environment variable or a setting is wrong."""


class PackError(ConfigurationError):
    """A rule pack is wrong; the message names file, rule and field."""


class MissingExtraError(PhyscheckError):
    """An optional part of physcheck is needed and not installed."""


class ShapeError(PhyscheckError, ValueError):
    """An array does not have the shape that its type promises."""

"""Files that are there as a whole or not at all, whoever else writes or is interrupted."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from physcheck.errors import ConfigurationError

__all__ = ["TEMPORARY", "check_writable", "replace_file", "write_text"]

TEMPORARY = ".part-"
"""How the names begin that files have while they are written."""


def replace_file(path: Path, data: bytes) -> None:
    """Write to a temporary file beside `path`, then rename it over `path`.

    What was there gives its permissions to what replaces it.

    Raises:
        OSError: it could not be written; what was there is untouched, nothing is left over.
    """
    temporary = path.with_name(f"{TEMPORARY}{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            # A renamed file must not be empty after the machine has lost its power.
            os.fsync(stream.fileno())
        if path.exists():
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a result for the user as UTF-8, as a whole or not at all.

    Raises:
        ConfigurationError: the file could not be written; what was there is untouched.
    """
    try:
        replace_file(path, text.encode("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: could not be written: {error.strerror}") from error


def check_writable(path: Path) -> None:
    """Fail early, before any work, where a result could not be written.

    Raises:
        ConfigurationError: the folder is missing or read-only, or the path is a folder.
    """
    if path.is_dir():
        raise ConfigurationError(f"{path}: is a folder; name a file")
    if not path.parent.is_dir():
        raise ConfigurationError(f"{path}: there is no folder {path.parent}; create it first")
    if not os.access(path.parent, os.W_OK):
        raise ConfigurationError(f"{path}: the folder {path.parent} cannot be written to")

"""Write a result as a whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from physcheck.errors import ConfigurationError

__all__ = ["check_writable", "write_atomically"]


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


def write_atomically(path: Path, text: str) -> None:
    """Write UTF-8 text to a temporary file beside `path`, then rename it over `path`.

    Raises:
        ConfigurationError: the file could not be written; what was there is untouched.
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(_mode_of(path))
        Path(temporary).replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path}: could not be written: {error.strerror}") from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def _mode_of(path: Path) -> int:
    """Permissions of the file to be replaced, or what a new file would get."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask

"""Files that are there as a whole or not at all, whoever else writes or is interrupted."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["TEMPORARY", "replace_file"]

TEMPORARY = ".part-"
"""How the names begin that files have while they are written."""


def replace_file(path: Path, data: bytes) -> None:
    """Write to a temporary file beside `path`, then rename it over `path`.

    Raises:
        OSError: it could not be written; what was there is untouched, nothing is left over.
    """
    handle, name = tempfile.mkstemp(prefix=f"{TEMPORARY}{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    """What new files are denied; it can be asked for only by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask

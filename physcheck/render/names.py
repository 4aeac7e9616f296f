"""Names of files for what belongs to clips, whose own names may be anything."""

from __future__ import annotations

import re
from pathlib import PurePath

__all__ = ["Names", "clip_name"]

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 80


def clip_name(path: str) -> str:
    """The last part of a path, whatever the system it comes from."""
    return PurePath(path.replace("\\", "/")).name or path


class Names:
    """Gives names that are safe anywhere, and each only once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, path: str) -> str:
        """A name for what belongs to a clip, without a suffix."""
        whole = clip_name(path)
        plain = _UNSAFE.sub("_", whole.rpartition(".")[0] or whole).strip("._-")[:_LONGEST]
        name, n_tries = plain or "clip", 1
        while name.lower() in self._taken:
            n_tries += 1
            name = f"{plain or 'clip'}-{n_tries}"
        self._taken.add(name.lower())
        return name

"""Detections of pieces in a folder of bounded size, safe to share among processes."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from physcheck.atomic import TEMPORARY, replace_file
from physcheck.cache.packing import pack, unpack
from physcheck.errors import ConfigurationError
from physcheck.types import Detections

__all__ = ["CacheContent", "DetectionCache"]

_SUFFIX = ".detections"
_ABANDONED_S = 60.0
"""A file half written for so long has nobody who will finish it."""
_ROOM = 0.9
"""Share of the limit that is left after tidying."""
_TIDY_SHARE = 1 / 32
"""Share of the limit that a process may write before it looks at the folder again."""


class CacheContent(NamedTuple):
    """What a cache holds. n_bytes: of all its files. oldest_s, newest_s: last use, Unix time."""

    n_entries: int
    n_bytes: int
    oldest_s: float | None
    newest_s: float | None


class _Entry(NamedTuple):
    path: Path
    n_bytes: int
    used_s: float


class DetectionCache:
    """Detections of pieces in a folder of bounded size.

    Attributes:
        problem: why nothing more is written, or "".
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Name the folder; it is made when the first entry is written.

        Args:
            folder: where the files lie; what else lies there is let be.
            limit_bytes: of all files together.
        """
        self.folder = folder
        self.limit_bytes = limit_bytes
        self.problem = ""
        self._unseen_bytes = limit_bytes

    def has_any(self, start: str) -> bool:
        """Whether there is an entry whose key begins so; it may be gone, or damaged, later."""
        return any(item.name.startswith(start) for item in _scan(self.folder))

    def get(self, key: str, n: int) -> list[Detections] | None:
        """The detections of a piece of n frames, or None where they are not known."""
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        found = unpack(data)
        if found is None or len(found) != n:
            _remove(path)
            return None
        # Somebody else's file is read, and its age stays.
        with contextlib.suppress(OSError):
            os.utime(path)
        return found

    def put(self, key: str, detections: Sequence[Detections]) -> None:
        """Keep the detections of a piece, if that can be done."""
        if self.problem:
            return
        data = pack(detections)
        if len(data) > self.limit_bytes:
            return
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_file(self._path(key), data)
        except OSError as error:
            self.problem = f"{self.folder}: nothing more is cached: {error.strerror}"
            return
        self._unseen_bytes += len(data)
        if self._unseen_bytes > self.limit_bytes * _TIDY_SHARE:
            self._tidy()

    def content(self) -> CacheContent:
        """Count what is there."""
        entries = list(self._entries())
        used_s = [entry.used_s for entry in entries]
        n_bytes = sum(entry.n_bytes for entry in entries)
        return CacheContent(
            len(entries), n_bytes, min(used_s, default=None), max(used_s, default=None)
        )

    def clear(self) -> CacheContent:
        """Remove every entry, and what interrupted processes left.

        Returns:
            What was removed.

        Raises:
            ConfigurationError: something could not be removed.
        """
        before = self.content()
        for path in self._leftovers():
            _remove(path)
        kept = [entry.path for entry in self._entries() if not _remove(entry.path)]
        if kept:
            raise ConfigurationError(f"{kept[0]}: cannot be removed, and {len(kept) - 1} others")
        return before

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{_SUFFIX}"

    def _entries(self) -> Iterator[_Entry]:
        for item in _scan(self.folder):
            if item.name.endswith(_SUFFIX) and not item.name.startswith(TEMPORARY):
                try:
                    status = item.stat()
                except OSError:
                    continue
                yield _Entry(Path(item.path), status.st_size, status.st_mtime)

    def _leftovers(self) -> Iterator[Path]:
        """Files that were begun and never finished."""
        for item in _scan(self.folder):
            if item.name.startswith(TEMPORARY) and _SUFFIX in item.name:
                try:
                    if time.time() - item.stat().st_mtime >= _ABANDONED_S:
                        yield Path(item.path)
                except OSError:
                    continue

    def _tidy(self) -> None:
        """Let the least recently used entries go where there are too many."""
        self._unseen_bytes = 0
        for path in self._leftovers():
            _remove(path)
        entries = sorted(self._entries(), key=lambda entry: entry.used_s)
        n_bytes = sum(entry.n_bytes for entry in entries)
        if n_bytes <= self.limit_bytes:
            return
        for entry in entries:
            if n_bytes <= _ROOM * self.limit_bytes:
                break
            if _remove(entry.path):
                n_bytes -= entry.n_bytes


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as items:
            return list(items)
    except OSError:
        return []


def _remove(path: Path) -> bool:
    """Whether the file is gone."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True

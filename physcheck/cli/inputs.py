"""Turn the PATH arguments into the list of clips to look at."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from physcheck.records import Unread

__all__ = ["VIDEO_SUFFIXES", "find_clips"]

VIDEO_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("3gp", "avi", "flv", "gif", "m2ts", "m4v", "mkv", "mov"),
        *("mp4", "mpeg", "mpg", "mts", "ogv", "ts", "webm", "wmv"),
    )
)

Found = str | Unread


def find_clips(arguments: Sequence[str]) -> list[Found]:
    """Name every clip once, in the order of the arguments.

    Args:
        arguments: files, folders, globs, `@list.txt`, or `-` for a list on stdin.

    Returns:
        Paths as they were written; what does not exist or is empty as `Unread`.
    """
    seen: set[str] = set()
    clips: list[Found] = []
    for found in _expand_all(arguments, lists=True):
        key = os.path.realpath(found) if isinstance(found, str) else f"\0{found.path}"
        if key not in seen:
            seen.add(key)
            clips.append(found)
    return clips


def _expand_all(arguments: Iterable[str], *, lists: bool) -> Iterator[Found]:
    for argument in arguments:
        yield from _expand(argument, lists=lists)


def _expand(argument: str, *, lists: bool) -> Iterable[Found]:
    if os.path.isfile(argument):  # noqa: PTH113 (a NUL in the name must not raise)
        return [argument]
    if os.path.isdir(argument):  # noqa: PTH112
        return _in_folder(argument)
    if lists and argument == "-":
        return _in_list("-", sys.stdin.read(), Path())
    if lists and argument.startswith("@"):
        return _in_list_file(argument[1:])
    if glob.has_magic(argument):
        return _in_glob(argument)
    return [Unread(path=argument, error="no such file or folder")]


def _in_folder(folder: str) -> list[Found]:
    """Videos of a folder and those below, sorted; hidden ones are left out."""
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [str(Path(root, name)) for name in names if _is_video(name)]
    if not found:
        return [Unread(path=folder, error="no video in this folder")]
    return [*sorted(found)]


def _is_video(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in VIDEO_SUFFIXES


def _in_glob(pattern: str) -> Iterable[Found]:
    matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 (keeps `./` as typed)
    if not matches:
        return [Unread(path=pattern, error="nothing matches this pattern")]
    files = [match for match in matches if Path(match).is_file()]
    return list(files) if files else _expand_all(matches, lists=False)


def _in_list_file(name: str) -> Iterable[Found]:
    try:
        text = Path(name).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        return [Unread(path=f"@{name}", error=error.strerror or "cannot be read")]
    return _in_list(f"@{name}", text, Path(name).parent)


def _in_list(name: str, text: str, folder: Path) -> Iterable[Found]:
    """Entries of a list, one a line; `#` starts a remark.

    They are relative to the working folder or, failing that, to the list's folder.
    """
    lines = [line.strip() for line in text.splitlines()]
    entries = [line for line in lines if line and not line.startswith("#")]
    if not entries:
        return [Unread(path=name, error="the list is empty")]
    return _expand_all((_beside(entry, folder) for entry in entries), lists=False)


def _beside(entry: str, folder: Path) -> str:
    beside = folder / entry
    return str(beside) if not os.path.exists(entry) and beside.exists() else entry  # noqa: PTH110

"""Label files read: JSON or CSV."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from physcheck.errors import InputError
from physcheck.labels.clips import ClipLabel, LabelSet, check_unique
from physcheck.labels.from_csv import entries_of_csv

__all__ = ["read_labels"]


def read_labels(path: Path, fps_of: Callable[[Path], float] | None = None) -> LabelSet:
    """Read a label file: JSON (a list of clips, or {"clips": [...]}), or CSV by its suffix.

    CSV has a header with the columns clip, kind, start_s, end_s, and may have object, note,
    fps, origin, camera, pair_id, source; others are not read. One row is one violation; a
    row without a kind says that the clip is clean. Times become the nearest frame, both ends
    inclusive, at a constant frame rate: that of the column fps, else what `fps_of` says.

    Args:
        fps_of: gives the frame rate of a clip; asked only where a time must become a frame.

    Raises:
        InputError: the file cannot be read, or is wrong: which clip, which field, why.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: could not be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text; save it as UTF-8") from error
    if path.suffix.lower() == ".csv":
        entries = entries_of_csv(path, text, fps_of)
    else:
        entries = _entries_of_json(path, text)
    clips = tuple(_clip_label(path, number, entry) for number, entry in enumerate(entries))
    check_unique(path, clips)
    return LabelSet(name=_name_of(path), folder=path.parent, clips=clips)


def _name_of(path: Path) -> str:
    """The file's own name, or its folder's where the file is called labels."""
    return path.resolve().parent.name if path.stem == "labels" else path.stem


def _entries_of_json(path: Path, text: str) -> list[Any]:
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}") from None
    entries = data.get("clips") if isinstance(data, dict) else data
    if not isinstance(entries, list):
        raise InputError(f'{path}: neither a list of clips nor {{"clips": [...]}}')
    return entries


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number; leave the field out")


def _clip_label(path: Path, number: int, entry: Any) -> ClipLabel:
    try:
        return ClipLabel.model_validate(entry)
    except ValidationError as error:
        named = isinstance(entry, dict) and entry.get("clip")
        raise InputError(f"{path}: {named or f'clip {number}'}: {_explain(error)}") from None


def _explain(error: ValidationError) -> str:
    """The first thing that is wrong: field, and what about it."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place + ': ' if place else ''}{first['msg'].removeprefix('Value error, ')}"

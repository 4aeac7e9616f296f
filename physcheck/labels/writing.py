"""Label files written, and their JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

from physcheck.atomic import write_text
from physcheck.labels.clips import ClipLabel, check_unique

__all__ = ["LABELS_VERSION", "labels_schema_json", "to_plain", "write_labels"]

LABELS_VERSION = "1.0"

_ALWAYS_OF_CLIP = frozenset({"clip", "origin", "verdict", "fps", "frames"})
_ALWAYS_OF_VIOLATION = frozenset(
    {"kind", "start_frame", "end_frame", "object", "box_at_peak", "note"}
)


def to_plain(clips: Iterable[ClipLabel]) -> list[dict[str, Any]]:
    """The clips as they stand in a label file.

    The fields of the contract are always there, the others where they say something.
    """
    return [_plain(clip) for clip in clips]


def _plain(clip: ClipLabel) -> dict[str, Any]:
    violations = [_said(one, _ALWAYS_OF_VIOLATION) for one in clip.violations]
    return _said(clip, _ALWAYS_OF_CLIP) | {"violations": violations}


def _said(label: BaseModel, always: frozenset[str]) -> dict[str, Any]:
    """A branch in the order of its fields, without what is not said."""
    said = label.model_dump(mode="json", exclude_defaults=True).keys() | always
    return {name: value for name, value in label.model_dump(mode="json").items() if name in said}


def write_labels(path: Path, clips: Iterable[ClipLabel]) -> None:
    """Write a JSON label file as a whole or not at all.

    Raises:
        InputError: a clip stands there twice.
        ConfigurationError: the file could not be written; what was there is untouched.
    """
    labels = tuple(clips)
    check_unique(path, labels)
    text = "[\n" + ",\n".join(_block(entry) for entry in to_plain(labels)) + "\n]\n"
    write_text(path, text)


def _block(entry: dict[str, Any]) -> str:
    """A clip as JSON text: one line a field, one line a violation."""
    rows = []
    for name, value in entry.items():
        if name == "violations" and value:
            inner = ",\n".join(f"      {json.dumps(one, ensure_ascii=False)}" for one in value)
            rows.append(f'    "violations": [\n{inner}\n    ]')
        else:
            rows.append(f'    "{name}": {json.dumps(value, ensure_ascii=False)}')
    return "  {\n" + ",\n".join(rows) + "\n  }"


def labels_schema_json() -> str:
    """The JSON Schema of a label file."""
    adapter: TypeAdapter[Any] = TypeAdapter(tuple[ClipLabel, ...] | LabelFile)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"physcheck labels {LABELS_VERSION}",
        **adapter.json_schema(),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


class LabelFile(BaseModel):
    """The clips with room for other things beside them."""

    model_config = ConfigDict(extra="allow")

    clips: tuple[ClipLabel, ...]

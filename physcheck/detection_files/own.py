"""Detections in a JSON of our own: nothing is lost but masks.

    {"format": "physcheck-detections", "schema_version": "1.0",
     "clip": "toss.mp4", "width": 1280, "height": 720, "n_frames": 90,
     "detector": {"name": "yolo", ...},
     "frames": [{"frame": 0, "boxes": [[x1, y1, x2, y2], ...], "scores": [...],
                 "labels": [...], "noise_px": [[cx, cy, w, h], ...]}, ...]}

Frames are 0-based, boxes in px of a picture of width x height. Only `format` and
`frames`, and in a frame `frame` and `boxes`, are needed. A frame without boxes may be
left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from physcheck.detection_files.rows import NO_NOISE, Count, Four, Row, Rows
from physcheck.errors import InputError
from physcheck.types import Detections

__all__ = ["FORMAT", "explain", "format_own", "parse_own"]

FORMAT = "physcheck-detections"
_DIGITS = 4
_SCORE_DIGITS = 6


class _Part(BaseModel):
    """What is not known here is skipped."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class _Frame(_Part):
    frame: Count
    boxes: tuple[Four, ...]
    scores: tuple[float, ...] | None = None
    labels: tuple[str, ...] | None = None
    noise_px: tuple[Four | None, ...] | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for name in ("scores", "labels", "noise_px"):
            values = getattr(self, name)
            if values is not None and len(values) != len(self.boxes):
                raise ValueError(f"{len(self.boxes)} boxes and {len(values)} {name}")
        if any(not 0 <= score <= 1 for score in self.scores or ()):
            raise ValueError("scores must lie between 0 and 1")
        if any(noise and not min(noise) > 0 for noise in self.noise_px or ()):
            raise ValueError("noise_px must be positive")
        return self


class _File(_Part):
    format: Literal["physcheck-detections"]
    schema_version: Literal["1.0"] = "1.0"
    clip: str = ""
    width: int | None = Field(default=None, gt=0)
    height: int | None = Field(default=None, gt=0)
    n_frames: Count | None = None
    frames: tuple[_Frame, ...]

    @model_validator(mode="after")
    def _once(self) -> Self:
        numbers = [one.frame for one in self.frames]
        if len({*numbers}) != len(numbers):
            raise ValueError("a frame stands in the list twice")
        return self


def parse_own(data: Any, name: str) -> Rows:
    """Read what `format_own` wrote.

    Args:
        data: the JSON, read. name: how messages call the file.

    Raises:
        InputError: something is wrong; the message names file and field.
    """
    try:
        file = _File.model_validate(data)
    except ValidationError as error:
        raise InputError(explain(error, name)) from None
    known = file.width is not None and file.height is not None
    return Rows(
        rows=[row for k, frame in enumerate(file.frames) for row in _rows(frame, k)],
        clip=file.clip,
        size_px=(file.width or 0, file.height or 0) if known else None,
        n_frames=file.n_frames,
    )


def _rows(frame: _Frame, place: int) -> list[Row]:
    n = len(frame.boxes)
    return [
        Row(frame.frame, box, score, label, noise or NO_NOISE, f"frames[{place}].boxes[{k}]")
        for k, (box, score, label, noise) in enumerate(
            zip(
                frame.boxes,
                frame.scores or (float("nan"),) * n,
                frame.labels or ("",) * n,
                frame.noise_px or (None,) * n,
                strict=True,
            )
        )
    ]


def format_own(
    frames: Mapping[int, Detections],
    *,
    clip: str,
    size_px: tuple[int, int] | None,
    n_frames: int | None,
    detector: Mapping[str, Any] | None,
) -> str:
    """The JSON of detections, one line a frame."""
    head: dict[str, Any] = {"format": FORMAT, "schema_version": "1.0"}
    if clip:
        head["clip"] = clip
    if size_px:
        head["width"], head["height"] = size_px
    if n_frames is not None:
        head["n_frames"] = n_frames
    if detector:
        head["detector"] = dict(detector)
    lines = [f"  {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items()]
    rows = [f"    {json.dumps(_plain(frame, frames[frame]))}" for frame in sorted(frames)]
    listed = "[\n" + ",\n".join(rows) + "\n  ]" if rows else "[]"
    return "{\n" + "".join(lines) + f'  "frames": {listed}\n' + "}\n"


def _plain(frame: int, seen: Detections) -> dict[str, Any]:
    return {
        "frame": frame,
        "boxes": seen.boxes.round(_DIGITS).tolist(),
        "scores": seen.scores.round(_SCORE_DIGITS).tolist(),
        "labels": seen.labels.tolist(),
        "noise_px": seen.noise_px.round(_DIGITS).clip(10.0**-_DIGITS).tolist(),
    }


def explain(error: ValidationError, name: str) -> str:
    """One sentence on the first thing that is wrong, with the path of the field."""
    first = error.errors(include_url=False)[0]
    field = ""
    for part in first["loc"]:
        field += f"[{part}]" if isinstance(part, int) else f".{part}" if field else str(part)
    text = first["msg"].removeprefix("Value error, ")
    plain = isinstance(first["input"], str | int | float | None)
    got = f", got {first['input']!r}" if plain and first["type"] != "value_error" else ""
    return f"{name}: {field + ': ' if field else ''}{text}{got}"

"""Labelled clips: what a person says is wrong in which frames, read from files and written.

A label file is a JSON list of clips (or CSV, see `read_labels`). Frames are 0-based
and inclusive. The interval of a violation is the change itself: for a thing that
vanishes from the last frame in which it is whole to the first in which it is gone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["BoxAt", "ClipLabel", "LabelSet", "ViolationLabel"]

BoxAt = tuple[int, float, float, float, float]
"""A frame, and x1, y1, x2, y2 in px of the clip."""


class _Label(BaseModel):
    """A frozen branch of the labels. What is not known here is kept as it is."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)


class ViolationLabel(_Label):
    """One thing that is wrong. Frames are inclusive."""

    kind: str = Field(description="name of a check, e.g. vanish")
    start_frame: int = Field(ge=0)
    end_frame: int = Field(ge=0, description="inclusive")
    object: str = ""
    box_at_peak: BoxAt | None = Field(default=None, description="frame, x1, y1, x2, y2, px")
    note: str = ""
    magnitude: float | None = Field(default=None, description="how strong, in magnitude_unit")
    magnitude_unit: str = ""
    size_px: float | None = Field(
        default=None, description="geometric mean of width and height of the thing, px"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end_frame < self.start_frame:
            raise ValueError(f"end_frame {self.end_frame} is before start_frame {self.start_frame}")
        return self


class ClipLabel(_Label):
    """What is known of one clip."""

    clip: str = Field(description="path of the video, relative to the label file")
    origin: str = Field(default="unknown", description="real, generated, mutated, simulated, ...")
    verdict: Literal["violation", "clean", "unsure"]
    fps: float | None = Field(default=None, gt=0)
    frames: int | None = Field(default=None, ge=0)
    violations: tuple[ViolationLabel, ...] = ()
    pair_id: str | None = Field(
        default=None, description="shared by clips that differ in the violation only"
    )
    tags: tuple[str, ...] = ()
    camera: str = "unknown"
    source: str | None = Field(
        default=None, description="where it comes from; clips of one source are not independent"
    )
    source_repo: str | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.verdict == "clean" and self.violations:
            raise ValueError("a clean clip has no violations; say verdict: violation")
        return self

    @property
    def group(self) -> str:
        """Clips of one group are not independent: same source, or else same pair."""
        return self.source or self.source_repo or self.pair_id or self.clip


class LabelSet(NamedTuple):
    """A label file. name: for tables. folder: clips are relative to it."""

    name: str
    folder: Path
    clips: tuple[ClipLabel, ...]

    def path_of(self, label: ClipLabel) -> Path:
        """Where a clip lies."""
        return self.folder / label.clip


def to_plain(clips: tuple[ClipLabel, ...]) -> list[dict[str, Any]]:
    """The clips as they stand in a label file: without what is not said."""
    return [clip.model_dump(mode="json", exclude_defaults=True) for clip in clips]

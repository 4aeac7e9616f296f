"""What is said of a clip, and what cannot be said."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from physcheck.errors import InputError

__all__ = ["BoxAt", "ClipLabel", "LabelSet", "ViolationLabel", "check_unique"]

BoxAt = tuple[int, float, float, float, float]
"""A frame, and x1, y1, x2, y2 in px of the clip."""


class _Label(BaseModel):
    """A frozen branch of the labels. What is not known here is kept as it is."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)


class ViolationLabel(_Label):
    """One thing that is wrong. Frames are inclusive."""

    kind: str = Field(min_length=1, description="name of a check, e.g. vanish")
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
        if self.box_at_peak is not None:
            frame, x1, y1, x2, y2 = self.box_at_peak
            if frame < 0 or x2 < x1 or y2 < y1:
                raise ValueError(f"box_at_peak {self.box_at_peak} is not frame, x1, y1, x2, y2")
        return self


class ClipLabel(_Label):
    """What is known of one clip."""

    clip: str = Field(min_length=1, description="path of the video, relative to the label file")
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
        last = max((one.end_frame for one in self.violations), default=-1)
        if self.frames is not None and last >= self.frames:
            raise ValueError(f"end_frame {last} is not in the clip, which has {self.frames} frames")
        return self

    @property
    def placed(self) -> bool:
        """Whether it is known which frames are wrong: clean, or violating with intervals."""
        return self.verdict == "clean" or (self.verdict == "violation" and bool(self.violations))

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


def check_unique(path: Path, clips: Iterable[ClipLabel]) -> None:
    """Refuse a file that has two entries for one clip.

    Raises:
        InputError: it has.
    """
    seen: set[str] = set()
    for one in clips:
        place = os.path.normpath(one.clip)
        if place in seen:
            raise InputError(f"{path}: {one.clip}: labelled twice; put all into one entry")
        seen.add(place)

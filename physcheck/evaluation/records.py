"""The frozen tree of an evaluation, how it goes to JSON, and how it comes back.

As in a report there is no NaN in here: a figure that could not be told is None.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from physcheck import __version__
from physcheck.errors import InputError

__all__ = [
    "SCHEMA_VERSION",
    "AlarmRow",
    "CurveRecord",
    "Evaluation",
    "Figure",
    "KindRow",
    "RecallBin",
    "RuleRow",
    "Section",
    "SetEvaluation",
    "UnscoredClip",
    "WorstClip",
]

SCHEMA_VERSION: Literal["1.0"] = "1.0"


class _Record(BaseModel):
    """A frozen branch. Fields of later versions are skipped when reading."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Figure(_Record):
    """One number, how sure it is, and what a predictor that knows no physics gets."""

    value: float | None = Field(description="null where it is not defined")
    low: float | None = Field(default=None, description="lower end of the 95 % interval")
    high: float | None = Field(default=None, description="upper end of the 95 % interval")
    n: int = Field(description="what it rests on: clips, events, claims, frames or pairs")
    baseline: str | None = Field(
        default=None, description="the physics-free predictor that does best on this figure"
    )
    baseline_value: float | None = None


Section = dict[str, Figure]


class KindRow(_Record):
    """How much of one labelled kind is noticed."""

    n_labelled: int
    hit: Figure = Field(description="share hit by a claim of any kind")
    hit_by_name: Figure = Field(description="share hit by a claim of this kind")


class RuleRow(_Record):
    """How much of what one rule claims is right."""

    n_claims: int
    n_right_by_name: int = Field(description="claims that hit a labelled event of their own kind")
    precision: Figure = Field(description="share that hits a labelled event of any kind")
    n_alarms: int = Field(description="claims about clean clips")
    n_clean_clips: int = Field(description="clean clips it accuses")


class AlarmRow(_Record):
    """False alarms on one sort of clean clips."""

    n_flagged: int
    n_clips: int


class RecallBin(_Record):
    """Recall of the events whose magnitude lies in a range."""

    low: float
    high: float
    n: int
    recall: float


class CurveRecord(_Record):
    """How recall grows with the magnitude of one kind, in one unit."""

    kind: str
    unit: str
    split: str = Field(default="", description="which of them, e.g. camera static; empty is all")
    n: int
    smallest_seen: float | None = Field(
        description="magnitude seen 90 % of the time by the fit; null outside the range of the data"
    )
    intercept: float | None = Field(description="of the logit at ln(magnitude) = 0")
    slope: float | None = Field(description="of the logit over ln(magnitude)")
    bins: tuple[RecallBin, ...] = ()


class WorstClip(_Record):
    """A miss or a false alarm that deserves a look."""

    clip: str
    what: str = Field(description="what was missed, or what was claimed")
    violation: float = Field(description="what the predictor says, 0 clean to 1 violated")
    report: str = Field(default="", description="path of the report, from the written file")


class UnscoredClip(_Record):
    """A clip for which there is no score. It counts as clean."""

    clip: str
    verdict: str
    reason: str
    read: bool = Field(description="false where the clip or its report could not be read")


class SetEvaluation(_Record):
    """The figures of one label file, or of all together."""

    name: str
    folders: tuple[str, ...] = Field(description="where the label files lie")
    n_violating: int
    n_clean: int
    n_unsure: int = Field(description="counted nowhere")
    n_groups: int = Field(description="independent sources among the clips that count")
    minutes: float = Field(description="of footage that was looked at")
    clips: Section
    events: Section
    frames: Section
    false_alarms: Section
    pairs: Section
    by_kind: dict[str, KindRow] = Field(default_factory=dict)
    by_rule: dict[str, RuleRow] = Field(default_factory=dict)
    by_size: dict[str, Figure] = Field(
        default_factory=dict, description="events hit, by size of the thing"
    )
    by_camera: dict[str, Figure] = Field(
        default_factory=dict, description="events hit, by motion of the camera"
    )
    alarms_by_camera: dict[str, AlarmRow] = Field(default_factory=dict)
    alarms_by_tag: dict[str, AlarmRow] = Field(default_factory=dict)
    curves: tuple[CurveRecord, ...] = ()
    misses: tuple[WorstClip, ...] = ()
    alarms: tuple[WorstClip, ...] = ()
    unscored: tuple[UnscoredClip, ...] = ()


class Evaluation(_Record):
    """What `physcheck evaluate` found."""

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    physcheck: str = __version__
    predictor: str = Field(default="physcheck", description="what was judged")
    settings: dict[str, str] = Field(default_factory=dict, description="detector, pack, config")
    n_draws: int = Field(description="bootstrap draws behind each interval")
    seed: int
    sets: tuple[SetEvaluation, ...] = Field(description="'all' first where there are several")

    def to_json(self) -> str:
        """Write the evaluation as JSON text; `from_json` gives an equal one back."""
        return self.model_dump_json(indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read an evaluation.

        Raises:
            InputError: the text is none of this major version.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise InputError(f"not a physcheck evaluation: {place}: {first['msg']}") from None

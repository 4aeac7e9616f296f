"""The frozen tree of a report, how it goes to JSON, and how it comes back.

Two trees that hold the same are equal, and what is written is what is held:
there is no NaN in here, a number that could not be told is None, null in JSON.
"""

from __future__ import annotations

import json
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from physcheck import __version__
from physcheck.errors import InputError

__all__ = [
    "FLAG_PROBABILITY",
    "SCHEMA_VERSION",
    "AlternativeRecord",
    "Box",
    "ContactRecord",
    "DetectorInfo",
    "EndingRecord",
    "FrameSpan",
    "IncidentRecord",
    "OverlapRecord",
    "PackInfo",
    "Report",
    "ReportSet",
    "ReturnRecord",
    "RuleTimeline",
    "SignalRecord",
    "TimelineRecord",
    "TrackRecord",
    "Unread",
    "VideoInfo",
    "ViolationRecord",
    "read_reports",
    "schema_json",
]

SCHEMA_VERSION: Literal["1.0"] = "1.0"
FLAG_PROBABILITY = 0.5
"""A clip is flagged when a violation is at least this probable."""

_LINE = 100

Box = tuple[float, float, float, float]
FrameSpan = tuple[int, int]


class _Record(BaseModel):
    """A frozen branch of the report. Fields of later versions are skipped when reading."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class VideoInfo(_Record):
    """The clip itself."""

    path: str
    width: int = Field(description="px")
    height: int = Field(description="px")
    frames: int = Field(description="decoded frames")
    duration_s: float
    shots: tuple[FrameSpan, ...] = Field(
        description="[start, stop) frames of each run without a cut"
    )


class DetectorInfo(_Record):
    """What looked at the pixels."""

    name: str
    weights_sha256: str | None = None
    device: str = "cpu"
    settings: dict[str, Any] = Field(default_factory=dict)


class PackInfo(_Record):
    """Which rules were applied."""

    name: str
    version: str
    sha256: str


class AlternativeRecord(_Record):
    """An innocent explanation that was tried, and what it measured."""

    name: str
    log_odds: float | None = Field(description="nats; positive speaks against this explanation")
    measured: str


class ViolationRecord(_Record):
    """A rule that is broken: by whom, when, by how much."""

    id: str
    rule: str
    group: str
    track_ids: tuple[int, ...]
    label: str
    start_frame: int
    stop_frame: int = Field(description="exclusive")
    start_s: float
    stop_s: float
    peak_frame: int
    box: Box = Field(description="x1, y1, x2, y2 at the peak, px")
    peak: float | None
    limit: float | None
    unit: str
    probability: float
    explanation: str
    alternatives: tuple[AlternativeRecord, ...] = ()


class IncidentRecord(_Record):
    """Violations that belong together, told as one story, the first cause first."""

    id: str
    violation_ids: tuple[str, ...] = Field(description="each violation is in one incident")
    track_ids: tuple[int, ...]
    start_frame: int
    stop_frame: int = Field(description="exclusive")
    start_s: float
    stop_s: float
    probability: float = Field(description="of its surest violation")
    explanation: str


class ReturnRecord(_Record):
    """When and where a thing that went behind something should come out by its own motion."""

    start_frame: int = Field(description="earliest frame in which a part of it may show")
    due_frame: int = Field(description="frame by which, at its own pace, all of it is out")
    stop_frame: int = Field(description="exclusive; may lie beyond the end of the shot")
    box: Box = Field(description="where it should come out, px")
    behind: str = Field(description="what hides it")
    empty_until: int | None = Field(description="last frame up to which nothing shows there")
    overdue: float | None = Field(description="standard deviations from due_frame to then")
    doubt: str = Field(description="why it may well stay there, or empty")


class EndingRecord(_Record):
    """How a track begins or ends, and why it is thought so."""

    frame: int
    cause: str
    log_odds: float | None = Field(description="of 'open' against all innocent causes, nats")
    reason: str = Field(description="why it could not be told, or empty")
    alternatives: tuple[AlternativeRecord, ...] = ()
    partner: int = Field(description="track it merged with, split from or jumped to, or -1")
    awaited: ReturnRecord | None = Field(
        default=None, description="of a death behind something: when it should be back"
    )


class TrackRecord(_Record):
    """One thing followed through a shot. The arrays have one entry a frame."""

    id: int
    label: str
    frames: tuple[int, ...]
    boxes: tuple[Box, ...]
    observed: tuple[bool, ...]
    birth: EndingRecord
    death: EndingRecord


class ContactRecord(_Record):
    """A thing touches something that is below it."""

    track_id: int
    other_id: int = Field(description="the track that it touches, or -1")
    frame: int
    point: tuple[float, float] = Field(description="x, y, px")
    kind: str = Field(description="bounce, rest or turn")
    sigma_px: float = Field(description="how well the place is known")


class OverlapRecord(_Record):
    """A part of a thing is hidden for a while: who is in front. One entry a frame."""

    track_id: int
    frames: tuple[int, ...]
    in_front: tuple[float | None, ...] = Field(
        description="log odds that the thing is in front, nats; null where it is not told"
    )
    hidden: tuple[float, ...] = Field(description="share of the outline that is behind")
    turned: float = Field(description="share of the outline in which the order turns round")
    turned_frame: int = Field(description="first frame after that")


class RuleTimeline(_Record):
    """One lane of the timeline."""

    judged: tuple[FrameSpan, ...] = Field(
        description="[start, stop) frames in which the rule judged"
    )
    peak_excess: float | None = Field(description="largest value / limit of the clip")
    excess: tuple[float | None, ...] | None = Field(
        default=None, description="value / limit per frame, null where not judged; or null"
    )
    abstained: dict[str, float] = Field(
        default_factory=dict, description="reason: share of visible track-frames"
    )


class TimelineRecord(_Record):
    """How close each rule came to its limit."""

    times_s: tuple[float, ...]
    rules: dict[str, RuleTimeline]


class SignalRecord(_Record):
    """What a check measured on one thing. The arrays have one entry a frame."""

    rule: str
    track_ids: tuple[int, ...]
    label: str
    unit: str
    frames: tuple[int, ...]
    values: tuple[float | None, ...]
    reasons: tuple[str, ...] = Field(description="why it abstained, or empty")
    boxes: tuple[Box | None, ...]


class Report(_Record):
    """What physcheck found in one clip."""

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    physcheck: str = __version__
    video: VideoInfo
    detector: DetectorInfo
    pack: PackInfo
    config_sha256: str
    score: float | None = Field(ge=0, le=1, description="1 nothing found, null could not tell")
    score_reason: str
    calibrated: bool
    coverage: dict[str, float | None] = Field(
        description="per rule, share of visible track-frames judged; null where there were none"
    )
    violations: tuple[ViolationRecord, ...] = ()
    incidents: tuple[IncidentRecord, ...] = ()
    tracks: tuple[TrackRecord, ...] = ()
    contacts: tuple[ContactRecord, ...] = ()
    overlaps: tuple[OverlapRecord, ...] = ()
    timeline: TimelineRecord
    signals: tuple[SignalRecord, ...] | None = None
    seconds: dict[str, float] = Field(description="wall clock per stage, and 'total'")
    problems: tuple[str, ...] = Field(default=(), description="what could not be read")
    notes: tuple[str, ...] = ()

    @property
    def flagged(self) -> bool:
        """Whether some violation is more likely than not."""
        return any(one.probability >= FLAG_PROBABILITY for one in self.violations)

    def to_json(self) -> str:
        """Write the report as JSON text; `from_json` gives an equal report back."""
        return _layout(self.model_dump(mode="json"), 0) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read one report.

        Raises:
            InputError: the text is not a report of this major version.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise InputError(_explain(error)) from None


class Unread(_Record):
    """An input that could not be read: it is listed, so that it never vanishes."""

    path: str
    error: str


class ReportSet(_Record):
    """The answer to several inputs."""

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    physcheck: str = __version__
    reports: tuple[Report, ...]
    errors: tuple[Unread, ...] = ()

    def to_json(self) -> str:
        """Write all reports as one JSON object."""
        return _layout(self.model_dump(mode="json"), 0) + "\n"


def read_reports(text: str | bytes) -> ReportSet:
    """Read what `physcheck analyze --format json` wrote, for one input or for several.

    Raises:
        InputError: the text is not a report, nor a set of reports.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputError(f"not JSON: {error}") from None
    if not isinstance(data, dict) or "reports" not in data:
        return ReportSet(reports=(Report.from_json(text),))
    try:
        return ReportSet.model_validate_json(text)
    except ValidationError as error:
        raise InputError(_explain(error)) from None


def schema_json() -> str:
    """The JSON Schema of what `--format json` writes."""
    adapter: TypeAdapter[Report | ReportSet] = TypeAdapter(Report | ReportSet)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"physcheck report {SCHEMA_VERSION}",
        **adapter.json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _layout(value: Any, depth: int) -> str:
    """JSON text: one line for each list of plain values, indented trees of objects."""
    pad, end = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict) and not _fits(value, len(pad)):
        rows = [f"{pad}{_leaf(key)}: {_layout(item, depth + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(rows) + f"\n{end}}}"
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        rows = [pad + _layout(item, depth + 1) for item in value]
        return "[\n" + ",\n".join(rows) + f"\n{end}]"
    return _leaf(value)


def _fits(value: dict[str, Any], indent: int) -> bool:
    """Whether an object of plain values can stand on one line."""
    plain = not any(isinstance(item, dict | list) for item in value.values())
    return plain and indent + len(_leaf(value)) <= _LINE


def _leaf(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _explain(error: ValidationError) -> str:
    """One sentence on the first thing that is wrong."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    if place.endswith("schema_version"):
        return f"report of an unknown version {first.get('input')!r}; this is {SCHEMA_VERSION}"
    return f"not a physcheck report: {place + ': ' if place else ''}{first['msg']}"

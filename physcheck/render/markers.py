"""Violations as markers for editing programs: OpenTimelineIO and CMX3600 edit lists."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from physcheck.records import FLAG_PROBABILITY, Report, Unread, ViolationRecord
from physcheck.render import wording
from physcheck.render.names import clip_name

__all__ = ["render_edl", "render_otio"]

_LONGEST = 60
"""Letters of a remark in an edit list; some programs cut longer ones off badly."""


def render_otio(outcomes: Iterable[Report | Unread]) -> str:
    """An OpenTimelineIO timeline: the clips one after the other, a marker for each violation."""
    reports = [one for one in outcomes if isinstance(one, Report)]
    track = _item("Track.1", "physcheck", children=[_clip(one) for one in reports], kind="Video")
    stack = _item("Stack.1", "tracks", children=[track])
    timeline = {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": {},
        "name": "physcheck",
        "global_start_time": None,
        "tracks": stack,
    }
    return json.dumps(timeline, indent=2, ensure_ascii=False) + "\n"


def render_edl(report: Report) -> str:
    """A CMX3600 edit list of one event, the whole clip, with a locator for each violation."""
    rate = max(1, round(_rate(report)))
    start, stop = _timecode(0, rate), _timecode(report.video.frames, rate)
    lines = [
        f"TITLE: {_remark(clip_name(report.video.path))}",
        "FCM: NON-DROP FRAME",
        "",
        f"001  AX       V     C        {start} {stop} {start} {stop}",
        f"* FROM CLIP NAME: {_remark(clip_name(report.video.path))}",
    ]
    for one in sorted(report.violations, key=lambda one: one.start_frame):
        words = _remark(f"{one.rule} {wording.who(one)} p={one.probability:.2f}")
        lines.append(f"* LOC: {_timecode(one.start_frame, rate)} {_colour(one):<7} {words}")
    return "\n".join(lines) + "\n"


def _item(schema: str, name: str, **more: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"metadata": {}, "effects": [], "markers": [], "enabled": True}
    return {"OTIO_SCHEMA": schema, "name": name, "source_range": None, **empty, **more}


def _clip(report: Report) -> dict[str, Any]:
    rate = _rate(report)
    whole = _range(0, report.video.frames, rate)
    reference = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "metadata": {},
        "name": "",
        "available_range": whole,
        "available_image_bounds": None,
        "target_url": report.video.path,
    }
    markers = [_marker(one, rate) for one in report.violations]
    name = clip_name(report.video.path)
    said = {"score": report.score, "score_reason": report.score_reason}
    return _item(
        "Clip.1",
        name,
        source_range=whole,
        media_reference=reference,
        markers=markers,
        metadata={"physcheck": said},
    )


def _marker(one: ViolationRecord, rate: float) -> dict[str, Any]:
    length = max(1, one.stop_frame - one.start_frame)
    return {
        "OTIO_SCHEMA": "Marker.2",
        "name": f"{one.rule}, {wording.who(one)}",
        "color": _colour(one),
        "comment": one.explanation,
        "marked_range": _range(one.start_frame, length, rate),
        "metadata": {"physcheck": one.model_dump(mode="json", exclude={"alternatives"})},
    }


def _range(start: int, length: int, rate: float) -> dict[str, Any]:
    def time(value: int) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": float(value)}

    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "start_time": time(start),
        "duration": time(length),
    }


def _rate(report: Report) -> float:
    """Mean frames a second."""
    video = report.video
    return round(video.frames / video.duration_s, 3) if video.duration_s > 0 else 25.0


def _colour(one: ViolationRecord) -> str:
    return "RED" if one.probability >= FLAG_PROBABILITY else "YELLOW"


def _timecode(frame: int, rate: int) -> str:
    seconds, frames = divmod(frame, rate)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}:{frames:02d}"


def _remark(text: str) -> str:
    """One short line of plain ASCII, which is all that the format can carry."""
    plain = text.encode("ascii", "replace").decode()
    return "".join(char if char.isprintable() else "?" for char in plain)[:_LONGEST]

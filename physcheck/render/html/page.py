"""The page of one clip."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote

from physcheck.records import (
    FLAG_PROBABILITY,
    Box,
    Report,
    RuleTimeline,
    TrackRecord,
    ViolationRecord,
)
from physcheck.render import wording
from physcheck.render.html.crops import Crop, plan_crops, worst_frame
from physcheck.render.html.footage import Cut, thumbnail_cut
from physcheck.render.html.shell import data_url, fill
from physcheck.render.names import clip_name
from physcheck.render.prediction import Prediction, predict

__all__ = ["Plan", "Shown", "plan_page", "render_page", "review_key"]

_SCRIPTS = ("clip", "player", "overlay", "lanes", "curve", "rows", "review", "start")
_MAX_REASONS = 3
_NEAR, _MOST_NEAR = 0.2, 5
"""What comes nearer to its limit than this is shown where nothing is broken, and of how many."""

Data = dict[str, Any]


class Plan(NamedTuple):
    """What a page shows of each violation, by its id."""

    predictions: dict[str, tuple[Prediction, ...]]
    crops: dict[str, tuple[Crop, ...]]
    thumbnail: tuple[int, Cut]

    def wanted(self) -> dict[int, list[Cut]]:
        """What is to be cut from the clip, by frame."""
        frame, cut = self.thumbnail
        found = {frame: [cut]}
        for crop in (one for group in self.crops.values() for one in group):
            found.setdefault(crop.frame, []).append(crop.cut)
        return found


class Shown(NamedTuple):
    """What there is to see of a clip.

    mp4: a copy to be put into the page, or empty. link: name of a file beside the page, in
    place of it, or empty. why: a sentence where there is neither. pictures: WebP.
    """

    mp4: bytes = b""
    link: str = ""
    why: str = ""
    pictures: Mapping[tuple[int, Cut], bytes] = MappingProxyType({})


def plan_page(report: Report) -> Plan:
    """Decide what is to be cut from the clip."""
    predictions = {one.id: predict(report, one) for one in report.violations}
    crops = {one.id: plan_crops(report, one, predictions[one.id]) for one in report.violations}
    thumbnail = worst_frame(report)[0], thumbnail_cut(report.video.width, report.video.height)
    return Plan(predictions, crops, thumbnail)


def render_page(report: Report, plan: Plan, shown: Shown, *, back: str = "") -> str:
    """Draw the page.

    Args:
        report: of the clip. plan: what `plan_page` says of it.
        shown: the clip itself, as far as it is at hand.
        back: address of the index that the page belongs to, or empty.
    """
    ranked = sorted(report.violations, key=lambda one: (-one.probability, one.start_frame))
    words, tone = wording.verdict(report)
    name = clip_name(report.video.path)
    values = {
        "report": report,
        "name": name,
        "folder": report.video.path.removesuffix(name),
        "verdict": words,
        "tone": tone,
        "facts": _facts(report),
        "judged": wording.judged_share(report),
        "rows": [_row(report, one, plan, shown) for one in ranked],
        "nearest": [] if ranked else _nearest(report),
        "coverage": _coverage(report),
        "seconds": _seconds(report),
        "back": back,
        "shown": shown,
        "mp4": base64.b64encode(shown.mp4).decode(),
        "data": _data(report, ranked, plan, shown),
        "wording": wording,
    }
    media = "blob: 'self'" if shown.link else "blob:"
    return fill("page", values, scripts=_SCRIPTS, media=media)


def review_key(report: Report) -> str:
    """The name under which a browser keeps what a person says of this report."""
    said = "\0".join([report.video.path, report.config_sha256, *map(repr, report.violations)])
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:16]


def _facts(report: Report) -> list[str]:
    video = report.video
    fps = video.frames / video.duration_s if video.duration_s else 0.0
    things = wording.count(len(report.tracks), "object") + " followed"
    rate = f"{wording.number(fps)} frames/s" if fps else ""
    shots = wording.count(len(video.shots), "shot") if len(video.shots) > 1 else ""
    size = f"{video.width} × {video.height}"
    parts = [f"{video.duration_s:.1f} s", wording.count(video.frames, "frame"), rate, size]
    return [part for part in [*parts, shots, things] if part]


def _row(report: Report, violation: ViolationRecord, plan: Plan, shown: Shown) -> Data:
    """One violation as the table shows it."""
    tried = sorted(
        violation.alternatives,
        key=lambda one: float("inf") if one.log_odds is None else one.log_odds,
    )
    crops = [
        {
            "crop": crop,
            "url": data_url(shown.pictures[crop.frame, crop.cut], "image/webp"),
            "path": _points(plan.predictions[violation.id]),
        }
        for crop in plan.crops[violation.id]
        if (crop.frame, crop.cut) in shown.pictures
    ]
    return {
        "violation": violation,
        "sure": violation.probability >= FLAG_PROBABILITY,
        "who": wording.who(violation),
        "sentence": _sentence(violation),
        "last_frame": max(violation.start_frame, violation.stop_frame - 1),
        "tried": tried,
        "crops": crops,
    }


def _sentence(violation: ViolationRecord) -> str:
    """The explanation as a sentence; its limit has a place of its own on the page."""
    text = violation.explanation.strip()
    if violation.limit is not None and ", limit " in text:
        text = text.rpartition(", limit ")[0]
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def _points(predictions: Sequence[Prediction]) -> list[str]:
    """The way of each prediction's centre, for an SVG polyline."""
    return [
        " ".join(f"{(b[0] + b[2]) / 2:.1f},{(b[1] + b[3]) / 2:.1f}" for b in one.boxes)
        for one in predictions
    ]


def _coverage(report: Report) -> list[Data]:
    """What each rule could judge, the most blind last, and why not the rest."""
    rows = []
    for rule, share in report.coverage.items():
        lane = report.timeline.rules.get(rule)
        reasons = list(lane.abstained.items()) if lane else []
        rows.append({"rule": rule, "share": share, "reasons": reasons[:_MAX_REASONS]})
    return sorted(rows, key=lambda row: -1 if row["share"] is None else row["share"], reverse=True)


def _nearest(report: Report) -> list[Data]:
    """Where a clip without violations came nearest to a limit: what to look at all the same."""
    rows: list[Data] = []
    for rule, lane in report.timeline.rules.items():
        known = [(one, -frame) for frame, one in enumerate(lane.excess or ()) if one is not None]
        peak, back = max(known, default=(0.0, 0))
        if peak >= _NEAR and -back < len(report.timeline.times_s):
            time_s = report.timeline.times_s[-back]
            rows.append({"rule": rule, "share": peak, "frame": -back, "time_s": time_s})
    return sorted(rows, key=lambda row: row["share"], reverse=True)[:_MOST_NEAR]


def _seconds(report: Report) -> list[tuple[str, float]]:
    return [(stage, spent) for stage, spent in report.seconds.items() if stage != "total"]


def _data(report: Report, ranked: list[ViolationRecord], plan: Plan, shown: Shown) -> Data:
    """What the scripts of the page need to know."""
    video = report.video
    return {
        "key": review_key(report),
        "clip": video.path,
        "width": video.width,
        "height": video.height,
        "frames": video.frames,
        "fps": round(video.frames / video.duration_s, 3) if video.duration_s else None,
        "times": [round(time_s, 4) for time_s in report.timeline.times_s],
        "duration": video.duration_s,
        "link": quote(shown.link),
        "tracks": [_track(one) for one in report.tracks],
        "rules": _rules(report),
        "violations": [_violation(one, plan.predictions[one.id]) for one in ranked],
    }


def _track(track: TrackRecord) -> Data:
    """A track in little text: runs of frames, whole px."""
    runs: list[Data] = []
    for row, (frame, box) in enumerate(zip(track.frames, track.boxes, strict=True)):
        if not runs or frame != runs[-1]["start"] + len(runs[-1]["seen"]):
            runs.append({"start": frame, "boxes": [], "seen": []})
        runs[-1]["boxes"] += [round(side) for side in box]
        runs[-1]["seen"].append(int(track.observed[row]))
    for run in runs:
        run["seen"] = "".join(map(str, run["seen"]))
    return {"id": track.id, "label": track.label, "runs": runs}


def _rules(report: Report) -> list[Data]:
    """Lanes: rules that are broken first, then by how near they came to their limits."""
    surest: dict[str, float] = {}
    limits: dict[str, tuple[float | None, str]] = {}
    for one in report.violations:
        surest[one.rule] = max(one.probability, surest.get(one.rule, 0.0))
        limits[one.rule] = (one.limit, one.unit)
    lanes = [_lane(rule, lane, report, limits) for rule, lane in report.timeline.rules.items()]
    return sorted(lanes, key=lambda lane: (-surest.get(lane["rule"], 0.0), -(lane["peak"] or -9.0)))


def _lane(
    rule: str, lane: RuleTimeline, report: Report, limits: dict[str, tuple[float | None, str]]
) -> Data:
    limit, unit = limits.get(rule, (None, ""))
    excess = [None if v is None else float(f"{v:.3g}") for v in lane.excess or ()]
    return {
        "rule": rule,
        "judged": [list(span) for span in lane.judged],
        "excess": excess,
        "peak": lane.peak_excess,
        "coverage": report.coverage.get(rule),
        "limit": limit,
        "unit": unit,
        "broken": rule in limits,
    }


def _violation(violation: ViolationRecord, predictions: Sequence[Prediction]) -> Data:
    return {
        "id": violation.id,
        "rule": violation.rule,
        "tracks": list(violation.track_ids),
        "label": violation.label,
        "start": violation.start_frame,
        "stop": violation.stop_frame,
        "peak": violation.peak_frame,
        "box": _whole(violation.box),
        "p": violation.probability,
        "predicted": [
            {"start": one.start_frame, "boxes": [side for box in one.boxes for side in _whole(box)]}
            for one in predictions
        ],
    }


def _whole(box: Box) -> list[int]:
    return [round(side) for side in box]

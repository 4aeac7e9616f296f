"""Build a `Report` from what the analysis found.

Numbers are rounded once, here (px to 2 decimals, odds and probabilities to 4,
times to 6), so that what is written equals what is held. NaN becomes None.
`stop_frame` is exclusive.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from physcheck.records import (
    AlternativeRecord,
    Box,
    ContactRecord,
    DetectorInfo,
    EndingRecord,
    FrameSpan,
    IncidentRecord,
    OverlapRecord,
    PackInfo,
    Report,
    ReturnRecord,
    RuleTimeline,
    SignalRecord,
    TimelineRecord,
    TrackRecord,
    VideoInfo,
    ViolationRecord,
)
from physcheck.types import (
    Alternative,
    Bools,
    Contact,
    Ending,
    Floats,
    Incident,
    Overlap,
    Return,
    Signal,
    Track,
    Video,
    Violation,
    World,
)

if TYPE_CHECKING:
    from physcheck.rules import Decision, Pack
    from physcheck.score import Score

__all__ = ["DetectorInfo", "PackInfo", "Report", "build_report"]

_PX, _ODDS, _TIME = 2, 4, 6
_HUGE = 1e9


def build_report(
    video: Video,
    tracks: Sequence[Track],
    decision: Decision,
    score: Score,
    *,
    detector: DetectorInfo,
    pack: Pack,
    config_sha256: str,
    seconds: Mapping[str, float],
    incidents: Sequence[Incident] = (),
    worlds: Sequence[World] = (),
    signals: Mapping[str, Sequence[Signal]] | None = None,
    notes: Sequence[str] = (),
    problems: Sequence[str] = (),
) -> Report:
    """Make the report of one clip.

    Args:
        video: the clip, decoded to its end.
        tracks: everything that was followed, all shots.
        decision: what the rules say of the whole clip.
        score: the number that sums it up.
        detector: what looked at the pixels.
        pack: the rules in force.
        config_sha256: of the pack and all settings, see `physcheck.rules.config_sha256`.
        seconds: wall clock per stage, s; 'total' is added where it is missing.
        incidents: its violations, told as stories.
        worlds: what surrounds the tracks, of each shot.
        signals: per rule, what its check measured; given, it is stored in full.
        notes: sentences about choices made.
        problems: what could not be read, beside `video.problems`.
    """
    coverage = {rule: _number(share, _ODDS) for rule, share in decision.coverage.items()}
    return Report(
        video=_video_info(video),
        detector=detector,
        pack=PackInfo(name=pack.name, version=pack.version, sha256=pack.sha256),
        config_sha256=config_sha256,
        score=_number(score.value, _ODDS),
        score_reason=score.reason,
        calibrated=score.calibrated,
        coverage=coverage,
        violations=tuple(_violation_record(one) for one in decision.violations),
        incidents=tuple(_incident_record(one) for one in incidents),
        tracks=tuple(_track_record(one) for one in tracks),
        contacts=tuple(_contact_record(one) for world in worlds for one in world.contacts),
        overlaps=tuple(_overlap_record(one) for world in worlds for one in world.overlaps),
        timeline=_timeline_record(decision),
        signals=None if signals is None else _signal_records(signals),
        seconds=_seconds(seconds),
        problems=tuple(dict.fromkeys([*video.problems, *problems])),
        notes=tuple(notes),
    )


def _video_info(video: Video) -> VideoInfo:
    return VideoInfo(
        path=video.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        width=video.width_px,
        height=video.height_px,
        frames=video.n_frames,
        duration_s=round(video.duration_s, _TIME),
        shots=tuple((int(start), int(stop)) for start, stop in video.shots),
    )


def _violation_record(violation: Violation) -> ViolationRecord:
    return ViolationRecord(
        id=violation.id,
        rule=violation.rule,
        group=violation.group,
        track_ids=tuple(int(one) for one in violation.track_ids),
        label=violation.label,
        start_frame=int(violation.start_frame),
        stop_frame=int(violation.stop_frame),
        start_s=round(float(violation.start_s), _TIME),
        stop_s=round(float(violation.stop_s), _TIME),
        peak_frame=int(violation.peak_frame),
        box=_box(violation.box),
        peak=_significant(violation.peak),
        limit=_significant(violation.limit),
        unit=violation.unit,
        probability=round(float(violation.probability), _ODDS),
        explanation=violation.explanation,
        alternatives=_alternatives(violation.alternatives),
    )


def _incident_record(incident: Incident) -> IncidentRecord:
    return IncidentRecord(
        id=incident.id,
        violation_ids=incident.violation_ids,
        track_ids=tuple(int(one) for one in incident.track_ids),
        start_frame=int(incident.start_frame),
        stop_frame=int(incident.stop_frame),
        start_s=round(float(incident.start_s), _TIME),
        stop_s=round(float(incident.stop_s), _TIME),
        probability=round(float(incident.probability), _ODDS),
        explanation=incident.explanation,
    )


def _alternatives(alternatives: Sequence[Alternative]) -> tuple[AlternativeRecord, ...]:
    return tuple(
        AlternativeRecord(
            name=one.name, log_odds=_number(one.log_odds, _ODDS), measured=one.measured
        )
        for one in alternatives
    )


def _ending_record(ending: Ending) -> EndingRecord:
    return EndingRecord(
        frame=int(ending.frame),
        cause=ending.cause,
        log_odds=_number(ending.log_odds, _ODDS),
        reason=ending.reason,
        alternatives=_alternatives(ending.alternatives),
        partner=int(ending.partner),
        awaited=None if ending.awaited is None else _return_record(ending.awaited),
    )


def _return_record(awaited: Return) -> ReturnRecord:
    x1, y1, x2, y2 = (round(edge, _PX) for edge in awaited.box)
    return ReturnRecord(
        start_frame=awaited.start,
        due_frame=awaited.due,
        stop_frame=awaited.stop,
        box=(x1, y1, x2, y2),
        behind=awaited.behind,
        empty_until=None if awaited.empty_until < 0 else awaited.empty_until,
        overdue=_number(awaited.overdue, _ODDS),
        doubt=awaited.doubt,
    )


def _track_record(track: Track) -> TrackRecord:
    return TrackRecord(
        id=int(track.id),
        label=track.label,
        frames=tuple(track.frames.tolist()),
        boxes=tuple(_box(row) for row in np.round(track.boxes, _PX).tolist()),
        observed=tuple(track.observed.tolist()),
        birth=_ending_record(track.birth),
        death=_ending_record(track.death),
    )


def _contact_record(contact: Contact) -> ContactRecord:
    x, y = contact.point
    return ContactRecord(
        track_id=int(contact.track_id),
        other_id=int(contact.other_id),
        frame=int(contact.frame),
        point=(round(float(x), _PX), round(float(y), _PX)),
        kind=contact.kind,
        sigma_px=round(float(contact.sigma_px), _PX),
    )


def _overlap_record(overlap: Overlap) -> OverlapRecord:
    return OverlapRecord(
        track_id=int(overlap.track_id),
        frames=tuple(overlap.frames.tolist()),
        in_front=tuple(_number(value, _ODDS) for value in overlap.in_front.tolist()),
        hidden=tuple(np.round(overlap.hidden, _ODDS).tolist()),
        turned=round(float(overlap.turned), _ODDS),
        turned_frame=int(overlap.turned_frame),
    )


def _timeline_record(decision: Decision) -> TimelineRecord:
    """The lanes, one a rule."""
    shares = decision.abstained_shares()
    timeline = decision.timeline
    lanes = {
        rule: _lane(timeline.excess[:, column], shares.get(rule, {}))
        for column, rule in enumerate(timeline.rules)
    }
    times_s = tuple(np.round(timeline.times_s, _TIME).tolist())
    return TimelineRecord(times_s=times_s, rules=lanes)


def _lane(excess: Floats, abstained: Mapping[str, float]) -> RuleTimeline:
    """One rule's lane from its value / limit in each frame, (F,)."""
    judged = ~np.isnan(excess)
    return RuleTimeline(
        judged=_spans(judged),
        peak_excess=_significant(float(np.max(excess[judged]))) if judged.any() else None,
        excess=tuple(_significant(value) for value in excess.tolist()),
        abstained=_shares(abstained),
    )


def _spans(flags: Bools) -> tuple[FrameSpan, ...]:
    """[start, stop) of each run of True in (F,) flags."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return tuple(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _shares(shares: Mapping[str, float]) -> dict[str, float]:
    """Shares by reason, the largest first."""
    ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return {reason: round(float(share), _ODDS) for reason, share in ranked if share > 0}


def _signal_records(signals: Mapping[str, Sequence[Signal]]) -> tuple[SignalRecord, ...]:
    return tuple(_signal_record(rule, one) for rule, group in signals.items() for one in group)


def _signal_record(rule: str, signal: Signal) -> SignalRecord:
    boxes = np.round(signal.boxes, _PX)
    return SignalRecord(
        rule=rule,
        track_ids=tuple(int(one) for one in signal.track_ids),
        label=signal.label,
        unit=signal.unit,
        frames=tuple(signal.frames.tolist()),
        values=tuple(_significant(value) for value in signal.values.tolist()),
        reasons=tuple(signal.reasons.tolist()),
        boxes=tuple(_box(row) if np.isfinite(row).all() else None for row in boxes.tolist()),
    )


def _seconds(seconds: Mapping[str, float]) -> dict[str, float]:
    stages = {stage: round(float(spent), 4) for stage, spent in seconds.items()}
    stages.setdefault("total", round(sum(stages.values()), 4))
    return stages


def _number(value: float | None, decimals: int) -> float | None:
    """Round; None for NaN; an infinite number becomes a huge one, for JSON has none."""
    if value is None or math.isnan(value):
        return None
    return round(max(-_HUGE, min(_HUGE, float(value))), decimals)


def _significant(value: float) -> float | None:
    """Keep six significant digits; NaN and infinity as in `_number`."""
    if math.isnan(value):
        return None
    return float(f"{max(-_HUGE, min(_HUGE, float(value))):.6g}")


def _box(row: Sequence[float]) -> Box:
    x1, y1, x2, y2 = (round(float(value), _PX) for value in row)
    return x1, y1, x2, y2

"""One violation in full, as text for a person."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from physcheck.records import (
    FLAG_PROBABILITY,
    AlternativeRecord,
    EndingRecord,
    Report,
    TrackRecord,
    ViolationRecord,
)
from physcheck.render import wording

__all__ = ["render_explanation"]

_WIDTH = 88


def render_explanation(report: Report, violation: ViolationRecord) -> str:
    """Everything that the report knows of a violation; ends with a newline."""
    own = [track for track in report.tracks if track.id in violation.track_ids]
    blocks = [
        _heading(report, violation),
        _facts(report, violation),
        _tried(violation.alternatives),
        *(_track(track) for track in own),
        _coverage(report, violation),
    ]
    return "\n".join("\n".join(map(_printable, block)) + "\n" for block in blocks if block)


def _heading(report: Report, one: ViolationRecord) -> list[str]:
    said = "likely" if one.probability >= FLAG_PROBABILITY else "doubtful"
    title = f"{one.id}  {one.rule}, {wording.who(one)}: {said}, p = {one.probability:.2f}"
    return [title, *_wrapped(one.explanation), *_wrapped(f"in {report.video.path}")]


def _facts(report: Report, one: ViolationRecord) -> list[str]:
    last = max(one.start_frame, one.stop_frame - 1)
    x1, y1, x2, y2 = one.box
    calibrated = "" if report.calibrated else " (limits not yet calibrated on footage)"
    rows = [
        ("when", f"{one.start_s:.2f} to {one.stop_s:.2f} s, frames {one.start_frame} to {last}"),
        ("worst", f"frame {one.peak_frame}, box {x1:.0f}, {y1:.0f} to {x2:.0f}, {y2:.0f} px"),
        (
            "measured",
            f"{wording.number(one.peak)} {one.unit}, limit {wording.number(one.limit)}{calibrated}",
        ),
        ("group", one.group),
    ]
    return [f"  {name:<10}{text}" for name, text in rows]


def _tried(alternatives: Iterable[AlternativeRecord]) -> list[str]:
    """The innocent explanations, the best one first."""
    ranked = sorted(
        alternatives, key=lambda one: float("inf") if one.log_odds is None else one.log_odds
    )
    if not ranked:
        return ["innocent explanations tried: none is known for this rule"]
    lines = ["innocent explanations tried, the best first:"]
    for one in ranked:
        lines.append(f"  {wording.odds(one.log_odds):<22}{one.name}")
        lines += _wrapped(one.measured, " " * 24)
    return lines


def _track(track: TrackRecord) -> list[str]:
    label = f" ({track.label})" if track.label else ""
    seen = sum(track.observed)
    first, last = (track.frames[0], track.frames[-1]) if track.frames else (0, 0)
    return [
        f"object {track.id}{label}: followed from frame {first} to {last}, seen in {seen}",
        *_ending("begins", track.birth),
        *_ending("ends", track.death),
    ]


def _ending(word: str, ending: EndingRecord) -> list[str]:
    partner = f", object {ending.partner}" if ending.partner >= 0 else ""
    reason = f" ({ending.reason})" if ending.reason else ""
    return _wrapped(f"{word} in frame {ending.frame}: {ending.cause}{partner}{reason}")


def _coverage(report: Report, one: ViolationRecord) -> list[str]:
    share = report.coverage.get(one.rule)
    text = f"{one.rule} could judge {wording.percent(share)} of what was in view"
    lane = report.timeline.rules.get(one.rule)
    reasons = list(lane.abstained.items())[:3] if lane else []
    if reasons:
        parts = [f"{reason} {wording.percent(amount)}" for reason, amount in reasons]
        text += f"; not judged: {', '.join(parts)}"
    return [*_wrapped(text, ""), f"all of the rule: physcheck rules show {one.rule}"]


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(
        _printable(text), _WIDTH, initial_indent=indent, subsequent_indent=indent
    ) or [indent]


def _printable(text: str) -> str:
    """The text without control characters, which could draw on a terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)

"""Violations as captions that a player shows over the clip: WebVTT and SubRip."""

from __future__ import annotations

from physcheck.records import Report, ViolationRecord
from physcheck.render import wording

__all__ = ["render_srt", "render_vtt"]

_SHORTEST_S = 1.0
"""A caption stays at least so long, for it has to be read, s."""


def render_vtt(report: Report) -> str:
    """WebVTT; each cue has the id of its violation."""
    cues = [
        f"{one.id}\n{_clock(start_s, '.')} --> {_clock(stop_s, '.')}\n{_escaped(_words(one))}\n"
        for one, start_s, stop_s in _timed(report)
    ]
    return "WEBVTT\n\n" + "\n".join(cues)


def render_srt(report: Report) -> str:
    """SubRip."""
    cues = [
        f"{number}\n{_clock(start_s, ',')} --> {_clock(stop_s, ',')}\n{_words(one)}\n"
        for number, (one, start_s, stop_s) in enumerate(_timed(report), start=1)
    ]
    return "\n".join(cues)


def _timed(report: Report) -> list[tuple[ViolationRecord, float, float]]:
    """The violations in the order of time, each with when its caption comes and goes, s."""
    ranked = sorted(report.violations, key=lambda one: (one.start_s, -one.probability))
    return [(one, one.start_s, max(one.stop_s, one.start_s + _SHORTEST_S)) for one in ranked]


def _words(one: ViolationRecord) -> str:
    text = f"{one.rule}, {wording.who(one)}: {one.explanation}, p={one.probability:.2f}"
    plain = "".join(char if char.isprintable() else " " for char in text)
    return plain.replace("-->", "->")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(time_s: float, point: str) -> str:
    ms = round(max(time_s, 0.0) * 1000)
    minutes, ms = divmod(ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{ms // 1000:02d}{point}{ms % 1000:03d}"

"""Draw the timeline of a report as an SVG picture.

    physcheck analyze samples/three_balls.mp4 --signals -o three_balls.json
    python reports/draw_timeline.py three_balls.json reports/timeline.svg

One lane a rule. Grey: judged. Line: value / limit, frame by frame, with --signals.
Red: a violation. The colours can be seen on white and on black.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

__all__ = ["draw"]

WIDTH, LEFT, RIGHT, TOP, LANE, GAP = 760, 150, 14, 34, 24, 8
TEXT, JUDGED, LINE, WRONG = "#7d8590", "#8b949e", "#3b82f6", "#e5484d"
CEILING = 1.25
"""A line is cut at this many limits."""


def draw(report: dict[str, Any]) -> str:
    """Return the picture of a report, as read from JSON."""
    duration_s = max(report["video"]["duration_s"], 1e-3)
    lanes = report["timeline"]["rules"]
    height = TOP + len(lanes) * (LANE + GAP) + 26
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="ui-monospace, monospace" font-size="13" fill="{TEXT}">',
        _text(0, 16, f"{Path(report['video']['path']).name}: {_verdict(report)}"),
    ]
    for number, (rule, lane) in enumerate(lanes.items()):
        y = TOP + number * (LANE + GAP)
        parts += [_text(0, y + LANE - 7, rule), *_judged(report, lane, y, duration_s)]
        parts += [*_line(report, lane, y, duration_s), *_wrong(report, rule, y, duration_s)]
    parts += [*_axis(height - 8, duration_s), "</svg>"]
    return "\n".join(parts) + "\n"


def _verdict(report: dict[str, Any]) -> str:
    n = len(report["violations"])
    score = report["score"]
    told = "no score" if score is None else f"score {score:.2f}"
    return f"{n} violation{'' if n == 1 else 's'}, {told}"


def _x(time_s: float, duration_s: float) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * min(time_s / duration_s, 1.0), 1)


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}"{more}>{escape(text)}</text>'


def _bar(x1: float, x2: float, y: float, style: str, title: str = "") -> str:
    inner = f"<title>{escape(title)}</title>" if title else ""
    width = round(max(x2 - x1, 3.0), 1)
    return f'<rect x="{x1}" y="{y}" width="{width}" height="{LANE}" rx="2" {style}>{inner}</rect>'


def _judged(
    report: dict[str, Any], lane: dict[str, Any], y: float, duration_s: float
) -> Iterator[str]:
    times_s = [*report["timeline"]["times_s"], duration_s]
    for start, stop in lane["judged"]:
        x1, x2 = _x(times_s[start], duration_s), _x(times_s[stop], duration_s)
        yield _bar(x1, x2, y, f'fill="{JUDGED}" fill-opacity="0.22"')


def _line(
    report: dict[str, Any], lane: dict[str, Any], y: float, duration_s: float
) -> Iterator[str]:
    """Value / limit: the floor of the lane is 0, three quarters up is near the limit."""
    excess = lane.get("excess")
    if not excess:
        return
    for start, stop in lane["judged"]:
        points = []
        for frame in range(start, stop):
            share = min(max(excess[frame], 0.0), CEILING) / CEILING
            x = _x(report["timeline"]["times_s"][frame], duration_s)
            points.append(f"{x},{round(y + LANE - 1 - share * (LANE - 2), 1)}")
        yield f'<polyline points="{" ".join(points)}" fill="none" stroke="{LINE}"/>'


def _wrong(report: dict[str, Any], rule: str, y: float, duration_s: float) -> Iterator[str]:
    for one in report["violations"]:
        if one["rule"] == rule:
            x1, x2 = _x(one["start_s"], duration_s), _x(one["stop_s"], duration_s)
            ids = ", ".join(map(str, one["track_ids"]))
            title = f"{rule}, object {ids}, {one['start_s']:.2f} s: {one['explanation']}"
            yield _bar(x1, x2, y, f'fill="{WRONG}" fill-opacity="0.85"', title)


def _axis(y: float, duration_s: float) -> Iterator[str]:
    step_s = next(s for s in (0.5, 1, 2, 5, 10, 30, 60, 300, 1e9) if duration_s / s <= 10)
    for number in range(int(duration_s / step_s) + 1):
        label = f"{number * step_s:g} s"
        x = _x(number * step_s, duration_s)
        # A label that would stick out on the right is left out.
        if x + 20 < WIDTH:
            yield _text(x, y, label, ' text-anchor="middle" font-size="11"')


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    picture = draw(json.loads(source.read_text(encoding="utf-8")))
    target.write_text(picture, encoding="utf-8")

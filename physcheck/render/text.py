"""A report as text for a person: verdict, violations, timeline, what could not be judged."""

from __future__ import annotations

import bisect
import itertools
import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from physcheck.records import FLAG_PROBABILITY, Report, Unread, ViolationRecord

__all__ = ["TextStyle", "render_summary", "render_text", "violation_line"]

MIN_WIDTH = 40
MAX_WIDTH = 120
_STEPS_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_MAX_REASONS = 3
_CODES = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1"}


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How the text is drawn.

    width: columns. color: ANSI colours. ascii: plain ASCII marks.
    timeline: whether clips without a violation get their timeline too.
    verbose: notes and where time went.
    """

    width: int = 72
    color: bool = False
    ascii: bool = True
    timeline: bool = True
    verbose: bool = False

    @property
    def marks(self) -> tuple[str, str, str]:
        """Marks for judged and fine, violation, not judged."""
        return (".", "#", "-") if self.ascii else ("·", "█", " ")

    def paint(self, text: str, color: str) -> str:
        """The text in a colour, where colours are wanted."""
        return f"\x1b[{_CODES[color]}m{text}\x1b[0m" if self.color and text else text


def render_text(report: Report, style: TextStyle | None = None) -> str:
    """Draw one report; the text ends with a newline."""
    style = style or TextStyle()
    lines = [_verdict(report, style)]
    lines += [f"  read only in part: {_printable(problem)}" for problem in report.problems]
    lines += [violation_line(report.video.path, one, style) for one in report.violations]
    lines += _block(_stories(report, style))
    if style.timeline or report.violations:
        lines += _block(_timeline(report, style))
        lines += _block(_not_judged(report, style))
    if style.verbose:
        lines += _block([f"note: {_printable(note)}" for note in report.notes])
        lines += _block([_time_spent(report)])
    return "\n".join(lines) + "\n"


def render_summary(reports: Sequence[Report], unread: Sequence[Unread]) -> str:
    """One line on many clips."""
    flagged = sum(report.flagged for report in reports)
    untold = sum(report.score is None and not report.flagged for report in reports)
    counts = [
        (flagged, "with violations"),
        (len(reports) - flagged - untold, "without"),
        (untold, "could not be told"),
        (len(unread), "could not be read"),
    ]
    parts = [f"{count} {words}" for count, words in counts if count]
    return f"{_count(len(reports) + len(unread), 'clip')}: {', '.join(parts)}\n"


def violation_line(path: str, violation: ViolationRecord, style: TextStyle) -> str:
    """One violation in the manner of a linter; frames are inclusive."""
    last = max(violation.start_frame, violation.stop_frame - 1)
    where = f"{_printable(path)}:{violation.start_s:.2f}s"
    frames = f"(frames {violation.start_frame}-{last})"
    rule = style.paint(violation.rule, "red" if _is_flagged(violation) else "yellow")
    who = _who(violation)
    text = _printable(violation.explanation)
    return f"{where} {frames}: {rule}{who}: {text}, p={violation.probability:.2f}"


def _is_flagged(violation: ViolationRecord) -> bool:
    return violation.probability >= FLAG_PROBABILITY


def _who(violation: ViolationRecord) -> str:
    if not violation.track_ids:
        return ""
    noun = "object" if len(violation.track_ids) == 1 else "objects"
    label = f" ({_printable(violation.label)})" if violation.label else ""
    return f" {noun} {', '.join(map(str, violation.track_ids))}{label}"


def _verdict(report: Report, style: TextStyle) -> str:
    found = sum(map(_is_flagged, report.violations))
    doubtful = len(report.violations) - found
    parts = []
    if found:
        parts.append(style.paint(_count(found, "violation"), "red"))
    elif report.score is None:
        reason = _printable(report.score_reason) or "no reason given"
        parts.append(style.paint(f"could not tell: {reason}", "yellow"))
    else:
        parts.append(style.paint("no violation found", "green"))
    if doubtful:
        parts.append(f"{doubtful} doubtful")
    if report.score is not None:
        calibrated = "" if report.calibrated else " (uncalibrated)"
        parts.append(f"score {report.score:.2f}{calibrated}")
    shares = [share for share in report.coverage.values() if share is not None]
    if shares and report.score is not None:
        parts.append(f"{_percent(sum(shares) / len(shares))} of track-frames judged")
    return f"{style.paint(_printable(report.video.path), 'bold')}: {', '.join(parts)}"


def _stories(report: Report, style: TextStyle) -> list[str]:
    """Incidents of several violations, each in a sentence."""
    several = [one for one in report.incidents if len(one.violation_ids) > 1]
    return [_wrap(f"one incident: {_printable(one.explanation)}", style) for one in several]


def _timeline(report: Report, style: TextStyle) -> list[str]:
    """Ruler, one lane a rule that judged anything, legend."""
    lanes = {rule: lane for rule, lane in report.timeline.rules.items() if lane.judged}
    broken = {one.rule for one in report.violations}
    rules = [rule for rule in report.timeline.rules if rule in lanes or rule in broken]
    if not rules:
        return []
    margin = max(map(len, rules)) + 4
    width = min(max(style.width, MIN_WIDTH), MAX_WIDTH) - margin
    columns = _columns(report, max(width, 10))
    rows = [" " * margin + style.paint(_ruler(report, len(columns)), "dim")]
    rows += [f"  {rule:<{margin - 4}}  {_lane(report, rule, columns, style)}" for rule in rules]
    return [*rows, "  " + style.paint(_legend(style), "dim")]


def _legend(style: TextStyle) -> str:
    fine, bad, blank = style.marks
    blank = "blank" if blank == " " else blank
    return f"{fine} judged  {bad} violation  {blank} not judged"


def _columns(report: Report, width: int) -> list[tuple[int, int]]:
    """[start, stop) frames behind each column; columns are equally long in time.

    A column within which no frame begins shows the frame before it.
    """
    times = report.timeline.times_s
    if len(times) < 2:
        return [(0, len(times))]
    width = min(width, len(times))
    per_column_s = _span_s(report) / width
    # The small part of a column is for times that were rounded when written.
    places = [int((time_s - times[0]) / per_column_s + 1e-3) for time_s in times]
    stops = [bisect.bisect_right(places, column) for column in range(width - 1)] + [len(times)]
    return [
        (start if start < stop else stop - 1, stop)
        for start, stop in zip([0, *stops], stops, strict=False)
    ]


def _span_s(report: Report) -> float:
    """From the first frame's time to the end of the last frame, s."""
    times = report.timeline.times_s
    return max(report.video.duration_s, times[-1] - times[0], 1e-6)


def _lane(report: Report, rule: str, columns: Iterable[tuple[int, int]], style: TextStyle) -> str:
    fine, bad, blank = style.marks
    lane = report.timeline.rules.get(rule)
    judged = lane.judged if lane else ()
    broken = [(one.start_frame, one.stop_frame) for one in report.violations if one.rule == rule]
    marks = [
        bad if _overlaps(column, broken) else fine if _overlaps(column, judged) else blank
        for column in columns
    ]
    runs = ["".join(run) for _, run in itertools.groupby("".join(marks).rstrip())]
    return "".join(style.paint(run, "red") if run[0] == bad else run for run in runs)


def _overlaps(column: tuple[int, int], spans: Iterable[tuple[int, int]]) -> bool:
    return any(start < column[1] and column[0] < stop for start, stop in spans)


def _ruler(report: Report, width: int) -> str:
    """Seconds above the columns: `0s    1    2    3`."""
    times = report.timeline.times_s
    if len(times) < 2:
        return "0s"
    span = _span_s(report)
    step = next((one for one in _STEPS_S if span / one * 6 <= width), _STEPS_S[-1])
    decimals = max(0, -math.floor(math.log10(step)))
    text = ""
    for tick in range(int(span / step) + 1):
        column = int(tick * step / span * width)
        label = f"{tick * step:.{decimals}f}" if tick else "0s"
        if column + len(label) <= width and (column > len(text) or not tick):
            text = text.ljust(column) + label
    return text


def _not_judged(report: Report, style: TextStyle) -> list[str]:
    """Rules that abstained somewhere, those with the same figures on one line."""
    lines: dict[str, list[str]] = {}
    for rule, lane in report.timeline.rules.items():
        share = report.coverage.get(rule)
        if share is not None and 1 - share >= 0.005:
            figures = f"{_percent(1 - share)} of track-frames{_reasons(lane.abstained)}"
            lines.setdefault(figures, []).append(rule)
    if not lines:
        return []
    rows = [_wrap(f"  {', '.join(rules)}: {figures}", style) for figures, rules in lines.items()]
    return ["could not be judged:", *rows]


def _wrap(line: str, style: TextStyle) -> str:
    """Break a long line between words, and indent what follows."""
    width = min(max(style.width, MIN_WIDTH), MAX_WIDTH)
    return textwrap.fill(line, width, subsequent_indent=" " * 4, break_on_hyphens=False)


def _reasons(abstained: dict[str, float]) -> str:
    ranked = [(reason, share) for reason, share in abstained.items() if share >= 0.005]
    parts = [f"{_printable(reason)} {_percent(share)}" for reason, share in ranked[:_MAX_REASONS]]
    rest = sum(share for _, share in ranked[_MAX_REASONS:])
    if rest:
        parts.append(f"other {_percent(rest)}")
    return f" ({', '.join(parts)})" if parts else ""


def _time_spent(report: Report) -> str:
    seconds = dict(report.seconds)
    total = seconds.pop("total", sum(seconds.values()))
    stages = ", ".join(f"{stage} {spent:.2f}" for stage, spent in seconds.items())
    return f"{total:.2f} s: {stages}" if stages else f"{total:.2f} s"


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _block(lines: list[str]) -> list[str]:
    """The lines with an empty one before them."""
    return ["", *lines] if lines else []


def _printable(text: str) -> str:
    """The text without control characters, which could draw on a terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)

"""A report as one picture: pieces of the worst frames, lanes, and curves against limits."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from physcheck.atomic import replace_file
from physcheck.errors import ConfigurationError, InputError, MissingExtraError
from physcheck.records import FLAG_PROBABILITY, Report, ViolationRecord
from physcheck.render import wording
from physcheck.render.html.crops import Crop, plan_crops
from physcheck.render.html.footage import read_pictures
from physcheck.render.names import clip_name
from physcheck.render.prediction import predict
from physcheck.types import Bytes

__all__ = ["write_plot"]

# Okabe and Ito's colours, which those who see few colours tell apart, too.
BAD, DOUBT, FORETOLD, LINE = "#d55e00", "#e69f00", "#56b4e9", "#0072b2"
JUDGED, BLANK, INK, SOFT = "#cfe3ee", "#ececea", "#1b1d20", "#6b6f76"
MOST_PICTURES, MOST_CURVES = 4, 4
WIDTH_IN, DPI = 9.6, 130
MARGIN_IN, NAMES_IN = 0.18, 1.5
TITLE_IN, PIECE_IN, LANE_IN, CURVE_IN, AXIS_IN, HEADING_IN = 0.5, 2.25, 0.19, 1.0, 0.4, 0.22


def write_plot(report: Report, clip: Path | None, file: Path) -> None:
    """Write a PNG; it appears as a whole or not at all.

    Args:
        report: of the clip. clip: the file; without it there are no pieces of frames.

    Raises:
        MissingExtraError: matplotlib is not installed.
        ConfigurationError: the picture could not be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("--plot needs matplotlib: pip install 'physcheck[plot]'") from error
    ranked = sorted(report.violations, key=lambda one: -one.probability)
    pieces = _pieces(report, ranked[:MOST_PICTURES], clip)
    curves = list(dict.fromkeys(one.rule for one in ranked))[:MOST_CURVES]
    lanes = _lanes(report)
    lanes_in = max(0.3, LANE_IN * len(lanes))
    top_in = TITLE_IN + (PIECE_IN if pieces else 0.0)
    whole_in = top_in + lanes_in + AXIS_IN + len(curves) * (CURVE_IN + AXIS_IN)
    figure = Figure(figsize=(WIDTH_IN, whole_in), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    sheet = _Sheet(figure, whole_in)
    _draw_title(figure, report, whole_in)
    if pieces:
        _draw_pieces(sheet, pieces)
    _draw_lanes(sheet.axes(top_in, lanes_in), report, lanes)
    top_in += lanes_in + AXIS_IN
    for row, rule in enumerate(curves):
        top = top_in + row * (CURVE_IN + AXIS_IN) + HEADING_IN
        _draw_curve(sheet.axes(top, CURVE_IN - HEADING_IN), report, rule)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": f"physcheck {report.physcheck}"})
    try:
        replace_file(file, buffer.getvalue())
    except OSError as error:
        raise ConfigurationError(f"{file}: could not be written: {error.strerror}") from error


class _Sheet(NamedTuple):
    """A figure on which things are placed in inches from the top left."""

    figure: Any
    whole_in: float

    def axes(
        self, top_in: float, height_in: float, left_in: float = NAMES_IN, width_in: float = 0.0
    ) -> Any:
        """Axes; without a width they reach to the right margin."""
        width_in = width_in or WIDTH_IN - left_in - MARGIN_IN
        bottom = 1 - (top_in + height_in) / self.whole_in
        share = width_in / WIDTH_IN, height_in / self.whole_in
        return self.figure.add_axes((left_in / WIDTH_IN, bottom, *share))


def _draw_title(figure: Any, report: Report, whole_in: float) -> None:
    words, tone = wording.verdict(report)
    score = "no score" if report.score is None else f"score {report.score:.2f}"
    name = _plain(clip_name(report.video.path))
    y = 1 - 0.16 / whole_in
    colour = {"bad": BAD, "fine": LINE}.get(tone, DOUBT)
    place = {"va": "top", "fontsize": 12}
    figure.text(MARGIN_IN / WIDTH_IN, y, f"{words}, {score}", color=colour, weight="bold", **place)
    figure.text(1 - MARGIN_IN / WIDTH_IN, y, name, color=SOFT, ha="right", va="top", fontsize=9)


def _pieces(
    report: Report, violations: list[ViolationRecord], clip: Path | None
) -> list[tuple[ViolationRecord, Crop, Bytes]]:
    """Each violation at its peak, as far as the clip is at hand."""
    planned = [(one, _telling(report, one)) for one in violations]
    wanted: dict[int, list[Any]] = {}
    for _, crop in planned:
        wanted.setdefault(crop.frame, []).append(crop.cut)
    try:
        found = read_pictures(clip, wanted) if clip is not None and wanted else {}
    except InputError:
        return []
    return [
        (one, crop, _decoded(found[crop.frame, crop.cut]))
        for one, crop in planned
        if (crop.frame, crop.cut) in found
    ]


def _telling(report: Report, violation: ViolationRecord) -> Crop:
    """The piece at the peak, or the next one in which the thing is seen."""
    _, peak, after = plan_crops(report, violation, predict(report, violation))
    return peak if peak.seen or peak.predicted else after


def _decoded(webp: bytes) -> Bytes:
    bgr = cv2.imdecode(np.frombuffer(webp, np.uint8), cv2.IMREAD_COLOR)
    return np.ascontiguousarray(np.asarray(bgr, dtype=np.uint8)[..., ::-1])


def _lanes(report: Report) -> list[str]:
    """Rules that judged anything or are broken, the broken first."""
    broken = list(dict.fromkeys(one.rule for one in report.violations))
    judged = [rule for rule, lane in report.timeline.rules.items() if lane.judged]
    return broken + [rule for rule in judged if rule not in broken]


def _draw_pieces(sheet: _Sheet, pieces: list[tuple[ViolationRecord, Crop, Bytes]]) -> None:
    from matplotlib.patches import Rectangle

    room_in = (WIDTH_IN - 2 * MARGIN_IN + 0.12) / MOST_PICTURES
    for column, (violation, crop, picture) in enumerate(pieces):
        left_in = MARGIN_IN + column * room_in
        ax = sheet.axes(TITLE_IN + 0.3, PIECE_IN - 0.55, left_in, room_in - 0.12)
        ax.set_axis_off()
        x1, y1, x2, y2 = crop.window
        ax.imshow(picture, extent=(x1, x2, y2, y1), aspect="equal")
        styles = [(box, BAD, "-") for box in crop.seen] + [
            (box, FORETOLD, "--") for box in crop.predicted
        ]
        for box, colour, dashes in styles:
            corner, size = (box[0], box[1]), (box[2] - box[0], box[3] - box[1])
            for ink, width in (("black", 3.0), (colour, 1.4)):
                line = dashes if ink == colour else "-"
                ax.add_patch(
                    Rectangle(corner, *size, fill=False, edgecolor=ink, linewidth=width, ls=line)
                )
        ax.set_xlim(x1, x2)
        ax.set_ylim(y2, y1)
        words = f"{violation.rule}  p {violation.probability:.2f}\nframe {crop.frame}"
        ax.set_title(words, fontsize=8, loc="left", color=INK)


def _draw_lanes(ax: Any, report: Report, lanes: list[str]) -> None:
    """A lane a rule: light where it judged, grey where it could not, dark where it is broken."""
    end_s = _edges_s(report)
    for row, rule in enumerate(lanes):
        ax.broken_barh([(0, end_s[-1])], (row - 0.36, 0.72), facecolors=BLANK)
        spans = report.timeline.rules[rule].judged if rule in report.timeline.rules else ()
        ax.broken_barh(_spans_s(spans, end_s), (row - 0.36, 0.72), facecolors=JUDGED)
        for one in report.violations:
            if one.rule == rule:
                spans_s = _spans_s([(one.start_frame, one.stop_frame)], end_s, 0.006 * end_s[-1])
                ax.broken_barh(spans_s, (row - 0.36, 0.72), facecolors=_colour(one))
    ax.set_yticks(range(len(lanes)), lanes, fontsize=8, color=INK)
    ax.set_ylim(len(lanes) - 0.5, -0.5)
    _dress(ax, end_s[-1])


def _draw_curve(ax: Any, report: Report, rule: str) -> None:
    """Value against limit, frame by frame."""
    edges_s = _edges_s(report)
    own = [one for one in report.violations if one.rule == rule]
    limit = own[0].limit or 1.0
    lane = report.timeline.rules.get(rule)
    excess = (lane.excess if lane else None) or (None,) * report.video.frames
    values = np.array([np.nan if one is None else max(one, 0.0) * limit for one in excess])
    for one in own:
        for start_s, length_s in _spans_s([(one.start_frame, one.stop_frame)], edges_s):
            ax.axvspan(start_s, start_s + length_s, color=_colour(one), alpha=0.16, lw=0)
    ax.plot(edges_s[: len(values)], values, color=LINE, linewidth=1.3)
    ax.axhline(limit, color=BAD, linewidth=0.9, linestyle=(0, (5, 3)))
    unit = _plain(own[0].unit)
    title = f"{rule}, {unit}; limit {wording.number(limit)}"
    ax.set_title(title, fontsize=8, loc="left", color=INK)
    ax.tick_params(axis="y", labelsize=7, colors=SOFT)
    ax.set_ylim(bottom=0)
    _dress(ax, edges_s[-1])


def _edges_s(report: Report) -> list[float]:
    """Where each frame begins, and where the last one ends, s."""
    times_s = list(report.timeline.times_s) or [0.0]
    since_s = [time_s - times_s[0] for time_s in times_s]
    return [*since_s, max(report.video.duration_s, since_s[-1] + 1e-3)]


def _spans_s(
    spans: Any, edges_s: list[float], shortest_s: float = 0.0
) -> list[tuple[float, float]]:
    """Start and length of frame spans, s."""
    last = len(edges_s) - 1
    found = [(edges_s[min(a, last)], edges_s[min(b, last)]) for a, b in spans]
    return [(start_s, max(stop_s - start_s, shortest_s)) for start_s, stop_s in found]


def _dress(ax: Any, end_s: float) -> None:
    ax.set_xlim(0, end_s)
    ax.tick_params(axis="x", labelsize=7, colors=SOFT)
    ax.tick_params(axis="both", length=2)
    ax.xaxis.set_major_formatter("{x:g} s")
    for side in ax.spines.values():
        side.set_visible(False)


def _colour(violation: ViolationRecord) -> str:
    return BAD if violation.probability >= FLAG_PROBABILITY else DOUBT


def _plain(text: str) -> str:
    """Text that is not taken for mathematics, in one short line."""
    line = "".join(char if char.isprintable() else "?" for char in text).replace("$", r"\$")
    return line if len(line) <= 80 else f"{line[:79]}…"

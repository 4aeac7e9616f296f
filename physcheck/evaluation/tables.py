"""An evaluation as a page of tables, whatever they are drawn with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from physcheck.evaluation.figures import FIGURES, SECTIONS, FigureKind
from physcheck.evaluation.records import (
    AlarmRow,
    CurveRecord,
    Evaluation,
    Figure,
    KindRow,
    RuleRow,
    Section,
    SetEvaluation,
    UnscoredClip,
    WorstClip,
)

__all__ = ["Block", "Cell", "Heading", "Link", "Table", "Text", "legend", "page", "set_page"]


class Link(NamedTuple):
    """A cell that leads somewhere."""

    text: str
    target: str


Cell = str | Link


class Heading(NamedTuple):
    """Stands above what follows."""

    text: str


class Text(NamedTuple):
    """A paragraph."""

    text: str


class Table(NamedTuple):
    """title: of the table. header, rows: cells; columns named in `left` are words."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    left: frozenset[str]


Block = Heading | Text | Table

_BEST = "best without physics"
_INTERVAL = "95 % interval"
_LEFT = frozenset(
    ("", "kind", "rule", "clip", "why", "verdict", "unit", "of", _BEST, "recall by magnitude")
)
_UNITS = {"share": 2, "ms": 0, "per minute": 2}


def page(evaluation: Evaluation) -> list[Block]:
    """Everything, set by set, and at the end what the figures say."""
    made = ", ".join(f"{key} {value}" for key, value in evaluation.settings.items())
    blocks: list[Block] = [
        Heading(f"{evaluation.predictor} {evaluation.physcheck} held against labels"),
        Text(
            f"{made + '. ' if made else ''}Behind each figure stand its 95 % interval (bootstrap "
            f"of whole sources, {evaluation.n_draws} draws), what it rests on (n), and the "
            "best that a predictor without physics gets on it. Each figure has its own: one that "
            "accuses every clip misses nothing. '-' is not "
            "defined; no interval stands where nothing varied."
        ),
    ]
    for one in evaluation.sets:
        blocks += set_page(one)
    return [*blocks, *legend(evaluation)]


def set_page(one: SetEvaluation) -> list[Block]:
    """The figures of one set."""
    blocks: list[Block] = [Heading(one.name), Text(_summary(one))]
    for section, title in SECTIONS.items():
        blocks += _section(section, title, getattr(one, section))
    blocks += _kinds(one.by_kind)
    blocks += _rules(one.by_rule)
    blocks += _split("Labelled events hit, by size of the thing", one.by_size)
    blocks += _split("Labelled events hit, by camera", one.by_camera)
    blocks += _alarms("Clean clips flagged, by camera", one.alarms_by_camera)
    blocks += _alarms("Clean clips flagged, by tag", one.alarms_by_tag)
    blocks += _curves(one.curves)
    blocks += _worst("Worst misses: no labelled event is hit", "missed", one.misses)
    blocks += _worst("Worst false alarms: clean clips flagged", "claimed", one.alarms)
    return [*blocks, *_unscored(one.unscored)]


def legend(evaluation: Evaluation) -> list[Block]:
    """What each figure says, and the predictors without physics."""
    rows = tuple((kind.title, kind.meaning) for kind in FIGURES)
    return [
        Heading("What the figures say"),
        Table("", ("figure", "what"), rows, frozenset(("figure", "what"))),
        Text(
            "Predictors without physics: always-clean accuses nothing; whole-clip accuses every "
            "clip from end to end; thirds accuses each third of every clip; frame-differences "
            "accuses the frame that differs most from the one before; flow-residual the frame "
            "that is least like the one before, moved by its optical flow. Those without a place "
            "(all but the last) are judged by time alone."
        ),
    ]


def _summary(one: SetEvaluation) -> str:
    unsure = f", {one.n_unsure} unsure and left out" if one.n_unsure else ""
    return (
        f"{one.n_violating} violating and {one.n_clean} clean clips{unsure}; "
        f"{one.n_groups} independent sources; {one.minutes:.1f} minutes"
    )


def _section(section: str, title: str, figures: Section) -> list[Block]:
    kinds = [kind for kind in FIGURES if kind.section == section and kind.name in figures]
    if all(figures[kind.name].value is None for kind in kinds):
        return [Text(f"{title}: nothing to count.")]
    rows = [(kind.title, *_cells(figures[kind.name], kind)) for kind in kinds]
    return [_table(title, ("", "value", _INTERVAL, "n", _BEST), rows)]


def _cells(figure: Figure, kind: FigureKind | None = None) -> tuple[str, str, str, str]:
    """Value, interval, n, and the best baseline."""
    digits = _UNITS[kind.unit] if kind else 2
    best = _number(figure.baseline_value, digits)
    return (
        _number(figure.value, digits),
        _interval(figure, digits),
        str(figure.n),
        f"{best} {figure.baseline}" if figure.baseline is not None else "-",
    )


def _interval(figure: Figure, digits: int = 2) -> str:
    if figure.low is None or figure.high is None:
        return "-"
    return f"{_number(figure.low, digits)} to {_number(figure.high, digits)}"


def _number(value: float | None, digits: int = 2) -> str:
    if value is None:
        return "-"
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def _kinds(by_kind: Mapping[str, KindRow]) -> list[Block]:
    rows = [
        (
            kind,
            str(row.n_labelled),
            _number(row.hit.value),
            _interval(row.hit),
            _number(row.hit_by_name.value),
            _cells(row.hit)[3],
        )
        for kind, row in by_kind.items()
    ]
    header = ("kind", "labelled", "hit", _INTERVAL, "hit by name", _BEST)
    return _tables("Labelled events hit, by kind", header, rows)


def _rules(by_rule: Mapping[str, RuleRow]) -> list[Block]:
    rows = [
        (
            rule,
            str(row.n_claims),
            _number(row.precision.value),
            _interval(row.precision),
            str(row.n_right_by_name),
            str(row.n_alarms),
            str(row.n_clean_clips),
        )
        for rule, row in by_rule.items()
    ]
    header = (
        *("rule", "claims", "precision", _INTERVAL),
        *("right by name", "false alarms", "clean clips accused"),
    )
    return _tables("Claims, by rule", header, rows)


def _split(title: str, figures: Section) -> list[Block]:
    if set(figures) <= {"unknown"}:
        return []
    rows = [(name, *_cells(figure)) for name, figure in figures.items()]
    return _tables(title, ("", "hit", _INTERVAL, "n", _BEST), rows)


def _alarms(title: str, rows: Mapping[str, AlarmRow]) -> list[Block]:
    """A line, for there are many tags: those with alarms first."""
    if set(rows) <= {"unknown"}:
        return []
    order = sorted(rows.items(), key=lambda one: (-one[1].n_flagged, -one[1].n_clips, one[0]))
    counts = ", ".join(f"{name} {row.n_flagged} of {row.n_clips}" for name, row in order)
    return [Text(f"{title}: {counts}.")]


def _curves(curves: Sequence[CurveRecord]) -> list[Block]:
    rows = [
        (
            one.kind,
            one.split or "all",
            str(one.n),
            "-" if one.smallest_seen is None else f"{one.smallest_seen:.3g}",
            one.unit,
            ", ".join(f"{b.low:.3g}-{b.high:.3g}: {b.recall:.2f} ({b.n})" for b in one.bins),
        )
        for one in curves
    ]
    header = ("kind", "of", "n", "seen 90 %", "unit", "recall")
    return _tables(
        "Smallest magnitude seen 90 % of the time, and recall by magnitude", header, rows
    )


def _worst(title: str, what: str, clips: Sequence[WorstClip]) -> list[Block]:
    rows: list[tuple[Cell, ...]] = [
        (
            Link(one.clip, one.report) if one.report else one.clip,
            _number(one.violation),
            one.what,
        )
        for one in clips
    ]
    return _tables(title, ("clip", "1 - score", what), rows, _LEFT | {what})


def _unscored(clips: Sequence[UnscoredClip]) -> list[Block]:
    rows = [(one.clip, one.verdict, one.reason) for one in clips]
    return _tables("Clips without a score: they count as clean", ("clip", "verdict", "why"), rows)


def _tables(
    title: str,
    header: tuple[str, ...],
    rows: Iterable[tuple[Cell, ...]],
    left: frozenset[str] = _LEFT,
) -> list[Block]:
    """One table, or none where it would be empty."""
    kept = tuple(rows)
    return [Table(title, header, kept, left)] if kept else []


def _table(title: str, header: tuple[str, ...], rows: Iterable[tuple[Cell, ...]]) -> Table:
    return Table(title, header, tuple(rows), _LEFT)

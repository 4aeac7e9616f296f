"""Predictions against labels: every figure, its interval, and the best without physics.

Pure: what was predicted comes in, an `Evaluation` goes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from physcheck.evaluation.alarms import Share as AlarmShare
from physcheck.evaluation.alarms import false_alarms
from physcheck.evaluation.detections import detection_curves
from physcheck.evaluation.figures import FIGURES, SECTIONS, is_better
from physcheck.evaluation.matching import count_rules
from physcheck.evaluation.predictions import Prediction
from physcheck.evaluation.records import (
    AlarmRow,
    Evaluation,
    Figure,
    KindRow,
    RuleRow,
    Section,
    SetEvaluation,
    UnscoredClip,
)
from physcheck.evaluation.tally import Key, Tally, tally
from physcheck.evaluation.worst import worst_alarms, worst_misses
from physcheck.labels import ClipLabel, LabelSet
from physcheck.statistics import grouped_intervals
from physcheck.types import Floats, Ints

__all__ = ["LabelledSet", "evaluate"]

_DIGITS = 6
_TAIL = 0.025


class LabelledSet(NamedTuple):
    """A label file and what is said of its clips.

    predictions: a pair for each clip, in the order of the labels.
    baselines: the same of each predictor without physics, by name.
    """

    labels: LabelSet
    predictions: Sequence[tuple[ClipLabel, Prediction]]
    baselines: Mapping[str, Sequence[tuple[ClipLabel, Prediction]]]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Clips side by side, whatever file they come from. names: for lists."""

    name: str
    sets: tuple[str, ...]
    names: tuple[str, ...]
    labels: tuple[ClipLabel, ...]
    predictions: tuple[Prediction, ...]
    baselines: Mapping[str, tuple[Prediction, ...]]

    def that_count(self) -> _Rows:
        """Without the clips of which nobody is sure."""
        keep = [row for row, one in enumerate(self.labels) if one.verdict != "unsure"]
        return _Rows(
            self.name,
            tuple(self.sets[row] for row in keep),
            tuple(self.names[row] for row in keep),
            tuple(self.labels[row] for row in keep),
            tuple(self.predictions[row] for row in keep),
            {name: tuple(said[row] for row in keep) for name, said in self.baselines.items()},
        )


def evaluate(
    sets: Sequence[LabelledSet],
    *,
    settings: Mapping[str, str] | None = None,
    predictor: str = "physcheck",
    n_draws: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Hold predictions against labels.

    Clips whose verdict is unsure count nowhere. A clip without a score counts as clean,
    and is listed.

    Args:
        sets: one for each label file; figures are given for all together, and for each.
        settings: what the predictions were made with, for the record.
        predictor: whose predictions they are.
        n_draws: of the bootstrap behind the intervals. seed: of the draws.
    """
    each = [_side_by_side(one.labels.name, [one]) for one in sets]
    if len(sets) > 1:
        each.insert(0, _side_by_side("all", sets))
    folders = {one.labels.name: str(one.labels.folder) for one in sets}
    return Evaluation(
        predictor=predictor,
        settings=dict(settings or {}),
        n_draws=n_draws,
        seed=seed,
        sets=tuple(_evaluate_set(rows, folders, n_draws, seed) for rows in each),
    )


def _side_by_side(name: str, sets: Sequence[LabelledSet]) -> _Rows:
    alone = len(sets) == 1
    names = {kind: None for one in sets for kind in one.baselines}
    return _Rows(
        name=name,
        sets=tuple(one.labels.name for one in sets for _ in one.predictions),
        names=tuple(
            label.clip if alone else f"{one.labels.name}/{label.clip}"
            for one in sets
            for label, _ in one.predictions
        ),
        labels=tuple(label for one in sets for label, _ in one.predictions),
        predictions=tuple(said for one in sets for _, said in one.predictions),
        baselines={
            kind: tuple(said for one in sets for _, said in one.baselines[kind]) for kind in names
        },
    )


def _evaluate_set(
    rows: _Rows, folders: Mapping[str, str], n_draws: int, seed: int
) -> SetEvaluation:
    counted = rows.that_count()
    figures = _figures(counted, n_draws, seed)
    labels, said = counted.labels, counted.predictions
    alarms = false_alarms(labels, said)
    return SetEvaluation(
        name=rows.name,
        folders=tuple(folders[name] for name in dict.fromkeys(rows.sets)),
        n_violating=sum(one.verdict == "violation" for one in labels),
        n_clean=sum(one.verdict == "clean" for one in labels),
        n_unsure=len(rows.labels) - len(labels),
        n_groups=len({one.group for one in labels}),
        minutes=round(sum(one.duration_s for one in said) / 60, 3),
        **{section: _section(figures, section) for section in SECTIONS},
        by_kind=_by_kind(figures),
        by_rule=_by_rule(figures, counted),
        by_size=_split(figures, "by_size"),
        by_camera=_split(figures, "by_camera"),
        alarms_by_camera=_alarm_rows(alarms.by_camera),
        alarms_by_tag=_alarm_rows(alarms.by_tag),
        curves=detection_curves(labels, said),
        misses=worst_misses(counted.names, labels, said),
        alarms=worst_alarms(counted.names, labels, said),
        unscored=tuple(_unscored(rows)),
    )


def _figures(rows: _Rows, n_draws: int, seed: int) -> dict[Key, Figure]:
    """Every figure of a set with all that stands beside it."""
    own = tally(rows.labels, rows.predictions, rows.sets)
    simple = {name: tally(rows.labels, said, rows.sets) for name, said in rows.baselines.items()}
    every = np.arange(own.n_clips)
    values = own.figures(every)
    baselines = {name: one.figures(every) for name, one in simple.items()}
    ends = _intervals(own, list(values), [one.group for one in rows.labels], n_draws, seed)
    sizes = own.sizes()
    better = {(kind.section, kind.name): kind.better for kind in FIGURES}
    found = {}
    for key, value in values.items():
        beside = {name: one[key] for name, one in baselines.items() if key in one}
        best = _best(beside, better.get(key, "higher"))
        low, high = ends[key]
        found[key] = Figure(
            value=_number(value),
            low=_number(low),
            high=_number(high),
            n=sizes[key],
            baseline=best,
            baseline_value=None if best is None else _number(beside[best]),
        )
    return found


def _intervals(
    own: Tally, keys: Sequence[Key], groups: Sequence[str], n_draws: int, seed: int
) -> dict[Key, tuple[float, float]]:
    """Both ends of the 95 % interval of each figure; whole groups of clips are drawn."""

    def figures(rows: Ints) -> Floats:
        drawn = own.figures(rows)
        return np.array([drawn[key] for key in keys])

    ends = grouped_intervals(list(groups), figures, n_draws, seed)
    rests_on = own.rests_on()
    found = {}
    for key, (low, high) in zip(keys, ends.tolist(), strict=True):
        found[key] = (low, high)
        if low == high:
            counts = rests_on.get(key, np.zeros(own.n_clips, dtype=np.bool_))
            sources = {group for group, one in zip(groups, counts, strict=True) if one}
            found[key] = _interval_without_spread(low, len(sources))
    return found


def _interval_without_spread(value: float, n_sources: int) -> tuple[float, float]:
    """The interval of a figure that comes out the same in every draw of the sources.

    None of 30 sources flagged does not mean that none ever is. For a share of 0 or 1 the
    exact binomial interval of as many trials as there are sources is given; for all else
    (and then n_sources is 0, or the figure rests on very few) nothing can be said.

    Source: Clopper, Pearson (1934), The use of confidence or fiducial limits.
    """
    if n_sources > 0 and value == 0.0:
        return 0.0, 1.0 - _TAIL ** (1.0 / n_sources)
    if n_sources > 0 and value == 1.0:
        return _TAIL ** (1.0 / n_sources), 1.0
    return float("nan"), float("nan")


def _best(values: Mapping[str, float], better: str) -> str | None:
    """The predictor that does best; the first, and simplest, of equals."""
    best: str | None = None
    for name, value in values.items():
        if not np.isnan(value) and (best is None or is_better(better, value, values[best])):
            best = name
    return best


def _section(figures: Mapping[Key, Figure], section: str) -> Section:
    keys = [(kind.section, kind.name) for kind in FIGURES if kind.section == section]
    return {key[1]: figures[key] for key in keys}


def _split(figures: Mapping[Key, Figure], section: str) -> Section:
    """The figures of one breakdown, ranges in the order of their numbers."""
    found = {name: figure for (part, name), figure in figures.items() if part == section}
    return dict(sorted(found.items(), key=lambda one: _natural(one[0])))


def _natural(name: str) -> tuple[float, str]:
    digits = name.split("-")[0].split("+")[0]
    return (float(digits) if digits.isdigit() else float("inf")), name


def _by_kind(figures: Mapping[Key, Figure]) -> dict[str, KindRow]:
    return {
        kind: KindRow(n_labelled=hit.n, hit=hit, hit_by_name=figures["by_name", kind])
        for kind, hit in _split(figures, "by_kind").items()
    }


def _by_rule(figures: Mapping[Key, Figure], rows: _Rows) -> dict[str, RuleRow]:
    counts = count_rules(rows.labels, rows.predictions)
    alarms = false_alarms(rows.labels, rows.predictions)
    return {
        rule: RuleRow(
            n_claims=counts[rule].n_claims,
            n_right_by_name=counts[rule].n_right_by_name,
            precision=precision,
            n_alarms=alarms.alarms_by_rule.get(rule, 0),
            n_clean_clips=alarms.by_rule[rule].n if rule in alarms.by_rule else 0,
        )
        for rule, precision in _split(figures, "by_rule").items()
    }


def _alarm_rows(shares: Mapping[str, AlarmShare]) -> dict[str, AlarmRow]:
    return {name: AlarmRow(n_flagged=one.n, n_clips=one.n_all) for name, one in shares.items()}


def _unscored(rows: _Rows) -> Iterable[UnscoredClip]:
    for name, label, said in zip(rows.names, rows.labels, rows.predictions, strict=True):
        if not said.scored:
            read = bool(said.report) or said.duration_s > 0
            yield UnscoredClip(clip=name, verdict=label.verdict, reason=said.reason, read=read)


def _number(value: float) -> float | None:
    """Rounded, and None where it is not defined."""
    return round(float(value), _DIGITS) if np.isfinite(value) else None

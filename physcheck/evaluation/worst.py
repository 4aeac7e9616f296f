"""The clips that deserve a look: the worst misses and the worst false alarms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from physcheck.evaluation.matching import match_events
from physcheck.evaluation.predictions import Event, Prediction
from physcheck.evaluation.records import WorstClip
from physcheck.labels import ClipLabel, ViolationLabel

__all__ = ["worst_alarms", "worst_misses"]

N_WORST = 10
_N_NAMED = 3


def worst_misses(
    names: Sequence[str], labels: Sequence[ClipLabel], predictions: Sequence[Prediction]
) -> tuple[WorstClip, ...]:
    """Violating clips of which no labelled event is hit, those that look cleanest first.

    Where the label says nothing of when, a clip is missed when it is not flagged.
    """
    rows = [
        (one.violation, -len(label.violations), name, label, one)
        for name, label, one in zip(names, labels, predictions, strict=True)
        if label.verdict == "violation" and _is_missed(label, one)
    ]
    rows.sort(key=lambda row: row[:3])
    return tuple(
        WorstClip(
            clip=name,
            what=_listed(map(_of_label, label.violations)) or "labelled without frames",
            violation=round(violation, 6),
            report=one.report,
        )
        for violation, _, name, label, one in rows[:N_WORST]
    )


def worst_alarms(
    names: Sequence[str], labels: Sequence[ClipLabel], predictions: Sequence[Prediction]
) -> tuple[WorstClip, ...]:
    """Clean clips that are flagged, those that look worst first."""
    rows = [
        (-one.violation, -len(one.events), name, one)
        for name, label, one in zip(names, labels, predictions, strict=True)
        if label.verdict == "clean" and one.flagged
    ]
    rows.sort(key=lambda row: row[:3])
    return tuple(
        WorstClip(
            clip=name,
            what=_listed(_of_event(event) for event in _surest_first(one)),
            violation=round(-violation, 6),
            report=one.report,
        )
        for violation, _, name, one in rows[:N_WORST]
    )


def _is_missed(label: ClipLabel, prediction: Prediction) -> bool:
    if not label.placed:
        return not prediction.flagged
    return not match_events(label, prediction, kinds=False).hit.any()


def _surest_first(prediction: Prediction) -> list[Event]:
    return sorted(prediction.events, key=lambda event: (-event.probability, event.peak_frame))


def _of_label(one: ViolationLabel) -> str:
    who = f" ({one.object})" if one.object else ""
    return f"{one.kind} {one.start_frame}-{one.end_frame}{who}"


def _of_event(event: Event) -> str:
    last = max(event.start_frame, event.stop_frame - 1)
    return f"{event.kind} {event.start_frame}-{last} (p={event.probability:.2f})"


def _listed(words: Iterable[str]) -> str:
    """The first few, and how many more there are."""
    every = list(words)
    more = [f"{len(every) - _N_NAMED} more"] if len(every) > _N_NAMED else []
    return ", ".join([*every[:_N_NAMED], *more])

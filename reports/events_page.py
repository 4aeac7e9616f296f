"""What fit_changes.py and fit_partings.py say of a model: recall of events at false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from logistic import held_out

from physcheck.explain.weighing import inputs
from physcheck.labels import ClipLabel

__all__ = ["event_row", "event_section", "examples"]

LIMITS = (0.0, 1.0, 2.0, 3.0, 4.0)


def event_row(label: ClipLabel, event: int, **more: Any) -> dict[str, Any]:
    """What is kept of an example. event: number of the label that it is, -1 where all obeys."""
    return {
        "clip": label.clip.rpartition("/")[2],
        "origin": label.origin,
        "group": str(label.source or label.source_repo or label.clip),
        **more,
        "truth": event >= 0,
        "event": event,
    }


def examples(rows: list[dict[str, Any]], names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (N, K) of K tests, and truth (N,)."""
    x = np.array([inputs(row["measured"], names, shaped=False) for row in rows])
    return x, np.array([row["truth"] for row in rows], dtype=bool)


def event_section(
    heading: str,
    rows: list[dict[str, Any]],
    names: Sequence[str],
    table: dict[str, Any],
    shrinkage: float,
) -> str:
    """Recall at false alarms, held out, and what the tests weigh, as Markdown."""
    x, truth = examples(rows, names)
    origin = np.array([row["origin"] for row in rows])
    groups = np.array([row["group"] for row in rows])
    events = np.array([f"{row['clip']} {row['event']}" for row in rows])
    odds = held_out(x, truth, groups, names, shrinkage, even=True)
    made = [str(name) for name in np.unique(origin[truth])]
    lines = [f"## {heading}", "", "| limit, nats | real | others, innocent |"]
    lines[-1] += "".join(f" {name} |" for name in made)
    lines.append("|---" * (3 + len(made)) + "|")
    for limit in (*LIMITS, round(float(odds[~truth & (origin == "real")].max()) + 0.005, 2)):
        over = odds > limit
        alarms = [np.sum(over & ~truth & ((origin == "real") == real)) for real in (True, False)]
        recall = []
        for name in made:
            here = truth & (origin == name)
            n_all, n_over = (len(np.unique(events[rows])) for rows in (here, here & over))
            recall.append(f"{n_over} of {n_all}")
        lines.append("| " + " | ".join([f"{limit:g}", *map(str, alarms), *recall]) + " |")
    slopes = {name: one["slope"] for name, one in table["tests"].items()}
    ranked = sorted(slopes.items(), key=lambda one: -abs(one[1]))
    weights = ", ".join(f"{name} {slope:+.2f}" for name, slope in ranked)
    return "\n".join([*lines, "", f"Nats for a usual difference: {weights}.", ""])

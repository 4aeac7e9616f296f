"""Logistic models with shrinkage over tests of which some could not be made.

Judged by cross-validation in which no source of footage is on both sides.

Source: Hastie, Tibshirani, Friedman, The Elements of Statistical Learning (2009), ch. 4.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

__all__ = ["fitted", "held_out", "parse", "rows_of"]

ROOT = Path(__file__).resolve().parents[1]
N_FOLDS = 8
Table = dict[str, dict[str, float]]


def parse(purpose: str, what: str, target: Path) -> argparse.Namespace:
    """Read the command line of a script that learns weights of `what`."""
    parser = argparse.ArgumentParser(description=purpose.split("\n", maxsplit=1)[0])
    parser.add_argument("labels", nargs="*", type=Path, help="label files")
    parser.add_argument("--rows", type=Path, default=ROOT / "out" / f"{what}.jsonl")
    parser.add_argument("--page", type=Path, default=ROOT / "reports" / f"{what}.md")
    parser.add_argument("-o", "--output", type=Path, default=target)
    return parser.parse_args()


def rows_of(
    options: argparse.Namespace, measure_set: Callable[[Path], Iterable[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """What was measured, from the kept file if there is one; else measured, and kept."""
    if options.rows.is_file():
        return [json.loads(line) for line in options.rows.read_text().splitlines()]
    rows = [row for path in options.labels for row in measure_set(path)]
    options.rows.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return rows


def fitted(
    x: np.ndarray, y: np.ndarray, names: Sequence[str], shrinkage: float, *, even: bool = False
) -> dict[str, Any]:
    """Fit the weights of one model; returns the table that is shipped.

    Args:
        x: (N, K) inputs, NaN where unknown. y: (N,) truth. names: of the K tests.
        shrinkage: inverse strength of the penalty.
        even: odds as if either truth were as likely at first; inputs are cut and scaled
            so that the few count as much as the many.
    """
    table = scaling(x, y, names, even=even)
    model = LogisticRegression(C=shrinkage, max_iter=2000)
    model.fit(design(x, table), y)
    slope, unknown = np.split(model.coef_[0], 2)
    for k, name in enumerate(names):
        table[name] |= {"slope": round(float(slope[k]), 4), "unknown": round(float(unknown[k]), 4)}
    start = float(model.intercept_[0]) - (prior(y) if even else 0.0)
    return {"start": round(start, 4), "tests": table}


def held_out(
    x: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray,
    names: Sequence[str],
    shrinkage: float,
    *,
    even: bool = False,
) -> np.ndarray:
    """Log odds (N,) of each example by a model that has not seen its source."""
    odds = np.zeros(len(y))
    for train, test in GroupKFold(N_FOLDS, shuffle=True, random_state=0).split(x, y, groups):
        table = scaling(x[train], y[train], names, even=even)
        model = LogisticRegression(C=shrinkage, max_iter=2000)
        model.fit(design(x[train], table), y[train])
        odds[test] = model.decision_function(design(x[test], table))
        odds[test] -= prior(y[train]) if even else 0.0
    return odds


def prior(y: np.ndarray) -> float:
    """Log odds of the truth before any test."""
    return float(np.log(y.sum() / (~y).sum()))


def scaling(x: np.ndarray, y: np.ndarray, names: Sequence[str], *, even: bool = False) -> Table:
    """Where each input is cut, its centre and its scale."""
    if even:
        parts = [np.nanpercentile(x[y == truth], [2, 98], axis=0) for truth in (False, True)]
        low, high = np.fmin(*(one[0] for one in parts)), np.fmax(*(one[1] for one in parts))
        halves = [np.clip(x[y == truth], low, high) for truth in (False, True)]
        centre = np.nanmean([np.nanmean(half, axis=0) for half in halves], axis=0)
        variance = [np.nanmean((half - centre) ** 2, axis=0) for half in halves]
        scale = np.sqrt(np.nanmean(variance, axis=0))
    else:
        low, high = np.nanpercentile(x, [1, 99], axis=0)
        kept = np.clip(x, low, high)
        centre, scale = np.nanmean(kept, axis=0), np.nanstd(kept, axis=0)
    columns = {"low": low, "high": high, "centre": centre, "scale": np.maximum(scale, 1e-3)}
    return {
        name: {key: round(float(value[k]), 4) for key, value in columns.items()}
        for k, name in enumerate(names)
    }


def design(x: np.ndarray, table: Table) -> np.ndarray:
    """Standardised inputs and what is unknown of them, (N, 2 K)."""
    low, high, centre, scale = (
        np.array([row[key] for row in table.values()]) for key in ("low", "high", "centre", "scale")
    )
    known = np.isfinite(x)
    z = (np.clip(np.where(known, x, centre), low, high) - centre) / scale
    return np.hstack([np.where(known, z, 0.0), ~known])

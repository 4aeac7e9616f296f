"""All tests of an end, or of a change, weighed together: logistic models, learned from labels.

Each test alone is weak, and several lean on the same pixels. The weights come from
`endings.json`, `changes.json` and `partings.json`, which `reports/fit_endings.py`,
`reports/fit_changes.py` and `reports/fit_partings.py` write; they name the footage.

Source: logistic regression with shrinkage, Hastie, Tibshirani, Friedman (2009), ch. 4.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from physcheck.types import Floats

__all__ = ["FIRST", "OUTLINE", "SECOND", "TWIG", "Weights", "inputs", "likelihood_ratio", "weights"]

FIRST = "without pixels"
SECOND = "with pixels"

OUTLINE = "two in one outline"
TWIG = "a second track"

_FILES = {FIRST: "endings.json", SECOND: "endings.json"}
_FILES |= dict.fromkeys((OUTLINE, TWIG), "partings.json")
_SURE = 5.0

# Knots (measured value, log likelihood ratio of the accusation) for each test of an end.
_KNOTS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "exit": ((0.5, 1.0, 3.0), (-_SURE, 0.0, _SURE)),
    "neighbour": ((0.1, 0.35, 0.8), (-_SURE, 0.0, _SURE)),
    "covered": ((0.05, 0.2, 0.4), (_SURE, 0.0, -_SURE)),
    "wavering": ((0.03, 0.12, 0.25, 0.45), (_SURE, 3.0, 0.0, -2.0)),
    "light": ((0.5, 0.75, 0.9, 1.0), (-4.0, -2.0, 1.0, _SURE)),
    "everywhere": ((1.5, 2.5, 4.0), (_SURE, 0.0, -3.0)),
    "pace": ((0.3, 0.6, 1.0), (_SURE, 1.5, -2.0)),
    "overlapped": ((0.0, 0.05, 0.3), (0.5, -1.0, -2.0)),
    "crowd": ((0.0, 0.05, 0.3), (0.6, -0.6, -1.7)),
    "size": ((2.5, 2.75, 3.0, 4.4), (-3.3, -0.2, 0.3, 1.0)),
    "last area": ((-0.9, -0.3, -0.2, 0.1, 0.3, 0.6), (-2.7, -0.9, 0.8, 0.8, 0.3, -0.9)),
    "contrast": ((1.8, 2.7, 3.2, 3.6), (-3.0, -1.3, 0.6, 1.6)),
    "drop": ((0.6, 0.8, 0.95, 1.0), (-3.0, -1.3, 1.0, 1.4)),
    "cells": ((0.12, 0.45, 0.7, 0.9, 1.0), (-3.0, -1.7, 0.8, 1.9, 3.2)),
    "swift": ((0.15, 0.7, 0.9, 1.0), (-2.5, -1.6, 0.6, 2.0)),
    "order": ((-0.9, -0.6, -0.35, 0.0), (-1.5, -1.0, -0.3, 0.6)),
    "fade": ((0.3, 0.8, 0.95, 1.0), (-2.6, -1.3, 0.7, 1.1)),
    "ring": ((0.0, 1.2, 2.0, 2.6, 3.0), (-2.3, -1.2, 1.2, 3.3, 4.5)),
    "unrest": ((-0.5, 0.2, 1.0, 1.6), (-1.5, 0.8, 0.0, -1.2)),
    "onset": ((-1.0, 0.3, 0.9, 1.5, 2.5), (-1.8, -1.5, 0.6, 1.4, 3.2)),
    "settled": ((0.87, 0.97, 1.0), (-2.5, -1.0, 0.9)),
    "restored": ((0.5, 0.85, 0.95, 1.0), (-3.0, -1.0, 1.5, 1.5)),
    "match": ((0.4, 0.7, 0.8, 0.9), (1.5, 1.1, -0.8, -2.0)),
    "late": ((0.5, 0.7, 0.85), (0.8, 0.4, -1.2)),
    "near": ((0.5, 0.7, 0.8, 0.9), (2.8, 2.0, -0.5, -2.2)),
    "survival": ((0.1, 0.3, 0.6), (1.3, 0.0, -2.1)),
    "extent": ((-0.7, -0.35, -0.15, 0.0), (-1.5, -0.9, 0.0, 0.8)),
}


def likelihood_ratio(test: str, value: float) -> float:
    """Log likelihood ratio of the accusation given one test; 0 where it could not be made."""
    if not np.isfinite(value):
        return 0.0
    knots, levels = _KNOTS[test]
    return float(np.interp(value, knots, levels))


def inputs(measured: Mapping[str, float], names: Sequence[str], *, shaped: bool = True) -> Floats:
    """What the model sees of the tests, (K,); NaN where a test could not be made.

    Tests with known likelihood ratios enter by these if `shaped`, the others as measured.
    """
    values = [measured.get(name, float("nan")) for name in names]
    if not shaped:
        return np.array(values)
    return np.array(
        [
            likelihood_ratio(name, value) if name in _KNOTS and np.isfinite(value) else value
            for name, value in zip(names, values, strict=True)
        ]
    )


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """A logistic model over K tests.

    names: of the tests. low, high: (K,) what inputs are cut at. centre, scale: (K,) of
    the inputs. slope: (K,) nats for one `scale`. unknown: (K,) nats where the test could
    not be made. start: nats where all inputs are as usual.
    """

    names: tuple[str, ...]
    low: Floats
    high: Floats
    centre: Floats
    scale: Floats
    slope: Floats
    unknown: Floats
    start: float
    shaped: bool = True

    @classmethod
    def read(cls, table: Mapping[str, Any], *, shaped: bool = True) -> Weights:
        """Take the weights from a table of `endings.json` or `changes.json`."""
        rows = table["tests"]
        low, high, centre, scale, slope, unknown = np.array(
            [[row[key] for key in _COLUMNS] for row in rows.values()], dtype=np.float64
        ).T
        start = float(table["start"])
        return cls(tuple(rows), low, high, centre, scale, slope, unknown, start, shaped)

    def log_odds(self, measured: Mapping[str, float]) -> float:
        """Of the accusation against all that is innocent, nats."""
        x = inputs(measured, self.names, shaped=self.shaped)
        known = np.isfinite(x)
        x = (np.clip(np.where(known, x, self.centre), self.low, self.high) - self.centre) / (
            self.scale
        )
        return float(self.start + np.where(known, x * self.slope, self.unknown).sum())


_COLUMNS = ("low", "high", "centre", "scale", "slope", "unknown")


@cache
def weights(model: str) -> Weights:
    """The shipped model for a look at ends, FIRST or SECOND, or for a kind of change."""
    of_ends = model in (FIRST, SECOND)
    file = Path(__file__).with_name(_FILES.get(model, "changes.json"))
    return Weights.read(json.loads(file.read_text(encoding="utf-8"))[model], shaped=of_ends)

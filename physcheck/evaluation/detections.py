"""Detection curves of a labelled set: for each kind, recall against magnitude."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from physcheck.evaluation.curves import detection_curve, smallest_seen
from physcheck.evaluation.matching import hits
from physcheck.evaluation.predictions import Prediction
from physcheck.evaluation.records import CurveRecord, RecallBin
from physcheck.evaluation.tally import size_of
from physcheck.labels import ClipLabel

__all__ = ["detection_curves"]

_ENOUGH = 8
"""Violations from which on a curve is drawn."""
_SMALL_PX = 32
_SEEN = 0.9


class _Case(NamedTuple):
    """A labelled violation with a magnitude, and whether any claim hits it."""

    magnitude: float
    hit: bool


def detection_curves(
    labels: Sequence[ClipLabel], predictions: Sequence[Prediction]
) -> tuple[CurveRecord, ...]:
    """Fit recall against magnitude, of each kind and unit: all, by camera, and by size."""
    cases: defaultdict[tuple[str, str, str], list[_Case]] = defaultdict(list)
    for label, one in zip(labels, predictions, strict=True):
        for key, case in _cases(label, one):
            cases[key].append(case)
    return tuple(_curve(*key, cases[key]) for key in sorted(cases) if len(cases[key]) >= _ENOUGH)


def _cases(
    label: ClipLabel, prediction: Prediction
) -> Iterator[tuple[tuple[str, str, str], _Case]]:
    """Each violation with a magnitude, once for each curve that it belongs to."""
    if not label.placed:
        return
    found = np.any(hits(label, prediction, kinds=False), axis=1)
    for violation, hit in zip(label.violations, found, strict=True):
        if violation.magnitude is None or not violation.magnitude > 0:
            continue
        splits = [""]
        if label.camera != "unknown":
            splits.append("static camera" if label.camera == "static" else "moving camera")
        size_px = size_of(violation)
        if size_px is not None:
            splits.append(f"{'below' if size_px < _SMALL_PX else 'from'} {_SMALL_PX} px")
        for split in splits:
            yield (
                (violation.kind, violation.magnitude_unit, split),
                _Case(violation.magnitude, bool(hit)),
            )


def _curve(kind: str, unit: str, split: str, cases: Sequence[_Case]) -> CurveRecord:
    curve = detection_curve([one.magnitude for one in cases], [one.hit for one in cases])
    return CurveRecord(
        kind=kind,
        unit=unit,
        split=split,
        n=len(cases),
        smallest_seen=_known(smallest_seen(curve, _SEEN)),
        intercept=_known(curve.intercept),
        slope=_known(curve.slope),
        bins=tuple(
            RecallBin(low=one.low, high=one.high, n=one.n, recall=round(one.recall, 6))
            for one in curve.bins
        ),
    )


def _known(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None

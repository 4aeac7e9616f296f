"""Figures of pairs: clips that differ in the violation only (`pair_id`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from physcheck.evaluation.metrics import limit_for
from physcheck.labels import ClipLabel
from physcheck.types import Floats, Ints

__all__ = [
    "Pairs",
    "absolute_outcomes",
    "clean_limit",
    "pairs_of",
    "relative_outcomes",
]

ALLOWED_SHARE = 0.05


class Pairs(NamedTuple):
    """violating, clean: (P,) rows of the labels. ids: (P,) the pair_id of each."""

    violating: Ints
    clean: Ints
    ids: tuple[str, ...]


def pairs_of(labels: Sequence[ClipLabel], sets: Sequence[str] | None = None) -> Pairs:
    """Put every violating clip beside every clean one of the same pair_id.

    Args:
        labels: N clips. sets: (N,) the label set of each; a pair_id is one within a set.
    """
    violating: dict[tuple[str, str], list[int]] = defaultdict(list)
    clean: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, label in enumerate(labels):
        if label.pair_id is not None and label.verdict != "unsure":
            side = violating if label.verdict == "violation" else clean
            side[sets[row] if sets is not None else "", label.pair_id].append(row)
    found = [
        (bad, good, key[1]) for key in violating for bad in violating[key] for good in clean[key]
    ]
    return Pairs(
        violating=np.array([bad for bad, _, _ in found], dtype=np.int64),
        clean=np.array([good for _, good, _ in found], dtype=np.int64),
        ids=tuple(pair_id for _, _, pair_id in found),
    )


def relative_outcomes(scores: ArrayLike, pairs: Pairs) -> Floats:
    """Whether the violating clip scores higher: 1, 0, or 0.5 where they are equal.

    The mean is the relative accuracy.

    Args:
        scores: (N,) of all labels, larger is worse.

    Returns:
        (P,).
    """
    values = np.asarray(scores, dtype=np.float64)
    lead = values[pairs.violating] - values[pairs.clean]
    return np.asarray((np.sign(lead) + 1) / 2, dtype=np.float64)


def clean_limit(clean_scores: ArrayLike, share: float = ALLOWED_SHARE) -> float:
    """Smallest limit such that at most this share of the clean clips scores above it."""
    n_clean = np.asarray(clean_scores).size
    return limit_for(clean_scores, int(share * n_clean + 1e-9))


def absolute_outcomes(scores: ArrayLike, pairs: Pairs, limit: float) -> Floats:
    """Whether both clips are on their side of a limit: 1 or 0.

    The mean is the absolute accuracy. The limit is to be fixed on clean clips alone,
    see `clean_limit`; all clean clips of the set, those of the pairs too.

    Args:
        scores: (N,) of all labels, larger is worse. limit: flagged is above it.

    Returns:
        (P,).
    """
    values = np.asarray(scores, dtype=np.float64)
    both = (values[pairs.violating] > limit) & (values[pairs.clean] <= limit)
    return np.asarray(both, dtype=np.float64)

"""All that is counted of one predictor, clip by clip, so that figures can be drawn again.

A figure is worked out from the rows of the clips that count; the bootstrap asks for
it once for each draw of clips.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from physcheck.evaluation.figures import ENOUGH_FOR_CALIBRATION
from physcheck.evaluation.frames import FramePool
from physcheck.evaluation.matching import (
    hit_figures,
    hits,
    match_events,
    onset_errors_s,
    onset_figures_ms,
)
from physcheck.evaluation.metrics import (
    auroc,
    average_precision,
    brier,
    calibration_error,
    recall_at_false_alarms,
)
from physcheck.evaluation.pairs import (
    Pairs,
    absolute_outcomes,
    clean_limit,
    pairs_of,
    relative_outcomes,
)
from physcheck.evaluation.predictions import Prediction
from physcheck.evaluation.segments import T_IOUS, segment_counts, segment_f1
from physcheck.labels import ClipLabel, ViolationLabel
from physcheck.types import Bools, Floats, Ints

__all__ = ["Key", "Share", "Tally", "size_of", "tally"]

SIZES_PX = (16, 32, 64, 128)
Key = tuple[str, str]
"""Section and name of a figure."""


class Share(NamedTuple):
    """A ratio of two sums over clips. part, whole: (N,)."""

    part: Floats
    whole: Floats

    def of(self, rows: Ints) -> float:
        """The ratio over some clips; NaN where there is nothing."""
        whole = self.whole[rows].sum()
        return float(self.part[rows].sum() / whole) if whole > 0 else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """What one predictor got right in N clips.

    scores: (N,) how surely something is wrong; 0 where there is no score.
    positive, generated, scored, flagged: (N,) of the label, and of the prediction.
    any_kind, by_name: (N, 4) events, hit, claims, right; kinds ignored, and heeded.
    segments: (N, T, 3) for each tIoU.
    onsets_s: N arrays of the errors of right claims. frames: all frames.
    shares: figures that are ratios of sums, by section and name.
    """

    scores: Floats
    positive: Bools
    generated: Bools
    scored: Bools
    any_kind: Ints
    by_name: Ints
    segments: Ints
    onsets_s: tuple[Floats, ...]
    frames: FramePool
    shares: dict[Key, Share]

    @property
    def n_clips(self) -> int:
        """How many clips count, N."""
        return len(self.scores)

    def figures(self, rows: Ints) -> dict[Key, float]:
        """Every figure over some clips, NaN where it is not defined.

        Args:
            rows: (K,) clips, with repeats.
        """
        found = {key: share.of(rows) for key, share in self.shares.items()}
        return found | self._of_clips(rows) | self._of_events(rows) | self._of_frames(rows)

    def _of_clips(self, rows: Ints) -> dict[Key, float]:
        scores, positive = self.scores[rows], self.positive[rows]
        near = positive | self.generated[rows]
        found = {
            "auroc": auroc(scores, positive),
            "auroc_generated": auroc(scores[near], positive[near]),
            "average_precision": average_precision(scores, positive),
            "average_precision_generated": average_precision(scores[near], positive[near]),
            "recall_0_flagged": recall_at_false_alarms(scores, positive, 0),
            "recall_1_flagged": recall_at_false_alarms(scores, positive, 1),
            "calibration_error": float("nan"),
            "brier": float("nan"),
        }
        if self.n_clips >= ENOUGH_FOR_CALIBRATION:
            found["calibration_error"] = calibration_error(scores, positive)
            found["brier"] = brier(scores, positive)
        return {("clips", name): value for name, value in found.items()}

    def _of_events(self, rows: Ints) -> dict[Key, float]:
        names = ("precision", "recall", "f1")
        plain = zip(names, hit_figures(self.any_kind[rows]).tolist(), strict=True)
        named = zip(names, hit_figures(self.by_name[rows]).tolist(), strict=True)
        found = dict(plain) | {f"{name}_by_name": value for name, value in named}
        onsets = [self.onsets_s[row] for row in rows.tolist()]
        errors_s = np.concatenate([np.zeros(0), *onsets])
        found["onset_ms"], found["onset_size_ms"] = onset_figures_ms(errors_s.tolist())
        for number, limit in enumerate(T_IOUS):
            name = f"segment_f1_{round(100 * limit)}"
            found[name] = segment_f1(self.segments[rows, number])
        return {("events", name): value for name, value in found.items()}

    def _of_frames(self, rows: Ints) -> dict[Key, float]:
        return {
            ("frames", "average_precision"): self.frames.pooled(rows),
            ("frames", "average_precision_per_clip"): self.frames.mean_per_clip(rows),
        }

    def sizes(self) -> dict[Key, int]:
        """What each figure rests on: how many clips, events, claims, frames or pairs."""
        n_near = int((self.positive | self.generated).sum())
        n_events, _, n_claims, _ = self.any_kind.sum(axis=0).tolist()
        n_named = int(self.by_name[:, 0].sum())
        n_onsets = sum(map(len, self.onsets_s))
        of_clips = dict.fromkeys(("auroc", "average_precision", *_ALL_CLIPS), self.n_clips)
        near = dict.fromkeys(("auroc_generated", "average_precision_generated"), n_near)
        recalls = dict.fromkeys(("recall_0_flagged", "recall_1_flagged"), int(self.positive.sum()))
        events = {
            **dict.fromkeys(("precision", "precision_by_name"), n_claims),
            **dict.fromkeys(("recall", "f1"), n_events),
            **dict.fromkeys(("recall_by_name", "f1_by_name"), n_named),
            **dict.fromkeys(("onset_ms", "onset_size_ms"), n_onsets),
            **{f"segment_f1_{round(100 * limit)}": n_events for limit in T_IOUS},
        }
        frames = {
            "average_precision": len(self.frames.positive),
            "average_precision_per_clip": int((~np.isnan(self.frames.per_clip)).sum()),
        }
        found = {("clips", name): n for name, n in (of_clips | near | recalls).items()}
        found |= {("events", name): n for name, n in events.items()}
        found |= {("frames", name): n for name, n in frames.items()}
        found |= {key: round(share.whole.sum()) for key, share in self.shares.items()}
        return found | {("false_alarms", "per_minute"): int((~self.positive).sum())}

    def rests_on(self) -> dict[Key, Bools]:
        """Which clips, (N,), have a say in each figure that is a share of things."""
        events, claims = self.any_kind[:, 0] > 0, self.any_kind[:, 2] > 0
        found = {
            "precision": claims,
            "recall": events,
            "f1": events | claims,
            **{f"segment_f1_{round(100 * limit)}": events | claims for limit in T_IOUS},
        }
        found |= {f"{name}_by_name": found[name] for name in ("precision", "recall", "f1")}
        shares = {key: share.whole > 0 for key, share in self.shares.items()}
        del shares["false_alarms", "per_minute"]
        return shares | {("events", name): one for name, one in found.items()}


_ALL_CLIPS = ("calibration_error", "brier")


def tally(
    labels: Sequence[ClipLabel], predictions: Sequence[Prediction], sets: Sequence[str]
) -> Tally:
    """Count what a predictor says of clips.

    Args:
        labels: N clips, none of them unsure. predictions: of each. sets: its label set.
    """
    scores = np.array([one.violation for one in predictions], dtype=np.float64)
    positive = np.array([one.verdict == "violation" for one in labels], dtype=np.bool_)
    segments = [
        [segment_counts(label, one, limit) for limit in T_IOUS]
        for label, one in zip(labels, predictions, strict=True)
    ]
    both = list(zip(labels, predictions, strict=True))
    return Tally(
        scores=scores,
        positive=positive,
        generated=np.array([one.origin == "generated" for one in labels], dtype=np.bool_)
        & ~positive,
        scored=np.array([one.scored for one in predictions], dtype=np.bool_),
        any_kind=_rows([match_events(*pair, kinds=False).counts for pair in both], 4),
        by_name=_rows([match_events(*pair, kinds=True).counts for pair in both], 4),
        segments=np.array(segments, dtype=np.int64).reshape(-1, len(T_IOUS), 3),
        onsets_s=tuple(np.array(onset_errors_s(*pair), dtype=np.float64) for pair in both),
        frames=FramePool.of(labels, predictions),
        shares={
            **_clip_shares(labels, predictions, positive),
            **_pair_shares(scores, positive, pairs_of(labels, sets)),
            **_violation_shares(labels, predictions),
            **_rule_shares(labels, predictions),
        },
    )


def _rows(counts: list[Ints], n_columns: int) -> Ints:
    return np.array(counts, dtype=np.int64).reshape(-1, n_columns)


def _clip_shares(
    labels: Sequence[ClipLabel], predictions: Sequence[Prediction], positive: Bools
) -> dict[Key, Share]:
    wrong, clean = positive.astype(np.float64), (~positive).astype(np.float64)
    scored = np.array([one.scored for one in predictions], dtype=np.float64)
    flagged = np.array([one.flagged for one in predictions], dtype=np.float64)
    n_claims = np.array([len(one.events) for one in predictions], dtype=np.float64)
    minutes = np.array([one.duration_s / 60 for one in predictions], dtype=np.float64)
    return {
        ("clips", "violating_flagged"): Share(flagged * wrong, wrong),
        ("clips", "violating_scored"): Share(scored * wrong, wrong),
        ("clips", "clean_scored"): Share(scored * clean, clean),
        ("false_alarms", "clean_flagged"): Share(flagged * clean, clean),
        ("false_alarms", "per_minute"): Share(n_claims * clean, minutes * clean),
    }


def _pair_shares(scores: Floats, positive: Bools, pairs: Pairs) -> dict[Key, Share]:
    """A pair is counted with its violating clip: twins are of one group, drawn together."""
    n_clips = len(scores)
    limit = clean_limit(scores[~positive])
    whole = np.bincount(pairs.violating, minlength=n_clips).astype(np.float64)

    def summed(outcomes: Floats) -> Share:
        counts = np.bincount(pairs.violating, outcomes, minlength=n_clips)
        return Share(counts.astype(np.float64), whole)

    return {
        ("pairs", "relative_accuracy"): summed(relative_outcomes(scores, pairs)),
        ("pairs", "absolute_accuracy"): summed(absolute_outcomes(scores, pairs, limit)),
    }


def _violation_shares(
    labels: Sequence[ClipLabel], predictions: Sequence[Prediction]
) -> dict[Key, Share]:
    """Labelled violations that are hit: by kind, by kind and name, by camera, by size."""
    counts = _Counts(len(labels))
    for row, (label, one) in enumerate(zip(labels, predictions, strict=True)):
        if not label.placed:
            continue
        plain = np.any(hits(label, one, kinds=False), axis=1)
        named = np.any(hits(label, one, kinds=True), axis=1)
        for violation, hit, hit_by_name in zip(label.violations, plain, named, strict=True):
            counts.add(row, ("by_kind", violation.kind), hit)
            counts.add(row, ("by_name", violation.kind), hit_by_name)
            counts.add(row, ("by_camera", label.camera), hit)
            counts.add(row, ("by_size", size_bin(size_of(violation))), hit)
    return counts.shares()


def _rule_shares(
    labels: Sequence[ClipLabel], predictions: Sequence[Prediction]
) -> dict[Key, Share]:
    """Claims that hit something, by rule."""
    counts = _Counts(len(labels))
    for row, (label, one) in enumerate(zip(labels, predictions, strict=True)):
        if not label.placed:
            continue
        right = np.any(hits(label, one, kinds=False), axis=0)
        for event, hit in zip(one.events, right, strict=True):
            counts.add(row, ("by_rule", event.kind), hit)
    return counts.shares()


class _Counts:
    """Shares that come into being as their names are met."""

    def __init__(self, n_clips: int) -> None:
        self._part: defaultdict[Key, Floats] = defaultdict(lambda: np.zeros(n_clips))
        self._whole: defaultdict[Key, Floats] = defaultdict(lambda: np.zeros(n_clips))

    def add(self, row: int, key: Key, hit: np.bool_) -> None:
        """Count one thing in a clip."""
        self._part[key][row] += hit
        self._whole[key][row] += 1

    def shares(self) -> dict[Key, Share]:
        """What was counted, in the order of the names."""
        return {key: Share(self._part[key], self._whole[key]) for key in sorted(self._whole)}


def size_of(violation: ViolationLabel) -> float | None:
    """Geometric mean of width and height of the thing, px, where it is known."""
    if violation.size_px is not None or violation.box_at_peak is None:
        return violation.size_px
    _, x1, y1, x2, y2 = violation.box_at_peak
    return float(np.sqrt(max(x2 - x1, 0.0) * max(y2 - y1, 0.0)))


def size_bin(size_px: float | None) -> str:
    """Name of the range in which a size lies."""
    if size_px is None:
        return "unknown"
    low = max((edge for edge in SIZES_PX if edge <= size_px), default=0)
    high = min((edge for edge in SIZES_PX if edge > size_px), default=None)
    return f"{low}-{high} px" if high is not None else f"{low}+ px"

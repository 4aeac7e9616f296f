"""Figures of frames: are the frames in which something is wrong the ones that stand out?

No point adjustment: a frame is right or wrong by itself, finding one frame of an event
does not give the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from physcheck.evaluation.metrics import Ranking, average_precision
from physcheck.evaluation.predictions import Prediction
from physcheck.labels import ClipLabel
from physcheck.types import Bools, Floats, Ints

__all__ = ["FramePool", "frame_truth"]


def frame_truth(label: ClipLabel, n_frames: int) -> Bools:
    """Which frames are inside a labelled interval, both ends included; (n_frames,)."""
    wrong = np.zeros(n_frames, dtype=np.bool_)
    for one in label.violations:
        wrong[one.start_frame : one.end_frame + 1] = True
    return wrong


@dataclass(frozen=True, slots=True, eq=False)
class FramePool:
    """The frames of N clips, ranked once.

    clip: (F,) row of each frame's clip. positive: (F,).
    per_clip: (N,) average precision within each clip, NaN where its frames are all
        alike or count nowhere.
    """

    ranking: Ranking
    clip: Ints
    positive: Bools
    per_clip: Floats

    @classmethod
    def of(cls, labels: Sequence[ClipLabel], predictions: Sequence[Prediction]) -> FramePool:
        """Gather the frames that were decoded, prediction by prediction.

        Left out: clips whose verdict is unsure, and violating clips without intervals,
        of whose frames nothing is known.
        """
        clips, truths, scores = [], [], []
        per_clip = np.full(len(labels), np.nan)
        for row, (label, prediction) in enumerate(zip(labels, predictions, strict=True)):
            if not label.placed:
                continue
            truth = frame_truth(label, len(prediction.frames))
            per_clip[row] = average_precision(prediction.frames, truth)
            clips.append(np.full(len(truth), row))
            truths.append(truth)
            scores.append(prediction.frames)
        return cls(
            ranking=Ranking.of(np.concatenate([np.zeros(0), *scores])),
            clip=np.concatenate([np.zeros(0, dtype=np.int64), *clips]),
            positive=np.concatenate([np.zeros(0, dtype=np.bool_), *truths]),
            per_clip=per_clip,
        )

    def pooled(self, rows: Ints | None = None) -> float:
        """Average precision over the frames of all clips, or of the clips drawn.

        Args:
            rows: (K,) clips, with repeats.
        """
        n_clips = len(self.per_clip)
        times = np.ones(n_clips) if rows is None else np.bincount(rows, minlength=n_clips)
        return self.ranking.average_precision(self.positive, times[self.clip].astype(np.float64))

    def mean_per_clip(self, rows: Ints | None = None) -> float:
        """Mean over the clips in which some frames are wrong and some are not."""
        values = self.per_clip if rows is None else self.per_clip[rows]
        known = values[~np.isnan(values)]
        return float(known.mean()) if len(known) else float("nan")

"""The figures of an evaluation: their names, what they say, and which way is better."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["ENOUGH_FOR_CALIBRATION", "FIGURES", "SECTIONS", "FigureKind", "is_better"]

ENOUGH_FOR_CALIBRATION = 300
"""Clips from which on a calibration error means something."""

SECTIONS = {
    "clips": "Clips",
    "events": "Events",
    "frames": "Frames",
    "false_alarms": "False alarms",
    "pairs": "Pairs",
}


class FigureKind(NamedTuple):
    """One figure. unit: share (in [0, 1]), ms or per minute."""

    section: str
    name: str
    title: str
    meaning: str
    better: Literal["higher", "lower", "near zero"] = "higher"
    unit: Literal["share", "ms", "per minute"] = "share"


FIGURES = (
    FigureKind(
        "clips",
        "auroc",
        "AUROC, all clean",
        "chance that a violating clip gets a worse score than a clean one; 0.5 is guessing",
    ),
    FigureKind(
        "clips",
        "auroc_generated",
        "AUROC, clean generated",
        "the same against clean clips of origin 'generated' alone",
    ),
    FigureKind(
        "clips",
        "average_precision",
        "average precision, all clean",
        "mean precision over the recall of violating clips; guessing gives their share",
    ),
    FigureKind(
        "clips",
        "average_precision_generated",
        "average precision, clean generated",
        "the same against clean clips of origin 'generated' alone",
    ),
    FigureKind(
        "clips",
        "recall_0_flagged",
        "recall with 0 clean flagged",
        "violating clips that score worse than every clean one",
    ),
    FigureKind(
        "clips",
        "recall_1_flagged",
        "recall with 1 clean flagged",
        "violating clips that score worse than all clean ones but one",
    ),
    FigureKind(
        "clips",
        "violating_flagged",
        "violating clips flagged",
        "violating clips with a violation of probability 0.5 or more",
    ),
    FigureKind(
        "clips",
        "calibration_error",
        "calibration error",
        "how far 1 - score is from the share of violating clips, ten bins of equal mass; "
        f"from {ENOUGH_FOR_CALIBRATION} clips on",
        better="lower",
    ),
    FigureKind(
        "clips",
        "brier",
        "Brier score",
        f"mean squared error of 1 - score; from {ENOUGH_FOR_CALIBRATION} clips on",
        better="lower",
    ),
    FigureKind(
        "clips",
        "violating_scored",
        "violating clips scored",
        "clips that got a score at all; the others count as clean",
    ),
    FigureKind("clips", "clean_scored", "clean clips scored", "the same for clean clips"),
    FigureKind(
        "events",
        "precision",
        "hit precision",
        "claims that hit a labelled event: peak within the interval +- 3 frames, centre of the "
        "box within the labelled box grown 1.5 times",
    ),
    FigureKind("events", "recall", "hit recall", "labelled events that some claim hits"),
    FigureKind("events", "f1", "hit F1", "harmonic mean of the two"),
    FigureKind(
        "events", "precision_by_name", "hit precision, with kinds", "the kind must be right too"
    ),
    FigureKind("events", "recall_by_name", "hit recall, with kinds", "the kind must be right too"),
    FigureKind("events", "f1_by_name", "hit F1, with kinds", "harmonic mean of the two"),
    FigureKind(
        "events",
        "onset_ms",
        "onset error, median, ms",
        "when a right claim begins, minus when the label does",
        better="near zero",
        unit="ms",
    ),
    FigureKind(
        "events",
        "onset_size_ms",
        "onset error, median size, ms",
        "the same without its sign",
        better="lower",
        unit="ms",
    ),
    *(
        FigureKind(
            "events",
            f"segment_f1_{round(100 * limit)}",
            f"segment F1 at tIoU {limit}",
            "claims and labels matched one to one by their overlap in time (tIoU)"
            if limit == 0.1
            else "the same with a larger overlap",
        )
        for limit in (0.1, 0.3, 0.5)
    ),
    FigureKind(
        "frames",
        "average_precision",
        "average precision, pooled",
        "do the frames in which something is wrong stand out among all frames; guessing gives "
        "their share",
    ),
    FigureKind(
        "frames",
        "average_precision_per_clip",
        "average precision, mean of clips",
        "the same within each violating clip",
    ),
    FigureKind(
        "false_alarms",
        "clean_flagged",
        "clean clips flagged",
        "clean clips with a violation of probability 0.5 or more",
        better="lower",
    ),
    FigureKind(
        "false_alarms",
        "per_minute",
        "alarms a minute of clean footage",
        "claims about clean clips",
        better="lower",
        unit="per minute",
    ),
    FigureKind(
        "pairs",
        "relative_accuracy",
        "relative accuracy",
        "pairs whose violating clip gets the worse score; equal scores count half; 0.5 is guessing",
    ),
    FigureKind(
        "pairs",
        "absolute_accuracy",
        "absolute accuracy",
        "pairs with both clips on their side of a limit that flags at most 5 % of the clean clips",
    ),
)
"""In the order in which they are shown."""


def is_better(better: str, one: float, other: float) -> bool:
    """Whether one value of a figure is better than another."""
    if better == "higher":
        return one > other
    if better == "lower":
        return one < other
    return abs(one) < abs(other)

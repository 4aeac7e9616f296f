"""What is said of a shot: signals of checks, violations of rules, the timeline of a clip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physcheck.types.arrays import Floats, Ints, freeze
from physcheck.types.followed import Alternative

__all__ = ["Evidence", "Incident", "Signal", "Timeline", "Violation"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a check says of one event within a signal.

    start, stop: frame numbers of the change itself, stop exclusive.
    box: xyxy px at the event. text: one sentence for a person.
    alternatives: the innocent explanations that were tried.
    """

    start: int
    stop: int
    box: tuple[float, float, float, float]
    text: str
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """What a check measured on one thing (or several): a number a frame, larger is worse.

    frames: (T,). values: (T,), NaN where the check abstained.
    reasons: (T,) words, why it abstained, "" where it judged.
    boxes: (T, 4) px, where to look.
    """

    track_ids: tuple[int, ...]
    label: str
    frames: Ints
    values: Floats
    unit: str
    reasons: NDArray[np.str_]
    boxes: Floats
    evidence: tuple[Evidence, ...] = ()

    def __post_init__(self) -> None:
        freeze(
            self,
            {"frames": ("T",), "values": ("T",), "reasons": ("T",), "boxes": ("T", 4)},
        )


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that is broken, by whom, when, by how much. Fields as in the report."""

    id: str
    rule: str
    group: str
    track_ids: tuple[int, ...]
    label: str
    start_frame: int
    stop_frame: int
    start_s: float
    stop_s: float
    peak_frame: int
    box: tuple[float, float, float, float]
    peak: float
    limit: float
    unit: str
    probability: float
    explanation: str
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Incident:
    """Violations that are one story, the first cause first.

    violation_ids: those that belong to it, in the order of the story. track_ids: of all of them.
    start_frame, stop_frame: stop exclusive. start_s, stop_s: s. probability: of the surest.
    explanation: the story in a sentence.
    """

    id: str
    violation_ids: tuple[str, ...]
    track_ids: tuple[int, ...]
    start_frame: int
    stop_frame: int
    start_s: float
    stop_s: float
    probability: float
    explanation: str


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """How close each rule is to its limit, frame by frame.

    times_s: (F,). rules: R names. excess: (F, R) value / limit, the largest over
    the things in the frame; NaN where the rule could not be judged.
    reasons: (F, R) words, why not, "" where judged or where nothing is there.
    """

    times_s: Floats
    rules: tuple[str, ...]
    excess: Floats
    reasons: NDArray[np.str_]

    def __post_init__(self) -> None:
        freeze(self, {"times_s": ("F",), "excess": ("F", "R"), "reasons": ("F", "R")})

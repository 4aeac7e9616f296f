"""False alarms: what is said of footage in which nothing is wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from physcheck.evaluation.predictions import Prediction
from physcheck.labels import ClipLabel

__all__ = ["FalseAlarms", "Share", "false_alarms"]


class Share(NamedTuple):
    """n of n_all."""

    n: int
    n_all: int


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """What clean clips are accused of.

    flagged: clean clips flagged. n_alarms: claims in them. minutes: of clean footage that
    was looked at; clips that could not be read add none.
    by_rule: clean clips that a rule accuses; alarms_by_rule: its claims.
    by_camera, by_tag: clean clips flagged; a clip with several tags counts for each.
    """

    flagged: Share
    n_alarms: int
    minutes: float
    by_rule: Mapping[str, Share]
    alarms_by_rule: Mapping[str, int]
    by_camera: Mapping[str, Share]
    by_tag: Mapping[str, Share]

    @property
    def per_minute(self) -> float:
        """Alarms a minute of clean footage; NaN where there is none."""
        return self.n_alarms / self.minutes if self.minutes > 0 else float("nan")


def false_alarms(labels: Sequence[ClipLabel], predictions: Sequence[Prediction]) -> FalseAlarms:
    """Count what is said of the clean clips among these."""
    clean = [pair for pair in zip(labels, predictions, strict=True) if pair[0].verdict == "clean"]
    seen = [prediction for _, prediction in clean]
    accused = Counter(rule for one in seen for rule in {event.kind for event in one.events})
    alarms = Counter(event.kind for one in seen for event in one.events)
    return FalseAlarms(
        flagged=Share(sum(one.flagged for one in seen), len(seen)),
        n_alarms=alarms.total(),
        minutes=sum(one.duration_s for one in seen) / 60,
        by_rule={rule: Share(accused[rule], len(seen)) for rule in sorted(accused)},
        alarms_by_rule={rule: alarms[rule] for rule in sorted(alarms)},
        by_camera=_shares((label.camera, one.flagged) for label, one in clean),
        by_tag=_shares((tag, one.flagged) for label, one in clean for tag in set(label.tags)),
    )


def _shares(rows: Iterable[tuple[str, bool]]) -> dict[str, Share]:
    """Flagged of all, by name, in alphabetical order."""
    found: dict[str, list[bool]] = defaultdict(list)
    for name, flagged in rows:
        found[name].append(flagged)
    return {name: Share(sum(found[name]), len(found[name])) for name in sorted(found)}

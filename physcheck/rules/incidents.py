"""Violations that belong together, told as one story.

A thing that sinks into the floor, vanishes and comes back larger is one incident
with three violations, the first cause first.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from physcheck import boxes as geometry
from physcheck.types import Incident, Track, Violation

__all__ = ["tell_incidents", "thing_name"]

_SAME_THING_S = 2.0
"""A thing goes on doing wrong within so many seconds after it did before."""
_SAME_PLACE_S = 0.5
"""Another thing takes part if it does wrong within so many seconds, next to the first."""


def tell_incidents(
    violations: Sequence[Violation], tracks: Sequence[Track]
) -> tuple[Incident, ...]:
    """Gather violations into incidents.

    Two violations belong together where one thing breaks both within 2 s; where the things
    are one that was lost and found elsewhere, by the tracks' own word, within 2 s; or where
    two things are side by side (their boxes at the peaks touch) within 0.5 s.

    Args:
        violations: of one clip. tracks: its things, for who became whom.

    Returns:
        Every violation is in exactly one incident; incidents in order of their starts.
    """
    if not violations:
        return ()
    same = _same_things(tracks)
    pairs = [
        (a, b)
        for (a, one), (b, other) in itertools.combinations(enumerate(violations), 2)
        if _belong(one, other, same)
    ]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(violations),) * 2)
    _, group_of = connected_components(graph, directed=False)
    groups = [
        [one for one, number in zip(violations, group_of, strict=True) if number == group]
        for group in dict.fromkeys(group_of.tolist())
    ]
    ordered = sorted((sorted(group, key=_first_cause) for group in groups), key=_first_of)
    return tuple(_incident(number, group) for number, group in enumerate(ordered, start=1))


def thing_name(track_ids: Sequence[int], label: str) -> str:
    """Name what is accused: "object 3 (ball)", "objects 3, 5", "the picture"."""
    if not track_ids:
        return label or "the picture"
    noun = "object" if len(track_ids) == 1 else "objects"
    suffix = f" ({label})" if label else ""
    return f"{noun} {', '.join(map(str, track_ids))}{suffix}"


def _same_things(tracks: Sequence[Track]) -> Mapping[int, int]:
    """For each track, the first of those that are one thing by the word of their endings."""
    same: dict[int, int] = {}
    for track in sorted(tracks, key=lambda one: int(one.frames[0])):
        partner = track.birth.partner if track.birth.cause == "relocated" else -1
        same[track.id] = same.get(partner, track.id)
    return same


def _belong(one: Violation, other: Violation, same: Mapping[int, int]) -> bool:
    """Whether two violations are parts of one incident."""
    apart_s = max(one.start_s, other.start_s) - min(one.stop_s, other.stop_s)
    if _things(one, same) & _things(other, same):
        return apart_s <= _SAME_THING_S
    if not (one.track_ids and other.track_ids) or apart_s > _SAME_PLACE_S:
        return False
    a, b = np.array([one.box]), np.array([other.box])
    return bool(geometry.intersection(a, b).item() > 0)


def _things(violation: Violation, same: Mapping[int, int]) -> set[int]:
    return {same.get(number, number) for number in violation.track_ids}


def _first_cause(violation: Violation) -> tuple[float, float, str]:
    """Order within a story: what comes first, and of what begins at once what ends first."""
    return violation.start_frame, violation.stop_frame, violation.rule


def _first_of(group: Sequence[Violation]) -> tuple[float, float, str]:
    return _first_cause(group[0])


def _incident(number: int, group: Sequence[Violation]) -> Incident:
    return Incident(
        id=f"i{number}",
        violation_ids=tuple(one.id for one in group),
        track_ids=tuple(sorted({number for one in group for number in one.track_ids})),
        start_frame=group[0].start_frame,
        stop_frame=max(one.stop_frame for one in group),
        start_s=group[0].start_s,
        stop_s=max(one.stop_s for one in group),
        probability=max(one.probability for one in group),
        explanation=_story(group),
    )


def _story(group: Sequence[Violation]) -> str:
    """Who breaks which rules, in which order: "object 1: vanish (frames 3-4), then ..."."""
    parts = []
    teller: tuple[int, ...] | None = None
    for one in group:
        who = "" if one.track_ids == teller else f"{thing_name(one.track_ids, one.label)}: "
        last = max(one.start_frame, one.stop_frame - 1)
        parts.append(f"{who}{one.rule} (frames {one.start_frame}-{last})")
        teller = one.track_ids
    return ", then ".join(parts)

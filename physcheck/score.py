"""One number for a clip: 1 nothing found, 0 surely violated, none where nothing can be told."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Score", "score"]


@dataclass(frozen=True, slots=True)
class Score:
    """The number and why it is what it is.

    value: in [0, 1], or None where it could not be told.
    calibrated: whether the probabilities behind it were learned from footage.
    """

    value: float | None
    reason: str
    calibrated: bool = False


def score(
    peak_probability: Mapping[str, float],
    n_judged: Mapping[str, int],
    abstained: Mapping[str, Mapping[str, int]],
    *,
    n_violations: int,
    n_frames: int,
    n_tracks: int,
    n_moving_tracks: int,
    problems: Sequence[str] = (),
    calibrated: bool = False,
    curve: Sequence[tuple[float, float]] = (),
    min_judged: int = 5,
) -> Score:
    """Sum up what the rules say of a clip.

    The score is 1 minus the largest probability of any rule, along the pack's score curve
    where it has one. The probabilities are not multiplied, for the rules look at the same
    tracks and one event can break several of them. A clip that shows too little has no score,
    unless it is accused: a thing at rest that vanishes is a finding although nothing moves.

    Args:
        peak_probability: by rule, of its worst moment, in [0, 1].
        n_judged: by rule, track-frames judged.
        abstained: by rule, track-frames not judged, by reason.
        n_violations: how often a limit was broken.
        n_frames: frames of the clip that show something new.
        n_tracks: things that were followed.
        n_moving_tracks: those of them that move against the scenery.
        problems: sentences on what forbids any score, e.g. "the frame size changes".
        calibrated: whether the limits were learned from labelled footage.
        curve: knots (probability of the worst moment, of something wrong in the clip), both
            rising from 0 to 1, learned from labelled footage; none: the two are the same.
        min_judged: some rule must have judged this many track-frames.
    """
    if problems:
        return Score(None, "; ".join(problems))
    worst = min(peak_probability, key=lambda rule: (-peak_probability[rule], rule), default="")
    probability = peak_probability.get(worst, 0.0)
    if n_violations == 0:
        most = max((n_judged.get(rule, 0) for rule in peak_probability), default=0)
        lack = _too_little_shown(n_frames, n_tracks, n_moving_tracks) or _too_little_judged(
            most, min_judged, abstained
        )
        if lack:
            return Score(None, lack)
    word = "the surest violation is" if n_violations else "no violation; nearest is"
    learned = "learned from labelled footage" if calibrated else "not yet calibrated on footage"
    reason = f"{word} {worst}, p = {probability:.2f}, by odds {learned}"
    wrong = _along(curve, probability) if curve else probability
    if curve and not n_violations:
        reason += f"; of labelled clips with such a moment {wrong:.0%} had something wrong"
    return Score(1.0 - wrong, reason, calibrated)


def _along(curve: Sequence[tuple[float, float]], probability: float) -> float:
    """Where a curve of straight lines is, at some probability."""
    place = min(bisect.bisect_right(curve, probability, key=lambda knot: knot[0]), len(curve) - 1)
    (x1, y1), (x2, y2) = curve[place - 1], curve[place]
    return y1 + (y2 - y1) * (probability - x1) / (x2 - x1)


def _too_little_shown(n_frames: int, n_tracks: int, n_moving_tracks: int) -> str:
    """Say what the clip lacks for a score, or ""."""
    if n_frames < 2:
        return f"too short: {n_frames} frame{'' if n_frames == 1 else 's'}"
    if n_tracks == 0:
        return "nothing was found to follow"
    return "" if n_moving_tracks else "nothing moves"


def _too_little_judged(
    most: int, min_judged: int, abstained: Mapping[str, Mapping[str, int]]
) -> str:
    """Say why the rules judged too little for a score, or ""."""
    if most >= min_judged:
        return ""
    counts: Counter[str] = Counter()
    for reasons in abstained.values():
        counts.update(reasons)
    if not counts:
        return f"too little to judge: {most} track-frames, {min_judged} are needed"
    commonest = min(counts, key=lambda reason: (-counts[reason], reason))
    extent = "every rule abstained" if most == 0 else "the rules abstained almost everywhere"
    return f"{extent}, mostly because: {commonest}"

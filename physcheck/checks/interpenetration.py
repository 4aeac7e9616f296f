"""The check `interpenetration`."""

from __future__ import annotations

import numpy as np

from physcheck.checks import check
from physcheck.signals import signal_of
from physcheck.things import is_articulated
from physcheck.types import Alternative, Evidence, Ints, Overlap, Shot, Signal, Track

__all__ = ["interpenetration"]

_MAX_PAUSE = 3
"""Frames in which the order is not told within one passage."""


@check("interpenetration", group="floor", unit="share of the outline")
def interpenetration(shot: Shot, *, min_size_px: float = 10.0) -> list[Signal]:
    """A thing goes into something solid on one side and is in front of it on the other.

    Statistic: share of the thing's outline in which the order turns round at once: what lay
        behind the same places of something still lies in front of them in the next frame,
        or the other way round, while the two overlap. What passes in front of something, or
        behind it, keeps the order from first to last.
    Abstains: something is near, but hides no part of the thing; its way is not even, so that
        nobody can tell where its hidden part is; colours too much alike; soft things and
        those with limbs; unsteady picture.
    Blind to: things that go through each other without a change of the order; two things
        that both move; whatever passes so fast that it is hidden in one frame alone.
    Source: solidity in violation-of-expectation sets, Spelke et al. (1992), Origins of knowledge.

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
    """
    return [_measure(track, shot, min_size_px) for track in shot.tracks]


def _measure(track: Track, shot: Shot, min_size_px: float) -> Signal:
    values = np.full(len(track.frames), np.nan)
    reasons = np.full(len(values), "it is not told who is in front", dtype="U40")
    evidence: list[Evidence] = []
    unfit = _unfit(track, min_size_px)
    if unfit:
        reasons[:] = unfit
        return signal_of(track, values, reasons, unit="share of the outline")
    values[track.open], reasons[track.open] = 0.0, ""
    for overlap in shot.world.overlaps:
        if overlap.track_id != track.id:
            continue
        told = np.isin(track.frames, overlap.frames[np.isfinite(overlap.in_front)])
        values[told], reasons[told] = np.fmax(values[told], 0.0), ""
        rows = _passage(told, int(np.searchsorted(track.frames, overlap.turned_frame)))
        if len(rows) and overlap.turned > 0:
            values[rows], reasons[rows] = np.fmax(values[rows], overlap.turned), ""
            evidence.append(_evidence(track, rows, overlap))
    doubtful = np.isin(track.frames, shot.frames[shot.unsteady])
    values[doubtful], reasons[doubtful] = np.nan, "unsteady picture"
    return signal_of(track, values, reasons, unit="share of the outline", evidence=evidence)


def _unfit(track: Track, min_size_px: float) -> str:
    if is_articulated(track.label):
        return "it has limbs or is soft"
    size = np.median(track.boxes[:, 2:] - track.boxes[:, :2], axis=0).min()
    return "too small" if size < min_size_px else ""


def _passage(told: np.ndarray, turn: int) -> Ints:
    """Rows around a turn in which the order is told, short pauses bridged."""
    rows = np.flatnonzero(told)
    if not len(rows):
        return np.zeros(0, dtype=np.int64)
    groups = np.split(rows, np.flatnonzero(np.diff(rows) > _MAX_PAUSE + 1) + 1)
    nearest = min(groups, key=lambda group: int(np.abs(group - turn).min()))
    return np.arange(nearest[0], nearest[-1] + 1)


def _evidence(track: Track, rows: Ints, overlap: Overlap) -> Evidence:
    row = min(int(np.searchsorted(track.frames, overlap.turned_frame)), len(track.frames) - 1)
    x1, y1, x2, y2 = (float(value) for value in track.boxes[row])
    deepest = 100 * float(overlap.hidden.max())
    share = 100 * overlap.turned
    return Evidence(
        start=int(track.frames[rows[0]]),
        stop=int(track.frames[rows[-1]]) + 1,
        box=(x1, y1, x2, y2),
        text=f"behind and in front of the same thing in one passage: the order turns round "
        f"in {share:.0f} % of its outline at frame {overlap.turned_frame}, "
        f"{deepest:.0f} % of it hidden at most",
        alternatives=(
            Alternative(
                "passed behind, or in front",
                float(min(10.0 * overlap.turned, 5.0)),
                f"order turned in {share:.0f} % of the outline",
            ),
        ),
    )

"""The check `teleport`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from physcheck import boxes as geometry
from physcheck.changes import change_signal
from physcheck.checks import check
from physcheck.ends import size_of
from physcheck.types import Change, Evidence, Shot, Signal, Track

__all__ = ["teleport"]


@check("teleport", group="trajectory", unit="body lengths")
def teleport(
    shot: Shot,
    *,
    min_size_px: float = 10.0,
    max_pace: float = 0.7,
    error_weight: float = 2.0,
    min_log_odds: float = 0.0,
) -> list[Signal]:
    """A thing is suddenly elsewhere, by a way that no motion explains.

    Statistic: length of a step in body lengths beyond what the steps before and after
        foretell, dropped and doubled frames allowed for, less its uncertainty; it
        counts where the same picture is at the new place and not where its motion
        leads, and no other thing jumps at once. For a thing that is gone from one place
        while a look-alike starts at another: the distance between the two.
    Abstains: too small, too fast, at the border, near other things, fewer than two
        clear steps on either side, the box may have gone over to another thing.
    Blind to: jumps shorter than a seventh of a body length or four times as far as
        its paces differ; jumps along its way of up to two steps; swaps of look-alikes.
    Source: innovation gating, Bar-Shalom, Li, Kirubarajan (2001), ch. 5.

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        max_pace: body lengths a frame beyond which a thing is too fast to judge.
        error_weight: standard errors taken off the jump.
        min_log_odds: nats by which the pixels must say that the thing jumped.
    """
    by_id = {track.id: track for track in shot.tracks}
    return [
        _relocated(
            change_signal(
                track,
                kind="place",
                unit="body lengths",
                unfit=_unfit(track, min_size_px, max_pace),
                amount=lambda change: change.amount - error_weight * change.error,
                sentence=_sentence,
                min_log_odds=min_log_odds,
            ),
            track,
            by_id.get(track.birth.partner) if track.birth.cause == "relocated" else None,
        )
        for track in shot.tracks
    ]


def _unfit(track: Track, min_size_px: float, max_pace: float) -> str:
    if size_of(track) < min_size_px:
        return "too small"
    step = np.linalg.norm(np.diff(geometry.centre(track.boxes), axis=0), axis=1)
    pace = np.median(step) / size_of(track) if len(step) else 0.0
    return "too fast" if pace > max_pace else ""


def _sentence(change: Change) -> str:
    return f"jumps {change.amount:.1f} body lengths beyond what its motion foretells"


def _relocated(signal: Signal, track: Track, gone: Track | None) -> Signal:
    """Add the jump from where a look-alike ended when this one began."""
    if gone is None:
        return signal
    here, before = geometry.centre(track.boxes[:1])[0], geometry.centre(gone.boxes[-1:])[0]
    size = np.sqrt(geometry.size(gone.boxes[-1:])[0].prod())
    values, reasons = signal.values.copy(), signal.reasons.copy()
    values[0], reasons[0] = np.linalg.norm(here - before) / size, ""
    x1, y1, x2, y2 = (float(v) for v in track.boxes[0])
    jump = Evidence(
        start=int(gone.frames[-1]),
        stop=int(track.frames[0]) + 1,
        box=(x1, y1, x2, y2),
        text=f"at once {values[0]:.1f} body lengths from where object {gone.id} is gone",
        alternatives=track.birth.alternatives,
    )
    return replace(signal, values=values, reasons=reasons, evidence=(*signal.evidence, jump))

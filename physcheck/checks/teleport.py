"""The check `teleport`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from physcheck import boxes as geometry
from physcheck.changes import change_signal
from physcheck.checks import check
from physcheck.fitness import size_of
from physcheck.types import Change, Evidence, Shot, Signal, Track

__all__ = ["teleport"]


@check("teleport", group="trajectory", unit="nats")
def teleport(
    shot: Shot,
    *,
    min_size_px: float = 10.0,
    max_pace: float = 0.7,
    min_jump: float = 0.08,
    error_weight: float = 2.0,
) -> list[Signal]:
    """A thing is suddenly elsewhere, by a way that no motion explains.

    Statistic: log odds that the thing leapt, against all that moves only its box: length
        of a step in body lengths beyond what the steps before and after foretell,
        dropped and doubled frames allowed for; whether the same picture is at the new
        place and not where its motion leads; whether other things jump at once. Weighed
        together as labelled leaps teach. For a thing that is gone from one place while a
        look-alike starts at another: the log odds of either end, the greater.
    Abstains: too small, too fast, at the border, near other things, fewer than two
        clear steps on either side, cut, fade or lost camera.
    Blind to: jumps shorter than a tenth of a body length or two and a half times as far
        as its paces differ; jumps along its way of up to three steps; swaps of look-alikes.
    Source: innovation gating, Bar-Shalom, Li, Kirubarajan (2001), ch. 5.

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        max_pace: body lengths a frame beyond which a thing is too fast to judge.
        min_jump: body lengths; a jump that may be less is none.
        error_weight: standard errors taken off the jump.
    """
    by_id = {track.id: track for track in shot.tracks}
    return [
        _relocated(
            change_signal(
                track,
                kind="place",
                unfit=_unfit(track, min_size_px, max_pace),
                certainly=lambda one: one.amount - error_weight * one.error - min_jump,
                sentence=_sentence,
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
    lengths = float(np.linalg.norm(here - before) / size)
    values, reasons = signal.values.copy(), signal.reasons.copy()
    values[0], reasons[0] = max(track.birth.log_odds, gone.death.log_odds), ""
    x1, y1, x2, y2 = (float(v) for v in track.boxes[0])
    jump = Evidence(
        start=int(gone.frames[-1]),
        stop=int(track.frames[0]) + 1,
        box=(x1, y1, x2, y2),
        text=f"at once {lengths:.1f} body lengths from where object {gone.id} is gone",
        alternatives=track.birth.alternatives,
    )
    return replace(signal, values=values, reasons=reasons, evidence=(*signal.evidence, jump))

"""The check `lost-behind`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from physcheck import boxes as geometry
from physcheck.checks import check
from physcheck.fitness import size_of
from physcheck.types import Evidence, Floats, Return, Shot, Signal, Track

__all__ = ["lost_behind"]

_NEAR = 1.5
"""Body lengths from its hidden way within which a new thing may be it."""
_ALIKE = 0.5
"""Log size by which a new thing may differ and still be it."""
_FEW = 4


@check("lost-behind", group="permanence", unit="sigma")
def lost_behind(shot: Shot, *, min_size_px: float = 10.0, min_seen_frames: int = 6) -> list[Signal]:
    """A thing goes behind something and does not come out, though its motion says it should.

    Statistic: how long it has been due, in standard deviations of when it should come
        out. What hides it is read from the picture: the edge at which it went, and where
        beyond it the scenery from before goes on; there the pixels are asked until when
        nothing shows. 0 while the thing is simply there.
    Abstains: where no far edge is seen; where it slows down, falls, or is so slow that it
        may have stopped; where the place it should come out at cannot be watched; where a
        thing like it turns up nearby; too small, seen too briefly; where the shot ends
        before it is due.
    Blind to: what goes behind moving things; what hides before unlike scenery on its two
        sides; things that go behind and come out changed.
    Source: the likelihood of hidden against gone of ADEPT (Smith et al. 2019); that a
        hidden thing goes on, Baillargeon, Spelke, Wasserman (1985).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        min_seen_frames: frames a thing must have been seen in.
    """
    return [_signal(track, shot, min_size_px, min_seen_frames) for track in shot.tracks]


class _Told(NamedTuple):
    """What is said of the return: a value, or NaN and why not; in which frame and place."""

    value: float
    reason: str
    frame: int
    box: tuple[float, float, float, float]


def _signal(track: Track, shot: Shot, min_size_px: float, min_seen_frames: int) -> Signal:
    values = np.where(track.observed, 0.0, np.nan)
    reasons = np.where(track.observed, "", "not seen").astype("U60")
    frames, boxes = track.frames, track.boxes
    evidence: tuple[Evidence, ...] = ()
    unfit = "too small" if size_of(track) < min_size_px else ""
    unfit = "seen too briefly" if track.observed.sum() < min_seen_frames else unfit
    awaited = track.death.awaited
    if unfit:
        values[:], reasons[:] = np.nan, unfit
    elif awaited is not None:
        told = _told(track, awaited, shot)
        # The row in which it should be there comes after those in which it was.
        frames, boxes = np.append(frames, told.frame), np.vstack([boxes, told.box])
        values, reasons = np.append(values, told.value), np.append(reasons, told.reason)
        evidence = (_evidence(track, awaited, told),) if not told.reason else ()
    elif track.death.cause == "occluded":
        values[-1], reasons[-1] = np.nan, "no telling where it should come out"
    return Signal(
        track_ids=(track.id,),
        label=track.label,
        frames=frames,
        values=values,
        unit="sigma",
        reasons=reasons,
        boxes=boxes,
        evidence=evidence,
    )


def _told(track: Track, awaited: Return, shot: Shot) -> _Told:
    """Whether it is overdue."""
    last = int(shot.frames[-1])
    frame = min(max(awaited.due, int(track.frames[-1]) + 1), last)
    reason = ""
    if awaited.doubt:
        reason = awaited.doubt
    elif awaited.due > last:
        reason = "the shot ends before it is due"
    elif not np.isfinite(awaited.overdue):
        reason = "its return cannot be watched"
    elif any(_may_be(other, track, awaited) for other in shot.tracks):
        reason = "a thing like it turns up nearby"
    return _Told(float("nan") if reason else awaited.overdue, reason, frame, awaited.box)


def _may_be(other: Track, gone: Track, awaited: Return) -> bool:
    """Whether another track may be the thing come out elsewhere."""
    first = int(other.frames[0])
    if not gone.death.frame < first <= awaited.empty_until or other.observed.sum() < _FEW:
        return False
    if other.birth.cause in ("clip", "border"):
        return False
    size, its = (np.median(geometry.size(t.boxes[t.observed]), axis=0) for t in (gone, other))
    if np.abs(np.log(np.maximum(its, 1.0) / size)).max() > _ALIKE:
        return False
    away = _distance(geometry.centre(other.boxes[0]), gone, awaited)
    return bool(away < _NEAR * float(np.sqrt(size.prod())))


def _distance(place: Floats, gone: Track, awaited: Return) -> float:
    """From the straight line between where it went and where it should come out, px."""
    start, end = geometry.centre(gone.boxes[-1]), geometry.centre(np.array(awaited.box))
    way = end - start
    share = np.clip((place - start) @ way / max(float(way @ way), 1e-9), 0, 1)
    return float(np.linalg.norm(place - start - share * way))


def _evidence(track: Track, awaited: Return, told: _Told) -> Evidence:
    start = min(track.death.frame, told.frame)
    return Evidence(
        start=start,
        stop=max(told.frame, start) + 1,
        box=awaited.box,
        text=f"goes behind {awaited.behind} in frame {track.death.frame}, should be out by frame "
        f"{awaited.due} and at the latest by frame {awaited.stop - 1}, but nothing shows there "
        f"until frame {awaited.empty_until}",
        alternatives=track.death.alternatives,
    )

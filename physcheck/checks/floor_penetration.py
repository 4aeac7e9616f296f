"""The check `floor-penetration`."""

from __future__ import annotations

import numpy as np

from physcheck import boxes as geometry
from physcheck.checks import check
from physcheck.ends import size_of
from physcheck.signals import runs
from physcheck.types import Contact, Evidence, Floats, Shot, Signal, Support, Track

__all__ = ["floor_penetration"]


@check("floor-penetration", group="floor", unit="px")
def floor_penetration(
    shot: Shot,
    *,
    min_size_px: float = 12.0,
    error_weight: float = 1.5,
    reach_sizes: float = 2.0,
    max_depth_sizes: float = 0.7,
    horizon_share: float = 0.0,
) -> list[Signal]:
    """A thing goes through the surface that it rests or bounces on.

    Statistic: px of its lower edge below the surface, less the uncertainty of the
        surface and less what coming nearer would do (growth times the height below
        the horizon). The surface is where at least two contacts agree, one of them
        its own, or where the user says it is (`--floor`).
    Abstains: no surface known at its place or for its distance (its size differs from
        that at the contacts), too small, at the border, near other things, camera
        on the move; deeper than a part of its height (it is in front of the edge).
    Blind to: things that never bounced before they sink; things that sink at every
        contact alike; the lower part hidden by the floor instead of drawn over it.
    Source: contacts as evidence for supports, after Physion (Bear et al. 2021).

    Args:
        min_size_px: smaller side below which a thing is not judged, px.
        error_weight: standard deviations of the surface taken off the depth.
        reach_sizes: widths beyond the outermost contact up to which it holds.
        max_depth_sizes: heights beyond which it is past the edge, not in the floor.
        horizon_share: height of the horizon as a share of the picture's height.
    """
    limits = (min_size_px, error_weight, reach_sizes, max_depth_sizes, horizon_share)
    return [_measure(track, shot, limits) for track in shot.tracks]


def _measure(track: Track, shot: Shot, limits: tuple[float, float, float, float, float]) -> Signal:
    min_size_px, error_weight, reach, max_depth, horizon = limits
    n = len(track.frames)
    values, reasons = np.full(n, np.nan), np.full(n, "no surface known", dtype="U40")
    support = _support_of(track, shot)
    if size_of(track) < min_size_px:
        reasons[:] = "too small"
    elif shot.world.moving_camera:
        reasons[:] = "the camera moves"
    elif support is not None:
        size = geometry.size(track.boxes)
        centre = geometry.centre(track.boxes)
        depth = track.boxes[:, 3] - support.y_at(centre[:, 0])
        growth = _growth(track, shot, support, size)
        nearer = np.maximum(growth, 0) * (track.boxes[:, 3] - horizon * shot.height_px)
        net = depth - error_weight * support.sigma_px - np.maximum(nearer, 0)
        away = _beyond(centre[:, 0], size[:, 0], support, reach) | (np.abs(growth) > 0.15)
        past = depth > max_depth * size[:, 1]
        usable = track.clear & ~away & ~past
        values[usable] = np.maximum(net, 0)[usable]
        reasons[:] = ""
        reasons[away], reasons[past] = "away from the known surface", "past the edge"
        reasons[~track.clear] = "near another thing or the border"
        reasons[~track.observed] = "not seen"
    return Signal(
        track_ids=(track.id,),
        label=track.label,
        frames=track.frames,
        values=values,
        unit="px",
        reasons=reasons,
        boxes=track.boxes,
        evidence=_evidence(track, values, support),
    )


def _support_of(track: Track, shot: Shot) -> Support | None:
    """The user's floor, else the highest surface that this thing bounced on."""
    given = [s for s in shot.world.supports if s.source == "user"]
    own = [s for s in shot.world.supports if track.id in s.track_ids]
    return min(given or own, key=lambda s: s.intercept, default=None)


def _growth(track: Track, shot: Shot, support: Support, size: Floats) -> Floats:
    """Log size in each frame over that at the thing's own contacts, (T,)."""
    if support.source == "user":
        return np.zeros(len(size))
    frames = [c.frame for c in shot.world.contacts if _on(c, track, support)]
    at = np.flatnonzero(np.isin(track.frames, frames))
    level = np.median(np.log(size[at]).mean(axis=1))
    smooth = track.mean[:, 2:4].mean(axis=1)
    return np.asarray(smooth - level)


def _on(contact: Contact, track: Track, support: Support) -> bool:
    return contact.track_id == track.id and (
        abs(contact.point[1] - support.intercept) < 2 * support.sigma_px + 2
    )


def _beyond(x: Floats, width: Floats, support: Support, reach: float) -> np.ndarray:  # type: ignore[type-arg]
    low, high = support.x_range
    return np.asarray((x < low - reach * width) | (x > high + reach * width))


def _evidence(track: Track, values: Floats, support: Support | None) -> tuple[Evidence, ...]:
    if support is None:
        return ()
    evidence = []
    for start, stop in runs(np.nan_to_num(values) > 0):
        peak = start + int(np.argmax(values[start:stop]))
        x1, y1, x2, y2 = (float(v) for v in track.boxes[peak])
        source = (
            "the given floor"
            if support.source == "user"
            else f"the floor (known from {support.n_contacts} contacts)"
        )
        text = f"{values[peak]:.1f} px below {source}"
        evidence.append(
            Evidence(
                int(track.frames[start]), int(track.frames[stop - 1]) + 1, (x1, y1, x2, y2), text
            )
        )
    return tuple(evidence)

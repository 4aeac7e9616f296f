"""What moves but is no thing of its own: flicker, and parts of something larger.

Told over the whole piece, from chains of regions. What is winnowed out is not deleted,
but made faint: it may go on with a track, not begin one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from physcheck import boxes as geometry
from physcheck.camera import Camera, stabilise
from physcheck.detectors.chains import link
from physcheck.types import Bools, Detections, Floats, Ints, Piece

__all__ = ["winnow"]

_FAINT = 0.3
_FLICKER_S = 0.25
"""What goes nowhere and is gone sooner than this is no thing that anybody followed."""
_CLEAR_PX, _STEADY = 24.0, 0.2
"""Log width and height within which the outline of a large thing stays, however short its life."""
_ALONG = 0.7
"""Share of its way that leads away from where it began, for what goes somewhere."""
_FEWEST = 3
"""Frames; fewer may be all that a fast thing leaves in a chain."""
_LARGER = 3.0
"""Times the area that something has at least whose part it is."""
_WHOLE_LIFE = 0.9
_TOUCHES = 0.95
_APART_PX, _APART = 3.0, 0.1
"""Gap to what it is a part of: px of the working picture, and a share of its size."""


@dataclass(frozen=True, slots=True, eq=False)
class _Life:
    """A chain of regions: rows (T,), boxes (T, 4) in px of the reference view, hull (4,)."""

    rows: Ints
    picks: Ints
    boxes: Floats
    hull: Floats
    area: float


def winnow(seen: Sequence[Detections], piece: Piece, camera: Camera) -> list[Detections]:
    """Make faint what flickers and what is a part of something larger.

    Args:
        seen: n detections, px of the clip. piece: n frames. camera: their motion.

    Returns:
        The same boxes, some with lower scores.
    """
    straight = [stabilise(one.boxes, camera, k, piece.px) for k, one in enumerate(seen)]
    lives = _lives(straight, piece.times_s)
    faint = [np.zeros(len(one.boxes), dtype=bool) for one in seen]
    parts = _parts(lives, _APART_PX * float(piece.px.max()))
    for life, is_part in zip(lives, parts, strict=True):
        told = len(life.rows) >= _FEWEST
        if told and (is_part or _flickers(life, piece.times_s)):
            for row, pick in zip(life.rows.tolist(), life.picks.tolist(), strict=True):
                faint[row][pick] = True
    return [
        replace(one, scores=np.where(mask, np.minimum(one.scores, _FAINT), one.scores))
        for one, mask in zip(seen, faint, strict=True)
    ]


def _lives(boxes: Sequence[Floats], times_s: Floats) -> list[_Life]:
    step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.04
    lives = []
    for chain in link(boxes, [[""] * len(one) for one in boxes], step_s):
        own = np.array([boxes[k][pick] for k, pick in zip(chain.rows, chain.picks, strict=True)])
        hull = np.concatenate([own[:, :2].min(axis=0), own[:, 2:].max(axis=0)])
        area = float(np.median(geometry.area(own)))
        lives.append(_Life(np.array(chain.rows), np.array(chain.picks), own, hull, area))
    return lives


def _flickers(life: _Life, times_s: Floats) -> bool:
    """It is gone soon, did not go anywhere, and has no outline of its own."""
    log_size = np.log(np.maximum(geometry.size(life.boxes), 1.0))
    if life.area > _CLEAR_PX**2 and np.ptp(log_size, axis=0).max() < _STEADY:
        return False
    if times_s[life.rows[-1]] - times_s[life.rows[0]] >= _FLICKER_S:
        return False
    middle = geometry.centre(life.boxes)
    net = float(np.linalg.norm(middle[-1] - middle[0]))
    way = float(np.linalg.norm(np.diff(middle, axis=0), axis=1).sum())
    return net < max(float(np.sqrt(life.area)), _ALONG * way)


def _parts(lives: Sequence[_Life], apart_px: float) -> Bools:
    """(N,) which lives are spent at the side of something larger, from first to last."""
    found = np.zeros(len(lives), dtype=bool)
    if not lives:
        return found
    hulls = np.array([life.hull for life in lives])
    areas = np.array([life.area for life in lives])
    spans = np.array([(life.rows[0], life.rows[-1] + 1) for life in lives])
    for i, life in enumerate(lives):
        gap_px = apart_px + _APART * float(np.sqrt(life.area))
        first, stop = spans[i]
        shared = np.minimum(spans[:, 1], stop) - np.maximum(spans[:, 0], first)
        near = np.flatnonzero(
            (areas > _LARGER * life.area) & (shared >= _WHOLE_LIFE * (stop - first))
        )
        near = near[_gaps(life.hull[None], hulls[near]) <= gap_px]
        found[i] = any(_stays_at(life, lives[j], gap_px) for j in near.tolist())
    return found


def _stays_at(part: _Life, whole: _Life, gap_px: float) -> bool:
    """While both are seen they are never apart; so it is for nearly all of the part's life."""
    places = np.minimum(np.searchsorted(whole.rows, part.rows), len(whole.rows) - 1)
    both = whole.rows[places] == part.rows
    if both.mean() < _WHOLE_LIFE:
        return False
    gaps = _gaps(part.boxes[both], whole.boxes[places[both]])
    return bool(np.mean(gaps <= gap_px) >= _TOUCHES)


def _gaps(a: Floats, b: Floats) -> Floats:
    """(N,) px between boxes (N, 4), negative where they overlap."""
    return np.asarray(np.maximum(a[:, :2] - b[:, 2:], b[:, :2] - a[:, 2:]).max(axis=1))

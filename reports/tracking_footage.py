"""How well our tracker follows the labelled things of camera footage.

A thing belongs to the track whose box overlaps its labelled box best, by IoU over 0.3.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from physcheck import boxes as geometry
from physcheck.camera import estimate_camera
from physcheck.detectors import Detector
from physcheck.tracking import track
from physcheck.types import Floats, Ints, Track
from physcheck.video import VideoReader

__all__ = ["Thing", "follow_clip", "measure_clip"]

_LEAST_IOU = 0.3
_SPREAD_ROWS = 5
"""Frames before and after a bounce in which the turn is sought."""
_MIN_FLIGHT = 6


@dataclass(slots=True)
class Thing:
    """What became of one labelled thing.

    share: of its visible frames with the track that has most of them.
    purity: of the frames in which any track is on it, the share of that track.
    flights: residual to a parabola over that of the given boxes, each flight.
    bounces, passages: frames too late, each bounce, each entry or exit; NaN: not found.
    """

    clip: str
    name: str
    share: float
    purity: float
    flights: list[float] = field(default_factory=list)
    bounces: list[float] = field(default_factory=list)
    passages: list[float] = field(default_factory=list)


def follow_clip(clip: Path, detector: Detector) -> list[Track]:
    """All tracks of a clip as the tracker gives them, before anything is explained."""
    found: list[Track] = []
    for piece in VideoReader(clip).pieces():
        h, w = piece.luma.shape[1:]
        camera = estimate_camera(piece.luma)
        size_px = (round(w * piece.px[0]), round(h * piece.px[1]))
        found += track(piece, camera, detector.detect(piece, camera), size_px)
    return found


def measure_clip(
    clip: Path, truth: Path, events: Path, follow: Callable[[Path], list[Track]]
) -> Iterator[Thing]:
    """Each labelled thing of a clip."""
    tracks = follow(clip)
    told = json.loads(events.read_text()).get(clip.stem, {})
    for name, (frames, boxes) in sorted(_read(truth).items()):
        yield _thing(clip.stem, name, frames, boxes, told.get(name, {}), tracks)


def _read(path: Path) -> dict[str, tuple[Ints, Floats]]:
    rows: dict[str, list[list[float]]] = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            cells = [float(row[c]) for c in ("frame", "x1", "y1", "x2", "y2")]
            rows[row["obj"]].append(cells)
    tables = {name: np.array(sorted(cells)) for name, cells in rows.items()}
    return {name: (t[:, 0].astype(np.int64), t[:, 1:]) for name, t in tables.items()}


def _thing(
    clip: str, name: str, frames: Ints, boxes: Floats, told: dict[str, Any], tracks: list[Track]
) -> Thing:
    owners = [_owner(int(k), box, tracks) for k, box in zip(frames, boxes, strict=True)]
    counts = Counter(owner for owner in owners if owner >= 0)
    if not counts:
        return Thing(clip, name, 0.0, float("nan"))
    main, n = counts.most_common(1)[0]
    one = tracks[main]
    result = Thing(clip, name, n / len(frames), n / counts.total())
    result.flights = [
        ratio
        for first, last in told.get("free_flight", [])
        if np.isfinite(ratio := _flight(frames, boxes, one, first, last))
    ]
    result.bounces = [_turn(one, at) for at in told.get("bounces", [])]
    result.passages = _passages(one, told)
    return result


def _owner(frame: int, box: Floats, tracks: list[Track]) -> int:
    """Number of the track that is on a thing in a frame, -1 for none."""
    best, who = _LEAST_IOU, -1
    for number, one in enumerate(tracks):
        row = int(np.searchsorted(one.frames, frame))
        if row < len(one.frames) and one.frames[row] == frame:
            iou = float(geometry.iou(one.boxes[row : row + 1], box[None])[0, 0])
            if iou > best:
                best, who = iou, number
    return who


def _flight(frames: Ints, boxes: Floats, one: Track, first: int, last: int) -> float:
    """Residual of a track's flight to a parabola over that of the given boxes."""
    given = (frames >= first) & (frames <= last)
    rows = (one.frames >= first) & (one.frames <= last) & one.observed
    both = np.intersect1d(frames[given], one.frames[rows])
    if len(both) < _MIN_FLIGHT:
        return float("nan")
    theirs = geometry.centre(boxes[np.isin(frames, both)])
    ours = one.mean[np.isin(one.frames, both), :2]
    return _residual(both, ours) / max(_residual(both, theirs), 0.3)


def _residual(frames: Ints, middle: Floats) -> float:
    """Root mean square distance of places (T, 2) to the best parabola, px."""
    t = (frames - frames.mean()) / len(frames)
    base = np.stack([np.ones_like(t), t, t**2], axis=1)
    left = middle - base @ np.linalg.lstsq(base, middle, rcond=None)[0]
    return float(np.sqrt(np.square(left).sum(axis=1).mean()))


def _turn(one: Track, at: int) -> float:
    """Frames from a bounce to the sharpest upward turn of the track near it."""
    y = one.boxes[:, 3]
    near = np.flatnonzero(np.abs(one.frames - at) <= _SPREAD_ROWS)
    near = near[(near > 0) & (near < len(y) - 1)]
    if not len(near):
        return float("nan")
    turn = 2 * y[near] - y[near - 1] - y[near + 1]
    return float(one.frames[near[turn.argmax()]] - at)


def _passages(one: Track, told: dict[str, Any]) -> list[float]:
    """Frames by which the track begins after an entry or ends after the last frame in view."""
    late = []
    if "enters" in told:
        late.append(float(one.frames[0] - told["enters"][0]))
    if "exits" in told:
        late.append(float(one.frames[-1] - told["exits"][0]))
    return late

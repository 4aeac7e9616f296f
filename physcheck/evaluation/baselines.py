"""Predictors that know no physics: a figure means something only beside theirs.

always-clean       nothing is ever wrong
whole-clip         every clip is wrong from its first frame to its last
thirds             every clip is wrong three times: in each third
frame-differences  wrong where neighbouring frames differ more than is usual in the clip
flow-residual      wrong where the picture is not the one before it, moved
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from physcheck.atomic import write_text
from physcheck.errors import PhyscheckError
from physcheck.evaluation.predictions import Event, Prediction
from physcheck.records import FLAG_PROBABILITY
from physcheck.types import Bytes, Floats
from physcheck.video import VideoReader

__all__ = ["BASELINES", "Changes", "measure_changes", "predict_without_physics", "read_changes"]

BASELINES = ("always-clean", "whole-clip", "thirds", "frame-differences", "flow-residual")

_WORKING_PX = 320
"""Longer side of the pictures that are compared, px."""
_LIMIT_SIGMAS = 6.0
"""A clip is flagged when a frame stands so far above the clip's median."""
_SIGMA_PER_MAD = 1.4826
_BLUR_PX = 5.0
_BLOB_SHARE = 0.5
"""The blob around the peak is where the residual exceeds this share of it."""
_CACHE_VERSION = 1

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Changes:
    """How each frame of a clip differs from the one before it.

    times_s: F presentation times, s. duration_s: of the clip.
    differences: F mean absolute differences of luma, grey levels.
    residuals: F the same after the frame before was moved by the optical flow.
    box: xyxy, px of the clip, around the largest residual of the frame where their
    mean is largest; or None.
    """

    times_s: tuple[float, ...]
    duration_s: float
    differences: tuple[float, ...]
    residuals: tuple[float, ...]
    box: Box | None


def read_changes(path: Path, cache: Path | None = None) -> Changes | None:
    """Measure a clip, or read what was measured before.

    Args:
        path: the clip. cache: where to keep the measurement; a clip that has changed
            is measured again.

    Returns:
        None where the clip cannot be read.
    """
    found = None if cache is None else _read_cache(cache, path)
    if found is not None:
        return found
    try:
        changes = measure_changes(path)
    except PhyscheckError:
        return None
    if cache is not None:
        cache.parent.mkdir(parents=True, exist_ok=True)
        write_text(cache, json.dumps(_stamp(path) | asdict(changes)) + "\n")
    return changes


def measure_changes(path: Path) -> Changes:
    """Decode a clip once and compare each frame with the one before it.

    Raises:
        InputError: the clip cannot be read.
    """
    reader = VideoReader(path, working_px=_WORKING_PX)
    steps: dict[int, _Step] = {}
    best: _Step | None = None
    for number, before, now, px in _neighbours(reader):
        step = _compare(before, now, px)
        steps[number] = step._replace(blob=None)
        best = step if best is None or step.residual > best.residual else best
    video = reader.video
    zero = _Step(0.0, 0.0, None)
    # A frame that repeats the one before it differs by nothing.
    rows = [steps.get(number, zero) for number in range(video.n_frames)]
    return Changes(
        times_s=tuple(round(float(time_s), 6) for time_s in video.times_s),
        duration_s=video.duration_s,
        differences=tuple(round(row.difference, 4) for row in rows),
        residuals=tuple(round(row.residual, 4) for row in rows),
        box=None if best is None else best.blob,
    )


def predict_without_physics(changes: Changes | None, n_frames: int = 0) -> dict[str, Prediction]:
    """What each of `BASELINES` claims of a clip.

    Args:
        changes: of the clip, or None where it could not be read; then only those that
            do not look have something to say.
        n_frames: of the clip, where it could not be read.
    """
    known = changes or Changes((0.0,) * n_frames, 0.0, (0.0,) * n_frames, (0.0,) * n_frames, None)
    n_frames = len(known.times_s)
    every = np.ones(n_frames)
    thirds = [round(n_frames * k / 3) for k in range(4)]
    return {
        "always-clean": _prediction(known, (), np.zeros(n_frames), 0.0),
        "whole-clip": _prediction(known, _spans([0, n_frames]), every, 1.0),
        "thirds": _prediction(known, _spans(thirds), every, 1.0),
        "frame-differences": _peak(known, np.array(known.differences), None),
        "flow-residual": _peak(known, np.array(known.residuals), known.box),
    }


class _Step(NamedTuple):
    """From one frame to the next. blob: xyxy, px of the clip."""

    difference: float
    residual: float
    blob: Box | None


def _neighbours(reader: VideoReader) -> Iterator[tuple[int, Bytes, Bytes, Floats]]:
    """Yield frame number, luma of the frame before and of this one, and px per working px."""
    before: Bytes | None = None
    for piece in reader.pieces():
        for number, luma in zip(piece.frames, piece.luma, strict=True):
            if before is not None and before.shape == luma.shape:
                yield int(number), before, luma, piece.px
            before = luma.copy()


def _compare(before: Bytes, now: Bytes, px: Floats) -> _Step:
    difference = float(cv2.absdiff(before, now).mean())
    if min(now.shape) < 24:  # too small a picture for the flow's patches
        return _Step(difference, difference, None)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST).calc(now, before, None)
    rows, columns = np.indices(now.shape, dtype=np.float32)
    moved = cv2.remap(
        before,
        columns + flow[..., 0],
        rows + flow[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    residual = cv2.absdiff(moved, now)
    return _Step(difference, float(residual.mean()), _blob(residual, px))


def _blob(residual: Bytes, px: Floats) -> Box | None:
    """The box of the connected region around the largest residual."""
    smooth = cv2.GaussianBlur(residual.astype(np.float32), (0, 0), _BLUR_PX)
    _, top, _, (x, y) = cv2.minMaxLoc(smooth)
    if not top > 0.0:
        return None
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        (smooth >= _BLOB_SHARE * top).astype(np.uint8)
    )
    left, upper, width, height = stats[labels[y, x], :4].tolist()
    corners = np.array([[left, upper], [left + width, upper + height]]) * px
    x1, y1, x2, y2 = corners.round(1).ravel().tolist()
    return x1, y1, x2, y2


def _spans(borders: list[int]) -> tuple[Event, ...]:
    """An event in each span between neighbouring borders, with its peak in the middle."""
    return tuple(
        Event("", start, stop, (start + stop - 1) // 2, None, 1.0)
        for start, stop in pairwise(borders)
        if stop > start
    )


def _peak(changes: Changes, values: Floats, box: Box | None) -> Prediction:
    """An event at the frame that stands out most, if it stands out enough."""
    sigmas = _standardised(values)
    if len(sigmas) == 0:
        return _prediction(changes, (), sigmas, 0.0)
    peak = int(np.argmax(sigmas))
    # Even odds at the limit; only ranks and the limit have a meaning.
    probability = float(sigmas[peak] / (sigmas[peak] + _LIMIT_SIGMAS))
    event = Event("", max(peak - 1, 0), peak + 1, peak, box, probability)
    events = (event,) if probability >= FLAG_PROBABILITY else ()
    return _prediction(changes, events, sigmas, probability)


def _standardised(values: Floats) -> Floats:
    """(values - median) / robust standard deviation, 0 below the median; the first counts not."""
    if len(values) < 3:
        return np.zeros(len(values))
    middle = np.median(values[1:])
    sigma = max(_SIGMA_PER_MAD * float(np.median(np.abs(values[1:] - middle))), 0.02)
    sigmas = np.maximum((values - middle) / sigma, 0.0)
    sigmas[0] = 0.0
    return np.asarray(sigmas)


def _prediction(
    changes: Changes, events: tuple[Event, ...], frames: Floats, violation: float
) -> Prediction:
    return Prediction(
        violation=violation,
        scored=True,
        flagged=bool(events),
        events=events,
        frames=frames,
        times_s=np.array(changes.times_s),
        duration_s=changes.duration_s,
    )


def _stamp(path: Path) -> dict[str, float]:
    """By what a measurement is known to be of a clip as it is now."""
    status = path.stat()
    return {"version": _CACHE_VERSION, "bytes": status.st_size, "modified_s": status.st_mtime}


def _read_cache(cache: Path, path: Path) -> Changes | None:
    """What was written, or None where it is of another clip, of another version, or broken."""
    try:
        data = json.loads(cache.read_text(encoding="utf-8"))
        stamp = _stamp(path)
        if {key: data.pop(key) for key in stamp} != stamp:
            return None
        box = data.pop("box")
        data = {key: tuple(one) if isinstance(one, list) else one for key, one in data.items()}
        return Changes(**data, box=None if box is None else tuple(box))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None

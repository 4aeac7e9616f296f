"""Detections as bytes and back, with nothing lost, and nothing believed that is damaged."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from physcheck.errors import ShapeError
from physcheck.types import Detections

__all__ = ["pack", "unpack"]

_MAGIC = b"physcheck detections 1\n"


def pack(detections: Sequence[Detections]) -> bytes:
    """Detections of n frames as bytes that say themselves whether they are whole."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **_columns(detections))
    body = stream.getvalue()
    return _MAGIC + hashlib.sha256(body).digest() + body


def unpack(data: bytes) -> list[Detections] | None:
    """What `pack` packed; None for anything else."""
    head = len(_MAGIC)
    body = data[head + 32 :]
    if data[:head] != _MAGIC or data[head : head + 32] != hashlib.sha256(body).digest():
        return None
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as columns:
            return _detections({name: columns[name] for name in columns.files})
    except (KeyError, ValueError, IndexError, ShapeError):
        # Whole, but written by another version under the same name.
        return None


def _columns(detections: Sequence[Detections]) -> dict[str, Any]:
    """All frames end to end; masks as runs of equal pixels, each beginning somewhere."""
    runs = [_runs(one.masks) for one in detections]
    starts, values = zip(*runs, strict=True) if runs else ((), ())
    none = np.zeros(0)
    return {
        "n_boxes": np.array([len(one.boxes) for one in detections], dtype=np.int64),
        "n_features": np.array([one.features.shape[1] for one in detections], dtype=np.int64),
        "n_runs": np.array([len(one) for one in starts], dtype=np.int64),
        "mask_shape": np.array(
            [(0, 0) if one.masks is None else one.masks.shape for one in detections],
            dtype=np.int64,
        ).reshape(-1, 2),
        "mask_bytes": np.array(
            [0 if one.masks is None else one.masks.itemsize for one in detections], dtype=np.int64
        ),
        "boxes": np.concatenate([none, *(one.boxes.ravel() for one in detections)]),
        "scores": np.concatenate([none, *(one.scores for one in detections)]),
        "labels": np.concatenate([none.astype("U1"), *(one.labels for one in detections)]),
        "noise_px": np.concatenate([none, *(one.noise_px.ravel() for one in detections)]),
        "features": np.concatenate([none, *(one.features.ravel() for one in detections)]),
        "run_starts": np.concatenate([none.astype(np.uint32), *starts]),
        "run_values": np.concatenate([none.astype(np.uint32), *values]),
    }


def _runs(mask: Any) -> tuple[Any, Any]:
    """Where in a flattened picture each run of equal values begins, and its value."""
    if mask is None or mask.size == 0:
        return np.zeros(0, np.uint32), np.zeros(0, np.uint32)
    flat = mask.ravel()
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    return starts.astype(np.uint32), flat[starts].astype(np.uint32)


def _detections(columns: Mapping[str, Any]) -> list[Detections]:
    n_boxes, n_features = columns["n_boxes"], columns["n_features"]
    boxes = _parts(columns["boxes"], 4 * n_boxes)
    scores = _parts(columns["scores"], n_boxes)
    labels = _parts(columns["labels"], n_boxes)
    noise_px = _parts(columns["noise_px"], 4 * n_boxes)
    features = _parts(columns["features"], n_boxes * n_features)
    starts = _parts(columns["run_starts"], columns["n_runs"])
    values = _parts(columns["run_values"], columns["n_runs"])
    return [
        Detections(
            boxes=boxes[k].reshape(-1, 4),
            scores=scores[k],
            labels=labels[k],
            noise_px=noise_px[k].reshape(-1, 4),
            masks=_mask(starts[k], values[k], columns["mask_shape"][k], columns["mask_bytes"][k]),
            features=features[k].reshape(n_boxes[k], n_features[k]),
        )
        for k in range(len(n_boxes))
    ]


def _parts(column: Any, lengths: Any) -> list[Any]:
    """A column cut into the parts of each frame."""
    return np.split(column, np.cumsum(lengths)[:-1]) if len(lengths) else []


def _mask(starts: Any, values: Any, shape: Any, n_bytes: int) -> Any:
    if not n_bytes:
        return None
    height, width = (int(side) for side in shape)
    lengths = np.diff(starts.astype(np.int64), append=height * width)
    return np.repeat(values.astype(f"u{n_bytes}"), lengths).reshape(height, width)

"""By which name detections are found again: a digest of all that they depend on."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from physcheck import __version__
from physcheck.types import Bytes

__all__ = ["clip_key", "content_sha256"]

_SEEING = (
    "detectors",
    "camera.py",
    "container.py",
    "pieces.py",
    "shots.py",
    "tensors.py",
    "video.py",
)
_LIBRARIES = ("av", "numpy", "opencv-python", "opencv-python-headless", "torch", "ultralytics")
_LIBRARIES_FOR_EXTRAS = ("onnxruntime", "openvino", "transformers")


def clip_key(
    source: str | Path | Bytes,
    *,
    detector: str,
    weights_sha256: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> str:
    """A digest of a clip and of all that decides what is seen in it.

    Args:
        source: the clip's file, or its frames (F, H, W, 3).
        detector: its name. weights_sha256: of its weights.
        settings: all else by which it is told to look otherwise; plain values.

    Raises:
        OSError: the file cannot be read.
    """
    parts = {
        "clip": content_sha256(source),
        "detector": detector,
        "weights": weights_sha256,
        "settings": dict(settings or {}),
        "code": _code(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def content_sha256(source: str | Path | Bytes) -> str:
    """The digest of a file's bytes, or of pictures in memory.

    Raises:
        OSError: the file cannot be read.
    """
    if isinstance(source, np.ndarray):
        digest = hashlib.sha256(repr((source.shape, source.dtype.str)).encode())
        for picture in source:
            digest.update(np.ascontiguousarray(picture).data)
        return digest.hexdigest()
    with Path(source).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@functools.cache
def _code() -> str:
    """A digest of the code that sees, and the versions of what it stands on."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256(__version__.encode())
    for name in _SEEING:
        place = package / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            try:
                digest.update(path.read_bytes())
            except OSError:
                # In an archive: the version has to do.
                continue
    for name in (*_LIBRARIES, *_LIBRARIES_FOR_EXTRAS):
        digest.update(f"{name} {_installed(name)}\n".encode())
    return digest.hexdigest()


def _installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""

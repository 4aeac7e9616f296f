"""What was seen in a clip before, kept on disk, so that tuning rules costs no second look.

One file holds the detections of one piece. Its name is a digest of all that they depend
on: the clip's content, the detector, its weights and settings, the frames, and the code
that sees. Files are written whole, so processes may share a folder; the least recently
used ones go when there are too many; a damaged one is as good as none. Nothing in
here is allowed to break an analysis.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from physcheck.cache.keys import clip_key, content_sha256
from physcheck.cache.store import CacheContent, DetectionCache
from physcheck.camera import Camera
from physcheck.detectors import Detector
from physcheck.errors import ConfigurationError
from physcheck.types import Detections, Piece

__all__ = [
    "CacheContent",
    "CachedDetector",
    "DetectionCache",
    "clip_key",
    "content_sha256",
    "open_cache",
]

FOLDER_VARIABLE = "PHYSCHECK_CACHE"
LIMIT_VARIABLE = "PHYSCHECK_CACHE_MB"
DEFAULT_MB = 2000.0
_OF_CLIP = 16
"""Digits of the clip's key with which the keys of its pieces begin."""


class CachedDetector:
    """A detector that remembers: it looks only at what is not in the cache.

    Attributes:
        n_known, n_looked: pieces that were in the cache, and those that were not.
    """

    def __init__(self, detector: Detector, cache: DetectionCache, clip_key: str) -> None:
        """Wrap a detector for one clip.

        Args:
            detector: looks at what is not known.
            clip_key: what `clip_key` gave for the clip and this detector.
        """
        self.name = detector.name
        self.detector = detector
        self.n_known = self.n_looked = 0
        self._cache = cache
        self._clip_key = clip_key

    @property
    def knows_clip(self) -> bool:
        """Whether some piece of the clip is in the cache."""
        return self._cache.has_any(self._clip_key[:_OF_CLIP])

    def detect(self, piece: Piece, camera: Camera) -> list[Detections]:
        """Find the things in each frame; see `Detector`."""
        key = self._key(piece)
        known = self._cache.get(key, len(piece.frames))
        if known is not None:
            self.n_known += 1
            return known
        found = self.detector.detect(piece, camera)
        self.n_looked += 1
        self._cache.put(key, found)
        return found

    def _key(self, piece: Piece) -> str:
        digest = hashlib.sha256(self._clip_key.encode())
        digest.update(repr((piece.luma.shape, piece.px.tolist())).encode())
        digest.update(np.ascontiguousarray(piece.frames).tobytes())
        return self._clip_key[:_OF_CLIP] + digest.hexdigest()


def open_cache(environment: Mapping[str, str] | None = None) -> DetectionCache | None:
    """The cache of this user: PHYSCHECK_CACHE, else physcheck in the folder for caches.

    Args:
        environment: `os.environ` where it is None.

    Returns:
        The cache; None where PHYSCHECK_CACHE_MB is 0 or there is no home to put it in.

    Raises:
        ConfigurationError: PHYSCHECK_CACHE_MB is no size.
    """
    environment = os.environ if environment is None else environment
    limit_bytes = int(1e6 * _limit_mb(environment.get(LIMIT_VARIABLE, "")))
    folder = _folder(environment)
    if limit_bytes <= 0 or folder is None:
        return None
    return DetectionCache(folder / "detections", limit_bytes)


def _limit_mb(text: str) -> float:
    try:
        size_mb = float(text) if text.strip() else DEFAULT_MB
    except ValueError:
        size_mb = float("nan")
    if not 0 <= size_mb < float("inf"):
        raise ConfigurationError(
            f"environment variable {LIMIT_VARIABLE}: must be megabytes, 0 for no cache, "
            f"got {text!r}"
        )
    return size_mb


def _folder(environment: Mapping[str, str]) -> Path | None:
    try:
        if environment.get(FOLDER_VARIABLE):
            return Path(environment[FOLDER_VARIABLE]).expanduser()
        # The XDG rules: a path that is not absolute is no path.
        named = Path(environment.get("XDG_CACHE_HOME", ""))
        return (named if named.is_absolute() else Path.home() / ".cache") / "physcheck"
    except RuntimeError:
        return None

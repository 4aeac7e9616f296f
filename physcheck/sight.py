"""What looks at the pixels: opened once, and used for many clips."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from physcheck.cache import CachedDetector, clip_key, open_cache
from physcheck.camera import Camera
from physcheck.detection_files import find_detections, read_detections, write_detections
from physcheck.detector_choice import WITH_MODEL, DetectorChoice, Sight
from physcheck.detectors import Detector
from physcheck.detectors.early import EarlyLook
from physcheck.detectors.motion import MotionDetector
from physcheck.errors import ConfigurationError
from physcheck.pieces import Watcher
from physcheck.records import DetectorInfo
from physcheck.types import Bytes, Detections, Piece, Tensor, Video

__all__ = ["ClipSight", "OpenedSight", "open_sight"]


@dataclass(frozen=True, slots=True, eq=False)
class OpenedSight:
    """A detector that is loaded.

    network: the part of it that needed loading, or None. worker: the thread in which that
        runs; it starts with the first frames, and ends with `close` or when nobody has the
        sight any more.
    """

    asked: Sight
    choice: DetectorChoice
    network: Any = None
    worker: ThreadPoolExecutor = field(default_factory=partial(ThreadPoolExecutor, 1, "network"))

    def close(self) -> None:
        """End the thread; nothing more can be looked at."""
        self.worker.shutdown()

    @property
    def line(self) -> str:
        """Which detector looks, and why."""
        return f"detector {self.choice.name} ({self.choice.why})"

    def look_at(self, source: str | Path | Bytes | Tensor) -> ClipSight:
        """The detector for one clip.

        Raises:
            InputError: the file of its detections cannot be read.
        """
        if self.choice.name == "detections":
            return self._given(source)
        early = self._early()
        every = {"every": self._every or "auto"} if self.choice.name == "hybrid" else {}
        info = DetectorInfo(
            name=self.choice.name,
            weights_sha256=getattr(self.network, "weights_sha256", None),
            device=getattr(self.network, "device", "cpu"),
            settings={**getattr(self.network, "settings", {}), **every},
        )
        before = tuple(getattr(self.network, "notes", ()))
        sight = ClipSight(self._detector(early), info, before, early)
        if self.asked.cache and isinstance(source, str | Path):
            return sight.cached(source)
        return sight

    def _detector(self, early: EarlyLook | None) -> Detector:
        if early is None:
            return MotionDetector()
        if self.choice.name == "hybrid":
            from physcheck.detectors.hybrid import HybridDetector

            return HybridDetector(early, MotionDetector(), self._every)
        return early

    def _early(self) -> EarlyLook | None:
        if self.network is None:
            return None
        # Within a few batches a GPU gets the next while it works on one.
        at_once = self.asked.batch or 8 if self._on_cpu else 3 * (self.asked.batch or 32)
        return EarlyLook(self.network, self.worker, self._every, at_once=at_once)

    @property
    def _on_cpu(self) -> bool:
        return bool(getattr(self.network, "device", "cpu") == "cpu")

    @property
    def _every(self) -> int | None:
        """How often the network is asked, by hybrid at most; None for what a CPU can afford."""
        if self.choice.name != "hybrid":
            return 1
        return self.asked.every or (None if self._on_cpu else 1)

    def _given(self, source: str | Path | Bytes | Tensor) -> ClipSight:
        from physcheck.detectors.given import GivenDetector

        assert self.asked.detections is not None
        clip = str(source) if isinstance(source, str | Path) else "frames"
        file = read_detections(find_detections(self.asked.detections, clip), clip=Path(clip).name)
        info = DetectorInfo(name="detections", settings={"file": file.path, "sha256": file.sha256})
        return ClipSight(GivenDetector(file), info, ())


@dataclass(slots=True, eq=False)
class ClipSight:
    """A detector at work on one clip. It keeps what it saw where `seen` is a mapping.

    early: the part of it that can look at frames while others are decoded, if there is one.
    """

    detector: Detector
    info: DetectorInfo
    before: tuple[str, ...]
    early: EarlyLook | None = None
    seen: dict[int, Detections] | None = None
    problem: str = ""
    name: str = ""

    def cached(self, source: str | Path) -> ClipSight:
        """The same, with what was seen before taken from the disk."""
        cache = open_cache()
        if cache is None:
            return self
        try:
            key = clip_key(
                source,
                detector=self.info.name,
                weights_sha256=self.info.weights_sha256,
                settings={**self.info.settings, "device": self.info.device},
            )
        except OSError:
            return self
        remembering = CachedDetector(self.detector, cache, key)
        # What was seen before is not looked at again.
        early = None if remembering.knows_clip else self.early
        return ClipSight(remembering, self.info, self.before, early)

    @property
    def watcher(self) -> Watcher | None:
        """What wants to see frames as soon as they are decoded."""
        return None if self.early is None else self.early.watch

    def close(self) -> None:
        """Give back what it holds, whether or not the clip was seen to its end."""
        if self.early is not None:
            self.early.close()

    def detect(self, piece: Piece, camera: Camera) -> list[Detections]:
        """Find the things in each frame; see `Detector`."""
        found = self.detector.detect(piece, camera)
        if self.seen is not None:
            self.seen |= zip(piece.frames.tolist(), found, strict=True)
        return found

    def notes(self) -> list[str]:
        """What a reader should know of how it looked at this clip."""
        inner = getattr(self.detector, "detector", self.detector)
        told = getattr(getattr(inner, "appearance", inner), "notes", ())
        return [note for note in told if note not in self.before]

    def save(self, folder: Path, video: Video) -> None:
        """Write what was seen to a JSON file that is named like the clip.

        Raises:
            ConfigurationError: it cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"{folder}: cannot be made: {error.strerror}") from None
        clip = Path(video.path)
        write_detections(
            folder / f"{clip.stem or 'frames'}.json",
            self.seen or {},
            clip=clip.name,
            size_px=(video.width_px, video.height_px),
            n_frames=video.n_frames,
            detector=self.info.model_dump(mode="json"),
        )


def open_sight(asked: Sight) -> OpenedSight:
    """Load what has to be loaded.

    Raises:
        ConfigurationError: the request, the weights or the device are wrong.
        MissingExtraError: what is needed is not installed.
    """
    choice = asked.choose()
    if choice.name not in WITH_MODEL:
        return OpenedSight(asked, choice)
    assert choice.weights is not None
    folder = Path(choice.weights).is_dir()
    network = _detr(asked, choice.weights) if folder else _yolo(asked, choice.weights)
    return OpenedSight(asked, choice, network)


def _yolo(asked: Sight, weights: Path) -> Any:
    from physcheck.detectors.yolo import build

    return build(
        weights,
        device=asked.device,
        imgsz=asked.imgsz,
        batch=asked.batch,
        classes=asked.classes,
        backend=asked.backend,
        precision=asked.precision,
        trust=asked.trust,
    )


def _detr(asked: Sight, folder: Path) -> Any:
    from physcheck.detectors.detr import build

    classes: Sequence[str] = asked.classes
    return build(folder, device=asked.device, batch=asked.batch, classes=classes, trust=asked.trust)

"""The detector `transformers`: what a set-predicting network sees in each frame.

Blind to: things of no class it was trained on, and most that are small or blurred.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from physcheck import boxes as geometry
from physcheck.camera import Camera
from physcheck.detectors.appearance import looks
from physcheck.detectors.colours import pictures_of_size, rgb_of
from physcheck.detectors.detr.decoding import best_pairs, best_with_nothing, one_class_each
from physcheck.detectors.detr.loading import Checkpoint, load_checkpoint
from physcheck.detectors.detr.network import DetrNetwork
from physcheck.detectors.detr.vendor import import_torch
from physcheck.detectors.devices import DeviceOutOfMemoryError, are_on, torch_device
from physcheck.detectors.networks import Wavering, class_ids, noise_of
from physcheck.detectors.suppression import Rows, suppress
from physcheck.errors import ConfigurationError
from physcheck.types import Bytes, Detections, Piece, Tensor

__all__ = ["DetrDetector", "build"]

_SAME_THING = 0.8
"""IoU above which two boxes of a class are one thing; such networks rarely repeat theirs."""
_LEAST_PX = 0.5
"""Of the working picture; less than this of a thing inside is not seen."""
_WAVERING = Wavering(px=0.35, share=0.012, sizes=1.5)
"""About twice that of `yolo`, whose networks could be measured: too sure would be worse."""


class DetrDetector:
    """Looks at frames in batches with one network.

    Attributes:
        device: its name.
        weights_sha256: hash of the file of weights.
        notes: a sentence for each thing that was done otherwise than asked.
    """

    name = "transformers"

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        device: str = "auto",
        batch: int | None = None,
        min_score: float = 0.3,
        classes: Sequence[str] = (),
    ) -> None:
        """Take a network; see `build` for one from a folder.

        Args:
            checkpoint: what `load_checkpoint` gave.
            device: "auto", "cpu", "mps" or "cuda:N".
            batch: pictures at once, as many as suits the device where it is None.
            min_score: score that a thing must exceed, in [0, 1].
            classes: names of the only classes to report, all where empty.

        Raises:
            ConfigurationError: there is no such device or class, or a number is out of range.
        """
        if batch is not None and batch < 1:
            raise ConfigurationError(f"--batch {batch}: must be at least 1")
        if not 0 <= min_score <= 1:
            raise ConfigurationError(f"min_score {min_score}: must be in [0, 1]")
        self._ids = class_ids(checkpoint.names, classes)
        self._network = DetrNetwork(checkpoint, device)
        self._checkpoint, self._batch = checkpoint, batch
        self._min_score, self._classes = min_score, tuple(classes)
        self.device = self._network.device
        self.weights_sha256 = checkpoint.weights_sha256
        self.notes: list[str] = []

    @property
    def settings(self) -> dict[str, Any]:
        """What decides what is found, beside the weights; for reports and caches."""
        return {
            "kind": self._checkpoint.kind,
            "config_sha256": self._checkpoint.config_sha256,
            "precision": "fp32",
            "classes": list(self._classes),
            "min_score": self._min_score,
        }

    def detect(self, piece: Piece, camera: Camera | None = None) -> list[Detections]:
        """Find the things in each frame; see `Detector`. The camera does not matter."""
        h, w = piece.luma.shape[1:]
        size = self._checkpoint.preparation.size_for(w, h)
        rows = self._look(piece, range(len(piece.frames)), size)
        return [self._detections(piece, k, found, size) for k, found in enumerate(rows)]

    def _look(self, piece: Piece, numbers: Sequence[int], size: tuple[int, int]) -> Iterator[Rows]:
        """Rows of each frame, sides as parts of the picture."""
        place = 0
        while place < len(numbers):
            step = self._batch or self._network.batch_for(*size)
            some = numbers[place : place + step]
            try:
                pictures = self._pictures(piece, some, size)
                logits, boxes = self._network.run(pictures)
            except DeviceOutOfMemoryError:
                self._shrink_batch(len(some))
                continue
            place += len(some)
            yield from map(self._chosen, logits, boxes)

    def _pictures(
        self, piece: Piece, numbers: Sequence[int], size: tuple[int, int]
    ) -> Bytes | Tensor:
        there = [piece.pictures[k] for k in numbers] if piece.pictures else []
        if self.device != "cpu" and are_on(there, self.device):
            return pictures_of_size(there, size)
        return _pictures(piece, numbers, size)

    def _shrink_batch(self, size: int) -> None:
        if size == 1:
            raise ConfigurationError(
                f"{self.device}: no memory for a single frame; use smaller weights, or --device cpu"
            )
        self._batch = size // 2
        self.notes.append(
            f"{self.device} has no memory for {size} frames at once: {self._batch} from then on"
        )

    def _chosen(self, logits: Rows, boxes: Rows) -> Rows:
        decode = best_with_nothing if self._checkpoint.with_nothing else best_pairs
        rows, query = decode(logits, boxes)
        good = (rows[:, 4] > self._min_score) & np.isfinite(rows).all(axis=1)
        if self._ids is not None:
            good &= np.isin(rows[:, 5], self._ids)
        rows = one_class_each(rows[good], query[good])
        return suppress(rows, _SAME_THING, len(rows))

    def _detections(self, piece: Piece, k: int, rows: Rows, size: tuple[int, int]) -> Detections:
        size_px = np.array(piece.luma.shape[:0:-1]) * piece.px
        boxes = geometry.clip(rows[:, :4].astype(np.float64) * np.tile(size_px, 2), *size_px)
        inside = np.all(geometry.size(boxes) >= _LEAST_PX * piece.px, axis=1)
        boxes, scores = boxes[inside], rows[inside, 4].astype(np.float64)
        names = [self._checkpoint.names.get(int(kind), "") for kind in rows[inside, 5]]
        return Detections(
            boxes=boxes,
            scores=scores,
            labels=np.array(names, dtype=np.str_),
            noise_px=noise_of(boxes, scores, size_px / np.array(size), _WAVERING),
            features=looks((piece.luma[k], piece.chroma[k]), boxes / np.tile(piece.px, 2)),
        )


def _pictures(piece: Piece, numbers: Sequence[int], size: tuple[int, int]) -> Bytes:
    """Frames of a piece as RGB, (B, H, W, 3)."""
    return np.stack([rgb_of(piece.luma[k], piece.chroma[k], size) for k in numbers])


def build(
    folder: str | Path,
    *,
    device: str = "auto",
    batch: int | None = None,
    min_score: float = 0.3,
    classes: Sequence[str] = (),
    trust: bool = False,
) -> DetrDetector:
    """A detector from a folder.

    Args:
        folder: with config.json, model.safetensors and preprocessor_config.json; its path,
            or its name among the weights.
        device, batch, min_score, classes: see `DetrDetector`.
        trust: take pytorch_model.bin, a pickle, where there is no model.safetensors.

    Raises:
        ConfigurationError: a setting, the folder or the device is wrong.
        MissingExtraError: torch or transformers is not installed.
    """
    # The device is looked for first: loading takes long.
    torch_device(import_torch(), device)
    return DetrDetector(
        load_checkpoint(folder, trust=trust),
        device=device,
        batch=batch,
        min_score=min_score,
        classes=classes,
    )

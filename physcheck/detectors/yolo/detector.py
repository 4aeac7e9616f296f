"""The detector `yolo`: what a network that knows classes sees in each frame.

Blind to: things of no class it was trained on, and most that are small, blurred or
seen from an unusual side; a nano network sees few of the things physics is about.

Source: Redmon et al. (2016); the networks are those of ultralytics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from physcheck.camera import Camera
from physcheck.detectors.appearance import looks
from physcheck.detectors.devices import DeviceOutOfMemoryError
from physcheck.detectors.networks import Wavering, class_ids, noise_of
from physcheck.detectors.suppression import Rows, suppress
from physcheck.detectors.yolo.frames import (
    Frame,
    frames_of,
    lay_frames,
    lay_frames_on_device,
    lay_plain,
)
from physcheck.detectors.yolo.letterbox import Letterbox, fit
from physcheck.detectors.yolo.network import MaskLogits, Network, Output
from physcheck.detectors.yolo.outlines import label_picture
from physcheck.errors import ConfigurationError, ShapeError
from physcheck.types import Bytes, Detections, Floats, Labels, Piece
from physcheck.weights import find, sha256_of

__all__ = ["BACKENDS", "PRECISIONS", "YoloDetector", "build"]

BACKENDS = ("torch", "onnx", "openvino")
PRECISIONS = ("auto", "fp32", "fp16", "bf16")
_WAVERING = Wavering(px=0.15, share=0.007, sizes=1.7)
"""As seen on real footage: second differences over three frames, with room for the tails."""

_OwnLogits = Callable[[Rows], Rows]
"""Coefficients (N, K) of one frame to logits (N, mh, mw)."""


_Lay = Callable[[Sequence[Frame]], Any]
"""Makes a batch of the network's input: an array, or a tensor that is on the device."""
_Answer = tuple[list[Frame], Output]


class YoloDetector:
    """Looks at frames in batches with one network.

    Attributes:
        weights_sha256: hash of the file of weights.
        notes: a sentence for each thing that was done otherwise than asked.
    """

    name = "yolo"

    def __init__(
        self,
        network: Network,
        *,
        weights_sha256: str = "",
        imgsz: int = 640,
        batch: int | None = None,
        classes: Sequence[str] = (),
        confidence: float = 0.1,
        iou: float = 0.7,
        most: int = 300,
    ) -> None:
        """Take a network; see `build` for one from a file.

        Args:
            network: what looks at batches.
            weights_sha256: hash of its weights, for reports.
            imgsz: longer side of its input, px; a multiple of its stride.
            batch: pictures at once, as many as suits the network where it is None.
            classes: names of the only classes to report, all where empty.
            confidence: score that a thing must exceed, in [0, 1].
            iou: overlap above which two boxes of a class are one thing, in [0, 1].
            most: things of one frame.

        Raises:
            ConfigurationError: a number is out of range, or there is no such class.
        """
        if imgsz < network.stride or imgsz % network.stride:
            raise ConfigurationError(
                f"--imgsz {imgsz}: must be a multiple of {network.stride}, such as 320 or 640"
            )
        if batch is not None and batch < 1:
            raise ConfigurationError(f"--batch {batch}: must be at least 1")
        self.weights_sha256 = weights_sha256
        self.notes: list[str] = []
        self._network, self._imgsz, self._batch = network, imgsz, batch
        self._ids = class_ids(network.names, classes)
        self._classes = tuple(classes)
        self._confidence, self._iou, self._most = confidence, iou, most

    @property
    def device(self) -> str:
        """Name of the device."""
        return self._network.device

    @property
    def class_names(self) -> Mapping[int, str]:
        """Names of the classes that the weights know."""
        return self._network.names

    @property
    def settings(self) -> dict[str, Any]:
        """What decides what is found, beside the weights; for reports and caches."""
        return {
            "imgsz": self._imgsz,
            "backend": self._network.backend,
            "precision": self._network.precision,
            "classes": list(self._classes),
            "confidence": self._confidence,
            "iou": self._iou,
        }

    def detect(self, piece: Piece, camera: Camera | None = None) -> list[Detections]:
        """Find the things in each frame; see `Detector`. The camera does not matter."""
        return self.detect_many([piece])[0]

    def detect_many(self, pieces: Sequence[Piece]) -> list[list[Detections]]:
        """Find the things in pieces of several clips; frames of one size share batches.

        Args:
            pieces: of any clips.

        Returns:
            For each piece what `detect` gives.
        """
        frames = [
            frame
            for owner, piece in enumerate(pieces)
            for frame in frames_of(piece, owner, self._imgsz, self._network.stride)
        ]
        found: list[list[Any]] = [[None] * len(piece.frames) for piece in pieces]
        for frame, rows, logits in self._look(frames, self._lay_frames):
            piece = pieces[frame.owner]
            seen = self._detections(frame, rows, logits, piece.px)
            found[frame.owner][frame.number] = seen
        return found

    def predict(self, pictures: Sequence[Bytes]) -> list[Detections]:
        """Find the things in plain pictures of any sizes.

        Args:
            pictures: (h, w, 3) uint8 RGB.

        Returns:
            For each its detections, px of the picture; masks in the picture's size.

        Raises:
            ShapeError: a picture has another form.
        """
        for picture in pictures:
            if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
                raise ShapeError(f"must be (h, w, 3) uint8, got {picture.shape} {picture.dtype}")
        frames = [Frame(0, k, (one,), self._fit(one)) for k, one in enumerate(pictures)]
        found: list[Any] = [None] * len(frames)
        for frame, rows, logits in self._look(frames, lay_plain):
            found[frame.number] = self._detections(frame, rows, logits, np.ones(2))
        return found

    def _fit(self, picture: Bytes) -> Letterbox:
        return fit(picture.shape[1], picture.shape[0], self._imgsz, self._network.stride)

    def _lay_frames(self, frames: Sequence[Frame]) -> Any:
        if hasattr(self._network, "run_uploaded") and self.device != "cpu":
            return lay_frames_on_device(frames, self.device)
        return lay_frames(frames)

    def _look(
        self, frames: Sequence[Frame], lay: _Lay
    ) -> Iterator[tuple[Frame, Rows, _OwnLogits | None]]:
        """Batches through the network: what it saw in each frame, overlaps left out."""
        ordered = sorted(frames, key=lambda frame: frame.kind)
        for (outer, *_), group in groupby(ordered, key=lambda frame: frame.kind):
            same = list(group)
            size = self._batch or self._network.batch_for(outer[1], outer[0])
            batches = [same[k : k + size] for k in range(0, len(same), size)]
            for batch, output in self._outputs(batches, lay):
                for number, (frame, rows) in enumerate(zip(batch, output.rows, strict=True)):
                    yield frame, self._chosen(rows), _bound(output.mask_logits, number)

    def _outputs(self, batches: Sequence[list[Frame]], lay: _Lay) -> Iterator[_Answer]:
        """Run batches; while a GPU works on one, the next is prepared."""
        if self.device == "cpu":
            for batch in batches:
                yield from self._run(batch, None, lay)
            return
        with ThreadPoolExecutor(1) as ahead:
            waiting = ahead.submit(lay, batches[0])
            for batch, following in zip(batches, [*batches[1:], None], strict=True):
                try:
                    laid = waiting.result()
                except DeviceOutOfMemoryError:
                    laid = None
                if following is not None:
                    waiting = ahead.submit(lay, following)
                yield from self._run(batch, laid, lay)

    def _run(self, batch: list[Frame], laid: Any, lay: _Lay) -> Iterator[_Answer]:
        """Run one batch, in parts where the device has no memory for all of it.

        Args:
            laid: the batch as `lay` makes it, or None where that is still to do.
        """
        room = self._batch or len(batch)
        if len(batch) > room:
            for k in range(0, len(batch), room):
                part = None if laid is None else laid[k : k + room]
                yield from self._run(batch[k : k + room], part, lay)
            return
        try:
            laid = lay(batch) if laid is None else laid
            on_device = not isinstance(laid, np.ndarray)
            run = getattr(self._network, "run_uploaded" if on_device else "run")
            output = run(laid, self._confidence)
        except DeviceOutOfMemoryError:
            self._shrink_batch(len(batch))
            yield from self._run(batch, laid, lay)
        else:
            yield batch, output

    def _shrink_batch(self, size: int) -> None:
        if size == 1:
            raise ConfigurationError(
                f"{self.device}: no memory for a single frame at --imgsz {self._imgsz}; "
                "use a smaller --imgsz, smaller weights, or --device cpu"
            )
        self._batch = (size + 1) // 2
        self.notes.append(
            f"{self.device} has no memory for {size} frames at once: {self._batch} from then on"
        )

    def _chosen(self, rows: Rows) -> Rows:
        if not self._network.end_to_end:
            return suppress(rows, self._iou, self._most, self._ids)
        kept = rows if self._ids is None else rows[np.isin(rows[:, 5], self._ids)]
        return kept[np.argsort(-kept[:, 4], kind="stable")][: self._most]

    def _detections(
        self,
        frame: Frame,
        rows: Rows,
        logits: _OwnLogits | None,
        px: Floats,
    ) -> Detections:
        boxes = frame.letterbox.to_source(rows[:, :4])
        masks: Labels | None = None
        if logits is not None and len(rows):
            order = list(range(len(rows) - 1, -1, -1))
            masks = label_picture(logits(rows[:, 6:]), boxes, frame.letterbox, order)
        elif logits is not None:
            masks = np.zeros(frame.letterbox.source[::-1], dtype=np.uint8)
        names = [self._network.names.get(int(kind), "") for kind in rows[:, 5]]
        scores = rows[:, 4].astype(np.float64)
        placed = boxes * np.tile(px, 2)
        return Detections(
            boxes=placed,
            scores=scores,
            labels=np.array(names, dtype=np.str_),
            noise_px=noise_of(placed, scores, px / frame.letterbox.gain, _WAVERING),
            masks=masks,
            features=looks(frame.planes, boxes, masks),
        )


def build(
    weights: str | Path,
    *,
    device: str = "auto",
    imgsz: int = 640,
    batch: int | None = None,
    classes: Sequence[str] = (),
    precision: str = "auto",
    backend: str = "torch",
    confidence: float = 0.1,
    trust: bool = False,
) -> YoloDetector:
    """A detector from a file of weights.

    Args:
        weights: path or name; .pt, or .onnx, for which neither torch nor ultralytics is needed.
        device: "auto", "cpu", "mps" or "cuda:N".
        imgsz, batch, classes, confidence: see `YoloDetector`.
        precision: "fp32", "fp16" (GPU), "bf16", or "auto": fp16 on a GPU, else fp32.
        backend: "torch", "onnx" or "openvino".
        trust: load a .pt that may run any program; see `loading`.

    Raises:
        ConfigurationError: a setting, the file or the device is wrong.
        MissingExtraError: what is needed is not installed.
    """
    if backend not in BACKENDS:
        raise ConfigurationError(f"unknown backend '{backend}'; known: {', '.join(BACKENDS)}")
    if precision not in PRECISIONS:
        raise ConfigurationError(f"unknown precision '{precision}'; known: {', '.join(PRECISIONS)}")
    path = find(weights)
    sha256 = sha256_of(path)
    network = _network(path, sha256, device, precision, backend, trust)
    return YoloDetector(
        network,
        weights_sha256=sha256,
        imgsz=imgsz,
        batch=batch,
        classes=classes,
        confidence=confidence,
    )


def _network(
    path: Path, sha256: str, device: str, precision: str, backend: str, trust: bool
) -> Network:
    if backend == "torch" and path.suffix != ".onnx":
        from physcheck.detectors.devices import torch_device
        from physcheck.detectors.yolo.loading import load_checkpoint
        from physcheck.detectors.yolo.torch_network import TorchNetwork
        from physcheck.detectors.yolo.vendor import import_torch

        torch_device(import_torch(), device)
        return TorchNetwork(load_checkpoint(path, trust=trust), device, precision)
    from physcheck.detectors.yolo.export import exported

    file = path
    if path.suffix != ".onnx":
        file = exported(path, sha256, f"the backend '{backend}'", trust=trust)
    if backend == "openvino":
        from physcheck.detectors.yolo.openvino_network import OpenvinoNetwork

        return OpenvinoNetwork(file, device, precision)
    from physcheck.detectors.yolo.onnx_network import OnnxNetwork

    if precision not in ("auto", "fp32"):
        raise ConfigurationError(f"precision {precision}: the backend 'onnx' has only fp32")
    return OnnxNetwork(file, device)


def _bound(logits: MaskLogits | None, number: int) -> _OwnLogits | None:
    return None if logits is None else lambda coefficients: logits(number, coefficients)

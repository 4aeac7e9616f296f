"""Which detector a request stands for, and why. Nothing is loaded here."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from physcheck.errors import ConfigurationError
from physcheck.weights import default_weights, find, sha256_of

__all__ = ["WITH_MODEL", "DetectorChoice", "Sight", "choose_detector"]

DETECTORS = ("auto", "motion", "yolo", "hybrid", "transformers", "detections")
WITH_MODEL = ("yolo", "hybrid", "transformers")


class DetectorChoice(NamedTuple):
    """Which detector looks at the clips, why, and with which weights, if any."""

    name: str
    why: str
    weights: Path | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """Which detector is asked for, and how it is to look.

    detector: "auto", "motion", "yolo", "hybrid", "transformers" or "detections".
    weights: file or name; a folder for networks of transformers.
    detections: file with boxes, or folder of files named like the clips.
    imgsz: longer side of what the network sees, px; a folder of transformers has its own.
    batch: frames at a time, None for what suits the device.
    every: hybrid shows the network every so many frames, and motion carries what it saw
        through the others; None for what suits the device.
    classes: words to keep, all where empty. backend, precision: see `detectors.yolo.build`.
    trust: load weights that may run any program.
    cache: keep what was seen on disk, and use what was seen before.
    """

    detector: str = "auto"
    weights: str | Path | None = None
    device: str = "auto"
    detections: str | Path | None = None
    imgsz: int = 640
    batch: int | None = None
    every: int | None = None
    classes: tuple[str, ...] = ()
    backend: str = "torch"
    precision: str = "auto"
    trust: bool = False
    cache: bool = False

    def choose(self) -> DetectorChoice:
        """The detector that this stands for.

        Raises:
            ConfigurationError: it contradicts itself, or weights are not there.
        """
        return choose_detector(self.detector, self.weights, self.detections)

    def settings(self) -> dict[str, Any]:
        """What decides which boxes are seen, beside the clip; for `config_sha256`.

        Raises:
            ConfigurationError: as for `choose`.
        """
        choice = self.choose()
        settings: dict[str, Any] = {"detector": choice.name, "device": self.device}
        if choice.name == "detections":
            settings["detections"] = str(self.detections)
        if choice.name in WITH_MODEL:
            settings |= {"weights": _identity(choice), "imgsz": self.imgsz}
            settings |= {"classes": list(self.classes), "backend": self.backend}
            settings |= {"precision": self.precision}
        if choice.name == "hybrid":
            settings["every"] = self.every or "auto"
        return settings


def choose_detector(
    name: str, weights: Path | str | None, detections: Path | str | None = None
) -> DetectorChoice:
    """Say which detector a request stands for.

    `auto` is `detections` where these are given, `hybrid` where weights are given, or
    pulled and what runs them is installed, else `motion`.

    Raises:
        ConfigurationError: there is no such detector, or the request contradicts itself.
    """
    if name not in DETECTORS:
        raise ConfigurationError(f"unknown detector '{name}'; known: {', '.join(DETECTORS)}")
    if name == "detections" or (name == "auto" and detections is not None):
        if detections is None:
            raise ConfigurationError("detector 'detections' needs --detections FILE or FOLDER")
        return DetectorChoice("detections", f"boxes from {detections}")
    if name == "motion":
        unused = "asked for; weights are not used" if weights is not None else "asked for"
        return DetectorChoice("motion", unused)
    if name == "auto" and weights is None:
        return _choose_by_what_is_there()
    found = _weights_for(name, weights)
    why = f"weights {found.name} were given" if name == "auto" else f"asked for, {found.name}"
    return DetectorChoice("hybrid" if name == "auto" else name, why, found)


def _choose_by_what_is_there() -> DetectorChoice:
    """The best detector for which everything is at hand."""
    pulled = default_weights()
    if pulled is None:
        return DetectorChoice("motion", "no weights given or pulled")
    lacking = [one for one in ("torch", "ultralytics") if importlib.util.find_spec(one) is None]
    if lacking and pulled.suffix != ".onnx":
        why = (
            f"{pulled.name} is there, but not {' and '.join(lacking)}: pip install physcheck[yolo]"
        )
        return DetectorChoice("motion", why)
    return DetectorChoice("hybrid", f"weights {pulled.name} are there", pulled)


def _weights_for(name: str, weights: Path | str | None) -> Path:
    """The file or folder of weights that was named, or the default one."""
    if weights is not None and Path(weights).expanduser().is_dir():
        return Path(weights).expanduser()
    if name == "transformers":
        raise ConfigurationError(
            "detector 'transformers' needs --weights FOLDER, with config.json and model.safetensors"
        )
    found = default_weights() if weights is None else find(weights)
    if found is None:
        raise ConfigurationError(
            f"detector '{name}' needs weights: --weights FILE, or pull some: "
            "physcheck models pull yolo11n"
        )
    return found


def _identity(choice: DetectorChoice) -> str:
    """The hash of the weights; a folder is told by its path."""
    assert choice.weights is not None
    path = Path(choice.weights)
    return str(path.resolve()) if path.is_dir() else sha256_of(find(path))

"""A folder becomes a network: config.json and model.safetensors, nothing else is believed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from physcheck.detectors.detr.preparation import Preparation, read_preparation
from physcheck.detectors.detr.vendor import import_transformers, quiet_and_offline
from physcheck.errors import ConfigurationError
from physcheck.weights import folders, sha256_of

__all__ = ["Checkpoint", "load_checkpoint"]

_CONFIG, _WEIGHTS, _PICKLE = "config.json", "model.safetensors", "pytorch_model.bin"
_UNUSED = ("num_batches_tracked", "denoising_class_embed.weight")
"""Endings of what is missed in training only."""
_WITH_NOTHING = frozenset({"detr", "yolos", "table-transformer"})
"""Kinds with one more class than they have names, for nothing."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a folder holds. module: the network, fp32, for inference only.

    kind: such as "rt_detr". names: of the classes, "" where a number has none.
    with_nothing: whether the last class stands for nothing.
    weights_sha256, config_sha256: of the weights, and of what says how to use them.
    """

    module: Any
    kind: str
    names: dict[int, str]
    with_nothing: bool
    preparation: Preparation
    weights_sha256: str
    config_sha256: str


def load_checkpoint(folder: str | Path, *, trust: bool = False) -> Checkpoint:
    """Load a network that finds boxes.

    Args:
        folder: path, or name of a folder among the weights.
        trust: take pytorch_model.bin, a pickle, where there is no model.safetensors.

    Raises:
        ConfigurationError: the folder is missing, lacks a file, or holds something else.
        MissingExtraError: torch or transformers is not installed.
    """
    place = _found(folder)
    weights = _weights(place, trust)
    library = import_transformers()
    with quiet_and_offline():
        kind = _kind(library, place)
        preparation = read_preparation(place, kind)
        module = _loaded(library, place, weights)
    return Checkpoint(
        module=module,
        kind=kind,
        names=_names(module.config.id2label),
        with_nothing=kind in _WITH_NOTHING,
        preparation=preparation,
        weights_sha256=sha256_of(weights),
        config_sha256=_config_sha256(place, preparation),
    )


def _found(folder: str | Path) -> Path:
    named = Path(folder).expanduser()
    if named.name in (_CONFIG, _WEIGHTS, _PICKLE) and named.is_file():
        named = named.parent
    if named.is_file():
        raise ConfigurationError(
            f"{folder}: is a file; the detector 'transformers' wants the folder with "
            f"{_CONFIG} and {_WEIGHTS}; for a .pt or .onnx file use --detector yolo"
        )
    for place in (named, *(root / named for root in folders())):
        if place.is_dir():
            if not (place / _CONFIG).is_file():
                raise ConfigurationError(
                    f"{place}: has no {_CONFIG}; give a folder as transformers saves them"
                )
            return place
    raise ConfigurationError(
        f"{folder}: there is no such folder; give one with {_CONFIG} and {_WEIGHTS}, as "
        "transformers saves them (nothing is downloaded)"
    )


def _weights(place: Path, trust: bool) -> Path:
    if (place / _WEIGHTS).is_file():
        return place / _WEIGHTS
    if not (place / _PICKLE).is_file():
        raise ConfigurationError(
            f"{place}: has no {_WEIGHTS}; fetch it from where {_CONFIG} came from"
        )
    if not trust:
        raise ConfigurationError(
            f"{place}: has {_PICKLE} and no {_WEIGHTS}; the former is a pickle, which can run any "
            f"program when it is loaded; fetch {_WEIGHTS}, or, if you trust whoever made it: "
            "--trust"
        )
    return place / _PICKLE


def _kind(library: Any, place: Path) -> str:
    """`model_type` of a folder whose network finds boxes."""
    path = place / _CONFIG
    try:
        kind = str(json.loads(path.read_text(encoding="utf-8"))["model_type"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{path}: is not the configuration of a network: {error!r}; fetch it again"
        ) from None
    auto = library.models.auto
    if kind not in auto.configuration_auto.CONFIG_MAPPING_NAMES:
        raise ConfigurationError(
            f"{path}: transformers {library.__version__} knows no kind '{kind}'; "
            "a newer one may: pip install -U transformers"
        )
    if kind not in auto.modeling_auto.MODEL_FOR_OBJECT_DETECTION_MAPPING_NAMES:
        raise ConfigurationError(
            f"{path}: '{kind}' is no object detection model; give a folder with one, "
            "such as RT-DETR, D-FINE or RF-DETR"
        )
    return kind


def _loaded(library: Any, place: Path, weights: Path) -> Any:
    try:
        config = library.AutoConfig.from_pretrained(
            str(place), local_files_only=True, trust_remote_code=False
        )
        if getattr(config, "use_pretrained_backbone", False):
            # It would be fetched from elsewhere, only to be overwritten.
            config.use_pretrained_backbone = False
        module, report = library.AutoModelForObjectDetection.from_pretrained(
            str(place),
            config=config,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=weights.name == _WEIGHTS,
            output_loading_info=True,
        )
    except Exception as error:  # damaged files fail in many ways, and none concerns the clips
        raise ConfigurationError(
            f"{weights}: cannot be loaded: {_first_line(error)}; fetch the folder again"
        ) from None
    missing = [name for name in report["missing_keys"] if not name.endswith(_UNUSED)]
    if missing:
        raise ConfigurationError(
            f"{weights}: does not belong to {_CONFIG}: lacks {len(missing)} parts, "
            f"such as {min(missing)}; fetch both from the same place"
        )
    module = module.float().eval()
    for parameter in module.parameters():
        parameter.requires_grad = False
    return module


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _names(id2label: Mapping[Any, str]) -> dict[int, str]:
    """Names of the classes; numbers that COCO leaves out are called N/A there."""
    return {
        int(number): "" if name in ("N/A", "no-object") else str(name)
        for number, name in id2label.items()
    }


def _config_sha256(place: Path, preparation: Preparation) -> str:
    told = (place / _CONFIG).read_bytes() + repr(preparation).encode()
    return hashlib.sha256(told).hexdigest()

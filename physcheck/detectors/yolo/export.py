"""A checkpoint becomes an ONNX file, once, and is found again by the hash of its weights."""

from __future__ import annotations

import ast
import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

from physcheck import __version__
from physcheck.detectors.extras import optional
from physcheck.detectors.yolo.loading import Checkpoint, load_checkpoint
from physcheck.detectors.yolo.vendor import import_torch
from physcheck.errors import ConfigurationError
from physcheck.weights import export_folder

__all__ = ["described", "exported"]

_OPSET = 17
_SIDE_PX = 320
_FORM = 1
"""Raise it when the exported graph changes."""


def exported(path: Path, sha256: str, need: str, *, trust: bool = False) -> Path:
    """The ONNX file of some weights, made now if it was not made before.

    Args:
        path: a .pt file. sha256: its hash. need: who asks, for messages.
        trust: see `load_checkpoint`.

    Raises:
        MissingExtraError: torch, ultralytics or onnx is not installed.
        ConfigurationError: the file is refused, or nothing can be written.
    """
    target = export_folder() / f"{path.stem}-{sha256[:16]}-{__version__}-{_FORM}.onnx"
    if target.is_file():
        return target
    optional("onnx", need, "pip install 'physcheck[onnx]'")
    checkpoint = load_checkpoint(path, trust=trust)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".part-", dir=target.parent) as folder:
            draft = Path(folder) / target.name
            _write(checkpoint, draft)
            draft.replace(target)
    except OSError as error:
        raise ConfigurationError(
            f"{target}: cannot be written: {error.strerror}; set PHYSCHECK_CACHE to a folder "
            "that can"
        ) from None
    return target


def described(path: Path, need: str) -> dict[str, Any]:
    """What an ONNX file says of itself: names, stride, end2end.

    Raises:
        ConfigurationError: it does not say what its classes are.
        MissingExtraError: onnx is not installed.
    """
    onnx = optional("onnx", need, "pip install 'physcheck[onnx]'")
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:
        raise ConfigurationError(f"{path}: is no ONNX file, or is damaged: {error}") from None
    words = {entry.key: entry.value for entry in model.metadata_props}
    if "names" not in words:
        raise ConfigurationError(
            f"{path}: does not name its classes; export it with ultralytics or physcheck"
        )
    try:
        return {key: ast.literal_eval(words[key]) for key in ("names", "stride")} | {
            "end2end": words.get("end2end", "False") in ("True", "true"),
        }
    except (KeyError, ValueError, SyntaxError):
        raise ConfigurationError(f"{path}: its names or its stride cannot be read") from None


def _write(checkpoint: Checkpoint, path: Path) -> None:
    import onnx

    torch = import_torch()
    module = checkpoint.module
    head = module.model[-1]
    head.export, head.dynamic, head.format = True, True, "onnx"
    masks = checkpoint.n_coefficients > 0
    outputs = ["output0", "output1"] if masks else ["output0"]
    axes = {"images": {0: "batch", 2: "height", 3: "width"}}
    axes |= {"output0": {0: "batch", 2: "anchors"}}
    axes |= {"output1": {0: "batch", 2: "mask_height", 3: "mask_width"}} if masks else {}
    # An odd shape, so that nothing of it is taken for a constant unnoticed.
    example = torch.zeros(2, 3, _SIDE_PX, _SIDE_PX + checkpoint.stride)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            example,
            str(path),
            opset_version=_OPSET,
            input_names=["images"],
            output_names=outputs,
            dynamic_axes=axes,
            dynamo=False,
        )
    model = onnx.load(str(path))
    words = {"names": repr(checkpoint.names), "stride": json.dumps(checkpoint.stride)}
    words |= {"end2end": str(checkpoint.end_to_end), "author": "physcheck"}
    for key, value in words.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.save(model, str(path))

"""The network run by ONNX Runtime; torch is not needed for a file that is ONNX already."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from physcheck.detectors.devices import n_threads
from physcheck.detectors.extras import optional
from physcheck.detectors.yolo.candidates import candidates, finished
from physcheck.detectors.yolo.export import described
from physcheck.detectors.yolo.network import Output, from_prototypes
from physcheck.errors import ConfigurationError
from physcheck.types import Bytes

__all__ = ["OnnxNetwork"]

_INSTALL = "pip install 'physcheck[onnx]'"
_CACHE_PX = 250_000


class OnnxNetwork:
    """An ONNX file in a session of ONNX Runtime."""

    backend = "onnx"
    precision = "fp32"

    def __init__(self, path: Path, device: str = "auto") -> None:
        """Open a session.

        Args:
            path: the ONNX file; its batch and its sides must be free.
            device: "auto", "cpu" or "cuda:N".

        Raises:
            ConfigurationError: the file is damaged, or there is no such device.
            MissingExtraError: onnxruntime is not installed.
        """
        runtime = optional("onnxruntime", "the backend 'onnx'", _INSTALL)
        words = described(path, "the backend 'onnx'")
        self.names: dict[int, str] = words["names"]
        self.stride, self.end_to_end = int(words["stride"]), bool(words["end2end"])
        self.device, providers = _providers(device, runtime.get_available_providers())
        options = runtime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = n_threads()
        # A thread that waits shall not burn a core that another process could use.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = runtime.InferenceSession(str(path), options, providers=providers)
        except Exception as error:
            raise ConfigurationError(f"{path}: ONNX Runtime cannot open it: {error}") from None
        self._input = self._session.get_inputs()[0]

    def batch_for(self, height: int, width: int) -> int:
        """How many pictures of a size are best given at once."""
        return max(1, _CACHE_PX // (height * width))

    def run(self, pictures: Bytes, confidence: float) -> Output:
        """Look at a batch; see `Network`."""
        planes = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))
        batch = np.multiply(planes, np.float32(1 / 255), dtype=np.float32)
        try:
            found = self._session.run(None, {self._input.name: batch})
        except Exception as error:
            raise ConfigurationError(
                f"ONNX Runtime refuses pictures of {batch.shape}: {error}; export the weights "
                "with dynamic sizes, or give the .pt file"
            ) from None
        masks = from_prototypes(found[1]) if len(found) > 1 else None
        if self.end_to_end:
            return Output(finished(found[0], confidence), masks)
        return Output(candidates(found[0], len(self.names), confidence), masks)


def _providers(device: str, present: list[str]) -> tuple[str, list[object]]:
    kind, _, number = device.partition(":")
    if kind == "cuda":
        if "CUDAExecutionProvider" not in present:
            raise ConfigurationError(
                f"--device {device}: this ONNX Runtime has no CUDA; pip install onnxruntime-gpu"
            )
        options = {"device_id": int(number or 0)}
        return f"cuda:{options['device_id']}", [("CUDAExecutionProvider", options)]
    if kind not in ("auto", "cpu"):
        raise ConfigurationError(f"--device {device}: the backend 'onnx' has cpu and cuda:N")
    return "cpu", ["CPUExecutionProvider"]

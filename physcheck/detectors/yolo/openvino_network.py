"""The network run by OpenVINO: on a CPU of Intel's or AMD's the fastest there is.

In bf16 only the body is: the last layers, which turn features into boxes and scores, are
cut off and run in fp32, because noise of half a px in a box corrupts accelerations.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physcheck.detectors.devices import n_threads
from physcheck.detectors.extras import optional
from physcheck.detectors.yolo.candidates import candidates, finished
from physcheck.detectors.yolo.export import described
from physcheck.detectors.yolo.network import Output, from_prototypes
from physcheck.errors import ConfigurationError
from physcheck.types import Bytes

__all__ = ["OpenvinoNetwork"]

_INSTALL = "pip install 'physcheck[openvino]'"
_LAYER = re.compile(r"^/?model\.(\d+)/")
_HIDDEN = re.compile(r"/(cv\d|one2one_cv\d)\.\d+/.*\.[01]/|/proto/")
_N_AT_ONCE = 4


class OpenvinoNetwork:
    """An ONNX file compiled by OpenVINO, once for each size of picture.

    Pictures are looked at one by one, several at a time: with one thread each they
    share no work and wait for nobody.
    """

    backend = "openvino"

    def __init__(self, path: Path, device: str = "auto", precision: str = "auto") -> None:
        """Read the file.

        Args:
            path: the ONNX file.
            device: "auto" or "cpu".
            precision: "fp32", "bf16", or "auto", which is fp32.

        Raises:
            ConfigurationError: the file is damaged, or the CPU cannot do this.
            MissingExtraError: openvino is not installed.
        """
        if device not in ("auto", "cpu"):
            raise ConfigurationError(f"--device {device}: the backend 'openvino' has only cpu")
        self._openvino = optional("openvino", "the backend 'openvino'", _INSTALL)
        words = described(path, "the backend 'openvino'")
        self.names: dict[int, str] = words["names"]
        self.stride, self.end_to_end = int(words["stride"]), bool(words["end2end"])
        self.device, self.precision = "cpu", "fp32" if precision == "auto" else precision
        self._core = self._openvino.Core()
        _check(self.precision, self._core)
        self._path = path
        self._runners: dict[tuple[int, int], _Runner] = {}

    def batch_for(self, height: int, width: int) -> int:
        """How many pictures of a size are best given at once."""
        return 2 * _N_AT_ONCE

    def run(self, pictures: Bytes, confidence: float) -> Output:
        """Look at a batch; see `Network`."""
        size = pictures.shape[1], pictures.shape[2]
        if size not in self._runners:
            self._runners[size] = self._compile(size)
        found = self._runners[size](pictures)
        masks = from_prototypes(found[1]) if len(found) > 1 else None
        if self.end_to_end:
            return Output(finished(found[0], confidence), masks)
        return Output(candidates(found[0], len(self.names), confidence), masks)

    def _compile(self, size: tuple[int, int]) -> _Runner:
        return _Runner(self._openvino, self._core, self._path, size, self.precision)


class _Runner:
    """The compiled network for one size of picture: whole, or body and head."""

    def __init__(
        self, openvino: Any, core: Any, path: Path, size: tuple[int, int], precision: str
    ) -> None:
        model = core.read_model(str(path))
        _take_rgb(openvino, model)
        try:
            model.reshape([1, *size, 3])
        except Exception as error:
            raise ConfigurationError(
                f"{path}: has no room for pictures of {size[1]} x {size[0]} px: {error}; export "
                "it with dynamic sizes, or give the .pt file"
            ) from None
        parts = [model] if precision == "fp32" else _split(openvino, model, path)
        precisions = ["f32"] if len(parts) == 1 else ["bf16", "f32"]
        self._compiled = [
            core.compile_model(
                part,
                "CPU",
                {
                    "INFERENCE_PRECISION_HINT": kind,
                    "PERFORMANCE_HINT": "THROUGHPUT",
                    "INFERENCE_NUM_THREADS": n_threads(),
                },
            )
            for part, kind in zip(parts, precisions, strict=True)
        ]
        self._queues = [openvino.AsyncInferQueue(one, _N_AT_ONCE) for one in self._compiled]
        self._queues[-1].set_callback(self._take)
        if len(parts) == 2:
            self._queues[0].set_callback(self._pass_on)
        self._found: list[list[NDArray[np.float32]]] = []

    def __call__(self, pictures: Bytes) -> list[NDArray[np.float32]]:
        """The outputs, each (B, ...)."""
        self._found = [[] for _ in pictures]
        for number, picture in enumerate(pictures):
            self._queues[0].start_async({0: picture[None]}, number)
        for queue in self._queues:
            queue.wait_all()
        return [np.concatenate(one) for one in zip(*self._found, strict=True)]

    def _pass_on(self, request: Any, number: int) -> None:
        features = {k: np.array(one.data) for k, one in enumerate(request.output_tensors)}
        self._queues[1].start_async(features, number, share_inputs=True)

    def _take(self, request: Any, number: int) -> None:
        self._found[number] = [np.array(one.data) for one in request.output_tensors]


def _take_rgb(openvino: Any, model: Any) -> None:
    """Let the network take packed 8-bit RGB: the conversion becomes part of it."""
    steps = openvino.preprocess.PrePostProcessor(model)
    first = steps.input()
    first.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    first.preprocess().convert_element_type(openvino.Type.f32).scale(255.0)
    first.model().set_layout(openvino.Layout("NCHW"))
    steps.build()


def _split(openvino: Any, model: Any, path: Path) -> list[Any]:
    """Cut the tail off: the last layers, which give boxes, scores and coefficients."""
    tail = _tail(model)
    seams = {}
    for value in itertools.chain.from_iterable(node.input_values() for node in tail.values()):
        source = value.get_node().get_friendly_name()
        if source not in tail and _LAYER.match(source) and len(value.get_partial_shape()) == 4:
            seams[source] = value
    features = list(seams.values())
    if not features:
        raise ConfigurationError(f"{path}: its head cannot be told apart for bf16; use fp32")
    body = openvino.Model(
        [openvino.opset13.result(one) for one in features], model.get_parameters(), "body"
    ).clone()
    inputs = []
    for one in features:
        stand_in = openvino.opset13.parameter(one.get_partial_shape(), one.get_element_type())
        for target in list(one.get_target_inputs()):
            if target.get_node().get_friendly_name() in tail:
                target.replace_source_output(stand_in.output(0))
        inputs.append(stand_in)
    head = openvino.Model(model.get_results(), inputs, "head")
    return [_packed(openvino, body, outputs=True), _packed(openvino, head, outputs=False)]


def _tail(model: Any) -> dict[str, Any]:
    """Nodes of the last layer but its hidden convolutions and prototypes, and the results."""
    nodes = {node.get_friendly_name(): node for node in model.get_ordered_ops()}
    layers = {name: int(match[1]) for name in nodes if (match := _LAYER.match(name))}
    last = max(layers.values(), default=-1)
    return {
        name: node
        for name, node in nodes.items()
        if node.get_type_name() == "Result"
        or (layers.get(name) == last and not _HIDDEN.search(name))
    }


def _packed(openvino: Any, model: Any, *, outputs: bool) -> Any:
    """Hand features over channels last, as they lie in memory: no part has to turn them."""
    steps = openvino.preprocess.PrePostProcessor(model)
    for k in range(len(model.outputs if outputs else model.inputs)):
        side = steps.output(k) if outputs else steps.input(k)
        side.tensor().set_layout(openvino.Layout("NHWC"))
        side.model().set_layout(openvino.Layout("NCHW"))
    return steps.build()


def _check(precision: str, core: Any) -> None:
    if precision not in ("fp32", "bf16"):
        raise ConfigurationError(f"precision '{precision}': the backend 'openvino' has fp32, bf16")
    if precision == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise ConfigurationError("this CPU does not calculate with bf16 by itself; use fp32")

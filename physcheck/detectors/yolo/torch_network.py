"""The network run by torch, on the CPU or on a GPU."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from physcheck.detectors.devices import DeviceOutOfMemoryError, cpu_has_bf16, torch_device
from physcheck.detectors.suppression import Rows
from physcheck.detectors.yolo.fused import fuse_activations
from physcheck.detectors.yolo.loading import Checkpoint
from physcheck.detectors.yolo.network import MaskLogits, Output
from physcheck.detectors.yolo.vendor import import_torch
from physcheck.errors import ConfigurationError
from physcheck.types import Bytes

__all__ = ["TorchNetwork"]

_CACHE_PX, _CPU_BATCH = 1_000_000, 8
"""Px of input, and pictures, at once on a CPU; larger batches no longer fit its caches."""
_GPU_PX = 32 * 640 * 384


class TorchNetwork:
    """A checkpoint on a device.

    In half precision the last part, which turns features into boxes, stays fp32: px
    in half precision are no finer than half a px beyond 512.
    """

    backend = "torch"

    def __init__(self, checkpoint: Checkpoint, device: str, precision: str) -> None:
        """Move the network to its device.

        Args:
            checkpoint: the network; it is changed in place.
            device: see `devices.torch_device`.
            precision: "fp32", "fp16", "bf16", or "auto": fp16 on CUDA, else fp32.

        Raises:
            ConfigurationError: the machine has no such device, or it cannot do this.
        """
        self._torch = import_torch()
        place = torch_device(self._torch, device)
        self.precision = _chosen(precision, place.type)
        self.device = str(place)
        self.names, self.stride = checkpoint.names, checkpoint.stride
        self.end_to_end = checkpoint.end_to_end
        self._place = place
        self._type = getattr(
            self._torch, {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}[self.precision]
        )
        module = checkpoint.module.to(place, memory_format=self._torch.channels_last)
        if self.precision != "fp32":
            for part in module.model[:-1]:
                part.to(self._type)
            module.model[-1].register_forward_pre_hook(_to_fp32)
        elif place.type == "cpu":
            fuse_activations(self._torch, module)
        self._module = module

    def batch_for(self, height: int, width: int) -> int:
        """How many pictures of a size are best given at once."""
        if self._place.type == "cpu":
            return max(1, min(_CPU_BATCH, _CACHE_PX // (height * width)))
        return max(1, _GPU_PX // (height * width))

    def run(self, pictures: Bytes, confidence: float) -> Output:
        """Look at a batch; see `Network`."""
        return self._guarded(lambda: self._look(self.upload(pictures), confidence))

    def run_uploaded(self, pictures: Any, confidence: float) -> Output:
        """Look at a batch (B, 3, H, W) that is on the device: RGB from 0 to 1."""
        return self._guarded(lambda: self._look(pictures.to(self._type), confidence))

    def upload(self, pictures: Bytes) -> Any:
        """Pictures (B, H, W, 3) as (B, 3, H, W) on the device, channels last, 0 to 1."""
        # The permuted view of packed pictures is what torch calls channels last.
        batch = self._torch.from_numpy(pictures)
        if self._place.type == "cuda":
            batch = batch.pin_memory()
        batch = batch.to(self._place, non_blocking=True).permute(0, 3, 1, 2)
        return batch.to(self._type) / 255

    def _guarded(self, work: Any) -> Output:
        try:
            with self._torch.inference_mode():
                result: Output = work()
                return result
        except self._torch.cuda.OutOfMemoryError:
            if self._place.type == "cuda":
                self._torch.cuda.empty_cache()
            raise DeviceOutOfMemoryError from None

    def _look(self, batch: Any, confidence: float) -> Output:
        found = self._module(batch)
        # Heads give (boxes, raw), segmenting ones ((boxes, prototypes), raw).
        found = found[0] if isinstance(found, tuple | list) else found
        output, prototypes = found if isinstance(found, tuple | list) else (found, None)
        masks = None if prototypes is None else self._masks(prototypes)
        if self.end_to_end:
            return Output(self._finished(output, confidence), masks)
        return Output(self._candidates(output, confidence), masks)

    def _candidates(self, output: Any, confidence: float) -> list[Rows]:
        """See `suppression.candidates`; only what is above the limit leaves the device."""
        torch, n_classes = self._torch, len(self.names)
        best = output[:, 4 : 4 + n_classes].amax(dim=1)
        picture, anchor = torch.nonzero(best > confidence, as_tuple=True)
        picked = output[picture, :, anchor].float()
        middle, half = picked[:, :2], picked[:, 2:4] / 2
        parts = [middle - half, middle + half]
        if len(picked):
            score, kind = picked[:, 4 : 4 + n_classes].max(dim=1, keepdim=True)
            parts += [score, kind.float()]
        else:
            parts += [picked[:, :2]]
        rows = torch.cat([picture[:, None].float(), *parts, picked[:, 4 + n_classes :]], dim=1)
        return _apart(rows.cpu().numpy(), len(output))

    def _finished(self, output: Any, confidence: float) -> list[Rows]:
        picture, place = self._torch.nonzero(output[..., 4] > confidence, as_tuple=True)
        rows = self._torch.cat([picture[:, None].float(), output[picture, place].float()], dim=1)
        return _apart(rows.cpu().numpy(), len(output))

    def _masks(self, prototypes: Any) -> MaskLogits:
        torch, place = self._torch, self._place

        def logits(picture: int, coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
            with torch.inference_mode():
                own = prototypes[picture].float()
                weights = torch.from_numpy(np.ascontiguousarray(coefficients)).to(place)
                sums = torch.einsum("nk,khw->nhw", weights, own)
                return np.asarray(sums.cpu().numpy())

        return logits


def _apart(rows: NDArray[np.float32], n_pictures: int) -> list[Rows]:
    """Rows that begin with their picture, as a list of each picture's own."""
    return [rows[rows[:, 0] == number, 1:] for number in range(n_pictures)]


def _to_fp32(_: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    return ([one.float() for one in inputs[0]], *inputs[1:])


def _chosen(precision: str, kind: str) -> str:
    if precision == "auto":
        return "fp16" if kind == "cuda" else "fp32"
    if kind == "cpu" and precision == "fp16":
        raise ConfigurationError("precision fp16 is for GPUs; on the CPU use fp32 or bf16")
    if kind == "cpu" and precision == "bf16" and not cpu_has_bf16():
        raise ConfigurationError("this CPU does not calculate with bf16 by itself; use fp32")
    if precision not in ("fp32", "fp16", "bf16"):
        raise ConfigurationError(f"unknown precision '{precision}'; known: fp32, fp16, bf16")
    return precision

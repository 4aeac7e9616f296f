"""What a network is to the detector, whatever runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from physcheck.detectors.suppression import Rows
from physcheck.types import Bytes

__all__ = [
    "MaskLogits",
    "Network",
    "Output",
    "from_prototypes",
]

MaskLogits = Callable[[int, NDArray[np.float32]], NDArray[np.float32]]
"""Picture of the batch and coefficients (N, K) to logits (N, mh, mw)."""


@dataclass(frozen=True, slots=True)
class Output:
    """Candidates of each picture of a batch, and how to get at masks where there are any."""

    rows: list[Rows]
    mask_logits: MaskLogits | None = None


class Network(Protocol):
    """Finds candidates in pictures that are already of the right size.

    device: its name. precision: "fp32", "fp16" or "bf16". backend: what runs it.
    names: of the classes. stride: px. end_to_end: whether it suppresses by itself.
    """

    device: str
    precision: str
    backend: str
    names: dict[int, str]
    stride: int
    end_to_end: bool

    def run(self, pictures: Bytes, confidence: float) -> Output:
        """Look at a batch.

        Args:
            pictures: (B, H, W, 3) RGB, H and W multiples of the stride.
            confidence: score that a candidate must exceed.

        Raises:
            DeviceOutOfMemoryError: the batch is too large.
        """
        ...

    def batch_for(self, height: int, width: int) -> int:
        """How many pictures of a size are best given at once."""
        ...


def from_prototypes(prototypes: NDArray[np.float32]) -> MaskLogits:
    """Masks as sums of prototypes (B, K, mh, mw)."""

    def logits(picture: int, coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
        sums = np.tensordot(coefficients, prototypes[picture], axes=1)
        return np.asarray(sums, dtype=np.float32)

    return logits

"""What a network runs on, and what may happen there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from physcheck.errors import ConfigurationError
from physcheck.types import Tensor

__all__ = [
    "DeviceOutOfMemoryError",
    "are_on",
    "cpu_has_bf16",
    "memory_told",
    "n_threads",
    "torch_device",
]


class DeviceOutOfMemoryError(Exception):
    """The device has no memory for a batch; a smaller one may fit."""


def torch_device(torch: Any, name: str) -> Any:
    """The device that `auto`, `cpu`, `mps`, `cuda` or `cuda:N` stands for.

    Args:
        torch: the module, imported by who needs it. name: of the device.

    Raises:
        ConfigurationError: this machine has no such device.
    """
    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return torch.device("cuda:0" if n_gpus else "cpu")
    kind, _, number = name.partition(":")
    if kind == "cuda":
        if int(number or 0) >= n_gpus:
            raise ConfigurationError(
                f"--device {name}: torch sees {n_gpus or 'no'} CUDA device{'s' * (n_gpus != 1)} "
                "here; use --device cpu or auto, or install a torch that is built for your GPU"
            )
        return torch.device("cuda", int(number or 0))
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ConfigurationError(f"--device {name}: not available here; use --device cpu or auto")
    return torch.device(kind)


def are_on(pictures: Sequence[Tensor | None], device: str) -> bool:
    """Whether there are pictures, and all of them lie on a device."""
    place = device.removesuffix(":0")
    return bool(pictures) and all(
        one is not None and str(one.device).removesuffix(":0") == place for one in pictures
    )


@contextmanager
def memory_told() -> Iterator[None]:
    """Say in our own word that a GPU has no memory.

    Raises:
        DeviceOutOfMemoryError: what is done within needs more than there is.
    """
    import torch

    try:
        yield
    except torch.cuda.OutOfMemoryError:
        raise DeviceOutOfMemoryError from None


def cpu_has_bf16() -> bool:
    """Whether the CPU calculates with bfloat16 by itself; where it cannot be told, not."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split()
    except OSError:
        return False
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(flags))


def n_threads() -> int:
    """As many as the process may use; OMP_NUM_THREADS is heeded, as by torch."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return int(asked) if asked.isdigit() and int(asked) else usable or 1

"""Arrays that a type holds: their kinds, and how they are checked and made read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physcheck.errors import ShapeError

__all__ = ["Bools", "Bytes", "Floats", "Ints", "Labels", "Tensor", "freeze"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
Labels = NDArray[np.unsignedinteger[Any]]
Tensor = Any
"""A tensor of torch, which is not imported for a name."""


def freeze(instance: object, shapes: Mapping[str, tuple[str | int, ...]]) -> None:
    """Make every array of `instance` read-only and check the named shapes.

    A shape is a tuple of sizes; a letter stands for a size that must be the
    same wherever it occurs.

    Raises:
        ShapeError: an array has another shape.
    """
    sizes: dict[str, int] = {}
    for entry in fields(instance):  # type: ignore[arg-type]
        value: Any = getattr(instance, entry.name)
        if not isinstance(value, np.ndarray):
            continue
        view = value.view()
        view.flags.writeable = False
        object.__setattr__(instance, entry.name, view)
        if entry.name not in shapes:
            continue
        wanted = shapes[entry.name]
        owner = f"{type(instance).__name__}.{entry.name}"
        if view.ndim != len(wanted):
            raise ShapeError(f"{owner} must have shape {wanted}, got {view.shape}")
        for want, got in zip(wanted, view.shape, strict=True):
            expected = sizes.setdefault(want, got) if isinstance(want, str) else want
            if expected != got:
                raise ShapeError(f"{owner} must have shape {wanted}, got {view.shape}")

"""What a network wants to be shown, as its folder says in preprocessor_config.json.

The library's own processors need torchvision or pillow; all that they do here is to bring
a picture to a size and its levels to a range.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from physcheck.errors import ConfigurationError

__all__ = ["Preparation", "read_preparation"]

_FILES = ("preprocessor_config.json", "processor_config.json")
_PLAIN = frozenset({"rt_detr", "rt_detr_v2", "d_fine", "deimv2"})
"""Kinds whose pictures are 640 x 640 px with levels from 0 to 1 unless told otherwise."""
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Preparation:
    """How a picture is prepared; a level becomes (level * scale - mean) / std.

    size: (width, height), px, of every picture; or (shorter, longest): the shorter side
        becomes so long unless the longer one then exceeds its limit; or None, as it is.
    keeps_shape: whether `size` is of the second kind.
    mean, std: of red, green, blue.
    """

    size: tuple[int, int] | None
    keeps_shape: bool = False
    scale: float = 1.0 / 255.0
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """(width, height), px, at which a picture of a size is shown."""
        if self.size is None:
            return width, height
        if not self.keeps_shape:
            return self.size
        shorter, longest = self.size
        short, long = min(width, height), max(width, height)
        wanted: float = shorter
        if long / short * wanted > longest:
            wanted = longest * short / long
        short_px, long_px = round(wanted), int(wanted * long / short)
        return (short_px, long_px) if width < height else (long_px, short_px)


def read_preparation(folder: Path, kind: str) -> Preparation:
    """What a folder says of its network's pictures.

    Args:
        folder: with preprocessor_config.json. kind: `model_type` of its network.

    Raises:
        ConfigurationError: the file is missing and the kind has no usual way, or it is wrong.
    """
    path = next((folder / name for name in _FILES if (folder / name).is_file()), None)
    if path is None:
        if kind in _PLAIN:
            return Preparation((640, 640))
        raise ConfigurationError(
            f"{folder}: has no {_FILES[0]}, so nothing tells which pictures the network wants; "
            "copy that file from where the weights came from"
        )
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return _understood(told.get("image_processor", told), kind)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigurationError(
            f"{path}: cannot be understood: {error!r}; fetch it again from where the weights "
            "came from"
        ) from None


def _understood(told: Mapping[str, Any], kind: str) -> Preparation:
    size, keeps_shape = _size(told)
    normalises = told.get("do_normalize", kind not in _PLAIN)
    rescales = told.get("do_rescale", True)
    if told.get("pad_size"):
        raise ValueError("pad_size is not supported")
    return Preparation(
        size=size,
        keeps_shape=keeps_shape,
        scale=float(told.get("rescale_factor", 1.0 / 255.0)) if rescales else 1.0,
        mean=_three(told.get("image_mean", _IMAGENET_MEAN)) if normalises else (0.0,) * 3,
        std=_three(told.get("image_std", _IMAGENET_STD)) if normalises else (1.0,) * 3,
    )


def _size(told: Mapping[str, Any]) -> tuple[tuple[int, int] | None, bool]:
    if not told.get("do_resize", True):
        return None, False
    size = told.get("size", {"height": 640, "width": 640})
    if isinstance(size, int):
        return (size, int(told.get("max_size", 1333))), True
    if size.get("height") and size.get("width"):
        return (int(size["width"]), int(size["height"])), False
    shorter = size["shortest_edge"]
    return (int(shorter), int(size.get("longest_edge") or told.get("max_size") or 10**6)), True


def _three(values: Any) -> tuple[float, ...]:
    if len(values) != 3:
        raise ValueError(f"{values}: must be three numbers, for red, green and blue")
    return tuple(float(value) for value in values)

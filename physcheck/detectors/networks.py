"""What detectors by networks share: how far their boxes are off, which classes they know."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from physcheck.errors import ConfigurationError
from physcheck.types import Floats, Ints

__all__ = ["Wavering", "class_ids", "noise_of"]


class Wavering(NamedTuple):
    """How the boxes of a kind of network waver around a thing, standard deviations.

    px: of the middle, in px of the network's input. share: of the middle, as a part of
    the side. sizes: of the sides, against those of the middle.
    """

    px: float
    share: float
    sizes: float


def noise_of(boxes: Floats, scores: Floats, px: Floats, wavering: Wavering) -> Floats:
    """How far boxes of a network are off: a part of the size and of the network's px.

    Args:
        boxes: (N, 4) px xyxy. scores: (N,) in [0, 1]; unsure boxes waver more.
        px: (2,) px of the clip in one px of what the network was shown, along x and y.
        wavering: of this kind of network.

    Returns:
        (N, 4) standard deviation of cx, cy, w, h, px.
    """
    sides = boxes[:, 2:] - boxes[:, :2]
    unsure = np.clip(1.6 - scores, 0.7, 1.5)[:, None]
    middle = (wavering.px * px + wavering.share * sides) * unsure
    return np.concatenate([middle, wavering.sizes * middle], axis=1)


def class_ids(names: Mapping[int, str], classes: Sequence[str]) -> Ints | None:
    """Numbers of the classes with some names; None, all of them, where none are named.

    Raises:
        ConfigurationError: the network knows no such class.
    """
    if not classes:
        return None
    known = set(names.values()) - {""}
    for name in classes:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            guess = f"did you mean '{near[0]}'? " if near else ""
            raise ConfigurationError(
                f"--classes: these weights know no '{name}'; {guess}"
                f"they know: {', '.join(sorted(known))}"
            )
    chosen = [number for number, name in names.items() if name in classes]
    return np.array(chosen, dtype=np.int64)

"""The innocent explanations of an end: the log odds against each, and what was measured."""

from __future__ import annotations

import numpy as np

from physcheck.explain.weighing import likelihood_ratio
from physcheck.types import Alternative

__all__ = ["from_pixels", "left_the_frame", "without_pixels"]

_DAMPING = 0.8
"""For the tests lean on the same pixels."""


def without_pixels(measured: dict[str, float]) -> list[Alternative]:
    """Innocent explanations that the tracks tell of."""
    gap, covered, score = measured["neighbour"], measured["covered"], measured["light"]
    moved = measured["journey"] > np.log(2.5)
    near = f"nearest thing {gap:.1f} sizes away, {100 * covered:.0f} % of the place covered"
    told = {
        "merged with a neighbour": (
            max(likelihood_ratio("neighbour", gap), likelihood_ratio("covered", covered)),
            "nothing near" if gap > 5 else f"{near} afterwards",
        ),
        "its outline is unsure": (
            likelihood_ratio("wavering", measured["wavering"]),
            f"log area wavers by {measured['wavering']:.2f}",
        ),
        "light or shadow": (
            likelihood_ratio("light", score) + 2.0 * moved,
            f"unlike light in {100 * score:.0f} %",
        ),
        "the picture changed everywhere": (
            likelihood_ratio("everywhere", measured["everywhere"]),
            f"{measured['everywhere']:.1f} times the usual change from frame to frame",
        ),
        "too fast to tell": (
            likelihood_ratio("pace", measured["pace"]),
            f"{measured['pace']:.2f} sizes a frame",
        ),
    }
    others = [Alternative(name, odds, words) for name, (odds, words) in told.items()]
    return [left_the_frame(measured["exit"]), *others]


def left_the_frame(margin: float) -> Alternative:
    """Margin: distance to the border over how far it may get."""
    odds = likelihood_ratio("exit", margin)
    return Alternative("left the frame", odds, f"{margin:.1f} times its reach from the border")


def from_pixels(measured: dict[str, float]) -> list[Alternative]:
    """Innocent explanations that the pixels tell of."""

    def odds(*tests: str) -> float:
        return sum(likelihood_ratio(test, measured[test]) for test in tests)

    visible = float(np.interp(np.exp(measured["contrast"]), (3.0, 6.0, 10.0), (-2.0, 0.0, 0.5)))
    behind = odds("crowd", "extent", "cells", "swift", "order", "ring", "settled")
    return [
        Alternative(
            "the detector missed it",
            _DAMPING * (visible + odds("drop", "match", "survival")),
            f"{100 * measured['drop']:.0f} % of its contrast gone in one frame, best match later "
            f"{measured['match']:.2f}, {100 * measured['survival']:.0f} % of its points go on",
        ),
        Alternative(
            "went behind something",
            _DAMPING * behind,
            f"{100 * measured['cells']:.0f} % of its cells gone at once, "
            f"{100 * measured['swift']:.0f} % within three frames, leading ones first "
            f"{-measured['order']:.2f}, change inside over around {np.exp(measured['ring']):.1f}, "
            f"place settled {measured['settled']:.2f}, length at the leading side "
            f"{np.exp(measured['extent']):.2f} of usual",
        ),
    ]

"""The kinds of violation that can be put into footage, one function each."""

from __future__ import annotations

from collections.abc import Mapping

from physcheck.mutation.kinds.flights import (
    energy_gain,
    gravity,
    reversed_time,
    trajectory,
    upside_down,
)
from physcheck.mutation.kinds.looks import appearance_change, shape_morph, size_jump
from physcheck.mutation.kinds.places import (
    floor_penetration,
    hover,
    spontaneous_motion,
    teleport,
)
from physcheck.mutation.kinds.plans import Plan, Planner, Refusal, Scene
from physcheck.mutation.kinds.presence import appear, lost_behind, merge, split, vanish

__all__ = ["KINDS", "RARE", "Plan", "Planner", "Refusal", "Scene"]

KINDS: Mapping[str, Planner] = {
    "vanish": vanish,
    "appear": appear,
    "lost-behind": lost_behind,
    "teleport": teleport,
    "size-jump": size_jump,
    "shape-morph": shape_morph,
    "appearance-change": appearance_change,
    "floor-penetration": floor_penetration,
    "hover": hover,
    "trajectory": trajectory,
    "gravity": gravity,
    "energy-gain": energy_gain,
    "split": split,
    "merge": merge,
    "spontaneous-motion": spontaneous_motion,
    "reversed": reversed_time,
    "upside-down": upside_down,
}
"""By name of the check; "none" is no kind: it is every twin."""

RARE = (
    "energy-gain",
    "reversed",
    "gravity",
    "trajectory",
    "spontaneous-motion",
    "upside-down",
    "lost-behind",
)
"""Kinds that few clips allow, the rarest first; where a clip gives only some, these go first."""

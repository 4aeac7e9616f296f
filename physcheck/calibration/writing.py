"""A calibration as a rule pack, with what it was learned from beside every number."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from physcheck import __version__
from physcheck.calibration.fitting import Calibration, RuleFit
from physcheck.rules import Pack

__all__ = ["pack_yaml"]


def pack_yaml(found: Calibration, pack: Pack, *, name: str, detector: str) -> str:
    """The text of a pack that extends another and states what was learned.

    Args:
        found: what was learned. pack: the pack whose rules were measured.
        name: of the new pack. detector: what looked at the pixels.
    """
    units = {rule.name: rule.unit for rule in pack.rules}
    held = found.held_out
    knots = ", ".join(f"[{x:g}, {y:g}]" for x, y in found.score_curve)
    lines = [
        f"# Learned by `physcheck calibrate` ({__version__}) on {datetime.now(UTC):%Y-%m-%d}.",
        "# Whatever is not said here is as in the pack that it extends.",
        "",
        f"extends: {_quoted(pack.name if _shipped(pack) else pack.path)}",
        f"pack: {_quoted(name)}",
        f"version: {_quoted(pack.version)}",
        f"description: {_quoted(f'Limits learned from {found.n_clips} labelled clips.')}",
        "calibration:",
        f"  data: [{', '.join(_quoted(one) for one in found.origins)}]",
        f"  detector: {_quoted(detector)}",
        f"  n_clips: {found.n_clips}",
        f"  n_groups: {found.n_groups}",
        f"  share: {'null' if found.share is None else f'{found.share:g}'}            "
        "# of clean clips that one rule may flag; null: limits as they were",
        f"  clean_flagged: {held.clean_flagged:.4f}   # of {held.n_clean} held out",
        f"  violating_flagged: {_number(held.violating_flagged)}   # of {held.n_violating}",
        f"  calibration_error: {_number(held.calibration_error)}   # of 1 - score, held out",
        "# From the probability of the worst moment to that of something wrong in the clip.",
        f"score_curve: [{knots}]",
        "",
        "rules:",
    ]
    for one in found.rules:
        lines += _rule(one, units[one.name])
    return "\n".join(lines) + "\n"


def _rule(one: RuleFit, unit: str) -> list[str]:
    told = f"the worst of {one.n_clean} clean clips has {one.highest_clean:.3g} {unit}"
    lines = [f"  {one.name}:", f"    limit: {one.limit:g}", f"    origin: {_quoted(told)}"]
    if one.steepness is not None:
        return [*lines, f"    steepness: {one.steepness:g}"]
    return [*lines, '    "null":', f"      scale: {one.scale:g}"]


def _number(value: float) -> str:
    return "null" if math.isnan(value) else f"{value:.4f}"


def _shipped(pack: Pack) -> bool:
    from physcheck.rules import pack_names

    return pack.name in pack_names()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

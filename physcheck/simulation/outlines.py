"""Things that become larger, another shape, or another colour."""

from __future__ import annotations

import numpy as np

from physcheck.simulation.engine import Moving, World
from physcheck.simulation.plans import Case, Claim, Plan, log_uniform, ramp
from physcheck.simulation.states import History

__all__ = ["appearance_change", "shape_morph", "size_jump"]


def size_jump(case: Case, rng: np.random.Generator) -> Plan | None:
    """A thing grows or shrinks within a frame or two; its lowest point stays."""
    k = case.pick(rng)
    if k is None:
        return None
    change = log_uniform(rng, 0.03, 0.9) * rng.choice((-1.0, 1.0))
    change = max(change, float(np.log(8.0 / case.size_px[k])))
    if case.size_px[k] * np.exp(change) > 110.0:
        change = -abs(change)
    if abs(change) < 0.02:
        return None
    n = int(rng.integers(1, 3))

    def resize(world: World, thing: Moving, share: float) -> None:
        factor = float(np.exp(change * share))
        world.reshape(thing, (factor, factor))

    end = k + n - 1
    note = f"{np.exp(change):.2f} times as large within {n} frame{'s' if n > 1 else ''}"
    claim = Claim("size-jump", case.subject, k - 1, end, end, abs(change), "log ratio", note)
    return Plan(k, ramp(case.subject, k, n, resize), lambda broken: [claim])


def shape_morph(case: Case, rng: np.random.Generator) -> Plan | None:
    """A rigid thing becomes flatter or taller, with its area kept."""
    k = case.pick(rng)
    if k is None:
        return None
    change = log_uniform(rng, 0.04, 1.4) * rng.choice((-1.0, 1.0))
    n = min(round(log_uniform(rng, 1.0, 12.0)), case.n_frames - 1 - k)

    def flatten(world: World, thing: Moving, share: float) -> None:
        factor = float(np.exp(change / 2 * share))
        world.reshape(thing, (factor, 1.0 / factor))

    end = k + n - 1
    note = f"width over height {np.exp(change):.2f} times what it was, within {n} frames"
    claim = Claim("shape-morph", case.subject, k - 1, end, end, abs(change), "log ratio", note)
    return Plan(k, ramp(case.subject, k, n, flatten), lambda broken: [claim])


def appearance_change(case: Case, rng: np.random.Generator) -> Plan | None:
    """A thing takes on other colours."""
    k = case.pick(rng)
    if k is None or case.contrast < 15.0:
        return None
    contrast = log_uniform(rng, 3.0, case.contrast)
    n = min(round(log_uniform(rng, 1.0, 8.0)), case.n_frames - 1 - k)
    most = contrast / case.contrast

    def recolour(world: World, thing: Moving, share: float) -> None:
        thing.look = most * share

    def claims(broken: History) -> list[Claim]:
        end = k + n - 1
        note = f"colours {contrast:.0f} CIE76 away within {n} frames"
        kind = "appearance-change"
        return [Claim(kind, case.subject, k - 1, end, end, contrast, "CIE76", note)]

    return Plan(k, ramp(case.subject, k, n, recolour), claims)

"""Limits and steepness of all rules of a pack, and how they do on clips not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from physcheck.calibration.limits import tail_limit
from physcheck.calibration.peaks import Peaks
from physcheck.calibration.score_curve import ScoreCurve, fit_score_curve
from physcheck.calibration.steepness import fit_scale, fit_steepness
from physcheck.errors import ConfigurationError
from physcheck.evaluation.metrics import calibration_error
from physcheck.rules import Pack, Rule
from physcheck.statistics import odds_probability, violation_probability
from physcheck.types import Bools, Floats, Ints

__all__ = ["Calibration", "HeldOut", "RuleFit", "calibrate"]

_FEWEST_CLEAN = 10
_NEAR_SHARE, _NEAR_NATS = 0.3, 3.0
"""Numbers above this share of the limit, or less than so many nats below it, teach the odds."""


@dataclass(frozen=True, slots=True)
class RuleFit:
    """What was learned for one rule.

    limit: in the rule's unit. steepness: see `fit_steepness`; None for a number that is log
    odds already, whose odds grow by e with every `scale` above the limit. n_clean,
    n_violating: clips that it was learned from. highest_clean: what the worst of the clean
    ones reached. kept: the rule kept its limit.
    """

    name: str
    limit: float
    steepness: float | None
    scale: float | None
    n_clean: int
    n_violating: int
    highest_clean: float
    kept: bool


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Clips that were held out of the fit, all folds together: shares of clips.

    calibration_error: mean distance of 1 - score from what is so, in ten bins of equal mass.
    """

    clean_flagged: float
    violating_flagged: float
    calibration_error: float
    n_clean: int
    n_violating: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """The fits of all rules. share: of clean clips that one rule may flag, None: limits kept.

    score_curve: from the probability of the worst moment to that of the clip.
    """

    rules: tuple[RuleFit, ...]
    share: float | None
    held_out: HeldOut
    origins: tuple[str, ...]
    n_clips: int
    n_groups: int
    score_curve: ScoreCurve


def calibrate(
    peaks: Peaks, pack: Pack, *, share: float | None = 0.01, n_folds: int = 5
) -> Calibration:
    """Learn limits and steepness from labelled clips.

    A limit must hold on each kind of footage by itself: it is worked out for every label
    set with enough clean clips, and the largest is taken. Clips of one group share one
    vote: the largest number among them.

    Args:
        peaks: what the clips reached. pack: the rules, whose limits are a fallback.
        share: of clean clips that one rule may flag, in (0, 1); None keeps the pack's limits, and
            learns only how fast the odds grow, and the score.
        n_folds: groups are dealt into so many folds; each is judged by the others' limits.

    Raises:
        ConfigurationError: too few clean clips.
    """
    n_clean = int(peaks.clean.sum())
    if n_clean < _FEWEST_CLEAN:
        raise ConfigurationError(
            f"only {n_clean} clean clips are labelled and could be analysed; "
            f"at least {_FEWEST_CLEAN} are needed to set a limit"
        )
    everything = np.arange(len(peaks.clean))
    rules = tuple(_fit(peaks, rule, k, everything, share) for k, rule in enumerate(pack.rules))
    return Calibration(
        rules=rules,
        share=share,
        held_out=_held_out(peaks, pack, share, n_folds),
        origins=tuple(dict.fromkeys(peaks.origins)),
        n_clips=len(peaks.clean),
        n_groups=len(set(peaks.groups)),
        score_curve=fit_score_curve(_worst(peaks, pack, rules, everything), ~peaks.clean),
    )


def _fit(peaks: Peaks, rule: Rule, column: int, rows: Ints, share: float | None) -> RuleFit:
    """Learn one rule from some clips."""
    clean = rows[peaks.clean[rows]]
    violating = np.array([row for row in rows if rule.name in peaks.kinds[row]], dtype=np.int64)
    learned = 0.0 if share is None else _learned(peaks, rule, column, clean, share)
    limit = _rounded(learned) if learned > 0.0 else rule.limit
    obeying, broken = peaks.values[clean, column], peaks.values[violating, column]
    seen = np.concatenate([obeying, broken])
    labels = np.append(np.zeros(len(obeying), bool), np.ones(len(broken), bool))
    steepness, scale = None, None
    # Far below the limit lie the violations that the rule does not see at all: they say
    # nothing of how sure it may be of what it does see.
    if rule.null.family == "log-odds":
        near = seen - limit > -_NEAR_NATS
        scale = round(fit_scale(seen[near] - limit, labels[near], _balanced(labels[near])), 2)
    else:
        near = seen / limit > _NEAR_SHARE
        steepness = fit_steepness(seen[near] / limit, labels[near], _balanced(labels[near]))
        steepness = round(steepness, 2)
    return RuleFit(
        name=rule.name,
        limit=limit,
        steepness=steepness,
        scale=scale,
        n_clean=int(np.isfinite(obeying).sum()),
        n_violating=int(np.isfinite(broken).sum()),
        highest_clean=float(np.nanmax(obeying)) if np.isfinite(obeying).any() else 0.0,
        kept=learned <= 0.0,
    )


def _learned(peaks: Peaks, rule: Rule, column: int, rows: Ints, share: float) -> float:
    """The limit that holds on each kind of footage by itself."""
    additive = rule.null.family in ("exponential", "log-odds")
    found = [
        tail_limit(values, share, additive=additive, n_clean=n)
        for values, n in _by_origin(peaks, column, rows)
    ]
    return max(found, default=0.0)


def _by_origin(peaks: Peaks, column: int, rows: Ints) -> list[tuple[Floats, int]]:
    """Of each kind of footage the largest numbers of its groups, and how many groups."""
    found = []
    for origin in dict.fromkeys(peaks.origins[row] for row in rows):
        own = [int(row) for row in rows if peaks.origins[row] == origin]
        values = _largest_of_groups(peaks, column, own)
        if len(values) >= _FEWEST_CLEAN:
            found.append((values, len(values)))
    if found:
        return found
    values = _largest_of_groups(peaks, column, rows.tolist())
    return [(values, len(values))]


def _largest_of_groups(peaks: Peaks, column: int, rows: Sequence[int]) -> Floats:
    best: dict[str, float] = {}
    for row in rows:
        value = float(peaks.values[row, column])
        before = best.get(peaks.groups[row], np.nan)
        best[peaks.groups[row]] = float(np.fmax(value, before))
    return np.array(list(best.values()), dtype=np.float64)


def _balanced(labels: Bools) -> Floats:
    """Weights that give both classes the same say."""
    n_true = max(int(labels.sum()), 1)
    n_false = max(len(labels) - int(labels.sum()), 1)
    half = min(n_true, n_false)
    return np.where(labels, half / n_true, half / n_false)


def _rounded(value: float) -> float:
    """Three digits say all that such data can."""
    return float(f"{value:.3g}")


def _worst(peaks: Peaks, pack: Pack, fits: Sequence[RuleFit], rows: Ints) -> Floats:
    """The largest probability of any rule in each of some clips, (n,); 0 where none judged."""
    reached = np.fmax(peaks.values[rows], peaks.elsewhere[rows])
    reached = np.where(np.isnan(reached), -np.inf, reached)
    said = [
        odds_probability(values, one.limit, one.steepness)
        if one.steepness is not None
        else violation_probability(values, one.limit, rule.null.family, one.scale or 1.0)
        for one, rule, values in zip(fits, pack.rules, reached.T, strict=True)
    ]
    return np.asarray(np.array(said).max(axis=0, initial=0.0), dtype=np.float64)


def _held_out(peaks: Peaks, pack: Pack, share: float | None, n_folds: int) -> HeldOut:
    """Judge each fold by limits that were learned from the others."""
    names = sorted(set(peaks.groups))
    order = np.random.default_rng(0).permutation(len(names))
    fold_of = {names[name]: place % n_folds for place, name in enumerate(order)}
    fold = np.array([fold_of[group] for group in peaks.groups])
    flagged = np.zeros(len(fold), dtype=np.bool_)
    said = np.zeros(len(fold))
    for number in range(n_folds):
        rest, own = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        fits = [_fit(peaks, rule, k, rest, share) for k, rule in enumerate(pack.rules)]
        limits = np.array([one.limit for one in fits])
        reached = np.fmax(peaks.values[own], np.where(peaks.clean[own, None], -np.inf, np.nan))
        flagged[own] = (np.nan_to_num(reached, nan=-np.inf) > limits).any(axis=1)
        knots = fit_score_curve(_worst(peaks, pack, fits, rest), ~peaks.clean[rest])
        said[own] = np.interp(_worst(peaks, pack, fits, own), *np.array(knots).T)
    return HeldOut(
        clean_flagged=_share(flagged[peaks.clean]),
        violating_flagged=_share(flagged[~peaks.clean]),
        calibration_error=calibration_error(said, ~peaks.clean),
        n_clean=int(peaks.clean.sum()),
        n_violating=int((~peaks.clean).sum()),
    )


def _share(chosen: Bools) -> float:
    return float(chosen.mean()) if len(chosen) else float("nan")

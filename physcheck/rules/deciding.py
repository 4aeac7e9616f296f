"""From signals to violations: the one place where a number meets a limit.

A violation is a run of rows of a signal that are over the limit. Rows, not
frame numbers: doubled frames have no row. A row without a value ends a run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from physcheck.checks import Check, registry
from physcheck.rules.packs import Pack, Rule
from physcheck.statistics import odds_probability, violation_probability
from physcheck.types import Bools, Evidence, Floats, Ints, Shot, Signal, Timeline, Video, Violation

__all__ = ["Decision", "decide", "measure"]

_CEILING = 1e6
"""Values are cut at this many limits, so that an infinite one still fits into a report."""

_NOT_SAID = "no reason given"

Words = NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """What the rules say of a clip. Mappings go by the name of the rule.

    coverage: share of track-frames judged, None where there were none.
    n_judged: number of track-frames judged.
    abstained: number of track-frames by the reason why they were not judged.
    peak_probability: of the worst moment, whether over the limit or not; a rule
        that judged nothing is left out.
    """

    violations: tuple[Violation, ...]
    timeline: Timeline
    coverage: Mapping[str, float | None]
    n_judged: Mapping[str, int]
    abstained: Mapping[str, Mapping[str, int]]
    peak_probability: Mapping[str, float]

    def abstained_shares(self) -> dict[str, dict[str, float]]:
        """Return `abstained` as shares of each rule's track-frames."""
        shares = {}
        for name, counts in self.abstained.items():
            n_rows = self.n_judged[name] + sum(counts.values())
            shares[name] = {reason: n / n_rows for reason, n in counts.items()}
        return shares


@dataclass(frozen=True, slots=True, eq=False)
class _Event:
    """Rows of a signal that make one violation, and what the check says of them."""

    rows: Ints
    evidence: Evidence | None


def measure(
    pack: Pack, shot: Shot, *, checks: Mapping[str, Check] | None = None
) -> dict[str, list[Signal]]:
    """Run the check of each rule on a shot with the rule's parameters."""
    known = registry() if checks is None else checks
    return {rule.name: known[rule.check].function(shot, **rule.parameters) for rule in pack.rules}


def decide(pack: Pack, signals_by_rule: Mapping[str, Sequence[Signal]], video: Video) -> Decision:
    """Hold what was measured against the limits.

    Args:
        pack: the rules in force.
        signals_by_rule: what each rule's check measured, all shots; rules that
            the pack does not have are left out of account.
        video: the clip that the frame numbers refer to.

    Raises:
        ValueError: a signal has another unit than its rule.
    """
    lanes = {rule.name: _judged(rule, signals_by_rule.get(rule.name, ())) for rule in pack.rules}
    violations = [one for rule in pack.rules for one in _violations(rule, lanes[rule.name], video)]
    return Decision(
        violations=_numbered(violations),
        timeline=_timeline(pack, lanes, video),
        coverage={name: _coverage(signals) for name, signals in lanes.items()},
        n_judged={name: sum(map(_n_judged, signals)) for name, signals in lanes.items()},
        abstained={name: _abstained(signals) for name, signals in lanes.items()},
        peak_probability=_peak_probabilities(pack, lanes),
    )


def _judged(rule: Rule, signals: Sequence[Signal]) -> list[Signal]:
    """Check the units and cut what is beyond all bounds."""
    bound = _CEILING * rule.limit
    for signal in signals:
        if signal.unit != rule.unit:
            raise ValueError(
                f"rule '{rule.name}' is in {rule.unit}, "
                f"but check '{rule.check}' gave a signal in {signal.unit}"
            )
    return [replace(one, values=np.clip(one.values, -bound, bound)) for one in signals]


def _violations(rule: Rule, signals: Sequence[Signal], video: Video) -> Iterator[Violation]:
    """Yield the violations of one rule, without ids."""
    for signal in signals:
        for event in _events(rule, signal, video.doubled):
            yield _violation(rule, signal, event, video)


def _runs(rule: Rule, values: Floats) -> list[Ints]:
    """Return the rows of each run over the limit that is long enough."""
    over = np.concatenate(([False], values > rule.limit, [False]))
    edges = np.flatnonzero(over[1:] != over[:-1])
    runs = [np.arange(start, stop) for start, stop in zip(edges[::2], edges[1::2], strict=True)]
    return [run for run in runs if len(run) >= rule.min_frames]


def _events(rule: Rule, signal: Signal, doubled: Bools) -> list[_Event]:
    """Join the runs that share an evidence; a run without any is an event by itself."""
    plain: list[_Event] = []
    rows_of: dict[int, list[Ints]] = {}
    for run in _runs(rule, signal.values):
        frames = signal.frames[run]
        stop = _frame_after(int(frames[-1]), doubled)
        touched = [
            number
            for number, evidence in enumerate(signal.evidence)
            if evidence.start < stop and evidence.stop > frames[0]
        ]
        if not touched:
            plain.append(_Event(run, None))
            continue
        nearest = _nearest(frames, [signal.evidence[number] for number in touched])
        for position in np.unique(nearest):
            rows_of.setdefault(touched[position], []).append(run[nearest == position])
    spoken = [
        _Event(np.concatenate(rows), signal.evidence[number]) for number, rows in rows_of.items()
    ]
    return plain + spoken


def _nearest(frames: Ints, evidence: Sequence[Evidence]) -> Ints:
    """For each frame, tell which evidence holds it or else is nearest, as a position."""
    starts = np.array([one.start for one in evidence])
    stops = np.array([one.stop for one in evidence])
    before, after = starts - frames[:, None], frames[:, None] - (stops - 1)
    distance = np.maximum(np.maximum(before, after), 0)
    return np.asarray(distance.argmin(axis=1), dtype=np.int64)


def _violation(rule: Rule, signal: Signal, event: _Event, video: Video) -> Violation:
    """Describe one event; its id comes later."""
    values, frames = signal.values[event.rows], signal.frames[event.rows]
    top = int(np.argmax(values))
    held = _held(values, min(rule.min_frames, len(values)))
    start, stop = int(frames[0]), _frame_after(int(frames[-1]), video.doubled)
    box, text = signal.boxes[event.rows[top]], f"peaks at {values[top]:.3g} {rule.unit}"
    if event.evidence is not None:
        start, stop = _within(event.evidence, video.n_frames)
        box, text = np.array(event.evidence.box), event.evidence.text.rstrip(" .")
    x1, y1, x2, y2 = (float(edge) for edge in box)
    return Violation(
        id="",
        rule=rule.name,
        group=rule.group,
        track_ids=signal.track_ids,
        label=signal.label,
        start_frame=start,
        stop_frame=stop,
        start_s=_time_s(start, video.times_s),
        stop_s=_time_s(stop, video.times_s),
        peak_frame=min(max(int(frames[top]), start), stop - 1),
        box=(x1, y1, x2, y2),
        peak=float(values[top]),
        limit=rule.limit,
        unit=rule.unit,
        probability=max(_probability(rule, held), 0.5),
        explanation=f"{text}, limit {float(f'{rule.limit:.4g}')} {rule.unit}",
        alternatives=event.evidence.alternatives if event.evidence else (),
    )


def _frame_after(frame: int, doubled: Bools) -> int:
    """Return the next frame that shows something new, or the end of the clip."""
    fresh = np.flatnonzero(~doubled[frame + 1 :])
    return frame + 1 + int(fresh[0]) if len(fresh) else len(doubled)


def _within(evidence: Evidence, n_frames: int) -> tuple[int, int]:
    """Cut the interval of an evidence at the ends of the clip; at least one frame is left."""
    start = min(max(evidence.start, 0), n_frames - 1)
    return start, min(max(evidence.stop, start + 1), n_frames)


def _time_s(frame: int, times_s: Floats) -> float:
    """Time at which a frame is shown; for the one after the last, when the clip ends."""
    if frame < len(times_s):
        return float(times_s[frame])
    step = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0
    return float(times_s[-1]) + step


def _held(values: Floats, n_rows: int) -> float:
    """Return the largest number that n_rows rows in a row reach; NaN where none do.

    With the rule's min_frames it is over the limit exactly where a run is long
    enough, so probability and violation never disagree.
    """
    if len(values) < n_rows:
        return float("nan")
    lows = sliding_window_view(values, n_rows).min(axis=1)
    lows = lows[~np.isnan(lows)]
    return float(lows.max()) if len(lows) else float("nan")


def _probability(rule: Rule, value: float) -> float:
    """Turn a value into the probability of a violation, 0.5 at the limit."""
    null = rule.null
    if rule.steepness is not None:
        return float(odds_probability(value, rule.limit, rule.steepness))
    return float(violation_probability(value, rule.limit, null.family, null.scale, null.shape))


def _peak_probabilities(pack: Pack, lanes: Mapping[str, list[Signal]]) -> dict[str, float]:
    """Return the probability at the worst moment of each rule that judged something."""
    found = {}
    for rule in pack.rules:
        peaks = [_held(signal.values, rule.min_frames) for signal in lanes[rule.name]]
        peaks = [peak for peak in peaks if not np.isnan(peak)]
        if peaks:
            found[rule.name] = _probability(rule, max(peaks))
    return found


def _numbered(violations: list[Violation]) -> tuple[Violation, ...]:
    """Sort by start, then the surest first, and number them v1, v2, ..."""
    ordered = sorted(
        violations,
        key=lambda one: (
            one.start_frame,
            -one.probability,
            one.rule,
            one.track_ids,
            one.stop_frame,
        ),
    )
    return tuple(replace(one, id=f"v{number}") for number, one in enumerate(ordered, start=1))


def _n_judged(signal: Signal) -> int:
    return int(np.count_nonzero(~np.isnan(signal.values)))


def _coverage(signals: Sequence[Signal]) -> float | None:
    """Share of rows with a value."""
    n_rows = sum(len(signal.values) for signal in signals)
    return sum(map(_n_judged, signals)) / n_rows if n_rows else None


def _abstained(signals: Sequence[Signal]) -> dict[str, int]:
    """Count the rows without a value by reason, the commonest first."""
    counts: Counter[str] = Counter()
    for signal in signals:
        counts.update(signal.reasons[np.isnan(signal.values)].tolist())
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {reason or _NOT_SAID: n for reason, n in ranked}


def _timeline(pack: Pack, lanes: Mapping[str, list[Signal]], video: Video) -> Timeline:
    """Put the rules side by side, frame by frame; doubled frames repeat the one before."""
    n_frames, n_rules = video.n_frames, len(pack.rules)
    shown = np.maximum.accumulate(np.where(video.doubled, 0, np.arange(n_frames)))
    excess = np.full((n_frames, n_rules), np.nan)
    words = []
    for column, rule in enumerate(pack.rules):
        lane = _excess(lanes[rule.name], rule.limit, n_frames)
        excess[:, column] = lane[shown]
        words.append(_reasons(lanes[rule.name], np.isnan(lane))[shown])
    return Timeline(
        times_s=video.times_s,
        rules=tuple(rule.name for rule in pack.rules),
        excess=excess,
        reasons=np.stack(words, axis=1) if words else np.zeros((n_frames, 0), dtype=np.str_),
    )


def _excess(signals: Sequence[Signal], limit: float, n_frames: int) -> Floats:
    """Largest value / limit over the things in each frame, (F,); NaN where not judged."""
    lane = np.full(n_frames, np.nan)
    for signal in signals:
        np.fmax.at(lane, signal.frames, signal.values / limit)
    return lane


def _reasons(signals: Sequence[Signal], silent: Bools) -> Words:
    """Commonest reason for not judging in each frame of `silent`, (F,); "" elsewhere."""
    rows = [
        (one.frames[np.isnan(one.values)], one.reasons[np.isnan(one.values)]) for one in signals
    ]
    frames = np.concatenate([frames for frames, _ in rows] or [np.zeros(0, dtype=np.int64)])
    words = np.concatenate([words for _, words in rows] or [np.zeros(0, dtype=np.str_)])
    known, code = np.unique(words, return_inverse=True)
    if not len(known):
        return np.full(len(silent), "", dtype=np.str_)
    counts = np.zeros((len(silent), len(known)), dtype=np.int64)
    np.add.at(counts, (frames, code), 1)
    return np.where(silent & counts.any(axis=1), known[counts.argmax(axis=1)], "")

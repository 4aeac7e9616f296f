"""From a clip to pairs of clips: one with a known violation, one cut and pasted without."""

from __future__ import annotations

import itertools
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from physcheck.labels import ClipLabel
from physcheck.mutation.cutting import Cut, Settings, Source, chance_of, find_cuts
from physcheck.mutation.kinds import KINDS, RARE, Plan, Refusal
from physcheck.mutation.labelling import label_of, violations_of
from physcheck.mutation.picking import label_beside
from physcheck.mutation.writing import write_clip
from physcheck.types import Bytes

__all__ = ["EVERY", "NONE", "Made", "Refused", "Settings", "mutate_clip"]

NONE = "none"
"""The kind of a twin: cut and pasted, and nothing wrong."""

EVERY = "every other kind"
"""Stands for the kinds that need a thing to be cut out, where none can be."""


class Refused(NamedTuple):
    """A kind for which a clip gives nothing, and why."""

    clip: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Made:
    """What came of one clip. labels: of all clips written, each violation before its twin."""

    clip: str
    labels: tuple[ClipLabel, ...] = ()
    refused: tuple[Refused, ...] = ()


def mutate_clip(
    path: str | Path,
    kinds: Sequence[str],
    out: Path,
    settings: Settings | None = None,
    *,
    boxes: Path | None = None,
    stem: str = "",
) -> Made:
    """Put each of some violations into a clip, in turn, and write it beside its twin.

    The same clip, kinds and settings give the same files.

    Args:
        path: the clip, which should obey physics.
        kinds: keys of `KINDS`, or `NONE` for a twin alone.
        out: folder; the clips go to `clips` in it.
        boxes: CSV with frame,x1,y1,x2,y2,obj, in place of what is followed.
        stem: how the new files' names begin; the clip's own name without it.

    Raises:
        InputError: the clip or the boxes cannot be read.
        OSError: the clips cannot be written.
    """
    settings = settings or Settings()
    path = Path(path)
    source = Source(path, stem or path.stem, label_beside(path))
    cuts, uncut, reasons = find_cuts(source, boxes, settings)
    (out / "clips").mkdir(parents=True, exist_ok=True)
    labels: list[ClipLabel] = []
    refused: list[Refused] = []
    n_pairs, uncuttable = 0, False
    kinds = _in_turn(kinds, chance_of(settings.seed, source.stem, "order"))
    for number, kind in itertools.product(range(settings.repeat), kinds):
        if settings.per_clip is not None and n_pairs >= settings.per_clip:
            break
        words = (source.stem, kind, *([f"{number + 1}"] if number else []))
        found = _planned(kind, cuts, uncut, chance_of(settings.seed, *words))
        if isinstance(found, Refusal):
            if number == 0:
                uncuttable |= not found.reason
                refused += [Refused(str(path), kind, found.reason)] if found.reason else []
            continue
        labels += _write_pair(source, "-".join(words), *found, out, settings)
        n_pairs += 1
    if uncuttable:
        refused.append(Refused(str(path), EVERY, _sum_up(reasons)))
    return Made(str(path), tuple(labels), tuple(refused))


def _in_turn(kinds: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Kinds that few clips allow first, the others in a drawn order."""
    rare = [kind for kind in RARE if kind in kinds]
    others = [kind for kind in kinds if kind not in RARE]
    return [*rare, *(others[k] for k in rng.permutation(len(others)))]


def _planned(
    kind: str, cuts: list[Cut], uncut: list[Cut], rng: np.random.Generator
) -> tuple[Cut, Plan | None] | Refusal:
    """The first thing, better ones more likely first, for which the kind fits."""
    usable = cuts if kind not in ("reversed", "upside-down") else [*cuts, *uncut]
    if not usable:
        return Refusal("")
    worth = np.array([cut.scene.chance.worth for cut in usable]) + 1e-6
    order = rng.choice(len(usable), len(usable), replace=False, p=worth / worth.sum())
    if kind == NONE:
        return usable[int(order[0])], None
    reasons = []
    for number in order:
        plan = KINDS[kind](usable[int(number)].scene, rng)
        if isinstance(plan, Plan):
            return usable[int(number)], plan
        reasons.append(plan.reason)
    return Refusal(_sum_up(reasons))


def _sum_up(reasons: Sequence[str]) -> str:
    """The two commonest reasons, numbers apart."""
    alike: dict[str, str] = {}
    counts = Counter(re.sub(r"[\d.]+", "#", reason) for reason in reasons)
    for reason in reasons:
        alike.setdefault(re.sub(r"[\d.]+", "#", reason), reason)
    return "; ".join(alike[word] for word, _ in counts.most_common(2))


def _write_pair(
    source: Source, name: str, cut: Cut, plan: Plan | None, out: Path, settings: Settings
) -> list[ClipLabel]:
    """Write the clip and its twin, the twin alone without a plan."""
    start, stop = cut.scene.chance.start, cut.scene.chance.stop
    pair_id = None if plan is None else f"{name}-{settings.seed}"
    if plan is not None:
        start = start if plan.start is None else max(start, plan.start)
        stop = stop if plan.stop is None else min(stop, plan.stop)
    labels = []
    if plan is not None:
        file = f"clips/{name}.mp4"
        changed = _changed(cut, plan, start, stop)
        write_clip(out / file, changed, cut.scene.footage.fps, crf=cut.crf)
        violations = violations_of(cut, plan, start, stop)
        labels.append(label_of(source, cut, file, stop - start, pair_id, violations))
    file = f"clips/{name}-twin.mp4" if plan is not None else f"clips/{name}.mp4"
    _write_twin(cut, plan, start, stop, out / file)
    return [*labels, label_of(source, cut, file, stop - start, pair_id, ())]


def _write_twin(cut: Cut, plan: Plan | None, start: int, stop: int, file: Path) -> None:
    """Write the stretch without a violation; the same one is coded only once."""
    plain = plan is None or (plan.picture == "as it is" and plan.occluder is None)
    if plain and (start, stop) in cut.written:
        shutil.copyfile(cut.written[start, stop], file)
        return
    write_clip(file, _unchanged(cut, plan, start, stop), cut.scene.footage.fps, crf=cut.crf)
    if plain:
        cut.written[start, stop] = file


def _changed(cut: Cut, plan: Plan, start: int, stop: int) -> Iterator[Bytes]:
    frames = cut.scene.footage.frames
    if plan.picture == "backwards":
        yield from frames[start:stop][::-1]
        return
    if plan.picture == "upside down":
        yield from (np.ascontiguousarray(frame[::-1]) for frame in frames[start:stop])
        return
    for k in range(start, stop):
        there = k in plan.moves
        frame = cut.compositor.render(k, plan.moves[k]) if there else cut.whole(k)
        yield _with_board(cut, plan, k, frame)


def _unchanged(cut: Cut, plan: Plan | None, start: int, stop: int) -> Iterator[Bytes]:
    if plan is not None and plan.picture != "as it is":
        yield from cut.scene.footage.frames[start:stop]
        return
    for k in range(start, stop):
        yield _with_board(cut, plan, k, cut.whole(k))


def _with_board(cut: Cut, plan: Plan | None, k: int, frame: Bytes) -> Bytes:
    if plan is None or plan.occluder is None:
        return frame
    return plan.occluder.draw(frame, cut.scene.footage, k)

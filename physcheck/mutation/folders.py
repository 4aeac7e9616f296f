"""Many clips: pairs from each, and one label file for all."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2

from physcheck.atomic import write_text
from physcheck.errors import ConfigurationError, InputError
from physcheck.labels import write_labels
from physcheck.mutation.kinds import KINDS
from physcheck.mutation.making import NONE, Made, Settings, mutate_clip
from physcheck.records import Unread

__all__ = ["chosen_kinds", "mutate_clips", "mutate_folder", "write_set"]


class _Order(NamedTuple):
    """One clip to work on. stem: how the names of its files begin."""

    path: str
    stem: str


def chosen_kinds(names: Sequence[str]) -> list[str]:
    """The kinds that are named, each once.

    Raises:
        ConfigurationError: there is no such kind, or none is named.
    """
    known = (*KINDS, NONE)
    for name in names:
        if name not in known:
            raise ConfigurationError(f"{name}: no such kind; there are {', '.join(known)}")
    if not names:
        raise ConfigurationError("name a kind (--kind vanish) or take all of them (--all)")
    return list(dict.fromkeys(names))


def mutate_clips(
    paths: Sequence[str | Unread],
    kinds: Sequence[str],
    out: Path,
    settings: Settings | None = None,
    *,
    boxes: Path | None = None,
    jobs: int = 1,
) -> Generator[Made | Unread, None, None]:
    """Make pairs of each clip and yield what came of it, in their order.

    Args:
        paths: the clips; what is unread already passes through.
        kinds, out, settings, boxes: as for `mutate_clip`.
        jobs: processes to work in; 1 is this one.

    Raises:
        ConfigurationError: a kind that is not there, or boxes for more than one clip.
    """
    kinds = chosen_kinds(kinds)
    if boxes is not None and len(paths) != 1:
        raise ConfigurationError(f"{boxes}: boxes are of one clip, and {len(paths)} were given")
    settings = settings or Settings()
    work = partial(_mutate, kinds=kinds, out=out, settings=settings, boxes=boxes)
    orders = _with_stems(paths)
    n_jobs = min(jobs, sum(isinstance(one, _Order) for one in orders))
    if n_jobs <= 1:
        yield from map(work, orders)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_jobs, mp_context=context) as executor:
        yield from executor.map(work, orders)


def mutate_folder(
    folder: Path, kinds: Sequence[str], out: Path, settings: Settings | None = None
) -> tuple[Made | Unread, ...]:
    """Make a labelled set of the clips (*.mp4 and the like) of a folder, and write it.

    Raises:
        InputError: there is no clip in the folder.
    """
    paths = [str(path) for path in sorted(folder.iterdir()) if path.suffix.lower() in _SUFFIXES]
    if not paths:
        raise InputError(f"{folder}: no video in this folder")
    made = tuple(mutate_clips(paths, kinds, out, settings))
    write_set(out, made)
    return made


_SUFFIXES = {".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v"}


def _with_stems(paths: Sequence[str | Unread]) -> list[_Order | Unread]:
    """Give each clip a name of its own for the files made from it."""
    taken: set[str] = set()
    orders: list[_Order | Unread] = []
    for path in paths:
        if isinstance(path, Unread):
            orders.append(path)
            continue
        stem, n = Path(path).stem, 1
        while stem in taken:
            n += 1
            stem = f"{Path(path).stem}-{n}"
        taken.add(stem)
        orders.append(_Order(path, stem))
    return orders


def _mutate(
    order: _Order | Unread,
    *,
    kinds: Sequence[str],
    out: Path,
    settings: Settings,
    boxes: Path | None,
) -> Made | Unread:
    """One clip; a failure that concerns only this clip becomes an `Unread`."""
    if isinstance(order, Unread):
        return order
    cv2.setNumThreads(1)
    try:
        return mutate_clip(order.path, kinds, out, settings, boxes=boxes, stem=order.stem)
    except InputError as error:
        if boxes is not None and str(error).startswith(str(boxes)):
            raise
        cause = str(error).removeprefix(f"{order.path}: ")
        return Unread(path=order.path, error=" ".join(cause.split()))


def write_set(out: Path, made: Iterable[Made | Unread]) -> None:
    """Write labels.json, and refused.json: which clip gave nothing for which kind, and why."""
    out.mkdir(parents=True, exist_ok=True)
    done = list(made)
    labels = [label for one in done if isinstance(one, Made) for label in one.labels]
    write_labels(out / "labels.json", labels)
    refused = [
        {"clip": Path(no.clip).name, "kind": no.kind, "reason": no.reason}
        for one in done
        if isinstance(one, Made)
        for no in one.refused
    ]
    refused += [
        {"clip": Path(one.path).name, "kind": "", "reason": one.error}
        for one in done
        if isinstance(one, Unread)
    ]
    lines = ",\n".join(f"  {json.dumps(one, ensure_ascii=False)}" for one in refused)
    write_text(out / "refused.json", f"[\n{lines}\n]\n" if lines else "[]\n")

"""A whole set of simulated clips: which there are, made in one process or several."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from physcheck.errors import ConfigurationError
from physcheck.labels import ClipLabel, LabelSet, write_labels
from physcheck.simulation.engine import check_installed
from physcheck.simulation.making import CLIPS, TRUTH, make_negative, make_pair
from physcheck.simulation.negatives import NEGATIVES
from physcheck.simulation.pairs import KINDS, WHOLE

__all__ = ["ALL_KINDS", "LABELS", "Order", "orders", "simulate"]

ALL_KINDS: tuple[str, ...] = (*KINDS, *WHOLE)
"""What can be broken, in the order in which a set goes through it."""

LABELS = "labels.json"
PAIRS_TO_A_NEGATIVE = 3


class Order(NamedTuple):
    """One thing to make: a pair of a kind, or a hard negative of a story."""

    is_pair: bool
    number: int
    what: str


def orders(n_pairs: int, kinds: Sequence[str]) -> list[Order]:
    """What a set of so many pairs consists of: the kinds in turn, then the hard negatives."""
    stories = tuple(NEGATIVES)
    n_negatives = round(n_pairs / PAIRS_TO_A_NEGATIVE)
    pairs = [Order(True, k, kinds[k % len(kinds)]) for k in range(n_pairs)]
    return pairs + [Order(False, k, stories[k % len(stories)]) for k in range(n_negatives)]


def simulate(
    folder: Path,
    n_pairs: int,
    *,
    seed: int = 0,
    kinds: Sequence[str] = ALL_KINDS,
    jobs: int = 1,
    progress: Callable[[Order], None] | None = None,
) -> LabelSet:
    """Make pairs of possible and impossible clips, a third as many hard negatives, and labels.

    Clip number k of a seed is the same whatever `n_pairs` and `jobs` are.

    Args:
        folder: gets clips/, truth/ and labels.json; made where it is not there.
        n_pairs: how many pairs. seed: of all randomness. kinds: gone through in turn.
        jobs: processes. progress: called with each order that is done.

    Raises:
        ConfigurationError: a number or a kind is wrong, or the folder cannot be written.
        MissingExtraError: pymunk is not installed.
    """
    _check(n_pairs, seed, kinds, jobs)
    check_installed()
    try:
        for name in (CLIPS, TRUTH):
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{folder}: cannot be written: {error.strerror}") from error
    clips: list[ClipLabel] = []
    work = orders(n_pairs, kinds)
    for order, made in zip(work, _made(folder, seed, work, jobs), strict=True):
        clips.extend(made)
        if progress is not None:
            progress(order)
    write_labels(folder / LABELS, clips)
    return LabelSet(folder.name, folder, tuple(clips))


def _check(n_pairs: int, seed: int, kinds: Sequence[str], jobs: int) -> None:
    for name, value, least in (("n", n_pairs, 1), ("seed", seed, 0), ("jobs", jobs, 1)):
        if value < least:
            raise ConfigurationError(f"--{name} must be {least} or more, got {value}")
    unknown = [kind for kind in kinds if kind not in ALL_KINDS]
    if unknown or not kinds:
        names = ", ".join(ALL_KINDS)
        raise ConfigurationError(f"--kinds: no kind {', '.join(unknown) or 'given'}; use {names}")


def _made(folder: Path, seed: int, work: Sequence[Order], jobs: int) -> Iterator[list[ClipLabel]]:
    """What came of each order, in their order."""
    if jobs == 1 or len(work) == 1:
        yield from (_make(folder, seed, order) for order in work)
        return
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(min(jobs, len(work)), mp_context=context)
    try:
        futures = [executor.submit(_make, folder, seed, order) for order in work]
        yield from (future.result() for future in futures)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def _make(folder: Path, seed: int, order: Order) -> list[ClipLabel]:
    """Fill one order."""
    import cv2

    # Threads within a small picture cost more than they bring.
    cv2.setNumThreads(1)
    make = make_pair if order.is_pair else make_negative
    return make(folder, seed, order.number, order.what)

"""What `physcheck simulate` does, and what it says of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from physcheck.cli.terminal import Terminal
from physcheck.labels import LabelSet
from physcheck.simulation.dataset import ALL_KINDS, LABELS, Order, orders, simulate

__all__ = ["run"]


def run(
    folder: Path, *, n_pairs: int, seed: int, kinds: list[str] | None, jobs: int, quiet: bool
) -> None:
    """Make a set, show how far it is, and say what is in it."""
    chosen = tuple(dict.fromkeys(name for text in kinds or () for name in split(text)))
    chosen = chosen if kinds else ALL_KINDS
    terminal = Terminal(quiet=quiet)
    n_done = 0

    def show(order: Order) -> None:
        nonlocal n_done
        n_done += 1
        terminal.show(order.what, n_done)

    with terminal.progress(len(orders(n_pairs, chosen)) if chosen else 0):
        made = simulate(folder, n_pairs, seed=seed, kinds=chosen, jobs=jobs, progress=show)
    terminal.result(summary(made))


def split(text: str) -> list[str]:
    """Names between commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def summary(made: LabelSet) -> str:
    """How many clips of which kind there are."""
    counts = Counter(clip.violations[0].kind for clip in made.clips if clip.violations)
    n_hard = sum("hard negative" in clip.tags for clip in made.clips)
    n_moving = sum(clip.camera != "static" for clip in made.clips)
    lines = [f"{kind:20} {count:4} pairs" for kind, count in counts.items()]
    lines.append(f"{'hard negatives':20} {n_hard:4} clips")
    lines.append(
        f"{len(made.clips)} clips, {n_moving} with a moving camera: {made.folder / LABELS}"
    )
    return "\n".join(lines) + "\n"

"""Bring outcomes into pages: one clip into one, several into an index with a page for each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from physcheck.cli.terminal import Terminal
from physcheck.records import Report, Unread
from physcheck.render.html import find_clip, write_index, write_page

__all__ = ["write_pages"]


def write_pages(
    outcomes: Sequence[Report | Unread],
    file: Path,
    terminal: Terminal,
    *,
    single: bool,
    embed_limit_mb: float,
    folders: Sequence[Path] = (),
    pages: bool = True,
) -> None:
    """Write a page, or an index.

    Args:
        outcomes: what came of each clip. file: the page.
        single: whether exactly one clip was meant.
        embed_limit_mb: a larger copy of a clip lies beside its page, MB.
        folders: where clips are looked for, beside their own paths.
        pages: whether each clip of an index gets its page.
    """
    first = outcomes[0] if outcomes else None
    if single and isinstance(first, Report):
        write_page(first, find_clip(first, folders), file, embed_limit_mb=embed_limit_mb)
        return
    with terminal.progress(len(outcomes)):
        write_index(
            outcomes,
            file,
            lambda report: find_clip(report, folders),
            embed_limit_mb=embed_limit_mb,
            pages=pages,
            progress=lambda name, n_done: terminal.show(f"page of {name}", n_done),
        )

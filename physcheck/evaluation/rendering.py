"""An evaluation as text for a terminal, and as Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from physcheck.evaluation.records import Evaluation
from physcheck.evaluation.tables import Block, Cell, Heading, Link, Table, Text, page

__all__ = ["blocks_to_markdown", "render_evaluation_text", "render_markdown"]

_MARKS = re.compile(r"[\\|*<>\[\]`]|(?<!\w)_|_(?!\w)")
"""What would mean something; an underscore within a word does not."""
_WIDTH = 100
_NARROWEST = 40


def render_evaluation_text(evaluation: Evaluation) -> str:
    """Draw it in columns, with no more than plain characters."""
    return "\n".join(line.rstrip() for line in _text(page(evaluation))) + "\n"


def render_markdown(evaluation: Evaluation) -> str:
    """Draw it as Markdown with tables as GitHub has them."""
    return blocks_to_markdown(page(evaluation))


def blocks_to_markdown(blocks: list[Block], level: int = 1) -> str:
    """Blocks as Markdown.

    Args:
        level: of the first heading; those after it are one below.
    """
    parts: list[str] = []
    n_headings = 0
    for block in blocks:
        if isinstance(block, Heading):
            parts.append("#" * (level + (n_headings > 0)) + f" {_escaped(block.text)}")
            n_headings += 1
        elif isinstance(block, Text):
            parts.append(_escaped(block.text))
        else:
            parts.append(_markdown_table(block, level + 2))
    return "\n\n".join(parts) + "\n"


def _markdown_table(table: Table, level: int) -> str:
    title = ["#" * level + f" {_escaped(table.title)}", ""] if table.title else []
    rule = [":--" if name in table.left else "--:" for name in table.header]
    rows = [[_markdown_cell(cell) for cell in row] for row in table.rows]
    lines = [f"| {' | '.join(row)} |" for row in ([*map(_escaped, table.header)], rule, *rows)]
    return "\n".join([*title, *lines])


def _markdown_cell(cell: Cell) -> str:
    if isinstance(cell, Link):
        return f"[{_escaped(cell.text)}](<{cell.target.replace('>', '%3E')}>)"
    return _escaped(cell)


def _escaped(text: str) -> str:
    """Text that Markdown leaves as it is."""
    return " ".join(_MARKS.sub(r"\\\g<0>", text).split())


def _text(blocks: list[Block]) -> Iterator[str]:
    first = True
    for block in blocks:
        if not first:
            yield ""
        first = False
        if isinstance(block, Heading):
            yield from (_plain(block.text), "=" * len(block.text))
        elif isinstance(block, Text):
            yield from textwrap.wrap(_plain(block.text), _WIDTH, break_on_hyphens=False)
        else:
            yield from _text_table(block)


def _text_table(table: Table) -> Iterator[str]:
    """Columns under their names; the last one may be long, and is wrapped."""
    if table.title:
        yield _plain(table.title)
    rows = [table.header, *([_text_cell(cell) for cell in row] for row in table.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.header))]
    left = [name in table.left for name in table.header]
    links = [None, *(_link_in(row) for row in table.rows)]
    for row, link in zip(rows, links, strict=True):
        yield from _text_row(row, widths, left)
        if link:
            yield f"      report: {_plain(link)}"


def _text_row(row: Sequence[str], widths: Sequence[int], left: Sequence[bool]) -> Iterator[str]:
    cells = [
        f"{cell:<{width}}" if is_left else f"{cell:>{width}}"
        for cell, width, is_left in zip(row, widths, left, strict=True)
    ]
    start = "  " + "".join(f"{cell}  " for cell in cells[:-1])
    room = max(_WIDTH - len(start), _NARROWEST)
    first, *rest = textwrap.wrap(row[-1], room, break_on_hyphens=False) or [""]
    yield start + (first if rest or left[-1] else cells[-1])
    yield from (" " * len(start) + line for line in rest)


def _text_cell(cell: Cell) -> str:
    return _plain(cell.text if isinstance(cell, Link) else cell)


def _link_in(row: Sequence[Cell]) -> str | None:
    return next((cell.target for cell in row if isinstance(cell, Link)), None)


def _plain(text: str) -> str:
    """The text without control characters, which could draw on a terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)

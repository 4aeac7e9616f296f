"""The work behind `physcheck demo`."""

from __future__ import annotations

import webbrowser
from contextlib import closing
from pathlib import Path

from physcheck.atomic import check_writable
from physcheck.cli.pages import write_pages
from physcheck.cli.terminal import Terminal, text_style
from physcheck.config import load_settings
from physcheck.errors import InputError
from physcheck.records import Unread
from physcheck.render.text import render_text
from physcheck.resources import demo_clip
from physcheck.runner import run_clips

__all__ = ["run"]


def run(output: Path, *, open_page: bool) -> None:
    """Analyse the clip, say what was found, write the page and open it."""
    check_writable(output)
    terminal, settings = Terminal(), load_settings({})
    with closing(run_clips([str(demo_clip())], settings.analysis())) as outcomes:
        found = next(outcomes).result
    if isinstance(found, Unread):
        raise InputError(f"{found.path}: {found.error}")
    style = text_style(verbose=False, timeline=True, file=False)
    terminal.result(render_text(found, style))
    write_pages([found], output, terminal, single=True, embed_limit_mb=settings.embed_limit)
    terminal.note(f"wrote {output}")
    if open_page:
        webbrowser.open(output.resolve().as_uri())

"""stdout for the result, stderr for everything else."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress

    from physcheck.render.text import TextStyle

__all__ = ["Terminal", "text_style", "use_utf8"]

_PIPE_WIDTH = 72


class Terminal:
    """Where a command speaks: messages and a progress bar on stderr, results on stdout."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._progress: Progress | None = None
        self._task: Any = None

    def note(self, text: str) -> None:
        """Say something that nobody needs to know, unless quiet."""
        if not self._quiet:
            self._write(sys.stderr, f"physcheck: {text}\n")

    def warn(self, text: str) -> None:
        """Say something that must be known."""
        self._write(sys.stderr, f"physcheck: {text}\n")

    def result(self, text: str) -> None:
        """Write (a part of) the result."""
        self._write(sys.stdout, text)

    def _write(self, stream: Any, text: str) -> None:
        """Write, with the progress bar out of the way of what a person sees."""
        if not text:
            return
        bar = self._progress if stream.isatty() else None
        if bar is not None:
            bar.stop()
        stream.write(_encodable(text, stream.encoding))
        stream.flush()
        if bar is not None:
            bar.start()

    @contextmanager
    def progress(self, n_clips: int) -> Iterator[None]:
        """Show a bar on stderr while clips are analysed, where stderr is a terminal."""
        if self._quiet or not sys.stderr.isatty():
            yield
            return
        from rich.console import Console
        from rich.progress import Progress

        self._progress = Progress(
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("", total=n_clips)
        try:
            with self._progress:
                yield
        finally:
            self._progress = None

    def show(self, text: str, n_done: float) -> None:
        """Move the bar to `n_done` clips."""
        if self._progress is not None:
            from rich.markup import escape

            self._progress.update(self._task, description=escape(text), completed=n_done)


def text_style(*, verbose: bool, timeline: bool, file: bool) -> TextStyle:
    """How text is drawn on stdout, or in a file."""
    from physcheck.render.text import TextStyle

    is_terminal = sys.stdout.isatty() and not file
    encoding = "utf-8" if file else (sys.stdout.encoding or "ascii")
    return TextStyle(
        width=shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns if is_terminal else _PIPE_WIDTH,
        color=is_terminal and not os.environ.get("NO_COLOR"),
        ascii=encoding.lower().replace("-", "") != "utf8",
        timeline=timeline,
        verbose=verbose,
    )


def use_utf8() -> None:
    """Let stdout carry JSON and tables byte for byte, whatever the locale."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure:
        reconfigure(encoding="utf-8", newline="\n")


def _encodable(text: str, encoding: str | None) -> str:
    """The text with `?` for what the stream cannot carry (odd file names, old terminals)."""
    name = encoding or "utf-8"
    return text.encode(name, "replace").decode(name)

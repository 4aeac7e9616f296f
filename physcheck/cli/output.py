"""Bring outcomes to stdout or into a file, in the form asked for."""

from __future__ import annotations

from pathlib import Path

from physcheck.atomic import check_writable, write_text
from physcheck.cli.formats import render
from physcheck.cli.terminal import Terminal, text_style, use_utf8
from physcheck.records import Report, Unread
from physcheck.render.json import render_json, render_json_line
from physcheck.render.text import render_summary, render_text

__all__ = ["Output"]


class Output:
    """Collects outcomes. Text and JSON lines go to stdout at once, the rest at the end."""

    def __init__(
        self,
        terminal: Terminal,
        form: str,
        file: Path | None,
        *,
        single: bool,
        verbose: bool = False,
        embed_limit_mb: float = 16.0,
    ) -> None:
        if file is not None:
            check_writable(file)
        elif form != "text":
            use_utf8()
        self._terminal = terminal
        self._form = form
        self._file = file
        self._single = single
        self._embed_limit_mb = embed_limit_mb
        self._style = text_style(verbose=verbose, timeline=single or verbose, file=file is not None)
        self._outcomes: list[Report | Unread] = []

    def __len__(self) -> int:
        return len(self._outcomes)

    @property
    def reports(self) -> list[Report]:
        """Clips that were read, so far."""
        return [one for one in self._outcomes if isinstance(one, Report)]

    @property
    def unread(self) -> list[Unread]:
        """Inputs that were not, so far."""
        return [one for one in self._outcomes if isinstance(one, Unread)]

    @property
    def complete(self) -> bool:
        """Whether every input so far was read to its end."""
        return not self.unread and not any(report.problems for report in self.reports)

    def add(self, outcome: Report | Unread) -> None:
        """Take the next outcome."""
        self._outcomes.append(outcome)
        if self._file is None:
            self._terminal.result(self._at_once(outcome))

    def finish(self) -> None:
        """Write what is left to write."""
        if self._file is None:
            self._terminal.result(self._at_end())
            return
        if self._form == "html":
            self._write_pages(self._file)
        else:
            write_text(self._file, "".join(map(self._at_once, self._outcomes)) + self._at_end())
        summary = render_summary(self.reports, self.unread).strip()
        self._terminal.note(f"wrote {self._file} ({summary})")

    def _write_pages(self, file: Path) -> None:
        """One page, or an index with a page for each clip."""
        from physcheck.cli.pages import write_pages

        write_pages(
            self._outcomes,
            file,
            self._terminal,
            single=self._single,
            embed_limit_mb=self._embed_limit_mb,
        )

    def _at_once(self, outcome: Report | Unread) -> str:
        if self._form == "jsonl":
            return render_json_line(outcome)
        if self._form != "text":
            return ""
        if isinstance(outcome, Report):
            return render_text(outcome, self._style)
        # On a terminal stderr has said so already.
        return f"{outcome.path}: could not be read: {outcome.error}\n" if self._file else ""

    def _at_end(self) -> str:
        if self._form == "json":
            return render_json(self.reports, self.unread, single=self._single)
        if self._form == "text" and not self._single:
            return "\n" + render_summary(self.reports, self.unread)
        return render(self._form, self._outcomes)

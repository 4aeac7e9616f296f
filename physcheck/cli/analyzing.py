"""The work behind `physcheck analyze`."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from physcheck.cli.exits import DEBUG
from physcheck.cli.formats import check_single, choose_format
from physcheck.cli.gate import Gate
from physcheck.cli.inputs import find_clips
from physcheck.cli.output import Output
from physcheck.cli.pictures import Pictures
from physcheck.cli.terminal import Terminal
from physcheck.config import Settings, load_settings
from physcheck.errors import ConfigurationError
from physcheck.records import Report, Unread
from physcheck.rules import load_pack, select_rules
from physcheck.runner import Outcome, run_clips

__all__ = ["run"]


def run(
    paths: list[str],
    flags: dict[str, Any],
    *,
    form: str | None,
    output: Path | None,
    video: Path | None = None,
    plot: Path | None = None,
    gate: Gate | None = None,
) -> bool:
    """Analyse the clips and write the result.

    Args:
        gate: counts what speaks against the clips, and says so at the end.

    Returns:
        Whether every input was read to its end.
    """
    settings = load_settings(flags)
    choice = settings.sight().choose()
    # A wrong pack or name is said before any work, and even where no clip can be read.
    pack = load_pack(settings.pack)
    select_rules(pack, select=settings.select, ignore=settings.ignore)
    if gate is not None:
        gate.check_names(pack)
    chosen = choose_format(form, output)
    terminal = Terminal(quiet=settings.quiet)
    clips = find_clips(paths)
    for file in (output, video, plot):
        _refuse_overwriting(clips, file)
    single = len(clips) == 1 and (clips == paths or isinstance(clips[0], Unread))
    check_single(chosen, single=single)
    sink = Output(
        terminal,
        chosen,
        output,
        single=single,
        verbose=settings.verbose,
        embed_limit_mb=settings.embed_limit,
    )
    pictures = Pictures(video, plot, terminal, single=single)
    terminal.note(f"detector {choice.name} ({choice.why})")
    _analyze_all(clips, settings, terminal, sink, pictures)
    sink.finish()
    if gate is not None:
        for report in sink.reports:
            gate.add(report)
        gate.say(terminal)
    return sink.complete


def _refuse_overwriting(clips: list[str | Unread], output: Path | None) -> None:
    """A result must not replace the clip it is about."""
    for clip in clips:
        if output is not None and isinstance(clip, str) and _same_file(clip, output):
            raise ConfigurationError(f"{output}: is one of the inputs; write to another file")


def _analyze_all(
    clips: list[str | Unread],
    settings: Settings,
    terminal: Terminal,
    sink: Output,
    pictures: Pictures,
) -> None:
    """Analyse clip by clip, bring each to the sink, and say what went wrong."""

    def watch(clip: str, stage: str, share: float) -> None:
        terminal.show(f"{Path(clip).name} {stage}", len(sink) + min(share, 0.999))

    work = run_clips(clips, settings.analysis(), jobs=settings.jobs, progress=watch)
    with terminal.progress(len(clips)), contextlib.closing(work) as outcomes:
        for outcome in outcomes:
            _complain(outcome, terminal)
            sink.add(outcome.result)
            pictures.add(outcome.result)
            terminal.show(f"{len(sink)} of {len(clips)}", len(sink))


def _complain(outcome: Outcome, terminal: Terminal) -> None:
    """Say on stderr what could not be read of a clip, a line each."""
    result = outcome.result
    if isinstance(result, Report):
        for problem in result.problems:
            terminal.warn(_on_one_line(f"{result.video.path}: {problem}"))
        return
    hint = f" (set {DEBUG}=1 for the traceback)" if outcome.traceback else ""
    terminal.warn(_on_one_line(f"{result.path}: {result.error}{hint}"))
    if outcome.traceback and os.environ.get(DEBUG):
        terminal.warn(outcome.traceback)


def _on_one_line(text: str) -> str:
    """The text with `?` for what cannot be printed: a name may hold a line break."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _same_file(first: str, second: Path) -> bool:
    return os.path.realpath(first) == os.path.realpath(second)

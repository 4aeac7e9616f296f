"""The work behind `physcheck compare`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from physcheck.atomic import check_writable, write_text
from physcheck.cli.inputs import find_clips
from physcheck.cli.report_files import holds_reports, read_outcomes
from physcheck.cli.terminal import Terminal, use_utf8
from physcheck.config import Settings, load_settings
from physcheck.errors import ConfigurationError, InputError
from physcheck.evaluation.versions import compare_reports, render_comparison
from physcheck.records import Report, Unread
from physcheck.render.names import clip_name
from physcheck.runner import run_clips

__all__ = ["run"]


def run(
    before: str, after: str, flags: dict[str, Any], *, form: str | None, output: Path | None
) -> bool:
    """Compare, and write the result.

    Returns:
        Whether everything could be read.
    """
    settings = load_settings(flags)
    as_json = _is_json(form, output)
    terminal = Terminal(quiet=settings.quiet)
    sides = [_look(place, settings, terminal) for place in (before, after)]
    unread = [one for side in sides for one in side if isinstance(one, Unread)]
    for one in unread:
        terminal.warn(f"{one.path}: {one.error}")
    first, second = _by_name(before, sides[0]), _by_name(after, sides[1])
    if len(first) == len(second) == 1:
        second = dict(zip(first, second.values(), strict=True))
    comparison = compare_reports(first, second)
    text = comparison.to_json() if as_json else render_comparison(comparison)
    if output is None:
        if as_json:
            use_utf8()
        terminal.result(text)
    else:
        write_text(output, text)
        terminal.note(f"wrote {output}")
    return not unread


def _is_json(form: str | None, output: Path | None) -> bool:
    if output is not None:
        check_writable(output)
    if form not in (None, "text", "json"):
        raise ConfigurationError(f"--format: unknown format '{form}'; known: text, json")
    return form == "json" or (form is None and output is not None and output.suffix == ".json")


def _look(place: str, settings: Settings, terminal: Terminal) -> list[Report | Unread]:
    """The reports of one side: read, or made of clips."""
    if holds_reports(Path(place)):
        found, _ = read_outcomes([Path(place)], terminal)
        if not found:
            raise InputError(f"{place}: there is no report in it")
        return found
    clips = find_clips([place])
    with (
        terminal.progress(len(clips)),
        closing(run_clips(clips, settings.analysis(), jobs=settings.jobs)) as outcomes,
    ):
        looked = []
        for outcome in outcomes:
            looked.append(outcome.result)
            terminal.show(f"{len(looked)} of {len(clips)}", len(looked))
    return looked


def _by_name(place: str, side: list[Report | Unread]) -> dict[str, Report]:
    """Reports by the name of their clip, without its suffix."""
    named: dict[str, Report] = {}
    for one in side:
        if isinstance(one, Unread):
            continue
        whole = clip_name(one.video.path)
        name = whole.rpartition(".")[0] or whole
        if name in named:
            raise ConfigurationError(f"{place}: two clips are called {name}; compare them apart")
        named[name] = one
    return named

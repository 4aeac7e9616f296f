"""The work behind `physcheck evaluate`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from physcheck.atomic import check_writable, write_text
from physcheck.cli.terminal import Terminal, use_utf8
from physcheck.config import Settings, load_settings
from physcheck.errors import ConfigurationError
from physcheck.evaluation.evaluating import LabelledSet, evaluate
from physcheck.evaluation.records import Evaluation
from physcheck.evaluation.rendering import render_evaluation_text, render_markdown
from physcheck.evaluation.running import (
    Predicted,
    ReportFolder,
    frame_rate,
    predict,
    predict_baselines,
    with_distinct_names,
)
from physcheck.labels import LabelSet, read_labels
from physcheck.rules import load_pack, select_rules

__all__ = ["Request", "run"]

_SUFFIXES = {".txt": "text", ".json": "json", ".md": "md"}
_FORMATS = tuple(_SUFFIXES.values())


class Request(NamedTuple):
    """What was asked for, beside the settings of the analysis."""

    labels: list[Path]
    reports: Path | None
    reports_only: bool
    fresh: bool
    form: str | None
    output: Path | None


def run(request: Request, flags: dict[str, Any]) -> bool:
    """Evaluate, and write the result.

    Returns:
        Whether every clip could be read.
    """
    settings = load_settings(flags)
    choice = settings.sight().choose()
    select_rules(load_pack(settings.pack), select=settings.select, ignore=settings.ignore)
    _check(request)
    _make_folder(request.reports)
    form = _choose_format(request)
    sets = with_distinct_names([read_labels(path, frame_rate) for path in request.labels])
    terminal = Terminal(quiet=bool(settings.quiet))
    if not request.reports_only:
        terminal.note(f"detector {choice.name} ({choice.why})")
    found = _predict_all(request, sets, settings, terminal)
    said = {"detector": choice.name, "pack": settings.pack}
    if request.reports_only:
        said = {"reports": "as they were found"}
    evaluation = evaluate(found, settings=said)
    _write(evaluation, form, request.output, terminal)
    return not _complain(evaluation, terminal)


def _choose_format(request: Request) -> str:
    """The format asked for, or that of the file's suffix, or text."""
    if request.output is not None:
        check_writable(request.output)
    if request.form is not None:
        if request.form not in _FORMATS:
            raise ConfigurationError(
                f"--format: unknown format '{request.form}'; known: {', '.join(_FORMATS)}"
            )
        return request.form
    if request.output is None:
        return "text"
    form = _SUFFIXES.get(request.output.suffix.lower())
    if form is None:
        known = ", ".join(_SUFFIXES)
        raise ConfigurationError(
            f"{request.output}: the suffix does not tell the format; use {known}, or --format"
        )
    return form


def _check(request: Request) -> None:
    """Refuse what contradicts itself, before any work."""
    if request.reports_only and request.fresh:
        raise ConfigurationError("--reports-only and --fresh contradict each other; give one")
    if request.reports_only and request.reports is None:
        raise ConfigurationError("--reports-only needs --reports DIR, the folder of the reports")
    if request.reports_only and request.reports and not request.reports.is_dir():
        raise ConfigurationError(f"--reports: there is no folder {request.reports}")
    if request.reports is not None and request.reports.is_file():
        raise ConfigurationError(f"--reports: {request.reports} is a file; name a folder")
    if len({os.path.realpath(path) for path in request.labels}) < len(request.labels):
        raise ConfigurationError("a label file is given twice; give each once")
    output = request.output
    if output is not None and any(_same(output, path) for path in request.labels):
        raise ConfigurationError(f"{output}: is one of the label files; write to another file")


def _make_folder(folder: Path | None) -> None:
    """Make the folder of the reports: the output may be meant to lie in it."""
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"--reports: {folder}: {error.strerror}") from error


def _same(first: Path, second: Path) -> bool:
    return os.path.realpath(first) == os.path.realpath(second)


def _predict_all(
    request: Request, sets: list[LabelSet], settings: Settings, terminal: Terminal
) -> list[LabelledSet]:
    """Let physcheck and the predictors without physics say what they think of each clip."""
    folder = None if request.reports is None else ReportFolder(request.reports, sets)
    links = request.output.parent if request.output is not None else Path()
    n_clips = sum(len(labels.clips) for labels in sets)
    found: list[LabelledSet] = []
    with terminal.progress(2 * n_clips):
        for labels in sets:
            n_before = 2 * sum(len(one.labels.clips) for one in found)
            said = predict(
                labels,
                settings.analysis(),
                reports=folder,
                jobs=settings.jobs,
                fresh=request.fresh,
                reports_only=request.reports_only,
                progress=_watch(terminal, n_before),
            )
            watch = _watch(terminal, n_before + len(labels.clips))
            simple = predict_baselines(labels, reports=folder, jobs=settings.jobs, progress=watch)
            found.append(LabelledSet(labels, _linked(said, links), simple))
    return found


def _watch(terminal: Terminal, n_before: int) -> Callable[[str, float], None]:
    """Move the bar on from where the work before has left it."""
    return lambda text, n_done: terminal.show(text, n_before + n_done)


def _linked(said: Predicted, folder: Path) -> Predicted:
    """The predictions with paths of reports as seen from the folder of the output."""
    return [
        (label, replace(one, report=_from(one.report, folder)) if one.report else one)
        for label, one in said
    ]


def _from(report: str, folder: Path) -> str:
    try:
        return Path(os.path.relpath(report, folder)).as_posix()
    except ValueError:  # another drive
        return report


def _write(evaluation: Evaluation, form: str, output: Path | None, terminal: Terminal) -> None:
    if form == "json":
        text = evaluation.to_json()
    elif form == "md":
        text = render_markdown(evaluation)
    else:
        text = render_evaluation_text(evaluation)
    if output is None:
        if form != "text":
            use_utf8()
        terminal.result(text)
        return
    write_text(output, text)
    terminal.note(f"wrote {output}")


def _complain(evaluation: Evaluation, terminal: Terminal) -> bool:
    """Say which clips could not be read; give whether there are any."""
    # 'all' stands first where there are several sets, and holds every clip.
    lost = [one for one in evaluation.sets[0].unscored if not one.read]
    for one in lost:
        terminal.warn(f"{one.clip}: {one.reason}")
    return bool(lost)

"""The work behind `physcheck explain`."""

from __future__ import annotations

from pathlib import Path

from physcheck.cli.terminal import Terminal
from physcheck.errors import ConfigurationError, InputError
from physcheck.records import Report, ViolationRecord, read_reports
from physcheck.render.explanation import render_explanation
from physcheck.render.names import clip_name

__all__ = ["run"]


def run(file: Path, violation: str | None, clip: str | None) -> None:
    """Print what is known of one violation, or of all."""
    report = _pick(_read(file), clip, file)
    chosen = _choose(report, violation)
    Terminal().result("\n\n".join(render_explanation(report, one) for one in chosen))


def _read(file: Path) -> tuple[Report, ...]:
    try:
        return read_reports(file.read_text(encoding="utf-8")).reports
    except OSError as error:
        raise InputError(f"{file}: could not be read: {error.strerror}") from error
    except (InputError, ValueError) as error:
        raise InputError(f"{file}: {error}") from None


def _pick(reports: tuple[Report, ...], clip: str | None, file: Path) -> Report:
    """The report that was meant."""
    found = [
        one
        for one in reports
        if clip is None or clip in (one.video.path, clip_name(one.video.path))
    ]
    if len(found) == 1:
        return found[0]
    names = ", ".join(clip_name(one.video.path) for one in reports[:5])
    if not found:
        raise ConfigurationError(f"{file}: has no report of {clip or 'a clip'}; it has: {names}")
    raise ConfigurationError(f"{file}: holds several clips; say which with --clip: {names}")


def _choose(report: Report, violation: str | None) -> tuple[ViolationRecord, ...]:
    if violation is None and report.violations:
        return tuple(sorted(report.violations, key=lambda one: -one.probability))
    found = tuple(one for one in report.violations if one.id == violation)
    if not found:
        known = ", ".join(f"{one.id} ({one.rule})" for one in report.violations) or "none"
        raise ConfigurationError(f"no violation {violation or ''} in this report; it has: {known}")
    return found

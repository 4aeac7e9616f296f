"""Reports as annotations that GitHub Actions shows on a run."""

from __future__ import annotations

from collections.abc import Iterable

from physcheck.records import FLAG_PROBABILITY, Report, Unread, ViolationRecord
from physcheck.render import wording

__all__ = ["render_github"]


def render_github(outcomes: Iterable[Report | Unread]) -> str:
    """A line for each violation, an error where it is likelier than not, else a warning.

    Source: GitHub, Workflow commands for GitHub Actions, "Setting an error message".
    """
    lines: list[str] = []
    for outcome in outcomes:
        if isinstance(outcome, Unread):
            lines.append(_command("error", outcome.path, "could not be read", outcome.error))
            continue
        path = outcome.video.path
        lines += [_command("warning", path, "read in part", one) for one in outcome.problems]
        lines += [_violation(path, one) for one in outcome.violations]
    return "".join(f"{line}\n" for line in lines)


def _violation(path: str, one: ViolationRecord) -> str:
    level = "error" if one.probability >= FLAG_PROBABILITY else "warning"
    last = max(one.start_frame, one.stop_frame - 1)
    where = f"{one.start_s:.2f} s (frames {one.start_frame}-{last})"
    text = f"{wording.who(one)} at {where}: {one.explanation}, p={one.probability:.2f}"
    return _command(level, path, one.rule, text)


def _command(level: str, path: str, title: str, text: str) -> str:
    said = f"file={_property(path)},title={_property(title)}"
    return f"::{level} {said}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

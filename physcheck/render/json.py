"""Reports as JSON, and as JSON lines."""

from __future__ import annotations

from collections.abc import Sequence

from physcheck.records import Report, ReportSet, Unread

__all__ = ["render_json", "render_json_line"]


def render_json(reports: Sequence[Report], unread: Sequence[Unread], *, single: bool) -> str:
    """One object for one input that was read, else an object with `reports` and `errors`.

    Args:
        reports: in the order of the inputs.
        unread: inputs that could not be read.
        single: whether exactly one input was named.
    """
    if single and len(reports) == 1 and not unread:
        return reports[0].to_json()
    return ReportSet(reports=tuple(reports), errors=tuple(unread)).to_json()


def render_json_line(outcome: Report | Unread) -> str:
    """One line of JSON lines: a report, or `{"path": ..., "error": ...}`."""
    return outcome.model_dump_json() + "\n"

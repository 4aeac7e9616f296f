"""Which forms a result can have, how each is asked for, and what draws it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from physcheck.errors import ConfigurationError
from physcheck.records import Report, Unread
from physcheck.render.annotations import render_github
from physcheck.render.captions import render_srt, render_vtt
from physcheck.render.junit import render_junit
from physcheck.render.markers import render_edl, render_otio
from physcheck.render.table import render_csv
from physcheck.render.tracks import render_coco, render_label_studio, render_mot

__all__ = ["FORMATS", "check_single", "choose_format", "render"]

Outcome = Report | Unread


class _Format(NamedTuple):
    """suffixes: of files in this form. many, one: what draws it, for any number of clips or
    for one only; neither where that is not a matter of text.
    """

    suffixes: tuple[str, ...] = ()
    many: Callable[[Sequence[Outcome]], str] | None = None
    one: Callable[[Report], str] | None = None


FORMATS: dict[str, _Format] = {
    "text": _Format((".txt",)),
    "json": _Format((".json",)),
    "jsonl": _Format((".jsonl", ".ndjson")),
    "csv": _Format((".csv",), many=render_csv),
    "html": _Format((".html",)),
    "junit": _Format((".xml",), many=render_junit),
    "github": _Format(many=render_github),
    "vtt": _Format((".vtt",), one=render_vtt),
    "srt": _Format((".srt",), one=render_srt),
    "otio": _Format((".otio",), many=render_otio),
    "edl": _Format((".edl",), one=render_edl),
    "mot": _Format(one=render_mot),
    "coco": _Format(many=render_coco),
    "label-studio": _Format(many=render_label_studio),
}
_BY_SUFFIX = {suffix: name for name, one in FORMATS.items() for suffix in one.suffixes}


def choose_format(name: str | None, file: Path | None) -> str:
    """The format asked for, or that of the file's suffix, or text.

    Raises:
        ConfigurationError: the name or the suffix is unknown, or pages have no file to go to.
    """
    if name == "html" and file is None:
        raise ConfigurationError("--format html: name the page with -o FILE.html")
    if name is not None:
        if name not in FORMATS:
            known = ", ".join(FORMATS)
            raise ConfigurationError(f"--format: unknown format '{name}'; known: {known}")
        return name
    if file is None:
        return "text"
    if file.suffix.lower() not in _BY_SUFFIX:
        known = ", ".join(_BY_SUFFIX)
        raise ConfigurationError(
            f"{file}: the suffix does not tell the format; use {known}, or --format"
        )
    return _BY_SUFFIX[file.suffix.lower()]


def check_single(form: str, *, single: bool) -> None:
    """Refuse several clips in a form that has room for one.

    Raises:
        ConfigurationError: there are several.
    """
    if FORMATS[form].one is not None and not single:
        raise ConfigurationError(f"--format {form}: holds one clip only; name one")


def render(form: str, outcomes: Sequence[Outcome]) -> str:
    """Draw all outcomes at once, where the form is drawn so, else nothing."""
    known = FORMATS[form]
    if known.many is not None:
        return known.many(outcomes)
    if known.one is not None:
        return "".join(known.one(one) for one in outcomes if isinstance(one, Report))
    return ""

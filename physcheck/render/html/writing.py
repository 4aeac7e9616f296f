"""Pages written to files, with the clip in them or beside them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from physcheck.atomic import check_writable, replace_file, write_text
from physcheck.errors import ConfigurationError, InputError
from physcheck.records import Report, Unread
from physcheck.render.html.footage import Footage, read_footage, read_pictures
from physcheck.render.html.index import IndexEntry, render_index
from physcheck.render.html.page import Plan, Shown, plan_page, render_page
from physcheck.render.names import Names, clip_name

__all__ = ["find_clip", "write_index", "write_page"]

_MB = 1_000_000


def find_clip(report: Report, folders: Iterable[Path]) -> Path | None:
    """Where the clip of a report lies, or None.

    Args:
        folders: where to look, beside the path as it stands; both the path relative to
            the folder and the bare name are tried.
    """
    path = Path(report.video.path)
    tries = [path]
    for folder in folders:
        tries += [folder / path, folder / clip_name(report.video.path)]
    return next((one for one in tries if _is_file(one)), None)


def write_page(
    report: Report, clip: Path | None, file: Path, *, embed_limit_mb: float, back: str = ""
) -> bytes:
    """Write the page of a clip, and the clip beside it where it is too large to be in it.

    Args:
        report: of the clip. clip: the file, or None where it is not at hand.
        file: the page. back: address of the index that it belongs to.
        embed_limit_mb: largest copy that is put into the page, MB.

    Returns:
        A small WebP of its worst frame, or nothing.

    Raises:
        ConfigurationError: something could not be written.
    """
    plan = plan_page(report)
    shown = _look(report, plan, clip, file, embed_limit_mb)
    write_text(file, render_page(report, plan, shown, back=back))
    return shown.pictures.get(plan.thumbnail, b"")


def write_index(
    outcomes: Sequence[Report | Unread],
    file: Path,
    find: Callable[[Report], Path | None],
    *,
    embed_limit_mb: float,
    pages: bool = True,
    progress: Callable[[str, int], None] | None = None,
) -> None:
    """Write an index of many clips, and a page of each in a folder beside it.

    Args:
        outcomes: what came of each clip. file: the index.
        find: gives the file of a report's clip.
        pages: whether each clip gets its page; else the index stands alone.
        progress: called with a name and the number of clips done.

    Raises:
        ConfigurationError: something could not be written.
    """
    folder = file.with_name(f"{file.stem}-clips")
    if pages:
        _make(folder)
    names, entries = Names(), []
    for n_done, outcome in enumerate(outcomes):
        if isinstance(outcome, Unread):
            entries.append(IndexEntry(outcome))
            continue
        if progress is not None:
            progress(clip_name(outcome.video.path), n_done)
        clip, link = find(outcome), ""
        if pages:
            page = folder / f"{names.take(outcome.video.path)}.html"
            link = quote(f"{folder.name}/{page.name}")
            back = quote(f"../{file.name}")
            picture = write_page(outcome, clip, page, embed_limit_mb=embed_limit_mb, back=back)
        else:
            picture = _thumbnail(outcome, clip)
        entries.append(IndexEntry(outcome, link, picture))
    write_text(file, render_index(entries))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{folder}: could not be made: {error.strerror}") from error
    check_writable(folder / "page.html")


def _look(
    report: Report, plan: Plan, clip: Path | None, file: Path, embed_limit_mb: float
) -> Shown:
    """What there is to see of a clip."""
    if clip is None:
        return _no_clip(report)
    try:
        footage = read_footage(clip, report.timeline.times_s, plan.wanted())
    except (InputError, ConfigurationError) as error:
        return Shown(why=f"The clip cannot be shown: {error}.")
    return _shown(footage, clip, file, embed_limit_mb)


def _shown(footage: Footage, clip: Path, file: Path, embed_limit_mb: float) -> Shown:
    """The clip within the page, or beside it."""
    if len(footage.mp4) <= embed_limit_mb * _MB:
        return Shown(mp4=footage.mp4, pictures=footage.pictures)
    beside = file.with_name(f"{file.stem}.copy.mp4")
    if os.path.realpath(beside) == os.path.realpath(clip):
        raise ConfigurationError(f"{beside}: is the clip itself; give the page another name")
    try:
        replace_file(beside, footage.mp4)
    except OSError as error:
        raise ConfigurationError(f"{beside}: could not be written: {error.strerror}") from error
    return Shown(link=beside.name, pictures=footage.pictures)


def _thumbnail(report: Report, clip: Path | None) -> bytes:
    """A small WebP of the worst frame, or nothing."""
    if clip is None:
        return b""
    try:
        frame, cut = plan_page(report).thumbnail
        return read_pictures(clip, {frame: [cut]})[frame, cut]
    except InputError:
        return b""


def _no_clip(report: Report) -> Shown:
    if report.video.path.startswith("<"):
        return Shown(why="The frames came from memory, so there is no clip to show.")
    return Shown(why="The clip was not found where the report says it is.")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a NUL in the name, or one too long
        return False

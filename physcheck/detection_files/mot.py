"""MOT text: `frame,id,left,top,width,height,conf,...`, frames 1-based, px.

Commas, semicolons, spaces or tabs part the columns; what follows the seventh is not
used but for a word in the eighth, which is a label. Ids are not read: they are another
tracker's opinion. A confidence of 0 means "to be ignored", and the row is.

Source: Leal-Taixe et al. (2015), MOTChallenge 2015; Dendorfer et al. (2020), MOT20.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from physcheck.detection_files.rows import NO_NOISE, Row, Rows, finite
from physcheck.errors import InputError
from physcheck.types import Detections

__all__ = ["format_mot", "parse_mot"]

_NAMES = ("frame", "id", "left", "top", "width", "height", "conf", "class")
_NEEDED = 6
_OTHER_NAMES = {
    "bb_left": "left",
    "bb_top": "top",
    "bb_width": "width",
    "bb_height": "height",
    "x": "left",
    "y": "top",
    "w": "width",
    "h": "height",
    "confidence": "conf",
    "score": "conf",
    "label": "class",
}


def parse_mot(text: str, name: str, first_frame: int = 1) -> Rows:
    """Read MOT text.

    Args:
        text: the file. name: how messages call it.
        first_frame: number that the clip's first frame has in the file.

    Raises:
        InputError: a line is wrong; the message names file, line and field.
    """
    rows = Rows()
    columns = {word: place for place, word in enumerate(_NAMES)}
    is_first = True
    for number, line in enumerate(text.splitlines(), start=1):
        words = _words(line)
        if not words:
            continue
        place = f"{name}: line {number}"
        if is_first and words[0][:1].isalpha() and words[0].lower() not in ("nan", "inf"):
            columns = _header(words, place)
        else:
            row = _row(words, columns, place, first_frame)
            if row.score != 0:
                rows.rows.append(row)
        is_first = False
    return rows


def format_mot(frames: Mapping[int, Detections]) -> str:
    """MOT text of detections; labels and noise find no place in it."""
    lines = []
    for frame in sorted(frames):
        seen = frames[frame]
        for box, score in zip(seen.boxes.tolist(), seen.scores.tolist(), strict=True):
            x1, y1, x2, y2 = box
            numbers = ",".join(f"{v:.4f}" for v in (x1, y1, x2 - x1, y2 - y1))
            lines.append(f"{frame + 1},-1,{numbers},{score:.6f},-1,-1,-1\n")
    return "".join(lines)


def _words(line: str) -> list[str]:
    """The columns of a line; none in an empty line or a remark."""
    line = line.strip().lstrip("\ufeff")
    if not line or line.startswith("#"):
        return []
    parts = re.split("[,;]", line) if re.search("[,;]", line) else line.split()
    return [part.strip().strip('"') for part in parts]


def _header(words: list[str], place: str) -> dict[str, int]:
    """Where the columns stand that a header names."""
    names = [_OTHER_NAMES.get(word.lower(), word.lower()) for word in words]
    missing = {*_NAMES[:_NEEDED]} - {"id"} - {*names}
    if missing:
        raise InputError(
            f"{place}: the header lacks {', '.join(sorted(missing))}; "
            f"MOT columns are {', '.join(_NAMES[:7])}"
        )
    return {word: column for column, word in enumerate(names)}


def _row(words: list[str], columns: Mapping[str, int], place: str, first_frame: int) -> Row:
    def said(name: str) -> str:
        column = columns.get(name, len(words))
        return words[column] if column < len(words) else ""

    if any(not said(name) for name in _NAMES[:_NEEDED] if name != "id"):
        raise InputError(
            f"{place}: {len(words)} columns; at least {', '.join(_NAMES[:_NEEDED])} are needed"
        )
    number = finite(said("frame"), place, "frame")
    if number != int(number) or number < first_frame:
        hint = "; say so if its frames are counted from 0" if number == 0 else ""
        raise InputError(
            f"{place}: frame must be an integer of at least {first_frame}, "
            f"got {said('frame')}{hint}"
        )
    left, top, width, height = (finite(said(word), place, word) for word in _NAMES[2:6])
    score = finite(said("conf"), place, "conf") if said("conf") else float("nan")
    label = said("class")
    return Row(
        frame=int(number) - first_frame,
        box=(left, top, left + width, top + height),
        score=score,
        label=label if label[:1].isalpha() and label.lower() != "nan" else "",
        noise_px=NO_NOISE,
        place=place.rpartition(": ")[2],
    )

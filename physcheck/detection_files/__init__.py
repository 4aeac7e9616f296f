"""Detections in files: boxes that were computed elsewhere, and ours for others.

Three forms are read and written: MOT text, COCO for video, and a JSON of our own that
keeps labels and noise. Which one a file has is told by its content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from physcheck.atomic import write_text
from physcheck.detection_files.coco import format_coco, parse_coco
from physcheck.detection_files.mot import format_mot, parse_mot
from physcheck.detection_files.noise import guess_noise
from physcheck.detection_files.own import FORMAT, format_own, parse_own
from physcheck.detection_files.rows import Rows, as_probabilities, with_area
from physcheck.errors import ConfigurationError, InputError
from physcheck.types import Detections

__all__ = ["DetectionFile", "Form", "find_detections", "read_detections", "write_detections"]

Form = Literal["mot", "coco", "json"]
_SUFFIXES: dict[str, Form] = {".txt": "mot", ".csv": "mot", ".json": "json"}


@dataclass(frozen=True, slots=True, eq=False)
class DetectionFile:
    """What a file says of one clip.

    frames: detections by 0-based frame, px of a picture of `size_px`; frames in which
        nothing was seen are left out.
    clip: the name that the file gives the clip, or "".
    size_px: width, height; None where the file does not say: then they are the clip's.
    n_frames: how many frames were looked at; None where the file does not say.
    remarks: a sentence for each thing that was left out or guessed.
    """

    path: str
    form: Form
    sha256: str
    frames: Mapping[int, Detections]
    clip: str = ""
    size_px: tuple[int, int] | None = None
    n_frames: int | None = None
    remarks: tuple[str, ...] = ()


def read_detections(
    path: str | Path,
    *,
    clip: str | None = None,
    first_frame: int | None = None,
    min_score: float | None = None,
) -> DetectionFile:
    """Read the detections of one clip.

    Args:
        path: a file in one of the three forms.
        clip: name of the clip; needed where a COCO file holds several videos.
        first_frame: number of the clip's first frame in the file; where it is None, 1 in
            MOT text, and found out in COCO. Our own JSON counts from 0.
        min_score: boxes below are left out; in the file's own unit.

    Returns:
        The detections. Noise that the file does not state is guessed from the boxes.

    Raises:
        InputError: the file cannot be read; the message names file, line and field.
    """
    data = _bytes(Path(path))
    form, rows = _parse(data, str(path), clip, first_frame)
    with_area(rows)
    return DetectionFile(
        path=str(path),
        form=form,
        sha256=hashlib.sha256(data).hexdigest(),
        frames=_frames(rows, min_score),
        clip=rows.clip,
        size_px=rows.size_px,
        n_frames=rows.n_frames,
        remarks=tuple(rows.remarks),
    )


def find_detections(place: str | Path, clip: str | Path) -> Path:
    """The file that belongs to a clip: `place` itself, or the one in it named like the clip.

    Raises:
        InputError: the folder has none, or several.
    """
    place, stem = Path(place), Path(clip).stem
    if not place.is_dir():
        return place
    found = [one for suffix in _SUFFIXES if (one := place / f"{stem}{suffix}").is_file()]
    if len(found) == 1:
        return found[0]
    names = " or ".join(f"{stem}{suffix}" for suffix in _SUFFIXES)
    raise InputError(f"{place}: {'several of' if found else 'no'} {names} for the clip {clip}")


def write_detections(
    path: str | Path,
    frames: Mapping[int, Detections],
    *,
    form: Form | None = None,
    clip: str = "",
    size_px: tuple[int, int] | None = None,
    n_frames: int | None = None,
    detector: Mapping[str, Any] | None = None,
) -> None:
    """Write detections; the file is replaced as a whole or not at all.

    MOT text keeps boxes and scores, COCO labels and noise too, our own JSON also says
    which detector saw them. Masks and features are not written.

    Args:
        path: file to write. frames: detections by 0-based frame, px of the clip.
        form: where it is None, `json` for .json, `mot` for .txt and .csv.
        clip: its name. size_px: its width and height. n_frames: how many it has.
        detector: what is to be said of it.

    Raises:
        ConfigurationError: the form is not told, or the file could not be written.
    """
    path = Path(path)
    form = form or _SUFFIXES.get(path.suffix.lower())
    if form == "mot":
        text = format_mot(frames)
    elif form == "coco":
        text = format_coco(frames, clip=clip, size_px=size_px, n_frames=n_frames)
    elif form == "json":
        text = format_own(frames, clip=clip, size_px=size_px, n_frames=n_frames, detector=detector)
    else:
        raise ConfigurationError(f"{path}: the suffix tells no form; use .json or .txt")
    write_text(path, text)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def _parse(data: bytes, name: str, clip: str | None, first_frame: int | None) -> tuple[Form, Rows]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{name}: is no text; MOT text or JSON is needed") from None
    if text.lstrip()[:1] not in ("{", "["):
        return "mot", parse_mot(text, name, 1 if first_frame is None else first_frame)
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise InputError(f"{name}: line {line}: not JSON: {error}") from None
    if isinstance(tree, dict) and tree.get("format") == FORMAT:
        return "json", parse_own(tree, name)
    if isinstance(tree, dict) and "annotations" in tree:
        return "coco", parse_coco(tree, name, clip, first_frame)
    raise InputError(
        f'{name}: neither our JSON ("format": "{FORMAT}") nor COCO for video '
        "(videos, images, annotations)"
    )


def _frames(rows: Rows, min_score: float | None) -> dict[int, Detections]:
    """Rows frame by frame, in the order of the file, with the noise where none is said."""
    probability = as_probabilities(rows, min_score)
    numbers = np.array([row.frame for row in rows.rows], dtype=np.int64)
    frames = np.unique(numbers)
    order = np.argsort(numbers, kind="stable")
    parts = np.split(order, np.searchsorted(numbers[order], frames)[1:]) if len(frames) else []
    boxes = [np.array([rows.rows[k].box for k in part]) for part in parts]
    scores = [probability[part] for part in parts]
    guessed = guess_noise(frames, boxes, scores)
    found = {}
    for frame, part, box, score, guess in zip(frames, parts, boxes, scores, guessed, strict=True):
        said = np.array([rows.rows[k].noise_px for k in part])
        labels = np.array([rows.rows[k].label for k in part], dtype=np.str_)
        noise_px = np.where(said > 0, said, guess)
        found[int(frame)] = Detections(box, score, labels, noise_px)
    return found

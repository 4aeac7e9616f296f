"""What could be changed in a clip: things in view, and where each is clear of all others.

Things come from given boxes where there are any, else from what physcheck followed.
Nothing is chosen by name; size, place and motion decide.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from physcheck.errors import InputError
from physcheck.mutation.footage import Footage, Thing
from physcheck.records import Report, TrackRecord
from physcheck.signals import runs
from physcheck.types import Bools, Floats, Ints

__all__ = [
    "Chance",
    "Sighting",
    "chances",
    "given_boxes",
    "halves",
    "label_beside",
    "read_boxes",
    "sightings",
    "things_in",
]

_COLUMNS = ("frame", "x1", "y1", "x2", "y2")
_HOLE = 4
"""A thing that is missing for fewer frames than this is taken to be in between."""
_SMALLEST_PX = 10.0
"""Geometric mean of width and height, px of the footage; less cannot be cut out."""
_LARGEST = 0.45
"""Longest side, as a share of the picture's; more leaves no background to learn from."""
_MARGIN_PX = 3.0
_SHORTEST = 14
"""Frames for which a thing is clear at least: half of them before the change."""
_BRIEF = 6
_TINY_PX = 5.0
_STREAK = 6.0
_STAYS = 0.4
"""What gets about by less than this share of its size is no thing of its own."""
_PLAIN = 8.0
_LOOKS_ALIKE = 3.0
"""Mean difference, grey levels, up to which a place looks the same."""
_SAME = 0.4
_OFTEN = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """One thing in a clip. frames: (T,) increasing numbers in the file. boxes: (T, 4) px.

    moving: whether it gets about. origin: "boxes" or "tracks".
    """

    label: str
    frames: Ints
    boxes: Floats
    origin: str


@dataclass(frozen=True, slots=True, eq=False)
class Chance:
    """A thing that may be changed in frames first to last, of a clip from start to stop.

    start, stop: of the footage, stop exclusive. first, last: inclusive; the thing is
    whole, in the picture and clear of all other things in each of them.
    worth: how much happens there, larger is better.
    """

    thing: Thing
    start: int
    stop: int
    first: int
    last: int
    worth: float


def label_beside(path: Path) -> dict[str, object]:
    """What a labels.json in the folder of a clip, or the one above, says of the clip.

    Returns:
        Its fields, and "folder", that of the label file; or an empty dict.
    """
    for folder in (path.parent, path.parent.parent):
        file = folder / "labels.json"
        if not file.is_file():
            continue
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{file}: no label file ({error}); repair or remove it") from error
        clips = content.get("clips", []) if isinstance(content, dict) else content
        for clip in clips:
            if (folder / str(clip.get("clip"))).resolve() == path.resolve():
                return {**clip, "folder": folder}
    return {}


def given_boxes(path: Path, boxes: Path | None = None) -> tuple[Sighting, ...]:
    """The boxes that were given for a clip: a file, or the one its label names as `gt`."""
    if boxes is not None:
        return read_boxes(boxes)
    label = label_beside(path)
    named = label.get("gt")
    if not isinstance(named, str) or not named:
        return ()
    file = Path(str(label["folder"])) / named
    return read_boxes(file) if file.is_file() else ()


def read_boxes(path: Path) -> tuple[Sighting, ...]:
    """Read things from CSV: frame,x1,y1,x2,y2,obj; 0-based frames, px of the clip.

    Raises:
        InputError: the file is not there, or a column or a number is missing.
    """
    rows: dict[str, list[list[float]]] = defaultdict(list)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                rows[row.get("obj") or "thing"].append([float(row[name]) for name in _COLUMNS])
    except OSError as error:
        raise InputError(f"{path}: boxes cannot be read ({error.strerror})") from error
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: boxes need the columns {','.join(_COLUMNS)},obj with numbers ({error})"
        ) from error
    return tuple(_sighting(label, np.array(sorted(row))) for label, row in rows.items())


def _sighting(label: str, rows: Floats) -> Sighting:
    return Sighting(label, rows[:, 0].astype(np.int64), rows[:, 1:], "boxes")


def sightings(report: Report, given: Sequence[Sighting] = ()) -> tuple[Sighting, ...]:
    """All that moves in a clip: what is given, and what was followed besides."""
    tracked = [one for track in report.tracks if _gets_about(one := _from_track(track))]
    return (*given, *(one for one in tracked if not any(_same(one, other) for other in given)))


def _gets_about(one: Sighting) -> bool:
    """Whether it is no flicker: seen for some frames, no streak, and not always in one place."""
    if len(one.frames) < _BRIEF:
        return False
    side = np.median(one.boxes[:, 2:] - one.boxes[:, :2], axis=0)
    centre = (one.boxes[:, :2] + one.boxes[:, 2:]) / 2
    body = float(np.sqrt(np.prod(side)))
    way = float(np.hypot(*np.ptp(centre, axis=0)))
    return bool(body >= _TINY_PX and side.max() < _STREAK * side.min() and way > _STAYS * body)


def _from_track(track: TrackRecord) -> Sighting:
    seen = np.array(track.observed, dtype=bool)
    frames, boxes = np.array(track.frames, dtype=np.int64), np.array(track.boxes)
    return Sighting(track.label, frames[seen], boxes[seen].reshape(-1, 4), "tracks")


def _same(one: Sighting, other: Sighting) -> bool:
    """Whether two are of one thing: most of the time their boxes cover each other."""
    _, mine, theirs = np.intersect1d(one.frames, other.frames, return_indices=True)
    if len(mine) < _OFTEN * len(one.frames) or len(mine) == 0:
        return False
    a, b = one.boxes[mine], other.boxes[theirs]
    side = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    shared = np.prod(np.maximum(side, 0), axis=1)
    smaller = np.minimum(_area(a), _area(b))
    return bool(np.mean(shared > _SAME * smaller) > _OFTEN)


def _area(boxes: Floats) -> Floats:
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return np.asarray(np.maximum(area, 1e-9), dtype=np.float64)


def things_in(found: Iterable[Sighting], footage: Footage) -> tuple[Thing, ...]:
    """The sightings as things of the footage: unbroken stretches, in its px."""
    scale = np.tile(footage.scale, 2)
    things: list[Thing] = []
    for one in found:
        inside = (one.frames >= footage.start) & (one.frames < footage.start + footage.n)
        frames, boxes = one.frames[inside] - footage.start, one.boxes[inside] * scale
        for piece in np.split(np.arange(len(frames)), np.flatnonzero(np.diff(frames) > _HOLE) + 1):
            if len(piece) < 2:
                continue
            whole = np.arange(frames[piece[0]], frames[piece[-1]] + 1)
            columns = [np.interp(whole, frames[piece], column) for column in boxes[piece].T]
            filled = np.stack(columns, axis=1)
            if one.origin == "tracks" and not footage.moving:
                whole, filled = _with_rests(footage, whole, filled)
            things.append(Thing(len(things) + 1, one.label, whole, filled, one.origin))
    return tuple(things)


def _with_rests(footage: Footage, frames: Ints, boxes: Floats) -> tuple[Ints, Floats]:
    """The same with the time before it set off and after it came to rest.

    What moves is followed only while it moves; at rest its place looks the same.
    """
    before = _unchanged(footage, int(frames[0]), boxes[0], -1)
    after = _unchanged(footage, int(frames[-1]), boxes[-1], 1)
    whole = np.arange(frames[0] - before, frames[-1] + after + 1)
    return whole, np.pad(boxes, ((before, after), (0, 0)), mode="edge")


def _unchanged(footage: Footage, k: int, box: Floats, step: int) -> int:
    """For how many frames from `k` on the box looks as it does there."""
    width, height = footage.size
    x1, y1 = np.clip(np.floor(box[:2]).astype(int), 0, [width, height])
    x2, y2 = np.clip(np.ceil(box[2:]).astype(int), 0, [width, height])
    if min(x2 - x1, y2 - y1) < 4:
        return 0

    def look(j: int) -> Floats:
        patch = footage.frames[j, y1:y2, x1:x2].mean(axis=2)
        return np.asarray(cv2.blur(patch, (3, 3)), dtype=np.float64)

    here = look(k)
    if here.std() < _PLAIN:
        return 0
    stop = footage.n if step > 0 else -1
    n = 0
    for j in range(k + step, stop, step):
        if np.abs(look(j) - here).mean() > _LOOKS_ALIKE:
            break
        n += 1
    return n


def chances(
    footage: Footage,
    things: Sequence[Thing],
    rng: np.random.Generator,
    *,
    max_frames: int = 96,
) -> list[Chance]:
    """Where a thing may be changed, the best first; at most one stretch for each thing."""
    found = [
        chance
        for thing in things
        if (chance := _chance(footage, things, thing, rng, max_frames)) is not None
    ]
    given = any(one.origin == "boxes" for one in things)
    if given:
        found = [one for one in found if one.thing.origin == "boxes"]
    return sorted(found, key=lambda one: -one.worth)


def halves(chance: Chance) -> tuple[Chance, ...]:
    """The first and the second half of a stretch, where both are long enough."""
    middle = (chance.first + chance.last + 1) // 2
    if middle - chance.first < _SHORTEST:
        return ()
    return (
        replace(chance, stop=middle, last=middle - 1, worth=chance.worth / 2),
        replace(chance, start=middle, first=middle, worth=chance.worth / 2),
    )


def _chance(
    footage: Footage,
    things: Sequence[Thing],
    thing: Thing,
    rng: np.random.Generator,
    max_frames: int,
) -> Chance | None:
    clear = _clear(footage, things, thing)
    best = max(runs(clear), key=lambda run: _worth(thing, run), default=None)
    if best is None or best[1] - best[0] < _SHORTEST:
        return None
    first, stop = (int(thing.frames[0]) + k for k in best)
    n = min(max_frames, stop)
    lead = int(rng.integers(0, max(1, min(first, n - (stop - first)) + 1))) if n > 0 else 0
    if stop - first > n:
        first = _liveliest(thing, first, stop, n)
        lead, stop = 0, first + n
    return Chance(thing, first - lead, stop, first, stop - 1, _worth(thing, best))


def _clear(footage: Footage, things: Sequence[Thing], thing: Thing) -> Bools:
    """(T,) True where the thing is of a fit size, off the border and away from others."""
    width, height = footage.size
    boxes = thing.boxes
    side = boxes[:, 2:] - boxes[:, :2]
    fit = np.sqrt(np.maximum(np.prod(side, axis=1), 0)) >= _SMALLEST_PX
    fit &= (side < _LARGEST * max(width, height)).all(axis=1)
    fit &= (boxes[:, :2] >= _MARGIN_PX).all(axis=1)
    fit &= (boxes[:, 2:] <= np.array([width, height]) - _MARGIN_PX).all(axis=1)
    for other in things:
        if other is not thing:
            fit &= ~_touching(thing, other)
    return np.asarray(fit, dtype=np.bool_)


def _touching(thing: Thing, other: Thing) -> Bools:
    """(T,) True where the other's box comes within a tenth of the thing's size."""
    touched = np.zeros(len(thing.frames), dtype=bool)
    _, mine, theirs = np.intersect1d(thing.frames, other.frames, return_indices=True)
    a, b = thing.boxes[mine], other.boxes[theirs]
    reach = 0.1 * np.sqrt(_area(a))[:, None]
    apart = np.maximum(a[:, :2], b[:, :2]) - np.minimum(a[:, 2:], b[:, 2:])
    touched[mine] = (apart < reach).all(axis=1)
    return touched


def _worth(thing: Thing, run: tuple[int, int]) -> float:
    """Longer, farther and neither tiny nor huge is better; given boxes are trusted more."""
    boxes = thing.boxes[run[0] : run[1]]
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    size = float(np.sqrt(np.median(_area(boxes))))
    way = float(np.hypot(*(centre.max(axis=0) - centre.min(axis=0)))) / max(size, 1.0)
    steady = float(np.exp(-3 * np.median(np.abs(np.diff(np.log(_area(boxes)))))))
    fit = float(np.exp(-np.abs(np.log(size / 45.0)) / 2))
    return min(run[1] - run[0], 90) / 30 * min(1.0 + way, 4.0) * steady * fit


def _liveliest(thing: Thing, first: int, stop: int, n: int) -> int:
    """Start of the n frames within which the thing moves farthest."""
    offset = int(thing.frames[0])
    centre = (thing.boxes[:, :2] + thing.boxes[:, 2:]) / 2
    steps = np.hypot(*np.diff(centre, axis=0).T)
    way = np.concatenate([[0.0], np.cumsum(steps)])[first - offset : stop - offset]
    return first + int(np.argmax(way[n - 1 :] - way[: len(way) - n + 1]))

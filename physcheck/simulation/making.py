"""From a pair of takes, or a hard negative, to clips, truth files and labels."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from physcheck.atomic import replace_file
from physcheck.drawing.scene import Picture, Seen
from physcheck.labels import ClipLabel, ViolationLabel
from physcheck.simulation.negatives import Negative, draw_negative
from physcheck.simulation.pairs import Pair, draw_pair
from physcheck.simulation.plans import Claim
from physcheck.simulation.settings import Setting
from physcheck.simulation.states import TICKS
from physcheck.video import write_video

__all__ = ["CLIPS", "TRUTH", "make_negative", "make_pair"]

CLIPS, TRUTH = "clips", "truth"
"""Folders beside the label file."""

ENCODER = {
    "preset": "veryfast",
    "tune": "zerolatency",
    "threads": "1",
    "x264-params": "mbtree=0:aq-mode=0",
}
"""x264 looks at no later frame: what twins share is coded alike, bit for bit. Without adaptive
quantisation grain survives on strong texture too."""

PAIRS, NEGATIVES = 0, 1
"""What a seed is for."""


def make_pair(folder: Path, seed: int, number: int, kind: str) -> list[ClipLabel]:
    """Draw, film and write one pair; the possible clip comes first.

    Args:
        folder: holds the folders `CLIPS` and `TRUTH`.
        seed: of the whole set. number: of the pair in it, from 0.
        kind: see `physcheck.simulation.pairs`.
    """
    pair = draw_pair(kind, (seed, PAIRS, number))
    name = f"{kind}-{number:04d}"
    n_frames = pair.possible.setting.n_frames
    shared = [pair.possible.frame(k) for k in range(pair.frame)]
    possible = [pair.possible.frame(k) for k in range(pair.frame, n_frames)]
    impossible = [pair.impossible.frame(k) for k in range(pair.frame, n_frames)]
    clean = f"{name}-clean"
    write_clip(folder, clean, shared + possible, pair.possible.setting, pair.rows[0])
    write_clip(folder, name, shared + impossible, pair.possible.setting, pair.rows[1])
    known = {"pair_id": name, "source": f"simulated-{seed}-{name}", "tags": _tags_of(pair)}
    setting = pair.possible.setting
    violations = tuple(_violation(pair, claim) for claim in pair.claims)
    return [
        _label(clean, setting, known, ()),
        _label(name, setting, known, violations),
    ]


def make_negative(folder: Path, seed: int, number: int, story: str) -> list[ClipLabel]:
    """Draw, film and write one clean clip that is hard to tell from a broken one.

    Args:
        folder, seed, number: as for `make_pair`.
        story: see `physcheck.simulation.negatives`.
    """
    clip = draw_negative(story, (seed, NEGATIVES, number))
    name = f"hard-{story}-{number:04d}"
    frames = range(clip.setting.n_frames)
    rows = [clip.truth(k) for k in frames]
    write_clip(folder, name, (clip.frame(k) for k in frames), clip.setting, rows)
    known = {"source": f"simulated-{seed}-{name}", "tags": _tags_of_negative(clip)}
    return [_label(name, clip.setting, known, ())]


def write_clip(
    folder: Path,
    name: str,
    pictures: Iterable[Picture],
    setting: Setting,
    rows: Sequence[Sequence[Seen]],
) -> None:
    """Encode pictures, and write what is to be seen in them as CSV beside."""
    path = folder / CLIPS / f"{name}.mp4"
    write_video(path, pictures, setting.fps, crf=setting.crf, options=ENCODER)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("frame", "x1", "y1", "x2", "y2", "obj", "visible"))
    for frame, seen in enumerate(rows):
        for row in seen:
            edges = (f"{edge:.2f}" for edge in row.box)
            table.writerow((frame, *edges, row.name, f"{row.visible:.3f}"))
    replace_file(folder / TRUTH / f"{name}.csv", text.getvalue().encode())


def _label(
    name: str,
    setting: Setting,
    known: Mapping[str, object],
    violations: tuple[ViolationLabel, ...],
) -> ClipLabel:
    """The label of one clip; `known` goes into it as it is."""
    width, height = setting.size_px
    return ClipLabel.model_validate(
        {
            "clip": f"{CLIPS}/{name}.mp4",
            "origin": "simulated",
            "verdict": "violation" if violations else "clean",
            "fps": setting.fps,
            "frames": setting.n_frames,
            "width": width,
            "height": height,
            "camera": setting.camera_name,
            "grain": round(setting.grain, 2),
            "crf": setting.crf,
            "gt": f"{TRUTH}/{name}.csv",
            "violations": violations,
            **known,
        }
    )


def _violation(pair: Pair, claim: Claim) -> ViolationLabel:
    """A claim as a label, with the thing's box and its size before the break."""
    actors, states = pair.possible.cast.actors, pair.impossible.history
    name = actors[claim.thing].name
    rows = pair.rows[0 if claim.box_from_twin else 1][claim.peak]
    x1, y1, x2, y2 = next(row.box for row in rows if row.name == name)
    start = max(claim.start, 0)
    width_m, height_m = 2 * states.half[start * TICKS, claim.thing]
    size_px = math.sqrt(width_m * height_m) * pair.impossible.px_per_m[start, claim.thing]
    return ViolationLabel(
        kind=claim.kind,
        start_frame=claim.start,
        end_frame=claim.end,
        object=name,
        box_at_peak=(claim.peak, *rounded(x1, y1, x2, y2)),
        note=claim.note,
        magnitude=None if claim.magnitude is None else round(float(claim.magnitude), 4),
        magnitude_unit=claim.unit,
        size_px=round(float(size_px), 1),
    )


def _tags_of(pair: Pair) -> tuple[str, ...]:
    """What is in a pair of clips."""
    cast = pair.possible.cast
    n_things = sum(
        any(row.name == actor.name for seen in pair.rows[0] for row in seen)
        for actor in cast.actors
    )
    return _unique((*cast.tags, "several" if n_things > 1 else "one thing"))


def _tags_of_negative(clip: Negative) -> tuple[str, ...]:
    """What is in a hard negative."""
    casts = [take.cast for _, take in clip.takes]
    n_things = max(len(cast.actors) for cast in casts)
    tags = [tag for cast in casts for tag in cast.tags]
    return _unique((*clip.tags, *tags, "several" if n_things > 1 else "one thing", "hard negative"))


def rounded(x1: float, y1: float, x2: float, y2: float) -> tuple[float, float, float, float]:
    """The edges of a box to a tenth of a px."""
    return round(float(x1), 1), round(float(y1), 1), round(float(x2), 1), round(float(y2), 1)


def _unique(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))

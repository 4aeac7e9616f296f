"""Which things of a clip can be cut out and put back, and when each may be changed."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from physcheck.analysis import analyze
from physcheck.mutation.compositor import Compositor, Placement
from physcheck.mutation.footage import Footage, Thing, read_footage
from physcheck.mutation.kinds import Scene
from physcheck.mutation.paths import measure_course
from physcheck.mutation.picking import (
    Chance,
    Sighting,
    chances,
    given_boxes,
    halves,
    sightings,
    things_in,
)
from physcheck.mutation.writing import matching_crf
from physcheck.signals import runs
from physcheck.types import Bytes, Video
from physcheck.video import VideoReader

__all__ = ["Cut", "Settings", "Source", "chance_of", "find_cuts"]

_MOST_SHOTS = 3
_MOST_HALVED = 3
_SHORTEST_SHOT = 24
_LONGEST_STRETCH = 320
"""Frames of a shot that are held in memory at a time."""
_MOST_SCENES = 3
_MOST_TRIALS = 8
"""Things of a shot that are tried before it is given up."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How pairs are made. per_clip: most pairs of one clip, or None. repeat: pairs of a kind."""

    seed: int = 0
    max_frames: int = 96
    max_side_px: int = 640
    per_clip: int | None = None
    repeat: int = 1


@dataclass(slots=True, eq=False)
class Cut:
    """A thing that can be changed.

    twin: frames of the clip put together again, by index. written: where such stretches are.
    """

    scene: Scene
    compositor: Compositor
    crf: int
    twin: dict[int, Bytes] = field(default_factory=dict)
    written: dict[tuple[int, int], Path] = field(default_factory=dict)

    def whole(self, k: int) -> Bytes:
        """Frame `k` with the thing cut out and put back as it was."""
        if not self.scene.first <= k <= self.scene.last:
            return np.asarray(self.scene.footage.frames[k])
        if k not in self.twin:
            self.twin[k] = self.compositor.render(k, [Placement(source=k)])
        return self.twin[k]


@dataclass(frozen=True, slots=True)
class Source:
    """A clip that is cut from. stem: how the files made from it begin."""

    path: Path
    stem: str
    label: Mapping[str, object]

    @property
    def origin(self) -> str:
        """Clips of one origin are not independent."""
        named = self.label.get("source") or self.label.get("source_repo")
        return str(named or self.path.name)


def chance_of(seed: int, *words: str) -> np.random.Generator:
    """Random numbers that depend on the seed and on some words only."""
    return np.random.default_rng([seed, *(zlib.crc32(word.encode()) for word in words)])


def find_cuts(
    source: Source, boxes: Path | None, settings: Settings
) -> tuple[list[Cut], list[Cut], list[str]]:
    """Things that can be changed, those that cannot be cut out, and why not."""
    video = _looked_at(source.path)
    found = sightings(analyze(source.path), given_boxes(source.path, boxes))
    cuts: list[Cut] = []
    uncut: list[Cut] = []
    reasons: list[str] = []
    for start, stop in _stretches(video):
        footage = read_footage(
            source.path, start=start, stop=stop, max_side_px=settings.max_side_px, video=video
        )
        rng = chance_of(settings.seed, source.stem, f"window {start}")
        for cut in _trials(source, footage, found, rng, settings):
            refusal = cut.compositor.refusal
            (uncut if refusal else cuts).append(cut)
            reasons += [refusal] if refusal else []
    if not cuts and not uncut:
        reasons.append("nothing is followed in the open, whole and alone for long enough")
    return cuts, uncut, reasons


def _looked_at(path: Path) -> Video:
    reader = VideoReader(path)
    for _ in reader.pieces():
        pass
    return reader.video


def _stretches(video: Video) -> list[tuple[int, int]]:
    """Frames without cut or fade, the longest of them; long shots are cut short."""
    steady = ~np.asarray(video.transition)
    spans = [
        (first + start, min(first + stop, first + start + _LONGEST_STRETCH))
        for first, last in video.shots
        for start, stop in runs(steady[first:last])
    ]
    spans = sorted(spans, key=lambda span: span[0] - span[1])[:_MOST_SHOTS]
    return [span for span in spans if span[1] - span[0] >= _SHORTEST_SHOT]


def _trials(
    source: Source,
    footage: Footage,
    found: Sequence[Sighting],
    rng: np.random.Generator,
    settings: Settings,
) -> Iterator[Cut]:
    """Cut out the best things of a stretch, until enough of them come out well."""
    things = things_in(found, footage)
    best = chances(footage, things, rng, max_frames=settings.max_frames)[:_MOST_TRIALS]
    if not best:
        return
    crf = matching_crf(footage, source.path)
    n_good = 0
    for number, chance in enumerate(best):
        cut = _cut_out(footage, things, chance, crf)
        # Where a part of the way spoils the whole, the rest may do.
        shorter = halves(chance) if cut.compositor.refusal and number < _MOST_HALVED else ()
        parts = [_cut_out(footage, things, half, crf) for half in shorter]
        good = [part for part in parts if not part.compositor.refusal]
        yield from good or [cut]
        n_good += len(good) or not cut.compositor.refusal
        if n_good >= _MOST_SCENES:
            return


def _cut_out(footage: Footage, things: Sequence[Thing], chance: Chance, crf: int) -> Cut:
    scene = Scene(footage, things, chance, measure_course(footage, chance.thing))
    window = (chance.first, chance.last + 1)
    return Cut(scene, Compositor(footage, things, chance.thing, window=window), crf)

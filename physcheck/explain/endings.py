"""Births, deaths and gaps, each with the innocent explanations that were tried.

Hard facts come first: the shot ends, a cut or a fade, the border. What remains is
weighed as a whole, at first by what the tracks tell alone, then, where that leaves a
doubt, by the pixels too. Every innocent explanation carries the log odds of the
accusation ("it came from, or went into, nothing") against it and what was measured.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from physcheck import boxes as geometry
from physcheck.camera import stabilise_each
from physcheck.explain.innocence import from_pixels, left_the_frame, without_pixels
from physcheck.explain.neighbours import (
    clutter,
    covered_share,
    crowd_share,
    nearest_gap,
    outgrowth,
)
from physcheck.explain.pixels import Pixels
from physcheck.explain.returns import Seen, awaited
from physcheck.explain.second_look import Path, look, rows_too_late
from physcheck.explain.weighing import FIRST, SECOND, weights
from physcheck.types import Bools, Ending, Floats, Gap, Ints, Return, Track

__all__ = ["MeasuredEnd", "Surroundings", "explain_ends", "measured_ends"]

_HISTORY = 8
_LONG_HISTORY = 24
_WHOLE = 0.12
"""Log size by which a box that is cut by nothing may differ from the usual."""
_TURNED = 0.35
"""Sizes from the foreseen place beyond which a whole box has taken another way."""
_MIN_HISTORY = 3
_MIN_AFTER = 3
_MIN_SIZE_PX = 8.0
"""Working px; smaller things carry too few pixels to be asked."""
_CUT_BEFORE, _CUT_AFTER = 2, 3
"""Rows around an end in which a cut or a fade forbids to judge it."""
_EXIT = 0.6
"""Of its reach from the border; nearer it may have left the frame."""
_DOUBT = -5.5
"""Nats without pixels; what is surer to be innocent is not asked further."""
_NEAR_ROWS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """What an end is judged against.

    pixels: of the piece. unsteady: (n,) rows where the picture is not to be trusted.
    others: n arrays (N, 4) of stabilised boxes of all sure detections of a row.
    size_px: width and height of the clip.
    ends: (n,) how many tracks begin or end in a row; alive: (n,) how many are there.
    """

    pixels: Pixels
    unsteady: Bools
    others: list[Floats]
    size_px: tuple[int, int]
    ends: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    alive: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


class MeasuredEnd(NamedTuple):
    """An end explained, and what was measured of it by name of the test."""

    ending: Ending
    measured: dict[str, float]


def explain_ends(track: Track, first: int, around: Surroundings) -> Track:
    """Explain how a track begins, ends and is lost in between.

    Args:
        track: as fitted. first: row of its first frame in the piece.

    Returns:
        The same track with birth, death and gaps explained.
    """
    ends = [end.ending for end in measured_ends(track, first, around)]
    gaps = tuple(itertools.starmap(Gap, zip(ends[2::2], ends[3::2], strict=True)))
    return replace(track, birth=ends[0], death=ends[1], gaps=gaps)


def measured_ends(
    track: Track, first: int, around: Surroundings, *, thorough: bool = False
) -> Iterator[MeasuredEnd]:
    """Yield birth, death, and departure and arrival of each gap.

    Args:
        track: as fitted. first: row of its first frame in the piece.
        thorough: ask the pixels even where the tracks leave no doubt.
    """
    rows = first + np.arange(len(track.frames))
    boxes = stabilise_each(track.boxes, around.pixels.camera, rows, around.pixels.px)
    thing = _Thing(track, first, boxes, around, thorough)
    seen = _without_isolated(np.flatnonzero(track.observed))
    yield thing.end(int(seen[0]), -1)
    yield thing.end(int(seen[-1]), 1)
    for a, b in itertools.pairwise(seen.tolist()):
        if b - a > 1:
            yield thing.end(a, 1, until=b)
            yield thing.end(b, -1, until=a)


def _without_isolated(seen: Ints) -> Ints:
    """Rows without those amid a gap: one sighting is as likely of what was uncovered."""
    lonely = np.r_[False, (np.diff(seen)[:-1] > 1) & (np.diff(seen)[1:] > 1), False]
    return seen[~lonely] if len(seen) > 2 else seen


_CAUSES = {
    "left the frame": "border",
    "the detector missed it": "missed",
    "went behind something": "occluded",
    "merged with a neighbour": "merged",
    "its outline is unsure": "unclear",
    "light or shadow": "unclear",
    "the picture changed everywhere": "unclear",
    "too fast to tell": "unclear",
}


@dataclass(frozen=True, slots=True, eq=False)
class _Thing:
    """A track, the row of its first frame in the piece and its stabilised boxes (T, 4)."""

    track: Track
    first: int
    boxes: Floats
    around: Surroundings
    thorough: bool = False

    def end(self, at: int, step: int, until: int | None = None) -> MeasuredEnd:
        """Explain the end at index `at` of the track, looking along `step`."""
        row, frame = self.first + at, int(self.track.frames[at])
        room = (self.around.pixels.n - 1 - row) if step > 0 else row
        if until is not None:
            room = min(room, abs(until - at) - 1)
        if room == 0:
            reason = "the shot ends" if step > 0 else "the shot begins"
            return MeasuredEnd(Ending(frame, "clip", reason=reason), {})
        other = int(self.around.pixels.piece.frames[row + step])
        cause, reason = self._untold(row, step, room, until is not None)
        if cause:
            return MeasuredEnd(Ending(frame, cause, reason=reason, other_frame=other), {})
        path, reason = self._path(at, step, room)
        if path is None:
            return MeasuredEnd(Ending(frame, "unclear", reason=reason, other_frame=other), {})
        return self._weighed(at, path, until is not None)

    def _untold(self, row: int, step: int, room: int, returns: bool) -> tuple[str, str]:
        """Cause and reason where an end cannot be told, else ("", "")."""
        before, after = row - step * _CUT_BEFORE, row + step * _CUT_AFTER
        near = slice(max(0, min(before, after)), max(before, after) + 1)
        if not returns and room < _MIN_AFTER:
            return "clip", "too close to the end of the shot"
        if self.around.unsteady[near].any():
            return "transition", "cut, fade or camera"
        if returns and room < 2 and self._frames_lost(row, step) < 2:
            return "missed", "lost for one frame"
        return "", ""

    def _frames_lost(self, row: int, step: int) -> float:
        """For how many frames the row after an end stands; a still scene leaves out doubles."""
        frames = self.around.pixels.piece.frames
        stays = abs(int(frames[row + 2 * step]) - int(frames[row])) - 1
        return stays / float(np.median(np.diff(frames)))

    def _path(self, at: int, step: int, room: int) -> tuple[Path | None, str]:
        """The way of the thing up to its end, or why it cannot be told."""
        track, px = self.track, self.around.pixels.px
        behind = np.arange(at, at - step * (_LONG_HISTORY + 1), -step)
        behind = behind[(behind >= 0) & (behind < len(track.frames))]
        behind = behind[track.observed[behind]]
        if np.sum(np.abs(behind - at) <= _HISTORY) < _MIN_HISTORY:
            return None, "seen too briefly"
        if track.merged[behind[:3]].any():
            return None, "merged with another"
        boxes = self.boxes[behind]
        sizes = geometry.size(boxes)
        size = np.median(sizes[1:], axis=0)
        if size.min() / px.min() < _MIN_SIZE_PX:
            return None, "too small"
        # What hides the thing cuts its box: only whole boxes tell where its middle goes.
        whole = np.abs(np.log(np.maximum(sizes, 1e-3) / size)).max(axis=1) < _WHOLE
        centre, rows_on = geometry.centre(boxes), -np.abs(behind - at).astype(np.float64)
        use = np.flatnonzero(whole[1:]) + 1
        use = use if len(use) >= 4 else np.arange(1, len(behind))
        place, velocity = _motion(rows_on[use], centre[use], float(size.mean()))
        if whole[0] and np.linalg.norm(centre[0] - place) > _TURNED * size.mean():
            # No occluder shifts a whole box so far: it bounced, and the last row knows.
            use = np.concatenate([[0], use])
            place, velocity = _motion(rows_on[use], centre[use], float(size.mean()))
        known = np.flatnonzero(whole & (rows_on > -_HISTORY))
        seen = {int(rows_on[k]): centre[k] for k in known}
        empty = self._empty_rows(behind, place, size)
        last = self.first + at
        return Path(last, step, size, place, velocity, boxes[:_HISTORY], room, seen, empty), ""

    def _empty_rows(self, behind: Ints, place: Floats, size: Floats) -> tuple[int, ...]:
        """Rows before the end in which the thing had not yet come to its last place."""
        away = np.abs(geometry.centre(self.boxes[behind]) - place) > 1.1 * size
        return tuple((self.first + behind[away.any(axis=1)][:6:2]).tolist())

    def _weighed(self, at: int, path: Path, returns: bool) -> MeasuredEnd:
        """Weigh all tests; those that need pixels only where the others leave a doubt."""
        margin = _exit_margin(path, self.around)
        if margin < _EXIT and not self.thorough:
            return self._left(at, path, margin)
        measured = self._measure(at, path, returns)
        odds = weights(FIRST).log_odds(measured)
        asked = self.thorough or odds > _DOUBT
        if asked:
            at, path, measured = self._sooner(at, path, measured, returns)
            measured |= look(self.around.pixels, path)
            odds = weights(SECOND).log_odds(measured)
        alternatives = [*without_pixels(measured), *(from_pixels(measured) if asked else ())]
        best = min(alternatives, key=lambda one: one.log_odds)
        frame = int(self.track.frames[at])
        other = int(self.around.pixels.piece.frames[path.last + path.step])
        cause = "open" if odds > 0 else _CAUSES[best.name]
        ending = Ending(frame, cause, odds, "", tuple(alternatives), other_frame=other)
        if path.step > 0 and cause == "occluded":
            ending = replace(ending, awaited=self._awaited(at, path))
        return MeasuredEnd(ending, measured)

    def _awaited(self, at: int, path: Path) -> Return | None:
        """When it should be back, if it went behind something."""
        rows = np.arange(at, at - _LONG_HISTORY - 1, -1)
        rows = rows[rows >= 0]
        track = self.track
        rows = rows[track.observed[rows] & ~track.merged[rows] & ~track.border[rows]]
        seen = Seen(self.first + rows, self.boxes[rows])
        return awaited(self.around.pixels, path, seen)

    def _left(self, at: int, path: Path, margin: float) -> MeasuredEnd:
        """It may have left the frame, and nothing else is asked."""
        frame = int(self.track.frames[at])
        other = int(self.around.pixels.piece.frames[path.last + path.step])
        left = left_the_frame(margin)
        ending = Ending(frame, "border", left.log_odds, "", (left,), other_frame=other)
        return MeasuredEnd(ending, {"exit": margin})

    def _sooner(
        self, at: int, path: Path, measured: dict[str, float], returns: bool
    ) -> tuple[int, Path, dict[str, float]]:
        """The same end where the pixels lost the thing, if its box outlived it."""
        sooner = at - path.step * rows_too_late(self.around.pixels, path)
        if sooner == at or not 0 <= sooner < len(self.boxes):
            return at, path, measured
        earlier, _ = self._path(sooner, path.step, path.room + abs(sooner - at))
        if earlier is None:
            return at, path, measured
        return sooner, earlier, self._measure(sooner, earlier, returns)

    def _measure(self, at: int, path: Path, returns: bool) -> dict[str, float]:
        """All tests that need no pixels."""
        track, around = self.track, self.around
        seen = np.flatnonzero(track.observed)
        beside = seen[np.abs(seen - at) <= _NEAR_ROWS]
        own = {self.first + int(k): self.boxes[k] for k in beside}
        nearest = nearest_gap(path, own, around.others)
        grown = outgrowth(path, own, around.others)
        covered = covered_share(path, around.others)
        behind = np.arange(at - path.step, at - path.step * 9, -path.step)
        behind = behind[(behind >= 0) & (behind < len(track.frames))]
        recent = np.abs(seen - at) <= 2 * _HISTORY
        side = (seen - at) * path.step <= 0
        near = slice(max(path.last - _NEAR_ROWS, 0), path.last + _NEAR_ROWS + 1)
        return {
            "exit": _exit_margin(path, around),
            "neighbour": nearest,
            "covered": max(covered, grown) if nearest < 0.8 else 0.0,
            "overlapped": covered,
            "outgrown": min(grown, 2.0),
            "crowd": crowd_share(path, around.others),
            "clutter": clutter(path, around.others),
            "wavering": _wavering(track, behind),
            "light": float(np.nanmean(track.scores)),
            "journey": float(np.log1p(_journey(track))),
            "pace": float(np.linalg.norm(path.velocity) / path.size.mean()),
            "everywhere": around.pixels.unrest(min(path.last, path.last + path.step)),
            "history": float(np.log((recent & side).sum())),
            "life": float(np.log(side.sum())),
            "clear": float(np.mean(track.clear[behind])) if len(behind) else 0.0,
            "size": float(np.log(path.size.min() / around.pixels.px.min())),
            "last area": _last_area(path),
            "company": float(np.log1p(around.ends[near].sum())),
            "alive": float(np.log1p(around.alive[path.last])),
            "returns": float(returns),
            "absence": float(np.log(min(path.room, 60))),
            "moving camera": float(around.pixels.camera.kind == "moving"),
            "shaky camera": float(around.pixels.camera.kind == "shaky"),
        }


def _motion(rows_on: Floats, centre: Floats, size: float) -> tuple[Floats, Floats]:
    """Place and velocity at row 0 from the newest rows that lie on one smooth way."""
    best = np.polyfit(rows_on[:3], centre[:3], 1)
    for n in range(4, min(len(rows_on), _HISTORY) + 1):
        degree = 1 if n < 6 else 2
        fit = np.polyfit(rows_on[:n], centre[:n], degree)
        left = centre[:n] - np.stack([np.polyval(fit[:, k], rows_on[:n]) for k in (0, 1)], axis=1)
        if np.linalg.norm(left, axis=1).max() > 1.0 + 0.02 * size:
            break
        best = fit
    return best[-1], best[-2]


def _exit_margin(path: Path, around: Surroundings) -> float:
    """Least distance to the border over the next two rows, over how far it may get by then."""
    margins = []
    for k in range(3):
        row = min(max(path.last + path.step * k, 0), around.pixels.n - 1)
        box = around.pixels.to_frame(row, path.box(k)) * np.tile(around.pixels.px, 2)
        edge = np.array([*box[:2], *(np.array(around.size_px) - box[2:])])
        margins.append(edge.min())
    reach = 0.1 * path.size.mean() + 0.5 * np.linalg.norm(path.velocity)
    return float(min(margins) / reach)


def _wavering(track: Track, behind: Ints) -> float:
    """Spread of log area over the rows before the end."""
    members = behind[track.observed[behind]] if len(behind) else behind
    size = geometry.size(track.boxes[members])
    if len(size) < 4:
        return float("nan")
    area = np.log(np.maximum(size.prod(axis=1), 1.0))
    rows = np.arange(len(area))
    return float(np.std(area - np.polyval(np.polyfit(rows, area, 1), rows)))


def _journey(track: Track) -> float:
    """Largest way from the start, in sizes."""
    size = float(np.exp(np.nanmedian(track.mean[:, 2:4])))
    return float(np.linalg.norm(track.mean[:, :2] - track.mean[0, :2], axis=1).max() / size)


def _last_area(path: Path) -> float:
    """Log of the last box's area over the usual one."""
    return float(np.log(np.maximum(geometry.area(path.earlier[0]), 1.0) / path.size.prod()))

"""The clip as a video with what was found drawn into it, and a timeline below."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from physcheck.atomic import TEMPORARY
from physcheck.container import Packets, open_container, video_stream
from physcheck.errors import ConfigurationError, InputError
from physcheck.records import FLAG_PROBABILITY, Box, Report, TrackRecord, ViolationRecord
from physcheck.render.prediction import Prediction, predict
from physcheck.types import Bytes
from physcheck.video import write_video

__all__ = ["write_overlay"]

# Okabe and Ito's colours, which those who see few colours tell apart, too; RGB.
BAD, DOUBT, FORETOLD = (255, 110, 60), (240, 185, 60), (86, 200, 250)
OTHER, DARK = (235, 235, 235), (16, 17, 19)
JUDGED, BLANK = (58, 96, 104), (44, 46, 50)
TRAIL_S = 0.8
"""So much of the way so far is drawn, s."""
MANY = 24
"""Of more things in one frame the numbers are not written."""
LINGER_S = 0.4
"""A rule is named at least so long, s."""


def write_overlay(report: Report, clip: Path, file: Path) -> None:
    """Write an H.264 video that browsers play; it appears as a whole or not at all.

    Boxes and numbers of what was followed; while a rule is broken its name, and of the
    thing that breaks it the way so far and, dashed, the way foretold. Below the picture
    is a lane for each rule that is broken.

    Args:
        report: of the clip. clip: the file. file: the video to write.

    Raises:
        InputError: the clip cannot be read, or is not that of the report.
        ConfigurationError: the video could not be written.
    """
    if not report.timeline.times_s:
        raise InputError(f"{clip}: the report knows of no frame in it")
    times_s = np.asarray(report.timeline.times_s)
    step_s = report.video.duration_s / report.video.frames or 0.04
    temporary = file.with_name(f"{TEMPORARY}{secrets.token_hex(4)}{file.suffix}")
    options = {"preset": "veryfast"}
    try:
        frames = _drawn(report, clip)
        since_s = times_s - times_s[0]
        write_video(temporary, frames, 1 / step_s, crf=20, options=options, times_s=since_s)
        temporary.replace(file)
    except OSError as error:
        raise ConfigurationError(f"{file}: could not be written: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)


class _Look(NamedTuple):
    """Sizes that go with the picture. line: px. font: scale of letters. pad: px."""

    line: int
    font: float
    pad: int

    @classmethod
    def of(cls, width: int, height: int) -> _Look:
        """For a picture of this size."""
        side = min(width, height)
        return cls(max(1, round(side / 300)), max(0.35, side / 900), max(2, round(side / 130)))


class _Story(NamedTuple):
    """A violation and what belongs to it. first, stop: frames in which its name is shown."""

    violation: ViolationRecord
    tracks: tuple[TrackRecord, ...]
    foretold: tuple[Prediction, ...]
    first: int
    stop: int

    @property
    def colour(self) -> tuple[int, int, int]:
        return BAD if self.violation.probability >= FLAG_PROBABILITY else DOUBT


def _drawn(report: Report, clip: Path) -> Iterator[Bytes]:
    """Every frame, upright, RGB, with everything drawn into it."""
    stories = _stories(report)
    rows = _rows_by_frame(report)
    look = _Look.of(report.video.width, report.video.height)
    strip = _strip(report, look)
    number = -1
    for number, picture in enumerate(_upright(clip)):
        if number >= len(report.timeline.times_s):
            break
        _draw_frame(picture, number, stories, rows.get(number, []), look, report)
        yield np.vstack([picture, _with_playhead(strip, report, number)])
    if number + 1 != len(report.timeline.times_s):
        raise InputError(f"{clip}: has not as many frames as the report says")


def _upright(clip: Path) -> Iterator[Bytes]:
    with open_container(clip) as container:
        turn: int | None = None
        for decoded in Packets(container, video_stream(container, clip)).frames():
            turn = round(decoded.rotation / 90) % 4 if turn is None else turn
            yield np.ascontiguousarray(np.rot90(decoded.to_ndarray(format="rgb24"), turn))


def _stories(report: Report) -> list[_Story]:
    """The violations, the surest last, so that it is drawn over the others."""
    step_s = max(report.video.duration_s / max(report.video.frames, 1), 1e-3)
    shortest = round(LINGER_S / step_s)
    return [
        _Story(
            one,
            tuple(track for track in report.tracks if track.id in one.track_ids),
            predict(report, one),
            one.start_frame,
            max(one.stop_frame, one.start_frame + shortest),
        )
        for one in sorted(report.violations, key=lambda one: one.probability)
    ]


def _rows_by_frame(report: Report) -> dict[int, list[tuple[TrackRecord, int]]]:
    """Which rows of which tracks belong to each frame."""
    found: dict[int, list[tuple[TrackRecord, int]]] = {}
    for track in report.tracks:
        for row, frame in enumerate(track.frames):
            found.setdefault(frame, []).append((track, row))
    return found


def _draw_frame(
    picture: Bytes,
    frame: int,
    stories: list[_Story],
    rows: list[tuple[TrackRecord, int]],
    look: _Look,
    report: Report,
) -> None:
    active = [one for one in stories if one.first <= frame < one.stop]
    guilty = {ident for one in active for ident in one.violation.track_ids}
    for track, row in rows:
        if track.id not in guilty:
            _box(picture, track.boxes[row], OTHER, max(1, look.line // 2))
            if len(rows) <= MANY:
                _label(picture, str(track.id), track.boxes[row], look, OTHER)
    names: dict[tuple[int, ...], list[_Story]] = {}
    for story in active:
        _draw_story(picture, frame, story, look, report)
        names.setdefault(story.violation.track_ids, []).insert(0, story)
    for together in names.values():
        words = ", ".join(dict.fromkeys(one.violation.rule for one in together))
        _label(picture, words, _places(together[0], frame)[0], look, together[0].colour)


def _draw_story(picture: Bytes, frame: int, story: _Story, look: _Look, report: Report) -> None:
    times_s = report.timeline.times_s
    for track in story.tracks:
        way = [
            _centre(box)
            for number, box in zip(track.frames, track.boxes, strict=True)
            if number <= frame and times_s[number] >= times_s[frame] - TRAIL_S
        ]
        _line(picture, way, story.colour, look.line)
    for one in story.foretold:
        _dashes(picture, [_centre(box) for box in one.boxes], FORETOLD, look.line)
        if (ahead := one.at(frame)) is not None:
            _box(picture, ahead, FORETOLD, look.line)
    for place in _places(story, frame):
        _box(picture, place, story.colour, look.line + 1)


def _places(story: _Story, frame: int) -> list[Box]:
    """Where the things of a violation are, or where it was worst where they are gone."""
    found = [
        track.boxes[track.frames.index(frame)] for track in story.tracks if frame in track.frames
    ]
    return found or [story.violation.box]


def _box(picture: Bytes, box: Box, colour: tuple[int, int, int], thick: int) -> None:
    """A box, light within dark, so that it shows on anything."""
    corners = (round(box[0]), round(box[1])), (round(box[2]), round(box[3]))
    cv2.rectangle(picture, *corners, DARK, thick + 2, cv2.LINE_AA)
    cv2.rectangle(picture, *corners, colour, thick, cv2.LINE_AA)


def _centre(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _line(
    picture: Bytes, way: list[tuple[float, float]], colour: tuple[int, int, int], thick: int
) -> None:
    if len(way) > 1:
        points = np.round(np.array(way)).astype(np.int32)[:, None]
        cv2.polylines(picture, [points], False, DARK, thick + 2, cv2.LINE_AA)
        cv2.polylines(picture, [points], False, colour, thick, cv2.LINE_AA)


def _dashes(
    picture: Bytes, way: list[tuple[float, float]], colour: tuple[int, int, int], thick: int
) -> None:
    for k in range(0, len(way) - 1, 2):
        _line(picture, way[k : k + 2], colour, thick)


def _label(picture: Bytes, text: str, box: Box, look: _Look, colour: tuple[int, int, int]) -> None:
    """Words on a plate above a box, or below it where there is no room above."""
    loud = colour is not OTHER
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, look.font if loud else look.font * 0.7
    (width, height), _ = cv2.getTextSize(text, font, scale, look.line)
    pad = look.pad if loud else look.pad // 2 + 1
    x = int(min(max(0, box[0]), max(0, picture.shape[1] - width - 2 * pad)))
    y = int(box[1]) - height - 2 * pad - 2
    if y < 0:
        y = int(min(box[3] + 2, picture.shape[0] - height - 2 * pad))
    plate, ink = (colour, DARK) if loud else (DARK, OTHER)
    cv2.rectangle(picture, (x, y), (x + width + 2 * pad, y + height + 2 * pad), plate, -1)
    cv2.putText(
        picture, text, (x + pad, y + pad + height), font, scale, ink, look.line, cv2.LINE_AA
    )


def _strip(report: Report, look: _Look) -> Bytes:
    """The timeline: a lane for each rule that is broken, else one of what was judged."""
    width = report.video.width
    tall, gap = max(12, look.pad * 4), max(2, look.pad // 2)
    broken = list(dict.fromkeys(one.rule for one in report.violations))
    n_lanes = max(1, len(broken))
    height = (n_lanes * (tall + gap) + gap + 1) // 2 * 2
    strip = np.full((height, width, 3), DARK, np.uint8)
    for lane in range(n_lanes):
        top = gap + lane * (tall + gap)
        rows = slice(top, top + tall)
        strip[rows] = BLANK
        rules = broken[lane : lane + 1] or list(report.timeline.rules)
        for rule in rules:
            judged = report.timeline.rules[rule].judged if rule in report.timeline.rules else ()
            for start, stop in judged:
                strip[rows, _column(report, start) : _column(report, stop)] = JUDGED
        for one in report.violations:
            if one.rule in broken[lane : lane + 1]:
                first = _column(report, one.start_frame)
                last = max(_column(report, one.stop_frame), first + 3)
                sure = one.probability >= FLAG_PROBABILITY
                strip[rows, first:last] = BAD if sure else DOUBT
        if broken:
            place = (look.pad, top + tall - max(2, tall // 4))
            scale = 0.026 * tall
            cv2.putText(
                strip, broken[lane], place, cv2.FONT_HERSHEY_SIMPLEX, scale, OTHER, 1, cv2.LINE_AA
            )
    return strip


def _column(report: Report, frame: int) -> int:
    """Where a frame begins in the strip, px."""
    return round(report.video.width * frame / max(report.video.frames, 1))


def _with_playhead(strip: Bytes, report: Report, frame: int) -> Bytes:
    shown = strip.copy()
    x = min(_column(report, frame), shown.shape[1] - 2)
    shown[:, x : x + 2] = (255, 255, 255)
    return shown

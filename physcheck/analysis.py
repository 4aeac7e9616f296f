"""The whole story on one page: a clip goes in, a report comes out.

frames -> camera -> detections -> tracks -> explained tracks -> world
       -> signals -> violations -> report
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from physcheck.camera import estimate_camera
from physcheck.config import TimeSpan
from physcheck.detector_choice import Sight
from physcheck.detectors import Detector
from physcheck.errors import ConfigurationError
from physcheck.explain import explain
from physcheck.explain.tracks import unsteady
from physcheck.freefall import Fall, Scale, falls_in, frame_step_s, slow_motion
from physcheck.kalman import Backend
from physcheck.report import Report, build_report
from physcheck.rules import (
    Pack,
    config_sha256,
    decide,
    load_pack,
    measure,
    select_rules,
    tell_incidents,
)
from physcheck.score import score
from physcheck.sight import OpenedSight, open_sight
from physcheck.tensors import is_tensor, read_tensor
from physcheck.tracking import track
from physcheck.types import Bytes, Ending, Gap, Piece, Shot, Signal, Tensor, Track, World
from physcheck.video import ArrayReader, VideoReader
from physcheck.world import build_world

__all__ = ["analyze", "configuration_sha256"]

_SMALLEST_PX = 16
"""Shorter side of a working picture in which anything can be followed."""


def analyze(
    source: str | Path | Bytes | Tensor,
    *,
    fps: float | None = None,
    pack: str = "default",
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    detector: str = "auto",
    weights: str | Path | None = None,
    device: str = "auto",
    floor: tuple[float, ...] | None = None,
    px_per_metre: float | None = None,
    true_fps: float | None = None,
    filter: Backend = "numpy",
    ignore_regions: Sequence[tuple[float, float, float, float]] = (),
    ignore_spans: Sequence[TimeSpan] = (),
    signals: bool = False,
    sight: Sight | OpenedSight | None = None,
    save_detections: str | Path | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Report:
    """Check one clip.

    Args:
        source: path of a video, or RGB frames: an array (F, H, W, 3) of uint8, or a tensor of
            torch on any device, see `TensorReader`.
        fps: frames a second; needed for frames, not allowed for a path.
        pack: name or file of the rule pack.
        select, ignore: names of rules or groups to keep, to leave out.
        detector: "auto", "motion", "yolo", "hybrid" or "transformers".
        weights, device: for detectors that use them.
        floor: (y,) or (x1, y1, x2, y2), px of the clip, where the floor is.
        px_per_metre: how long a metre is where things fly, px of the clip.
        true_fps: frames a second at which the clip was recorded. With both, falls are
            also judged by themselves, against 9.81 m/s^2.
        filter: which implementation of the Kalman filter is used.
        ignore_regions: boxes xyxy, px; what is seen within them is not judged.
        ignore_spans: pieces of the clip that are not judged.
        signals: store every measurement in the report.
        sight: what looks at the pixels, in place of detector, weights and device; opened
            where it is used for many clips, see `physcheck.sight`.
        save_detections: folder that gets a JSON file of what was detected, named like the clip.
        progress: called with a stage and the share of the clip done, in [0, 1].

    Returns:
        The report.

    Raises:
        InputError: the source could not be read.
        ConfigurationError: an argument or the pack is wrong.
        MissingExtraError: the detector needs what is not installed.
        ShapeError: the frames have another form.
    """
    arguments = {name: value for name, value in locals().items() if name != "source"}
    rules = select_rules(load_pack(pack), select=select, ignore=ignore)
    asked = sight or Sight(detector, weights, device)
    opened = asked if isinstance(asked, OpenedSight) else open_sight(asked)
    reader = _open(source, fps)
    looking = opened.look_at(source)
    looking.seen = None if save_detections is None else {}
    ignored = _Ignored(tuple(ignore_regions), tuple(ignore_spans))
    scene = _Scene(floor, Scale(px_per_metre, true_fps))
    work = _Work(looking, rules, scene, filter, ignored, progress or _no_progress)
    own = nullcontext() if opened is sight else closing(opened)
    with own, closing(looking), closing(reader.pieces(looking.watcher)) as pieces:
        while work.take_next(pieces):
            pass
    with work.clock.stage("decide"):
        video = reader.video
        obstacles = (*reader.obstacles, *work.obstacles)
        decision = decide(rules, {} if obstacles else work.signals, video)
        total = score(
            decision.peak_probability,
            decision.n_judged,
            decision.abstained,
            n_violations=len(decision.violations),
            n_frames=int(np.sum(~video.doubled)),
            n_tracks=len(work.tracks),
            n_moving_tracks=sum(map(_moves, work.tracks)),
            problems=obstacles,
            calibrated=rules.calibrated,
            curve=rules.score_curve,
        )
    if save_detections is not None:
        looking.save(Path(save_detections), video)
    return build_report(
        video,
        work.tracks,
        decision,
        total,
        detector=looking.info,
        pack=rules,
        config_sha256=configuration_sha256(**arguments),
        seconds=work.clock.seconds,
        incidents=tell_incidents(decision.violations, work.tracks),
        worlds=work.worlds,
        signals=work.signals if signals else None,
        notes=(opened.line, *looking.notes(), *reader.remarks, *work.notes()),
    )


_ARGUMENTS = inspect.signature(analyze)


def configuration_sha256(**arguments: Any) -> str:
    """The `config_sha256` of a report that `analyze` makes with the same arguments.

    Args:
        arguments: keyword arguments of `analyze`; those that decide nothing do not matter.

    Raises:
        ConfigurationError: an argument or the pack is wrong.
    """
    given = _ARGUMENTS.bind(None, **arguments)
    given.apply_defaults()
    asked = SimpleNamespace(**given.arguments)
    rules = select_rules(load_pack(asked.pack), select=asked.select, ignore=asked.ignore)
    sight = asked.sight or Sight(asked.detector, asked.weights, asked.device)
    looking = (sight.asked if isinstance(sight, OpenedSight) else sight).settings()
    settings: dict[str, object] = {"floor": asked.floor, "filter": asked.filter, **looking}
    for name in ("px_per_metre", "true_fps"):
        if getattr(asked, name) is not None:
            settings[name] = float(getattr(asked, name))
    # What nobody asked for leaves no trace, so that hashes of older reports stay right.
    if len(asked.ignore_regions):
        settings["ignore_regions"] = [[float(side) for side in box] for box in asked.ignore_regions]
    if len(asked.ignore_spans):
        settings["ignore_spans"] = [list(span) for span in asked.ignore_spans]
    return config_sha256(rules, settings)


@dataclass(slots=True)
class _Clock:
    """Wall clock seconds of each stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


@dataclass(frozen=True, slots=True)
class _Ignored:
    """Where and when the user does not want to hear of anything."""

    regions: tuple[tuple[float, float, float, float], ...]
    spans: tuple[TimeSpan, ...]

    def apply(self, signal: Signal, piece: Piece) -> Signal:
        """The signal with what is ignored not judged."""
        hidden = np.zeros(len(signal.frames), dtype=bool)
        centre = (signal.boxes[:, :2] + signal.boxes[:, 2:]) / 2
        for x1, y1, x2, y2 in self.regions:
            hidden |= np.all((centre >= [x1, y1]) & (centre <= [x2, y2]), axis=1)
        times_s = piece.times_s[np.searchsorted(piece.frames, signal.frames)]
        for span in self.spans:
            at = signal.frames if span.unit == "frames" else times_s
            hidden |= (at >= span.start) & (at < span.stop)
        if not hidden.any():
            return signal
        return replace(
            signal,
            values=np.where(hidden, np.nan, signal.values),
            reasons=np.where(hidden, "ignored", signal.reasons),
        )


@dataclass(frozen=True, slots=True)
class _Scene:
    """What the user knows of the place: see `analyze` and `Scale`."""

    floor: tuple[float, ...] | None
    scale: Scale

    def complete(self, world: World, piece: Piece) -> World:
        """The world with what only the user can know."""
        pull = self.scale.pull_px_per_s2(frame_step_s(piece.frames, piece.times_s))
        return replace(world, pull_px_per_s2=pull)


@dataclass(slots=True)
class _Work:
    """What grows while the pieces of a clip go by: tracks and signals."""

    detector: Detector
    rules: Pack
    scene: _Scene
    filter: Backend
    ignored: _Ignored
    progress: Callable[[str, float], None]
    tracks: list[Track] = field(default_factory=list)
    worlds: list[World] = field(default_factory=list)
    signals: dict[str, list[Signal]] = field(default_factory=dict)
    clock: _Clock = field(default_factory=_Clock)
    borders: list[int] = field(default_factory=list)
    falls: list[Fall] = field(default_factory=list)
    obstacles: tuple[str, ...] = ()

    def notes(self) -> list[str]:
        """What was done differently because of the clip's length, and slow motion."""
        slow = slow_motion(self.falls)
        return [*self._borders(), *([slow] if slow else [])]

    def _borders(self) -> list[str]:
        if not self.borders:
            return []
        frames = ", ".join(map(str, self.borders))
        return [
            "long shots were judged in pieces, and nothing was followed across their borders, "
            f"which are at frames {frames}"
        ]

    def take_next(self, pieces: Iterator[Piece]) -> bool:
        """Take a piece, which is let go before the next one is decoded.

        Returns:
            Whether there was one.
        """
        with self.clock.stage("decode"):
            piece = next(pieces, None)
        if piece is None:
            return False
        self._take(piece)
        return True

    def _take(self, piece: Piece) -> None:
        """Carry one piece from pixels to signals."""
        h, w = piece.luma.shape[1:]
        if min(h, w) < _SMALLEST_PX:
            self.obstacles = (f"the picture is too small: {w} x {h} px at working size",)
            return
        size_px = (round(w * piece.px[0]), round(h * piece.px[1]))
        with self._stage("camera", 0.1):
            camera = estimate_camera(piece.luma)
        with self._stage("detect", 0.2):
            detections = self.detector.detect(piece, camera)
        with self._stage("track", 0.7):
            found = track(piece, camera, detections, size_px, backend=self.filter)
        with self._stage("explain", 0.8):
            explained = explain(piece, camera, detections, found, size_px)
        with self._stage("judge", 0.9):
            tracks = _renumbered(explained, len(self.tracks))
            world = build_world(piece, camera, tracks, self.scene.floor)
            world = self.scene.complete(world, piece)
            dim = unsteady(piece, camera)
            shot = Shot(piece.frames, piece.times_s, dim, *size_px, tuple(tracks), world)
            self.falls += falls_in(shot, self.scene.scale)
            for rule, signals in measure(self.rules, shot).items():
                heeded = [_narrow(self.ignored.apply(signal, piece)) for signal in signals]
                self.signals.setdefault(rule, []).extend(heeded)
        self.tracks += map(_slim, tracks)
        self.worlds.append(replace(world, stretches=()))
        if not piece.last:
            self.borders.append(int(piece.frames[-1]) + 1)

    @contextmanager
    def _stage(self, name: str, share: float) -> Iterator[None]:
        self.progress(name, share)
        with self.clock.stage(name):
            yield


def _no_progress(stage: str, share: float) -> None:
    """Nobody watches."""


def _open(source: str | Path | Bytes | Tensor, fps: float | None) -> ArrayReader | VideoReader:
    if is_tensor(source):
        return read_tensor(source, fps)
    if isinstance(source, np.ndarray):
        return ArrayReader(source, fps=fps)
    if fps is not None:
        raise ConfigurationError("fps is for frames in memory; a file says its own times")
    return VideoReader(source)


def _renumbered(tracks: Sequence[Track], n_before: int) -> list[Track]:
    """Ids 1, 2, ... in the order of first sight, after those of earlier pieces."""
    ids = {t.id: number for number, t in enumerate(tracks, start=n_before + 1)}

    def named(ending: Ending) -> Ending:
        return replace(ending, partner=ids.get(ending.partner, -1))

    return [
        replace(
            t,
            id=ids[t.id],
            birth=named(t.birth),
            death=named(t.death),
            gaps=tuple(Gap(named(g.departure), named(g.arrival)) for g in t.gaps),
        )
        for t in tracks
    ]


def _slim(track: Track) -> Track:
    """The track as the report needs it: without covariances, which are most of its memory."""
    n_rows = len(track.frames)
    unknown = np.float64(np.nan)
    return replace(
        track,
        cov=np.broadcast_to(unknown, (n_rows, 10, 10)),
        innovation=np.broadcast_to(unknown, (n_rows, 4)),
        innovation_cov=np.broadcast_to(unknown, (n_rows, 4, 4)),
        features=np.broadcast_to(unknown, (n_rows, 0)),
    )


def _narrow(signal: Signal) -> Signal:
    """The same signal in less memory: words no wider than needed, one value for all alike."""
    longest = int(np.char.str_len(signal.reasons).max(initial=1))
    reasons = signal.reasons.astype(f"U{longest}")
    if len(reasons) and (reasons == reasons[0]).all():
        reasons = np.broadcast_to(reasons[0], reasons.shape)
    unjudged = bool(np.isnan(signal.values).all())
    values = np.broadcast_to(np.nan, reasons.shape) if unjudged else signal.values
    return replace(signal, reasons=reasons, values=values)


def _moves(thing: Track) -> bool:
    """It gets further than half its size from where it was first seen."""
    way = np.linalg.norm(thing.mean[:, :2] - thing.mean[0, :2], axis=1).max()
    return bool(way > 0.5 * np.exp(np.median(thing.mean[:, 2:4])))

"""The data that flows through physcheck: frozen, checked for shape, read-only.

Letters for sizes: F frames of a video, n frames of a piece, T frames of one
track, N detections of a frame, D = 10 state of a track, h x w working picture.

Frame numbers are 0-based positions in the file as decoded. Boxes are
(x1, y1, x2, y2) in px of the clip, y pointing down. `*_stop` is exclusive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physcheck.errors import ShapeError

__all__ = [
    "STATE",
    "Alternative",
    "Bools",
    "Bytes",
    "Change",
    "Contact",
    "Detections",
    "Ending",
    "Evidence",
    "Floats",
    "Gap",
    "Ints",
    "Labels",
    "Piece",
    "Shot",
    "Signal",
    "Support",
    "Timeline",
    "Track",
    "Video",
    "Violation",
    "World",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
Labels = NDArray[np.unsignedinteger[Any]]

STATE = ("cx", "cy", "log_w", "log_h", "vx", "vy", "rate_w", "rate_h", "ax", "ay")
"""Names of the D = 10 numbers of a track's state: px, log px, and per second (squared)."""


def _freeze(instance: object, shapes: Mapping[str, tuple[str | int, ...]]) -> None:
    """Make every array of `instance` read-only and check the named shapes.

    A shape is a tuple of sizes; a letter stands for a size that must be the
    same wherever it occurs.
    """
    sizes: dict[str, int] = {}
    for entry in fields(instance):  # type: ignore[arg-type]
        value: Any = getattr(instance, entry.name)
        if not isinstance(value, np.ndarray):
            continue
        view = value.view()
        view.flags.writeable = False
        object.__setattr__(instance, entry.name, view)
        if entry.name not in shapes:
            continue
        wanted = shapes[entry.name]
        owner = f"{type(instance).__name__}.{entry.name}"
        if view.ndim != len(wanted):
            raise ShapeError(f"{owner} must have shape {wanted}, got {view.shape}")
        for want, got in zip(wanted, view.shape, strict=True):
            expected = sizes.setdefault(want, got) if isinstance(want, str) else want
            if expected != got:
                raise ShapeError(f"{owner} must have shape {wanted}, got {view.shape}")


@dataclass(frozen=True, slots=True, eq=False)
class Video:
    """What is known of a file once it was decoded to its end.

    times_s: (F,) presentation times from the container, s, increasing.
    doubled: (F,) True where a frame repeats the one before it.
    transition: (F,) True within a fade or a dissolve.
    shots: (start, stop) frame numbers of each run without a cut.
    problems: one sentence for each thing that could not be read.
    """

    path: str
    width_px: int
    height_px: int
    times_s: Floats
    doubled: Bools
    transition: Bools
    shots: tuple[tuple[int, int], ...]
    problems: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _freeze(self, {"times_s": ("F",), "doubled": ("F",), "transition": ("F",)})

    @property
    def n_frames(self) -> int:
        """Number of decoded frames, F."""
        return len(self.times_s)

    @property
    def duration_s(self) -> float:
        """From the first frame's time to the end of the last frame, s."""
        if self.n_frames < 2:
            return 0.0
        step = float(np.median(np.diff(self.times_s)))
        return float(self.times_s[-1] - self.times_s[0]) + step


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Consecutive frames of one shot at working size, in memory.

    Doubled frames are left out, so `frames` may have holes. A shot that is
    too long for memory comes as several pieces.

    frames: (n,) frame numbers in the file.
    times_s: (n,) presentation times, s.
    luma: (n, h, w) 8-bit Y.
    chroma: (n, h2, w2, 2) 8-bit U and V at half the working size.
    transition: (n,) True within a fade or a dissolve.
    px: (2,) px of the clip in one px of the working picture, along x and y.
    first, last: whether the piece begins, ends its shot.
    """

    frames: Ints
    times_s: Floats
    luma: Bytes
    chroma: Bytes
    transition: Bools
    px: Floats
    first: bool = True
    last: bool = True

    def __post_init__(self) -> None:
        _freeze(
            self,
            {
                "frames": ("n",),
                "times_s": ("n",),
                "luma": ("n", "h", "w"),
                "chroma": ("n", "h2", "w2", 2),
                "transition": ("n",),
                "px": (2,),
            },
        )


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """What a detector sees in one frame.

    boxes: (N, 4) px xyxy. scores: (N,) in [0, 1]. labels: (N,) words, "" unknown.
    noise_px: (N, 4) standard deviation of cx, cy, w, h.
    masks: (h, w) picture at working size, 0 nothing, k + 1 for row k, in the narrowest
        unsigned integers that hold N; or None.
    features: (N, K) colour and texture description, or (N, 0).
    """

    boxes: Floats
    scores: Floats
    labels: NDArray[np.str_]
    noise_px: Floats
    masks: Labels | None = None
    features: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    def __post_init__(self) -> None:
        if self.features.shape[0] != self.boxes.shape[0]:
            object.__setattr__(self, "features", np.zeros((self.boxes.shape[0], 0)))
        _freeze(
            self,
            {
                "boxes": ("N", 4),
                "scores": ("N",),
                "labels": ("N",),
                "noise_px": ("N", 4),
                "features": ("N", "K"),
            },
        )


@dataclass(frozen=True, slots=True)
class Alternative:
    """One innocent explanation that was tried.

    log_odds: of the accusation against this explanation, nats; positive speaks
    against the explanation. measured: what was measured, in words and numbers.
    """

    name: str
    log_odds: float
    measured: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How a track begins or ends.

    frame: first frame of the track (birth), last frame (death).
    cause: the best explanation: "clip", "border", "occluded", "merged", "split",
        "missed", "open" (from or into nothing), "relocated" (a look-alike is
        elsewhere), "transition", "unclear".
    log_odds: of "open" against the best innocent explanation, nats;
        NaN where it could not be told.
    reason: why it could not be told, "" otherwise.
    partner: id of the track it merged with, split from or jumped to, or -1.
    other_frame: first frame without the thing (death) or last one without (birth).
    """

    frame: int
    cause: str
    log_odds: float = float("nan")
    reason: str = ""
    alternatives: tuple[Alternative, ...] = ()
    partner: int = -1
    other_frame: int = -1


@dataclass(frozen=True, slots=True)
class Gap:
    """A track is lost and found again: departure and return, explained like ends."""

    departure: Ending
    arrival: Ending


@dataclass(frozen=True, slots=True)
class Change:
    """A sudden change within a track.

    kind: "size" (log size, width and height alike) or "place" (body lengths beyond
        what the motion around it foretells).
    start: last frame before it. stop: first frame after it.
    amount: how much, and error: its standard error, in the unit of the kind.
    log_odds: that the thing changed against that only its box did, nats.
    """

    kind: str
    start: int
    stop: int
    amount: float
    error: float
    log_odds: float
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One thing followed through a shot.

    frames: (T,) frame numbers, increasing, doubled frames left out; every
        undoubled frame from birth to death is there, seen or not.
    times_s: (T,) their times, s.
    observed: (T,) True where a detection was assigned.
    boxes: (T, 4) px; as measured where observed, as smoothed elsewhere.
    mean: (T, 10) smoothed state, see STATE. cov: (T, 10, 10).
    innovation: (T, 4) measured minus predicted cx, cy, log w, log h, of the
        forward pass, before any gate; NaN where not observed.
    innovation_cov: (T, 4, 4). nis: (T,) normalised innovation squared.
    border: (T,) True where the box touches the edge of the picture.
    clear: (T,) True where the outline can be trusted: observed, off the border,
        not merged with or hidden by something else, not blurred.
    merged: (T,) True where it is inside a region that holds several things.
    open: (T,) True where nothing is near that it could touch: no other thing, no
        strong edge of the scenery, no border.
    scores: (T,) of the detections, NaN where not observed.
    features: (T, K) of the detections, NaN where not observed.
    birth, death: how it begins and ends. gaps: where it was lost in between.
    changes: where its size or place changes suddenly, and whether it is the thing.
    """

    id: int
    label: str
    frames: Ints
    times_s: Floats
    observed: Bools
    boxes: Floats
    mean: Floats
    cov: Floats
    innovation: Floats
    innovation_cov: Floats
    nis: Floats
    border: Bools
    clear: Bools
    merged: Bools
    open: Bools
    scores: Floats
    features: Floats
    birth: Ending
    death: Ending
    gaps: tuple[Gap, ...] = ()
    changes: tuple[Change, ...] = ()

    def __post_init__(self) -> None:
        _freeze(
            self,
            {
                "frames": ("T",),
                "times_s": ("T",),
                "observed": ("T",),
                "boxes": ("T", 4),
                "mean": ("T", 10),
                "cov": ("T", 10, 10),
                "innovation": ("T", 4),
                "innovation_cov": ("T", 4, 4),
                "nis": ("T",),
                "border": ("T",),
                "clear": ("T",),
                "merged": ("T",),
                "open": ("T",),
                "scores": ("T",),
                "features": ("T", "K"),
            },
        )


@dataclass(frozen=True, slots=True)
class Contact:
    """A thing touches something: another track, a support or scenery.

    track_id touches other_id (-1: something that is not tracked) in `frame`.
    point: x, y in px of the clip. kind: "bounce", "rest", or "turn": the lower edge goes
    down and up again gently, as that of a pendulum or of a thing that sinks in.
    sigma_px: how well the place is known.
    """

    track_id: int
    other_id: int
    frame: int
    point: tuple[float, float]
    kind: str
    sigma_px: float


@dataclass(frozen=True, slots=True)
class Support:
    """A surface that things rest or bounce on, seen as a line y = intercept + slope * x.

    x_range: px, where it was touched. sigma_px: uncertainty of y within x_range.
    source: "user", or "contacts". track_ids: who touched it; n_contacts: how often.
    """

    slope: float
    intercept: float
    x_range: tuple[float, float]
    sigma_px: float
    source: str
    n_contacts: int
    track_ids: tuple[int, ...] = ()

    def y_at(self, x: Floats) -> Floats:
        """Height of the surface in the picture at x, px."""
        return np.asarray(self.intercept + self.slope * x, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """What surrounds the tracks of a shot.

    camera: (n, 3, 3) homography from each frame to the reference, px of the clip.
    camera_frames: (n,) the frame numbers of its rows.
    moving_camera: whether the camera moves at all.
    """

    camera: Floats
    camera_frames: Ints
    moving_camera: bool
    supports: tuple[Support, ...] = ()
    contacts: tuple[Contact, ...] = ()

    def __post_init__(self) -> None:
        _freeze(self, {"camera": ("n", 3, 3), "camera_frames": ("n",)})


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """All that a check may see: explained tracks and the world around them.

    frames: (n,) undoubled frame numbers of the shot; times_s: (n,) s.
    unsteady: (n,) True where a fade, a dissolve or a whip pan forbids judgement.
    """

    frames: Ints
    times_s: Floats
    unsteady: Bools
    width_px: int
    height_px: int
    tracks: tuple[Track, ...]
    world: World

    def __post_init__(self) -> None:
        _freeze(self, {"frames": ("n",), "times_s": ("n",), "unsteady": ("n",)})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a check says of one event within a signal.

    start, stop: frame numbers of the change itself, stop exclusive.
    box: xyxy px at the event. text: one sentence for a person.
    alternatives: the innocent explanations that were tried.
    """

    start: int
    stop: int
    box: tuple[float, float, float, float]
    text: str
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """What a check measured on one thing (or several): a number a frame, larger is worse.

    frames: (T,). values: (T,), NaN where the check abstained.
    reasons: (T,) words, why it abstained, "" where it judged.
    boxes: (T, 4) px, where to look.
    """

    track_ids: tuple[int, ...]
    label: str
    frames: Ints
    values: Floats
    unit: str
    reasons: NDArray[np.str_]
    boxes: Floats
    evidence: tuple[Evidence, ...] = ()

    def __post_init__(self) -> None:
        _freeze(
            self,
            {"frames": ("T",), "values": ("T",), "reasons": ("T",), "boxes": ("T", 4)},
        )


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that is broken, by whom, when, by how much. Fields as in the report."""

    id: str
    rule: str
    group: str
    track_ids: tuple[int, ...]
    label: str
    start_frame: int
    stop_frame: int
    start_s: float
    stop_s: float
    peak_frame: int
    box: tuple[float, float, float, float]
    peak: float
    limit: float
    unit: str
    probability: float
    explanation: str
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """How close each rule is to its limit, frame by frame.

    times_s: (F,). rules: R names. excess: (F, R) value / limit, the largest over
    the things in the frame; NaN where the rule could not be judged.
    reasons: (F, R) words, why not, "" where judged or where nothing is there.
    """

    times_s: Floats
    rules: tuple[str, ...]
    excess: Floats
    reasons: NDArray[np.str_]

    def __post_init__(self) -> None:
        _freeze(self, {"times_s": ("F",), "excess": ("F", "R"), "reasons": ("F", "R")})

"""What is followed through a shot: tracks, how they begin and end, and what surrounds them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physcheck.types.arrays import Bools, Floats, Ints, freeze

__all__ = [
    "STATE",
    "Alternative",
    "Change",
    "Contact",
    "Ending",
    "Gap",
    "Horizon",
    "Overlap",
    "Return",
    "Shot",
    "Stretch",
    "Support",
    "Track",
    "World",
]

STATE = ("cx", "cy", "log_w", "log_h", "vx", "vy", "rate_w", "rate_h", "ax", "ay")
"""Names of the D = 10 numbers of a track's state: px, log px, and per second (squared)."""


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
class Return:
    """When and where a thing that went behind something should come out by its own motion.

    start: earliest frame in which a part may show. due: frame by which, at its own pace,
        it is wholly out. stop: the one after the latest in which it should be. All may lie
        beyond the end of the shot.
    box: xyxy px where it should come out. behind: what hides it, "scenery" or "thing".
    empty_until: last frame up to which nothing shows there, nor where it went; -1 where
        it could not be told. overdue: from `due` to then, in standard deviations of when
        it should come out. doubt: why it may well stay there, "" otherwise.
    """

    start: int
    due: int
    stop: int
    box: tuple[float, float, float, float]
    behind: str
    empty_until: int = -1
    overdue: float = float("nan")
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a track begins or ends.

    frame: first frame of the track (birth), last frame (death).
    cause: the best explanation: "clip", "border", "occluded", "merged", "split",
        "missed", "open" (from or into nothing), "relocated" (a look-alike is
        elsewhere), "transition", "unclear".
    log_odds: of "open" against all that is innocent, all tests weighed together, nats;
        NaN where it could not be told.
    reason: why it could not be told, "" otherwise.
    partner: id of the track it merged with, split from or jumped to, or -1.
    other_frame: first frame without the thing (death) or last one without (birth).
    awaited: of a death or departure behind something, when it should be back; None where
        it did not go behind anything or that could not be foreseen.
    """

    frame: int
    cause: str
    log_odds: float = float("nan")
    reason: str = ""
    alternatives: tuple[Alternative, ...] = ()
    partner: int = -1
    other_frame: int = -1
    awaited: Return | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A track is lost and found again: departure and return, explained like ends."""

    departure: Ending
    arrival: Ending


@dataclass(frozen=True, slots=True)
class Change:
    """A sudden change within a track.

    kind: "size" (log size, width and height alike), "place" (body lengths beyond
        what the motion around it foretells), "look" (grey levels beyond what light and
        blur explain), "shape" (log of the longer over the shorter axis), or "split" and
        "merge" (sizes by which two of it are apart, after or before).
    start: last frame before it. stop: first frame after it.
    amount: how much, and error: its standard error, in the unit of the kind.
    log_odds: that the thing changed against that only its box did, nats.
    box: (x1, y1, x2, y2) px around both where there are two, else None.
    """

    kind: str
    start: int
    stop: int
    amount: float
    error: float
    log_odds: float
    alternatives: tuple[Alternative, ...] = ()
    box: tuple[float, float, float, float] | None = None


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
    changes: where its size, place, look or shape changes suddenly, and whether it is the thing.
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
        freeze(
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


@dataclass(frozen=True, slots=True)
class Horizon:
    """The row of the picture at which the plane ends that things go along.

    What stands on the plane at row y and is h px high obeys y = horizon + k h, with one
    k for each thing. y: px, above the picture where it is negative. sigma_px: its
    uncertainty. n_tracks: how many things told.
    """

    y: float
    sigma_px: float
    n_tracks: int


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Part of a track's way with one constant acceleration, as seen from the reference frame.

    Flights are such stretches, and so are rolling straight on and resting.

    frames, times_s: (n,) where the thing was seen, increasing. places: (n, 2) px.
    origin_s: time from which the coefficients count.
    coefficients: (3, 2) of x and y: px, px/s, px/s^2 (half the acceleration).
    covariance: (2, 3, 3) of the coefficients of x and of y.
    noise_px: (2,) standard deviation of a place, as the whole track shows it.
    misfit: root mean square of what is left, in those standard deviations.
    size_px: geometric mean of the sides, median. growth: of its log from first to last.
    """

    track_id: int
    frames: Ints
    times_s: Floats
    places: Floats
    origin_s: float
    coefficients: Floats
    covariance: Floats
    noise_px: Floats
    misfit: float
    size_px: float
    growth: float

    def __post_init__(self) -> None:
        freeze(
            self,
            {
                "frames": ("n",),
                "times_s": ("n",),
                "places": ("n", 2),
                "coefficients": (3, 2),
                "covariance": (2, 3, 3),
                "noise_px": (2,),
            },
        )

    @property
    def acceleration(self) -> Floats:
        """(2,) px/s^2."""
        return np.asarray(2 * self.coefficients[2])

    @property
    def acceleration_sigma(self) -> Floats:
        """(2,) standard deviation of the acceleration of x and of y, px/s^2."""
        return np.asarray(2 * np.sqrt(self.covariance[:, 2, 2]))

    @property
    def duration_s(self) -> float:
        """From the first to the last sample."""
        return float(self.times_s[-1] - self.times_s[0])

    def place(self, time_s: float) -> Floats:
        """(2,) px, at any time."""
        return np.asarray((time_s - self.origin_s) ** np.arange(3.0) @ self.coefficients)

    def velocity(self, time_s: float) -> Floats:
        """(2,) px/s, at any time."""
        return np.asarray(np.array([0.0, 1.0, 2 * (time_s - self.origin_s)]) @ self.coefficients)

    def velocity_variance(self, time_s: float) -> Floats:
        """(2,) variance of the velocity of x and of y, (px/s)^2."""
        row = np.array([0.0, 1.0, 2 * (time_s - self.origin_s)])
        return np.asarray(row @ self.covariance @ row)


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """Something that stands still hides a part of a thing for a while: who is in front.

    frames: (n,) around that while. in_front: (n,) log odds, nats, that the thing is in front
        of what hides it at some time, or will; NaN where too few pixels tell.
    hidden: (n,) share of the outline that is behind.
    turned: share of the outline in which the order turns round from one frame to the next,
        while the two overlap; turned_frame: the first frame after that.
    """

    track_id: int
    frames: Ints
    in_front: Floats
    hidden: Floats
    turned: float
    turned_frame: int

    def __post_init__(self) -> None:
        freeze(self, {"frames": ("n",), "in_front": ("n",), "hidden": ("n",)})


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """What surrounds the tracks of a shot.

    camera: (n, 3, 3) homography from each frame to the reference, px of the clip.
    camera_frames: (n,) the frame numbers of its rows.
    moving_camera: whether the camera moves at all.
    stretches: of all tracks that move, each track's in order of time.
    horizon: of the plane that things go along; None where it is not known.
    overlaps: of things with what stands still.
    pull_px_per_s2: acceleration of a free fall, px of the clip and seconds of the clip; NaN
        where the scale is not known.
    """

    camera: Floats
    camera_frames: Ints
    moving_camera: bool
    supports: tuple[Support, ...] = ()
    contacts: tuple[Contact, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    horizon: Horizon | None = None
    overlaps: tuple[Overlap, ...] = ()
    pull_px_per_s2: float = float("nan")

    def __post_init__(self) -> None:
        freeze(self, {"camera": ("n", 3, 3), "camera_frames": ("n",)})

    def steadied(self, points: Floats, frames: Ints) -> Floats:
        """Points (K, 2) px of the clip, each in one of the frames (K,), seen from the reference.

        A frame that the camera does not know counts as the next that it knows.
        """
        at = np.clip(np.searchsorted(self.camera_frames, frames), 0, len(self.camera) - 1)
        there = (self.camera[at] @ np.c_[points, np.ones(len(points))][..., None])[..., 0]
        return np.asarray(there[:, :2] / there[:, 2:])


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
        freeze(self, {"frames": ("n",), "times_s": ("n",), "unsteady": ("n",)})

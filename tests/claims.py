"""Claims about clips made by hand: the truth itself, chance, and single events."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from physcheck.evaluation.frames import frame_truth
from physcheck.evaluation.predictions import Event, Prediction
from physcheck.labels import ClipLabel, ViolationLabel

FPS = 25.0
N_FRAMES = 100


def wrong(
    kind: str, start: int, end: int, box: tuple[float, float, float, float] | None = None
) -> ViolationLabel:
    """A labelled violation, end inclusive; the box is that of its first frame."""
    place = None if box is None else (start, *box)
    return ViolationLabel(kind=kind, start_frame=start, end_frame=end, box_at_peak=place)


def labelled(clip: str, *violations: ViolationLabel, **fields: object) -> ClipLabel:
    """A clip of 100 frames at 25 a second, clean where no violation is given."""
    verdict = "violation" if violations else "clean"
    facts = {"verdict": verdict, "fps": FPS, "frames": N_FRAMES, **fields}
    return ClipLabel.model_validate({"clip": clip, "violations": violations, **facts})


def event(
    kind: str,
    start: int,
    stop: int,
    peak: int | None = None,
    box: tuple[float, float, float, float] | None = None,
    probability: float = 0.9,
) -> Event:
    """A claim, stop exclusive; its peak is its first frame where none is given."""
    return Event(kind, start, stop, start if peak is None else peak, box, probability)


def claimed(*events: Event, violation: float | None = None) -> Prediction:
    """A prediction of 100 frames at 25 a second."""
    frames = np.zeros(N_FRAMES)
    for one in events:
        frames[one.start_frame : one.stop_frame] = one.probability
    top = max((one.probability for one in events), default=0.0)
    return Prediction(
        violation=top if violation is None else violation,
        scored=True,
        flagged=bool(events),
        events=events,
        frames=frames,
        times_s=np.arange(N_FRAMES) / FPS,
        duration_s=N_FRAMES / FPS,
    )


def truth(label: ClipLabel) -> Prediction:
    """What an oracle says of a clip."""
    events = [
        Event(
            one.kind,
            one.start_frame,
            one.end_frame + 1,
            one.start_frame,
            None if one.box_at_peak is None else one.box_at_peak[1:],
            1.0,
        )
        for one in label.violations
    ]
    n_frames = label.frames or 0
    return Prediction(
        violation=float(label.verdict == "violation"),
        scored=True,
        flagged=bool(events),
        events=tuple(events),
        frames=frame_truth(label, n_frames).astype(np.float64),
        times_s=np.arange(n_frames) / (label.fps or FPS),
        duration_s=n_frames / (label.fps or FPS),
    )


def chance(n: int, rng: np.random.Generator) -> Sequence[Prediction]:
    """Random numbers about n clips: score, frames, and one event in half of them."""
    return [_one_chance(rng) for _ in range(n)]


def _one_chance(rng: np.random.Generator) -> Prediction:
    start = int(rng.integers(N_FRAMES - 5))
    events = (event("vanish", start, start + 5),) if rng.random() < 0.5 else ()
    flat = claimed(*events, violation=float(rng.random()))
    return Prediction(
        flat.violation,
        flat.scored,
        flat.flagged,
        flat.events,
        rng.random(N_FRAMES),
        flat.times_s,
        flat.duration_s,
    )

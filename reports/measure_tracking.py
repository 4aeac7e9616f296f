"""Measure our tracker against others and on labelled footage, and write tracking.md.

    python reports/measure_tracking.py [--mot DIR] [--footage DIR] [--weights FILE] [-o FILE]

Sequences: the same boxes with the same scores for all, one setting each: ours as it is,
the others at their defaults (trackers and ultralytics from PyPI; trackeval counts). Ours
knows the whole clip: its smoothed boxes are given, also across gaps of up to 0.3 s, of
things seen in at least 8 frames. KITTI's boxes count from a log odds of 2 on.

Speed: things drawn at random that walk about, seen in nine of ten frames, fed to our
forward pass, to all of our tracker, and to BYTETracker.

Footage: the labelled things of DIR/gt, followed by our tracker from what a detector sees,
before anything is explained.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import tracking_mot as mot
import tracking_nis
from tracking_footage import Thing, follow_clip, measure_clip

from physcheck import boxes as geometry
from physcheck.detectors import Detector
from physcheck.detectors.motion import MotionDetector
from physcheck.tracking.forward import run_forward
from physcheck.types import Detections

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
NAMES = ("ours", *mot.RIVALS)
N_THINGS = (10, 50, 200)
N_FRAMES = 200
SIZE_PX = (1920, 1080)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the report."""
    options = parse(arguments)
    cv2.setNumThreads(1)
    parts = [
        "# Tracking, measured\n",
        "Made by `python reports/measure_tracking.py`.\n",
        *(line + "\n" for line in (__doc__ or "").strip().split("\n\n")[2:]),
        sequences_as_markdown(options.mot),
        speed_as_markdown(),
    ]
    detectors: dict[str, Detector] = {"motion": MotionDetector()}
    if options.weights:
        from physcheck.sight import Sight, open_sight

        detectors["hybrid"] = open_sight(Sight("hybrid", options.weights, "cpu")).look_at("")
    for name, detector in detectors.items():
        parts.append(footage_as_markdown(options.footage, name, detector))
    parts.append(errors_as_markdown(options.footage, options.output.with_name("tracking-nis.svg")))
    options.output.write_text("\n".join(parts), encoding="utf-8")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--mot", type=Path, default=SHARED / "mot", metavar="DIR")
    add("--footage", type=Path, default=SHARED / "clips" / "real", metavar="DIR")
    add("--weights", type=Path, metavar="FILE")
    add("-o", "--output", type=Path, default=ROOT / "reports" / "tracking.md", metavar="FILE")
    return parser.parse_args(arguments)


def sequences_as_markdown(root: Path) -> str:
    """IDF1 / HOTA / MOTA of every tracker on every sequence, and the means of the folders."""
    rows: list[tuple[str, list[mot.Outcome]]] = []
    means: dict[str, list[list[mot.Outcome]]] = defaultdict(list)
    for sequence in mot.sequences(root):
        outcomes = []
        for name in NAMES:
            followed, seconds = mot.follow(
                sequence, mot.ours if name == "ours" else mot.RIVALS[name]
            )
            outcomes.append(mot.score(sequence, followed, seconds))
        rows.append((sequence.name, outcomes))
        means[sequence.folder].append(outcomes)
        print(sequence.name, file=sys.stderr, flush=True)
    head = "| | " + " | ".join(NAMES) + " |\n|---|" + "---|" * len(NAMES)
    folders = [
        f"| {folder} | " + " | ".join(_mean(column) for column in zip(*runs, strict=True)) + " |"
        for folder, runs in means.items()
    ]
    single = [f"| {name} | " + " | ".join(_mean([o]) for o in found) + " |" for name, found in rows]
    lines = ["## Sequences: IDF1 / HOTA / MOTA, %", "", "Mean of each folder:", "", head, *folders]
    lines += ["", "Each sequence with each file of boxes:", "", head, *single, ""]
    return "\n".join(lines)


def _mean(outcomes: Sequence[mot.Outcome]) -> str:
    cells = np.mean([[o.idf1, o.hota, o.mota] for o in outcomes], axis=0)
    return " / ".join(f"{cell:.1f}" for cell in cells)


def speed_as_markdown() -> str:
    """Milliseconds a frame of the forward pass, the whole tracker and BYTETracker."""
    lines = ["## Speed, ms a frame, one thread", ""]
    lines += [
        "| things | forward pass | whole tracker | BYTETracker | ratio forward | ratio whole |"
    ]
    lines += ["|---|---|---|---|---|---|"]
    for n in N_THINGS:
        sequence = synthetic(n)
        forward = _best_of(lambda s=sequence: _forward(s))
        whole = _best_of(lambda s=sequence: mot.ours(s))
        rival = _best_of(lambda s=sequence: mot.RIVALS["BYTETracker"](s))
        cells = [f"{1e3 * s / N_FRAMES:.2f}" for s in (forward, whole, rival)]
        ratios = [f"{rival / forward:.1f}", f"{rival / whole:.1f}"]
        lines.append(f"| {n} | " + " | ".join([*cells, *ratios]) + " |")
    return "\n".join([*lines, ""])


def _best_of(run: object, n_times: int = 3) -> float:
    """Least seconds of some runs: what else the machine did only adds."""
    seconds = []
    for _ in range(n_times):
        start = time.perf_counter()
        run()  # type: ignore[operator]
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def _forward(sequence: mot.Sequence) -> None:
    measured = [
        np.concatenate([geometry.centre(d.boxes), np.log(geometry.size(d.boxes))], axis=1)
        for d in sequence.detections
    ]
    run_forward(np.arange(len(measured)) / sequence.fps, measured, sequence.detections)


def synthetic(n_things: int, seed: int = 0) -> mot.Sequence:
    """Things of 40 to 80 px that walk about a large picture and are missed now and then."""
    rng = np.random.default_rng(seed)
    size = rng.uniform(40, 80, (n_things, 2))
    place = rng.uniform(0.1, 0.9, (n_things, 2)) * SIZE_PX
    pace = rng.normal(0, 3, (n_things, 2))
    detections = []
    for _ in range(N_FRAMES):
        place = place + pace
        pace = np.where(
            (place < 0) | (place > SIZE_PX), -pace, pace + rng.normal(0, 0.2, pace.shape)
        )
        seen = rng.random(n_things) < 0.9
        boxes = geometry.from_centre(place + rng.normal(0, 1, place.shape), size)[seen]
        detections.append(
            Detections(
                boxes=boxes,
                scores=rng.uniform(0.6, 1.0, len(boxes)),
                labels=np.full(len(boxes), ""),
                noise_px=np.full((len(boxes), 4), 1.0),
            )
        )
    truth = [mot.Truth() for _ in detections]
    return mot.Sequence("synthetic", str(n_things), detections, truth, 30.0, SIZE_PX)


def footage_as_markdown(root: Path, name: str, detector: Detector) -> str:
    """Identity, flights, bounces and passages of the labelled things."""
    things: list[Thing] = []
    for truth in sorted((root / "gt").glob("*.csv")):
        clip = root / "clips" / f"{truth.stem}.mp4"
        events = root / "gt" / "events.json"
        things += measure_clip(clip, truth, events, lambda path: follow_clip(path, detector))
        print(name, truth.stem, file=sys.stderr, flush=True)
    lines = [f"## Footage, {name}", ""]
    lines += [
        "Share: of the visible frames with the track that has most of them. Purity: the same of",
        "the frames in which any track is on it. Flights: residual to a parabola over that of",
        "the given boxes. Bounces, passages (entries, exits): frames too late.",
        "",
        "| clip | thing | share | purity | flights | bounces | passages |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in things:
        flights = ", ".join(f"{x:.2f}" for x in one.flights)
        late = [", ".join(f"{x:+.0f}" for x in row) for row in (one.bounces, one.passages)]
        cells = [one.clip, one.name, f"{one.share:.2f}", f"{one.purity:.2f}", flights, *late]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", _summary(things), ""])


def errors_as_markdown(root: Path, picture: Path) -> str:
    """How the errors of the filter are spread on all real clips; draws the picture."""
    clips = {}
    for clip in sorted((root / "clips").glob("*.mp4")):
        clips[clip.stem] = tracking_nis.nis_of(follow_clip(clip, MotionDetector()))
        print("NIS", clip.stem, file=sys.stderr, flush=True)
    tracking_nis.draw(clips, picture)
    return tracking_nis.as_markdown(clips, picture)


def _summary(things: list[Thing]) -> str:
    """How many things, flights and events are as wanted."""
    whole = sum(one.share >= 0.9 and one.purity >= 0.98 for one in things)
    flights = np.array([x for one in things for x in one.flights])
    times = np.array([x for one in things for x in one.bounces + one.passages])
    return (
        "One identity (share at least 0.9, purity at least 0.98): "
        f"{whole} of {len(things)} things. "
        f"Flights within 1.3 times the given residual: {int((flights <= 1.3).sum())} of "
        f"{len(flights)}, median {np.median(flights):.2f}. Bounces, entries and exits within 2 "
        f"frames: {int((np.abs(times) <= 2).sum())} of {len(times)}."
    )


if __name__ == "__main__":
    main()

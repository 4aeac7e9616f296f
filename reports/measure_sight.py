"""Measure what each kind of sight sees of labelled things, and write sight.md.

    python reports/measure_sight.py --weights FILE [--footage DIR] [--imgsz N]
        [--backend NAME] [--every N...] [--only NAME...] [-o FILE]

Recall: share of the labelled boxes (DIR/gt/NAME.csv) that some box overlaps by IoU over
0.3. False boxes a frame: boxes that overlap no labelled box so, in the frames that have
labels; where a clip has none, all boxes a frame are given instead, for nobody has said
which of them are right. Frames that repeat the one before are left out. Boxes count from
a score of 0.5 (0.25 for the model alone, its usual limit); in brackets the same with
every box, the faint ones too, which may go on with a track but not begin one.

Hybrid shows the model some frames only: in the first tables as many as it does by itself
on a CPU, in the last one every N-th for several N.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from sections import section_of

from physcheck import boxes as geometry
from physcheck.camera import Camera, estimate_camera
from physcheck.detectors.fusion import fuse
from physcheck.detectors.motion import MotionDetector, nothing
from physcheck.detectors.sparse import frames_shown
from physcheck.detectors.yolo import YoloDetector, build
from physcheck.types import Detections, Floats, Piece
from physcheck.video import VideoReader

ROOT = Path(__file__).resolve().parents[1]
OF_OTHERS = "What they lead to"
"""The section that measure_verdicts.py writes."""
SIGHTS = ("motion", "yolo", "hybrid")
STRONG = {"motion": 0.5, "yolo": 0.25, "hybrid": 0.5}
LEAST_IOU = 0.3
BALLS = ("ball", "pingpong")
"""Words in the names of labelled things that make their clip one of balls."""


@dataclass(slots=True)
class Count:
    """Labelled boxes and boxes of one sight: in all, seen, and right."""

    n_labelled: int = 0
    n_seen: int = 0
    n_boxes: int = 0
    n_false: int = 0
    n_frames: int = 0
    n_labelled_frames: int = 0

    def add(self, found: Floats, labelled: Floats | None) -> None:
        """Take one frame; labelled is None where the frame has no labels."""
        self.n_frames += 1
        self.n_boxes += len(found)
        if labelled is None:
            return
        overlap = geometry.iou(labelled, found) > LEAST_IOU
        self.n_labelled_frames += 1
        self.n_labelled += len(labelled)
        self.n_seen += int(overlap.any(axis=1).sum())
        self.n_false += int((~overlap.any(axis=0)).sum())

    @property
    def recall(self) -> float:
        return self.n_seen / self.n_labelled if self.n_labelled else float("nan")

    @property
    def false_a_frame(self) -> float:
        """False boxes in labelled frames, or all boxes where the clip has no labels."""
        if self.n_labelled_frames:
            return self.n_false / self.n_labelled_frames
        return self.n_boxes / max(self.n_frames, 1)


@dataclass(slots=True)
class Measured:
    """One clip: counts of strong boxes and of all, by sight; sparse ones by `every N`."""

    name: str
    labelled: bool
    of_balls: bool
    strong: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    every: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))


def main(arguments: Sequence[str] | None = None) -> None:
    """Look at every clip with each sight and write the table."""
    options = parse(arguments)
    cv2.setNumThreads(1)
    model = build(options.weights, imgsz=options.imgsz, backend=options.backend, device="cpu")
    paces = {f"every {n}": n for n in options.every}
    clips = sorted((options.footage / "clips").glob("*.mp4"))
    seconds: dict[str, float] = defaultdict(float)
    measured = []
    for clip in clips:
        if not options.only or clip.stem in options.only:
            measured.append(
                measure(clip, options.footage / "gt" / f"{clip.stem}.csv", model, seconds, paces)
            )
            print(clip.stem, file=sys.stderr, flush=True)
    before = options.output.read_text(encoding="utf-8") if options.output.exists() else ""
    text = as_markdown(measured, seconds, options) + "\n" + section_of(before, OF_OTHERS)
    options.output.write_text(text.rstrip() + "\n", encoding="utf-8")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--weights", type=Path, required=True, metavar="FILE")
    add("--footage", type=Path, default=ROOT.parent / "shared" / "clips" / "real", metavar="DIR")
    add("--imgsz", type=int, default=640, metavar="N")
    add("--backend", default="torch", metavar="NAME")
    add("--every", type=int, nargs="+", default=(1, 2, 3, 4, 5), metavar="N")
    add("--only", nargs="*", default=(), metavar="NAME")
    add("-o", "--output", type=Path, default=ROOT / "reports" / "sight.md", metavar="FILE")
    return parser.parse_args(arguments)


def read_truth(path: Path) -> tuple[dict[int, Floats], set[str]]:
    """Labelled boxes (N, 4) of each frame and the names of the things; none without a file."""
    boxes: dict[int, list[list[float]]] = defaultdict(list)
    names: set[str] = set()
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                boxes[int(row["frame"])].append([float(row[c]) for c in ("x1", "y1", "x2", "y2")])
                names.add(row["obj"])
    return {frame: np.array(rows) for frame, rows in boxes.items()}, names


def measure(
    clip: Path,
    truth: Path,
    model: YoloDetector,
    seconds: dict[str, float],
    paces: dict[str, int],
) -> Measured:
    """Look at one clip with each sight, and with hybrid at each pace."""
    labelled, names = read_truth(truth)
    of_balls = any(word in name for name in names for word in BALLS)
    result = Measured(clip.stem, bool(labelled), of_balls)
    for piece in VideoReader(clip).pieces():
        camera = estimate_camera(piece.luma)
        clock = [time.process_time()]
        found = {"motion": MotionDetector().detect(piece, camera)}
        clock.append(time.process_time())
        found["yolo"] = model.detect(piece, camera)
        clock.append(time.process_time())
        for name, every in {"hybrid": None, **paces}.items():
            found[name], n_shown = fused(found["yolo"], found["motion"], piece, camera, every)
            clock.append(time.process_time())
            seconds[f"shown, {name}"] += n_shown
        stages = (*SIGHTS[:2], *(f"fusing, {name}" for name in ("hybrid", *paces)))
        for stage, spent in zip(stages, np.diff(clock).tolist(), strict=True):
            seconds[stage] += spent
        seconds["frames"] += len(piece.frames)
        count(result, found, piece.frames.tolist(), labelled)
    return result


def fused(
    model: list[Detections],
    motion: list[Detections],
    piece: Piece,
    camera: Camera,
    every: int | None,
) -> tuple[list[Detections], int]:
    """What hybrid sees where the model is shown every so many frames, and how many it is."""
    shown = frames_shown(piece, camera, every)
    seen = [one if asked else nothing() for one, asked in zip(model, shown, strict=True)]
    return fuse(seen, motion, piece, camera, shown), int(shown.sum())


def count(
    result: Measured,
    found: dict[str, list[Detections]],
    frames: list[int],
    labelled: dict[int, Floats],
) -> None:
    """Count the boxes of a piece."""
    for sight, rows in found.items():
        for frame, seen in zip(frames, rows, strict=True):
            strong = seen.boxes[seen.scores >= STRONG.get(sight, STRONG["hybrid"])]
            result.strong[sight].add(strong, labelled.get(frame))
            result.every[sight].add(seen.boxes, labelled.get(frame))


def as_markdown(
    measured: Sequence[Measured], seconds: dict[str, float], options: argparse.Namespace
) -> str:
    """The page."""
    labelled = [one for one in measured if one.labelled]
    balls = [one for one in labelled if one.of_balls]
    rest = [one for one in measured if not one.labelled]
    each = {key: spent / max(seconds["frames"], 1) for key, spent in seconds.items()}
    ms = {key: 1000 * spent for key, spent in each.items()}
    text = " ".join((__doc__ or "").partition("Recall:")[1:]).split()
    return f"""# What each kind of sight sees

Made by `python reports/{Path(__file__).name}` with {options.weights.name} at {options.imgsz} px
({options.backend}). {" ".join(text)}

CPU time a frame, of all threads: motion {ms.get("motion", 0):.1f} ms, yolo
{ms.get("yolo", 0):.1f} ms, of which hybrid on a CPU spends {each.get("shown, hybrid", 0):.0%};
fusing the two {ms.get("fusing, hybrid", 0):.1f} ms.

## Clips with labelled things

{table(labelled, ("recall", "false a frame"), with_recall=True)}
{summary("mean over the ball clips", balls)}
{summary("mean over all labelled clips", labelled)}

## Clips without labels

{table(rest, ("boxes a frame",), with_recall=False)}
{summary("mean", rest, with_recall=False)}

## Hybrid that shows the model every N-th frame

{pace_table(measured, each, options.every)}
"""


def pace_table(measured: Sequence[Measured], each: dict[str, float], paces: Sequence[int]) -> str:
    """One row for each N, strong boxes only."""
    labelled = [one for one in measured if one.labelled]
    groups = {
        "recall": [[one for one in labelled if one.of_balls], labelled],
        "false_a_frame": [[one for one in labelled if one.of_balls], labelled],
        "boxes a frame": [[one for one in measured if not one.labelled]],
    }
    lines = [
        "| N | frames shown | recall, balls | recall, labelled | false a frame, balls "
        "| false a frame, labelled | boxes a frame, others | CPU added, ms a frame |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for n in paces:
        name = f"every {n}"
        cells = [f"{n}", f"{each[f'shown, {name}']:.0%}"]
        for attribute, sets in groups.items():
            wanted = attribute if attribute == "recall" else "false_a_frame"
            for some in sets:
                values = [getattr(one.strong[name], wanted) for one in some]
                cells.append(f"{np.mean(values) if values else float('nan'):.3f}")
        added = each["yolo"] * each[f"shown, {name}"] + each[f"fusing, {name}"]
        cells.append(f"{1000 * added:.1f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def table(measured: Sequence[Measured], titles: Sequence[str], *, with_recall: bool) -> str:
    """One row a clip."""
    heads = [f"{sight}: {title}" for title in titles for sight in SIGHTS]
    lines = ["| clip | " + " | ".join(heads) + " |", "|---|" + "---|" * len(heads)]
    lines += [line(one.name, [one], with_recall=with_recall) for one in measured]
    return "\n".join(lines)


def summary(name: str, measured: Sequence[Measured], *, with_recall: bool = True) -> str:
    """The last rows of a table: means over clips."""
    return line(f"**{name}**", measured, with_recall=with_recall)


def line(name: str, measured: Sequence[Measured], *, with_recall: bool) -> str:
    """A row: means over clips, of strong boxes and in brackets of all."""
    cells = []
    for attribute, digits in (("recall", 3), ("false_a_frame", 2))[0 if with_recall else 1 :]:
        for sight in SIGHTS:
            strong, every = (
                np.mean([getattr(getattr(one, kind)[sight], attribute) for one in measured])
                if measured
                else float("nan")
                for kind in ("strong", "every")
            )
            cells.append(f"{strong:.{digits}f} ({every:.{digits}f})")
    return f"| {name} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()

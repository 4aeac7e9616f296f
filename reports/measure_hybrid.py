"""Measure what `hybrid` adds to a whole analysis, and add a section to performance.md.

    python reports/measure_hybrid.py --weights FILE --clip CLIP... [--frames N]
        [--rounds N] [--threads N] [-o FILE]

Clips are brought to 1280 x 720 first. Each measurement is a process of its own; rounds
are interleaved. CPU time counts all threads of the process, start-up and loading are not
in it. What `hybrid` adds is told by the CPU; what it gains by looking at frames while
others are decoded is told by the clock on the wall, where there is a core to spare.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from measure_detection import (
    HEIGHT,
    WIDTH,
    in_own_process,
    make_clips,
    parser_of,
    report,
    set_threads,
)

HEADING = "Both kinds of sight"
WAYS: dict[str, dict[str, Any]] = {
    "motion": {"detector": "motion"},
    "hybrid, torch fp32": {"detector": "hybrid"},
    "the same, nothing ahead": {"detector": "hybrid", "ahead": False},
    "hybrid, ONNX Runtime fp32": {"detector": "hybrid", "backend": "onnx"},
    "hybrid, OpenVINO fp32": {"detector": "hybrid", "backend": "openvino"},
}


def measure(task: dict[str, Any]) -> dict[str, float]:
    """CPU and wall time of a frame of whole analyses, ms."""
    from physcheck.analysis import analyze
    from physcheck.detector_choice import Sight
    from physcheck.detectors.early import EarlyLook
    from physcheck.sight import open_sight

    settings = dict(WAYS[task["name"]])
    if not settings.pop("ahead", True):
        EarlyLook.watch = lambda *_: None
    set_threads(task["threads"])
    sight = open_sight(Sight(weights=task["weights"], device="cpu", **settings))
    analyze(task["warm"], sight=sight)
    cpu_s, wall_s, n_frames = time.process_time(), time.perf_counter(), 0
    for clip in task["clips"]:
        n_frames += analyze(clip, sight=sight).video.frames
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    return {"cpu": 1e3 * cpu_s / n_frames, "wall": 1e3 * wall_s / n_frames}


def table(base: dict[str, Any], n_rounds: int) -> Iterator[str]:
    """Markdown of all ways."""
    spent: dict[str, list[dict[str, float]]] = {name: [] for name in WAYS}
    for number in range(n_rounds):
        for name, rows in spent.items():
            print(f"round {number + 1}: {name}", file=sys.stderr, flush=True)
            rows.append(in_own_process(base | {"name": name}, __file__))
    yield "| way | CPU ms a frame | added to motion | wall ms a frame |"
    yield "|---|---|---|---|"
    middle = {
        name: {key: statistics.median(one[key] for one in rows) for key in ("cpu", "wall")}
        for name, rows in spent.items()
    }
    for name, one in middle.items():
        added = one["cpu"] - middle["motion"]["cpu"]
        yield f"| {name} | {one['cpu']:.1f} | {added:.1f} | {one['wall']:.1f} |"


def page(arguments: argparse.Namespace) -> str:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as name:
        clips, warm = make_clips(arguments.clip, Path(name), arguments.frames)
        base = {"weights": str(arguments.weights.resolve()), "clips": clips, "warm": warm}
        rows = list(table(base | {"threads": arguments.threads}, arguments.rounds))
    return "\n".join(
        [
            f"Written by `python reports/{Path(__file__).name}` on {datetime.now(UTC):%Y-%m-%d}: "
            f"{os.cpu_count()} cores, {arguments.threads} thread(s) of each library; "
            f"{arguments.weights.name} at 640 px, shown every fourth frame at most; "
            f"{len(clips)} clips of real footage, {arguments.frames} frames at most, at "
            f"{WIDTH} x {HEIGHT}; whole analysis; median of {arguments.rounds} interleaved rounds."
            " The clock on the wall counts whatever else the machine does: compare it only on a "
            "quiet one.",
            "",
            *rows,
            "",
        ]
    )


def main() -> None:
    """Measure and print, or do one task for the process that asked."""
    arguments = parser_of(__doc__ or "").parse_args()
    if arguments.task:
        print(json.dumps(measure(json.loads(arguments.task))))
        return
    report(arguments, HEADING, page)


if __name__ == "__main__":
    main()

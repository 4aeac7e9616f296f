"""Measure the detector `yolo` against ultralytics' own `model.track`, and print tables.

    python reports/measure_detection.py --weights FILE --clip CLIP... [--frames N]
        [--rounds N] [--threads N] [--sizes 320,640] [-o FILE]

The tables become a section of the page FILE, which is performance.md unless said otherwise.

Both read the same clips at 1280 x 720 (others are enlarged first), with the same weights
and the same size of input, from the file to tracks: decode + detect + associate. Each
measurement is a process of its own; rounds are interleaved, so that whatever else the
machine does meets all of them alike. CPU time counts all threads of the process. Models
are loaded, compiled and run once on a few frames before the clock starts.

The peer needs `pip install lap`, and torchvision only by name: where it cannot be
imported, ultralytics' own suppression stands in for it, in the peer's process alone.
"""

from __future__ import annotations

import argparse
import importlib.machinery
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from sections import with_section

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

WIDTH, HEIGHT = 1280, 720
HEADING = "Detection by a network"
PEER = "ultralytics model.track"
OURS = {
    "torch fp32": {"backend": "torch", "precision": "fp32"},
    "torch bf16": {"backend": "torch", "precision": "bf16"},
    "ONNX Runtime fp32": {"backend": "onnx"},
    "OpenVINO fp32": {"backend": "openvino", "precision": "fp32"},
    "OpenVINO bf16": {"backend": "openvino", "precision": "bf16"},
}
N_COMPARED = 40
SURE = 0.25
"""Score of the boxes that are compared: fainter ones come and go with rounding."""


def stand_in_for_torchvision() -> None:
    """Let ultralytics' tracker run beside a torch for which torchvision has no build."""
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError):
        for name in [one for one in sys.modules if one.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        module = types.ModuleType("torchvision")
        module.__version__ = version("torchvision")
        module.__spec__ = importlib.machinery.ModuleSpec("torchvision", None)
        from ultralytics.utils.nms import TorchNMS

        module.ops = types.SimpleNamespace(nms=TorchNMS.nms)
        sys.modules["torchvision"] = module


def peer_model(weights: str) -> Any:
    """The peer, loaded in its own way."""
    os.environ["YOLO_AUTOINSTALL"] = "false"
    os.environ.setdefault("YOLO_CONFIG_DIR", tempfile.mkdtemp())
    stand_in_for_torchvision()
    from ultralytics import YOLO

    return YOLO(weights)


def run_peer(weights: str, clips: Sequence[str], size: int, warm: str) -> Iterator[int]:
    """Track clips with the peer; yields the frames of each, first those of `warm`."""
    model = peer_model(weights)
    for clip in [warm, *clips]:
        results = model.track(
            clip, imgsz=size, tracker="bytetrack.yaml", stream=True, verbose=False, device="cpu"
        )
        yield sum(1 for _ in results)
        model.predictor.trackers[0].reset()


def run_ours(
    weights: str, clips: Sequence[str], size: int, warm: str, settings: dict[str, str]
) -> Iterator[int]:
    """The same with physcheck."""
    from physcheck.camera import Camera
    from physcheck.detectors.early import EarlyLook
    from physcheck.detectors.yolo import build
    from physcheck.tracking import track
    from physcheck.video import VideoReader

    detector = build(weights, imgsz=size, device="cpu", **settings)
    with ThreadPoolExecutor(1) as worker:
        for clip in [warm, *clips]:
            reader, early = VideoReader(clip), EarlyLook(detector, worker)
            for piece in reader.pieces(early.watch):
                n = len(piece.frames)
                # Neither side estimates the motion of the camera: it is no part of the three.
                still = Camera("still", np.tile(np.eye(3), (n, 1, 1)), np.zeros(n, dtype=np.bool_))
                track(piece, still, early.detect(piece, still), (WIDTH, HEIGHT))
            # As many as the peer decodes: repeats are decoded too, but not looked at again.
            yield reader.video.n_frames


def set_threads(n_threads: int) -> None:
    """As many threads for every library."""
    import torch

    torch.set_num_threads(n_threads)
    cv2.setNumThreads(n_threads)


def measure(task: dict[str, Any]) -> dict[str, float]:
    """Measure one way in this process: CPU and wall time of a frame, ms."""
    arguments = (task["weights"], task["clips"], task["size"], task["warm"])
    own = task["name"] != PEER
    work = run_ours(*arguments, OURS[task["name"]]) if own else run_peer(*arguments)
    set_threads(task["threads"])
    next(work)
    set_threads(task["threads"])
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    n_frames = sum(work)
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    return {"cpu": 1e3 * cpu_s / n_frames, "wall": 1e3 * wall_s / n_frames, "frames": n_frames}


def boxes_of(task: dict[str, Any]) -> list[list[list[float]]]:
    """Sure boxes of single frames, (x1, y1, x2, y2, score, class)."""
    frames = [frame for clip in task["clips"] for frame in first_frames(clip, N_COMPARED)]
    if task["name"] == PEER:
        model = peer_model(task["weights"])
        found = [model.predict(one, imgsz=task["size"], conf=SURE, verbose=False) for one in frames]
        return [one[0].boxes.data.tolist() for one in found]
    from physcheck.detectors.yolo import build

    detector = build(
        task["weights"], imgsz=task["size"], confidence=SURE, device="cpu", **OURS[task["name"]]
    )
    ids = {name: number for number, name in detector.class_names.items()}
    seen = detector.predict([np.ascontiguousarray(frame[..., ::-1]) for frame in frames])
    return [
        [[*box, score, ids[label]] for box, score, label in zip(*rows, strict=True)]
        for rows in ((d.boxes.tolist(), d.scores.tolist(), d.labels.tolist()) for d in seen)
    ]


def first_frames(clip: str, count: int) -> Iterator[Any]:
    """BGR pictures of a clip's begin."""
    capture = cv2.VideoCapture(clip)
    for _ in range(count):
        good, frame = capture.read()
        if not good:
            break
        yield frame
    capture.release()


def differences(theirs: Sequence[Any], ours: Sequence[Any]) -> tuple[list[float], int, int]:
    """Largest difference of a side for each pair of boxes, px; boxes; those without a partner."""
    found, n_boxes, n_alone = [], 0, 0
    for their_rows, our_rows in zip(theirs, ours, strict=True):
        mine = np.array(our_rows).reshape(-1, 6)
        free = np.ones(len(mine), dtype=bool)
        for row in np.array(their_rows).reshape(-1, 6):
            n_boxes += 1
            size = max(8.0, float(np.max(row[2:4] - row[:2])))
            apart = np.abs(mine[:, :4] - row[:4]).max(axis=1, initial=0.0)
            apart[~free | (mine[:, 5] != row[5])] = np.inf
            best = int(apart.argmin()) if len(apart) else -1
            if best < 0 or apart[best] > 0.5 * size:
                n_alone += 1
                continue
            free[best] = False
            found.append(float(apart[best]))
    return found, n_boxes, n_alone


def in_own_process(task: dict[str, Any], script: str = __file__) -> Any:
    """Run a task of a script in a fresh process with its share of threads."""
    environment = os.environ | {"OMP_NUM_THREADS": str(task["threads"])}
    done = subprocess.run(
        [sys.executable, script, "--task", json.dumps(task)],
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{task['name']} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def make_clips(sources: Sequence[Path], folder: Path, n_frames: int) -> tuple[list[str], str]:
    """The clips at 1280 x 720, and a short one to warm up with."""
    from physcheck.video import write_video

    clips = []
    for number, source in enumerate(sources):
        pictures = [
            cv2.resize(one, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)[..., ::-1]
            for one in first_frames(str(source), n_frames)
        ]
        clips.append(str(folder / f"clip{number}.mp4"))
        write_video(clips[-1], pictures, 30.0, crf=20)
        if not number:
            write_video(folder / "warm.mp4", pictures[:12], 30.0, crf=20)
    return clips, str(folder / "warm.mp4")


def speed_table(base: dict[str, Any], sizes: Sequence[int], n_rounds: int) -> Iterator[str]:
    """Markdown of all ways at all sizes."""
    yield "| input, px | way | CPU ms a frame | wall ms a frame | times faster (CPU, wall) |"
    yield "|---|---|---|---|---|"
    for size in sizes:
        spent: dict[str, list[dict[str, float]]] = {name: [] for name in (PEER, *OURS)}
        for number, name in itertools.product(range(n_rounds), spent):
            print(f"size {size} round {number + 1}: {name}", file=sys.stderr)
            spent[name].append(in_own_process(base | {"name": name, "size": size}))
        middle = {
            name: [statistics.median(one[key] for one in rows) for key in ("cpu", "wall")]
            for name, rows in spent.items()
        }
        for name, (cpu_ms, wall_ms) in middle.items():
            gain = f"{middle[PEER][0] / cpu_ms:.2f}, {middle[PEER][1] / wall_ms:.2f}"
            yield f"| {size} | {name} | {cpu_ms:.1f} | {wall_ms:.1f} | {gain} |"


def box_table(base: dict[str, Any], sizes: Sequence[int]) -> Iterator[str]:
    """Markdown of how far boxes are from the peer's own on the same frames."""
    yield "| input, px | way | boxes | without a partner | median, px | p95, px | largest, px |"
    yield "|---|---|---|---|---|---|---|"
    for size in sizes:
        theirs = in_own_process(base | {"name": PEER, "size": size, "boxes": True})
        for name in OURS:
            ours = in_own_process(base | {"name": name, "size": size, "boxes": True})
            apart, n_boxes, n_alone = differences(theirs, ours)
            figures = [np.median(apart), np.percentile(apart, 95), max(apart)]
            cells = " | ".join(f"{figure:.3f}" for figure in figures)
            yield f"| {size} | {name} | {n_boxes} | {n_alone} | {cells} |"


def page(arguments: argparse.Namespace) -> str:
    """Measure everything."""
    sizes = [int(size) for size in arguments.sizes.split(",")]
    with tempfile.TemporaryDirectory() as name:
        clips, warm = make_clips(arguments.clip, Path(name), arguments.frames)
        base = {"weights": str(arguments.weights.resolve()), "clips": clips, "warm": warm}
        base |= {"threads": arguments.threads}
        speed = list(speed_table(base, sizes, arguments.rounds))
        boxes = list(box_table(base, sizes))
    packages = ("torch", "ultralytics", "onnxruntime", "openvino", "opencv-python", "av")
    return "\n".join(
        [
            f"Written by `python reports/measure_detection.py` on "
            f"{datetime.now(UTC):%Y-%m-%d}: {platform.system()} {platform.machine()}, "
            f"{os.cpu_count()} cores, {arguments.threads} thread(s), "
            + ", ".join(f"{one} {version(one)}" for one in packages)
            + ".",
            "",
            f"Weights {arguments.weights.name}; {len(clips)} clips of real footage, "
            f"{arguments.frames} frames at most, at {WIDTH} x {HEIGHT}; decode + detect + "
            f"associate; median of {arguments.rounds} interleaved rounds. In bf16 the head of "
            "the network stays fp32.",
            "",
            *speed,
            "",
            f"Boxes with a score over {SURE} against those of ultralytics' `predict` on the same "
            "frames: the side of a box that differs most.",
            "",
            *boxes,
            "",
        ]
    )


def parser_of(purpose: str) -> argparse.ArgumentParser:
    """The command line of a script that measures weights on clips, in processes of its own."""
    parser = argparse.ArgumentParser(description=purpose.splitlines()[0])
    parser.add_argument("--weights", type=Path, help="a .pt file")
    parser.add_argument("--clip", type=Path, nargs="+", help="real footage")
    parser.add_argument("--frames", type=int, default=150, help="of each clip at most")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("-o", dest="output", type=Path, default=ROOT / "reports/performance.md")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    return parser


def report(arguments: argparse.Namespace, heading: str, page: Callable[..., str]) -> None:
    """Measure, print, and put the text under its heading of the page."""
    if not arguments.weights or not arguments.clip:
        sys.exit("--weights and --clip are needed")
    text = page(arguments)
    before = arguments.output.read_text(encoding="utf-8") if arguments.output.exists() else ""
    arguments.output.write_text(with_section(before, heading, text), encoding="utf-8")
    print(text)


def main() -> None:
    """Measure and print, or do one task for the process that asked."""
    parser = parser_of(__doc__ or "")
    parser.add_argument("--sizes", default="320,640", help="of the network's input, px")
    arguments = parser.parse_args()
    if arguments.task:
        task = json.loads(arguments.task)
        print(json.dumps(boxes_of(task) if task.get("boxes") else measure(task)))
        return
    report(arguments, HEADING, page)


if __name__ == "__main__":
    main()

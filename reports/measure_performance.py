"""Measure what physcheck costs, and write performance.md.

    python reports/measure_performance.py [--from CLIP] [--long] [-o FILE]

Two clips of 30 s at 1280 x 720 are made: one drawn, and, with --from, one of real
footage, which is enlarged, played forward and backward, and given light grain.
--long adds a clip of 10 minutes.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import av
import cv2
import numpy as np
from sections import section_of

ROOT = Path(__file__).resolve().parents[1]
OF_OTHERS = ("Detection by a network", "Both kinds of sight")
"""Sections that other scripts write."""
sys.path[:0] = [str(ROOT), str(ROOT / "samples")]

import stage  # noqa: E402 (lies in samples/)
from motion import bounce  # noqa: E402

from physcheck.analysis import analyze  # noqa: E402
from physcheck.drawing.paths import constant  # noqa: E402
from physcheck.drawing.scene import Room, Scene  # noqa: E402
from physcheck.drawing.things import Ball, View  # noqa: E402

WIDTH, HEIGHT, FPS, CLIP_S, LONG_S = 1280, 720, 30, 30, 600
HEAVY = ("cv2", "scipy", "filterpy", "torch")
STAGES = ("decode", "camera", "detect", "track", "explain", "judge", "decide")

# The kernel's own account of this process where there is one: the portable one begins
# with the memory of the process that started it.
PEAK = """
import resource, sys
from pathlib import Path
from physcheck.cli import main
assert main(sys.argv[1:]) == 0
account = Path("/proc/self/status")
if account.exists():
    line = next(one for one in account.read_text().splitlines() if one.startswith("VmHWM"))
    print(int(line.split()[1]) * 1024 / 1e6)
else:
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)
"""

Picture = np.ndarray


@dataclass(frozen=True)
class Cost:
    """What one clip costs. CPU in s of all threads of one process; stages in ms a frame."""

    name: str
    frames: int
    tracks: int
    decode_s: float
    analyze_s: float
    stages_ms: dict[str, float]
    peak_mb: float


def to_and_fro(n_pictures: int, n_frames: int) -> Iterator[int]:
    """Numbers of pictures, forward and backward, without a jump."""
    turn = max(2 * n_pictures - 2, 1)
    for number in range(n_frames):
        place = number % turn
        yield min(place, turn - place)


def write(path: Path, pictures: Sequence[Picture], n_frames: int, grain: float) -> None:
    """Encode RGB pictures, played to and fro, with grain of so many grey levels."""
    noise = np.empty((HEIGHT, WIDTH, 3), np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "20"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for place in to_and_fro(len(pictures), n_frames):
            cv2.randn(noise, 0.0, grain)
            picture = np.clip(pictures[place] + noise, 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def enlarged(source: Path) -> list[Picture]:
    """The first ten seconds of a clip at 1280 x 720."""
    pictures: list[Picture] = []
    with av.open(str(source)) as container:
        for frame in container.decode(video=0):
            picture = frame.to_ndarray(format="rgb24")
            pictures.append(cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC))
            if len(pictures) == 10 * FPS:
                break
    return pictures


def drawn() -> list[Picture]:
    """Five seconds of three balls that bounce in a room."""
    view = View(WIDTH, HEIGHT, horizon_px=236, focal_px=1280, eye_m=1.8)
    room = Room(view, foot_px=496, wall="brick", floor="planks", seed=21)
    radius = constant(0.16)
    balls = tuple(
        Ball(name, look, bounce(place, speed, radius, 0.85), radius)
        for name, look, place, speed in (
            ("A", stage.RED, (-2.2, 1.7, 5.6), (0.45, 0.0, 0.0)),
            ("B", stage.BLUE, (0.1, 1.2, 6.4), (-0.2, 0.6, 0.0)),
            ("C", stage.ORANGE, (2.2, 1.5, 5.0), (-0.3, 0.0, 0.0)),
        )
    )
    scene = Scene(room, balls, fps=FPS, grain=0.0)
    return [scene.frame(number) for number in range(5 * FPS)]


def repeat(source: Path, path: Path, times: int) -> None:
    """Write a clip so many times one after the other, without encoding it again."""
    with av.open(str(path), "w") as out:
        stream, shift = None, 0
        for _ in range(times):
            with av.open(str(source)) as container:
                video = container.streams.video[0]
                stream = stream or out.add_stream_from_template(video)
                stop = 0
                for packet in container.demux(video):
                    if packet.dts is None:
                        continue
                    stop = max(stop, packet.pts + packet.duration)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = stream
                    out.mux(packet)
                shift += stop


def cpu_s(work: Callable[[], object]) -> float:
    """CPU time that something takes in this process, all threads, s."""
    start = time.process_time()
    work()
    return time.process_time() - start


def decode(path: Path) -> int:
    """Decode a clip with OpenCV; return the number of frames."""
    capture, frames = cv2.VideoCapture(str(path)), 0
    while capture.read()[0]:
        frames += 1
    return frames


def peak_mb(path: Path) -> float:
    """Largest resident memory of `physcheck analyze` on a clip, in a process of its own, MB."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["analyze", "-q", str(path), "-o", f"{folder}/report.json"]
        done = subprocess.run(
            [sys.executable, "-c", PEAK, *arguments],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
    return float(done.stdout)


def measure(name: str, path: Path) -> Cost:
    """Decode, analyse and decode again in one process; the decodings are averaged."""
    reports = []
    before_s = cpu_s(lambda: decode(path))
    analyze_s = cpu_s(lambda: reports.append(analyze(path)))
    after_s = cpu_s(lambda: decode(path))
    (report,) = reports
    # Stages are timed by the wall clock; their shares are those of the CPU time.
    share = analyze_s / report.seconds["total"] * 1e3 / report.video.frames
    return Cost(
        name=name,
        frames=report.video.frames,
        tracks=len(report.tracks),
        decode_s=(before_s + after_s) / 2,
        analyze_s=analyze_s,
        stages_ms={stage: report.seconds.get(stage, 0.0) * share for stage in STAGES},
        peak_mb=peak_mb(path),
    )


def start_up_s(*arguments: str) -> float:
    """Wall time of a Python process, s; the fastest of eight."""
    taken = []
    for _ in range(8):
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
        )
        taken.append(time.perf_counter() - start)
    return min(taken)


def heavy_modules() -> list[str]:
    """Which heavy libraries `physcheck --help` loads."""
    code = (
        "import sys, physcheck.cli as c; c.main(['--help']); "
        f"print(*sorted(set(sys.modules) & {set(HEAVY)}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return done.stderr.split()


def machine() -> str:
    """The machine and the versions, in one line."""
    libraries = ("numpy", "scipy", "opencv-python", "opencv-python-headless", "av")
    found = []
    for name in libraries:
        try:
            found.append(f"{name} {version(name)}")
        except ModuleNotFoundError:
            continue
    cores = os.cpu_count()
    return (
        f"{platform.system()} {platform.machine()}, {cores} cores, "
        f"Python {platform.python_version()}, {', '.join(found)}"
    )


def table(costs: Sequence[Cost]) -> list[str]:
    """The costs as a Markdown table, a row a clip."""
    rows = [
        "| clip | frames | tracks | decoding, s | analyze, s | ratio | peak memory, MB |",
        "|---|---|---|---|---|---|---|",
    ]
    rows += [
        f"| {c.name} | {c.frames} | {c.tracks} | {c.decode_s:.2f} | {c.analyze_s:.2f} "
        f"| {c.analyze_s / c.decode_s:.1f} | {c.peak_mb:.0f} |"
        for c in costs
    ]
    rows += ["", f"| ms a frame | {' | '.join(STAGES)} | all |", "|---|" + "---|" * 8]
    rows += [
        f"| {c.name} | {' | '.join(f'{c.stages_ms[s]:.2f}' for s in STAGES)} "
        f"| {sum(c.stages_ms.values()):.2f} |"
        for c in costs
    ]
    return rows


def page(costs: Sequence[Cost], long_mb: float | None, options: str) -> str:
    """The text of performance.md."""
    import_s = start_up_s("-c", "import physcheck.analysis")
    help_s = start_up_s("-m", "physcheck", "--help")
    loaded = ", ".join(heavy_modules()) or "none"
    lines = [
        "# Performance",
        "",
        f"Written by `python reports/measure_performance.py{options}` on "
        f"{datetime.now(UTC):%Y-%m-%d}: {machine()}.",
        "",
        f"Clips of {CLIP_S} s, {WIDTH} x {HEIGHT}, {FPS} frames/s, H.264. CPU time is that of one "
        "process, all its threads, measured in one run: decoding with OpenCV, `analyze`, "
        "decoding again (the two are averaged). Start-up is not in it.",
        "",
        *table(costs),
        "",
        f"Start-up: `import physcheck.analysis` {import_s:.2f} s, `physcheck --help` "
        f"{help_s:.2f} s (the fastest of eight; of {', '.join(HEAVY)} the latter loads: "
        f"{loaded}).",
    ]
    if long_mb is not None:
        lines += ["", f"Peak memory on {LONG_S // 60} minutes of the first clip: {long_mb:.0f} MB."]
    return "\n".join(lines) + "\n"


def run(arguments: argparse.Namespace, folder: Path) -> str:
    """Make the clips, measure, and return the page."""
    sources: dict[str, Callable[[], list[Picture]]] = {"drawn": drawn}
    if arguments.source:
        sources = {"real footage, upscaled": lambda: enlarged(arguments.source), **sources}
    costs = []
    for number, (name, pictures) in enumerate(sources.items()):
        print(f"making and measuring: {name}", file=sys.stderr)
        path = folder / f"clip{number}.mp4"
        write(path, pictures(), CLIP_S * FPS, grain=2.0)
        costs.append(measure(name, path))
    long_mb = None
    if arguments.long:
        print("measuring the long clip", file=sys.stderr)
        repeat(folder / "clip0.mp4", folder / "long.mp4", LONG_S // CLIP_S)
        long_mb = peak_mb(folder / "long.mp4")
    options = (" --from CLIP" if arguments.source else "") + (" --long" if arguments.long else "")
    return page(costs, long_mb, options)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--from", dest="source", type=Path, metavar="CLIP", help="real footage")
    parser.add_argument("--long", action="store_true", help="a clip of 10 minutes as well")
    parser.add_argument("-o", dest="output", type=Path, default=ROOT / "reports/performance.md")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        text = run(arguments, Path(folder))
    if arguments.output.exists():
        before = arguments.output.read_text(encoding="utf-8")
        text = "\n".join([text, *(section_of(before, heading) for heading in OF_OTHERS)])
    arguments.output.write_text(text.rstrip() + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

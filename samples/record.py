"""Write a clip, its truth and its label."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
from stage import Break, Clip

from physcheck.drawing.scene import Picture

__all__ = ["label", "rows", "write"]

EXACT = {"x264-params": "mbtree=0:aq-mode=0"}
"""Without its look-ahead tree x264 gives the same bytes twice; without adaptive quantisation
grain survives on strong texture too."""


def label(name: str, clip: Clip, paired: bool) -> dict[str, object]:
    """The entry of a clip in labels.json."""
    view = clip.scenes[0][1].room.view
    entry: dict[str, object] = {
        "clip": f"{name}.mp4",
        "origin": "drawn",
        "verdict": "violation" if clip.breaks else "clean",
        "fps": float(clip.fps),
        "frames": clip.frames,
        "width": view.width_px,
        "height": view.height_px,
        "camera": clip.camera,
        "tags": list(clip.tags),
        "violations": [violation(clip, wrong) for wrong in clip.breaks],
    }
    return entry | ({"pair_id": name.removesuffix("_clean")} if paired else {})


def violation(clip: Clip, wrong: Break) -> dict[str, object]:
    """One violation of a label."""
    seen = clip.scene_at(wrong.peak_frame).truth(wrong.peak_frame)
    box = next(row.box for row in seen if row.name == wrong.object)
    return {
        "kind": wrong.kind,
        "start_frame": wrong.start_frame,
        "end_frame": wrong.end_frame,
        "object": wrong.object,
        "box_at_peak": [wrong.peak_frame, *(round(edge, 1) for edge in box)],
        "note": wrong.note,
    }


def rows(clip: Clip) -> Iterator[tuple[object, ...]]:
    """The rows of a clip's truth file."""
    for index, seen in enumerate(clip.truth()):
        for row in seen:
            yield (index, *(f"{edge:.2f}" for edge in row.box), row.name, f"{row.visible:.3f}")


def write(name: str, clip: Clip, folder: Path) -> int:
    """Write a clip and its truth; return the size of the clip, bytes."""
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    with (folder / "truth" / f"{name}.csv").open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("frame", "x1", "y1", "x2", "y2", "obj", "visible"))
        table.writerows(rows(clip))
    path = folder / f"{name}.mp4"
    encode(path, list(clip.draw()), clip.fps, clip.crf)
    return path.stat().st_size


def encode(path: Path, frames: Sequence[Picture], fps: int, crf: int) -> None:
    """Write frames as H.264 in 4:2:0."""
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(crf), "preset": "slow", "threads": "1", "g": "250"} | EXACT
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())

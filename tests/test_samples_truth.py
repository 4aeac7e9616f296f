"""The sample clips: they are there, they are small, and their truth is true."""

from __future__ import annotations

import csv
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

SAMPLES = Path(__file__).parents[1] / "samples"
LABELS: list[dict[str, Any]] = json.loads((SAMPLES / "labels.json").read_text())
NAMES = [Path(entry["clip"]).stem for entry in LABELS]
VIOLATIONS = [
    pytest.param(Path(entry["clip"]).stem, wrong, id=f"{Path(entry['clip']).stem}-{wrong['kind']}")
    for entry in LABELS
    for wrong in entry["violations"]
]
Boxes = dict[int, tuple[float, ...]]


@pytest.fixture(scope="module")
def draw() -> Iterator[Any]:
    """The script that draws the samples, imported as it imports its neighbours."""
    sys.path.insert(0, str(SAMPLES))
    try:
        yield importlib.import_module("draw")
    finally:
        sys.path.remove(str(SAMPLES))


def boxes_of(name: str, thing: str) -> Boxes:
    """Boxes of one thing by frame, from the truth file, px."""
    with (SAMPLES / "truth" / f"{name}.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["obj"] == thing]
    return {
        int(row["frame"]): tuple(float(row[k]) for k in ("x1", "y1", "x2", "y2")) for row in rows
    }


def middle_x(box: tuple[float, ...]) -> float:
    """Middle of a box along x, px."""
    return (box[0] + box[2]) / 2


def decode(name: str) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    """All frames of a sample as RGB."""
    with av.open(str(SAMPLES / f"{name}.mp4")) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize("entry", LABELS, ids=NAMES)
def test_a_sample_is_small_and_decodes_to_what_its_label_says(entry: dict[str, Any]) -> None:
    path = SAMPLES / entry["clip"]
    assert path.stat().st_size < 100_000
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height) == (entry["width"], entry["height"])
        assert float(stream.average_rate or 0) == entry["fps"]
        assert sum(1 for _ in container.decode(video=0)) == entry["frames"]


def test_all_samples_together_stay_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.glob("*.mp4")) < 1_800_000


def test_labels_and_clips_and_truth_files_name_the_same_samples(draw: Any) -> None:
    assert set(NAMES) == set(draw.all_clips())
    assert set(NAMES) == {path.stem for path in SAMPLES.glob("*.mp4")}
    assert set(NAMES) == {path.stem for path in (SAMPLES / "truth").glob("*.csv")}


def test_the_labels_are_what_the_script_computes(draw: Any) -> None:
    assert draw.labels_of(draw.all_clips()) == LABELS


@pytest.mark.parametrize("name", NAMES)
def test_drawing_again_gives_the_same_truth(draw: Any, name: str) -> None:
    record = importlib.import_module("record")
    fresh = [tuple(str(cell) for cell in row) for row in record.rows(draw.all_clips()[name])]
    with (SAMPLES / "truth" / f"{name}.csv").open(newline="") as file:
        kept = list(csv.reader(file))[1:]
    assert [(row[0], row[5]) for row in fresh] == [(row[0], row[5]) for row in kept]
    edges = [np.array([row[1:5] for row in rows], float) for rows in (fresh, kept)]
    np.testing.assert_allclose(edges[0], edges[1], atol=0.02)


@pytest.mark.parametrize("entry", LABELS, ids=NAMES)
def test_the_verdict_follows_from_the_violations_and_twins_are_clean(entry: dict[str, Any]) -> None:
    assert entry["verdict"] == ("violation" if entry["violations"] else "clean")
    assert entry["clip"].endswith("_clean.mp4") <= (entry["verdict"] == "clean")
    if "pair_id" in entry:
        twins = [other["clip"] for other in LABELS if other.get("pair_id") == entry["pair_id"]]
        assert sorted(twins) == [f"{entry['pair_id']}.mp4", f"{entry['pair_id']}_clean.mp4"]


@pytest.mark.parametrize(("name", "wrong"), VIOLATIONS)
def test_the_box_at_the_peak_is_the_box_in_the_truth(name: str, wrong: dict[str, Any]) -> None:
    frame, *box = wrong["box_at_peak"]
    assert wrong["start_frame"] <= frame <= wrong["end_frame"]
    np.testing.assert_allclose(box, boxes_of(name, wrong["object"])[frame], atol=0.06)


@pytest.mark.parametrize(("name", "wrong"), VIOLATIONS)
def test_the_interval_is_the_change_itself(name: str, wrong: dict[str, Any]) -> None:
    boxes = boxes_of(name, wrong["object"])
    start, end = wrong["start_frame"], wrong["end_frame"]
    before, after = boxes.get(start), boxes.get(end)
    if wrong["kind"] == "vanish":
        assert end == start + 1 and before and not after
    elif wrong["kind"] == "appear":
        assert end == start + 1 and not before and after
    elif wrong["kind"] == "teleport":
        assert before and after and 90 <= abs(middle_x(after) - middle_x(before)) <= 150
    elif wrong["kind"] == "size-jump":
        assert before and after
        assert 1.39 < (after[2] - after[0]) / (before[2] - before[0]) < 1.6
    elif wrong["kind"] == "floor-penetration":
        contact_px = float(wrong["note"].rsplit("=", 1)[1])
        sunk = [frame for frame, box in boxes.items() if box[3] > contact_px + 3.0]
        assert sunk == list(range(start, end + 1))
        assert 10 <= max(box[3] for box in boxes.values()) - contact_px <= 14
    else:
        assert wrong["kind"] == "trajectory"
        assert abs(bend(boxes, start)) > 3.0
        assert abs(bend(boxes, start - 1)) < 0.1 and abs(bend(boxes, end)) < 0.1


def bend(boxes: Boxes, frame: int) -> float:
    """Change of the step along x at a frame, px."""
    x = [middle_x(boxes[frame + offset]) for offset in (-1, 0, 1)]
    return x[2] - 2 * x[1] + x[0]


def test_c_comes_back_where_its_flight_would_have_taken_it() -> None:
    c = boxes_of("three_balls", "ball C")
    before, after = max(f for f in c if f < 60), min(f for f in c if f > 60)
    x, y = ([(c[f][i] + c[f][i + 2]) / 2 for f in (before - 2, before - 1, before)] for i in (0, 1))
    k = after - before
    expected_x = x[2] + k * (x[2] - x[1])
    drop_px = y[2] - 2 * y[1] + y[0]
    expected_y = y[2] + k * (y[2] - y[1]) + drop_px * k * (k + 1) / 2
    assert abs(middle_x(c[after]) - expected_x) < 1.0
    assert abs((c[after][1] + c[after][3]) / 2 - expected_y) < 2.0


@pytest.mark.parametrize(
    "pair", sorted({entry["pair_id"] for entry in LABELS if "pair_id" in entry})
)
def test_twins_are_the_same_picture_before_the_break(draw: Any, pair: str) -> None:
    broken, clean = draw.PAIRS[pair](True), draw.PAIRS[pair](False)
    if pair == "appear":
        first, same, different = broken.breaks[0].end_frame, 60, 10
    else:
        first = min(wrong.start_frame for wrong in broken.breaks)
        same, different = first - 2, first + 2
    assert 0 < first < broken.frames
    np.testing.assert_array_equal(broken.scene_at(0).frame(same), clean.scene_at(0).frame(same))
    assert (broken.scene_at(0).frame(different) != clean.scene_at(0).frame(different)).any()


@pytest.mark.parametrize("name", ["three_balls", "pan", "cut"])
def test_the_clip_shows_what_the_script_draws(draw: Any, name: str) -> None:
    clip, frames = draw.all_clips()[name], decode(name)
    for index in (0, clip.frames // 2, clip.frames - 1):
        drawn = clip.scene_at(index).frame(index).astype(float)
        assert np.abs(drawn - frames[index]).mean() < 5.0


@pytest.mark.parametrize("name", ["three_balls", "slow_small", "approach"])
def test_things_are_seen_within_their_boxes(draw: Any, name: str) -> None:
    clip, frames = draw.all_clips()[name], decode(name)
    for index in range(5, clip.frames, 20):
        scene = clip.scene_at(index)
        change = np.abs(frames[index] - scene.backdrop(index / scene.fps)).mean(2)
        for row in scene.truth(index):
            x1, y1, x2, y2 = (round(edge) for edge in row.box)
            assert change[y1:y2, x1:x2].mean() > 3 * change.mean()

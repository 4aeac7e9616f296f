"""Detections in files: three forms, read and written, and mistakes that are named."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from physcheck.detection_files import (
    DetectionFile,
    Form,
    find_detections,
    read_detections,
    write_detections,
)
from physcheck.errors import ConfigurationError, InputError
from physcheck.types import Detections

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a text into a file and name the file."""

    def to_file(text: str) -> Path:
        path = tmp_path / "seen"
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


@pytest.fixture
def seen() -> dict[int, Detections]:
    """A ball and a nameless thing in frames 0 and 3, the ball alone in frame 4."""
    both = Detections(
        np.array([[10.25, 20.5, 30.75, 41.0], [100.0, 90.0, 180.0, 140.0]]),
        np.array([0.9, 0.4]),
        np.array(["sports ball", ""]),
        np.array([[0.5, 0.4, 0.8, 0.7], [2.0, 2.0, 4.0, 4.0]]),
    )
    ball = Detections(both.boxes[:1], both.scores[:1], both.labels[:1], both.noise_px[:1])
    return {0: both, 3: both, 4: ball}


def coco(**changes: Any) -> str:
    """A video of three frames with one ball, frame_id from 1."""
    data: dict[str, Any] = {
        "videos": [{"id": 7, "name": "toss.mp4"}],
        "images": [
            {"id": 10 + k, "video_id": 7, "frame_id": k, "width": 640, "height": 360}
            for k in (1, 2, 3)
        ],
        "categories": [{"id": 3, "name": "ball"}],
        "annotations": [{"id": 1, "image_id": 12, "category_id": 3, "bbox": [5, 6, 10, 20]}],
    }
    return json.dumps(data | changes)


def own(frames: str) -> str:
    return f'{{"format": "physcheck-detections", "frames": {frames}}}'


def same(a: Mapping[int, Detections], b: Mapping[int, Detections], *fields: str) -> None:
    assert sorted(a) == sorted(b)
    for frame in a:
        for field in fields:
            one, other = getattr(a[frame], field), getattr(b[frame], field)
            if field == "labels":
                assert one.tolist() == other.tolist()
            else:
                np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("mot", ("boxes", "scores")),
        ("coco", ("boxes", "scores", "labels", "noise_px")),
        ("json", ("boxes", "scores", "labels", "noise_px")),
    ],
)
def test_what_is_written_is_what_is_read(
    tmp_path: Path, seen: dict[int, Detections], form: Form, fields: tuple[str, ...]
) -> None:
    path = tmp_path / "seen"
    write_detections(path, seen, form=form, clip="toss.mp4", size_px=(640, 360), n_frames=6)
    found = read_detections(path)
    assert found.form == form
    same(found.frames, seen, *fields)
    if form != "mot":
        assert (found.clip, found.size_px, found.n_frames) == ("toss.mp4", (640, 360), 6)
    assert found.remarks == ()


def test_written_mot_text_is_a_table_of_numbers_from_frame_1(
    tmp_path: Path, seen: dict[int, Detections]
) -> None:
    write_detections(tmp_path / "seen.txt", seen)
    table = np.loadtxt(tmp_path / "seen.txt", delimiter=",")
    assert table.shape == (5, 10)
    assert table[:, 0].tolist() == [1, 1, 4, 4, 5]
    np.testing.assert_allclose(table[0, 2:7], [10.25, 20.5, 20.5, 20.5, 0.9])


def test_written_coco_names_every_frame_and_refers_only_to_what_is_there(
    tmp_path: Path, seen: dict[int, Detections]
) -> None:
    write_detections(tmp_path / "seen.json", seen, form="coco", clip="toss.mp4", n_frames=6)
    data = json.loads((tmp_path / "seen.json").read_text())
    assert [one["frame_id"] for one in data["images"]] == [0, 1, 2, 3, 4, 5]
    images = {one["id"] for one in data["images"]}
    categories = {one["id"]: one["name"] for one in data["categories"]}
    assert {one["image_id"] for one in data["annotations"]} <= images
    assert [categories[one["category_id"]] for one in data["annotations"]][:2] == [
        "sports ball",
        "",
    ]
    assert len({one["id"] for one in data["annotations"]}) == 5


def test_nothing_seen_at_all_can_be_written_and_read(tmp_path: Path) -> None:
    for form in ("mot", "coco", "json"):
        write_detections(tmp_path / form, {}, form=form, n_frames=3)
        assert read_detections(tmp_path / form).frames == {}


def test_mot_text_may_have_spaces_remarks_a_header_and_missing_columns(write: Write) -> None:
    for text in (
        "1,-1,10,20,30,40",
        "# seen\n\n 1 , -1 , 10 , 20 , 30 , 40 \n",
        "\ufeff1 -1 10 20 30 40\r\n",
        "1;-1;10;20;30;40;;",
        "1.0,-1,10,20,30,40,-1,-1,-1,-1",
        "frame,bb_left,bb_top,bb_width,bb_height\n1,10,20,30,40\n",
    ):
        only = read_detections(write(text)).frames
        assert list(only) == [0], text
        assert only[0].boxes.tolist() == [[10, 20, 40, 60]]
        assert only[0].scores.tolist() == [1.0]
        assert only[0].labels.tolist() == [""]


def test_a_word_in_the_eighth_column_is_a_label_and_a_number_is_not(write: Write) -> None:
    rows = "1,-1,1,1,9,9,0.5,Car\n1,-1,1,1,9,9,0.5,3\n"
    assert read_detections(write(rows)).frames[0].labels.tolist() == ["Car", ""]


def test_rows_of_confidence_zero_are_to_be_ignored(write: Write) -> None:
    rows = "1,1,1,1,9,9,0,7,1\n1,2,5,5,9,9,1,1,1\n"
    assert read_detections(write(rows)).frames[0].boxes.tolist() == [[5, 5, 14, 14]]


def test_boxes_without_an_area_are_left_out_with_a_remark(write: Write) -> None:
    found = read_detections(write("1,-1,1,1,9,9,1\n2,-1,1,1,0,9,1\n3,-1,1,1,9,-2,1\n"))
    assert list(found.frames) == [0]
    assert found.remarks == ("2 boxes without an area left out, the first in line 2",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,-1,10,20,30,40\n2,-1,10,20,x,40\n", "line 2: width must be a number, got 'x'"),
        ("1,-1,10,20,nan,40\n", "line 1: width must be a number"),
        ("1,-1,10,20\n", "line 1: 4 columns; at least frame, id, left, top, width, height"),
        ("0,-1,10,20,30,40\n", "frames are counted from 0"),
        ("1.5,-1,10,20,30,40\n", "line 1: frame must be an integer of at least 1, got 1.5"),
        ("frame,x1,y1,x2,y2\n1,2,3,4,5\n", "the header lacks height, left, top, width"),
        ('{"frames": [}', "line 1: not JSON"),
        ("[1, 2]", "neither our JSON"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_field(write: Write, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_detections(write(text))
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(write(text)))


def test_frames_may_be_counted_from_another_number(write: Write) -> None:
    assert list(read_detections(write("0,-1,1,1,9,9\n"), first_frame=0).frames) == [0]


def test_a_missing_file_and_one_that_is_no_text_are_input_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing: cannot be read: No such file"):
        read_detections(tmp_path / "nothing")
    (tmp_path / "video").write_bytes(b"\x00\xff\xfe\x80")
    with pytest.raises(InputError, match="is no text"):
        read_detections(tmp_path / "video")


def test_scores_that_are_no_probabilities_are_log_odds_and_it_is_said(write: Write) -> None:
    path = write("1,-1,1,1,9,9,-3\n1,-1,1,1,9,9,0.5\n1,-1,1,1,9,9,12\n")
    found = read_detections(path)
    np.testing.assert_allclose(found.frames[0].scores, [0.0474, 0.6225, 1.0], atol=1e-4)
    assert "from -3 to 12" in found.remarks[0]
    trusted = read_detections(path, min_score=2.0)
    assert len(trusted.frames[0].boxes) == 1
    assert trusted.frames[0].scores[0] > 0.5
    assert trusted.remarks == ()


def test_coco_frames_may_begin_at_one(write: Write) -> None:
    found = read_detections(write(coco()))
    assert {frame: one.boxes.tolist() for frame, one in found.frames.items()} == {
        1: [[5, 6, 15, 26]]
    }
    assert found.frames[1].labels.tolist() == ["ball"]
    assert (found.clip, found.size_px, found.n_frames) == ("toss.mp4", (640, 360), 3)
    assert found.remarks == ("no frame_id is 0: frames were counted from 1",)
    assert list(read_detections(write(coco()), first_frame=0).frames) == [2]


def test_of_several_coco_videos_the_one_with_the_name_of_the_clip_is_read(write: Write) -> None:
    images = [{"id": k, "video_id": k, "frame_id": 0} for k in (1, 2)]
    boxes = [{"image_id": k, "bbox": [k, k, 10, 10]} for k in (1, 2)]
    videos = [{"id": 1, "name": "a/toss"}, {"id": 2, "file_names": ["drop/000.jpg"]}]
    path = write(coco(videos=videos, images=images, annotations=boxes))
    assert read_detections(path, clip="clips/drop.mp4").frames[0].boxes.tolist() == [[2, 2, 12, 12]]
    assert read_detections(path, clip="toss.mp4").frames[0].boxes.tolist() == [[1, 1, 11, 11]]
    with pytest.raises(InputError, match=r"videos: which one is 'roll\.mp4'"):
        read_detections(path, clip="roll.mp4")


def test_boxes_over_the_frames_of_a_video_are_read(write: Write) -> None:
    track = {"video_id": 7, "category_id": 3, "score": 0.8, "bboxes": [None, [1, 2, 3, 4], None]}
    found = read_detections(write(coco(images=[], annotations=[track])))
    assert {frame: one.boxes.tolist() for frame, one in found.frames.items()} == {1: [[1, 2, 4, 6]]}
    assert found.frames[1].scores.tolist() == [0.8]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (coco(annotations=[{"image_id": 12, "bbox": [1, 2, 3]}]), "annotations[0].bbox"),
        (coco(annotations=[{"image_id": 12}]), "annotations[0].bbox: missing"),
        (coco(annotations=[{"image_id": 99, "bbox": [1, 2, 3, 4]}]), "there is no image 99"),
        (coco(images=[{"id": 1}, {"id": 2, "frame_id": 0}]), "with id 1 has no frame_id"),
        (
            own('[{"frame": 0, "boxes": [[1, 2, 3, NaN]]}]'),
            "frames[0].boxes[0][3]",
        ),
        (
            own('[{"frame": 2, "boxes": [], "scores": [1]}]'),
            "frames[0]: 0 boxes and 1 scores",
        ),
        (
            '{"format": "physcheck-detections", "schema_version": "2.0", "frames": []}',
            "schema_version",
        ),
        ('{"format": "physcheck-detections"}', "frames: Field required"),
    ],
)
def test_a_mistake_in_json_is_named_with_its_field(write: Write, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_detections(write(text))
    assert message in str(caught.value)


def test_the_example_in_the_documents_can_be_read(root: Path, write: Write) -> None:
    page = (root / "docs" / "commands.md").read_text(encoding="utf-8")
    section = page.partition("## Detections in files")[2]
    example = section.split("```json\n")[1].split("```")[0]
    found = read_detections(write(example))
    assert found.form == "json"
    assert found.frames[0].labels.tolist() == ["sports ball"]


def shaken(share: float, n: int = 60) -> str:
    """MOT text of three things on parabolas, with noise of a share of their size."""
    chance = np.random.default_rng(3)
    lines = []
    for k in range(n):
        for row, size in enumerate((20.0, 40.0, 80.0)):
            centre = np.array([50 + 3.0 * k, 100 + 150 * row + 0.05 * k**2])
            wide = size * (1 + share * chance.normal(size=2))
            low = centre + share * size * chance.normal(size=2) - wide / 2
            lines.append(f"{k + 1},-1,{low[0]:.3f},{low[1]:.3f},{wide[0]:.3f},{wide[1]:.3f},0.9\n")
    return "".join(lines)


@pytest.mark.parametrize("share", [0.02, 0.06])
def test_noise_that_a_file_does_not_state_is_told_from_its_boxes(
    write: Write, share: float
) -> None:
    found = read_detections(write(shaken(share)))
    noise_px = np.array([one.noise_px[1] for one in found.frames.values()])
    np.testing.assert_allclose(np.median(noise_px, axis=0), share * 40.0, rtol=0.35)


def test_a_doubtful_box_is_thought_less_exact_and_none_is_thought_perfect(write: Write) -> None:
    text = "".join(f"{k},-1,{10 + k},10,40,40,0.9\n" for k in range(1, 60))
    found = read_detections(write(text + "60,-1,70,10,40,40,0.2\n"))
    assert np.all(found.frames[0].noise_px >= 0.3)
    few = read_detections(write("1,-1,10,10,40,40,0.9\n2,-1,90,10,40,40,0.3\n3,-1,50,1,40,40,1\n"))
    assert np.all(few.frames[1].noise_px > few.frames[0].noise_px)


def test_the_suffix_tells_the_form_and_an_unknown_one_is_refused(
    tmp_path: Path, seen: dict[int, Detections]
) -> None:
    with pytest.raises(ConfigurationError, match=r"use \.json or \.txt"):
        write_detections(tmp_path / "seen.xml", seen)
    with pytest.raises(ConfigurationError, match="could not be written"):
        write_detections(tmp_path / "nowhere" / "seen.json", seen)
    assert list(tmp_path.iterdir()) == []


def test_in_a_folder_the_file_named_like_the_clip_is_meant(tmp_path: Path) -> None:
    (tmp_path / "toss.txt").write_text("1,-1,1,1,9,9\n")
    assert find_detections(tmp_path, "clips/toss.mp4") == tmp_path / "toss.txt"
    assert find_detections(tmp_path / "toss.txt", "clips/drop.mp4") == tmp_path / "toss.txt"
    with pytest.raises(InputError, match=r"no drop\.txt or drop\.csv or drop\.json"):
        find_detections(tmp_path, "drop.mp4")


@pytest.mark.parametrize(
    ("name", "n_boxes", "n_frames"),
    [
        ("MOT15/TUD-Campus/det/det_frcnn_sort.txt", 321, 71),
        ("MOT17/MOT17-09/trk/MPNTrack-FRCNN.txt", 4081, 525),
        ("KITTI-car/KITTI-0006/det/det_pointrcnn.txt", 918, 270),
    ],
)
def test_detections_of_public_benchmarks_are_read(
    shared: Path, name: str, n_boxes: int, n_frames: int
) -> None:
    path = shared / "mot" / name
    if not path.is_file():
        pytest.skip(f"no {name} in the folder of footage")
    found: DetectionFile = read_detections(path)
    assert sum(len(one.boxes) for one in found.frames.values()) == n_boxes
    assert max(found.frames) == n_frames - 1

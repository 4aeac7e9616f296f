"""`physcheck mutate`: from a clip to a labelled pair, and what it says where it cannot."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from bouncing_ball import FPS, RADIUS, bounces, boxes, pictures, rolls

from physcheck.cli import main
from physcheck.errors import ConfigurationError, InputError
from physcheck.labels import ClipLabel, read_labels
from physcheck.mutation.folders import mutate_clips, mutate_folder, write_set
from physcheck.mutation.making import NONE, Made, Settings, mutate_clip
from physcheck.mutation.picking import given_boxes, read_boxes
from physcheck.records import Unread
from physcheck.types import Bytes, Floats
from physcheck.video import write_video

SETTINGS = Settings(seed=3, max_frames=36)


def write_boxes(path: Path, feet: Floats) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["frame", "x1", "y1", "x2", "y2", "obj"])
        for k, box in enumerate(boxes(feet)):
            writer.writerow([k, *box, "ball"])
    return path


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a ball that bounces, its boxes, and a label that names them."""
    folder = tmp_path_factory.mktemp("footage")
    write_video(folder / "ball.mp4", pictures(bounces(48)), FPS, crf=12)
    write_boxes(folder / "ball.csv", bounces(48))
    label = {"clip": "ball.mp4", "verdict": "clean", "gt": "ball.csv", "source_repo": "a/b"}
    (folder / "labels.json").write_text(json.dumps([label]))
    return folder


@pytest.fixture(scope="module")
def made(footage: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made]:
    """Where two pairs were written, and what came of the clip."""
    out = tmp_path_factory.mktemp("made")
    kinds = ["vanish", "teleport"]
    return out, mutate_clip(footage / "ball.mp4", kinds, out, SETTINGS)


def frames_of(path: Path) -> Bytes:
    with av.open(str(path)) as container:
        return np.stack([one.to_ndarray(format="rgb24") for one in container.decode(video=0)])


def pair(out: Path, made: Made, kind: str) -> tuple[ClipLabel, Bytes, Bytes]:
    """The label of the violation, its frames, and those of the twin."""
    (bad,) = [one for one in made.labels if one.violations and one.violations[0].kind == kind]
    (twin,) = [one for one in made.labels if one.pair_id == bad.pair_id and one is not bad]
    return bad, frames_of(out / bad.clip), frames_of(out / twin.clip)


def difference(one: Bytes, other: Bytes) -> Floats:
    """(n,) largest difference of blocks of 8 x 8 px, grey levels."""
    off = one.astype(float).mean(axis=3) - other.astype(float).mean(axis=3)
    n, height, width = off.shape
    blocks = off.reshape(n, height // 8, 8, width // 8, 8).mean(axis=(2, 4))
    return np.abs(blocks).reshape(n, -1).max(axis=1)


@pytest.mark.parametrize("kind", ["vanish", "teleport"])
def test_twins_share_every_frame_until_the_change(made: tuple[Path, Made], kind: str) -> None:
    label, bad, twin = pair(*made, kind)
    violation = label.violations[0]
    assert len(bad) == len(twin) == label.frames
    assert (bad[: violation.start_frame + 1] == twin[: violation.start_frame + 1]).all()
    assert difference(bad, twin)[violation.end_frame] > 20


def test_the_twin_shows_the_footage_as_it_was(made: tuple[Path, Made], footage: Path) -> None:
    label, _, twin = pair(*made, "teleport")
    filmed = frames_of(footage / "ball.mp4")
    starts = range(len(filmed) - len(twin) + 1)
    nearest = min(starts, key=lambda k: np.abs(filmed[k].astype(int) - twin[0]).mean())
    off = difference(filmed[nearest : nearest + len(twin)], twin)
    assert np.median(off) < 8
    assert label.verdict == "violation"


def test_the_box_at_the_peak_is_where_the_thing_was_put(made: tuple[Path, Made]) -> None:
    label, bad, twin = pair(*made, "teleport")
    frame, x1, y1, x2, y2 = label.violations[0].box_at_peak or (0, 0, 0, 0, 0)
    assert max(x2 - x1, y2 - y1) == pytest.approx(2 * RADIUS, abs=6)
    middle = np.s_[frame, round((y1 + y2) / 2), round((x1 + x2) / 2)]
    assert bad[middle][0] > bad[middle][2] + 60
    assert np.abs(bad[middle].astype(int) - twin[middle]).max() > 30


def test_labels_come_back_as_they_were_written(made: tuple[Path, Made]) -> None:
    out, one = made
    write_set(out, [one, Unread(path="x.mp4", error="no such file")])
    labels = read_labels(out / "labels.json").clips
    assert [label.clip for label in labels] == [label.clip for label in one.labels]
    assert {label.source for label in labels} == {"a/b"}
    assert {label.origin for label in labels} == {"mutated"}
    bad = next(label for label in labels if label.violations)
    assert bad.violations[0].magnitude
    assert bad.violations[0].magnitude_unit
    refused = json.loads((out / "refused.json").read_text())
    assert refused == [{"clip": "x.mp4", "kind": "", "reason": "no such file"}]


def test_the_same_seed_gives_the_same_files(
    made: tuple[Path, Made], footage: Path, tmp_path: Path
) -> None:
    out, before = made
    again = mutate_clip(footage / "ball.mp4", ["teleport"], tmp_path, SETTINGS)
    label = again.labels[0]
    assert label == next(one for one in before.labels if one.clip == label.clip)
    assert (tmp_path / label.clip).read_bytes() == (out / label.clip).read_bytes()


def test_none_is_a_clip_of_its_own_that_is_clean(footage: Path, tmp_path: Path) -> None:
    one = mutate_clip(footage / "ball.mp4", [NONE], tmp_path, SETTINGS)
    assert [(label.verdict, label.violations) for label in one.labels] == [("clean", ())]


def test_a_clip_that_gives_nothing_says_why(footage: Path, tmp_path: Path) -> None:
    one = mutate_clip(footage / "ball.mp4", ["spontaneous-motion"], tmp_path, SETTINGS)
    assert one.labels == ()
    (refused,) = one.refused
    assert refused.kind == "spontaneous-motion"
    assert "rests" in refused.reason


def test_a_still_picture_gives_nothing_at_all(tmp_path: Path) -> None:
    frame = pictures(rolls(1))[0]
    write_video(tmp_path / "still.mp4", [frame] * 30, FPS)
    one = mutate_clip(tmp_path / "still.mp4", ["vanish"], tmp_path / "out", SETTINGS)
    assert one.labels == ()
    assert "nothing is followed" in one.refused[0].reason


def test_boxes_are_found_through_the_label_beside_the_clip(footage: Path) -> None:
    (ball,) = given_boxes(footage / "ball.mp4")
    assert ball.label == "ball"
    assert len(ball.frames) == 48


def test_boxes_without_numbers_are_refused_by_name(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("frame,x1,y1,x2\n1,2,3,4\n")
    with pytest.raises(InputError, match=r"bad\.csv.*y2"):
        read_boxes(bad)


def test_boxes_for_several_clips_are_refused(footage: Path, tmp_path: Path) -> None:
    clips = [str(footage / "ball.mp4")] * 2
    with pytest.raises(ConfigurationError, match="one clip"):
        list(mutate_clips(clips, ["vanish"], tmp_path, boxes=footage / "ball.csv"))


def test_a_folder_becomes_a_labelled_set(footage: Path, tmp_path: Path) -> None:
    mutate_folder(footage, ["size-jump"], tmp_path, replace(SETTINGS, repeat=2))
    labels = read_labels(tmp_path / "labels.json").clips
    assert len(labels) == 4
    assert len({label.pair_id for label in labels}) == 2
    assert all((tmp_path / label.clip).is_file() for label in labels)


def test_the_command_line_writes_the_set_and_says_what_it_made(
    footage: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = str(footage / "ball.mp4")
    arguments = ["mutate", clip, "--kind", "size-jump,spontaneous-motion", "-o", str(tmp_path)]
    assert main([*arguments, "--max-frames", "30"]) == 0
    told = capsys.readouterr()
    assert "ball-size-jump.mp4  size-jump  frames" in told.out
    assert "2 clips, 1 pairs" in told.out
    assert "no spontaneous-motion: nothing rests" in told.err


def test_the_command_line_tells_wrong_usage_from_unreadable_clips(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"nothing")
    clip, out = str(tmp_path / "a.mp4"), str(tmp_path / "out")
    assert main(["mutate", clip, "-o", out]) == 2
    assert main(["mutate", clip, "--kind", "explode", "-o", out]) == 2
    assert "no such kind" in capsys.readouterr().err
    assert main(["mutate", clip, "--kind", "vanish", "-o", out]) == 3

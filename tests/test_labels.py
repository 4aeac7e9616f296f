"""Label files: read, refused with a reason, and written without loss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from golden_files import assert_golden

import physcheck
from physcheck.errors import ConfigurationError, InputError
from physcheck.labels import (
    ClipLabel,
    LabelSet,
    labels_schema_json,
    read_labels,
    to_plain,
    write_labels,
)

SCHEMA = Path(physcheck.__file__).parent / "schema" / "labels-1.0.schema.json"
GONE = {"kind": "vanish", "start_frame": 10, "end_frame": 11}


def entry(clip: str = "clips/a.mp4", **fields: Any) -> dict[str, Any]:
    return {"clip": clip, "verdict": "violation", "violations": [GONE], **fields}


def saved(folder: Path, content: object, name: str = "labels.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def read(folder: Path, content: object, name: str = "labels.json") -> LabelSet:
    return read_labels(saved(folder, content, name))


def assert_lossless(path: Path) -> None:
    raw = json.loads(path.read_text(encoding="utf-8"))
    for before, after in zip(raw, to_plain(read_labels(path).clips), strict=True):
        for one, other in zip(before.pop("violations"), after["violations"], strict=True):
            assert {name: other[name] for name in one} == one
        assert {name: after[name] for name in before} == before


def assert_valid(path: Path) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    data = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(data, schema)
    jsonschema.validate({"clips": data}, schema)


def test_a_list_and_an_object_with_clips_say_the_same(tmp_path: Path) -> None:
    plain, wrapped = read(tmp_path, [entry()]), read(tmp_path, {"made": 1, "clips": [entry()]})
    assert plain.clips == wrapped.clips
    assert plain.path_of(plain.clips[0]) == tmp_path / "clips" / "a.mp4"


def test_a_set_is_named_after_its_file_or_its_folder(tmp_path: Path) -> None:
    assert read(tmp_path, [], "thrown.json").name == "thrown"
    assert read(tmp_path, []).name == tmp_path.name


def test_a_clip_may_lie_anywhere(tmp_path: Path) -> None:
    found = read(tmp_path, [entry("/far/away.mp4"), entry("../beside.mp4")])
    assert found.path_of(found.clips[0]) == Path("/far/away.mp4")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("3", 'neither a list of clips nor {"clips": [...]}'),
        ('[{"clip": "a.mp4", "verdict": "clean", "x": NaN}]', "not JSON: NaN is no number"),
        ([{"verdict": "clean"}], "clip 0: clip: Field required"),
        ([7], "clip 0: "),
        ([entry(verdict="maybe")], "clips/a.mp4: verdict: Input should be 'violation', 'clean'"),
        (
            [entry(violations=[GONE | {"end_frame": "x"}])],
            "clips/a.mp4: violations.0.end_frame: Input should be a valid integer",
        ),
        (
            [entry(violations=[GONE | {"end_frame": 9}])],
            "clips/a.mp4: violations.0: end_frame 9 is before start_frame 10",
        ),
        (
            [entry(violations=[GONE | {"box_at_peak": [10, 5, 5, 4, 9]}])],
            "clips/a.mp4: violations.0: box_at_peak",
        ),
        ([entry(frames=11)], "clips/a.mp4: end_frame 11 is not in the clip, which has 11 frames"),
        ([entry(verdict="clean")], "clips/a.mp4: a clean clip has no violations"),
        ([entry(), entry("clips/./a.mp4")], "clips/./a.mp4: labelled twice"),
    ],
)
def test_a_wrong_file_is_refused_with_clip_and_field(
    tmp_path: Path, content: object, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, content)
    assert str(caught.value).startswith(f"{tmp_path / 'labels.json'}: {message}")


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="could not be read"):
        read_labels(tmp_path / "none.json")
    (tmp_path / "film.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8"):
        read_labels(tmp_path / "film.json")


def test_clips_of_one_source_are_one_group() -> None:
    def group(**fields: str) -> str:
        return ClipLabel.model_validate({"clip": "a.mp4", "verdict": "clean", **fields}).group

    assert group(source="film", source_repo="repo", pair_id="3") == "film"
    assert group(source_repo="repo", pair_id="3") == "repo"
    assert group(pair_id="3") == "3"
    assert group() == "a.mp4"


def test_a_violating_clip_without_intervals_says_nothing_of_frames() -> None:
    told = ClipLabel.model_validate(entry())
    assert told.placed
    assert not ClipLabel.model_validate(entry(violations=[])).placed
    assert not ClipLabel.model_validate(entry(verdict="unsure")).placed


def test_the_labels_of_the_samples_are_read_without_loss(samples: Path) -> None:
    assert_lossless(samples / "labels.json")


@pytest.mark.parametrize("name", ["real", "generated"])
def test_the_labels_of_footage_are_read_without_loss(shared: Path, name: str) -> None:
    assert_lossless(shared / "clips" / name / "labels.json")
    assert_valid(shared / "clips" / name / "labels.json")


def test_what_is_written_is_read_back_equal(tmp_path: Path, samples: Path) -> None:
    clips = read_labels(samples / "labels.json").clips
    write_labels(tmp_path / "copy.json", clips)
    assert read_labels(tmp_path / "copy.json").clips == clips
    assert [path.name for path in tmp_path.iterdir()] == ["copy.json"]


def test_a_written_file_has_the_fields_of_the_contract_and_one_line_a_violation(
    tmp_path: Path,
) -> None:
    clean = ClipLabel(clip="b.mp4", verdict="clean")
    write_labels(tmp_path / "out.json", [ClipLabel.model_validate(entry()), clean])
    assert (tmp_path / "out.json").read_text() == (
        "[\n"
        "  {\n"
        '    "clip": "clips/a.mp4",\n'
        '    "origin": "unknown",\n'
        '    "verdict": "violation",\n'
        '    "fps": null,\n'
        '    "frames": null,\n'
        '    "violations": [\n'
        '      {"kind": "vanish", "start_frame": 10, "end_frame": 11, "object": "", '
        '"box_at_peak": null, "note": ""}\n'
        "    ]\n"
        "  },\n"
        "  {\n"
        '    "clip": "b.mp4",\n'
        '    "origin": "unknown",\n'
        '    "verdict": "clean",\n'
        '    "fps": null,\n'
        '    "frames": null,\n'
        '    "violations": []\n'
        "  }\n"
        "]\n"
    )


def test_no_clips_are_an_empty_list(tmp_path: Path) -> None:
    write_labels(tmp_path / "none.json", [])
    assert read_labels(tmp_path / "none.json").clips == ()


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    label = ClipLabel(clip="a.mp4", verdict="clean")
    with pytest.raises(ConfigurationError, match="could not be written"):
        write_labels(tmp_path / "nowhere" / "x.json", [label])
    with pytest.raises(InputError, match="labelled twice"):
        write_labels(tmp_path / "x.json", [label, label])
    assert list(tmp_path.iterdir()) == []


def test_the_published_schema_is_up_to_date() -> None:
    assert_golden(labels_schema_json(), SCHEMA)


def test_label_files_obey_the_published_schema(samples: Path) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert_valid(samples / "labels.json")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([{"clip": "a.mp4"}], schema)


TABLE = """\ufeffclip,kind,start_s,end_s,object,fps,page
a.mp4,vanish,1.0,1.04,red ball,25,7
b.mp4,,,,,,
a.mp4,appear,2,2.5,red ball,25,8

"""


def test_a_table_in_seconds_becomes_frames(tmp_path: Path) -> None:
    found = read(tmp_path, TABLE, "table.csv")
    first, second = found.clips
    assert (first.clip, first.verdict, first.fps) == ("a.mp4", "violation", 25.0)
    assert [(one.kind, one.start_frame, one.end_frame) for one in first.violations] == [
        ("vanish", 25, 26),
        ("appear", 50, 63),
    ]
    assert first.violations[0].object == "red ball"
    assert (second.clip, second.verdict, second.violations) == ("b.mp4", "clean", ())


def test_a_table_may_use_semicolons_and_name_origin_and_pair(tmp_path: Path) -> None:
    text = "clip;kind;start_s;end_s;fps;origin;pair_id\na.mp4;merge;0;0.5;10;generated;p1\n"
    (clip,) = read(tmp_path, text, "table.csv").clips
    assert (clip.origin, clip.pair_id, clip.violations[0].end_frame) == ("generated", "p1", 5)


def test_the_frame_rate_is_asked_for_only_where_it_is_needed(tmp_path: Path) -> None:
    asked = []

    def fps_of(path: Path) -> float:
        asked.append(path)
        return 10.0

    text = "clip,kind,start_s,end_s\na.mp4,vanish,1,1.2\nb.mp4,,,\n"
    found = read_labels(saved(tmp_path, text, "table.csv"), fps_of)
    assert asked == [tmp_path / "a.mp4"]
    assert (found.clips[0].violations[0].start_frame, found.clips[0].fps) == (10, 10.0)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a.mp4,vanish,1,x,25", "line 2: a.mp4: end_s: 'x' is not a number"),
        ("a.mp4,vanish,,1,25", "line 2: a.mp4: start_s: '' is not a number"),
        ("a.mp4,vanish,-1,1,25", "line 2: a.mp4: start_s: '-1' is not a number of at least 0"),
        ("a.mp4,vanish,2,1,25", "line 2: a.mp4: end_s: is before start_s"),
        ("a.mp4,vanish,1,2,", "line 2: a.mp4: fps: needed to turn seconds into frames"),
        ("a.mp4,vanish,1,2,0", "line 2: a.mp4: fps: must be one number above 0"),
        ("a.mp4,vanish,1,2,25\na.mp4,,,,", "line 3: a.mp4: a row without a kind says clean"),
        (",vanish,1,2,25", "line 2: : clip: is empty"),
    ],
)
def test_a_wrong_table_is_refused_with_line_and_column(
    tmp_path: Path, rows: str, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, f"clip,kind,start_s,end_s,fps\n{rows}\n", "table.csv")
    assert message in str(caught.value)


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the header lacks end_s, start_s"):
        read(tmp_path, "clip,kind\na.mp4,vanish\n", "table.csv")

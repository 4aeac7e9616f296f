"""Packs are read strictly: each mistake is named with file, line and nearest word."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from physcheck.checks import read_check
from physcheck.errors import ConfigurationError, PackError
from physcheck.resources import packs_folder
from physcheck.rules import (
    Null,
    Rule,
    config_sha256,
    describe_rule,
    list_rules,
    load_pack,
    pack_names,
    select_rules,
    validate_pack,
)
from physcheck.statistics import FAMILIES
from physcheck.types import Shot, Signal

UNITS = {
    "vanish": ("permanence", "nats"),
    "appear": ("permanence", "nats"),
    "lost-behind": ("permanence", "sigma"),
    "split": ("permanence", "nats"),
    "merge": ("permanence", "nats"),
    "count-change": ("permanence", "nats"),
    "size-jump": ("size", "nats"),
    "appearance-change": ("size", "nats"),
    "shape-morph": ("size", "nats"),
    "floor-penetration": ("floor", "px"),
    "teleport": ("trajectory", "nats"),
    "trajectory": ("trajectory", "sigma"),
    "gravity": ("trajectory", "sigma"),
    "energy-gain": ("trajectory", "drops"),
    "upside-down": ("view", "sigma"),
    "reversed": ("view", "log energy"),
    "spontaneous-motion": ("interaction", "sigma"),
    "hover": ("floor", "body lengths"),
    "interpenetration": ("floor", "share of the outline"),
    "collision": ("interaction", "sigma"),
}


def fake(
    shot: Shot,
    *,
    min_size_px: float = 12.0,
    window: int = 6,
    plane: bool = True,
    mode: str = "open",
) -> list[Signal]:
    """A thing does what it should not.

    Statistic: how much of it.
    Abstains: when it cannot be seen.
    Blind to: what is too slow.
    Source: made up.

    Args:
        min_size_px: smaller things are not judged.
    """
    return []


CHECKS = {name: read_check(fake, name=name, group=g, unit=u) for name, (g, u) in UNITS.items()}

PACK = """\
pack: mine
version: "1"
description: for a test
rules:
  size-jump:
    check: size-jump
    limit: 0.18
    unit: nats
    min_frames: 1
    null: {family: halfnormal, scale: 0.05}
    parameters:
      min_size_px: 8
"""


def written(folder: Path, text: str, name: str = "x.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def mistakes(folder: Path, text: str) -> list[str]:
    """Mistakes without the folder: "x.yaml:12: ..."."""
    found = validate_pack(written(folder, text), checks=CHECKS)
    return [line.removeprefix(f"{folder}/") for line in found]


def test_a_pack_is_read_with_defaults_filled_in(tmp_path):
    pack = load_pack(written(tmp_path, PACK), checks=CHECKS)
    assert (pack.name, pack.version, pack.description) == ("mine", "1", "for a test")
    assert pack.sha256 == hashlib.sha256(PACK.encode()).hexdigest()
    assert pack.rules == (
        Rule(
            name="size-jump",
            check="size-jump",
            group="size",
            limit=0.18,
            unit="nats",
            min_frames=1,
            null=Null("halfnormal", 0.05),
            parameters={"min_size_px": 8.0, "window": 6, "plane": True, "mode": "open"},
        ),
    )
    assert type(pack.rules[0].parameters["min_size_px"]) is float


def test_a_pack_survives_pickling(tmp_path):
    pack = load_pack(written(tmp_path, PACK), checks=CHECKS)
    assert pickle.loads(pickle.dumps(pack)) == pack


def test_the_key_null_may_be_quoted_or_bare(tmp_path):
    assert mistakes(tmp_path, PACK.replace("null:", '"null":')) == []


IN_A_RULE = [
    # what is replaced by what, the line, the words that follow "rule 'size-jump': "
    ("limit:", "limt:", 7, "unknown key 'limt'; did you mean 'limit'?"),
    ("scale: 0.05", "scal: 0.05", 10, "unknown key 'scal'; did you mean 'scale'?"),
    ("size-jump\n    l", "siz-jump\n    l", 6, "unknown check 'siz-jump'; did you mean 'size-j"),
    ("size_px", "siz", 12, "unknown parameter 'min_siz'; did you mean 'min_size_px'?"),
    ("_px: 8", "_px: small", 12, "parameter min_size_px must be a number, got 'small'"),
    ("_px: 8", "_px: .inf", 12, "parameter min_size_px must be a finite number, got inf"),
    ("min_size_px: 8", "window: 6.5", 12, "parameter window must be a whole number, got 6.5"),
    ("min_size_px: 8", "window: true", 12, "parameter window must be a whole number, got Tr"),
    ("min_size_px: 8", "plane: 1", 12, "parameter plane must be true or false, got 1"),
    ("min_size_px: 8", "mode: 3", 12, "parameter mode must be text, got 3"),
    ("nats", "px", 8, "unit is 'px', but check 'size-jump' measures 'nats'"),
    ("limit: 0.18", "limit: much", 7, "limit must be a number, got 'much'"),
    ("limit: 0.18", "limit: true", 7, "limit must be a number, got True"),
    ("limit: 0.18", "limit: 0", 7, "limit must be larger than 0, got 0"),
    ("limit: 0.18", "limit: -1", 7, "limit must be larger than 0, got -1"),
    ("limit: 0.18", "limit: .nan", 7, "limit must be a finite number, got nan"),
    ("limit: 0.18", "limit: .inf", 7, "limit must be a finite number, got inf"),
    ("scale: 0.05", "scale: 0", 10, "scale must be larger than 0, got 0"),
    ("halfnormal", "halfnorml", 10, "unknown family 'halfnorml'; did you mean 'halfnormal'?"),
    ("min_frames: 1", "min_frames: 1.5", 9, "min_frames must be a whole number, got 1.5"),
    ("min_frames: 1", "min_frames: 0", 9, "min_frames must be at least 1, got 0"),
    ("halfnormal", "lognormal", 10, "null: the family lognormal needs a shape"),
    ("halfnormal", "halfnormal, shape: 1.0", 10, "null: the family halfnormal takes no shape"),
    ("    unit: nats\n", "", 5, "key 'unit' is missing"),
    ("{family: halfnormal, scale: 0.05}", "3", 10, "null must be a mapping (key: value), got 3"),
    ("parameters:\n      min_size_px: 8", "parameters: 8", 11, "parameters must be a mapping"),
]
ELSEWHERE = [
    ("description:", "descriptoin:", 3, "unknown key 'descriptoin'; did you mean 'description'?"),
    ("  size-jump:", "  Size_Jump:", 5, "rule 'Size_Jump': small letters and dashes only"),
    ('"1"', "0.1", 2, "version must be text (put it in quotes), got 0.1"),
    ("version", "pack", 2, "'pack' is given twice, first in line 1"),
    ("limit: 0.18", "limit: {", 9, "not valid YAML: "),
    ("limit: 0.18", "limit: !!python/name:os.system", 7, "cannot read the value ''"),
    ("pack: mine", "pack: &p mine\nextends: *p", 2, "aliases (*name) cannot be used"),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), IN_A_RULE)
def test_a_mistake_in_a_rule_is_named_with_line_and_nearest_word(tmp_path, old, new, line, words):
    found = mistakes(tmp_path, PACK.replace(old, new, 1))
    wanted = f"x.yaml:{line}: rule 'size-jump': {words}"
    assert any(one.startswith(wanted) for one in found), found


@pytest.mark.parametrize(("old", "new", "line", "words"), ELSEWHERE)
def test_a_mistake_outside_of_rules_is_named_with_its_line(tmp_path, old, new, line, words):
    found = mistakes(tmp_path, PACK.replace(old, new, 1))
    assert any(one.startswith(f"x.yaml:{line}: {words}") for one in found), found


def test_a_rule_that_is_given_twice_is_a_mistake(tmp_path):
    text = PACK + PACK.split("rules:\n")[1]
    assert mistakes(tmp_path, text) == ["x.yaml:13: 'size-jump' is given twice, first in line 5"]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_lines(tmp_path):
    text = PACK.replace("limit: 0.18", "limit: -1").replace("min_size_px", "min_size")
    text = text.replace("description", "about")
    lines = [int(line.split(":")[1]) for line in mistakes(tmp_path, text)]
    assert lines == [1, 3, 7, 12]


def test_the_null_may_have_any_family_that_statistics_knows(tmp_path):
    for family in FAMILIES:
        shape = ", shape: 0.5" if family == "lognormal" else ""
        assert mistakes(tmp_path, PACK.replace("halfnormal", family + shape)) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"- a\n- b\n", b"\xff\xfe\x00", b"[" * 5000, b"a: b\n---\nc: d\n", b"? [a]\n: b"],
)
def test_what_is_no_pack_is_one_clear_mistake(tmp_path, content):
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    found = validate_pack(path, checks=CHECKS)
    assert len(found) == 1
    assert found[0].startswith(f"{path}:")


def test_a_pack_without_rules_is_a_mistake(tmp_path):
    text = PACK.split("rules:")[0]
    assert mistakes(tmp_path, text + "rules: {}\n")[0].startswith("x.yaml:4: rules")
    assert mistakes(tmp_path, text + "rules:\n")[0].startswith("x.yaml:4: rules must be a mapping")
    assert mistakes(tmp_path, text) == ["x.yaml:1: key 'rules' is missing"]


def test_an_unknown_pack_or_file_is_told_apart(tmp_path):
    with pytest.raises(PackError, match="unknown rule pack 'strikt'; did you mean 'strict'"):
        load_pack("strikt", checks=CHECKS)
    with pytest.raises(PackError, match="no such rule pack file"):
        load_pack(tmp_path / "none.yaml", checks=CHECKS)
    assert "no such rule pack file" in validate_pack(tmp_path / "none.yaml", checks=CHECKS)[0]


CHILD = """\
extends: x.yaml
pack: child
version: "2"
description: a child
rules:
  size-jump:
    limit: 0.5
    null: {scale: 0.1}
"""


def test_a_pack_that_extends_another_says_only_what_differs(tmp_path):
    parent_path, path = written(tmp_path, PACK), written(tmp_path, CHILD, "child.yaml")
    parent, child = load_pack(parent_path, checks=CHECKS), load_pack(path, checks=CHECKS)
    assert (child.name, child.version) == ("child", "2")
    wanted = replace(parent.rules[0], limit=0.5, null=Null("halfnormal", 0.1))
    assert child.rules == (wanted,)


def test_the_hash_of_a_pack_covers_what_it_extends(tmp_path):
    path = written(tmp_path, CHILD, "child.yaml")
    written(tmp_path, PACK)
    assert (
        load_pack(path, checks=CHECKS).sha256 == hashlib.sha256((CHILD + PACK).encode()).hexdigest()
    )
    written(tmp_path, PACK.replace("0.05", "0.06"))
    other = hashlib.sha256((CHILD + PACK.replace("0.05", "0.06")).encode()).hexdigest()
    assert load_pack(path, checks=CHECKS).sha256 == other


def test_mistakes_name_the_file_that_they_are_in(tmp_path):
    written(tmp_path, PACK.replace("0.05", "-1"))
    path = written(tmp_path, CHILD.replace("limit: 0.5", "limit: 0"), "child.yaml")
    found = validate_pack(path, checks=CHECKS)
    assert found == [f"{path}:7: rule 'size-jump': limit must be larger than 0, got 0"]
    path.write_text(CHILD.replace("{scale: 0.1}", "{}"))
    found = validate_pack(path, checks=CHECKS)
    assert found == [f"{tmp_path}/x.yaml:10: rule 'size-jump': scale must be larger than 0, got -1"]


def test_a_misspelt_rule_in_a_child_is_not_taken_for_a_new_one(tmp_path):
    written(tmp_path, PACK)
    text = CHILD.replace("size-jump", "size-jum")
    found = validate_pack(written(tmp_path, text, "child.yaml"), checks=CHECKS)
    assert any("no rule 'size-jum'; did you mean 'size-jump'?" in line for line in found)


def test_packs_that_extend_each_other_are_a_mistake(tmp_path):
    written(tmp_path, CHILD.replace("x.yaml", "child.yaml"))
    path = written(tmp_path, CHILD, "child.yaml")
    assert "extends this pack in turn" in validate_pack(path, checks=CHECKS)[0]


def test_extending_an_unknown_pack_is_a_mistake_with_a_line(tmp_path):
    found = mistakes(tmp_path, CHILD.replace("x.yaml", "defalt"))
    assert found == [
        "x.yaml:1: extends: unknown rule pack 'defalt'; did you mean 'default'?",
    ]


def test_the_shipped_packs_have_their_rules_and_their_own_names():
    assert pack_names() == ("default", "lenient", "strict")
    for name in pack_names():
        pack = load_pack(name, checks=CHECKS)
        assert pack.name == name
        assert {rule.name for rule in pack.rules} == set(UNITS)


def test_strict_is_stricter_and_lenient_more_lenient_for_every_rule():
    strict, default, lenient = (
        load_pack(name, checks=CHECKS).rules for name in ("strict", "default", "lenient")
    )
    for low, middle, high in zip(strict, default, lenient, strict=True):
        assert low.name == middle.name == high.name
        assert low.limit < middle.limit < high.limit
        assert low.null == middle.null == high.null


def test_every_number_of_a_shipped_pack_has_a_comment():
    for path in packs_folder().glob("*.yaml"):
        for line in path.read_text().splitlines():
            key, _, value = line.partition(":")
            if line.startswith("    ") and value.strip()[:1].isdigit():
                assert "# " in value, f"{path.name}: {key.strip()}"


def test_the_shipped_packs_agree_with_the_shipped_checks():
    for name in pack_names():
        assert validate_pack(name) == []


def test_rules_are_selected_and_ignored_by_rule_or_group():
    pack = load_pack("default", checks=CHECKS)

    def names(**arguments) -> list[str]:
        return [rule.name for rule in select_rules(pack, **arguments).rules]

    assert names() == [rule.name for rule in pack.rules]
    assert names(select=["size-jump"]) == ["size-jump"]
    permanence = ["vanish", "appear", "lost-behind", "split", "merge", "count-change"]
    assert names(select=["permanence"]) == permanence
    assert names(select=["permanence"], ignore=["appear", "count-change"]) == [
        "vanish",
        "lost-behind",
        "split",
        "merge",
    ]
    assert names(select=["trajectory"]) == ["teleport", "trajectory", "gravity", "energy-gain"]
    assert names(
        ignore=[
            "trajectory",
            "floor",
            "size",
            "view",
            "interaction",
            "lost-behind",
            "split",
            "merge",
            "count-change",
        ]
    ) == [
        "vanish",
        "appear",
    ]


def test_an_unknown_name_or_an_empty_selection_is_an_error():
    pack = load_pack("default", checks=CHECKS)
    with pytest.raises(ConfigurationError, match=r"unknown rule or group 'vansh'.*mean 'vanish'"):
        select_rules(pack, select=["vansh"])
    with pytest.raises(ConfigurationError, match=r"unknown rule or group 'sise'.*mean 'size'"):
        select_rules(pack, ignore=["sise"])
    with pytest.raises(ConfigurationError, match="no rule of the group 'relation'"):
        select_rules(pack, select=["relation"])
    with pytest.raises(ConfigurationError, match="no rule is left"):
        select_rules(pack, select=["vanish"], ignore=["permanence"])


def test_the_hash_of_a_configuration_depends_on_rules_and_settings_only():
    pack = load_pack("default", checks=CHECKS)
    first = config_sha256(pack, {"detector": "motion", "floor": None})
    assert first == config_sha256(
        replace(pack, path="/elsewhere"), {"floor": None, "detector": "motion"}
    )
    assert len(first) == 64
    assert first != config_sha256(pack, {"detector": "yolo", "floor": None})
    assert first != config_sha256(
        select_rules(pack, ignore=["vanish"]), {"detector": "motion", "floor": None}
    )
    with pytest.raises(TypeError):
        config_sha256(pack, {"x": object()})


def test_the_list_of_rules_has_a_row_each():
    rows = list_rules(load_pack("default", checks=CHECKS), checks=CHECKS)
    assert [row.name for row in rows] == list(UNITS)
    assert rows[2].summary == "A thing does what it should not."
    assert (rows[6].group, rows[6].unit) == ("size", "nats")


def test_a_rule_is_described_with_everything_its_check_says(tmp_path):
    pack = load_pack(written(tmp_path, PACK), checks=CHECKS)
    text = describe_rule(pack, "size-jump", checks=CHECKS)
    for words in (
        "size-jump (group size, pack mine 1)",
        "A thing does what it should not.",
        "how much of it.",
        "more than 0.18 nats",
        "halfnormal, scale 0.05 nats",
        "when it cannot be seen.",
        "what is too slow.",
        "made up.",
        "min_size_px = 8.0 (the check's own: 12.0): smaller things are not judged.",
        "window = 6",
    ):
        assert words in text
    assert max(map(len, text.splitlines())) <= 88


def test_describing_an_unknown_rule_names_the_nearest():
    pack = load_pack("default", checks=CHECKS)
    with pytest.raises(ConfigurationError, match=r"unknown rule 'telport'.*mean 'teleport'"):
        describe_rule(pack, "telport", checks=CHECKS)


@pytest.mark.parametrize(
    ("knots", "mistake"),
    [
        ("[[0, 0], [0.5, 0.4]]", "must go from"),
        ("[[0, 0], [0.5, 0.9], [0.6, 0.8], [1, 1]]", "must rise"),
        ("[[0, 0], [0.5], [1, 1]]", "must be pairs"),
    ],
)
def test_a_score_curve_that_does_not_rise_from_0_to_1_is_refused(
    tmp_path: Path, knots: str, mistake: str
):
    file = tmp_path / "own.yaml"
    file.write_text(
        "extends: default\npack: own\nversion: '1'\ndescription: d\n"
        f"score_curve: {knots}\nrules: {{}}\n"
    )
    found = validate_pack(file)
    assert any(mistake in line for line in found), found

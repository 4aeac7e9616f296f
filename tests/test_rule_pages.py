"""What is told of each rule: in the terminal, and on its page in docs/rules."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from physcheck.checks import GROUPS, PRINCIPLES, registry
from physcheck.rules import describe_rule, load_pack, rule_page
from physcheck.rules.measured import Curve, Measured, RuleMeasured, Seen, measured_rules

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def writing() -> ModuleType:
    """reports/write_rules.py, which is a script and no part of the package."""
    spec = importlib.util.spec_from_file_location("write_rules", ROOT / "reports/write_rules.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_rule_has_a_page_that_says_what_the_code_says(writing: ModuleType):
    pages = dict(writing.pages())
    if os.environ.get("UPDATE_DOCS"):
        writing.main([])
    stale = [path.name for path, text in pages.items() if not says(path, text)]
    assert not stale, f"run: python reports/write_rules.py (or UPDATE_DOCS=1): {stale}"
    shipped = {path.name for path in (ROOT / "docs" / "rules").glob("*.md")}
    assert shipped == {path.name for path in pages}


def says(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def test_every_rule_has_a_picture(writing: ModuleType):
    bare = [one.name for one in load_pack("default").rules if not writing.pictures_of(one.name)]
    assert not bare, f"run: python reports/write_rules.py --pictures: {bare}"


def test_every_group_says_why_a_person_objects():
    assert {check.group for check in registry().values()} <= set(GROUPS)
    assert all(PRINCIPLES.values())


def test_a_page_has_all_headings_and_escapes_what_markdown_would_eat():
    page = rule_page(load_pack("default"), "vanish", pictures=[("a.jpg", "gone")])
    headings = [line[3:] for line in page.splitlines() if line.startswith("## ")]
    for heading in ("Why", "Statistic", "Limit", "Abstains", "Blind to", "Source", "Parameters"):
        assert heading in headings
    assert "![gone](a.jpg)" in page


def test_what_was_measured_is_told_with_its_numbers(monkeypatch: pytest.MonkeyPatch):
    curve = Curve(unit="px", bins=(Seen(low=4.0, high=9.0, n=4, recall=0.5),))
    one = RuleMeasured(
        n_labelled=20,
        n_hit=15,
        n_hit_by_name=14,
        n_claims=16,
        n_right=15,
        n_accused=0,
        n_clean=33,
        curve=curve,
    )
    found = Measured(settings={"detector": "motion"}, rules={"vanish": {"mutated": one}})
    monkeypatch.setattr("physcheck.rules.describing.measured_rules", lambda: found)
    text = " ".join(describe_rule(load_pack("default"), "vanish").split())
    assert "mutated: 14 of 20 labelled violations seen by this rule, 15 by any" in text
    assert "15 of 16 claims right, 0 of 33 clean clips accused" in text
    assert "4 to 9 50 % of 4" in text


def test_an_installation_without_measurements_still_tells_the_rest(tmp_path: Path):
    assert measured_rules(tmp_path) is None


def test_where_a_limit_came_from_is_told_and_decides_nothing(tmp_path: Path):
    from physcheck.rules import config_sha256

    text = "extends: default\npack: own\nversion: '1'\ndescription: d\n"
    told = "rules:\n  vanish:\n    limit: 1.5\n    origin: the worst of 33 real clips has 1.2\n"
    plain, spoken = tmp_path / "plain.yaml", tmp_path / "spoken.yaml"
    plain.write_text(text + "rules:\n  vanish:\n    limit: 1.5\n")
    spoken.write_text(text + told)
    assert "; the worst of 33 real clips has 1.2" in " ".join(
        describe_rule(load_pack(str(spoken)), "vanish").split()
    )
    assert config_sha256(load_pack(str(plain)), {}) == config_sha256(load_pack(str(spoken)), {})

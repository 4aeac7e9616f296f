"""What is there is found, what is not is said with what to do."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from physcheck.cli import main
from physcheck.cli.examining import examine
from physcheck.resources import demo_clip


def test_all_that_is_needed_is_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--no-gpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line[:4] in ("ok  ", "--  ") for line in lines)
    assert any(line.split()[:3] == ["ok", "encoder", "libx264"] for line in lines)


def test_what_is_needed_and_broken_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "filterpy", None)
    assert main(["doctor", "--no-gpu"]) == 2
    (line,) = [one for one in capsys.readouterr().out.splitlines() if one.startswith("!!")]
    assert "pip install filterpy" in line


def test_an_extra_that_is_not_there_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = importlib.util.find_spec
    lost = {"openvino", "torch"}
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in lost else real(name)
    )
    found = {one.what: one for one in examine(gpu=True)}
    assert found["openvino"].mark == "--"
    assert "physcheck[openvino]" in found["openvino"].mend
    assert "physcheck[yolo]" in found["torch"].mend


def test_the_demo_writes_a_page_and_says_what_was_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo_clip().is_file()
    page = tmp_path / "demo.html"
    assert main(["demo", "--no-open", "-o", str(page)]) == 0
    assert "floor-penetration" in capsys.readouterr().out
    assert "<video" in page.read_text(encoding="utf-8")

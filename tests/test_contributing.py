"""The example in CONTRIBUTING.md works as it is printed there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"```(?:python|yaml)\n# (\S+)\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the files of the example in it."""
    project = tmp_path_factory.mktemp("project")
    skip = shutil.ignore_patterns("__pycache__")
    for folder in ("physcheck", "rules"):
        shutil.copytree(ROOT / folder, project / folder, ignore=skip)
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    files = BLOCK.findall(text)
    assert [name for name, _ in files] == [
        "physcheck/checks/shape_jump.py",
        "shape.yaml",
        "tests/test_shape_jump.py",
    ]
    for name, content in files:
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(content, encoding="utf-8")
    return project


def run_python(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
    )


def test_the_pack_of_the_example_is_right_and_its_rule_explained(example: Path) -> None:
    done = run_python(example, "physcheck", "rules", "validate", "shape.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    done = run_python(example, "physcheck", "rules", "show", "shape-jump", "--pack", "shape.yaml")
    assert "wider or narrower for its height" in done.stdout


def test_the_test_of_the_example_passes(example: Path) -> None:
    done = run_python(example, "pytest", "-p", "no:cacheprovider", "tests")
    assert done.returncode == 0, done.stdout + done.stderr

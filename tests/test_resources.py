"""The rule packs are found wherever physcheck was put."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "from physcheck.resources import packs_folder; print(packs_folder())"


def folder_found_from(path: Path, cwd: Path) -> str:
    """Ask a fresh interpreter whose only path is `path`."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONPATH": str(path)},
        cwd=cwd,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() or done.stderr


def package_without_packs(site: Path) -> Path:
    (site / "physcheck").mkdir(parents=True)
    for name in ("__init__.py", "errors.py", "resources.py"):
        shutil.copy(ROOT / "physcheck" / name, site / "physcheck")
    return site / "physcheck"


def test_packs_are_found_from_a_checkout(tmp_path):
    assert folder_found_from(ROOT, tmp_path) == str(ROOT / "rules")


def test_packs_are_found_from_a_wheel_and_not_in_another_projects_folder(tmp_path):
    package = package_without_packs(tmp_path / "site")
    shutil.copytree(ROOT / "rules", package / "packs")
    shutil.copytree(ROOT / "rules", package.parent / "rules")
    assert folder_found_from(package.parent, tmp_path) == str(package / "packs")


def test_an_installation_without_packs_says_so(tmp_path):
    package = package_without_packs(tmp_path / "site")
    assert "the rule packs are missing" in folder_found_from(package.parent, tmp_path)

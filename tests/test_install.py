"""The package works from a wheel, an editable install and a bare checkout."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path
from typing import NamedTuple

import pytest

import physcheck

ROOT = Path(__file__).resolve().parents[1]
PACKS = {"default", "lenient", "strict"}
PROGRAM = """
import site, sys
n_paths = len(sys.path)
for folder in sys.argv[1:]:
    site.addsitedir(folder, known_paths=set())
sys.path[:0] = sys.path[n_paths:]
import physcheck
from physcheck.resources import packs_folder
from physcheck.rules import load_pack, pack_names
print(physcheck.__file__)
print(packs_folder())
print(*(load_pack(name).name for name in pack_names()))
"""

needs_hatchling = pytest.mark.skipif(
    importlib.util.find_spec("hatchling") is None or importlib.util.find_spec("pip") is None,
    reason="hatchling and pip build the wheel: pip install -e '.[dev]'",
)


def pip(*arguments: str | Path) -> None:
    """Run pip without network: what is built is only the package itself."""
    command = [sys.executable, "-m", "pip", *map(str, arguments), "--no-deps", "--no-index"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


class Found(NamedTuple):
    """Where an interpreter has the package and its packs, and which packs."""

    package: Path
    folder: Path
    packs: set[str]


def found_by(elsewhere: Path, *arguments: str, pythonpath: Path | None = None) -> Found:
    """Ask a fresh interpreter in another folder.

    arguments: folders of installed packages, whose .pth files are heeded.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if pythonpath:
        environment["PYTHONPATH"] = str(pythonpath)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    file, folder, packs = done.stdout.splitlines()
    return Found(Path(file).parent, Path(folder), set(packs.split()))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built once."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


@needs_hatchling
def test_packs_are_found_from_a_wheel(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip("install", "--target", site, wheel)
    package = site / "physcheck"
    assert found_by(tmp_path, str(site)) == (package, package / "packs", PACKS)


@needs_hatchling
def test_packs_are_found_from_an_editable_install(tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip("install", "--no-build-isolation", "--target", site, "--editable", ROOT)
    assert not (site / "physcheck" / "__init__.py").exists()
    assert found_by(tmp_path, str(site)) == (ROOT / "physcheck", ROOT / "rules", PACKS)


def test_packs_are_found_from_a_checkout(tmp_path: Path) -> None:
    found = found_by(tmp_path, pythonpath=ROOT)
    assert found == (ROOT / "physcheck", ROOT / "rules", PACKS)


@needs_hatchling
def test_the_wheel_has_all_that_belongs_to_it(wheel: Path) -> None:
    assert wheel.name == "physcheck-0.1.0-py3-none-any.whl"
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {f"physcheck/packs/{name}.yaml" for name in PACKS}
    wanted |= {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "physcheck").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    wanted.add("physcheck/demo/three_balls.mp4")
    licences = "physcheck-0.1.0.dist-info/licenses"
    wanted.add(f"{licences}/LICENSE")
    wanted.add(f"{licences}/physcheck/render/html/vendor/uplot/LICENSE")
    assert wanted - names == set()


@needs_hatchling
def test_the_wheel_has_nothing_that_does_not_belong_to_it(wheel: Path) -> None:
    roots = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert roots == {"physcheck", "physcheck-0.1.0.dist-info"}


@needs_hatchling
def test_the_wheel_installs_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read("physcheck-0.1.0.dist-info/entry_points.txt").decode()
    assert "physcheck = physcheck.cli:main" in text


@needs_hatchling
def test_torch_comes_with_extras_only_and_any_later_release_of_it_will_do(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = message_from_bytes(archive.read("physcheck-0.1.0.dist-info/METADATA"))
    lines = metadata.get_all("Requires-Dist", [])
    agpl = [line for line in lines if "ultralytics" in line]
    wanted = [line for line in lines if "torch" in line] + agpl
    assert wanted
    assert all("extra == 'yolo'" in line for line in agpl)
    assert all(re.search(r"extra == '(yolo|transformers)'", line) for line in wanted)
    assert not any(re.search(r"<|==\d|~=", line.split(";")[0]) for line in wanted)
    assert metadata["License-Expression"] == "Apache-2.0"


def test_the_version_is_the_same_wherever_it_is_written() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["version"] == physcheck.__version__
    assert f"## [{physcheck.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

"""The registry: a check is found by being in the folder, and says all of itself."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from physcheck.checks import (
    GROUPS,
    HEADINGS,
    Parameter,
    check,
    collect_checks,
    read_check,
    registry,
)
from physcheck.errors import ConfigurationError
from physcheck.types import Shot, Signal

SOURCE = '''
from physcheck.checks import check
from physcheck.types import Shot, Signal


@check("{name}", group="size", unit="px")
def measure(shot: Shot, *, min_size_px: float = 12.0) -> list[Signal]:
    """A thing is not what it was.

    Statistic: something.
    Abstains: sometimes.
    Blind to: the rest.
    Source: none.
    """
    return []
'''


def good(shot: Shot, *, min_size_px: float = 12.0, window: int = 6) -> list[Signal]:
    """A thing changes its size in the open.

    Statistic: the change of log size within the window,
        against the prediction.
    Abstains: while it is smaller than min_size_px.
    Blind to: changes slower than the window.
    Source: physcheck.

    Args:
        shot: what was seen.
        min_size_px: smaller things are not judged,
            for their outline is too rough.
    """
    return []


def test_a_check_says_all_of_itself_in_signature_and_docstring():
    described = read_check(good, name="size-jump", group="size", unit="log size")
    assert described.function is good
    assert described.summary == "A thing changes its size in the open."
    assert (
        described.statistic == "the change of log size within the window, against the prediction."
    )
    assert described.abstains == "while it is smaller than min_size_px."
    assert described.blind_to == "changes slower than the window."
    assert described.source == "physcheck."
    assert described.parameters == (
        Parameter(
            "min_size_px",
            float,
            12.0,
            "smaller things are not judged, for their outline is too rough.",
        ),
        Parameter("window", int, 6),
    )


def test_the_decorator_returns_the_function_itself():
    assert check("size-jump", group="size", unit="log size")(good) is good


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_missing_heading_is_an_error_that_names_it(heading):
    def lacking(shot: Shot) -> list[Signal]:
        return []

    lacking.__doc__ = "\n".join(
        ["A line.", "", *(f"{entry}: words." for entry in HEADINGS if entry != heading)]
    )
    with pytest.raises(ConfigurationError, match=f"lacks {heading}$"):
        read_check(lacking, name="lacking", group="size", unit="px")


def test_a_heading_without_text_counts_as_missing():
    def lacking(shot: Shot) -> list[Signal]:
        """A line.

        Statistic: words.
        Abstains:
        Blind to: words.
        Source: words.
        """
        return []

    with pytest.raises(ConfigurationError, match=r"lacks Abstains$"):
        read_check(lacking, name="lacking", group="size", unit="px")


def test_a_check_without_a_docstring_is_an_error():
    def silent(shot: Shot) -> list[Signal]:
        return []

    with pytest.raises(ConfigurationError, match="lacks a first line, Statistic, Abstains"):
        read_check(silent, name="silent", group="size", unit="px")


@pytest.mark.parametrize(
    ("name", "group", "unit", "words"),
    [
        ("size-jump", "sizes", "px", "unknown group 'sizes'; known: permanence"),
        ("Size_Jump", "size", "px", "small letters and dashes"),
        ("size-jump", "size", "", "unit is missing"),
    ],
)
def test_a_wrong_name_group_or_unit_is_an_error(name, group, unit, words):
    with pytest.raises(ConfigurationError, match=words):
        read_check(good, name=name, group=group, unit=unit)


def test_parameters_must_be_keyword_only_typed_and_have_a_default():
    def positional(shot: Shot, size: float = 1.0) -> list[Signal]:
        return []

    def without_default(shot: Shot, *, size: float) -> list[Signal]:
        return []

    def wrong_default(shot: Shot, *, size: float = 1) -> list[Signal]:
        return []

    def wrong_kind(shot: Shot, *, size: list[int] = []) -> list[Signal]:  # noqa: B006
        return []

    for function in (positional, without_default, wrong_default, wrong_kind):
        function.__doc__ = good.__doc__
        with pytest.raises(ConfigurationError, match="parameter 'size' must be keyword-only"):
            read_check(function, name="size-jump", group="size", unit="px")


def test_the_first_parameter_must_be_the_shot():
    def none() -> list[Signal]:
        return []

    def tracks_only(tracks: Shot) -> list[Signal]:
        return []

    for function in (none, tracks_only):
        function.__doc__ = good.__doc__
        with pytest.raises(ConfigurationError, match="first parameter must be 'shot: Shot'"):
            read_check(function, name="size-jump", group="size", unit="px")


def package_of(folder: Path, name: str, files: dict[str, str]):
    """Write a package of checks and import it."""
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text("")
    for file, text in files.items():
        (folder / name / file).write_text(dedent(text))
    importlib.invalidate_caches()
    return importlib.import_module(name)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("fake_checks"):
            del sys.modules[name]


def test_dropping_a_file_into_the_folder_is_enough(folder):
    files = {"one_thing.py": SOURCE.format(name="one-thing"), "two.py": SOURCE.format(name="two")}
    found = collect_checks(package_of(folder, "fake_checks_a", files))
    assert list(found) == ["one-thing", "two"]
    assert found["two"].function.__module__ == "fake_checks_a.two"
    assert not set(found) & set(registry())


def test_a_file_must_be_named_after_its_check(folder):
    package = package_of(folder, "fake_checks_b", {"other.py": SOURCE.format(name="one-thing")})
    with pytest.raises(ConfigurationError, match=r"the file must be one_thing\.py"):
        collect_checks(package)


def test_a_file_without_a_check_is_an_error(folder):
    package = package_of(folder, "fake_checks_c", {"empty.py": "X = 1\n"})
    with pytest.raises(ConfigurationError, match=r"fake_checks_c\.empty: has 0 checks"):
        collect_checks(package)


def test_the_registry_is_read_once_and_cannot_be_changed():
    assert registry() is registry()
    with pytest.raises(TypeError):
        registry()["x"] = None  # type: ignore[index]


def test_every_registered_check_is_complete():
    for name, entry in registry().items():
        assert entry.name == name
        assert entry.group in GROUPS
        assert entry.unit and entry.summary and entry.source


def test_importing_the_registry_imports_no_check():
    import subprocess

    program = "import sys, physcheck.checks; print([m for m in sys.modules if 'checks.' in m])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

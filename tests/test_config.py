"""Settings: flags over environment over file over defaults."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from physcheck.config import Settings, TimeSpan, load_settings
from physcheck.errors import ConfigurationError


def load(folder: Path, environment: dict[str, str] | None = None, **flags: object) -> Settings:
    return load_settings(flags, environment=environment or {}, folder=folder)


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "physcheck.toml").write_text('pack = "strict"\njobs = 2\nfloor = 7\n')
    environment = {"PHYSCHECK_PACK": "lenient", "PHYSCHECK_JOBS": "3"}
    settings = load(tmp_path, environment, pack="default", quiet=None)
    assert (settings.pack, settings.jobs, settings.floor) == ("default", 3, (7.0,))


def test_the_file_of_a_folder_above_counts_and_the_nearest_wins(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.physcheck]\njobs = 4\n")
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert load(deep).jobs == 4
    (tmp_path / "a" / "physcheck.toml").write_text("jobs = 5\n")
    assert load(deep).jobs == 5


def test_an_unknown_key_is_named_with_the_file_and_the_nearest_key(tmp_path: Path) -> None:
    file = tmp_path / "physcheck.toml"
    file.write_text("ignore-regoin = []\n")
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    assert str(caught.value) == (
        f"{file}: unknown key 'ignore-regoin'; did you mean 'ignore-region'?"
    )


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("jobs = 'many'", "jobs: "),
        ("jobs = ", "cannot be read"),
        ("floor = true", "floor: must be numbers"),
        ("filter = 'x'", "filter: "),
    ],
)
def test_a_wrong_value_is_named_with_the_file(tmp_path: Path, text: str, cause: str) -> None:
    (tmp_path / "physcheck.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=cause) as caught:
        load(tmp_path)
    assert str(tmp_path / "physcheck.toml") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_broken_pyproject_of_someone_else_is_let_be(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[[[")
    assert load(tmp_path) == Settings()


def test_files_named_in_a_settings_file_lie_beside_it(tmp_path: Path) -> None:
    (tmp_path / "physcheck.toml").write_text('pack = "mine.yaml"\n')
    deep = tmp_path / "deep"
    deep.mkdir()
    assert load(deep).pack == str(tmp_path / "mine.yaml")


def test_a_slip_in_a_variable_is_noticed_and_others_are_let_be(tmp_path: Path) -> None:
    assert load(tmp_path, {"PHYSCHECK_DEBUG": "1", "PHYSCHECK_CACHE_DIR": "x"}) == Settings()
    with pytest.raises(ConfigurationError, match=r"PHYSCHECK_SELCT: unknown.*'select'"):
        load(tmp_path, {"PHYSCHECK_SELCT": "floor"})


def test_names_numbers_and_spans_are_read(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        {"PHYSCHECK_IGNORE_REGION": "1,2,3,4;5,6,7,8"},
        select=["vanish,floor", "size"],
        floor="1,2,3,4.5",
        ignore_span=["10:20", "0.5s:2s", ":3", "1.5s:"],
    )
    assert settings.select == ("vanish", "floor", "size")
    assert settings.floor == (1.0, 2.0, 3.0, 4.5)
    assert settings.ignore_region == ((1, 2, 3, 4), (5, 6, 7, 8))
    assert settings.ignore_span == (
        TimeSpan(10, 20, "frames"),
        TimeSpan(0.5, 2, "s"),
        TimeSpan(0, 3, "frames"),
        TimeSpan(1.5, math.inf, "s"),
    )


def test_what_a_settings_file_holds_can_be_switched_off_by_a_flag(tmp_path: Path) -> None:
    (tmp_path / "physcheck.toml").write_text("signals = true\n")
    assert load(tmp_path).signals
    assert not load(tmp_path, signals=False).signals

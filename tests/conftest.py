"""Fixtures that several test files share."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from physcheck.records import Report

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure(config: pytest.Config) -> None:
    # Tests look anew at every clip, and leave nothing in the user's folders.
    os.environ["PHYSCHECK_CACHE_MB"] = "0"
    config.addinivalue_line("markers", "slow: takes minutes; runs with PHYSCHECK_SLOW=1")


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of the drawn clips."""
    return ROOT / "samples"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real footage beside the project; tests that need it are skipped without it."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"no folder {folder.name} beside the project: no real footage to test with")
    return folder


@pytest.fixture(scope="session")
def analysed(samples: Path) -> Callable[[str], Report]:
    """Ask for the report of a sample by name; each is analysed once, all signals kept."""

    @functools.cache
    def report_of(name: str) -> Report:
        from physcheck.analysis import analyze

        return analyze(samples / f"{name}.mp4", signals=True)

    return report_of

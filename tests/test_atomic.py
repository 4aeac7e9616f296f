"""A file is there as a whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from physcheck.atomic import replace_file, write_text
from physcheck.errors import ConfigurationError


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_has_the_permissions_that_any_new_file_gets(tmp_path: Path) -> None:
    plain, ours = tmp_path / "plain", tmp_path / "ours"
    plain.write_bytes(b"")
    replace_file(ours, b"content")
    assert ours.read_bytes() == b"content"
    assert mode_of(ours) == mode_of(plain)


@pytest.mark.skipif(os.name != "posix", reason="permissions as of POSIX")
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("before")
    path.chmod(0o640)
    write_text(path, "after: Ä\n")
    assert path.read_bytes() == "after: Ä\n".encode()
    assert mode_of(path) == 0o640


def test_after_a_failure_what_was_there_is_there_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "report.json"
    path.write_text("before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError, match=r"report\.json: could not be written: No space"):
        write_text(path, "after")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]

"""Every command and flag is told of, and nothing is told of that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from physcheck.cli import app
from physcheck.config import Settings

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", ROOT / "docs" / "commands.md")


class Word(NamedTuple):
    """A command or a flag, and the command it belongs to."""

    command: str
    text: str


def walk(command: Any, name: str) -> Iterator[Word]:
    """Yield every command below one, and every flag of each."""
    yield Word(name, name)
    for parameter in command.params:
        if parameter.param_type_name == "option":
            flags = [*parameter.opts, *parameter.secondary_opts]
            yield from (Word(name, flag) for flag in flags)
    for child, below in getattr(command, "commands", {}).items():
        yield from walk(below, f"{name} {child}")


WORDS = sorted(set(walk(typer.main.get_command(app), "physcheck")))


@pytest.fixture(scope="module")
def text() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def section(text: str, command: str) -> str:
    """The part of docs/commands.md below the heading of a command."""
    match = re.search(
        rf"^## {re.escape(command)}\b(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
    )
    return match[1] if match else ""


def is_told(word: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


def test_the_walk_finds_the_commands() -> None:
    assert Word("physcheck analyze", "--ignore-region") in WORDS
    assert Word("physcheck rules show", "--pack") in WORDS


@pytest.mark.parametrize("word", WORDS, ids=lambda word: f"{word.command}: {word.text}")
def test_every_command_and_flag_is_in_the_documents(word: Word, text: str) -> None:
    is_flag = word.text.startswith("-")
    where = section(text, word.command) if is_flag and word.command != "physcheck" else text
    assert is_told(word.text, where), f"{word.text} is not told of in docs/commands.md"


def test_no_flag_is_told_of_that_is_not_there() -> None:
    page = PAGES[1].read_text(encoding="utf-8")
    known = {word.text for word in WORDS}
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", page))
    assert told - known - {"--help"} == set()


def test_every_setting_is_in_the_documents(text: str) -> None:
    flags = ["--" + key.replace("_", "-") for key in Settings.model_fields]
    missing = [flag for flag in flags if not is_told(flag, text)]
    assert not missing

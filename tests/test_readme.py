"""The README says what is so: every output shown in it is made again here.

A block to be made again stands between `<!-- output: WHAT -->` and `<!-- /output -->`.
WHAT is a physcheck command, or `python` for what the Python block before it prints, or a
name in `MADE`. After a change that is meant, write the new output into the README with

    UPDATE_README=1 pytest tests/test_readme.py

Words must be equal. Numbers may differ a little, and lanes of a timeline in a column
or two: decoders and processors are not equal to the last bit.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from physcheck.checks import registry
from physcheck.cli import main
from physcheck.config import load_settings
from physcheck.detectors import motion
from physcheck.records import Report
from physcheck.rules import validate_pack

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PICTURE = ROOT / "reports" / "timeline.svg"
EXAMPLE = ROOT / "reports" / "three-balls.json"
UPDATING = bool(os.environ.get("UPDATE_README"))
BLOCK = re.compile(r"(?<=<!-- output: )(.+?)( -->\n)(.*?)(?=<!-- /output -->)", re.DOTALL)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
LANE = re.compile(r"^  [a-z-]+ +[·█ ]+$", re.MULTILINE)

Analysed = Callable[[str], Report]


def blocks() -> dict[str, str]:
    """What stands in the README, by what made it."""
    found = BLOCK.findall(README.read_text(encoding="utf-8"))
    return {what: text for what, _, text in found}


def fenced(text: str, language: str = "text") -> str:
    return f"```{language}\n{text.strip()}\n```\n"


def printed_by_command(what: str) -> str:
    """stdout of a physcheck command, run in this process."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        status = main(what.split()[1:])
    assert status == 0
    out.seek(0)
    return fenced(out.read())


def printed_by_python() -> str:
    """stdout of the last Python block before the place where its output is shown."""
    text = README.read_text(encoding="utf-8")
    program = PYTHON.findall(text[: text.index("<!-- output: python -->")])[-1]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(program, str(README), "exec"), {})
    return fenced(out.getvalue())


def blind_spots(analysed: Analysed) -> str:
    """What each check, and the detector, says of its own blindness."""
    pages = {name: check.blind_to for name, check in registry().items()}
    _, heading, rest = (motion.__doc__ or "").partition("Blind to:")
    assert heading, "the docstring of the detector lacks its blind spots"
    pages = {"detector motion": " ".join(rest.split()), **pages}
    return "".join(f"- **{name}**: {text.rstrip('.')}.\n" for name, text in pages.items())


def first_violation(analysed: Analysed) -> str:
    """The surest violation of the three balls, as in the report, with one alternative."""
    report = json.loads(analysed("three_balls").model_dump_json())
    worst = max(report["violations"], key=lambda one: one["probability"])
    worst["alternatives"] = worst["alternatives"][:1]
    lines = ",\n ".join(f"{json.dumps(key)}: {json.dumps(worst[key])}" for key in worst)
    return fenced(f"{{{lines}}}", "json")


MADE: dict[str, Callable[[Analysed], str]] = {
    "blind spots": blind_spots,
    "a violation in JSON": first_violation,
}


def make(what: str, analysed: Analysed) -> str:
    if what.startswith("physcheck "):
        return printed_by_command(what)
    return printed_by_python() if what == "python" else MADE[what](analysed)


def assert_alike(shown: str, made: str) -> None:
    """Compare words exactly, numbers and lanes loosely."""
    lanes = zip(LANE.findall(shown), LANE.findall(made), strict=False)
    for was, now in lanes:
        assert sum(a != b for a, b in zip(was, now, strict=False)) <= 4, f"{was}\n{now}"
    was, now = (" ".join(LANE.sub("", text).split()) for text in (shown, made))
    assert NUMBER.sub("#", was) == NUMBER.sub("#", now), HOW
    pairs = zip(NUMBER.findall(was), NUMBER.findall(now), strict=True)
    far = [pair for pair in pairs if not close(*pair)]
    assert not far, f"{far}; {HOW}"


HOW = (
    "the README is out of date; if the change is meant: UPDATE_README=1 pytest tests/test_readme.py"
)


def close(first: str, second: str) -> bool:
    """Within a tenth; whole numbers (frames, per cent) within 2 at any rate."""
    slack = 0.1 if "." in first + second else 2
    difference = abs(float(first) - float(second))
    return difference <= max(slack, 0.1 * abs(float(second)))


def replace_block(what: str, made: str) -> None:
    text = README.read_text(encoding="utf-8")
    fresh = BLOCK.sub(lambda m: f"{m[1]}{m[2]}{made}" if m[1] == what else m[0], text)
    README.write_text(fresh, encoding="utf-8")


def test_the_page_of_the_three_balls_shows_what_is_found_now(analysed: Analysed) -> None:
    from physcheck.render.html import write_page
    from physcheck.render.plot import write_plot

    report, file = analysed("three_balls").model_copy(update={"signals": None}), EXAMPLE
    video = report.video.model_copy(update={"path": "samples/three_balls.mp4"})
    report = report.model_copy(update={"video": video})
    if UPDATING:
        file.write_text(report.to_json(), encoding="utf-8")
        page = file.with_suffix(".html")
        write_page(report, ROOT / video.path, page, embed_limit_mb=16)
        write_plot(report, ROOT / video.path, file.with_suffix(".png"))
    shown = Report.from_json(file.read_text(encoding="utf-8"))
    assert {(one.rule, one.track_ids) for one in shown.violations} == {
        (one.rule, one.track_ids) for one in report.violations
    }, HOW
    page_text = file.with_suffix(".html").read_text(encoding="utf-8")
    assert all(one.explanation.split(",")[0][1:] in page_text for one in shown.violations)


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands of the README are meant to be run in the project's folder, without settings."""
    monkeypatch.chdir(ROOT)
    for name in [name for name in os.environ if name.startswith("PHYSCHECK_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("what", blocks())
def test_output_in_the_readme_is_what_comes_out(what: str, analysed: Analysed) -> None:
    made = make(what, analysed)
    if UPDATING:
        replace_block(what, made)
    assert_alike(blocks()[what], made)


def test_the_other_programs_of_the_readme_run() -> None:
    for program in PYTHON.findall(README.read_text(encoding="utf-8"))[1:]:
        exec(compile(program, str(README), "exec"), {})


def test_the_pack_and_the_settings_of_the_readme_are_right(tmp_path: Path) -> None:
    text = README.read_text(encoding="utf-8")
    examples = {"mine.yaml": "yaml", "pyproject.toml": "toml"}
    for name, language in examples.items():
        (content,) = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
        (tmp_path / name).write_text(content, encoding="utf-8")
    assert validate_pack(tmp_path / "mine.yaml") == []
    assert load_settings({}, folder=tmp_path).pack == "strict"


def test_the_readme_has_the_closing_line_of_a_full_run() -> None:
    """That line cannot be made again here, for it is about the run that this test is in."""
    text = README.read_text(encoding="utf-8")
    shown = text.partition("    make test\n")[2].partition("```text\n")[2].partition("\n```")[0]
    assert re.fullmatch(r"\d+ passed(, \d+ \w+)* in .+", shown), "paste what `make test` ends with"


def drawing() -> Callable[[dict[str, Any]], str]:
    """The function `draw` of reports/draw_timeline.py, which is no package."""
    path = ROOT / "reports" / "draw_timeline.py"
    spec = importlib.util.spec_from_file_location("draw_timeline", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    draw: Callable[[dict[str, Any]], str] = module.draw
    return draw


def test_the_picture_shows_the_violations_of_the_three_balls(analysed: Analysed) -> None:
    picture = drawing()(json.loads(analysed("three_balls").model_dump_json()))
    if UPDATING:
        PICTURE.write_text(picture, encoding="utf-8")
    titles = re.compile(r"(?<=<title>)[a-z-]+, object \d+")
    shown = titles.findall(PICTURE.read_text(encoding="utf-8"))
    assert shown == titles.findall(picture), HOW


def test_every_file_that_the_readme_points_to_is_there() -> None:
    pages = [README, ROOT / "CONTRIBUTING.md", ROOT / "docs" / "commands.md"]
    for page in pages:
        targets = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
        missing = [one for one in targets if not (page.parent / one).exists()]
        assert not missing, f"{page.name}: {missing}"


def test_a_number_far_off_and_a_changed_word_are_noticed() -> None:
    assert_alike("ball, 10 px, p=0.97", "ball, 11 px, p=0.96")
    for made in ("ball, 15 px, p=0.97", "ball, 10 px, p=0.77", "cube, 10 px, p=0.97"):
        with pytest.raises(AssertionError):
            assert_alike("ball, 10 px, p=0.97", made)

"""The command line: what goes to stdout and stderr, and the exit status."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import stub_analysis

from physcheck import __version__
from physcheck.cli import main
from physcheck.cli.inputs import find_clips
from physcheck.records import Report, Unread, read_reports

ROOT = Path(__file__).parents[1]
Run = Callable[..., "subprocess.CompletedProcess[str]"]
DETECTOR_LINE = "physcheck: detector motion (no weights given or pulled)\n"


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder to work in, with an analysis that is quick and does as it is told."""
    monkeypatch.setitem(sys.modules, "physcheck.analysis", stub_analysis)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a process that has the stub in place of the analysis."""
    site = tmp_path / "site"
    site.mkdir()
    text = stub_analysis.SITECUSTOMIZE.format(tests=str(ROOT / "tests"))
    (site / "sitecustomize.py").write_text(text)
    return {**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{ROOT}"}


@pytest.fixture
def run(stub: Path, environment: dict[str, str]) -> Run:
    """Run the program as a process with the stub in it."""

    def start(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "physcheck", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            **options,  # type: ignore[call-overload]
        )

    return start


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    heavy = ("av", "cv2", "filterpy", "numpy", "pydantic", "scenedetect", "scipy", "torch")
    code = (
        "import sys; from physcheck.cli import main; status = main(['--help'])\n"
        f"print(sorted(set({heavy!r}) & set(sys.modules)), status, file=sys.stderr)"
    )
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    spent_s = time.perf_counter() - begin
    assert done.stderr == "[] 0\n"
    assert "analyze" in done.stdout
    assert spent_s < 3, "0.4 s is asked for on a machine that does nothing else"


def test_every_command_has_a_help_with_an_example_or_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for command in (["analyze"], ["rules"], ["rules", "list"], ["schema"], ["version"]):
        assert main([*command, "--help"]) == 0
        assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--version"], ["version"]])
def test_the_version_is_printed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"physcheck {__version__}\n"


@pytest.mark.parametrize("arguments", [["analyze"], ["analyze", "x", "--nope"], ["nope"]])
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().out == ""


def test_the_result_goes_to_stdout_and_the_detector_to_stderr(
    stub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    touch("broken.mp4")
    assert main(["analyze", "broken.mp4"]) == 0
    said = capsys.readouterr()
    assert said.err == DETECTOR_LINE
    assert said.out.startswith("broken.mp4: 2 violations, score 0.03 (uncalibrated)")
    assert "broken.mp4:1.25s (frames 30-33): floor-penetration object 3 (ball): " in said.out


def test_quiet_silences_stderr_but_not_errors(
    stub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    touch("a.mp4")
    assert main(["analyze", "a.mp4", "gone.mp4", "--quiet"]) == 3
    assert capsys.readouterr().err == "physcheck: gone.mp4: no such file or folder\n"


def test_one_input_gives_one_json_object(stub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    touch("a.mp4")
    assert main(["analyze", "a.mp4", "--format", "json"]) == 0
    assert Report.from_json(capsys.readouterr().out).video.path == "a.mp4"


def test_several_inputs_give_a_list_in_their_order(
    stub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    touch("b.mp4", "a.mp4", "unreadable.mp4")
    assert main(["analyze", "b.mp4", "unreadable.mp4", "a.mp4", "-f", "json"]) == 3
    said = capsys.readouterr()
    found = read_reports(said.out)
    assert [report.video.path for report in found.reports] == ["b.mp4", "a.mp4"]
    assert found.errors == (Unread(path="unreadable.mp4", error="no video in it"),)
    assert said.err.splitlines()[1:] == ["physcheck: unreadable.mp4: no video in it"]


def test_a_folder_gives_a_list_even_with_one_clip_in_it(
    stub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    touch("clips/a.mp4")
    assert main(["analyze", "clips", "-f", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["reports"]) == 1


def test_clean_clips_among_several_take_one_line(
    stub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    touch("a.mp4", "b.mp4")
    assert main(["analyze", "a.mp4", "b.mp4"]) == 0
    assert [line.split(",")[0] for line in capsys.readouterr().out.splitlines()] == [
        *("a.mp4: no violation found", "b.mp4: no violation found", "", "2 clips: 2 without")
    ]


def test_a_clip_read_in_part_is_analysed_named_and_ends_with_3(
    stub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    touch("partial.mp4")
    assert main(["analyze", "partial.mp4"]) == 3
    said = capsys.readouterr()
    assert said.err.endswith("physcheck: partial.mp4: breaks off after frame 47\n")
    assert "score 0.96" in said.out


def test_a_bug_in_one_clip_spares_the_others(
    stub: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    touch("bug.mp4", "a.mp4")
    assert main(["analyze", "bug.mp4", "a.mp4"]) == 3
    said = capsys.readouterr()
    assert "bug.mp4: unexpected IndexError: list index out of range" in said.err
    assert "PHYSCHECK_DEBUG=1" in said.err
    assert "Traceback" not in said.err
    assert "a.mp4: no violation found" in said.out
    monkeypatch.setenv("PHYSCHECK_DEBUG", "1")
    main(["analyze", "bug.mp4"])
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["--pack", "nonsense"], "unknown rule pack 'nonsense'"),
        (["--detector", "yolo"], "detector 'yolo' needs weights: --weights FILE, or pull some"),
        (["--detector", "yelo"], "--detector: Input should be 'auto', 'motion'"),
        (["--weights", "w.pt"], "w.pt: no such weights"),
        (["--floor", "a"], "--floor: must be numbers"),
        (["--floor", "1,2"], "--floor: must be Y or X1,Y1,X2,Y2"),
        (["--ignore-region", "9,9,1,1"], "--ignore-region: must be X1,Y1,X2,Y2"),
        (["--ignore-span", "7"], "--ignore-span: must be START:STOP"),
        (["--ignore-span", "7:5"], "--ignore-span: START must be before STOP"),
        (["--jobs", "0"], "--jobs: "),
        (["--device", "tpu"], "--device: "),
        (["--filter", "other"], "--filter: "),
        (["--format", "xml"], "--format: unknown format 'xml'"),
        (["-o", "out.doc"], "out.doc: the suffix does not tell the format"),
        (["-o", "no/such/out.json"], "there is no folder no/such"),
        (["-o", "a.mp4", "-f", "json"], "a.mp4: is one of the inputs"),
    ],
)
def test_wrong_configuration_is_one_line_and_ends_with_2(
    stub: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], cause: str
) -> None:
    touch("a.mp4")
    assert main(["analyze", "a.mp4", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    last = said.err.removeprefix(DETECTOR_LINE)
    assert last.startswith("physcheck: error: ")
    assert cause in last
    assert last.count("\n") == 1
    assert Path("a.mp4").read_bytes() == b""


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".csv", ".txt"])
def test_the_suffix_of_the_file_tells_the_format(
    stub: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    touch("broken.mp4", "unreadable.mp4")
    file = Path(f"out{suffix}")
    assert main(["analyze", "broken.mp4", "unreadable.mp4", "-o", str(file)]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "wrote out" in said.err
    text = file.read_text()
    assert "unreadable.mp4" in text
    assert "floor-penetration" in text
    assert sorted(path.name for path in stub.glob("*out*")) == [file.name]


def test_json_lines_have_one_object_a_line(stub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    touch("a.mp4", "b.mp4")
    assert main(["analyze", "a.mp4", "gone.mp4", "b.mp4", "-f", "jsonl"]) == 3
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("path") or line["video"]["path"] for line in lines] == [
        *("a.mp4", "gone.mp4", "b.mp4")
    ]


def test_a_table_can_be_read_back(stub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    touch("a.mp4", "broken.mp4")
    assert main(["analyze", "a.mp4", "broken.mp4", "-f", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["path"], row["rule"]) for row in rows] == [
        *(("a.mp4", ""), ("broken.mp4", "floor-penetration"), ("broken.mp4", "vanish"))
    ]


def test_a_file_that_was_there_is_untouched_when_the_configuration_is_wrong(stub: Path) -> None:
    touch("a.mp4")
    Path("out.json").write_text("old")
    assert main(["analyze", "a.mp4", "--pack", "nonsense", "-o", "out.json"]) == 2
    assert Path("out.json").read_text() == "old"
    assert sorted(path.name for path in stub.iterdir()) == ["a.mp4", "out.json"]


def test_several_processes_give_what_one_gives(run: Run) -> None:
    names = ["a.mp4", "broken.mp4", "bug.mp4", "unreadable.mp4", "b.mp4"]
    touch(*names)
    one, two = (run("analyze", *names, "-f", "jsonl", "--jobs", jobs) for jobs in ("1", "2"))
    assert one.returncode == two.returncode == 3
    assert one.stdout == two.stdout
    assert one.stderr == two.stderr


def test_a_process_that_dies_costs_its_own_clip_only(run: Run) -> None:
    names = ["a.mp4", "die.mp4", "b.mp4", "c.mp4"]
    touch(*names)
    done = run("analyze", *names, "-f", "json", "--jobs", "2")
    found = read_reports(done.stdout)
    assert done.returncode == 3
    assert [report.video.path for report in found.reports] == ["a.mp4", "b.mp4", "c.mp4"]
    assert [unread.path for unread in found.errors] == ["die.mp4"]
    assert "Traceback" not in done.stderr


def hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_ends_with_130_and_no_traceback(
    stub: Path, environment: dict[str, str], jobs: str
) -> None:
    touch("slow.mp4", "folder/slow.mp4")
    command = [sys.executable, "-m", "physcheck", "analyze", "slow.mp4", "folder", "-j", jobs]
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell that starts the tests in the background makes them deaf to Ctrl-C.
        preexec_fn=hear_interrupts,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == DETECTOR_LINE
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said == "physcheck: interrupted\n"


def test_a_reader_that_goes_away_is_no_complaint(stub: Path, environment: dict[str, str]) -> None:
    touch(*(f"clips/{number}.mp4" for number in range(200)))
    program = f"{sys.executable} -m physcheck analyze clips -f jsonl -q"
    done = subprocess.run(
        ["bash", "-c", f"{program} | head -n 1; exit ${{PIPESTATUS[0]}}"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    assert done.returncode == 141


def test_stdout_without_unicode_gets_plain_text_and_json_stays_utf8(
    run: Run, environment: dict[str, str]
) -> None:
    environment["PYTHONIOENCODING"] = "ascii"
    touch("brücke.mp4")
    assert run("analyze", "brücke.mp4").stdout.startswith("br?cke.mp4: no violation found")
    assert '"path": "brücke.mp4"' in run("analyze", "brücke.mp4", "-f", "json").stdout


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "physcheck report 1.0"


def test_folders_globs_and_lists_name_each_clip_once(
    stub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch("clips/b.mp4", "clips/deep/a.WEBM", "clips/.hidden.mp4", "clips/note.txt", "x.mp4")
    touch("lists/near.mp4", "odd[1].mp4")
    Path("lists/list.txt").write_text("# a remark\n\nx.mp4\nnear.mp4\nclips\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("x.mp4\nodd[1].mp4\n"))
    assert find_clips(["clips"]) == ["clips/b.mp4", "clips/deep/a.WEBM"]
    assert find_clips(["clips/*.mp4", "clips"]) == ["clips/b.mp4", "clips/deep/a.WEBM"]
    assert find_clips(["clips/**/*.WEBM"]) == ["clips/deep/a.WEBM"]
    assert find_clips(["-"]) == ["x.mp4", "odd[1].mp4"]
    assert find_clips(["./x.mp4", "x.mp4"]) == ["./x.mp4"]
    assert find_clips(["@lists/list.txt"]) == [
        *("x.mp4", "lists/near.mp4", "clips/b.mp4", "clips/deep/a.WEBM")
    ]


@pytest.mark.parametrize("argument", ["gone.mp4", "empty", "no*.mp4", "@gone.txt", "@empty.txt"])
def test_what_is_not_there_is_one_line_and_ends_with_3(
    stub: Path, capsys: pytest.CaptureFixture[str], argument: str
) -> None:
    Path("empty").mkdir()
    touch("empty.txt")
    assert main(["analyze", argument, "-q"]) == 3
    said = capsys.readouterr().err
    assert said.startswith(f"physcheck: {argument}: ")
    assert said.count("\n") == 1


def test_rules_of_a_pack_are_listed_and_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "list"]) == 0
    assert "vanish" in capsys.readouterr().out
    assert main(["rules", "show", "vanish"]) == 0
    assert "Blind to" in capsys.readouterr().out
    assert main(["rules", "show", "vanisch"]) == 2
    assert "vanish" in capsys.readouterr().err
    pack = tmp_path / "mine.yaml"
    pack.write_text("pack: mine\nversion: '1'\ndescription: d\nextends: default\n")
    assert main(["rules", "validate", str(pack)]) == 0
    pack.write_text("pack: mine\nversion: '1'\ndescription: d\nextends: default\nrulez: {}\n")
    assert main(["rules", "validate", str(pack)]) == 2
    assert "rules" in capsys.readouterr().out

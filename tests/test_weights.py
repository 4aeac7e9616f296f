"""Weights: found by path or name, pulled only when asked, checked before they are kept."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from physcheck import weights
from physcheck.cli import app
from physcheck.errors import ConfigurationError

CONTENT = b"weights " * 1000
HASH = hashlib.sha256(CONTENT).hexdigest()


class Answer(BaseHTTPRequestHandler):
    """Serves CONTENT; /short breaks off halfway, anything else is not there."""

    def do_GET(self) -> None:
        if self.path not in ("/good", "/short"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT if self.path == "/good" else CONTENT[: len(CONTENT) // 2])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, and no folder of weights named."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv(weights.FOLDER, raising=False)
    return tmp_path


def know(monkeypatch: pytest.MonkeyPatch, url: str, sha256: str | None = HASH) -> str:
    """Make one known file of the list come from `url`."""
    name = "yolo11n.pt"
    known = dict(weights.known_weights())
    known[name] = replace(known[name], url=url, sha256=sha256, size_bytes=None)
    monkeypatch.setattr(weights, "known_weights", lambda: known)
    return name


def rest_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_every_known_file_has_an_address_and_a_whole_hash_or_none() -> None:
    for one in weights.known_weights().values():
        assert one.url.startswith("https://") and one.url.endswith(one.name)
        assert one.license == "AGPL-3.0"
        assert one.sha256 is None or (len(one.sha256) == 64 and one.sha256.islower())


def test_a_pulled_file_is_checked_kept_and_found_by_its_name(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, said = know(monkeypatch, f"{server}/good"), []
    pulled = weights.pull("yolo11n", say=said.append)
    assert pulled.path.read_bytes() == CONTENT
    assert pulled.checked and pulled.sha256 == HASH
    assert any(HASH in text for text in said)
    assert any(str(len(CONTENT)) in text for text in said)
    assert any("AGPL-3.0" in text for text in said)
    assert weights.find("yolo11n") == weights.find(name) == pulled.path
    assert weights.default_weights() == pulled.path


def test_a_file_with_another_hash_is_not_kept(
    server: str, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    name = know(monkeypatch, f"{server}/good", sha256="0" * 64)
    with pytest.raises(ConfigurationError, match=f"has sha256 {HASH}, not 0000"):
        weights.pull(name)
    assert rest_of(home) == []


@pytest.mark.parametrize("path", ["short", "missing"])
def test_a_download_that_fails_leaves_nothing_behind(
    server: str, monkeypatch: pytest.MonkeyPatch, home: Path, path: str
) -> None:
    name = know(monkeypatch, f"{server}/{path}")
    with pytest.raises(ConfigurationError, match="could not be downloaded"):
        weights.pull(name)
    assert rest_of(home) == []


def test_a_file_without_a_known_hash_needs_the_hash_or_trust(
    server: str, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    name = know(monkeypatch, f"{server}/good", sha256=None)
    with pytest.raises(ConfigurationError, match=f"--sha256 {HASH}"):
        weights.pull(name)
    assert rest_of(home) == []
    assert weights.pull(name, home / "a", expected=HASH.upper()).checked
    assert not weights.pull(name, home / "b", trust=True).checked


def test_a_file_that_is_there_is_never_replaced(
    server: str, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    name = know(monkeypatch, f"{server}/good")
    (home / name).write_bytes(b"my own")
    with pytest.raises(ConfigurationError, match="is there already"):
        weights.pull(name, home)
    assert (home / name).read_bytes() == b"my own"
    assert not weights.pull(name, home, trust=True).checked
    assert (home / name).read_bytes() == b"my own"


def test_the_named_folder_comes_before_what_was_pulled(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = home / "own"
    for folder in (own, weights.pulled_folder()):
        folder.mkdir(parents=True)
        (folder / "mine.onnx").write_bytes(b"x")
    assert weights.find("mine") == weights.pulled_folder() / "mine.onnx"
    monkeypatch.setenv(weights.FOLDER, str(own))
    assert weights.find("mine") == own / "mine.onnx"
    assert weights.available()[0] == own / "mine.onnx"


def test_without_weights_there_is_no_default() -> None:
    assert weights.default_weights() is None


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("yolo11n", "models pull yolo11n.pt"),
        ("yolo11nn.pt", "did you mean yolo11n"),
        ("x/y.pt", ""),
    ],
)
def test_what_is_not_there_is_said_with_the_way_to_get_it(name: str, advice: str) -> None:
    with pytest.raises(ConfigurationError, match="no such weights") as error:
        weights.find(name)
    assert advice in str(error.value)


def test_the_command_line_pulls_lists_and_verifies(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, run = know(monkeypatch, f"{server}/good"), CliRunner().invoke
    path = str(weights.pulled_folder() / name)
    pulled = run(app, ["models", "pull", name])
    assert pulled.exit_code == 0 and path in pulled.stdout and HASH in pulled.stderr
    listed = run(app, ["models", "list"])
    assert path in listed.stdout and "AGPL-3.0" in listed.stdout
    verified = run(app, ["models", "verify", name])
    assert HASH in verified.stdout and f"as {name}" in verified.stdout
    # It is no network: where torch is there, that is found out.
    assert verified.exit_code == (0 if "not checked" in verified.stdout else 2)


def test_a_wrong_name_on_the_command_line_is_a_wrong_configuration() -> None:
    for arguments in (["pull", "nothing"], ["verify", "nothing.pt"]):
        result = CliRunner().invoke(app, ["models", *arguments])
        assert result.exit_code == 2 and "nothing" in result.stderr

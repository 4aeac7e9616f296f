"""Weights of detectors: where they are found, which are known, how they are pulled.

Nothing is downloaded but by `pull`. A file is looked for by its path, then by its name
in the folder that PHYSCHECK_WEIGHTS names, then among those that were pulled.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from physcheck.errors import ConfigurationError

__all__ = [
    "FOLDER",
    "SUFFIXES",
    "KnownWeights",
    "Pulled",
    "available",
    "default_weights",
    "export_folder",
    "find",
    "folders",
    "known_weights",
    "name_of_hash",
    "pull",
    "pulled_folder",
    "sha256_of",
]

FOLDER = "PHYSCHECK_WEIGHTS"
"""Environment variable that names a folder of weights."""
SUFFIXES = (".pt", ".onnx")
_CHUNK_BYTES = 1 << 20
_TIMEOUT_S = 60.0
_LIST = Path(__file__).with_name("known_weights.yaml")


@dataclass(frozen=True, slots=True)
class KnownWeights:
    """A file that can be pulled; `sha256` and `size_bytes` are None where not known."""

    name: str
    url: str
    sha256: str | None
    size_bytes: int | None
    what: str
    license: str


@dataclass(frozen=True, slots=True)
class Pulled:
    """A file that was pulled. checked: whether its hash was known beforehand."""

    path: Path
    sha256: str
    size_bytes: int
    checked: bool


@cache
def known_weights() -> dict[str, KnownWeights]:
    """The files that can be pulled, by name, best first."""
    table = yaml.safe_load(_LIST.read_text(encoding="utf-8"))
    return {
        name: KnownWeights(
            name, row["url"], row["sha256"], row["size"], row["what"], table["license"]
        )
        for name, row in table["weights"].items()
    }


def pulled_folder() -> Path:
    """Where `pull` puts files: the user's data folder."""
    return _user_folder("XDG_DATA_HOME", "~/.local/share", "LOCALAPPDATA") / "weights"


def export_folder() -> Path:
    """Where networks are kept that were translated for another runtime."""
    chosen = os.environ.get("PHYSCHECK_CACHE")
    cache_root = Path(chosen) if chosen else _user_folder("XDG_CACHE_HOME", "~/.cache", "TEMP")
    return cache_root / "networks"


def folders() -> list[Path]:
    """Folders in which weights are looked for by name, first one first."""
    named = os.environ.get(FOLDER)
    # The variable may name a file as well, for the setting `weights`.
    own = [Path(named)] if named and Path(named).is_dir() else []
    return [*own, pulled_folder()]


def available() -> list[Path]:
    """Weights that lie in the folders, those of the first folder first."""
    return [
        path
        for folder in folders()
        if folder.is_dir()
        for path in sorted(folder.iterdir())
        if path.suffix in SUFFIXES and path.is_file()
    ]


def default_weights() -> Path | None:
    """What is used where no weights were named: known ones first, None without any."""
    order = {name: place for place, name in enumerate(known_weights())}
    found = sorted(available(), key=lambda path: order.get(path.name, len(order)))
    return found[0] if found else None


def find(wanted: str | Path) -> Path:
    """The file that a path or a name stands for.

    Args:
        wanted: path of a file, or the name of one in `folders`, with its suffix or without.

    Raises:
        ConfigurationError: there is none; the message says how to get it.
    """
    path = Path(wanted).expanduser()
    if path.is_file():
        return path
    if path.name == str(wanted):
        for folder in folders():
            for name in (path.name, *(path.name + suffix for suffix in SUFFIXES)):
                if (folder / name).is_file():
                    return folder / name
    raise ConfigurationError(f"{wanted}: no such weights; {_advice(path.name)}")


def sha256_of(path: Path) -> str:
    """Hash of a file, hexadecimal.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None


def name_of_hash(sha256: str) -> str | None:
    """The known weights with this hash, or None."""
    return next((one.name for one in known_weights().values() if one.sha256 == sha256), None)


def pull(
    name: str,
    folder: Path | None = None,
    *,
    trust: bool = False,
    expected: str | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Pulled:
    """Download known weights, check them, and put them in their place as a whole.

    Args:
        name: of known weights, with suffix or without.
        folder: where to put them, `pulled_folder` where it is None.
        trust: keep the file although its hash is not known.
        expected: the hash that it must have, where the caller knows it.
        say: told each step in a sentence.

    Raises:
        ConfigurationError: the name is not known, the download failed, or the file is not
            what it should be; what was there before is untouched.
    """
    known = _known(name)
    wanted = (expected or known.sha256 or "").lower()
    target = (folder or pulled_folder()) / known.name
    if target.is_file():
        present = _present(target, wanted, trust)
        say(f"{target} is there already, sha256 {present.sha256}")
        return present
    say(f"{known.name}: {known.what}; license {known.license}")
    temporary, digest = _download(known, target.parent, say)
    try:
        size_bytes = temporary.stat().st_size
        say(f"{size_bytes} bytes, sha256 {digest}")
        _judge(known, digest, size_bytes, wanted, trust)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return Pulled(target, digest, size_bytes, bool(wanted))


def _user_folder(variable: str, usual: str, windows: str) -> Path:
    root = os.environ.get(variable)
    if not root and sys.platform == "win32":
        root = os.environ.get(windows)
    return Path(root or usual).expanduser() / "physcheck"


def _advice(name: str) -> str:
    stem = name if name.endswith(SUFFIXES) else f"{name}.pt"
    if stem in known_weights():
        return f"pull them with: physcheck models pull {stem}"
    near = difflib.get_close_matches(stem, known_weights(), 1)
    guess = f"did you mean {near[0]}? " if near else ""
    return f"{guess}give the path of a .pt or .onnx file, or see: physcheck models list"


def _known(name: str) -> KnownWeights:
    known = known_weights()
    found = known.get(name) or known.get(f"{name}.pt")
    if found is None:
        raise ConfigurationError(f"{name}: not known; known: {', '.join(known)}")
    return found


def _present(target: Path, wanted: str, trust: bool) -> Pulled:
    """What lies there already; it is never replaced."""
    digest = sha256_of(target)
    if wanted and digest != wanted and not trust:
        raise ConfigurationError(
            f"{target}: is there already with sha256 {digest}, not {wanted}; "
            "remove it and pull again"
        )
    return Pulled(target, digest, target.stat().st_size, digest == wanted)


def _download(known: KnownWeights, folder: Path, say: Callable[[str], None]) -> tuple[Path, str]:
    """Fetch a file to a temporary one in `folder`; give that and its hash."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".part-", suffix=known.name, dir=folder)
    except OSError as error:
        raise ConfigurationError(f"{folder}: cannot be written: {error.strerror}") from None
    temporary, digest = Path(name), hashlib.sha256()
    try:
        with (
            os.fdopen(handle, "wb") as stream,
            closing(urllib.request.urlopen(known.url, timeout=_TIMEOUT_S)) as answer,
        ):
            length = answer.headers.get("Content-Length")
            say(f"downloading {known.url} ({length or 'unknown number of'} bytes)")
            for chunk in _chunks(answer):
                stream.write(chunk)
                digest.update(chunk)
        if length is not None and int(length) != temporary.stat().st_size:
            raise OSError("the connection broke off")
    except (OSError, ValueError) as error:
        temporary.unlink(missing_ok=True)
        raise ConfigurationError(
            f"{known.url}: could not be downloaded: {error}; fetch it by other means, "
            "and give its path"
        ) from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary, digest.hexdigest()


def _chunks(answer: Any) -> Iterator[bytes]:
    while chunk := answer.read(_CHUNK_BYTES):
        yield chunk


def _judge(known: KnownWeights, digest: str, size_bytes: int, wanted: str, trust: bool) -> None:
    """Refuse a file that is not the one that was meant."""
    if known.size_bytes is not None and size_bytes != known.size_bytes:
        raise ConfigurationError(
            f"{known.name}: has {size_bytes} bytes, not {known.size_bytes}; it was not kept"
        )
    if wanted and digest != wanted:
        raise ConfigurationError(
            f"{known.name}: has sha256 {digest}, not {wanted}; it was not kept"
        )
    if not wanted and not trust:
        raise ConfigurationError(
            f"{known.name}: its hash is not known beforehand, so nothing tells whether this is "
            f"the right file; to keep it: physcheck models pull {known.name} --sha256 {digest}, "
            "or --trust for any file that comes"
        )

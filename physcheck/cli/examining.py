"""The work behind `physcheck doctor`."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import sys
from collections.abc import Iterator
from typing import NamedTuple

from physcheck import __version__
from physcheck.errors import ConfigurationError

__all__ = ["Finding", "examine"]

OK, LACKING, BROKEN = "ok", "--", "!!"
_NEEDED = {
    "av": "av",
    "cv2": "opencv-python",
    "filterpy": "filterpy",
    "jinja2": "jinja2",
    "numpy": "numpy",
    "pydantic": "pydantic",
    "scipy": "scipy",
    "yaml": "PyYAML",
}
_EXTRAS = {
    "ultralytics": "yolo",
    "transformers": "transformers",
    "onnxruntime": "onnx",
    "openvino": "openvino",
    "matplotlib": "plot",
    "pymunk": "simulate",
}
_DECODERS = ("h264", "hevc", "vp9", "av1", "mpeg4", "prores")


class Finding(NamedTuple):
    """A line: how it is, of what, what was found, and what to do about it."""

    mark: str
    what: str
    told: str
    mend: str = ""


def examine(*, gpu: bool) -> Iterator[Finding]:
    """Look at everything, one thing after the other.

    Args:
        gpu: whether torch is loaded, which takes seconds.
    """
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    yield Finding(
        OK, "physcheck", f"{__version__} on Python {platform.python_version()}, {machine}"
    )
    for module, package in _NEEDED.items():
        yield _needed(module, package)
    yield from _codecs()
    yield from _rules()
    yield from _devices(gpu=gpu)
    for module, extra in _EXTRAS.items():
        yield _extra(module, extra)
    yield _weights()
    yield _cache()


def _needed(module: str, package: str) -> Finding:
    """A package without which nothing goes; it is loaded, for its libraries may be missing."""
    try:
        __import__(module)
    except ImportError as error:
        mend = f"pip install {package}"
        if module == "cv2":
            mend += "; on Debian or Ubuntu: apt-get install libgl1 libglib2.0-0"
        return Finding(BROKEN, module, f"cannot be loaded: {error}", mend)
    return Finding(OK, module, _version(package))


def _extra(module: str, extra: str) -> Finding:
    if importlib.util.find_spec(module) is None:
        return Finding(LACKING, module, "not installed", f"pip install 'physcheck[{extra}]'")
    return Finding(OK, module, _version(module))


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "installed"


def _codecs() -> Iterator[Finding]:
    """Which codecs the FFmpeg within PyAV has."""
    if "av" not in sys.modules:
        return
    import av

    known = av.codecs_available
    lost = [name for name in _DECODERS if name not in known]
    some = f"all but {', '.join(lost)}" if lost else ", ".join(_DECODERS)
    mend = "install PyAV's own wheel: pip install --force-reinstall av"
    yield Finding(LACKING if lost else OK, "decoders", some, mend if lost else "")
    has = "libx264" in known
    told = "libx264" if has else "no libx264: no pages with clips, no --video"
    yield Finding(OK if has else LACKING, "encoder", told, "" if has else mend)


def _rules() -> Iterator[Finding]:
    from physcheck.rules import load_pack, pack_names

    try:
        packs = [load_pack(name) for name in pack_names()]
    except ConfigurationError as error:
        yield Finding(BROKEN, "rules", str(error), "install physcheck again")
        return
    n_rules = max(len(pack.rules) for pack in packs)
    yield Finding(OK, "rules", f"{n_rules} in {', '.join(pack.name for pack in packs)}")


def _devices(*, gpu: bool) -> Iterator[Finding]:
    """What networks can run on."""
    if importlib.util.find_spec("torch") is None:
        yield Finding(LACKING, "torch", "not installed", "pip install 'physcheck[yolo]'")
        return
    yield Finding(OK, "torch", _version("torch"))
    if not gpu:
        return
    import torch

    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
        yield Finding(OK, "GPU", ", ".join(names))
    elif torch.backends.mps.is_available():
        yield Finding(OK, "GPU", "mps")
    else:
        mend = "networks run on the CPU, which motion uses anyway"
        yield Finding(LACKING, "GPU", "torch sees none", mend)


def _weights() -> Finding:
    from physcheck.weights import available, folders

    found = [path.name for path in available()]
    if found:
        return Finding(OK, "weights", ", ".join(found))
    where = ", ".join(map(str, folders()))
    mend = "the detector is motion; for hybrid: physcheck models pull yolo11n"
    return Finding(LACKING, "weights", f"none in {where}", mend)


def _cache() -> Finding:
    from physcheck.cache import open_cache

    store = open_cache()
    if store is None:
        return Finding(LACKING, "cache", "none", "set PHYSCHECK_CACHE_MB above 0 to keep one")
    used_mb = store.content().n_bytes / 1e6
    return Finding(
        OK, "cache", f"{used_mb:.0f} of {store.limit_bytes / 1e6:.0f} MB, {store.folder}"
    )

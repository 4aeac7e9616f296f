"""Settings of a run: from flags, then the environment, then a file, then the defaults.

The file is the nearest `physcheck.toml`, or `pyproject.toml` with a table
`[tool.physcheck]`, in the working folder or one above it. Keys are named like
the flags (`ignore-region` or `ignore_region`); variables are the same in
capitals with `PHYSCHECK_` before them.
"""

from __future__ import annotations

import difflib
import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from physcheck.detector_choice import Sight
from physcheck.errors import ConfigurationError

__all__ = [
    "Settings",
    "TimeSpan",
    "find_settings_file",
    "load_settings",
]

PREFIX = "PHYSCHECK_"
_NEAR_MISS = 0.8
_FOLDERS = ("PHYSCHECK_WEIGHTS", "PHYSCHECK_CACHE", "PHYSCHECK_CACHE_MB")
"""Variables that name a folder of weights and say where and how much is kept; the first may
name a file too, and is then the setting `weights`."""

Region = tuple[float, float, float, float]


class TimeSpan(NamedTuple):
    """A piece of a clip: from `start` up to, not including, `stop`, in frames or seconds."""

    start: float
    stop: float
    unit: Literal["frames", "s"]


def _parse_names(value: Any) -> Any:
    """Split `a,b`; leave lists as they are."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list | tuple):
        words = [word.strip() for item in value for word in str(item).split(",")]
        return tuple(word for word in words if word)
    return value


def _parse_numbers(value: Any) -> Any:
    """Turn `1,2,3,4`, a number or a list of numbers into a tuple of floats."""
    if isinstance(value, bool):
        raise ValueError("must be numbers")
    parts = value.split(",") if isinstance(value, str) else value
    parts = [parts] if isinstance(parts, int | float) else parts
    try:
        numbers = tuple(float(part) for part in parts)
    except (TypeError, ValueError):
        raise ValueError(f"must be numbers with commas between them, got {value!r}") from None
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"must be finite numbers, got {value!r}")
    return numbers


def _parse_floor(value: Any) -> Any:
    numbers = None if value is None else _parse_numbers(value)
    if numbers is not None and len(numbers) not in (1, 4):
        raise ValueError(f"must be Y or X1,Y1,X2,Y2 in px, got {value!r}")
    if numbers is not None and len(numbers) == 4 and numbers[0] == numbers[2]:
        raise ValueError("X1 and X2 must differ: a floor is not upright")
    return numbers


def _parse_regions(value: Any) -> Any:
    """Turn one region, `a;b`, or a list of them into tuples (x1, y1, x2, y2)."""
    return tuple(_parse_region(item) for item in _items(value))


def _parse_region(value: Any) -> Any:
    numbers = _parse_numbers(value)
    if len(numbers) != 4 or numbers[0] >= numbers[2] or numbers[1] >= numbers[3]:
        raise ValueError(f"must be X1,Y1,X2,Y2 in px with X1 < X2 and Y1 < Y2, got {value!r}")
    return numbers


def _parse_spans(value: Any) -> Any:
    return tuple(_parse_span(item) for item in _items(value))


def _parse_span(value: Any) -> TimeSpan:
    """Turn `10:20` (frames) or `0.5s:2s` into a span; an open side reaches to the end."""
    if isinstance(value, TimeSpan):
        return value
    sides = [side.strip() for side in str(value).split(":")]
    unit: Literal["frames", "s"] = "s" if any(side.endswith("s") for side in sides) else "frames"
    wrong = ValueError(f"must be START:STOP in frames, or in seconds as 0.5s:2s, got {value!r}")
    if len(sides) != 2 or not any(sides):
        raise wrong
    try:
        start = float(sides[0].removesuffix("s") or 0)
        stop = float(sides[1].removesuffix("s") or math.inf)
    except ValueError:
        raise wrong from None
    if not 0 <= start < stop:
        raise ValueError(f"START must be before STOP and not negative, got {value!r}")
    return TimeSpan(start, stop, unit)


def _items(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [item for item in value.split(";") if item.strip()]
    if not isinstance(value, list | tuple):
        raise ValueError(f"must be text or a list, got {value!r}")
    return list(value)


class Settings(BaseModel):
    """What a run of `physcheck analyze` is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    detector: Literal["auto", "motion", "yolo", "hybrid", "transformers", "detections"] = "auto"
    weights: Path | None = None
    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    detections: Path | None = None
    imgsz: int = Field(default=640, ge=32, le=4096)
    batch: int | None = Field(default=None, ge=1)
    every: int | None = Field(default=None, ge=1)
    classes: Annotated[tuple[str, ...], BeforeValidator(_parse_names)] = ()
    backend: Literal["torch", "onnx", "openvino"] = "torch"
    precision: Literal["auto", "fp32", "fp16", "bf16"] = "auto"
    trust: bool = False
    cache: bool = True
    save_detections: Path | None = None
    pack: str = "default"
    select: Annotated[tuple[str, ...], BeforeValidator(_parse_names)] = ()
    ignore: Annotated[tuple[str, ...], BeforeValidator(_parse_names)] = ()
    floor: Annotated[tuple[float, ...] | None, BeforeValidator(_parse_floor)] = None
    px_per_metre: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    true_fps: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    ignore_region: Annotated[tuple[Region, ...], BeforeValidator(_parse_regions)] = ()
    ignore_span: Annotated[tuple[TimeSpan, ...], BeforeValidator(_parse_spans)] = ()
    filter: Literal["numpy", "filterpy"] = "numpy"
    signals: bool = False
    embed_limit: float = Field(default=16.0, ge=0, description="MB")
    jobs: int = Field(default=1, ge=1)
    quiet: bool = False
    verbose: bool = False

    def sight(self) -> Sight:
        """What is to look at the pixels."""
        names = [field.name for field in fields(Sight)]
        return Sight(**{name: getattr(self, name) for name in names})

    def analysis(self) -> dict[str, Any]:
        """The keyword arguments of `physcheck.analyze` that these settings stand for."""
        return {
            "pack": self.pack,
            "select": self.select,
            "ignore": self.ignore,
            "sight": self.sight(),
            "floor": self.floor,
            "px_per_metre": self.px_per_metre,
            "true_fps": self.true_fps,
            "filter": self.filter,
            "ignore_regions": self.ignore_region,
            "ignore_spans": self.ignore_span,
            "signals": self.signals,
            "save_detections": self.save_detections,
        }


class _Layer(NamedTuple):
    """Settings from one place. names: how each key is called there."""

    values: dict[str, Any]
    names: dict[str, str]


def load_settings(
    flags: Mapping[str, Any],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Settings:
    """Lay flags over the environment over the settings file.

    Args:
        flags: by setting name; None is a flag that was not given.
        environment: `os.environ` where it is None.
        folder: where to look for a settings file, the working folder where it is None.

    Raises:
        ConfigurationError: a key is unknown or a value is wrong; the message says where.
    """
    layers = [
        _read_file(find_settings_file(folder or Path.cwd())),
        _read_environment(os.environ if environment is None else environment),
        _read_flags(flags),
    ]
    values = {key: value for layer in layers for key, value in layer.values.items()}
    names = {key: name for layer in layers for key, name in layer.names.items()}
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = str(first["loc"][0])
        text = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(f"{names[key]}: {text}{_got(first)}") from None


def find_settings_file(folder: Path) -> Path | None:
    """The nearest physcheck.toml, or pyproject.toml with [tool.physcheck], here or above."""
    for place in (folder.resolve(), *folder.resolve().parents):
        own, shared = place / "physcheck.toml", place / "pyproject.toml"
        if own.is_file():
            return own
        if shared.is_file() and "physcheck" in _tool_table(shared):
            return shared
    return None


def _tool_table(path: Path) -> Mapping[str, Any]:
    """The table `tool` of a pyproject.toml; a broken file is another program's business."""
    try:
        table = _read_toml(path).get("tool", {})
    except ConfigurationError:
        return {}
    return table if isinstance(table, dict) else {}


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from None


def _read_file(path: Path | None) -> _Layer:
    if path is None:
        return _Layer({}, {})
    table = _read_toml(path) if path.name == "physcheck.toml" else _tool_table(path)["physcheck"]
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path}: [tool.physcheck] must be a table")
    values, names = {}, {}
    for written, value in table.items():
        key = written.replace("-", "_")
        if key not in Settings.model_fields:
            raise ConfigurationError(f"{path}: unknown key '{written}'{_nearest(key, '-')}")
        values[key] = _from_folder(key, value, path.parent)
        names[key] = f"{path}: {written}"
    return _Layer(values, names)


def _from_folder(key: str, value: Any, folder: Path) -> Any:
    """A file named in a settings file is meant relative to that file."""
    is_file = key in ("detections", "save_detections")
    is_file |= key == "pack" and Path(str(value)).suffix in (".yaml", ".yml")
    # A bare name is looked for among the weights that were pulled.
    is_file |= key == "weights" and (
        len(Path(str(value)).parts) > 1 or (folder / str(value)).exists()
    )
    return str(folder / str(value)) if is_file else value


def _read_environment(environment: Mapping[str, str]) -> _Layer:
    """Variables of settings; others are let be unless they look like a slip."""
    values, names = {}, {}
    for name, value in environment.items():
        if not name.startswith(PREFIX) or not value:
            continue
        key = name.removeprefix(PREFIX).lower()
        if name in _FOLDERS and (key != "weights" or Path(value).is_dir()):
            continue
        if key in Settings.model_fields:
            values[key], names[key] = value, f"environment variable {name}"
        elif difflib.get_close_matches(key, Settings.model_fields, 1, _NEAR_MISS):
            raise ConfigurationError(f"environment variable {name}: unknown{_nearest(key, '_')}")
    return _Layer(values, names)


def _read_flags(flags: Mapping[str, Any]) -> _Layer:
    given = {key: value for key, value in flags.items() if value is not None}
    return _Layer(given, {key: f"--{key.replace('_', '-')}" for key in given})


def _nearest(key: str, joint: str) -> str:
    near = difflib.get_close_matches(key, Settings.model_fields, 1, 0)
    return f"; did you mean '{near[0].replace('_', joint)}'?" if near else ""


def _got(error: Any) -> str:
    """What was given, where the message does not say it already."""
    return "" if error["type"] == "value_error" else f", got {error['input']!r}"

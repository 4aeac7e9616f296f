"""The registry of checks: one file a check, found by being in this folder.

A check measures and a rule decides: a check is a pure function from a `Shot`
to `Signal`s, and knows no limit. To add one, write `physcheck/checks/my_check.py`:

    @check("my-check", group="size", unit="log size")
    def my_check(shot: Shot, *, min_size_px: float = 12.0) -> list[Signal]:
        \"\"\"One line: what a person would object to.

        Statistic: what is measured, per frame.
        Abstains: when the value is NaN.
        Blind to: what it cannot notice.
        Source: where the idea comes from.
        \"\"\"

Everything else (name, parameters, text of `physcheck rules show`) is read from
the function, so nothing is wired in a second place. An `Args:` heading may say
what each parameter means.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import TypeVar, get_type_hints

from physcheck.errors import ConfigurationError
from physcheck.types import Shot, Signal

__all__ = [
    "GROUPS",
    "HEADINGS",
    "PRINCIPLES",
    "Check",
    "CheckFunction",
    "Parameter",
    "Value",
    "check",
    "collect_checks",
    "read_check",
    "registry",
]

PRINCIPLES: Mapping[str, str] = MappingProxyType(
    {
        "permanence": "Things go on existing: none comes from nothing or is gone for nothing, and "
        "their number changes only where one comes, goes or breaks.",
        "size": "A thing keeps its size, its shape and its colours; nearness, turning and light "
        "change how it looks, and they do so in ways one can tell.",
        "floor": "Solid things share no space, and what nothing holds does not stay in mid-air.",
        "trajectory": "Motion goes on as it was until something acts, and all that falls freely "
        "in one place falls alike.",
        "interaction": "What lies still needs a cause to set out, and what is struck gives way.",
        "view": "Down is down and before is before: weight, support and time have a direction.",
        "relation": "Left of, behind and within change only along a way that leads there.",
    }
)
"""For each group of checks, in the user's words, what a person knows and objects to see broken."""

GROUPS = tuple(PRINCIPLES)
"""The groups of checks."""

HEADINGS = ("Statistic", "Abstains", "Blind to", "Source")
"""What the docstring of every check must state."""

Value = bool | int | float | str
"""What a parameter of a check may be."""

CheckFunction = Callable[..., list[Signal]]
_Function = TypeVar("_Function", bound=CheckFunction)

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_HEADING = re.compile(r"(Statistic|Abstains|Blind to|Source|Args|Returns|Raises):\s*(.*)")
_ARGUMENT = re.compile(r"(\w+):\s*(.*)")
_KINDS = (bool, int, float, str)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number or word that a pack may give to a check."""

    name: str
    kind: type[bool] | type[int] | type[float] | type[str]
    default: Value
    description: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """A check and all that its function says of itself."""

    name: str
    group: str
    unit: str
    function: CheckFunction
    parameters: tuple[Parameter, ...]
    summary: str
    statistic: str
    abstains: str
    blind_to: str
    source: str


_recorded: dict[tuple[str, str], Check] = {}


def check(name: str, *, group: str, unit: str) -> Callable[[_Function], _Function]:
    """Record a function as a check; it is returned unchanged.

    Args:
        name: the wrongdoing, in small letters with dashes.
        group: one of `GROUPS`.
        unit: of the values of its signals, e.g. "px".

    Raises:
        ConfigurationError: name, group, signature or docstring is not as it must be.
    """

    def record(function: _Function) -> _Function:
        key = (function.__module__, function.__qualname__)
        _recorded[key] = read_check(function, name=name, group=group, unit=unit)
        return function

    return record


def read_check(function: CheckFunction, *, name: str, group: str, unit: str) -> Check:
    """Describe a function as a check without recording it.

    Raises:
        ConfigurationError: name, group, signature or docstring is not as it must be.
    """
    where = f"check '{name}' ({function.__module__}.{function.__qualname__})"
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"{where}: a name has small letters and dashes only")
    if group not in GROUPS:
        raise ConfigurationError(f"{where}: unknown group '{group}'; known: {', '.join(GROUPS)}")
    if not unit:
        raise ConfigurationError(f"{where}: the unit is missing")
    summary, sections = _read_docstring(function, where)
    arguments = _read_arguments(sections.get("Args", []))
    text = {heading: " ".join(sections[heading]) for heading in HEADINGS}
    return Check(
        name=name,
        group=group,
        unit=unit,
        function=function,
        parameters=_read_parameters(function, arguments, where),
        summary=summary,
        statistic=text["Statistic"],
        abstains=text["Abstains"],
        blind_to=text["Blind to"],
        source=text["Source"],
    )


def _read_docstring(function: CheckFunction, where: str) -> tuple[str, dict[str, list[str]]]:
    """Split a docstring into its first line and the lines below each heading."""
    lines = (inspect.getdoc(function) or "").splitlines()
    summary = lines[0].strip() if lines else ""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines[1:]:
        match = _HEADING.fullmatch(line.rstrip())
        if match:
            current = sections.setdefault(match[1], [])
        text = match[2] if match else line.strip()
        if text:
            current.append(text)
    missing = [heading for heading in HEADINGS if not sections.get(heading)]
    if not summary or _HEADING.fullmatch(summary):
        missing.insert(0, "a first line")
    if missing:
        raise ConfigurationError(f"{where}: the docstring lacks {', '.join(missing)}")
    return summary, sections


def _read_arguments(lines: list[str]) -> dict[str, str]:
    """Read `name: text` lines, where text may go on in the next line."""
    found: dict[str, str] = {}
    name = ""
    for line in lines:
        match = _ARGUMENT.fullmatch(line)
        if match:
            name = match[1]
            found[name] = match[2]
        elif name:
            found[name] = f"{found[name]} {line}"
    return found


def _read_parameters(
    function: CheckFunction, descriptions: Mapping[str, str], where: str
) -> tuple[Parameter, ...]:
    """Read the keyword-only parameters that follow `shot`."""
    hints = get_type_hints(function)
    first, *rest = inspect.signature(function).parameters.values() or (None,)
    if first is None or first.name != "shot" or hints.get("shot") is not Shot:
        raise ConfigurationError(f"{where}: the first parameter must be 'shot: Shot'")
    found = []
    for entry in rest:
        kind = hints.get(entry.name)
        default = entry.default
        if entry.kind is not entry.KEYWORD_ONLY or kind not in _KINDS or type(default) is not kind:
            raise ConfigurationError(
                f"{where}: parameter '{entry.name}' must be keyword-only, a bool, int, float "
                "or str, and have a default of that type"
            )
        found.append(Parameter(entry.name, kind, default, descriptions.get(entry.name, "")))
    return tuple(found)


def collect_checks(package: ModuleType) -> dict[str, Check]:
    """Import every module of a package and return the check of each, by name.

    Raises:
        ConfigurationError: a module has no check or several, or is not named after it.
    """
    found: dict[str, Check] = {}
    for module_name in sorted(entry.name for entry in pkgutil.iter_modules(package.__path__)):
        full_name = f"{package.__name__}.{module_name}"
        importlib.import_module(full_name)
        entries = [entry for (module, _), entry in _recorded.items() if module == full_name]
        if len(entries) != 1:
            raise ConfigurationError(f"{full_name}: has {len(entries)} checks, must have one")
        wanted = entries[0].name.replace("-", "_")
        if module_name != wanted:
            raise ConfigurationError(
                f"{full_name}: has the check '{entries[0].name}', so the file must be {wanted}.py"
            )
        found[entries[0].name] = entries[0]
    return found


@functools.cache
def registry() -> Mapping[str, Check]:
    """Return every check of this folder by name; imported at the first call."""
    return MappingProxyType(collect_checks(importlib.import_module(__name__)))

"""Find a pack, read it with what it extends, check every word of it, and freeze it."""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from physcheck.checks import Check, Parameter, Value, registry
from physcheck.errors import PackError
from physcheck.resources import packs_folder
from physcheck.rules.packs import Null, Pack, Rule, suggestion
from physcheck.rules.reading import KeyPath, Problem, Tree, read_tree

__all__ = ["load_pack", "pack_names", "validate_pack"]

Checks = Mapping[str, Check]

_RULE_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _NullModel(_Model):
    family: Literal["exponential", "halfnormal", "lognormal", "log-odds"]
    scale: float = Field(gt=0, allow_inf_nan=False)
    shape: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.family == "lognormal") != (self.shape is not None):
            wants = "needs a" if self.shape is None else "takes no"
            raise ValueError(f"the family {self.family} {wants} shape")
        return self


class _RuleModel(_Model):
    check: str
    limit: float = Field(gt=0, allow_inf_nan=False)
    unit: str
    min_frames: int = Field(ge=1)
    null: _NullModel
    steepness: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    origin: str = ""
    parameters: dict[str, Any] = {}


class _CalibrationModel(_Model):
    """What limits were learned from: for readers, and for `calibrated` in reports."""

    data: list[str] = Field(min_length=1)
    detector: str
    n_clips: int = Field(ge=1)
    n_groups: int = Field(ge=1)
    share: float | None = Field(gt=0, lt=1)
    clean_flagged: float
    violating_flagged: float | None
    calibration_error: float | None = None


class _PackModel(_Model):
    """A pack. score_curve: see `physcheck.rules.packs.Pack`."""

    pack: str = Field(min_length=1)
    version: str = Field(min_length=1)
    description: str
    extends: str = ""
    calibration: _CalibrationModel | None = None
    score_curve: list[list[float]] = []
    rules: dict[str, _RuleModel] = Field(min_length=1)

    @field_validator("score_curve")
    @classmethod
    def _rises(cls, knots: list[list[float]]) -> list[list[float]]:
        if any(len(knot) != 2 for knot in knots):
            raise ValueError("must be pairs of numbers")
        if knots and (knots[0] != [0.0, 0.0] or knots[-1] != [1.0, 1.0]):
            raise ValueError("must go from [0, 0] to [1, 1]")
        if any(a >= c or b >= d for (a, b), (c, d) in itertools.pairwise(knots)):
            raise ValueError("must rise from knot to knot, in both numbers")
        return knots


_LEVELS: dict[int, type[_Model]] = {
    0: _PackModel,
    1: _CalibrationModel,
    2: _RuleModel,
    3: _NullModel,
}
"""The model of a mapping by the length of its key path."""

_WANTED = {
    "dict_type": "a mapping (key: value)",
    "finite_number": "a finite number",
    "float_type": "a number",
    "int_type": "a whole number",
    "model_type": "a mapping (key: value)",
    "string_type": "text (put it in quotes)",
}


@dataclass(slots=True)
class _Source:
    """A pack file and those that it extends, as one tree; inherited: rules from them."""

    tree: Tree
    content: bytes
    inherited: set[str] = field(default_factory=set)


def pack_names() -> tuple[str, ...]:
    """Return the names of the shipped packs, `default` first."""
    names = {path.stem for path in packs_folder().glob("*.yaml")}
    return ("default", *sorted(names - {"default"}))


def load_pack(name_or_path: str | Path, *, checks: Checks | None = None) -> Pack:
    """Read a rule pack.

    Args:
        name_or_path: the name of a shipped pack, or a YAML file.
        checks: what rules may refer to; the registry by default.

    Raises:
        PackError: it cannot be found, or something in it is wrong; one line a
            mistake, each with file, line, rule and field.
    """
    known = registry() if checks is None else checks
    path = _locate(name_or_path)
    source = _gather(path, ())
    problems = source.tree.problems or _problems(source, known)
    if problems:
        raise PackError("\n".join(_lines(problems)))
    return _freeze(source, path, known)


def validate_pack(path: str | Path, *, checks: Checks | None = None) -> list[str]:
    """Return every mistake in a pack as `file:line: what`; empty when it is right."""
    try:
        load_pack(path, checks=checks)
    except PackError as error:
        return str(error).splitlines()
    return []


def _lines(problems: list[Problem]) -> list[str]:
    """Put problems in the order of the files' lines, each said once."""
    ordered = sorted(problems, key=lambda problem: (problem.file, problem.line))
    return list(dict.fromkeys(str(problem) for problem in ordered))


def _locate(name_or_path: str | Path, folder: Path = Path()) -> Path:
    """Find the file of a pack; a relative path starts at `folder`."""
    word = str(name_or_path)
    if word in pack_names():
        return packs_folder() / f"{word}.yaml"
    path = folder / word
    if path.is_file():
        return path
    if path.suffix in (".yaml", ".yml") or len(path.parts) > len(folder.parts) + 1:
        raise PackError(f"{path}: no such rule pack file")
    raise PackError(f"unknown rule pack '{word}'{suggestion(word, pack_names())}")


def _gather(path: Path, trail: tuple[Path, ...]) -> _Source:
    """Read a file and lay it over the pack that it extends."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PackError(f"{path}: cannot be read: {error.strerror}") from error
    own = read_tree(path, content)
    parent_name = own.data.get("extends")
    if not isinstance(parent_name, str) or own.problems:
        return _Source(own, content)
    trail = (*trail, path.resolve())
    try:
        parent_path = _locate(parent_name, path.parent)
    except PackError as error:
        own.report(("extends",), f"extends: {error}")
        return _Source(own, content)
    if parent_path.resolve() in trail:
        own.report(("extends",), f"extends: '{parent_name}' extends this pack in turn")
        return _Source(own, content)
    return _overlay(own, content, _gather(parent_path, trail))


def _overlay(own: Tree, content: bytes, parent: _Source) -> _Source:
    """Add what the child does not say about rules; pack, version and text are its own."""
    rules = own.data.get("rules", {})
    inherited = parent.tree.data.get("rules", {})
    if isinstance(rules, dict) and isinstance(inherited, dict):
        own.data["rules"] = _merge(inherited, rules)
    for at, place in parent.tree.places.items():
        if at[:1] == ("rules",):
            own.places.setdefault(at, place)
    own.problems.extend(parent.tree.problems)
    return _Source(own, content + parent.content, set(inherited))


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another, at every depth."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            merged[key] = _merge(old, value)
        else:
            merged[key] = value
    return merged


def _problems(source: _Source, checks: Checks) -> list[Problem]:
    """Check the shape of a pack, then what it says of the checks."""
    tree = source.tree
    try:
        _PackModel.model_validate(tree.data)
    except ValidationError as failure:
        for error in failure.errors():
            at = tuple(str(part) for part in error["loc"])
            tree.report(at, _prefix(at) + _message(error, at, source))
    rules = tree.data.get("rules")
    for name, entry in rules.items() if isinstance(rules, dict) else ():
        if not _RULE_NAME.fullmatch(name):
            tree.report(("rules", name), f"rule '{name}': small letters and dashes only")
        if isinstance(entry, dict):
            _check_rule(tree, name, entry, checks)
    return tree.problems


def _prefix(at: KeyPath) -> str:
    """Say which rule is meant."""
    return f"rule '{at[1]}': " if len(at) > 1 and at[0] == "rules" else ""


def _message(error: ErrorDetails, at: KeyPath, source: _Source) -> str:
    """Say in plain words what pydantic found wrong."""
    key, kind, got = at[-1] if at else "pack", error["type"], error["input"]
    if kind == "extra_forbidden":
        return f"unknown key '{key}'{suggestion(key, _LEVELS[len(at) - 1].model_fields)}"
    if kind == "missing":
        return f"key '{key}' is missing{_misspelt(at, source)}"
    if kind == "literal_error":
        options = re.findall(r"'([\w-]+)'", error["ctx"]["expected"])
        return f"unknown {key} '{got}'{suggestion(str(got), options)}"
    if kind in ("greater_than", "greater_than_equal"):
        bound = "larger than 0" if kind == "greater_than" else "at least 1"
        return f"{key} must be {bound}, got {got!r}"
    if kind in _WANTED:
        return f"{key} must be {_WANTED[kind]}, got {got!r}"
    return f"{key}: {error['msg'].removeprefix('Value error, ')}"


def _misspelt(at: KeyPath, source: _Source) -> str:
    """Tell when a rule lacks a key because its name misses the one it should override."""
    if len(at) != 3 or at[2] != "check" or not source.inherited or at[1] in source.inherited:
        return ""
    near = suggestion(at[1], source.inherited)
    return f" (the pack it extends has no rule '{at[1]}'{near})"


def _check_rule(tree: Tree, name: str, entry: dict[str, Any], checks: Checks) -> None:
    """Compare check, unit and parameters with what the check says of itself."""
    at, word = ("rules", name), entry.get("check")
    if not isinstance(word, str):
        return
    if word not in checks:
        tree.report(
            (*at, "check"), f"rule '{name}': unknown check '{word}'" + suggestion(word, checks)
        )
        return
    check, unit = checks[word], entry.get("unit")
    if isinstance(unit, str) and unit != check.unit:
        text = f"rule '{name}': unit is '{unit}', but check '{word}' measures '{check.unit}'"
        tree.report((*at, "unit"), text)
    given = entry.get("parameters", {})
    known = {parameter.name: parameter for parameter in check.parameters}
    for key, value in given.items() if isinstance(given, dict) else ():
        wrong = _parameter_problem(key, value, known)
        if wrong:
            tree.report((*at, "parameters", key), f"rule '{name}': {wrong}")


def _parameter_problem(key: str, value: object, known: Mapping[str, Parameter]) -> str:
    """Say what is wrong with one parameter, or ""."""
    if key not in known:
        return f"unknown parameter '{key}'{suggestion(key, known)}"
    kind = known[key].kind
    if not isinstance(value, (int, float) if kind is float else kind) or (
        isinstance(value, bool) and kind is not bool
    ):
        names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
        return f"parameter {key} must be {names[kind]}, got {value!r}"
    if isinstance(value, float) and not math.isfinite(value):
        return f"parameter {key} must be a finite number, got {value!r}"
    return ""


def _freeze(source: _Source, path: Path, checks: Checks) -> Pack:
    """Build the pack from a tree that has no problems."""
    model = _PackModel.model_validate(source.tree.data)
    rules = (_rule(name, entry, checks[entry.check]) for name, entry in model.rules.items())
    return Pack(
        name=model.pack,
        version=model.version,
        description=model.description,
        sha256=hashlib.sha256(source.content).hexdigest(),
        path=str(path),
        rules=tuple(rules),
        calibrated=model.calibration is not None,
        score_curve=tuple((x, y) for x, y in model.score_curve),
    )


def _rule(name: str, entry: _RuleModel, check: Check) -> Rule:
    """Fill in what the pack leaves to the check."""
    parameters: dict[str, Value] = {
        parameter.name: parameter.kind(entry.parameters.get(parameter.name, parameter.default))
        for parameter in check.parameters
    }
    return Rule(
        name=name,
        check=check.name,
        group=check.group,
        limit=entry.limit,
        unit=entry.unit,
        min_frames=entry.min_frames,
        null=Null(entry.null.family, entry.null.scale, entry.null.shape),
        parameters=parameters,
        steepness=entry.steepness,
        origin=entry.origin,
    )

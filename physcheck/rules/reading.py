"""From a YAML file to plain data that remembers the line of each key.

Stricter than YAML: keys are the words as written (so `null:` is the key "null"),
a key that is given twice is an error, and aliases are refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

__all__ = ["KeyPath", "Problem", "Tree", "read_tree"]

KeyPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a pack file; line counts from 1."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


@dataclass(slots=True)
class Tree:
    """A mapping read from YAML, with the file and line of each key path."""

    data: dict[str, Any] = field(default_factory=dict)
    places: dict[KeyPath, tuple[str, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def report(self, at: KeyPath, text: str) -> None:
        """Note a problem at a key path, or at the nearest path above that has a line."""
        while at and at not in self.places:
            at = at[:-1]
        self.problems.append(Problem(*self.places[at], text))


def read_tree(path: Path, content: bytes) -> Tree:
    """Parse a YAML file whose top level is a mapping; what is wrong is in `problems`."""
    tree = Tree(places={(): (str(path), 1)})
    try:
        loader = yaml.SafeLoader(content)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        tree.problems.append(Problem(str(path), line, f"not valid YAML: {error.problem}"))
        return tree
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        tree.report((), f"not valid YAML: {str(error).splitlines()[0]}")
        return tree
    except RecursionError:
        tree.report((), "nested too deeply")
        return tree
    if not isinstance(node, yaml.MappingNode):
        tree.report((), "a pack must be a mapping (key: value)")
        return tree
    tree.data = _Reader(str(path), loader, tree).mapping(node, ())
    return tree


class _Reader:
    """Turns YAML nodes into plain data while it notes lines and problems."""

    def __init__(self, file: str, loader: yaml.SafeLoader, tree: Tree) -> None:
        self._file = file
        self._loader = loader
        self._tree = tree
        self._seen: set[int] = set()

    def mapping(self, node: yaml.MappingNode, at: KeyPath) -> dict[str, Any]:
        """Read a mapping; a key that comes twice is reported and its second value dropped."""
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(line, "a key must be a word")
                continue
            key = key_node.value
            if key in found:
                first = self._tree.places[(*at, key)][1]
                self._problem(line, f"'{key}' is given twice, first in line {first}")
                continue
            self._tree.places[(*at, key)] = (self._file, line)
            found[key] = self._value(value_node, (*at, key))
        return found

    def _value(self, node: yaml.Node, at: KeyPath) -> Any:
        _, line = self._tree.places[at]
        if id(node) in self._seen:
            self._problem(line, "aliases (*name) cannot be used here; say `extends:` instead")
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(entry, at) for entry in node.value]
        try:
            return self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError):
            self._problem(line, f"cannot read the value '{node.value}'")
            return None

    def _problem(self, line: int, text: str) -> None:
        self._tree.problems.append(Problem(self._file, line, text))

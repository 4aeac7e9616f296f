"""Imports point down.

Each line of the table is a layer, the lowest first. A module or package of
`physcheck` imports only from the layers above its line in the table (that is, from
lower layers), never from a sibling in its own line. Within a package anything
goes that makes no circle. Imports inside functions and under TYPE_CHECKING count.
"""

from __future__ import annotations

import ast
import graphlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TABLE = """
    errors                                      the exception tree
    types                                       frozen data types
    atomic                                      files that are whole or not there
    boxes kalman signals statistics things      mathematics, and words for things
    parabolas perspective                       what way a thing in flight goes, and is seen to go
    fitness                                     which things can be judged at all
    ends changes falls partings starts          what several checks share
    arcs                                        flights that change midway
    floors freefall                             where the floor is, how fast things fall
    sinking                                     what sinks into the ground
    drawing                                     rooms, things and a camera, drawn
    weights                                     files of detectors: found, known, pulled
    detector_choice                             which detector a request stands for
    config resources records labels             settings, shipped files, report and labels
    detection_files                             boxes that others computed, and ours for them
    container shots                             one file's streams; cuts and fades
    pieces                                      frames gathered into shots
    video                                       decode to frames with presentation times
    tensors                                     frames that torch holds, on any device
    camera                                      frame-to-reference motion of the picture
    detectors                                   what is seen in a frame
    cache                                       what was seen before
    sight                                       which detector looks, opened for many clips
    tracking                                    what is followed through a shot
    explain                                     the second look at births and deaths
    world                                       supports and contacts
    checks                                      what is measured
    rules score                                 what is decided
    report render                               what is said
    analysis                                    the whole story on one page
    runner                                      many clips, none of them lost
    evaluation mutation simulation              how good it is: labelled sets, made sets
    calibration                                 limits learned from labelled sets
    cli                                         the only place that prints or exits
    __main__                                    python -m physcheck
"""

PACKAGE = Path(__file__).resolve().parents[1] / "physcheck"

LAYERS = [
    [word.strip() for word in line.strip().split("  ")[0].split()]
    for line in TABLE.strip().splitlines()
]
LAYER_OF = {part: number for number, layer in enumerate(LAYERS) for part in layer}

FOR_CHECKS = {"errors", "types", "boxes", "kalman", "signals", "statistics", "things"}
FOR_CHECKS |= {
    "fitness",
    "ends",
    "changes",
    "falls",
    "partings",
    "starts",
    "floors",
    "sinking",
    "arcs",
}
LIBRARIES_FOR_CHECKS = {"numpy", "scipy"}

# The root is there before any of its modules, so its one constant does no harm.
FROM_ROOT = {"__version__"}

VAGUE = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def part_of(module: str) -> str:
    """`kalman` for `physcheck.kalman.steps`, "" for the root."""
    return [*module.split("."), ""][1]


def imported(path: Path) -> Iterator[str]:
    """Full names of what a file imports; `from a import b` is a.b, module or not."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import in line {node.lineno}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports(module: str) -> set[str]:
    """The modules of physcheck that a module imports."""
    found = set()
    for name in imported(MODULES[module]):
        if name.split(".")[0] == "physcheck":
            found.add(name if name in MODULES else name.rpartition(".")[0])
    return found


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_lower_layers(module: str) -> None:
    part = part_of(module)
    for other in own_imports(module) - {"physcheck"}:
        target = part_of(other)
        if target != part:
            assert LAYER_OF[target] < LAYER_OF[part], f"{module} imports {other}: not from below"


def test_every_module_has_its_place_in_the_table() -> None:
    parts = {part_of(module) for module in MODULES} - {""}
    assert parts - LAYER_OF.keys() == set(), "modules that the table in this file lacks"
    assert LAYER_OF.keys() - parts == set(), "names in the table that are no modules"


def test_no_module_stands_in_the_table_twice() -> None:
    assert len(LAYER_OF) == sum(map(len, LAYERS))


@pytest.mark.parametrize("module", MODULES)
def test_nothing_inside_imports_from_the_package_root(module: str) -> None:
    for name in imported(MODULES[module]):
        if name.startswith("physcheck.") and name not in MODULES:
            owner, _, what = name.rpartition(".")
            assert owner != "physcheck" or what in FROM_ROOT, f"{module}: from physcheck: {what}"


def test_imports_within_a_package_make_no_circle() -> None:
    # A package's __init__ may gather what its modules offer, and they may ask it
    # for what it defines itself: that arrow is left out.
    graph = {
        module: {one for one in own_imports(module) if not module.startswith(f"{one}.")}
        for module in MODULES
    }
    list(graphlib.TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("module", [name for name in MODULES if part_of(name) == "checks"])
def test_a_check_knows_tracks_and_world_and_nothing_of_pixels(module: str) -> None:
    for name in own_imports(module) - {"physcheck", "physcheck.checks"}:
        assert part_of(name) in FOR_CHECKS, f"{module} imports {name}"
    roots = {name.split(".")[0] for name in imported(MODULES[module])}
    vendors = roots - set(sys.stdlib_module_names) - {"physcheck"}
    assert vendors <= LIBRARIES_FOR_CHECKS, f"{module} imports {vendors}"


def test_no_module_has_a_vague_name() -> None:
    names = {module.rpartition(".")[2] for module in MODULES}
    assert not names & VAGUE


def test_the_walk_sees_an_import_that_points_up(tmp_path: Path) -> None:
    """The walk itself is on trial: nested, aliased and typing-only imports are seen."""
    path = tmp_path / "example.py"
    path.write_text(
        "if TYPE_CHECKING:\n    from physcheck.rules import Pack\n"
        "def f():\n    import physcheck.cli as c\n    from physcheck import boxes as b\n"
    )
    assert set(imported(path)) == {"physcheck.rules.Pack", "physcheck.cli", "physcheck.boxes"}

"""How often each rule of the default pack was right, measured; shipped beside the packs.

`reports/measure_accuracy.py` writes the file; `physcheck rules show` and docs/rules quote it.
"""

from __future__ import annotations

import functools
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from physcheck.resources import packs_folder

__all__ = ["FILE", "Curve", "Measured", "RuleMeasured", "Seen", "measured_rules"]

FILE = "measured.json"


class _Record(BaseModel):
    """A frozen branch. Fields of later versions are skipped when reading."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Seen(_Record):
    """Of violations with a magnitude from `low` to `high`, how many and which share was seen."""

    low: float
    high: float
    n: int
    recall: float


class Curve(_Record):
    """Recall over the magnitude of what is wrong, by a claim of any rule."""

    unit: str
    bins: tuple[Seen, ...]


class RuleMeasured(_Record):
    """One rule on one labelled set.

    n_labelled: violations of this kind. n_hit: those seen by any rule; n_hit_by_name: by this
    one. n_claims: what the rule claims; n_right: claims that hit any labelled violation.
    n_accused: clean clips that it accuses, of n_clean.
    """

    n_labelled: int
    n_hit: int
    n_hit_by_name: int
    n_claims: int
    n_right: int
    n_accused: int
    n_clean: int
    curve: Curve | None = None


class Measured(_Record):
    """By rule, then by labelled set. settings: detector and pack."""

    settings: dict[str, str]
    rules: dict[str, dict[str, RuleMeasured]]


@functools.cache
def measured_rules(folder: Path | None = None) -> Measured | None:
    """Read what was measured; None where the installation has no such file."""
    path = (folder or packs_folder()) / FILE
    return Measured.model_validate_json(path.read_bytes()) if path.is_file() else None

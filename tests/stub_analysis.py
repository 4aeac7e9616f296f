"""Stands in for `physcheck.analysis` where the command line itself is on trial.

What it does depends on the name of the clip. A `sitecustomize.py` puts it in
place in the processes that a test starts, see `test_cli.py`.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from physcheck.errors import ConfigurationError, InputError

SITECUSTOMIZE = """
import sys
sys.path.insert(0, {tests!r})
import stub_analysis
sys.modules["physcheck.analysis"] = stub_analysis
"""


def analyze(source: str, *, pack: str = "default", progress: Any = None, **_: Any) -> Any:
    import sample_report

    name = Path(source).stem
    if pack == "nonsense":
        raise ConfigurationError("unknown rule pack 'nonsense'")
    if name == "unreadable":
        raise InputError(f"{source}: no video in it")
    if name == "bug":
        return [][1]
    if name == "die":
        os._exit(9)
    if name == "slow":
        time.sleep(60)
    if progress:
        progress("decode", 0.5)
    problems = ("breaks off after frame 47",) if name == "partial" else ()
    return sample_report.report(source, clean=name != "broken", problems=problems)

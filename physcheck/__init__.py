"""physcheck: the physics linter for video.

The public names are loaded when they are first asked for, so that importing
the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "analyze": "physcheck.analysis",
    "Report": "physcheck.report",
}

__all__ = ["Report", "__version__", "analyze"]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'physcheck' has no attribute '{name}'")

"""physcheck schema: the JSON Schema of the report."""

from __future__ import annotations

import sys

__all__ = ["schema"]


def schema() -> None:
    """Print the JSON Schema of what `analyze --format json` writes."""
    from physcheck.records import schema_json

    sys.stdout.write(schema_json())

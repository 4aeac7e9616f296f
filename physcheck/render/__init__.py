"""A report in the forms that people and programs read."""

from __future__ import annotations

__all__: list[str] = []

"""Reports as pages: one self-contained file a clip, and an index of many."""

from __future__ import annotations

from physcheck.render.html.writing import find_clip, write_index, write_page

__all__ = ["find_clip", "write_index", "write_page"]

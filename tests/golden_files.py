"""Compare text with a golden file; `UPDATE_GOLDEN=1 pytest` writes the files anew."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def assert_golden(text: str, path: Path | str) -> None:
    file = FOLDER / path
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), f"{file} differs; see {__name__}.py"

"""Take the pictures of pages that the README shows.

    python reports/shoot_pages.py

Needs Chromium, its driver, and selenium (`pip install -e '.[dev]'`). Writes
page-light.png, page-dark.png and index.png beside this file, in few colours.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browser import open_browser  # noqa: E402

from physcheck.cli import main  # noqa: E402

N_COLOURS = 256
SETTLED_S = 1.5


def shoot() -> None:
    """Take them all."""
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index.html"
        main(["analyze", str(ROOT / "samples"), "-q", "-o", str(index)])
        browser = open_browser(Path(folder))
        try:
            page = ROOT / "reports" / "three-balls.html"
            for name, dark in (("page-light", False), ("page-dark", True)):
                browser.show(page, dark=dark)
                browser.shown_s()
                browser.press("n")
                browser.shown_s()
                time.sleep(SETTLED_S)
                browser.run("scrollTo({top: 0, behavior: 'instant'})")
                save(browser.picture(), name)
            browser.show(index, height_px=620)
            time.sleep(SETTLED_S)
            save(browser.picture(), "index")
        finally:
            browser.close()


def save(png: bytes, name: str) -> None:
    """Keep a picture in few colours, which is enough for a page."""
    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(N_COLOURS, kmeans=4)
    picture.save(ROOT / "reports" / f"{name}.png", optimize=True)


if __name__ == "__main__":
    shoot()

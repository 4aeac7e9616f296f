"""A real Chromium, driven through its chromedriver; nothing is downloaded."""

from __future__ import annotations

import base64
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

__all__ = ["Browser", "open_browser"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
_WAIT_S = 15.0


class Browser:
    """One window. Frames are those that the page says it shows."""

    def __init__(self, driver: Any, downloads: Path) -> None:
        self._driver, self._downloads = driver, downloads
        where = {"behavior": "allow", "downloadPath": str(downloads)}
        driver.execute_cdp_cmd("Browser.setDownloadBehavior", where)

    def show(
        self, page: Path, *, width_px: int = 1280, height_px: int = 800, dark: bool = False
    ) -> None:
        """Open a page, and forget what was logged before."""
        size = {"width": width_px, "height": height_px, "deviceScaleFactor": 1}
        phone = {"mobile": width_px < 600}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {**size, **phone})
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        for kind in ("browser", "performance"):
            self._driver.get_log(kind)
        self._driver.get(page.as_uri())

    def run(self, script: str, *arguments: object) -> Any:
        """What a function body returns in the page."""
        return self._driver.execute_script(script, *arguments)

    def press(self, key: str) -> None:
        """Press a key while nothing is in focus."""
        self.run(
            "document.activeElement.blur(); document.body.dispatchEvent("
            "new KeyboardEvent('keydown', {key: arguments[0], bubbles: true}))",
            key,
        )

    def click(self, selector: str, n: int = 0, *, at: float = 0.5) -> None:
        """Click the n-th match with the mouse, at a share of its width."""
        box = self.run(
            "const e = document.querySelectorAll(arguments[0])[arguments[1]];"
            "e.scrollIntoView({block: 'center', behavior: 'instant'});"
            "const b = e.getBoundingClientRect(); return [b.left, b.top, b.width, b.height];",
            selector,
            n,
        )
        x, y = box[0] + at * box[2], box[1] + box[3] / 2
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            how = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
            how["button"] = "none" if kind == "mouseMoved" else "left"
            self._driver.execute_cdp_cmd("Input.dispatchMouseEvent", how)

    def until(self, asked: Callable[[], Any], what: str) -> Any:
        """Ask again until the answer is true."""
        end_s = time.monotonic() + _WAIT_S
        while time.monotonic() < end_s:
            if answer := asked():
                return answer
            time.sleep(0.03)
        raise AssertionError(f"in {_WAIT_S:.0f} s there was no {what}")

    def shown_s(self) -> float:
        """Time of the video once it has come to rest, s."""
        still = "const v = document.querySelector('video');"
        still += "return v.readyState >= 2 && !v.seeking && v.paused ? [v.currentTime] : null"
        return float(self.until(lambda: self.run(still), "picture at rest")[0])

    def requests(self) -> set[str]:
        """Addresses that were asked for since the page was opened, but data and blobs."""
        messages = [
            json.loads(entry["message"])["message"] for entry in self._driver.get_log("performance")
        ]
        asked = [
            one["params"]["request"]["url"]
            for one in messages
            if one["method"] == "Network.requestWillBeSent"
        ]
        return {url for url in asked if not url.startswith(("data:", "blob:"))}

    def complaints(self) -> list[str]:
        """Errors and warnings of the console since the page was opened."""
        return [entry["message"] for entry in self._driver.get_log("browser")]

    def downloaded(self, name: str) -> Path:
        """A file that the page has saved."""
        file = self._downloads / name
        self.until(lambda: file.is_file() and file.stat().st_size, f"file {name}")
        return file

    def picture(self) -> bytes:
        """What is in the window, PNG."""
        shot = self._driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
        return base64.b64decode(shot["data"])

    def close(self) -> None:
        self._driver.quit()


def open_browser(downloads: Path) -> Browser:
    """Start Chromium, or skip the test with the reason why there is none."""
    chromium = next((path for path in map(shutil.which, _NAMES) if path), None)
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("no chromium and chromedriver here (Debian: chromium, chromium-driver)")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in _FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(driver)
    return Browser(webdriver.Chrome(options=options, service=service), downloads)

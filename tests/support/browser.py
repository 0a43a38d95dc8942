"""A real browser: Debian's chromium, driven by playwright; tests are skipped where it is not installed."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

AXE = Path(__file__).parents[2] / ".cache" / "axe" / "axe.min.js"
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


def chromium():
    """The path of the browser; skips the test where there is none."""
    if found := next(filter(None, map(shutil.which, _NAMES)), None):
        return found
    return pytest.skip("needs chromium: apt-get install chromium")


def axe():
    """The script that finds what keeps people from using a page; skips the test where it was not fetched."""
    if not AXE.exists():
        pytest.skip("needs axe-core: make axe")
    return AXE.read_text()


@contextmanager
def launched():
    """A browser without a window."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: make setup")
    path = chromium()
    with sync_api.sync_playwright() as playwright:
        # root may not use chromium's sandbox
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"] if os.getuid() == 0 else [])
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """What a page has complained of, and whom it has asked."""

    def __init__(self, page, base):
        self.complaints, self.elsewhere = [], []
        page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda asked: asked.url.startswith(base) or self.elsewhere.append(asked.url))

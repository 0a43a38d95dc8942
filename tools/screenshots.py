"""Draws docs/images/*-desktop.png and *-phone.png: the pages of `tfevent events serve`, of a made-up team."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.cli.home import Home
from tests.server.team import EVENTS, NODE, SHOP, moved
from tests.support.browser import DESKTOP, PHONE, launched
from tests.support.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import Page

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PAGES = {
    "timeline": "/",
    "list": "/list",
    "event": f"/event/{SHOP.id}",
    "thing": f"/thing?at={quote(NODE)}",
    "suspects": "/suspects",
    "stacks": "/stacks",
}


def main() -> None:
    """Draw all of them, on a desktop and on a phone."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        home.fill(*moved(EVENTS))  # type: ignore[no-untyped-call]  # of the tests
        with served(home) as server, launched() as browser:
            with browser.new_context() as context:
                context.new_page().goto(server.link)
                cookies = context.cookies()
            for name, size in (("desktop", DESKTOP), ("phone", PHONE)):
                with browser.new_context(viewport=size, base_url=server.base, timezone_id="Europe/Berlin") as context:
                    context.add_cookies(cookies)
                    _draw(context.new_page(), name)


def _draw(page: Page, name: str) -> None:
    for title, path in PAGES.items():
        page.goto(path)
        page.wait_for_timeout(500)  # until it says that it is live
        page.screenshot(path=IMAGES / f"{title}-{name}.png")


if __name__ == "__main__":
    main()

"""`tfevent events serve --once`: fetches the pages and the newest event once, and prints the results."""

from __future__ import annotations

import json
import ssl
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx

from change_events.server import urls
from change_events.server.app import PAGES
from change_events.server.urls import ROUTES

if TYPE_CHECKING:
    from change_events.server.listening import Certificate

_SECONDS = 30.0
_OTHERS = ("/feed.atom", "/feed.json", "/static/tokens.css", "/static/style.css", "/static/tfevent.js")


async def fetch_all(link: str, certificate: Certificate | None) -> int:
    """Fetch everything, print a line for each, and return 0, or 1 if something failed."""
    base = link.partition("/enter")[0]
    async with httpx.AsyncClient(
        base_url=base, timeout=_SECONDS, verify=_trust(certificate), trust_env=False
    ) as client:
        failed = not await _fetched(client, link[len(base) :], shown="/enter", expected=303)
        for path in (*_pages(), *_OTHERS):
            failed |= not await _fetched(client, path)
        for path in await _event_pages(client):
            failed |= not await _fetched(client, path)
    return int(failed)


def _pages() -> list[str]:
    """Return the pages without required parameters, unlike `thing`."""
    there = [ROUTES[name] for name in PAGES if name != "thing"]
    return [path for path in there if "{" not in path]


def _trust(certificate: Certificate | None) -> ssl.SSLContext | bool:
    if certificate is None:
        return True
    context = ssl.create_default_context(cafile=certificate.chain)
    context.check_hostname = False  # it is requested by IP address
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


async def _fetched(client: httpx.AsyncClient, path: str, shown: str = "", expected: int = 200) -> bool:
    began = time.perf_counter()
    try:
        response = await client.get(path)
    except httpx.HTTPError as error:
        sys.stdout.write(f"{type(error).__name__}  {shown or path}\n")
        return False
    took = (time.perf_counter() - began) * 1000
    sys.stdout.write(
        f"{response.status_code}  {len(response.content) / 1000:7.1f} kB  {took:5.0f} ms  {shown or path}\n"
    )
    return response.status_code == expected


async def _event_pages(client: httpx.AsyncClient) -> list[str]:
    """Return the pages of the newest event."""
    try:
        feed: Any = json.loads((await client.get("/feed.json")).content)
        newest = feed["items"][0]["id"] if feed["items"] else None
    except (ValueError, LookupError, TypeError, httpx.HTTPError):
        return []
    if newest is None:
        return []
    return [urls.event(newest), urls.event_json(newest)]

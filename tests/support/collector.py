"""A collector of this process, over a ledger: a real server on a port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING

from tests.support.speed import HANG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.query.collector_source import CollectorSource

HOST = "127.0.0.1"


class Collector:
    """A running collector.

    Attributes:
        url: its address.
        ledger: the URL of its ledger, for the owner.
        reported: the lines that it wrote for whoever looks after it.
        asked: the paths of all requests.
    """

    def __init__(self, url: str, ledger: str, reported: list[str], asked: list[str]) -> None:
        self.url = url
        self.asked = asked
        self.ledger = ledger
        self.reported = reported
        self._tokens: dict[str, str] = {}

    def token(self, team: str) -> str:
        """A token with which the events of a team are read."""
        if team not in self._tokens:
            self._tokens[team] = new_token(self.ledger, team)
        return self._tokens[team]

    def source(self, team: str, **options) -> CollectorSource:
        """What asks it with a token of a team."""
        from change_events.query.collector_address import address_of
        from change_events.query.collector_source import CollectorSource

        terms = {"team": None, "seconds": HANG, "in_all": None, **options}
        return CollectorSource(address_of(self.url), self.token(team), **terms)


def new_token(ledger: str, team: str, **terms) -> str:
    """A token, made by the owner of a ledger."""
    import psycopg

    from change_events.ledger import tokens

    with psycopg.connect(ledger) as connection:
        return tokens.create(connection, team, **{"may_write": False, "may_read": True, **terms})[1]


@contextlib.contextmanager
def collecting(ledger: str, user: str | None = None) -> Iterator[Collector]:
    """A collector that answers questions about a ledger.

    Args:
        ledger: its URL, for the owner.
        user: the same for the user as whom the collector logs in; None for the owner.
    """
    from starlette.applications import Starlette

    from change_events.collector.reader_pool import ReaderPool
    from change_events.collector.reading import Reading

    pool, reported, asked = ReaderPool(user or ledger), [], []
    app = Starlette(routes=Reading(pool, reported.append).routes())

    async def counted(scope, receive, send):
        asked.append(scope["path"])
        await app(scope, receive, send)

    try:
        with serving(counted) as url:
            yield Collector(url, ledger, reported, asked)
    finally:
        pool.close()


@contextlib.contextmanager
def serving(app) -> Iterator[str]:
    """The address of an ASGI application that is served."""
    import uvicorn

    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen(64)
        config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None, access_log=False, server_header=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=asyncio.run, args=(server.serve([listener]),), daemon=True)
        thread.start()
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(HANG)

"""A collector of this process that records, over a real ledger: a real server on a port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import jsonschema
import psycopg

from change_events.collector.openapi import document
from change_events.ledger import tokens
from tests.support.speed import HANG

if TYPE_CHECKING:
    from collections.abc import Iterator


def described(response):
    """See that a response is one of those that the OpenAPI document has."""
    response.read()
    known, path = document(), response.request.url.path
    if path not in known["paths"]:
        assert response.status_code in {403, 404, 414, 431}, path
        return
    method = response.request.method.lower()
    if method not in known["paths"][path]:
        assert response.status_code == 405, (method, path)
        return
    of_status = known["paths"][path][method]["responses"][str(response.status_code)]
    ((kind, content),) = of_status["content"].items()
    assert response.headers["content-type"] == kind
    jsonschema.Draft202012Validator({**content["schema"], "components": known["components"]}).validate(response.json())
    assert ("retry-after" in response.headers) == (response.status_code in {429, 503})
    if response.status_code == 401:
        assert response.headers["www-authenticate"].startswith("Bearer")


@dataclass
class Recorder:
    """A running collector.

    Attributes:
        url: its address.
        ledger: that of its database.
        reported: the lines that it wrote for whoever looks after it.
    """

    url: str
    ledger: str
    reported: list[str] = field(default_factory=list)

    def token(self, team="ops", *, may_write=True, may_read=False, **terms):
        """A new token."""
        with psycopg.connect(self.ledger, autocommit=True) as owner:
            return tokens.create(owner, team, may_write=may_write, may_read=may_read, **terms)[1]

    def client(self, token=None, **options):
        """A client with a token; without one where it is empty."""
        token = self.token() if token is None else token
        headers = {"authorization": f"Bearer {token}"} if token else {}
        hooks = {"response": [described]}
        return httpx.Client(
            base_url=self.url, headers=headers, timeout=HANG, trust_env=False, event_hooks=hooks, **options
        )

    def rows(self, statement):
        """Those of a statement, as the administrator."""
        with psycopg.connect(self.ledger, autocommit=True) as owner:
            return owner.execute(statement).fetchall()


@contextlib.contextmanager
def recording(ledger: str, limits=None, *, via: str = "") -> Iterator[Recorder]:
    """A collector in front of a ledger, which it reaches by another address where ``via`` is one."""
    from change_events.collector.application import application
    from change_events.collector.ledger_pool import LedgerPool
    from change_events.collector.limits import Limits
    from change_events.collector.recording import Recording

    made, limits = Recorder("", ledger), limits or Limits(check_seconds=HANG, ledger_seconds=HANG)
    pool = LedgerPool(via or ledger, made.reported.append)
    pool.open()
    try:
        with serving(application(Recording(pool, made.reported.append, limits).routes())) as made.url:
            yield made
    finally:
        pool.close()


@contextlib.contextmanager
def serving(app) -> Iterator[str]:
    """The address of an application that is served as `events serve` serves it."""
    import uvicorn

    from change_events.server.connection import PatientProtocol

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        config = uvicorn.Config(app, http=PatientProtocol, ws="none", lifespan="off", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=asyncio.run, args=(server.serve([listener]),), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(HANG)

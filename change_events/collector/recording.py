"""``POST /v1/events`` and ``GET /v1/health``: records events in the ledger, for the team of the token."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import psycopg
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from change_events.collector.bearer import bearer_token
from change_events.collector.bodies import discard, events_of, received, refuse
from change_events.collector.ledger_pool import CONNECTIONS
from change_events.collector.limits import Limits, Turns
from change_events.collector.openapi import document
from change_events.collector.problems import TROUBLES, RequestProblem, WrongEvent
from change_events.errors import LedgerError
from change_events.journal.records import RecordState
from change_events.ledger import rights, schema, tokens
from change_events.ledger.writing import record_all
from change_events.query.wire import Code

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from change_events.collector.ledger_pool import LedgerPool
    from change_events.ledger.tokens import Standing
    from change_events.model import SealedEvent

_Made = TypeVar("_Made")
_SHOWN = ("team", "may_write", "may_read", "expires_at")


class Recording:
    """The routes that record events.

    Args:
        pool: connections to the ledger.
        report: called with a line for each internal error.
        limits: limits of the collector.
    """

    def __init__(self, pool: LedgerPool, report: Callable[[str], None], limits: Limits | None = None) -> None:
        self._pool = pool
        self._report = report
        self._limits = limits or Limits()
        self._turns = Turns(self._limits)
        self._threads = ThreadPoolExecutor(CONNECTIONS, "collector")

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/v1/events", self._guarded(self._events), methods=["POST"]),
            Route("/v1/health", self._guarded(self._health), methods=["GET"]),
            Route("/v1/openapi.json", _openapi, methods=["GET"]),
        ]

    def _guarded(self, answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Wrap an endpoint: limit concurrent requests, and convert every error to a problem document."""

        async def endpoint(request: Request) -> Response:
            try:
                with self._turns.any():
                    return await answer(request)
            except RequestProblem as problem:
                if problem.status != HTTPStatus.REQUEST_TIMEOUT:  # after a timeout, do not wait again
                    await discard(request, self._limits)
                return problem.response()
            except ClientDisconnect:
                return RequestProblem(400, "the body broke off").response()
            except Exception as error:  # noqa: BLE001 - one request fails, and no text of it is shown
                self._report(f"a request could not be answered: {type(error).__name__}; please report it")
                return RequestProblem(500, "this is a mistake of tfevent; nothing was recorded").response()

        return endpoint

    async def _events(self, request: Request) -> Response:
        standing = await self._bearer(request)
        with self._turns.of(standing.token):
            if not standing.may_write:
                raise RequestProblem(
                    403,
                    "this token is for reading: `token create --write` makes one that records events",
                    code=Code.NOT_ALLOWED.value,
                )
            body = await received(request, self._limits)
            headers = request.headers
            kind, encoding = headers.get("content-type", ""), headers.get("content-encoding", "")

            def work() -> tuple[int, int]:
                events = events_of(body, kind, encoding, self._limits)
                return len(events), self._record(standing.team, events)

            number, written = await self._in_thread(work)
        return _json({"received": number, "written": written})

    async def _health(self, request: Request) -> Response:
        if "authorization" not in request.headers:
            return _json({"status": "ok", "time": await self._in_thread(self._look)})
        standing = await self._bearer(request)
        with self._turns.of(standing.token):
            found = {"status": "ok", "time": await self._in_thread(partial(self._look, standing))}
        return _json(found | {name: getattr(standing, name) for name in _SHOWN})

    async def _bearer(self, request: Request) -> Standing:
        """Return the rights of the client. Raises RequestProblem."""
        token = bearer_token(request)
        if token is None:
            raise RequestProblem(401, "a token is needed: Authorization: Bearer tfel_…", code=Code.TOKEN.value)

        def check() -> Standing:
            with self._pool.transaction(self._limits.check_seconds) as connection:
                return tokens.check(connection, token)

        try:
            return await self._in_thread(check)
        except tokens.TokenRefused as refused:
            raise RequestProblem(401, str(refused), code=Code.TOKEN.value) from None

    def _record(self, team: str, events: list[SealedEvent]) -> int:
        entries = [(sealed, _state(sealed)) for sealed in events]
        try:
            with self._pool.transaction(self._limits.ledger_seconds) as connection:
                self._check_schema(connection)
                written = record_all(connection, team, entries)
        except (psycopg.DataError, psycopg.IntegrityError):
            refuse([mistake for index, entry in enumerate(entries) if (mistake := self._tried(team, index, entry))])
            raise
        self._pool.takes()
        return written

    def _tried(self, team: str, index: int, entry: tuple[SealedEvent, RecordState]) -> WrongEvent | None:
        """Return what the ledger rejects in one event, without recording it."""
        try:
            with self._pool.transaction(self._limits.ledger_seconds, keep=False) as connection:
                record_all(connection, team, [entry])
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            return WrongEvent(index, f"the ledger cannot store one of its times, words or texts ({error.sqlstate})")
        return None

    def _look(self, standing: Standing | None = None) -> datetime:
        """Return the time of the ledger if it accepts events and the token's rights work. Raises RequestProblem."""
        with self._pool.transaction(self._limits.check_seconds) as connection:
            self._check_schema(connection)
            may_only_read = standing is not None and not standing.may_write
            trouble = rights.against_writing(connection, None if standing is None or may_only_read else standing.team)
            if trouble is None and standing is not None and standing.may_read:
                trouble = rights.against_reading(connection, standing.team)
            if trouble is not None:
                raise self._pool.stuck(TROUBLES[trouble])
            ((now,),) = connection.execute("SELECT clock_timestamp()").fetchall()
        return now.astimezone(UTC)  # type: ignore[no-any-return]  # a column of ours

    def _check_schema(self, connection: psycopg.Connection) -> None:
        """Check that this collector can still write to the ledger, which may have been upgraded."""
        try:
            schema.check_writable(connection, self._pool.shown)
        except LedgerError:
            raise self._pool.stuck("its ledger has no schema that this collector writes to") from None

    async def _in_thread(self, work: Callable[[], _Made]) -> _Made:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _state(sealed: SealedEvent) -> RecordState:
    is_running = sealed.event.outcome is None and sealed.event.ended_at is None
    return RecordState.STARTED if is_running else RecordState.SETTLED


def _json(content: Any) -> Response:
    return Response(msgspec.json.encode(content), media_type="application/json")


async def _openapi(_request: Request) -> Response:
    return _json(document())

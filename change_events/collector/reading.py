"""``POST /v1/queries/…``: read access to the ledger of a token's team.

The team depends on the token alone. An answer is complete before its first byte is sent, so that a slow client
holds nothing but its own connection.
"""

from __future__ import annotations

import asyncio
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

import change_events
from change_events.collector.answering import Answered, Refusal, answer, arguments_of
from change_events.collector.bearer import bearer_token
from change_events.collector.limits import Queues
from change_events.collector.problems import TROUBLES, RequestProblem
from change_events.collector.reader_pool import SECONDS
from change_events.errors import LedgerError
from change_events.ledger import rights
from change_events.ledger.problems import NoTeamToRead
from change_events.ledger.tokens import TokenRefused
from change_events.query.wire import PATH, STATUS, TEAM_HEADER, VERSION_HEADER, Code

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from change_events.collector.reader_pool import ReaderPool
    from change_events.ledger.team_source import TeamSource
    from change_events.ledger.tokens import Standing

QUESTIONS_AT_ONCE = 8
WAITING = 64
"""Questions that wait for their turn; what is more is refused."""
OF_TOKEN = 24
"""Of both, those with the same token."""
OF_TOKEN_AT_ONCE = 6
QUESTION_BYTES = 1024 * 1024
_WORTH_COMPRESSING = 1_000
_UNAVAILABLE = "it cannot use its ledger now"


class Reading:
    """The routes of queries.

    Args:
        pool: connections to the ledger.
        report: called with a line for each failure that is not the client's.
    """

    def __init__(self, pool: ReaderPool, report: Callable[[str], None]) -> None:
        self._pool = pool
        self._report = report
        self._threads = ThreadPoolExecutor(QUESTIONS_AT_ONCE, "question")
        self._queues = Queues(QUESTIONS_AT_ONCE + WAITING, OF_TOKEN, OF_TOKEN_AT_ONCE)
        self._said = ""

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route(f"{PATH}{{name}}", self._endpoint, methods=["POST"])]

    async def _endpoint(self, request: Request) -> Response:
        token, body = bearer_token(request), await _body(request)
        if body is None:
            return _problem(Code.TOO_MUCH, "the question is too large")
        if token is None:
            return _problem(Code.TOKEN, "it asks for a token")
        try:
            async with self._queues.turn(token):
                work = partial(self._response, request, token, body)
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except Refusal as refusal:
            return _problem(refusal.code, str(refusal))

    def _response(self, request: Request, token: str, body: bytes) -> Response:
        """Return the response. Raises Refusal."""
        try:
            found = self._answered(request, token, body)
        except Refusal:
            raise
        except LedgerError as error:
            self._say(str(error))
            return _problem(Code.UNAVAILABLE, _UNAVAILABLE)
        except Exception as error:  # noqa: BLE001  # a question that fails is one question
            self._report(f"this is a bug in tfevent: {type(error).__name__} in an answer to {request.url.path[:80]!r}")
            return _problem(Code.UNAVAILABLE, "it has a bug, which its messages name")
        self._said = ""
        return _sent(found, "gzip" in request.headers.get("accept-encoding", ""))

    def _say(self, trouble: str) -> None:
        """Report a failure, once until a query is answered again."""
        if self._said != trouble:
            self._said = trouble
            self._report(trouble)

    def _answered(self, request: Request, token: str, body: bytes) -> Answered:
        name = request.path_params["name"]
        try:
            with self._pool.open(token) as (source, standing):
                _check(standing, request)
                arguments = arguments_of(name, body)
                self._narrow(source, standing.team)
                return answer(source, name, arguments)
        except TokenRefused as error:
            raise Refusal(Code.TOKEN, str(error)) from None

    def _narrow(self, source: TeamSource, team: str) -> None:
        try:
            source.narrow(team, in_all=SECONDS)
        except NoTeamToRead:
            denied = TROUBLES[rights.DENIED]
            self._say(f"ledger {source.shown}: no question of team {team!r} is answered: {denied}")
            raise Refusal(Code.UNAVAILABLE, denied) from None


def _check(standing: Standing, request: Request) -> None:
    """Raise Refusal if the bearer may not read, or expects another team."""
    if not standing.may_read:
        raise Refusal(Code.NOT_ALLOWED, "this token is for recording events, and not for reading them")
    expected = request.headers.get(TEAM_HEADER)
    if expected is not None and expected != standing.team:
        raise Refusal(Code.OTHER_TEAM, f"the token is for team {standing.team!r}, and for no other one")


async def _body(request: Request) -> bytes | None:
    """Return the request body; None if it is too large."""
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > QUESTION_BYTES:
            return None
    return bytes(found)


def _sent(found: Answered, compressed: bool) -> Response:
    headers = _headers()
    body = found.body
    if compressed and len(body) >= _WORTH_COMPRESSING:
        deflater = zlib.compressobj(5, wbits=16 + zlib.MAX_WBITS)
        body = deflater.compress(body) + deflater.flush()
        headers["content-encoding"] = "gzip"
    return Response(body, 200, headers, found.kind)


def _problem(code: Code, detail: str) -> Response:
    after = 1.0 if code in (Code.BUSY, Code.TOO_OFTEN) else None
    response = RequestProblem(STATUS[code], detail, retry_after=after, code=code.value).response()
    response.headers.update(_headers())
    return response


def _headers() -> dict[str, str]:
    return {VERSION_HEADER: change_events.__version__}

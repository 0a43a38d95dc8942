"""`/live`: server-sent events for recorded and settled events."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response, StreamingResponse

from change_events.server.watching import AWAY, BACK, TooManyStreamsError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence

    from starlette.requests import Request

    from change_events.server.watching import Broadcast, News

_SILENCE = 15.0  # seconds until a comment keeps the connection open
_BEGIN = "retry: 2000\n\n"


async def live(request: Request, broadcast: Broadcast, teams: Collection[str] | None = None) -> Response:
    """Return the stream, beginning with what the client has missed.

    Its header ``Last-Event-ID`` has the position that it has seen last, or its parameter ``after`` the moment of the
    page that it shows, in milliseconds since 1970. ``teams`` are those whose events are announced; None for all.
    """
    position = _whole(request.headers.get("last-event-id"))
    moment = _moment(_whole(request.query_params.get("after")))
    stream = _messages(broadcast, position, moment, teams)
    try:
        first = await anext(stream)
    except TooManyStreamsError:
        return Response("too many streams\n", 503, {"retry-after": "30"}, media_type="text/plain")

    async def all_of_it() -> AsyncIterator[str]:
        try:
            yield first
            async for message in stream:
                yield message
        finally:
            await stream.aclose()

    return StreamingResponse(all_of_it(), media_type="text/event-stream")


async def _messages(
    broadcast: Broadcast, position: int | None, moment: datetime | None, teams: Collection[str] | None
) -> AsyncGenerator[str, None]:
    async with broadcast.listen(position, moment, teams) as queue:
        yield _BEGIN
        while True:
            try:
                async with asyncio.timeout(_SILENCE):
                    found = await queue.get()
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if found is None:
                return
            yield _message(found)


def _message(found: Sequence[News]) -> str:
    """Return one message for events found at once, empty if their records are gone; its id is the newest position.

    A message of type `state` reports that the source is unavailable (`away`) or available again (`back`).
    """
    if found[0] in (AWAY, BACK):
        return f"event: state\ndata: {found[0].outcome}\n\n"
    events = [{"id": one.id, "outcome": one.outcome, "severity": one.severity} for one in found if one.id]
    newest = max(one.position for one in found)
    return f"id: {newest}\ndata: {msgspec.json.encode(events).decode()}\n\n"


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and text.isascii() and len(text) < 16 else None  # noqa: PLR2004  # digits


def _moment(milliseconds: int | None) -> datetime | None:
    if milliseconds is None:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None

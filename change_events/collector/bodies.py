"""Decodes a request body to events, within limits, and validates each by the schema."""

from __future__ import annotations

import asyncio
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from starlette.requests import ClientDisconnect

from change_events.collector.problems import RequestProblem, WrongEvent
from change_events.query.wire import JSON, LINES
from change_events.redact.sealing import unseal
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from change_events.collector.limits import Limits
    from change_events.model import ChangeEvent, SealedEvent

LINE_TYPES = (LINES, "application/jsonl")
ENCODINGS = ("identity", "gzip")
EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC)
"""Of the times of events, as the tables of a ledger demand them."""
_GZIP = 16 + zlib.MAX_WBITS
_MOST_MISTAKES = 20
_LONGEST = 200  # characters of an error about one event
_PLACE = lazy_pattern(r"(?s)(.*) - at `\$\.?(.*)`")
_VALUE = lazy_pattern(r"(?s)'.*'")  # a value of the event, which may be anything


async def received(request: Request, limits: Limits) -> bytes:
    """Return the body as it was sent. Raises RequestProblem."""
    with suppress(ValueError):
        if int(request.headers.get("content-length", "")) > limits.body_bytes:
            raise _too_large(limits)
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await _read(request, limits)
    except TimeoutError:
        raise RequestProblem(408, f"the body did not come within {limits.body_seconds:g} s") from None


async def discard(request: Request, limits: Limits) -> None:
    """Read the rest of a body, within limits, since some clients read the response only afterwards."""
    size = 0
    with suppress(TimeoutError, RuntimeError, ClientDisconnect):  # RuntimeError: all of it was read
        async with asyncio.timeout(limits.body_seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limits.body_bytes:
                    return


async def _read(request: Request, limits: Limits) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limits.body_bytes:
            raise _too_large(limits)
        chunks.append(chunk)
    return b"".join(chunks)


def events_of(body: bytes, kind: str, encoding: str, limits: Limits) -> list[SealedEvent]:
    """Return the events of a body.

    Args:
        body: the body as it was sent.
        kind: value of ``Content-Type``.
        encoding: value of ``Content-Encoding``; empty for none.
        limits: limits of the collector.

    Raises:
        RequestProblem: events are invalid, or exceed the limits; the problem lists each invalid event.
    """
    kind = kind.partition(";")[0].strip().lower()
    if kind != JSON and kind not in LINE_TYPES:
        raise RequestProblem(415, f"the type of the body has to be {JSON}, or {LINES} for an event on each line")
    texts = _texts(_inflated(body, encoding.strip().lower() or ENCODINGS[0], limits), kind)
    if not texts:
        raise RequestProblem(422, "there is no event in the body")
    if len(texts) > limits.events:
        raise RequestProblem(413, f"it takes {limits.events} events in one request, and these are {len(texts)}")
    return _checked(texts, limits)


def _inflated(body: bytes, encoding: str, limits: Limits) -> bytes:
    if encoding == ENCODINGS[0]:
        return body
    if encoding != ENCODINGS[1]:
        raise RequestProblem(415, "the body may be encoded by gzip, or not at all")
    inflater = zlib.decompressobj(_GZIP)
    try:
        inflated = inflater.decompress(body, limits.body_bytes + 1)
    except zlib.error:
        raise RequestProblem(422, "the body is not one of gzip") from None
    if len(inflated) > limits.body_bytes:
        raise _too_large(limits)
    if not inflater.eof or inflater.unused_data:
        raise RequestProblem(422, "the body of gzip breaks off, or something follows it")
    return inflated


def _texts(body: bytes, kind: str) -> Sequence[bytes | msgspec.Raw]:
    """Return the JSON of each event."""
    if kind in LINE_TYPES:
        return [line for line in body.split(b"\n") if line.strip()]
    if not body.lstrip().startswith(b"["):
        return [body] if body.strip() else []
    try:
        return msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestProblem(422, f"the body is not a JSON array ({_said(error)})") from None


def _checked(texts: Sequence[bytes | msgspec.Raw], limits: Limits) -> list[SealedEvent]:
    events: list[SealedEvent] = []
    mistakes: list[WrongEvent] = []
    for index, text in enumerate(texts):
        if len(memoryview(text)) > limits.event_bytes:
            problem = f"it is larger than {limits.event_bytes:,} bytes"
            raise RequestProblem(413, "an event is too large", (WrongEvent(index, problem),))
        try:
            events.append(_event(bytes(text)))
            mistakes += _wrong_times(index, events[-1].event)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            mistakes.append(_mistake(index, error))
        except ValueError:
            mistakes.append(WrongEvent(index, "it is not a UUID", "id"))
    refuse(mistakes)
    return events


def refuse(mistakes: Sequence[WrongEvent]) -> None:
    """Raise RequestProblem if there are mistakes; then nothing of the request is recorded."""
    if mistakes:
        number = "an event is" if len(mistakes) == 1 else f"{len(mistakes)} events are"
        raise RequestProblem(422, f"{number} not valid; nothing was recorded", tuple(mistakes[:_MOST_MISTAKES]))


def _event(text: bytes) -> SealedEvent:
    sealed = unseal(text)
    UUID(sealed.event.id)
    return sealed


def _wrong_times(index: int, event: ChangeEvent) -> list[WrongEvent]:
    """Return mistakes for times without a zone, and for times out of a ledger's range."""
    found = []
    for key, time in (("started_at", event.started_at), ("ended_at", event.ended_at)):
        if time is None:
            continue
        if time.tzinfo is None:
            found.append(WrongEvent(index, "it has no time zone", key))
        elif not EARLIEST <= time <= LATEST:
            found.append(WrongEvent(index, f"it is not between {EARLIEST.date()} and {LATEST.date()} (UTC)", key))
    return found


def _mistake(index: int, error: Exception) -> WrongEvent:
    found = _PLACE.fullmatch(str(error)) if isinstance(error, msgspec.ValidationError) else None
    if found is None:
        return WrongEvent(index, _said(error))
    return WrongEvent(index, _cut(_VALUE.sub("'…'", found[1])), _cut(found[2]))


def _said(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else _cut(_VALUE.sub("'…'", str(error)))


def _cut(text: str) -> str:
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _too_large(limits: Limits) -> RequestProblem:
    return RequestProblem(413, f"it takes {limits.body_bytes:,} bytes in one request, also as they are inflated")

"""Answers one query of a ledger: decodes the request body, and encodes the response body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from change_events.errors import JournalError, TfeventError
from change_events.history.suspects import Incident, suspects
from change_events.history.why import why
from change_events.journal.errors import AmbiguousId, JournalTooSlow
from change_events.journal.records import to_micros
from change_events.ledger.listing import Anchor
from change_events.ledger.problems import TOO_LONG, EventGone, NotInLedger
from change_events.query.questions import QUESTIONS, ListArguments, Listed, PageEnd, Place, SuspectsArguments
from change_events.query.wire import JSON, LINES, Code

if TYPE_CHECKING:
    from collections.abc import Callable

    from change_events.journal.records import Record
    from change_events.ledger.source import LedgerSource
    from change_events.query.questions import Arguments

PAGE_EVENTS = 200
PAGE_BYTES = 4 * 1024 * 1024
"""After which a page of ``list`` ends; the event that reaches it is still in it."""
MOST_BYTES = 24 * 1024 * 1024
"""Of one answer, whatever it is: less than what a client reads."""
_FAILED = "the collector cannot answer"


class Refusal(Exception):  # noqa: N818  # a response, not an error
    """A query is refused; the text is the reason for the client."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Answered(NamedTuple):
    """A response: media type and body."""

    kind: str
    body: bytes


def arguments_of(name: str, body: bytes) -> Arguments:
    """Return the arguments of a query. Raises Refusal."""
    question = QUESTIONS.get(name)
    if question is None:
        raise Refusal(Code.UNKNOWN_QUESTION, f"it does not know the question {name[:60]!r}")
    try:
        return msgspec.json.decode(body, type=question.arguments)
    except msgspec.ValidationError as error:
        if " <= " in str(error):
            raise Refusal(Code.TOO_MUCH, f"{name!r} cannot be asked so: {error}") from None
        raise Refusal(Code.UNKNOWN_ARGUMENT, f"it does not know this form of {name!r}: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refusal(Code.UNKNOWN_ARGUMENT, f"what was asked of {name!r} is not JSON") from None


def answer(source: LedgerSource, name: str, arguments: Arguments) -> Answered:
    """Return the answer of a source.

    Args:
        source: a source limited to what the client may read.
        name: name of the query.
        arguments: arguments of the query's type.

    Raises:
        Refusal: the query is refused.
        LedgerError: the ledger fails.
    """
    try:
        found = _ANSWERS.get(name, _by_method)(source, name, arguments)
    except NotInLedger as error:
        raise Refusal(Code.NOT_IN_LEDGER, str(error)) from None
    except AmbiguousId as error:
        raise Refusal(Code.AMBIGUOUS_ID, str(error)) from None
    except JournalTooSlow:
        raise Refusal(Code.TOO_SLOW, TOO_LONG) from None
    except JournalError:
        raise
    except TfeventError as error:
        raise Refusal(Code.NOT_KNOWN, str(error)) from None
    except ValueError as error:
        raise Refusal(Code.REFUSED, str(error)) from None
    if len(found.body) > MOST_BYTES:
        raise Refusal(Code.TOO_MUCH, "the answer is too large")
    return found


def _by_method(source: LedgerSource, name: str, arguments: Arguments) -> Answered:
    return _whole(getattr(source, name)(**msgspec.structs.asdict(arguments)))


def _whole(found: Any) -> Answered:
    return Answered(JSON, msgspec.json.encode({"answer": found}))


def _get(source: LedgerSource, _: str, arguments: Any) -> Answered:
    record = source.get(arguments.id_or_prefix)
    try:
        return _whole(None if record is None else _listed(record))
    except EventGone:
        return _whole(None)


def _why(source: LedgerSource, _: str, arguments: Any) -> Answered:
    return _whole(why(source, **msgspec.structs.asdict(arguments)))


def _suspects(source: LedgerSource, _: str, arguments: Arguments) -> Answered:
    assert isinstance(arguments, SuspectsArguments)  # noqa: S101  # the table says so
    *incident, limit = msgspec.structs.astuple(arguments)
    return _whole(suspects(source, Incident(*incident), limit=limit))


def _list(source: LedgerSource, _: str, arguments: Arguments) -> Answered:
    """Return a complete page, so that a slow client keeps no connection to the ledger."""
    assert isinstance(arguments, ListArguments)  # noqa: S101  # the table says so
    query, follows = arguments.query, arguments.follows
    if query.after is None:  # with it, the limit also determines where the page begins
        asked = msgspec.structs.replace(query, limit=min(query.limit or PAGE_EVENTS, PAGE_EVENTS) + 1)
    else:
        asked = query
    page = _Page(query.limit)
    for record in source.list(asked, follows=Anchor(follows.started_at, follows.id) if follows else None):
        if page.is_full(record):
            break
        page.add(record)
    return Answered(LINES, page.body())


class _Page:
    """The lines of a page. Versions of an event that teams recorded differently stay on one page."""

    def __init__(self, limit: int | None) -> None:
        self._left = limit
        self._lines: list[bytes] = []
        self._size = 0
        self._last: Record | None = None
        self._goes_on = False

    def is_full(self, record: Record) -> bool:
        """Return whether this event belongs to a later page, or to none."""
        if self._last is None or record.id == self._last.id:
            return self._left == 0 and self._last is None
        if self._left == 0:
            return True
        self._goes_on = len(self._lines) >= PAGE_EVENTS or self._size >= PAGE_BYTES
        return self._goes_on

    def add(self, record: Record) -> None:
        """Append an event, unless it has been removed in the meantime."""
        if self._left is not None and (self._last is None or self._last.id != record.id):
            self._left -= 1
        self._last = record
        try:
            line = msgspec.json.encode(_listed(record))
        except EventGone:
            return
        self._lines.append(line)
        self._size += len(line)

    def body(self) -> bytes:
        """Return the lines and the end of the page."""
        follows = Place(self._last.started_at, self._last.id) if self._goes_on and self._last else None
        end = PageEnd(len(self._lines), follows, self._left if follows else None)
        return b"\n".join([*self._lines, msgspec.json.encode(end)])


def _listed(record: Record) -> Listed:
    return Listed(
        id=record.id,
        state=record.state.value,
        started_at=to_micros(record.started_at),
        ended_at=None if record.ended_at is None else to_micros(record.ended_at),
        kind=record.kind,
        phase=record.phase,
        outcome=record.outcome,
        severity=record.severity,
        environment=record.environment,
        service=record.service,
        tool=record.tool,
        title=record.title,
        run=record.run,
        parent=record.parent,
        teams=record.teams,
        others=record.others,
        body=msgspec.Raw(record.body.replace(b"\n", b" ")),  # in JSON, a raw line feed is only white space
    )


_ANSWERS: dict[str, Callable[[LedgerSource, str, Any], Answered]] = {
    "get": _get,
    "list": _list,
    "why": _why,
    "suspects": _suspects,
}
"""Questions whose answer is not that of the source's method of the same name."""

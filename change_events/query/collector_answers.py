"""Responses of a collector: the decoded answer, or an error with a sentence a user can act on.

No error contains the token, and texts of a server are cut to one short line of printable characters.
"""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

import change_events
from change_events.errors import LedgerError, TfeventError
from change_events.journal.errors import AmbiguousId
from change_events.ledger.problems import TOO_LONG, LedgerTooSlow, NotInLedger
from change_events.query import wire
from change_events.query.collector_address import TOKEN_VARIABLE, token_variable
from change_events.query.questions import QUESTIONS, Listed, PageEnd
from change_events.query.wire import Code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.destinations.base import Request, Response

_LONGEST = 300  # characters of a server's error text
_LONGEST_OF_A_QUESTION = 2_000  # the same if it lists ids or near matches
_OK = 200
_REDIRECTS = range(300, 400)
_OF_GUARD = (
    "it does not answer requests under this name, or from here; its administrator allows them (`serve "
    "--allow-host`, `--behind-proxy`)"
)
_SILENT = "it did not answer in time; try again, and see whether it, or a proxy before it, still works"
_REMEDIES = {
    Code.TOKEN: "{} holds it",
    Code.NOT_ALLOWED: f"{TOKEN_VARIABLE} needs a token that may read",
    Code.OTHER_TEAM: "leave out --team, or use a token of that team",
    Code.BUSY: "try again",
    Code.TOO_OFTEN: "try again, or use a token of your own",
    Code.TOO_MUCH: "ask for less",
    Code.UNAVAILABLE: "try again; who looks after the collector finds the reason in its messages",
}
_OF_PROXIES = {
    401: "something before it asks for a sign-in of its own",
    403: "something before it refuses",
    404: "there is no collector at this address, or only below another path of it",
    405: "there is no collector at this address, or only below another path of it",
    407: "the proxy refuses (HTTPS_PROXY)",
    413: "something before it takes no question of this size",
    429: "something before it takes no more questions now; try again",
    502: "the collector behind it does not run; try again",
    503: "the collector behind it does not answer; try again",
    504: "the collector behind it did not answer in time; ask for less, or try again",
}


def check(response: Response, request: Request, shown: str, kind: str) -> None:
    """Raise the error of a response that is no answer.

    Args:
        response: the response.
        request: the request, with the token.
        shown: the collector's address.
        kind: expected media type.

    Raises:
        LedgerError: the response is no answer.
        AmbiguousId, TfeventError, ValueError: as raised by the collector's own source.
    """
    media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.status in _REDIRECTS:
        raise _redirected(response, request, shown)
    version = response.headers.get(wire.VERSION_HEADER)
    if version is None and media == wire.PROBLEM and response.status == HTTPStatus.FORBIDDEN:
        raise LedgerError(f"collector {shown}: {_OF_GUARD} (HTTP 403)")
    if version is None or (media not in (kind, wire.PROBLEM)):
        raise _not_a_collector(response.status, media, request, shown)
    if response.status == _OK and media == kind:
        return
    try:
        problem = msgspec.json.decode(response.body, type=wire.Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _not_a_collector(response.status, media, request, shown) from None
    raise _error(problem, request, shown, request.clean(version, 40))


def decoded(name: str, body: bytes, shown: str) -> Any:
    """Return the answer in a body. Raises LedgerError."""
    try:
        return _decoder(name).decode(body).answer
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise unreadable(shown) from None


def page(lines: list[bytes], shown: str) -> tuple[list[Listed], PageEnd]:
    """Return a page of ``list``: its events, and its end. Raises LedgerError, also if a part is missing."""
    try:
        found = [_LISTED.decode(line) for line in lines[:-1]]
        end = _END.decode(lines[-1])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise unreadable(shown) from None
    if end.events != len(found) or (end.follows is not None and not found):
        raise unreadable(shown)
    return found, end


_LISTED = msgspec.json.Decoder(Listed)
_END = msgspec.json.Decoder(PageEnd)


@cache
def _decoder(name: str) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(msgspec.defstruct("Answered", [("answer", QUESTIONS[name].answer)]))


def not_reached(clause: str, shown: str) -> LedgerError:
    """Return the error for a missing answer; ``clause`` is the reason."""
    return LedgerError(
        f"collector {shown}: {clause}; check host and port, and that it runs and may be reached from here"
    )


def silent(shown: str) -> LedgerError:
    """Return the error for an answer that was not complete in time."""
    return LedgerTooSlow(f"collector {shown}: {_SILENT}")


def too_slow(shown: str) -> LedgerError:
    """Return the error for exceeding the time limit of all queries."""
    return LedgerTooSlow(f"collector {shown}: {TOO_LONG}")


def broken_off(shown: str, *, late: bool) -> LedgerError:
    """Return the error for a truncated answer; ``late``: because its time limit was exceeded."""
    return silent(shown) if late else LedgerError(f"collector {shown}: the answer broke off; try again")


def too_large(shown: str) -> LedgerError:
    """Return the error for an answer that is too large."""
    return LedgerError(f"collector {shown}: the answer is too large and was broken off; ask for less")


def unreadable(shown: str) -> LedgerError:
    """Return the error for an answer in an unknown format."""
    return LedgerError(
        f"collector {shown}: its answer cannot be read: it is of another version than tfevent "
        f"{change_events.__version__} here, or something before it changes answers; use the same version on both sides"
    )


def _redirected(response: Response, request: Request, shown: str) -> LedgerError:
    """Return the error for a redirect; it names only the host, since the rest of a location can be anything."""
    try:
        host = urlsplit(response.headers.get("location", "")).hostname
    except ValueError:
        host = None
    where = f" ({request.clean(host, 100)})" if host else ""
    return LedgerError(
        f"collector {shown}: it redirects to another address{where}, which is not followed, since the token would go "
        "there; give the collector's own address"
    )


def _not_a_collector(status: int, media: str, request: Request, shown: str) -> LedgerError:
    if media == "text/html" and status not in _OF_PROXIES:
        reason = "a web page answers, and no collector: see whether this network asks for a sign-in, and the address"
    else:
        reason = _OF_PROXIES.get(status, "what answers is not a collector; check the address")
    kind = f", {request.clean(media, 60)}" if media else ""
    return LedgerError(f"collector {shown}: {reason} (HTTP {status}{kind})")


def _error(problem: wire.Problem, request: Request, shown: str, version: str) -> Exception:
    """Return the exception for a problem document."""
    code = _code(problem.code)
    own = _OF_THE_QUESTION.get(code)
    detail = request.clean(problem.detail, _LONGEST if own is None else _LONGEST_OF_A_QUESTION)
    if own is not None:
        return own(detail)
    if code in (Code.UNKNOWN_QUESTION, Code.UNKNOWN_ARGUMENT):
        versions = f"it runs tfevent {version}, this is {change_events.__version__}"
        return LedgerError(f"collector {shown}: {detail}; {versions}: use the same version on both sides")
    kind = LedgerTooSlow if code is Code.TOO_SLOW else LedgerError
    remedy = _REMEDIES.get(code, "").format(token_variable())
    return kind(f"collector {shown}: {detail}" + (f"; {remedy}" if remedy else ""))


_OF_THE_QUESTION: Mapping[Code, type[Exception]] = {
    Code.REFUSED: ValueError,
    Code.AMBIGUOUS_ID: AmbiguousId,
    Code.NOT_KNOWN: TfeventError,
    Code.NOT_IN_LEDGER: NotInLedger,
}


def _code(text: str) -> Code:
    try:
        return Code(text)
    except ValueError:
        return Code.UNAVAILABLE

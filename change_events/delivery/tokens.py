"""Short-lived tokens (OAuth 2.0): obtained before the first request that needs one, kept for the flush.

A request of its own obtains the token; its response has ``access_token`` and, if known, ``expires_in`` in seconds (RFC
6749 §5.1; some send text). The token is kept in memory for the lifetime of its transport, and masked in quoted
responses.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import msgspec

from change_events.destinations.base import Result, Verdict
from change_events.destinations.shared.responses import at, parsed

if TYPE_CHECKING:
    from collections.abc import Callable

    from change_events.delivery.transport import Transport
    from change_events.destinations.base import Reply, Request

_USUAL, _MARGIN = 300.0, 30.0  # seconds: how long one is used that does not say, and before its end it is not


class _Token(NamedTuple):
    """A token, and the :func:`time.monotonic` from which on it is not used."""

    text: str
    until: float


# by the transport, then by address and body of the request for it
_kept: WeakKeyDictionary[Transport, dict[tuple[str, bytes], _Token]] = WeakKeyDictionary()


def forget(transport: Transport) -> None:
    """Discard the token, so that the next request obtains a new one."""
    _kept.pop(transport, None)


class Authorized(NamedTuple):
    """A request with its token, if it needs one, and whether that was used before."""

    request: Request
    is_reused: bool = False


def authorized(request: Request, transport: Transport, send: Callable[[Request], Reply]) -> Authorized | Verdict:
    """Return ``request`` with its token, obtained with ``send`` unless the transport has it.

    Returns:
        The verdict on the token response if it had no token.
    """
    asked = request.token
    if asked is None:
        return Authorized(request)
    key = (asked.url, asked.body)
    kept = _kept.setdefault(transport, {})
    known = kept.get(key)
    if known is not None and known.until > time.monotonic():
        return Authorized(_carrying(request, known.text), is_reused=True)
    reply = send(asked)
    if reply.verdict.result is not Result.DELIVERED or reply.response is None:
        refused = Result.PARK if reply.verdict.result is Result.SHRINK else reply.verdict.result
        return msgspec.structs.replace(
            reply.verdict, result=refused, reason=f"no token from {asked.host}: {reply.verdict.reason}"
        )
    content = parsed(reply.response)
    text = at(content, "access_token")
    if not (isinstance(text, str) and text and text.isascii() and text.isprintable()):
        return Verdict(Result.PARK, f"no token from {asked.host}: its answer holds none; check the address")
    kept[key] = _Token(text, time.monotonic() + _seconds(at(content, "expires_in")))
    return Authorized(_carrying(request, text))


def _carrying(request: Request, token: str) -> Request:
    headers = {**request.headers, "Authorization": f"Bearer {token}"}
    return msgspec.structs.replace(request, headers=headers, secrets=(*request.secrets, token), token=None)


def _seconds(given: Any) -> float:
    try:
        return max(0.0, float(given) - _MARGIN)
    except (TypeError, ValueError):
        return _USUAL

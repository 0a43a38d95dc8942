"""Verdicts on HTTP responses of backends without rules of their own."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.destinations.base import Response, Result, Verdict
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Collection

    from change_events.destinations.base import Reply

LONGEST_WAIT = 86_400.0
AGAIN = "then `tfevent events flush --parked`"
"""How a reason ends that names what to correct: events that were parked meanwhile are sent again so."""

# A byte order mark, space, comments and an XML declaration may come before a page's first element. What they take is
# not given back (`+`): a body of spaces alone would otherwise be read in each of countless ways.
_PAGE = lazy_pattern(
    rb"(?:\xef\xbb\xbf)?(?:\s++|<!--.*?-->|<\?xml[^>]*\?>)*+<(?:!doctype\s+html|html|head|body|title|meta|script|style)\b",
    re.IGNORECASE | re.DOTALL,
)
# A form that asks for a password or carries a SAML message on, or a title that says what the page is for.
_SIGN_IN = lazy_pattern(
    rb"""<input\b[^>]{0,500}?\btype\s*=\s*["']?password\b|\bname\s*=\s*["']?SAML(?:Request|Response)\b|"""
    rb"""<title\b[^>]{0,100}>[^<]{0,100}?\b(?:sign[ -]?in|log[ -]?in|single sign-on|authentication required)\b""",
    re.IGNORECASE,
)
_LOOKED_AT = 65_536  # bytes of a page
_RETRY = frozenset({407, 408, 425, 429})
_PASSING = {
    407: "the proxy asks for credentials (407); give them in HTTPS_PROXY or HTTP_PROXY",
    429: "it asks to slow down (429)",
}
_REFUSED = {
    401: f"the credentials are not accepted (401); correct them, {AGAIN}",
    403: f"access is denied (403); check token and region, {AGAIN}",
    404: f"there is nothing at this address (404); correct it, {AGAIN}",
    410: "this address is gone for good (410); set another one",
}


def judge_status(
    response: Response, *, retry: Collection[int] | None = None, wait_header: str = "retry-after"
) -> Verdict:
    """Return success for any 2xx regardless of its body, retry for temporary errors, and parked for the rest.

    Args:
        response: the answer.
        retry: statuses to retry, where a backend documents them; by default 407, 408, 425, 429 and 5xx but 501.
        wait_header: where the backend says how long to wait, read as :func:`retry_after` does.
    """
    status = response.status
    if response.well:
        return Verdict(Result.DELIVERED)
    if 300 <= status < 400:  # noqa: PLR2004  # HTTP's own class
        return Verdict(Result.PARK, f"it redirects ({status}), which is not followed; set the final address")
    if status == 413:  # noqa: PLR2004
        return Verdict(Result.SHRINK, "the event is too large for it (413)")
    if _passing(status) if retry is None else status in {407, *retry}:
        return Verdict(Result.RETRY, _trouble(status), retry_after(response, header=wait_header))
    return Verdict(Result.PARK, _REFUSED.get(status) or f"it refused the event ({status})")


def _passing(status: int) -> bool:
    return status in _RETRY or (500 <= status < 600 and status != 501)  # noqa: PLR2004


def _trouble(status: int) -> str:
    return _PASSING.get(status) or f"transient error ({status})"


def judge_no_page(
    response: Response, *, retry: Collection[int] | None = None, wait_header: str = "retry-after"
) -> Verdict:
    """Like :func:`judge_status`, but an HTML page is no success: it comes from a sign-in or a proxy."""
    if response.well and (is_page(response) or _is_late_page(response)):
        return Verdict(Result.PARK, f"a page of HTML answers there ({response.status}); check the address")
    return judge_status(response, retry=retry, wait_header=wait_header)


def judge_no_sign_in(response: Response) -> Verdict:
    """Like :func:`judge_status`, but a sign-in page is no success, for receivers that may answer anything.

    Where any 2xx means "received" (Standard Webhooks, CloudEvents), a page of HTML can be a receiver's own answer. One
    that asks for a password is a gateway's before it, and the event has gone nowhere.
    """
    if response.well and is_page(response) and _SIGN_IN.search(response.body[:_LOOKED_AT]):
        return Verdict(
            Result.PARK, f"a sign-in page answers there ({response.status}); check the address and its credentials"
        )
    return judge_status(response)


def is_page(response: Response) -> bool:
    """Return whether the body is an HTML page, by its beginning.

    Its type does not say: Slack calls its ``ok`` text/html (https://github.com/slackapi/node-slack-sdk/pull/480), and
    a proxy may call its page anything.
    """
    return _PAGE.match(response.body) is not None


def _is_late_page(response: Response) -> bool:
    """Return whether the body is incomplete and its type is HTML."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "text/html" and not response.complete


def judge_only(status: int, response: Response, *, wait_header: str = "retry-after") -> Verdict:
    """Like :func:`judge_status`, but ``status`` is the only success: any other 2xx comes from another server."""
    if response.well and response.status != status and not is_page(response):
        reason = f"it answered {response.status}, which is not a success there ({status} is); check the address"
        return Verdict(Result.PARK, reason)
    return judge_no_page(response, wait_header=wait_header)


def retry_after(response: Response, now: float | None = None, header: str = "retry-after") -> float | None:
    """Return the seconds to wait by ``Retry-After`` (RFC 9110 §10.2.3: seconds or an HTTP date), or a similar header.

    Never negative and never more than a day; None if the header is absent or makes no sense.
    """
    text = response.headers.get(header, "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        seconds = float(text[:12])
    else:
        from email.utils import parsedate_to_datetime  # a thirtieth of what a run imports; few backends name a date

        try:
            seconds = parsedate_to_datetime(text).timestamp() - (time.time() if now is None else now)
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


def wait_until(response: Response, header: str) -> float | None:
    """Return the seconds until a header's time (seconds since 1970): at least one, at most a day; otherwise None."""
    text = response.headers.get(header, "").strip()
    return min(max(int(text[:12]) - time.time(), 1.0), LONGEST_WAIT) if text.isascii() and text.isdigit() else None


def content_of(reply: Reply) -> Any:
    """Return the JSON of a reply; None if there is none."""
    return parsed(reply.response) if reply.response else None


def parsed(response: Response) -> Any:
    """Return the body as JSON, ignoring its content type; None if it is not JSON."""
    try:
        return msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def at(content: Any, *path: str | int) -> Any:
    """Return the JSON value at these names and indices; None if it is missing."""
    for step in path:
        if isinstance(step, str) and isinstance(content, dict):
            content = content.get(step)
        elif isinstance(step, int) and isinstance(content, list) and 0 <= step < len(content):
            content = content[step]
        else:
            return None
    return content


def words(response: Response) -> str:
    """Return the error text of a response in any of the usual formats; empty for an HTML page.

    It is the backend's text: it may quote the request, so it is shown only after ``Request.clean``.
    """
    if is_page(response):
        return ""
    content = parsed(response)
    if not isinstance(content, (str, list, dict)):  # a figure alone is text
        kind = (response.headers.get("content-type") or "text/plain").partition("/")[0].strip().lower()
        return response.body.decode(errors="replace") if kind == "text" else ""
    return "; ".join(dict.fromkeys(_said(content)))


_DEEPEST = 5
_TELLING = (
    *("error", "errors", "message", "reason", "detail", "text", "title", "partialSuccess", "errorMessage"),
    *("constraintViolations", "items", "create", "Entries", "ErrorMessage", "errorMessages", "rejectedDeployments"),
)


def _said(content: Any, depth: int = 0) -> list[str]:
    """Return the texts of an error document, outer ones first, down to the usual depth."""
    if isinstance(content, str):
        return [content] if content else []
    if depth == _DEEPEST:
        return []
    if isinstance(content, list):
        return [text for item in content[:3] for text in _said(item, depth + 1)]
    if isinstance(content, dict):
        return [text for name in _TELLING if name in content for text in _said(content[name], depth + 1)]
    return []

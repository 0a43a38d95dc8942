"""The exchange with a backend: request, response and verdict."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from enum import StrEnum
from urllib.parse import quote, urlsplit

import msgspec

_HIDDEN = "(hidden)"


class Request(msgspec.Struct, frozen=True):
    """One HTTP request. Its ``repr`` omits path, header values and body.

    Other transports use subclasses with their own fields, and set these fields to what may be shown.

    Attributes:
        secrets: values that are masked in all texts about this request: tokens, header values, parts of the URL.
        body_decides: the body of a 2xx response shows whether it is a success. The whole body is then awaited, and an
            incomplete one is retried.
        purpose: a label that is copied to the response, so that ``judge`` can distinguish requests.
        answer_bytes: maximum size of the response body with ``body_decides``, in bytes; None for 1 MB.
        token: the request for an OAuth 2.0 token, with the purpose ``token``. The token is sent as ``Authorization:
            Bearer``, reused for the flush, and renewed when it expires or is rejected.
        direct: bypass all proxies, as link-local services need it.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    secrets: tuple[str, ...] = ()
    body_decides: bool = False
    purpose: str = ""
    answer_bytes: int | None = None
    token: Request | None = None
    direct: bool = False

    @property
    def reached(self) -> str:
        """What an answered probe shows, as a clause for doctor."""
        return f"{self.host} answers"

    @property
    def host(self) -> str:
        """The host, without credentials: the only part of the URL that may be shown."""
        try:
            return urlsplit(self.url).hostname or "(no host)"
        except ValueError:
            return "(no host)"

    def clean(self, text: str, limit: int = 160) -> str:
        """Return ``text`` of a backend for display: one printable line, masked, at most ``limit`` characters."""
        line = " ".join("".join(c if c.isprintable() else " " for c in self.masked(text)).split())
        return line if len(line) <= limit else line[: limit - 1] + "…"

    def masked(self, text: str) -> str:
        """Return ``text`` with this request's secrets masked, in plain, URL-encoded and JSON form."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            for form in (secret, quote(secret, safe=""), quote(secret), *_in_json(secret)):
                if form:
                    text = text.replace(form, _HIDDEN)
        return text

    def __repr__(self) -> str:
        return f"Request({self.method} {self.host}, {len(self.body)} bytes)"


def _in_json(text: str) -> tuple[str, str]:
    import json

    return json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]


class Response(msgspec.Struct, frozen=True):
    """The response to a request.

    Attributes:
        status: HTTP status, exit code of a program, or SMTP reply code.
        headers: by lower-case name.
        body: its first 16 KB; with ``body_decides``, its first 1 MB or ``answer_bytes``.
        complete: False if the body timed out or broke off. A body cut at its maximum size is complete, since a retry
            would return no more.
        body_decides: copied from the request.
        purpose: copied from the request.
    """

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""
    complete: bool = True
    body_decides: bool = False
    purpose: str = ""

    @property
    def well(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004  # HTTP's own class


class Result(StrEnum):
    """What to do with an event after a response.

    ``SHRINK``: render it smaller and retry once. ``SKIPPED``: there is nothing to report to this backend.
    """

    DELIVERED = "delivered"
    RETRY = "retry"
    SHRINK = "shrink"
    PARK = "park"
    SKIPPED = "skipped"


class Verdict(msgspec.Struct, frozen=True):
    """The meaning of a response.

    Attributes:
        reason: a clause for the user; for a delivered event, a note if it was only partly accepted. It quotes nothing
            of the backend: delivery appends the backend's message, masked.
        after: seconds the backend asks to wait.
        handle: the backend's ID of the object that the event created, if it can be updated when the event is settled.
        mendable: the user can fix the reason why an update was refused: it is reported, and the event is sent as a new
            one.
        room: maximum size of a request in bytes, if the backend named it in refusing a larger one.
    """

    result: Result
    reason: str = ""
    after: float | None = None
    handle: str | None = None
    mendable: bool = False
    room: int | None = None


class Reply(msgspec.Struct, frozen=True):
    """The result of one request of several; ``response`` is None if there was none."""

    verdict: Verdict
    response: Response | None = None


Steps = Generator[Request, Reply, Verdict]
"""The requests that deliver one event, in order; the generator is sent the reply to each: delivered, park or skipped.

A retry or shrink closes the generator, and a new one starts from the beginning later: steps must be idempotent.
"""

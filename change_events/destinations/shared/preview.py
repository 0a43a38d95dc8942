"""Previews a request as text, with every secret masked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from change_events.destinations.base import origin_of

if TYPE_CHECKING:
    from change_events.destinations.base import Request


def preview(request: Request) -> str:
    """Return request line, headers and body, JSON bodies indented, with all secrets masked.

    A body of several JSON documents, one a line (``application/x-ndjson``), is shown document after document.
    """
    headers = (request.masked(f"{name}: {value}") for name, value in _headers(request).items())
    body = request.masked(_body(request.body))
    return "\n".join([f"{request.method} {_address(request)}", *headers, "", body]) + "\n"


def as_data(request: Request) -> dict[str, Any]:
    """Return the request as data: ``method``, ``url``, ``headers``, ``body`` and ``bytes``, the size as sent.

    ``body`` is the decoded JSON, a list of several documents, or text if it is not JSON.
    """
    text = request.masked(request.body.decode(errors="replace"))
    documents = _documents(text)
    body: Any = text if documents is None else documents
    if documents is not None and len(documents) == 1:
        (body,) = documents
    return {
        "method": request.method,
        "url": _address(request),
        "headers": {name: request.masked(value) for name, value in _headers(request).items()},
        "body": body,
        "bytes": len(request.body),
    }


def _headers(request: Request) -> dict[str, str]:
    """Return its headers; for a token obtained on sending, its origin."""
    if request.token is None:
        return request.headers
    return {**request.headers, "Authorization": f"Bearer (from {request.token.host})"}


def _address(request: Request) -> str:
    """Return the URL; if all of it is secret, at least its host."""
    masked = request.masked(request.url)
    if not request.url.startswith("http"):  # a program, or a server of mail
        return masked
    return masked if urlsplit(masked).netloc else f"{origin_of(request.url)}/{masked}"


def _body(body: bytes) -> str:
    text = body.decode(errors="replace").replace("\r\n", "\n")
    documents = _documents(text)
    if documents is None:
        return text
    return "\n".join(json.dumps(document, indent=2, ensure_ascii=False) for document in documents)


def _documents(text: str) -> list[Any] | None:
    try:
        return [json.loads(text)]
    except ValueError:
        pass
    try:
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except ValueError:
        return None

"""Helpers to build requests: options, URLs, headers."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from change_events.destinations.base import OptionError, Request, origin_of, user_agent

if TYPE_CHECKING:
    from collections.abc import Mapping

_URI_CHARACTERS = ":/?#[]@!$&'()*+,;=%-._~"
_SHORTEST_SECRET = 8  # characters of a path segment; shorter ones are words


def text_of(options: Mapping[str, Any], name: str) -> str:
    """Return the text of a required option. Raises OptionError if it is missing."""
    value = str(options.get(name) or "").strip()
    if not value:
        raise OptionError(f"{name}: missing")
    return value


def address_of(options: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """Return a base URL without a trailing slash: the option ``name``, otherwise ``default``.

    Raises:
        OptionError: there is neither, or it is no http or https URL.
    """
    value = str(options.get(name) or default or "").strip().rstrip("/")
    if not value:
        raise OptionError(f"{name}: missing; expected a URL, https://host")
    try:
        origin_of(value)
    except OptionError:
        raise OptionError(f"{name}: expected a URL, https://host") from None
    return value


def site_of(options: Mapping[str, Any], name: str, addresses: Mapping[str, str]) -> str:
    """Return the URL of the choice ``name``, by default the first. Raises OptionError."""
    choice = str(options.get(name) or next(iter(addresses)))
    if choice not in addresses:
        raise OptionError(f"{name}: expected one of {', '.join(addresses)}")
    return addresses[choice]


class Login(NamedTuple):
    """The value of an Authorization header, and its secret parts."""

    header: str
    secrets: tuple[str, ...]


def basic_login(user: str, password: str) -> Login:
    """Return the login for HTTP basic authentication (RFC 7617)."""
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return Login(f"Basic {encoded}", (password, encoded))


def uri(text: str) -> str:
    """Return ``text`` with characters invalid in a URI (RFC 3986) percent-encoded; encoded ones stay."""
    return quote(text, safe=_URI_CHARACTERS)


def extended(url: str, path: str = "", **query: str) -> str:
    """Return ``url`` with this path and query added to its own, without a fragment."""
    parts = urlsplit(url)
    words = urlencode({**dict(parse_qsl(parts.query)), **query})
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + path, query=words, fragment=""))


def secrets_of(url: str, *, path: bool = True) -> tuple[str, ...]:
    """Return the secrets of a URL: its user and password, and all but its host if ``path``.

    Single segments of the path are secrets too, but for short ones, which are words.
    """
    parts = urlsplit(url)
    login = parts.netloc.rpartition("@")[0]
    basic = base64.b64encode(unquote(login).encode()).decode()
    credentials = (login, login and basic, parts.username, parts.password)
    pieces = [p for p in (*parts.path.split("/"), *parts.query.split("&")) if len(p) >= _SHORTEST_SECRET]
    rest = (url, parts.path.strip("/"), parts.query, *pieces) if path else ()
    return tuple(part for part in (*credentials, *rest) if part)


def post(
    url: str,
    body: bytes,
    *,
    secrets: tuple[str, ...],
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json",
    method: str = "POST",
    body_decides: bool = False,
    purpose: str = "",
    token: Request | None = None,
    answer_bytes: int | None = None,
) -> Request:
    """Return a request with the common headers.

    Args:
        url: the URL; a user and a password in it are secrets.
        body: the body, of ``content_type``.
        secrets: further secrets of the request, in each form that it contains.
        headers: more headers, which take precedence over ours.
        content_type: type of the body.
        method: the HTTP method.
        body_decides: the body of a response decides on success, not the status alone.
        purpose: as in :class:`Request`, like the two that follow.
        token: the request for the token to send.
        answer_bytes: largest size of such a body in bytes.
    """
    ours = {"Content-Type": content_type, "User-Agent": user_agent()}
    login = secrets_of(url, path=False)
    return Request(
        method,
        url,
        ours | dict(headers or {}),
        body,
        (*secrets, *login),
        body_decides,
        purpose=purpose,
        token=token,
        answer_bytes=answer_bytes,
    )


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``fields`` without empty ones: None, an empty text, list or object; 0 and false stay."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", [], {}, ())}

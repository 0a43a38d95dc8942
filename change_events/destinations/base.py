"""The parts every destination is made of: options, limits, request, response and verdict.

Standard library and msgspec only: settings read the option tables before terraform starts.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import quote, urlsplit

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from change_events.model import SealedEvent

OptionType = Literal["string", "url", "path", "integer", "choice", "string-map"]

_HIDDEN = "(hidden)"


class DestinationSettings(msgspec.Struct, frozen=True):
    """One destination as the settings name it.

    ``kind`` says which file here renders for it, ``options`` are its checked values. Secrets among them are
    resolved; nothing prints them, this struct's ``repr`` included.
    """

    name: str
    kind: str
    options: dict[str, object] = {}

    def __repr__(self) -> str:
        return f"DestinationSettings(name={self.name!r}, kind={self.kind!r}, options={sorted(self.options)})"


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One option of a destination: what settings check and what the documentation lists.

    Attributes:
        choices: the allowed values of a ``choice``.
        secret: never shown; of a ``string-map``, its values are not.
        environment: variable that sets it without any file, where there is one.
    """

    name: str
    type: OptionType
    help: str
    default: str | int | None = None
    required: bool = False
    secret: bool = False
    choices: tuple[str, ...] = ()
    environment: str | None = None


class Rate(msgspec.Struct, frozen=True):
    """At most so many requests in any period of so many seconds."""

    requests: int
    seconds: float


class Limits(msgspec.Struct, frozen=True):
    """What a backend takes.

    Attributes:
        body_bytes: bytes of one request's body.
        max_age: seconds that an event may be old when it is sent.
        max_ahead: seconds that its time may lie in the future.
        rate: how often it may be asked.
    """

    body_bytes: int
    max_age: float | None = None
    max_ahead: float | None = None
    rate: Rate | None = None


class Request(msgspec.Struct, frozen=True):
    """One HTTP request. Its ``repr`` shows neither path, header values nor body.

    Attributes:
        secrets: what must not occur in any text about this request: tokens, header values, the URL's own.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    secrets: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """The host it goes to, without credentials: the only part of the URL that may be shown."""
        try:
            return urlsplit(self.url).hostname or "(no host)"
        except ValueError:
            return "(no host)"

    def clean(self, text: str, limit: int = 160) -> str:
        """``text`` of the backend's, fit to be shown: one line, printable, without this request's secrets."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            for form in {secret, quote(secret, safe=""), quote(secret)}:
                if form:
                    text = text.replace(form, _HIDDEN)
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return line if len(line) <= limit else line[: limit - 1] + "…"

    def __repr__(self) -> str:
        return f"Request({self.method} {self.host}, {len(self.body)} bytes)"


class Response(msgspec.Struct, frozen=True):
    """What came back: ``headers`` by lower-case name, and at most the first 16 KB of the body."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Result(StrEnum):
    """What to do with an event after one answer. ``SHRINK``: render it smaller and try once more."""

    DELIVERED = "delivered"
    RETRY = "retry"
    SHRINK = "shrink"
    PARK = "park"


class Verdict(msgspec.Struct, frozen=True):
    """What an answer means; ``reason`` is a clause for the user, ``after`` the seconds the backend asks for."""

    result: Result
    reason: str = ""
    after: float | None = None


class OptionError(Exception):
    """The options cannot be used; the text says which and what to write, without any value of a secret."""


class Render(Protocol):
    """What makes a request of an event."""

    def __call__(self, sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None, /) -> Request:
        """The request for one event, its body at most ``limit`` bytes. Raises OptionError."""


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of backend.

    Attributes:
        origin: scheme and host that a probe connects to, from the options; raises OptionError.
    """

    kind: str
    title: str
    options: tuple[Option, ...]
    limits: Limits
    render: Render
    judge: Callable[[Response], Verdict]
    origin: Callable[[Mapping[str, Any]], str]

    def problems(self, options: Mapping[str, object]) -> tuple[str, ...]:
        """What is wrong with these options, one clause each beginning with the option's name."""
        known = {option.name: option for option in self.options}
        found = [f"{name}: {self.kind} has no such option" for name in options if name not in known]
        for option in self.options:
            value = options.get(option.name)
            if value is None or value == "":
                found += [f"{option.name}: missing"] if option.required else []
            elif problem := problem_of(option, value):
                found.append(f"{option.name}: {problem}")
        return tuple(found)


CA_FILE = Option(
    name="ca_file",
    type="path",
    help="PEM file of certificate authorities to trust instead of the usual ones (also SSL_CERT_FILE).",
)


def problem_of(option: Option, value: object) -> str | None:
    """What is wrong with one value, without showing it; None if nothing is."""
    match option.type:
        case "choice":
            good = isinstance(value, str) and value in option.choices
            return None if good else f"write one of {', '.join(option.choices)}"
        case "integer":
            good = isinstance(value, int) and not isinstance(value, bool) and value > 0
            return None if good else "write a whole number above 0"
        case "url":
            return None if isinstance(value, str) and _is_url(value) else "write a URL, https://host/path"
        case "string-map":
            return None if _is_header_map(value) else "write names and values, one line each"
        case "string" | "path":
            good = isinstance(value, str) and value.isprintable()
            return None if good else "write text on one line"


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises for what is no port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and value.isprintable() and " " not in value


def _is_header_map(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(part, str) and part.isprintable() for pair in value.items() for part in pair
    )


def origin_of(url: str) -> str:
    """Scheme, host and port of ``url``, without path and credentials. Raises OptionError."""
    if not _is_url(url):
        raise OptionError("its address is not a URL of http or https")
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def user_agent() -> str:
    """How we present ourselves to a backend."""
    from change_events import __version__

    return f"tfevent/{__version__}"

"""The parts every destination is made of: options, limits, request, response and verdict.

Standard library and msgspec only: settings read the option tables before terraform starts.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import quote, urlsplit

import msgspec

from change_events.destinations.shared import command_line
from change_events.destinations.shared.databases import collector_of, database_of
from change_events.destinations.shared.route import Routing
from change_events.errors import TfeventError

if TYPE_CHECKING:
    from collections.abc import Callable

    from change_events.model import ChangeEvent, Kind, SealedEvent

OptionType = Literal[
    "string", "url", "path", "integer", "choice", "choices", "string-map", "list", "host", "command", "database"
]
TransportName = Literal["http", "postgres", "program", "smtp"]

_HIDDEN = "(hidden)"


class DestinationSettings(msgspec.Struct, frozen=True):
    """One destination as the settings name it.

    ``kind`` says which file here renders for it, ``options`` are its checked values, ``routing`` says what it is sent.
    Secrets among the options are resolved; nothing prints them, this struct's ``repr`` included. One that is ``broken``
    has a mistake in its options: it is known where events go, and none can be sent.
    """

    name: str
    kind: str
    options: dict[str, object] = {}
    routing: Routing = Routing()
    broken: bool = False

    def __repr__(self) -> str:
        return f"DestinationSettings(name={self.name!r}, kind={self.kind!r}, options={sorted(self.options)})"


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One option of a destination: what settings check and what the documentation lists.

    Attributes:
        choices: the allowed values of a ``choice``; of ``choices``, those of each entry of the list.
        secret: never shown; of a ``string-map``, its values are not.
        environment: variable that sets it without any file, where there is one.
    """

    name: str
    type: OptionType
    help: str
    default: str | int | tuple[str, ...] | None = None
    required: bool = False
    secret: bool = False
    choices: tuple[str, ...] = ()
    environment: str | None = None


class Rate(msgspec.Struct, frozen=True):
    """At most ``requests`` in any ``seconds``."""

    requests: int
    seconds: float


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a backend documents that it takes; None or nothing where it documents none.

    Attributes:
        body_bytes: bytes of one request's body.
        fields: the most characters of a field, by the backend's own name of it.
        field_bytes: the same for fields whose limit is in bytes of UTF-8.
        entries: the most entries of a list or an object, by the backend's own name of it.
        tags: the most tags of one event.
        tag_length: characters of one tag, name and value together.
        tags_bytes: bytes of all tags as a JSON array.
        max_age: seconds; an older event is refused or dropped. Delivery parks it, rendering does not look at it.
        max_ahead: seconds that an event may lie in the future.
        rate: requests it takes in some time.
    """

    body_bytes: int
    fields: Mapping[str, int] = {}
    field_bytes: Mapping[str, int] = {}
    entries: Mapping[str, int] = {}
    tags: int | None = None
    tag_length: int | None = None
    tags_bytes: int | None = None
    max_age: float | None = None
    max_ahead: float | None = None
    rate: Rate | None = None


class Request(msgspec.Struct, frozen=True):
    """One HTTP request. Its ``repr`` shows neither path, header values nor body.

    Other transports have subclasses with what they need, and put into these fields what can be shown of it.

    Attributes:
        secrets: what must not occur in any text about this request: tokens, header values, the URL's own.
        body_decides: the body of an answer of 2xx shows whether it is a success. Then the body is waited for, and where
            it does not come whole the request is made again.
        purpose: what it is for, in a word that ``judge`` finds in the response again.
        answer_bytes: the most bytes of a body that decides; None for 1 MB.
        token: the request for the token (OAuth 2.0) that is sent along as ``Authorization: Bearer``; its ``purpose`` is
            ``token``. It is kept for the flush, and renewed when it ends or is not accepted any more.
        direct: sent without any proxy, whatever the environment says: link-local services are behind none.
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
        """What is known once a probe has been answered, as a clause."""
        return f"{self.host} answers"

    @property
    def host(self) -> str:
        """The host it goes to, without credentials: the only part of the URL that may be shown."""
        try:
            return urlsplit(self.url).hostname or "(no host)"
        except ValueError:
            return "(no host)"

    def clean(self, text: str, limit: int = 160) -> str:
        """``text`` of the backend's, fit to be shown: one line, printable, without this request's secrets."""
        line = " ".join("".join(c if c.isprintable() else " " for c in self.masked(text)).split())
        return line if len(line) <= limit else line[: limit - 1] + "…"

    def masked(self, text: str) -> str:
        """``text`` without this request's secrets, as they are and as URLs and JSON spell them."""
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
    """What came back: ``headers`` by lower-case name.

    Attributes:
        status: of HTTP; of a program its exit code, of SMTP the code of the reply.
        body: at most its first 16 KB; where the body decides, at most its first 1 MB, or ``answer_bytes``.
        complete: False where the body did not come in time, or broke off. One that is cut at that size is complete: to
            ask again would bring no more of it.
        body_decides: as of the request. ``purpose`` likewise.
    """

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""
    complete: bool = True
    body_decides: bool = False
    purpose: str = ""

    @property
    def well(self) -> bool:
        """Whether its status is a success."""
        return 200 <= self.status < 300  # noqa: PLR2004  # HTTP's own class


class Result(StrEnum):
    """What to do with an event after one answer.

    ``SHRINK``: render it smaller and try once more. ``SKIPPED``: there is nothing to report there about this event.
    """

    DELIVERED = "delivered"
    RETRY = "retry"
    SHRINK = "shrink"
    PARK = "park"
    SKIPPED = "skipped"


class Verdict(msgspec.Struct, frozen=True):
    """What an answer means.

    Attributes:
        reason: a clause for the user; of what is delivered, a note where not all of it was taken, else nothing.
            It holds words and figures of ours only: what the backend says is put beside it after masking.
        after: seconds the backend asks to wait.
        handle: the backend's own name of what the event became there, where it has one and can settle it by that.
        room: bytes that a request may have, where the backend has said so and this one was larger.
        mendable: of a refused update, that the user can fix it: it is reported, though the event is sent as a new one.
    """

    result: Result
    reason: str = ""
    after: float | None = None
    handle: str | None = None
    mendable: bool = False
    room: int | None = None


class Reply(msgspec.Struct, frozen=True):
    """What came of one request of several; ``response`` is None where there was no answer."""

    verdict: Verdict
    response: Response | None = None


Steps = Generator[Request, Reply, Verdict]
"""The requests that one event takes, one after the other; each is sent what came of it: delivered, park or skipped.

Whatever is to be retried or made smaller ends them early, and they begin anew later: they repeat nothing that was done.
"""


class OptionError(TfeventError):
    """The options cannot be used; the text says which and what to write, without any value of a secret."""


class Render(Protocol):
    """What makes a request of an event."""

    def __call__(self, sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None, /) -> Request:
        """The request for one event, its body at most ``limit`` bytes. Raises OptionError."""


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of backend.

    Attributes:
        judge: what an answer means: to an event, to an update of one, and to what ``setup`` sends.
        origin: where it is, for doctor: scheme and host, or a program's path, from the options; raises OptionError.
        documentation: addresses of the backend's own pages that format and limits were read from.
        setup: requests that prepare the backend once (an index template, say), from the options; each may be
            sent again at any time. Raises OptionError.
        handle: the backend's own name of what an event became there, read from the answer to it; None where the
            answer holds none. Only for backends that can settle what a started event made.
        update: the request that settles what a started event made, from the settled event, the options and the
            handle, its body within the limits. Without it, or without a handle, the settled event is sent by
            ``render``. Raises OptionError.
        steps: the requests that deliver an event where one is not enough, from the event, the options, a limit of
            bytes as of ``render`` and the handle of what its start became, both if there is one. Then ``render`` gives
            the request that carries the event, for previews; ``update`` and ``handle`` are unused. Raises OptionError.
        inapplicable: why nothing can be reported there about an event, as a clause; None where something may be.
            Asked about redacted events of any kind, with options that may be wrong. Raises nothing.
        check: what is wrong with options together where each by itself is right, in clauses as of ``problems``.
        transport: the way that requests are sent.
        transport_of: the same where it depends on the options; they may be wrong.
        probe: the request that shows whether the backend is there and sends nothing, from the options; without it, a
            ``HEAD`` to its origin. Raises OptionError.
        probed: what the answer to ``probe`` means, where more of it counts than that there is one.
        access: the request that shows whether its credentials are accepted and changes nothing, for doctor where a test
            event cannot be reported; from an event that says where this runs and the options. Raises OptionError.
        test_kind: of what kind doctor's test event is, from the options, where kinds go different ways; else custom.
    """

    kind: str
    title: str
    options: tuple[Option, ...]
    limits: Limits
    render: Render
    judge: Callable[[Response], Verdict]
    origin: Callable[[Mapping[str, Any]], str]
    documentation: tuple[str, ...] = ()
    setup: Callable[[Mapping[str, Any]], tuple[Request, ...]] | None = None
    handle: Callable[[Response], str | None] | None = None
    update: Callable[[SealedEvent, Mapping[str, Any], str], Request] | None = None
    steps: Callable[[SealedEvent, Mapping[str, Any], int | None, str | None], Steps] | None = None
    inapplicable: Callable[[ChangeEvent, Mapping[str, Any]], str | None] | None = None
    check: Callable[[Mapping[str, Any]], tuple[str, ...]] | None = None
    test_kind: Callable[[Mapping[str, Any]], Kind] | None = None
    transport: TransportName = "http"
    transport_of: Callable[[Mapping[str, Any]], TransportName] | None = None
    probe: Callable[[Mapping[str, Any]], Request] | None = None
    probed: Callable[[Response], Verdict] | None = None
    access: Callable[[SealedEvent, Mapping[str, Any]], Request] | None = None

    def way(self, options: Mapping[str, Any]) -> TransportName:
        """The way that requests are sent, by the options."""
        return self.transport_of(options) if self.transport_of else self.transport

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
        return tuple(found) or (self.check(options) if self.check else ())


CA_FILE = Option(
    name="ca_file",
    type="path",
    help="PEM file of certificate authorities to trust instead of the usual ones (also SSL_CERT_FILE).",
)


def problem_of(option: Option, value: object) -> str | None:
    """What is wrong with one value, without showing it; None if nothing is."""
    holds, expected = _FORMS[option.type]
    return None if holds(option, value) else f"expected {expected.format(', '.join(option.choices))}"


def _is_choice(option: Option, value: object) -> bool:
    return isinstance(value, str) and value in option.choices


def _are_choices(option: Option, value: object) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(_is_choice(option, one) for one in value)


def _is_count(_option: Option, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_line(_option: Option, value: object) -> bool:
    return isinstance(value, str) and value.isprintable()


def _is_address(_option: Option, value: object) -> bool:
    return isinstance(value, str) and _is_url(value)


def _is_header_map(_option: Option, value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(part, str) and part.isprintable() for pair in value.items() for part in pair
    )


def _is_list(_option: Option, value: object) -> bool:
    items = value if isinstance(value, (list, tuple)) else [value]
    return bool(items) and all(isinstance(item, str) and item.isprintable() for item in items)


def _is_host(_option: Option, value: object) -> bool:
    return isinstance(value, str) and all(character.isalnum() or character in ".-_:%" for character in value)


def _is_command(_option: Option, value: object) -> bool:
    return command_line.is_command(value)


def _is_database(_option: Option, value: object) -> bool:
    return isinstance(value, str) and (database_of(value) is not None or collector_of(value) is not None)


# each type of option: whether a value is of it, and what is expected where it is not; {} are the choices
_FORMS: dict[OptionType, tuple[Callable[[Option, object], bool], str]] = {
    "choice": (_is_choice, "one of {}"),
    "choices": (_are_choices, "a list of {}"),
    "integer": (_is_count, "a whole number above 0"),
    "url": (_is_address, "a URL, https://host/path"),
    "string-map": (_is_header_map, "names and values, one line each"),
    "string": (_is_line, "text on one line"),
    "path": (_is_line, "text on one line"),
    "list": (_is_list, "a list of texts, or one text with commas"),
    "host": (_is_host, "the name or address of a host"),
    "command": (_is_command, command_line.EXPECTED),
    "database": (
        _is_database,
        "the address of a database, postgresql://USER@HOST:PORT/DATABASE, or of a collector, https://HOST",
    ),
}


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises for what is no port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and value.isprintable() and " " not in value


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

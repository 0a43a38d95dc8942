"""What a destination is made of: options, limits, and the functions that make a request and judge the response.

Destinations import everything from here; ``shared/option_types.py`` and ``shared/exchange.py`` define the parts.
Standard library and msgspec only: settings read the option tables at the start of a run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import urlsplit

import msgspec

from change_events.destinations.shared.exchange import Reply, Request, Response, Result, Steps, Verdict
from change_events.destinations.shared.option_types import CA_FILE, Option, OptionError, OptionType, is_url, problem_of
from change_events.destinations.shared.route import Routing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from change_events.model import ChangeEvent, Kind, SealedEvent

__all__ = (
    "CA_FILE",
    "Destination",
    "DestinationSettings",
    "Limits",
    "Option",
    "OptionError",
    "OptionType",
    "Rate",
    "Render",
    "Reply",
    "Request",
    "Response",
    "Result",
    "Steps",
    "TransportName",
    "Verdict",
    "origin_of",
    "problem_of",
    "user_agent",
)

TransportName = Literal["http", "postgres", "program", "smtp"]


class DestinationSettings(msgspec.Struct, frozen=True):
    """One destination of the settings.

    Secrets among the options are resolved; nothing prints them, and the ``repr`` omits all values.

    Attributes:
        kind: the kind of destination, which selects the module that renders for it.
        options: the checked values of its options.
        routing: which events are sent to it, and with which content.
        broken: an option is invalid. Events are routed and queued, but cannot be sent.
    """

    name: str
    kind: str
    options: dict[str, object] = {}
    routing: Routing = Routing()
    broken: bool = False

    def __repr__(self) -> str:
        return f"DestinationSettings(name={self.name!r}, kind={self.kind!r}, options={sorted(self.options)})"


class Rate(msgspec.Struct, frozen=True):
    """At most ``requests`` in any ``seconds``."""

    requests: int
    seconds: float


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The documented limits of a backend; None or empty where it documents none.

    Attributes:
        body_bytes: maximum size of a request body in bytes.
        fields: maximum length in characters by field, under the backend's field names.
        field_bytes: maximum length in bytes of UTF-8 by field.
        entries: maximum number of entries of a list or object, by field.
        tags: maximum number of tags of an event.
        tag_length: maximum length of a tag in characters, name and value together.
        tags_bytes: maximum size of all tags as a JSON array, in bytes.
        max_age: maximum age of an event in seconds; delivery parks older events, ``render`` ignores the age.
        max_ahead: maximum time in seconds that an event may be in the future.
        rate: maximum request rate.
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


class Render(Protocol):
    """Renders an event as a request."""

    def __call__(self, sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None, /) -> Request:
        """Return the request for one event, with a body of at most ``limit`` bytes. Raises OptionError."""


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of backend.

    Attributes:
        render: makes the request for an event from the options. Raises OptionError.
        judge: classifies the response to an event, to ``update`` and to the requests of ``setup``.
        origin: scheme and host of the backend, or the path of a program, from the options; doctor prints it. Raises
            OptionError.
        documentation: URLs of the backend's documentation from which format and limits were taken.
        setup: idempotent requests that prepare the backend, e.g. an index template, from the options. Raises
            OptionError.
        handle: the backend's ID of the object that an event created, from the response; None if it has none. Only
            for backends that can update this object when the event is settled.
        update: the request that updates the object of a started event, from the settled event, the options and the
            handle, within the limits. Without ``update`` or a handle, ``render`` sends the settled event. Raises
            OptionError.
        steps: a generator of the requests that deliver an event, for backends that take more than one; from the event,
            the options, the size limit as in ``render`` and the handle of the started event, each or None. ``render``
            then makes the request with the event, for previews, and ``update`` and ``handle`` are unused. Raises
            OptionError.
        inapplicable: why an event cannot be reported to this backend, as a clause; None if it can. Called with
            redacted events of any kind and with options that may be invalid. Never raises.
        check: problems of options that are valid one by one but not together, as clauses like those of ``problems``.
        transport: how requests are sent.
        transport_of: the same where it depends on the options, which may be invalid.
        probe: a request that shows whether the backend is reachable and sends no event, from the options; the default
            is ``HEAD`` on the origin. Raises OptionError.
        probed: classifies the response to ``probe``; by default any response is a success.
        access: a read-only request that shows whether the credentials are accepted, for doctor where a test event
            cannot be reported; from an event with the current location and the options. Raises OptionError.
        test_kind: the kind of doctor's test event, from the options, where kinds are sent differently; else custom.
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
        """Return how requests are sent with these options."""
        return self.transport_of(options) if self.transport_of else self.transport

    def problems(self, options: Mapping[str, object]) -> tuple[str, ...]:
        """Return the problems of these options, each a clause that begins with the option's name."""
        known = {option.name: option for option in self.options}
        found = [f"{name}: {self.kind} has no such option" for name in options if name not in known]
        for option in self.options:
            value = options.get(option.name)
            if value is None or value == "":
                found += [f"{option.name}: missing"] if option.required else []
            elif problem := problem_of(option, value):
                found.append(f"{option.name}: {problem}")
        return tuple(found) or (self.check(options) if self.check else ())


def origin_of(url: str) -> str:
    """Return scheme, host and port of ``url``, without path and credentials. Raises OptionError."""
    if not is_url(url):
        raise OptionError("its address is not a URL of http or https")
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def user_agent() -> str:
    """Return the value of the header ``User-Agent``."""
    from change_events import __version__

    return f"tfevent/{__version__}"

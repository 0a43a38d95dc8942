"""CloudEvents 1.0 over HTTP, structured or binary; their data is our event, or a CDEvent.

* Attributes and modes: ``cloudevents/spec.md``, ``bindings/http-protocol-binding.md`` and ``formats/json-format.md`` of
  https://github.com/cloudevents/spec (1.0.2). In binary mode they are ``ce-*`` headers, percent-encoded.
* Answers: ``cloudevents/http-webhook.md`` there: 200, 201, 202 and 204 are success, redirects are not followed, after
  410 nothing more is to be sent, 415 is a format that is not understood, 429 says how long to wait.
* Producers are safe up to 64 KiB an event ("Size Limits" in ``spec.md``); headers need some of it.

``source`` and ``id`` together name an event, at every attempt the same ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import msgspec

from change_events.destinations.base import (
    CA_FILE,
    Destination,
    Limits,
    Option,
    Request,
    Response,
    Result,
    Verdict,
    origin_of,
)
from change_events.destinations.shared import cdevents, mapping
from change_events.destinations.shared.clip import clip
from change_events.destinations.shared.request import address_of, post, present, secrets_of, uri
from change_events.destinations.shared.responses import AGAIN, LONGEST_WAIT, judge_no_sign_in
from change_events.destinations.shared.size_limit import fitted
from change_events.destinations.shared.timestamps import iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent, SealedEvent

LIMITS = Limits(body_bytes=60_000)  # of 65,536; binary mode's headers take the rest
_LONGEST_ATTRIBUTE = 200  # characters; in a header one may take twelve bytes
_HEADER_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
_GONE, _UNSUPPORTED = 410, 415
_MEND = f"it is asked once a day; set another `url`, {AGAIN}"

OPTIONS = (
    Option(
        name="url",
        type="url",
        required=True,
        secret=True,
        environment="TFEVENT_CLOUDEVENTS_URL",
        help="Where to send; may hold credentials, so only its host is ever shown.",
    ),
    Option(
        name="token",
        type="string",
        secret=True,
        environment="TFEVENT_CLOUDEVENTS_TOKEN",
        help="Token for the header `Authorization: Bearer`.",
    ),
    Option(
        name="format",
        type="choice",
        choices=("cloudevents", "cdevents"),
        default="cloudevents",
        help="What the data is: tfevent's own event, or a CDEvent (0.5.1) that holds it as custom data.",
    ),
    Option(
        name="mode",
        type="choice",
        choices=("structured", "binary"),
        default="structured",
        help="Whether attributes are sent in the body or in headers.",
    ),
    Option(
        name="source",
        type="string",
        help="The `source` of the events, a URI; by default the repository, else the host.",
    ),
    Option(
        name="type_prefix",
        type="string",
        default="io.github.tfevent",
        help="What the `type` of the events begins with, for example your domain reversed.",
    ),
    Option(name="headers", type="string-map", secret=True, help="More headers, for example an API key."),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the URL. Raises OptionError."""
    return origin_of(address_of(options, "url"))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """Return the request for one event, of at most ``limit`` bytes (default: :data:`LIMITS`). Raises OptionError."""
    origin(options)
    binary = options.get("mode") == "binary"
    most = limit or LIMITS.body_bytes
    where = source(sealed.event, options)
    framed = cdevents.frame(sealed.event, where) if options.get("format") == "cdevents" else None
    attributes = _attributes(sealed.event, options, where, framed)

    def encode(event: ChangeEvent) -> bytes:
        data: object = cdevents.document(framed, event) if framed else event
        return msgspec.json.encode(data if binary else attributes | {"data": data})

    body = fitted(sealed.event, most, encode)
    content_type = attributes["datacontenttype"] if binary else "application/cloudevents+json; charset=UTF-8"
    extra = {str(name): str(value) for name, value in dict(options.get("headers") or {}).items()}
    token = str(options.get("token") or "")
    login = {"Authorization": f"Bearer {token}"} if token else {}
    url = str(options["url"])
    return post(
        url,
        body,
        content_type=content_type,
        headers=(_headers(attributes) if binary else {}) | login | extra,
        secrets=(*secrets_of(url), *([token] if token else []), *extra.values()),
    )


def _attributes(
    event: ChangeEvent, options: Mapping[str, Any], where: str, framed: cdevents.Frame | None
) -> dict[str, Any]:
    """The attributes of the whole event: they are the same however much of its data is left out."""
    subject = clip(mapping.place(event), _LONGEST_ATTRIBUTE)
    found = {
        "specversion": "1.0",
        "id": mapping.delivery_id(event),
        "source": where,
        "type": f"{options.get('type_prefix') or 'io.github.tfevent'}.{event.kind.value}.{mapping.stage(event)}.v1",
        "subject": subject,
        "time": iso(mapping.moment(event)),
        "datacontenttype": "application/json",
    }
    if framed:
        found |= {"type": framed.context["type"], "subject": framed.subject["id"]}
        found["datacontenttype"] = "application/cdevents+json"
    return present({**found, "traceparent": _traceparent(event), "partitionkey": subject})


def source(event: ChangeEvent, options: Mapping[str, Any]) -> str:
    """Where the event comes from, as a URI reference: the option, else the repository, else the host.

    A repository is the same whichever way it was cloned.
    """
    address = (event.vcs.remote or event.vcs.repository) if event.vcs else None
    named = str(options.get("source") or mapping.repository(event).url or address or "")
    if not named:
        return "/" + quote(clip(mapping.host(event) or "tfevent", _LONGEST_ATTRIBUTE), safe="")
    text = uri(clip(named, _LONGEST_ATTRIBUTE))
    try:
        return text if urlsplit(text).scheme else "/" + text.lstrip("/")
    except ValueError:
        return "/" + quote(text, safe="")


def _traceparent(event: ChangeEvent) -> str | None:
    """The run's W3C trace context, for the extension "distributed tracing"."""
    trace = event.trace
    return f"00-{trace.trace_id}-{trace.span_id}-01" if trace and trace.trace_id and trace.span_id else None


def _headers(attributes: Mapping[str, str]) -> dict[str, str]:
    """All but the data's type, which is the Content-Type."""
    named = ((name, value) for name, value in attributes.items() if name != "datacontenttype")
    return {f"ce-{name}": quote(value, safe=_HEADER_SAFE) for name, value in named}


def judge(response: Response) -> Verdict:
    """Return the verdict on a response; of a format that is not understood, what to change.

    What is gone must not be sent to any more, whatever waits: it is asked once a day whether that still holds.
    """
    if response.status == _GONE:
        return Verdict(Result.RETRY, f"this URL no longer accepts events (410); {_MEND}", LONGEST_WAIT)
    if response.status == _UNSUPPORTED:
        return Verdict(Result.PARK, "it does not understand this form of event (415); try another `mode` or `format`")
    return judge_no_sign_in(response)


DESTINATION = Destination(
    kind="cloudevents",
    title="CloudEvents and CDEvents",
    documentation=(
        "https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md",
        "https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md",
        "https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md",
        "https://github.com/cdevents/spec/tree/v0.5.1",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
)

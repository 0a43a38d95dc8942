"""Sematext Events: one ``POST {receiver}/{token}/event`` with one flat JSON object per event.

``type`` and ``message`` are required; ``data`` is text, so the details travel as JSON in a string. The docs
give no size limit for events: 64 KB is the smallest they give for logs. Custom fields keep their types for
ever, because the search behind them maps each field once: figures are integers, everything else is text. Nor do they
give a rate: two requests a second are what Sematext's own Logagent keeps to
(https://github.com/sematext/logagent-js, ``output-sematext-events``).

The token is part of the address, so no address of this destination is ever shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from change_events.destinations.base import (
    CA_FILE,
    Destination,
    Limits,
    Option,
    OptionError,
    Rate,
    Request,
    origin_of,
)
from change_events.destinations.shared import mapping
from change_events.destinations.shared.request import post
from change_events.destinations.shared.responses import judge_no_page
from change_events.destinations.shared.size_limit import fitted
from change_events.destinations.shared.timestamps import iso
from change_events.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent, SealedEvent

RECEIVERS = {
    "us": "https://event-receiver.sematext.com",
    "eu": "https://event-receiver.eu.sematext.com",
}
LIMITS = Limits(body_bytes=64_000, rate=Rate(120, 60))

RESERVED = {"infra", "agent"}  # events of Sematext's own
# Hence a run is a `deployment` unless the settings say otherwise.
TYPES = {kind: kind.value for kind in Kind} | {Kind.INFRASTRUCTURE: "deployment"}

OPTIONS = (
    Option(
        name="token",
        type="string",
        required=True,
        secret=True,
        environment="TFEVENT_SEMATEXT_TOKEN",
        help="Token of the Sematext App that gets the events (not the account's API key).",
    ),
    Option(
        name="region",
        type="choice",
        choices=tuple(RECEIVERS),
        default="us",
        environment="TFEVENT_SEMATEXT_REGION",
        help="Region of the Sematext account.",
    ),
    Option(
        name="receiver",
        type="url",
        environment="TFEVENT_SEMATEXT_RECEIVER",
        help="Base address of another receiver (Sematext Enterprise); takes precedence over `region`.",
    ),
    Option(
        name="type",
        type="string",
        help="Type of the events; by default the event's kind, and `deployment` for infrastructure. Sematext keeps "
        "`infra` and `agent` for itself.",
    ),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the receiver. Raises OptionError."""
    return origin_of(_receiver(options))


def _receiver(options: Mapping[str, Any]) -> str:
    region = options.get("region") or "us"
    receiver = options.get("receiver") or RECEIVERS.get(region)
    if not receiver:
        raise OptionError(f"region: expected one of {', '.join(RECEIVERS)}")
    return str(receiver).rstrip("/")


def check(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Whether Sematext would take the type."""
    if str(options.get("type") or "").strip().lower() in RESERVED:
        return (
            f"type: expected a value other than {' and '.join(sorted(RESERVED))}, reserved for Sematext's own events",
        )
    return ()


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """The request for one event, its body within ``limit`` bytes (by default :data:`LIMITS`).

    Raises:
        OptionError: the token is missing, the receiver is no address, or the type is Sematext's own.
    """
    token = str(options.get("token") or "").strip()
    if not token:
        raise OptionError("token: missing")
    for problem in check(options):
        raise OptionError(problem)
    origin(options)
    kind = options.get("type") or TYPES[sealed.event.kind]

    body = fitted(
        sealed.event, limit or LIMITS.body_bytes, lambda event: msgspec.json.encode(document(event, str(kind)))
    )
    return post(f"{_receiver(options)}/{quote(token, safe='')}/event", body, secrets=(token,))


def document(event: ChangeEvent, kind: str) -> dict[str, object]:
    """The JSON object of one event: documented fields, a few searchable ones of ours, and all in ``data``."""
    documented = {
        "timestamp": iso(mapping.moment(event)),
        "type": kind,
        "title": event.title,
        "message": event.message or event.title,
        "severity": event.severity.value,
        "creator": mapping.creator(event),
        "os.host": mapping.host(event),
        "tags": mapping.tags(event),
    }
    details = msgspec.structs.replace(event, message="")  # stands above already
    data = {"data": msgspec.json.encode(details).decode()}
    present = {name: value for name, value in (documented | _fields(event)).items() if value is not None}
    return present | data


def _fields(event: ChangeEvent) -> dict[str, object]:
    figures = mapping.figures(event) | mapping.playbook_figures(event)
    return {
        "tfevent.id": event.id,
        "tfevent.run_id": event.trace.run_id if event.trace else None,
        "tfevent.kind": event.kind.value,
        "tfevent.phase": event.phase.value,
        "tfevent.outcome": event.outcome.value if event.outcome else None,
        "tfevent.environment": event.environment,
        "tfevent.service": event.service,
        "tfevent.version": event.version,
        "tfevent.commit": event.vcs.commit if event.vcs else None,
        **{f"tfevent.{name}": number for name, number in figures.items()},
        "tfevent.changed_hosts": mapping.listed_hosts(mapping.changed_hosts(event)) or None,
        "tfevent.duration_ms": mapping.duration_ms(event),
    }


DESTINATION = Destination(
    kind="sematext",
    title="Sematext Events",
    documentation=(
        "https://sematext.com/docs/events/adding/",
        "https://sematext.com/docs/tags/common-schema/#events-tags",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge_no_page,
    origin=origin,
    check=check,
)

"""PagerDuty change events: ``POST https://events.pagerduty.com/v2/change/enqueue``.

Format: https://developer.pagerduty.com/docs/events-api-v2/send-change-events/; answers, size (512 KB) and rate (about
120 calls a minute for each integration key): https://developer.pagerduty.com/docs/events-api-v2/overview/. The routing
key is part of the body. Change events notify no one, and are kept for 90 days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from change_events.destinations.base import (
    CA_FILE,
    Destination,
    Limits,
    Option,
    Rate,
    Request,
    Response,
    Verdict,
    origin_of,
)
from change_events.destinations.shared import mapping
from change_events.destinations.shared.clip import clip
from change_events.destinations.shared.request import address_of, post, present, site_of, text_of, uri
from change_events.destinations.shared.responses import judge_only
from change_events.destinations.shared.size_limit import fitted
from change_events.destinations.shared.timestamps import iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent, SealedEvent

LIMITS = Limits(body_bytes=512_000, fields={"payload.summary": 1024}, rate=Rate(120, 60))
REGIONS = {"us": "https://events.pagerduty.com", "eu": "https://events.eu.pagerduty.com"}
_MOST_LINES, _MOST_LINKS = 20, 10
_MESSAGE = 8000  # characters
_RATE_WAIT = 60.0  # seconds: the limit is one a minute, and the answer names no wait
_ACCEPTED, _SLOW_DOWN = 202, 429

OPTIONS = (
    Option(
        name="routing_key",
        type="string",
        required=True,
        secret=True,
        environment="TFEVENT_PAGERDUTY_ROUTING_KEY",
        help="Integration key (Events API v2) of the service whose changes these are.",
    ),
    Option(
        name="region",
        type="choice",
        choices=tuple(REGIONS),
        default="us",
        environment="TFEVENT_PAGERDUTY_REGION",
        help="Service region of the account.",
    ),
    Option(
        name="url",
        type="url",
        help="Base address of a proxy to use instead of PagerDuty's; takes precedence over `region`.",
    ),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the Events API. Raises OptionError."""
    return origin_of(_base(options))


def _base(options: Mapping[str, Any]) -> str:
    return address_of(options, "url", site_of(options, "region", REGIONS))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """Return the request for one event, of at most ``limit`` bytes (default: :data:`LIMITS`). Raises OptionError."""
    key = text_of(options, "routing_key")
    body = fitted(sealed.event, limit or LIMITS.body_bytes, lambda event: msgspec.json.encode(document(event, key)))
    return post(f"{_base(options)}/v2/change/enqueue", body, secrets=(key,))


def document(event: ChangeEvent, key: str) -> dict[str, Any]:
    """The body for one event; ``key`` says which service it belongs to."""
    details = {
        **mapping.details(event),
        "message": mapping.text_within(mapping.own_message(event), _MESSAGE),
        "changed_hosts": mapping.changed_hosts(event)[: mapping.MOST_HOSTS],
        "tags": dict(event.tags),
        "changes": mapping.worst(event, _MOST_LINES),
        "truncated": event.truncated.note if event.truncated else None,
    }
    payload = {
        "summary": clip(event.title, LIMITS.fields["payload.summary"]) or event.kind.value,
        "timestamp": iso(mapping.moment(event)),
        "source": mapping.host(event) or (event.tool.name if event.tool else "tfevent"),
        "custom_details": present(details),
    }
    links = [{"href": uri(link.url), "text": link.title} for link in mapping.links(event)[:_MOST_LINKS]]
    return present({"routing_key": key, "payload": payload, "links": links})


def judge(response: Response) -> Verdict:
    """Return the verdict on a response; where the rate is exceeded, its minute is waited for."""
    verdict = judge_only(_ACCEPTED, response)
    if response.status == _SLOW_DOWN and verdict.after is None:
        return msgspec.structs.replace(verdict, after=_RATE_WAIT)
    return verdict


DESTINATION = Destination(
    kind="pagerduty",
    title="PagerDuty change events",
    documentation=(
        "https://developer.pagerduty.com/docs/events-api-v2/send-change-events/",
        "https://developer.pagerduty.com/docs/events-api-v2/overview/",
        "https://support.pagerduty.com/docs/service-regions",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
)

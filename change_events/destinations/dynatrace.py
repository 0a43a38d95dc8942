"""Dynatrace events v2: one ``POST <environment>/api/v2/events/ingest`` for each event.

* Fields and limits: https://docs.dynatrace.com/docs/dynatrace-api/environment-api/events-v2/post-event. The types used
  here inform, they open no problem; such events may be 30 days old, and 7 days ahead. ``dt.*`` names are Dynatrace's
  own: those of deployments are the ones that its own command line tool sends.
* At most 1 MB a request; 429 where the environment is busy: https://docs.dynatrace.com/docs/dynatrace-api/basics/access-limit.
* 201 is no success by itself: ``eventIngestResults`` says of each entity whether it was ``OK``, or what was invalid
  (https://docs.dynatrace.com/docs/dynatrace-api/environment-api/events-v2/post-event, EventIngestResults).

The length of a title is not documented; ours is 500. An event that is sent twice is there twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
from change_events.destinations.shared import mapping
from change_events.destinations.shared.clip import clip, listed
from change_events.destinations.shared.request import address_of, post, present, text_of, uri
from change_events.destinations.shared.responses import at, judge_status, parsed
from change_events.destinations.shared.size_limit import fitted
from change_events.destinations.shared.timestamps import milliseconds
from change_events.model import Kind, Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent, SealedEvent

_DAY = 86_400
LIMITS = Limits(
    body_bytes=1_000_000,
    fields={"title": 500, "properties key": 100, "properties value": 4096},
    entries={"properties": 100},
    max_age=30 * _DAY,
    max_ahead=7 * _DAY,
)
_INFO = "CUSTOM_INFO"
TYPES = {Kind.INFRASTRUCTURE: "CUSTOM_CONFIGURATION", Kind.DEPLOYMENT: "CUSTOM_DEPLOYMENT"}
_WRONG = {
    "INVALID_ENTITY_TYPE": "the entities are of a type that takes no such events; correct `entity_selector`",
    "INVALID_METADATA": "it does not accept the properties of the event",
    "INVALID_TIMESTAMPS": "it does not accept the times of the event",
}

OPTIONS = (
    Option(
        name="url",
        type="url",
        required=True,
        environment="TFEVENT_DYNATRACE_URL",
        help="Address of the environment: https://<id>.live.dynatrace.com; Managed and ActiveGate: https://<host>/e/<id>.",
    ),
    Option(
        name="token",
        type="string",
        required=True,
        secret=True,
        environment="TFEVENT_DYNATRACE_TOKEN",
        help="Access token with the scope events.ingest.",
    ),
    Option(
        name="entity_selector",
        type="string",
        environment="TFEVENT_DYNATRACE_ENTITY_SELECTOR",
        help="Entities that the events belong to, for example `type(SERVICE),tag(prod)`; by default the environment.",
    ),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the environment. Raises OptionError."""
    return origin_of(address_of(options, "url"))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """Return the request for one event, of at most ``limit`` bytes (default: :data:`LIMITS`). Raises OptionError."""
    base, token = address_of(options, "url"), text_of(options, "token")
    selector = str(options.get("entity_selector") or "")
    body = fitted(
        sealed.event, limit or LIMITS.body_bytes, lambda event: msgspec.json.encode(document(event, selector))
    )
    headers = {"Authorization": f"Api-Token {token}"}
    return post(f"{base}/api/v2/events/ingest", body, headers=headers, secrets=(token,), body_decides=True)


def document(event: ChangeEvent, selector: str) -> dict[str, Any]:
    """The body for one event. What is planned or checked has changed nothing, so it is information only."""
    start = milliseconds(event.started_at)
    # One that has ended ends later than it began; without an end it would be shown for 15 minutes.
    end = max(milliseconds(event.ended_at), start + 1) if event.ended_at else None
    return present(
        {
            "eventType": TYPES.get(event.kind, _INFO) if event.phase is Phase.APPLIED else _INFO,
            "title": clip(event.title, LIMITS.fields["title"]) or event.kind.value,
            "startTime": start,
            "endTime": end,
            "entitySelector": selector,
            "properties": _properties(event),
        }
    )


def _properties(event: ChangeEvent) -> dict[str, str]:
    """All values are texts; the event's own tags come last, and are what is left out of too many."""
    most_key, most = LIMITS.fields["properties key"], LIMITS.fields["properties value"]
    named: dict[str, object] = {
        "dt.event.source": "tfevent",
        **(_deployment(event) if event.kind is Kind.DEPLOYMENT else {}),
        "description": listed([mapping.paragraph(event), *mapping.worst(event)], most),
        "message": mapping.text_within(mapping.own_message(event), most),
        **mapping.details(event),
        **{f"tag.{name}": value for name, value in event.tags.items()},
    }
    found = {clip(name, most_key): clip(str(value), most) for name, value in present(named).items()}
    return dict(list(found.items())[: LIMITS.entries["properties"]])


def _deployment(event: ChangeEvent) -> dict[str, str | None]:
    return {
        "dt.event.deployment.name": event.title,
        "dt.event.deployment.version": event.version,
        "dt.event.deployment.project": event.service,
        "dt.event.deployment.release_stage": event.environment,
        "dt.event.deployment.ci_back_link": uri(mapping.run_url(event) or ""),
    }


def judge(response: Response) -> Verdict:
    """Return the verdict on a response: of a success, the outcome of the event at each entity."""
    verdict = judge_status(response)
    if verdict.result is not Result.DELIVERED:
        return verdict
    content = parsed(response)
    results = at(content, "eventIngestResults")
    if not isinstance(results, list):
        return Verdict(Result.PARK, "not a response of the events API; check `url`")
    if not results:
        return Verdict(Result.PARK, "no entity took the event; check `entity_selector`")
    wrong = [status for status in (at(result, "status") for result in results) if status != "OK"]
    if not wrong:
        return verdict
    reason = _WRONG.get(wrong[0], "it did not take the event") if isinstance(wrong[0], str) else "its answer is unclear"
    if len(wrong) < len(results):
        return Verdict(Result.DELIVERED, f"{len(wrong)} of {len(results)} entities did not take it: {reason}")
    return Verdict(Result.PARK, reason)


DESTINATION = Destination(
    kind="dynatrace",
    title="Dynatrace events",
    documentation=(
        "https://docs.dynatrace.com/docs/dynatrace-api/environment-api/events-v2/post-event",
        "https://docs.dynatrace.com/docs/dynatrace-api/basics/access-limit",
        "https://github.com/Dynatrace/dynatrace-automation-tools",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
)

"""Datadog: events (v1), or change events (v2) where the change is one of configuration.

* v1: ``POST https://api.<site>/api/v1/events``, https://docs.datadoghq.com/api/latest/events/post-an-event/.
* v2: ``POST https://event-management-intake.<site>/api/v2/events``, category ``change``. It knows only feature flags
  and configurations as what changed, so it fits runs that change infrastructure; all else goes to v1.

Limits are those of the API's own models. The v2 documentation asks for an application key beside the API key; it is
sent where one is given. Markdown stands between ``%%%`` and ``%%%``. Datadog takes an event twice if it is sent twice.
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
    Result,
    Verdict,
    origin_of,
)
from change_events.destinations.shared import mapping
from change_events.destinations.shared.clip import clip, tags_within
from change_events.destinations.shared.request import address_of, post, present, site_of, text_of
from change_events.destinations.shared.responses import judge_only, retry_after
from change_events.destinations.shared.size_limit import fitted
from change_events.destinations.shared.timestamps import iso, seconds
from change_events.model import Kind, Outcome, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent, SealedEvent

LIMITS = Limits(
    body_bytes=100_000,
    fields={"title": 500, "text": 4000, "message": 4000, "aggregation_key": 100, "host": 255, "name": 128},
    entries={"change_metadata": 100, "impacted_resources": 100},
    tags=100,
    tag_length=200,
    max_age=18 * 3600,
    rate=Rate(250_000, 60),
)
SITES = (
    *("datadoghq.com", "us3.datadoghq.com", "us5.datadoghq.com", "datadoghq.eu", "ap1.datadoghq.com"),
    *("ap2.datadoghq.com", "uk1.datadoghq.com", "ddog-gov.com", "us2.ddog-gov.com"),
)
_PLAIN, _INTAKE = "api", "event-management-intake"  # subdomains
_ACCEPTED = 202
_MARKDOWN = "%%% \n{}\n %%%"
_TYPES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "info"}

OPTIONS = (
    Option(
        name="api_key",
        type="string",
        required=True,
        secret=True,
        environment="TFEVENT_DATADOG_API_KEY",
        help="API key of the organisation.",
    ),
    Option(
        name="site",
        type="choice",
        choices=SITES,
        default=SITES[0],
        environment="TFEVENT_DATADOG_SITE",
        help="Datadog site of the organisation.",
    ),
    Option(
        name="api",
        type="choice",
        choices=("v1", "v2"),
        default="v1",
        help="v2 sends runs that change infrastructure as change events; all else goes to v1.",
    ),
    Option(
        name="app_key",
        type="string",
        secret=True,
        environment="TFEVENT_DATADOG_APP_KEY",
        help="Application key, which v2 is documented to ask for.",
    ),
    Option(
        name="url",
        type="url",
        help="Base address of a proxy to use instead of the site's; takes precedence over `site`.",
    ),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Scheme and host of the intake: of v2 its own, though what is no change of infrastructure goes to that of v1.

    Raises OptionError.
    """
    return origin_of(_base(options, _INTAKE if options.get("api") == "v2" else _PLAIN))


def test_kind(options: Mapping[str, Any]) -> Kind:
    """Of what kind a test event must be to come to the intake that :func:`origin` names."""
    return Kind.INFRASTRUCTURE if options.get("api") == "v2" else Kind.CUSTOM


def _base(options: Mapping[str, Any], subdomain: str) -> str:
    site = site_of(options, "site", {name: f"https://{subdomain}.{name}" for name in SITES})
    return address_of(options, "url", site)


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """Return the request for one event, of at most ``limit`` bytes (default: :data:`LIMITS`). Raises OptionError."""
    key, app_key = text_of(options, "api_key"), str(options.get("app_key") or "")
    change = options.get("api") == "v2" and _is_change_of_configuration(sealed.event)
    document = change_event if change else plain_event
    body = fitted(sealed.event, limit or LIMITS.body_bytes, lambda event: msgspec.json.encode(document(event)))
    path = "/api/v2/events" if change else "/api/v1/events"
    headers = {"DD-API-KEY": key} | ({"DD-APPLICATION-KEY": app_key} if change and app_key else {})
    base = _base(options, _INTAKE if change else _PLAIN)
    return post(base + path, body, headers=headers, secrets=(key, *([app_key] if app_key else [])))


def _is_change_of_configuration(event: ChangeEvent) -> bool:
    return event.kind is Kind.INFRASTRUCTURE and mapping.stage(event) == "finished"


def plain_event(event: ChangeEvent) -> dict[str, Any]:
    """The body of an event of v1."""
    text = _message(event).replace("%%%", "%% %")
    return present(
        {
            "title": _field("title", event.title),
            "text": _MARKDOWN.format(mapping.text_within(text, LIMITS.fields["text"] - len(_MARKDOWN))),
            "date_happened": seconds(mapping.moment(event)),
            "alert_type": "success" if _went_well(event) else _TYPES[event.severity],
            "priority": "normal",
            "aggregation_key": _field("aggregation_key", mapping.place(event)),
            "host": _field("host", mapping.host(event) or ""),
            "tags": tags_within(mapping.tags(event), LIMITS).kept,
        }
    )


def _went_well(event: ChangeEvent) -> bool:
    return event.outcome is Outcome.SUCCEEDED and event.severity is Severity.INFO and mapping.stage(event) == "finished"


def change_event(event: ChangeEvent) -> dict[str, Any]:
    """The body of an event of v2, category ``change``."""
    name = mapping.place(event) or (event.tool.name if event.tool else event.kind.value)
    attributes = {
        "changed_resource": {"name": _field("name", name), "type": "configuration"},
        "author": _author(event),
        "impacted_resources": [{"name": _field("name", event.service), "type": "service"}] if event.service else [],
        "change_metadata": mapping.details(event),
    }
    payload = {
        "category": "change",
        "integration_id": "custom-events",
        "title": _field("title", event.title) or event.kind.value,
        "message": mapping.text_within(_message(event), LIMITS.fields["message"]),
        "timestamp": iso(mapping.moment(event)),
        "host": _field("host", mapping.host(event) or ""),
        "tags": tags_within(mapping.tags(event), LIMITS).kept,
        "aggregation_key": _field("aggregation_key", mapping.place(event)),
        "attributes": present(attributes),
    }
    return {"data": {"type": "event", "attributes": present(payload)}}


def _author(event: ChangeEvent) -> dict[str, str]:
    person = mapping.creator(event)
    name = person or (event.tool.name if event.tool else "tfevent")
    return {"name": _field("name", name), "type": "user" if person else "automation"}


def _message(event: ChangeEvent) -> str:
    return event.message or event.title


def _field(name: str, text: str) -> str:
    return clip(text, LIMITS.fields[name])


def judge(response: Response) -> Verdict:
    """Return the verdict on a response; a rate limit says in its own header how many seconds to wait."""
    verdict = judge_only(_ACCEPTED, response, wait_header="x-ratelimit-reset")
    if verdict.result is Result.RETRY and verdict.after is None:
        return msgspec.structs.replace(verdict, after=retry_after(response))
    return verdict


DESTINATION = Destination(
    kind="datadog",
    title="Datadog events",
    documentation=(
        "https://docs.datadoghq.com/api/latest/events/post-an-event/",
        "https://docs.datadoghq.com/api/latest/rate-limits/",
        "https://docs.datadoghq.com/getting_started/tagging/",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
    test_kind=test_kind,
)

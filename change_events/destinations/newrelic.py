"""New Relic change tracking: one GraphQL mutation of NerdGraph, ``POST https://api.newrelic.com/graphql``.

* Mutation, arguments, standard categories and the names an attribute may not have:
  https://docs.newrelic.com/docs/change-tracking/config/nerdgraph/. Input types: ``pkg/changetracking/types.go`` of
  https://github.com/newrelic/newrelic-client-go. A change must be within 24 hours of now and belong to one entity.
* NerdGraph takes 25 requests at once of a user, else 429, and as many as one likes one after another:
  https://docs.newrelic.com/docs/apis/nerdgraph/nerdgraph-usage-limits/.
* Failures have status 200 and ``errors``; those that are transient: ``internal/http/graphql.go``.

The lengths of the fields are documented nowhere: too long a text is cut there without a word. Ours are those of the
attributes of custom events (https://docs.newrelic.com/docs/data-apis/custom-data/custom-events/data-requirements-limits-custom-event-data/)
for texts, 255 for names. New Relic takes a change twice if it is sent twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from change_events.destinations.base import (
    CA_FILE,
    Destination,
    Limits,
    Option,
    OptionError,
    Request,
    Response,
    Result,
    Verdict,
    origin_of,
)
from change_events.destinations.shared import mapping
from change_events.destinations.shared.clip import clip, listed
from change_events.destinations.shared.request import address_of, post, present, site_of, text_of, uri
from change_events.destinations.shared.responses import AGAIN, at, judge_status, parsed
from change_events.destinations.shared.size_limit import fitted
from change_events.destinations.shared.timestamps import milliseconds
from change_events.model import Kind, Phase
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent, SealedEvent

_DAY = 86_400
LIMITS = Limits(
    body_bytes=128_000,  # of our choosing: none is documented
    fields={
        "shortDescription": 255,
        "description": 4096,
        "user": 255,
        "groupId": 255,
        "category": 255,
        "type": 255,
        "version": 255,
        "commit": 255,
        "deepLink": 4096,
        "customAttributes value": 4096,
    },
    entries={"customAttributes": 100},
    max_age=_DAY,
    max_ahead=_DAY,
)
REGIONS = {
    "us": "https://api.newrelic.com",
    "eu": "https://api.eu.newrelic.com",
    "jp": "https://api.jp.newrelic.com",
}
MUTATION = (
    "mutation($event: ChangeTrackingCreateEventInput!, $rules: ChangeTrackingDataHandlingRules) "
    "{ changeTrackingCreateEvent(changeTrackingEvent: $event, dataHandlingRules: $rules) "
    "{ changeTrackingEvent { changeTrackingId } messages } }"
)
# Pairs of category and type; of these only Basic, Server Reboot and Other are standard ones.
KINDS = {
    Kind.DEPLOYMENT: ("Deployment", "Basic"),
    Kind.BUILD: ("Deployment Lifecycle", "Build"),
    Kind.BOOT: ("Operational", "Server Reboot"),
    Kind.START: ("Operational", "Service Start"),
    Kind.STOP: ("Operational", "Service Stop"),
    Kind.DRIFT: ("Operational", "Drift"),
    Kind.CUSTOM: ("Operational", "Other"),
}
_PHASES = {Phase.PLANNED: " Plan", Phase.CHECKED: " Check"}
_RULES = {"validationFlags": ["ALLOW_CUSTOM_CATEGORY_OR_TYPE"]}
_DEPLOYMENT, _FLAG = "deployment", "feature flag"
_PASSING = frozenset({"TIMEOUT", "INTERNAL_SERVER_ERROR", "SERVER_ERROR"})
_NO_NAME = lazy_pattern(r"[^A-Za-z0-9_]+")
_NO_VALUE = lazy_pattern(r"['\"\\]|[^\x20-\U0010ffff]")
_LONGEST_NAME = 200
_MOST_OWN = 2000  # characters of a description that are the sender's own

OPTIONS = (
    Option(
        name="api_key",
        type="string",
        required=True,
        secret=True,
        environment="TFEVENT_NEWRELIC_API_KEY",
        help="User key (it begins with NRAK; not a license key).",
    ),
    Option(
        name="entity",
        type="string",
        required=True,
        environment="TFEVENT_NEWRELIC_ENTITY",
        help="Search that finds exactly one entity, for example `name = '{service}' AND domain = 'APM'`; "
        "{service}, {environment} and {host} are replaced with the event's.",
    ),
    Option(
        name="region",
        type="choice",
        choices=tuple(REGIONS),
        default="us",
        environment="TFEVENT_NEWRELIC_REGION",
        help="Region of the account.",
    ),
    Option(name="category", type="string", help="Category of the changes; by default it follows the event's kind."),
    Option(name="type", type="string", help="Type of the changes; by default it follows the event's kind and tool."),
    Option(
        name="url",
        type="url",
        help="Base address of a proxy to use instead of New Relic's; takes precedence over `region`.",
    ),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the API. Raises OptionError."""
    return origin_of(_base(options))


def _base(options: Mapping[str, Any]) -> str:
    return address_of(options, "url", site_of(options, "region", REGIONS))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """Return the request for one event, of at most ``limit`` bytes (default: :data:`LIMITS`). Raises OptionError."""
    key = text_of(options, "api_key")
    entity = _entity(text_of(options, "entity"), sealed.event)
    category, kind = _kind(sealed.event, options)

    def encode(event: ChangeEvent) -> bytes:
        change = _change(event, category, kind) | {"entitySearch": {"query": entity}}
        return msgspec.json.encode({"query": MUTATION, "variables": {"event": change, "rules": _RULES}})

    body = fitted(sealed.event, limit or LIMITS.body_bytes, encode)
    return post(f"{_base(options)}/graphql", body, headers={"Api-Key": key}, secrets=(key,), body_decides=True)


def _entity(query: str, event: ChangeEvent) -> str:
    """The search with the event's own words in it, without what would end a quoted text."""
    for name, value in (
        ("service", event.service),
        ("environment", event.environment),
        ("host", mapping.host(event)),
    ):
        query = query.replace(f"{{{name}}}", _NO_VALUE.sub("", value or ""))
    return query


def _kind(event: ChangeEvent, options: Mapping[str, Any]) -> tuple[str, str]:
    category, kind = KINDS.get(event.kind) or ("Infrastructure", _tool(event) + _PHASES.get(event.phase, ""))
    category = str(options.get("category") or category)
    if category.replace("_", " ").lower() == _FLAG:
        raise OptionError("category: a feature flag needs an id, which events do not have")
    return _field("category", category), _field("type", str(options.get("type") or kind))


def _tool(event: ChangeEvent) -> str:
    return event.tool.name.title() if event.tool else "Change"


def _change(event: ChangeEvent, category: str, kind: str) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": {"category": category, "type": kind}}
    if category.lower() == _DEPLOYMENT:
        data["categoryFields"] = {"deployment": _deployment(event)}
    trace = event.trace
    return present(
        {
            "categoryAndTypeData": data,
            "user": _field("user", mapping.creator(event)),
            "groupId": _field("groupId", (trace.parent_run_id or trace.run_id) if trace else None),
            "timestamp": milliseconds(mapping.moment(event)),
            "shortDescription": _field("shortDescription", event.title),
            "description": _description(event),
            "customAttributes": _attributes(event),
        }
    )


def _description(event: ChangeEvent) -> str:
    """The sender's own words first, then how it went."""
    own = mapping.text_within(mapping.own_message(event), _MOST_OWN)
    lines = [*own.splitlines(), mapping.paragraph(event), *mapping.worst(event)]
    return listed(lines, LIMITS.fields["description"])


def _deployment(event: ChangeEvent) -> dict[str, str]:
    """What a deployment must say; where no version is known, its commit is one."""
    commit = event.vcs.commit if event.vcs else None
    found = {
        "version": _field("version", event.version or (commit or "")[:12] or "unknown"),
        "commit": _field("commit", commit),
        "deepLink": _link(event),
    }
    return present(found)


def _link(event: ChangeEvent) -> str:
    """The page of the run; half an address is none."""
    url = uri(mapping.run_url(event) or "")
    return url if len(url) <= LIMITS.fields["deepLink"] else ""


def _field(name: str, text: str | None) -> str:
    return clip(text or "", LIMITS.fields[name])


def _attributes(event: ChangeEvent) -> dict[str, str | int]:
    """All names begin with ``tfevent_``: many others mean something to New Relic or its query language."""
    named: dict[str, str | int] = dict(mapping.details(event))
    named |= {f"tag_{name}": value for name, value in event.tags.items() if value}
    most = LIMITS.fields["customAttributes value"]
    found = {
        "tfevent_" + _NO_NAME.sub("_", name)[:_LONGEST_NAME]: clip(value, most) if isinstance(value, str) else value
        for name, value in named.items()
    }
    return dict(list(found.items())[: LIMITS.entries["customAttributes"]])


def judge(response: Response) -> Verdict:
    """Return the verdict on a response: only a change with an id is one, whatever the status."""
    verdict = judge_status(response)
    if verdict.result is not Result.DELIVERED:
        return verdict
    content = parsed(response)
    change = at(content, "data", "changeTrackingCreateEvent")
    errors = at(content, "errors")
    if at(change, "changeTrackingEvent", "changeTrackingId"):
        remarks = errors or at(change, "messages")
        return Verdict(Result.DELIVERED, "it had remarks on the change" if remarks else "")
    if not isinstance(errors, list) or not errors:
        return Verdict(Result.PARK, "not a response of NerdGraph; check `url` and `region`")
    return _judge_errors(errors)


def _judge_errors(errors: list[Any]) -> Verdict:
    if any(at(error, "extensions", "errorClass") in _PASSING for error in errors):
        return Verdict(Result.RETRY, "transient error of New Relic")
    if any(at(error, "extensions", "error_code") == "BAD_API_KEY" for error in errors):
        return Verdict(Result.PARK, f"the user key is not accepted; correct it, {AGAIN}")
    return Verdict(Result.PARK, "it refused the change; check that `entity` finds exactly one entity")


DESTINATION = Destination(
    kind="newrelic",
    title="New Relic change tracking",
    documentation=(
        "https://docs.newrelic.com/docs/change-tracking/config/nerdgraph/",
        "https://docs.newrelic.com/docs/apis/nerdgraph/nerdgraph-usage-limits/",
        "https://docs.newrelic.com/docs/data-apis/custom-data/custom-events/data-requirements-limits-custom-event-data/",
        "https://github.com/newrelic/newrelic-client-go",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
)

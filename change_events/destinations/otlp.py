"""OpenTelemetry: one log record with an event name, over OTLP/HTTP in JSON.

* Protocol and answers: https://opentelemetry.io/docs/specs/otlp/ (keys in lowerCamelCase, 64-bit numbers as text,
  ids in hex, enumerations as numbers; 429, 502, 503 and 504 are retried, nothing else; a partial success is not).
* An event is a log record with ``eventName``: https://opentelemetry.io/docs/specs/otel/logs/data-model/.
* Attributes: https://opentelemetry.io/docs/specs/semconv/ (deployment, cicd, vcs, service, host, user). They define no
  event for a change of infrastructure, so the name is ours: ``tfevent.<kind>.<stage>``. Where they have no attribute
  either, ours begin with ``tfevent.``.

The protocol sets no size; collectors take 64 MiB by default. Backends behind them take less, hence our own bounds.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

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
from change_events.destinations.shared.clip import clip, utf8
from change_events.destinations.shared.clouds import only_cloud, place_details
from change_events.destinations.shared.request import address_of, post, present
from change_events.destinations.shared.responses import judge_no_page, parsed
from change_events.destinations.shared.size_limit import fitted
from change_events.destinations.shared.timestamps import nanoseconds
from change_events.model import Kind, Outcome, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent, SealedEvent

LIMITS = Limits(body_bytes=1_000_000)
_PATH = "/v1/logs"
_MOST_LINES = 50
_MESSAGE_BYTES = 16_000
_RETRY = frozenset({429, 502, 503, 504})
_SEVERITIES = {Severity.INFO: (9, "INFO"), Severity.WARNING: (13, "WARN"), Severity.ERROR: (17, "ERROR")}
_RESULTS = {
    Outcome.SUCCEEDED: "success",
    Outcome.NO_CHANGE: "success",
    Outcome.PARTIAL: "failure",
    Outcome.FAILED: "failure",
    Outcome.CANCELLED: "cancellation",
    Outcome.DECLINED: "cancellation",
    Outcome.UNKNOWN: "error",
}
_STATUSES = {Outcome.SUCCEEDED: "succeeded", Outcome.PARTIAL: "failed", Outcome.FAILED: "failed"}
# details that have an attribute of the conventions
_STANDARD = {
    "environment",
    "service",
    "version",
    "host",
    "repository",
    "branch",
    "commit",
    "run_url",
    "creator",
    "pull_request",
    "account",
    "region",
}
_CLOUDS = {"aws": "aws", "azure": "azure", "google": "gcp"}  # cloud.provider of the conventions

OPTIONS = (
    Option(
        name="endpoint",
        type="url",
        required=True,
        environment="TFEVENT_OTLP_ENDPOINT",
        help="Base address of the collector, such as http://localhost:4318; /v1/logs is added where it is not there.",
    ),
    Option(
        name="headers",
        type="string-map",
        secret=True,
        help="More headers, such as the Authorization or API key that a vendor asks for.",
    ),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of the collector. Raises OptionError."""
    return origin_of(address_of(options, "endpoint"))


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """Return the request for one event, of at most ``limit`` bytes (default: :data:`LIMITS`). Raises OptionError."""
    endpoint = address_of(options, "endpoint")
    observed = str(int(time.time() * 1000) * 1_000_000)
    body = fitted(
        sealed.event, limit or LIMITS.body_bytes, lambda event: msgspec.json.encode(document(event, observed))
    )
    headers = {str(name): str(value) for name, value in dict(options.get("headers") or {}).items()}
    url = endpoint if urlsplit(endpoint).path.endswith(_PATH) else endpoint + _PATH
    return post(url, body, headers=headers, secrets=tuple(headers.values()), body_decides=True)


def document(event: ChangeEvent, observed: str) -> dict[str, Any]:
    """The ``ExportLogsServiceRequest`` of one event; ``observed`` is now, in nanoseconds."""
    from change_events import __version__

    logs = {"scope": {"name": "tfevent", "version": __version__}, "logRecords": [_record(event, observed)]}
    resource = {"attributes": _attributes(_resource(event))}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [logs]}]}


def _record(event: ChangeEvent, observed: str) -> dict[str, Any]:
    number, text = _SEVERITIES[event.severity]
    trace = event.trace
    ids = {"traceId": trace.trace_id, "spanId": trace.span_id} if trace and trace.trace_id else {}
    return present(
        {
            "timeUnixNano": nanoseconds(mapping.moment(event)),
            "observedTimeUnixNano": observed,
            "severityNumber": number,
            "severityText": text,
            "eventName": f"tfevent.{event.kind.value}.{mapping.stage(event)}",
            "body": {"stringValue": event.title},
            "attributes": _attributes(_facts(event)),
            **ids,
        }
    )


def _resource(event: ChangeEvent) -> dict[str, Any]:
    """What the event is about; tfevent itself where no service is named."""
    repository = mapping.repository(event)
    return {
        "service.name": event.service or "tfevent",
        "service.version": event.version,
        "deployment.environment.name": event.environment,
        "host.name": mapping.host(event),
        "vcs.repository.url.full": repository.url,
        "vcs.repository.name": repository.name,
        "vcs.owner.name": repository.owner,
    }


def _facts(event: ChangeEvent) -> dict[str, Any]:
    """Attributes of the record: the conventions' own first, then ours."""
    vcs, ci = event.vcs, event.actor.ci if event.actor else None
    cloud, account, region = only_cloud(event)
    standard = {
        "cicd.pipeline.run.id": (ci.run_id if ci else None) or (event.trace.run_id if event.trace else None),
        "cicd.pipeline.run.url.full": mapping.run_url(event),
        "cicd.pipeline.result": _RESULTS[event.outcome] if event.outcome else None,
        "deployment.status": _STATUSES.get(event.outcome) if event.outcome and _deploys(event) else None,
        "vcs.ref.head.name": vcs.branch if vcs else None,
        "vcs.ref.head.revision": vcs.commit if vcs else None,
        "vcs.change.id": mapping.pull_request(event),
        "user.name": mapping.creator(event),
        "cloud.provider": _CLOUDS.get(cloud),
        "cloud.account.id": account,
        "cloud.region": region,
    }
    ours = {f"tfevent.{name}": fact for name, fact in mapping.details(event).items() if name not in _STANDARD}
    places = {"account": account, "region": region}  # of several, ours has them all
    ours |= {f"tfevent.{name}": text for name, text in place_details(event).items() if text and not places[name]}
    return {
        **standard,
        **ours,
        **{f"tfevent.tag.{name}": value for name, value in event.tags.items()},
        "tfevent.changed_hosts": mapping.changed_hosts(event)[: mapping.MOST_HOSTS],
        "tfevent.message": clip(event.message, _MESSAGE_BYTES, utf8),
        "tfevent.lines": mapping.worst(event, _MOST_LINES),
        "tfevent.truncated": event.truncated.note if event.truncated else None,
    }


def _deploys(event: ChangeEvent) -> bool:
    return event.kind in {Kind.DEPLOYMENT, Kind.INFRASTRUCTURE} and mapping.stage(event) == "finished"


def _attributes(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(fact)} for name, fact in present(facts).items()]


def _value(fact: Any) -> dict[str, Any]:
    """An ``AnyValue`` of a text, a whole number or a list of texts."""
    if isinstance(fact, int):
        return {"intValue": str(fact)}
    if isinstance(fact, list):
        return {"arrayValue": {"values": [_value(item) for item in fact]}}
    return {"stringValue": str(fact)}


def judge(response: Response) -> Verdict:
    """Return the verdict on a response; one that rejects the only record is parked: the protocol forbids a retry."""
    verdict = judge_no_page(response, retry=_RETRY)
    if verdict.result is not Result.DELIVERED:
        return verdict
    content = parsed(response)
    partial = content.get("partialSuccess") if isinstance(content, dict) else None
    if not isinstance(partial, dict) or not partial:
        return verdict
    if str(partial.get("rejectedLogRecords") or "0") != "0":
        return Verdict(Result.PARK, "it rejected the event (partial success)")
    return Verdict(Result.DELIVERED, "taken with a warning" if partial.get("errorMessage") else "")


DESTINATION = Destination(
    kind="otlp",
    title="OpenTelemetry (OTLP/HTTP logs)",
    documentation=(
        "https://opentelemetry.io/docs/specs/otlp/",
        "https://opentelemetry.io/docs/specs/otel/logs/data-model/",
        "https://opentelemetry.io/docs/specs/semconv/",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
)

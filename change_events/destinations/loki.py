"""Grafana Loki: one line of JSON for each event, ``POST /loki/api/v1/push``.

Format and answers: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs; what is refused and why:
https://grafana.com/docs/loki/latest/operations/request-validation-rate-limits/; the limits are the defaults of
https://grafana.com/docs/loki/latest/configure/#limits_config. Times are texts of nanoseconds.

Labels make streams and are few, each with few values: ``job``, ``env``, ``service``, ``tool``, ``kind``. All else that
is short is structured metadata, which is searched without parsing the line: ``{job="tfevent"} | outcome="failed"``.

Loki takes a line only if its stream has none that is more than an hour newer (half of ``max_chunk_age``): what waited
longer than that in the outbox may be refused, and is parked. 260 is the answer while an administrator blocks ingestion:
a success in HTTP's terms, and yet nothing is stored.
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
from change_events.destinations.shared.clip import clip, utf8
from change_events.destinations.shared.request import address_of, basic_login, post, present
from change_events.destinations.shared.responses import AGAIN, judge_no_page
from change_events.destinations.shared.size_limit import fitted
from change_events.destinations.shared.timestamps import iso, nanoseconds
from change_events.model import Severity
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.destinations.shared.request import Login
    from change_events.model import ChangeEvent, SealedEvent

_KB = 1024
_DAY = 86_400
LIMITS = Limits(
    body_bytes=250_000,  # of one line's 256 KB: the body holds the line, escaped, and all else
    field_bytes={"label": 2048, "structured metadata": 64 * _KB},
    entries={"labels": 15, "structured metadata": 128},
    max_age=7 * _DAY,
    max_ahead=600,
)
_METADATA = 1000  # bytes of one value; there are about thirty
_MOST_OWN_LABELS = LIMITS.entries["labels"] - 5
_LABEL = lazy_pattern(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
_LEVELS = {Severity.INFO: "info", Severity.WARNING: "warn", Severity.ERROR: "error"}
_TAKEN = {200, 202, 204}  # Loki answers 204; what is compatible with it, the others too

_REFUSED = {
    b"too far behind": "Loki has newer lines in this stream and takes none so much older; split it by `labels`",
    b"out of order": "Loki has newer lines in this stream and takes them in order only; split it by `labels`",
    b"timestamp too old": "the event is older than Loki takes (reject_old_samples_max_age)",
    b"timestamp too new": "the event lies in the future; check the clock of this host",
    b"structured metadata, but": f"this Loki takes no structured metadata; set `metadata: none`, {AGAIN}",
    b"missing required labels": f"this Loki requires other labels; set them in `labels`, {AGAIN}",
    b"no org id": f"this Loki has tenants; set `tenant`, {AGAIN}",
}

OPTIONS = (
    Option(
        name="url",
        type="url",
        required=True,
        environment="TFEVENT_LOKI_URL",
        help="Base address of Loki, without `/loki/api/v1/push`.",
    ),
    Option(
        name="tenant",
        type="string",
        environment="TFEVENT_LOKI_TENANT",
        help="Tenant (X-Scope-OrgID), where Loki has several; not for Grafana Cloud.",
    ),
    Option(
        name="user",
        type="string",
        environment="TFEVENT_LOKI_USER",
        help="User of the basic authentication; in Grafana Cloud the number of the Loki instance.",
    ),
    Option(
        name="password",
        type="string",
        secret=True,
        environment="TFEVENT_LOKI_PASSWORD",
        help="Password of `user`; in Grafana Cloud an access policy token with the scope `logs:write`.",
    ),
    Option(
        name="labels",
        type="string-map",
        help="More labels, the same for each event, or other values for ours; each must have few values.",
    ),
    Option(
        name="metadata",
        type="choice",
        choices=("structured", "none"),
        default="structured",
        help="Whether short fields are also structured metadata; `none` where Loki does not take any.",
    ),
    Option(name="headers", type="string-map", secret=True, help="More headers, for example of a gateway."),
    CA_FILE,
)


def origin(options: Mapping[str, Any]) -> str:
    """Return scheme and host of Loki. Raises OptionError."""
    return origin_of(address_of(options, "url"))


def check(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Whether the labels are labels, and user and password come together."""
    given = _own_labels(options)
    bad = [name for name in given if not _LABEL.fullmatch(name)]
    if bad:
        return (f"labels: {bad[0]!r} is not a label name: expected letters, digits and _",)
    if len(given) > _MOST_OWN_LABELS:
        return (f"labels: expected at most {_MOST_OWN_LABELS}",)
    lacking = [name for name in ("user", "password") if not options.get(name)]
    return (f"{lacking[0]}: missing; user and password go together",) if len(lacking) == 1 else ()


def _own_labels(options: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in dict(options.get("labels") or {}).items()}


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> Request:
    """Return the request for one event, of at most ``limit`` bytes (default: :data:`LIMITS`). Raises OptionError."""
    for problem in check(options):
        raise OptionError(problem)
    url = f"{address_of(options, 'url')}/loki/api/v1/push"
    body = fitted(sealed.event, limit or LIMITS.body_bytes, lambda event: msgspec.json.encode(document(event, options)))
    login, tenant = _login(options), str(options.get("tenant") or "")
    extra = {str(name): str(value) for name, value in dict(options.get("headers") or {}).items()}
    headers = {"Authorization": login.header if login else None, "X-Scope-OrgID": tenant}
    secrets = (*(login.secrets if login else ()), *extra.values())
    return post(url, body, headers=present(headers) | extra, secrets=secrets)


def _login(options: Mapping[str, Any]) -> Login | None:
    user, password = (str(options.get(name) or "") for name in ("user", "password"))
    return basic_login(user, password) if user else None


def document(event: ChangeEvent, options: Mapping[str, Any]) -> dict[str, Any]:
    """One stream with one line."""
    moment = nanoseconds(mapping.moment(event))
    labels = _labels(event, _own_labels(options))
    entry: list[Any] = [moment, msgspec.json.encode(line(event)).decode()]
    if options.get("metadata") != "none":
        entry.append({name: value for name, value in _metadata(event).items() if name not in labels})
    return {"streams": [{"stream": labels, "values": [entry]}]}


def _labels(event: ChangeEvent, own: Mapping[str, str]) -> dict[str, str]:
    found = {
        "job": "tfevent",
        "env": event.environment,
        "service": event.service,
        "tool": event.tool.name if event.tool else None,
        "kind": event.kind.value,
    } | dict(own)
    most = LIMITS.field_bytes["label"]
    return {name: clip(value, most, utf8) for name, value in found.items() if value}


def _metadata(event: ChangeEvent) -> dict[str, str]:
    """Short fields as texts; ``level`` is what Grafana colours lines by."""
    trace = event.trace
    found = {
        **mapping.details(event),
        "level": _LEVELS[event.severity],
        "trace_id": trace.trace_id if trace else None,
        "span_id": trace.span_id if trace else None,
    }
    return {name: clip(str(value), _METADATA, utf8) for name, value in present(found).items()}


def line(event: ChangeEvent) -> dict[str, Any]:
    """The line: flat fields, so that LogQL's ``json`` finds them, then lists of what happened."""
    details = {
        "level": _LEVELS[event.severity],
        "title": event.title,
        **mapping.details(event),
        "started_at": iso(event.started_at),
        "ended_at": iso(event.ended_at) if event.ended_at else None,
        "message": event.message if event.message != event.title else None,
        "changes": mapping.worst(event),
        "links": [link.url for link in mapping.links(event)],
        "tags": dict(event.tags),
        "truncated": event.truncated.note if event.truncated else None,
    }
    return present(details)


def judge(response: Response) -> Verdict:
    """Return the verdict on a response; of a refusal by what Loki says of it."""
    status = response.status
    if response.well:
        verdict = judge_no_page(response)
        if verdict.result is not Result.DELIVERED or status in _TAKEN:
            return verdict
        return Verdict(Result.PARK, f"it stores nothing ({status}): ingestion is blocked; when it is not, {AGAIN}")
    if status in {400, 401}:
        said = response.body.lower()
        if b"max entry size" in said or b"structured metadata too large" in said:
            return Verdict(Result.SHRINK, f"the event is too large for this Loki ({status})")
        for words, reason in _REFUSED.items():
            if words in said:
                return Verdict(Result.PARK, reason)
    return judge_no_page(response)


DESTINATION = Destination(
    kind="loki",
    title="Grafana Loki",
    documentation=(
        "https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs",
        "https://grafana.com/docs/loki/latest/operations/request-validation-rate-limits/",
        "https://grafana.com/docs/loki/latest/configure/#limits_config",
        "https://grafana.com/docs/loki/latest/get-started/labels/structured-metadata/",
    ),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
    check=check,
)

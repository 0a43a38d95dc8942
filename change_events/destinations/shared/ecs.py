"""Maps an event to the Elastic Common Schema, with an index template.

https://www.elastic.co/docs/reference/ecs: field names, and which values ``event.category``, ``event.type`` and
``event.outcome`` may have. Data without a field is below ``tfevent``. The event's own tags become ``tags``
(``name:value``), never field names: an index with 1,000 fields rejects documents with new ones. The whole
event is stored as text in ``event.original``, which is not indexed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from change_events.destinations.shared import mapping
from change_events.destinations.shared.clip import clip, listed
from change_events.destinations.shared.clouds import only_cloud
from change_events.destinations.shared.request import present
from change_events.destinations.shared.timestamps import iso
from change_events.model import Kind, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import ChangeEvent

VERSION = "8.17.0"
KEYWORD = 1024  # characters that ECS has indexed of a keyword (`ignore_above`); a longer one is not found at all
_TEXT = 8000  # characters of our own texts
_NANOSECONDS = 1_000_000  # of a millisecond
_OUTCOMES = {
    Outcome.SUCCEEDED: "success",
    Outcome.NO_CHANGE: "success",
    Outcome.FAILED: "failure",
    Outcome.PARTIAL: "failure",
}
_CATEGORIES = {
    Kind.INFRASTRUCTURE: "configuration",
    Kind.DEPLOYMENT: "configuration",
    Kind.DRIFT: "configuration",
    Kind.BOOT: "host",
    Kind.START: "process",
    Kind.STOP: "process",
}
_CLOUDS = {"aws": "aws", "azure": "azure", "google": "gcp"}
_TYPES = {Kind.DEPLOYMENT: "change", Kind.BOOT: "start", Kind.START: "start", Kind.STOP: "end"}


def document(event: ChangeEvent) -> dict[str, Any]:
    """Return the document of one event."""
    trace = event.trace
    found = {
        "@timestamp": iso(mapping.moment(event)),
        "message": event.title or event.kind.value,
        "tags": _keywords(*mapping.tags(event)),
        "ecs": {"version": VERSION},
        "log": {"level": event.severity.value},
        "event": _event(event),
        "user": present({"name": _keyword(mapping.creator(event))}),
        "host": present({"name": _keyword(mapping.host(event))}),
        "service": present(
            {
                "name": _keyword(event.service),
                "version": _keyword(event.version),
                "environment": _keyword(event.environment),
            }
        ),
        "cloud": _cloud(event),
        "related": present({"hosts": _hosts(event)}),
        "error": present({"message": _errors(event)}),
        "trace": present({"id": trace.trace_id if trace else None}),
        "span": present({"id": trace.span_id if trace else None}),
        "tfevent": _own(event),
    }
    return present(found)


def _cloud(event: ChangeEvent) -> dict[str, Any]:
    name, account, region = only_cloud(event)
    return present(
        {"provider": _CLOUDS.get(name), "account": present({"id": _keyword(account)}), "region": _keyword(region)}
    )


def _event(event: ChangeEvent) -> dict[str, Any]:
    tool, took = event.tool.name if event.tool else None, mapping.duration_ms(event)
    category = _CATEGORIES.get(event.kind)
    return present(
        {
            "id": event.id,
            "kind": "event",
            "category": [category] if category else None,
            "type": _types(event),
            "action": _keyword(f"{tool or event.kind.value}-{mapping.stage(event)}"),
            "outcome": _OUTCOMES.get(event.outcome, "unknown") if event.outcome else None,
            "start": iso(event.started_at),
            "end": iso(event.ended_at) if event.ended_at else None,
            "duration": None if took is None else took * _NANOSECONDS,
            "provider": _keyword(tool),
            "module": "tfevent",
            "dataset": "tfevent.change",
            "url": _keyword(mapping.run_url(event)),
            "original": msgspec.json.encode(event).decode(),
        }
    )


def _types(event: ChangeEvent) -> list[str]:
    """Return ``event.type``; planned and running changes are ``info``."""
    if mapping.stage(event) != "finished":
        return ["info"]
    if event.kind is not Kind.INFRASTRUCTURE:
        return [_TYPES.get(event.kind, "info")]
    done = mapping.counts(event)
    happened = {
        "creation": done.create,
        "change": done.update + done.replace + done.change,
        "deletion": done.destroy,
    }
    return [name for name, number in happened.items() if number] or ["info"]


def _own(event: ChangeEvent) -> dict[str, Any]:
    tool, vcs, trace = event.tool, event.vcs, event.trace
    return present(
        {
            "kind": event.kind.value,
            "phase": event.phase.value,
            "stage": mapping.stage(event),
            "outcome": event.outcome.value if event.outcome else None,
            "run_id": _keyword(trace.run_id) if trace else None,
            "parent_run_id": _keyword(trace.parent_run_id) if trace else None,
            "tool_version": _keyword(tool.version) if tool else None,
            "workspace": _keyword(tool.workspace) if tool else None,
            "repository": _keyword(mapping.repository(event).path),
            "branch": _keyword(vcs.branch) if vcs else None,
            "commit": _keyword(vcs.commit) if vcs else None,
            "commit_url": _keyword(vcs.commit_url) if vcs else None,
            "pull_request": _keyword(mapping.pull_request(event)),
            "message": clip(mapping.own_message(event), _TEXT),
            "changed_hosts": _keywords(*mapping.changed_hosts(event)[: mapping.MOST_HOSTS]),
            **(mapping.figures(event) if mapping.changes_things(event) else {}),
            **mapping.playbook_figures(event),
            "addresses": _keywords(*(change.address for change in event.changes)),
            "signals": _keywords(*(signal.name for signal in event.signals)),
            "summary": listed([mapping.paragraph(event), *mapping.worst(event)], _TEXT),
            "truncated": event.truncated.note if event.truncated else None,
        }
    )


def _hosts(event: ChangeEvent) -> list[str]:
    """Return the host of the run and those of a playbook run."""
    return _keywords(mapping.host(event), *(host.name for host in event.hosts))


def _errors(event: ChangeEvent) -> str:
    lines = [f"{f.address}: {f.summary}" if f.address else f.summary for f in event.failures]
    return listed(lines, _TEXT)


def _keyword(text: str | None) -> str | None:
    return clip(text, KEYWORD) if text else None


def _keywords(*texts: str | None) -> list[str]:
    return list(dict.fromkeys(clip(text, KEYWORD) for text in texts if text))


def template(pattern: str, *, data_stream: bool) -> dict[str, Any]:
    """Return an index template for the pattern, with precedence over those shipped with Elasticsearch.

    Its types exist in Elasticsearch and OpenSearch. Texts without a rule are keywords, never dates.
    """
    keywords = {"match_mapping_type": "string", "mapping": {"type": "keyword", "ignore_above": KEYWORD}}
    mappings = {"date_detection": False, "dynamic_templates": [{"strings": keywords}], "properties": _PROPERTIES}
    return {
        "index_patterns": [pattern],
        "priority": 501,
        "template": {"mappings": mappings},
        "_meta": {"description": "Change events of tfevent"},
    } | ({"data_stream": {}} if data_stream else {})


def _of_type(*names: str, **definition: object) -> dict[str, Mapping[str, object]]:
    return dict.fromkeys(names, definition)


_PROPERTIES: dict[str, Any] = {
    **_of_type("@timestamp", type="date"),
    **_of_type("message", type="text"),
    "error": {"properties": _of_type("message", type="text")},
    "event": {
        "properties": _of_type("start", "end", type="date")
        | _of_type("duration", type="long")
        | _of_type("original", type="keyword", index=False, doc_values=False)
    },
    "tfevent": {"properties": _of_type("message", "summary", "truncated", type="text")},
}

"""Maps an event to CDEvents 0.5.1 (https://github.com/cdevents/spec/tree/v0.5.1, ``schemas/``).

Each of their types has a closed content of few fields: the whole event is sent as ``customData``. A kind without a
type (a boot, a start, a stop) is a custom event, ``dev.cdeventsx.tfevent-…``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from change_events.destinations.shared import mapping
from change_events.destinations.shared.clip import clip
from change_events.destinations.shared.request import present, uri
from change_events.destinations.shared.timestamps import iso
from change_events.model import Counts, Kind, Outcome, Phase

if TYPE_CHECKING:
    from change_events.model import ChangeEvent

VERSION = "0.5.1"
_OURS = "tfevent-"
_LONGEST_ID = 200  # characters
_LONGEST_URI = 2000
_LONGEST_ERRORS = 1000
_CUSTOM = {
    Kind.BOOT: "host.booted",
    Kind.START: "service.started",
    Kind.STOP: "service.stopped",
    Kind.DRIFT: "drift.detected",
    Kind.CUSTOM: "event.occurred",
}
_OUTCOMES = {
    Outcome.SUCCEEDED: "success",
    Outcome.NO_CHANGE: "success",
    Outcome.PARTIAL: "failure",
    Outcome.FAILED: "failure",
    Outcome.CANCELLED: "cancel",
    Outcome.DECLINED: "cancel",
    Outcome.UNKNOWN: "error",
}
_REMOVALS = {"remove": "removed", "rollback": "rolledback"}


class TypedSubject(NamedTuple):
    """A type without prefix and version, and its subject: an id and the content that its schema allows.

    Without a content, it is a custom type whose content is made from the event.
    """

    type: str
    subject: str
    content: dict[str, Any] | None


class Frame(NamedTuple):
    """A CDEvent without its custom data, derived from the whole event."""

    context: dict[str, Any]
    subject: dict[str, Any]


def frame(event: ChangeEvent, source: str) -> Frame:
    """Return the most specific CDEvent that is true of ``event``; ``source`` is a URI reference.

    Type and subject depend on what a limit may cut (``data.action``), so this takes the whole event.
    """
    typed = _typed_subject(event)
    kind = f"dev.cdeventsx.{typed.type}.0.1.0" if typed.content is None else f"dev.cdevents.{typed.type}.0.3.0"
    context = {
        "specversion": VERSION,
        "id": mapping.delivery_id(event),
        "source": source,
        "type": kind,
        "timestamp": iso(mapping.moment(event)),
        "chainId": event.trace.trace_id if event.trace else None,
    }
    subject: dict[str, Any] = {"id": clip(typed.subject, _LONGEST_ID), "source": source}
    return Frame(present(context), subject if typed.content is None else {**subject, "content": present(typed.content)})


def document(framed: Frame, event: ChangeEvent) -> dict[str, Any]:
    """Return the CDEvent with ``event`` (possibly truncated) as its custom data."""
    subject = framed.subject
    return {
        "context": framed.context,
        "subject": subject if "content" in subject else subject | {"content": mapping.details(event)},
        "customData": event,
        "customDataContentType": "application/json",
    }


def _typed_subject(event: ChangeEvent) -> TypedSubject:
    if event.kind in _CUSTOM:
        name = event.service or mapping.host(event) or event.id
        return TypedSubject(f"{_OURS}{_CUSTOM[event.kind]}", name, None)
    if event.kind is Kind.BUILD:
        artifact = {"artifactId": _artifact(event)} if event.outcome is Outcome.SUCCEEDED else {}
        return TypedSubject("build.started" if event.outcome is None else "build.finished", _run(event), artifact)
    if event.outcome is Outcome.SUCCEEDED and event.phase is Phase.APPLIED and event.environment:
        if event.kind is Kind.INFRASTRUCTURE:
            return TypedSubject(
                f"environment.{_of_environment(event)}",
                event.environment,
                {"name": clip(event.environment, _LONGEST_ID)},
            )
        if service := _of_service(event, event.environment):
            return service
    return _task_run(event)


def _of_environment(event: ChangeEvent) -> str:
    """Return created if the run found nothing there, deleted if it destroyed everything, otherwise modified."""
    counts = event.summary.counts
    if event.partial:
        return "modified"
    if counts.create and counts == Counts(create=counts.create, outputs=counts.outputs, read=counts.read):
        return "created"
    if counts.destroy and counts == Counts(destroy=counts.destroy, outputs=counts.outputs, read=counts.read):
        return "deleted"
    return "modified"


def _of_service(event: ChangeEvent, environment: str) -> TypedSubject | None:
    """Return the change of a service if the event names it with a version (except for a removal)."""
    if not event.service:
        return None
    there = {"id": clip(environment, _LONGEST_ID)}
    said = _REMOVALS.get(str(event.data.get("action")))
    if said == "removed":
        return TypedSubject("service.removed", event.service, {"environment": there})
    artifact = _artifact(event)
    if artifact is None:
        return None
    upgraded = "upgraded" if event.vcs and event.vcs.previous else "deployed"
    return TypedSubject(f"service.{said or upgraded}", event.service, {"environment": there, "artifactId": artifact})


def _artifact(event: ChangeEvent) -> str | None:
    """Return the package URL of the event (``data.artifactId``), otherwise a generic one of service and version."""
    named = event.data.get("artifactId")
    if isinstance(named, str) and named.startswith("pkg:") and len(named) <= _LONGEST_URI:
        return named
    if not (event.service and event.version):
        return None
    service, version = (quote(clip(text, _LONGEST_ID), safe="") for text in (event.service, event.version))
    return f"pkg:generic/{service}@{version}"


def _task_run(event: ChangeEvent) -> TypedSubject:
    parent = event.trace.parent_run_id if event.trace else None
    page = uri(mapping.run_url(event) or "")
    content = {
        "taskName": clip(event.tool.name, _LONGEST_ID) if event.tool else event.kind.value,
        "uri": page if len(page) <= _LONGEST_URI else None,
        "pipelineRun": {"id": clip(parent, _LONGEST_ID)} if parent else None,
    }
    if event.outcome is None:
        return TypedSubject("taskrun.started", _run(event), content)
    errors = clip("; ".join(failure.summary for failure in event.failures), _LONGEST_ERRORS)
    return TypedSubject(
        "taskrun.finished", _run(event), content | {"outcome": _OUTCOMES[event.outcome], "errors": errors}
    )


def _run(event: ChangeEvent) -> str:
    return event.trace.run_id if event.trace else event.id

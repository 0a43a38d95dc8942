"""What a new event leaves open: filled in from the settings, the trace and the surroundings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from change_events.model import Trace
from change_events.text.placeholders import filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.context import Context
    from change_events.model import Actor, ChangeEvent
    from change_events.redact import Redactor


class Defaults(Protocol):
    """The settings that hold for every event of a run."""

    @property
    def environment(self) -> str | None:
        """Of the event; may hold placeholders."""

    @property
    def service(self) -> str | None:
        """Likewise."""

    @property
    def tags(self) -> dict[str, str]:
        """Of every event."""


def trace_of(event_id: str, begun: Mapping[str, Any]) -> Trace:
    """The trace of an event from what :func:`change_events.trace.begin` returns; other keys are ignored."""
    parts = {name: begun[name] for name in ("trace_id", "span_id", "parent_span_id", "parent_run_id")}
    return Trace(run_id=event_id, unit=bool(begun.get("unit")), **parts)


def stamp(
    event: ChangeEvent,
    settings: Defaults,
    redactor: Redactor,
    context: Context | None,
    *,
    trace: Mapping[str, Any],
    **values: str | None,
) -> ChangeEvent:
    """Fill in environment, service, tags, trace, actor, commit and links; what the event says itself takes precedence.

    Args:
        event: redacted.
        settings: the usable part of the settings.
        redactor: has seen the secrets of the environment.
        context: what was detected, redacted; None leaves actor, commit and links as they are.
        trace: of the run (:func:`change_events.trace.begin`).
        values: what the placeholders of the settings stand for: ``workspace``, ``directory``.
    """

    def default(text: str | None) -> str | None:
        text = filled(text, **values)
        return redactor.text(text) if text else None

    event = msgspec.structs.replace(
        event,
        environment=event.environment or default(settings.environment),
        service=event.service or default(settings.service),
        tags={**settings.tags, **event.tags},
        trace=event.trace or trace_of(event.id, trace),
    )
    if context is None:
        return event
    own = {link.url for link in event.links}
    return msgspec.structs.replace(
        event,
        actor=_joined(event.actor, context.actor),
        vcs=event.vcs or context.vcs,
        links=(*event.links, *(link for link in context.links if link.url not in own)),
    )


def _joined(own: Actor | None, detected: Actor) -> Actor:
    if own is None:
        return detected
    return msgspec.structs.replace(
        own, user=own.user or detected.user, host=own.host or detected.host, ci=own.ci or detected.ci
    )

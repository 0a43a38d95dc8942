"""The data that stores keep of an event beside its body: listed columns, searched text, hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.journal.records import to_micros

if TYPE_CHECKING:
    from change_events.journal.records import RecordState
    from change_events.model import ChangeEvent

_SEARCH_CHARS = 8_000


def columns_of(event: ChangeEvent, state: RecordState) -> tuple[object, ...]:
    """Return the values of :class:`~change_events.journal.records.Columns`."""
    return (
        event.id,
        state.value,
        to_micros(event.started_at),
        None if event.ended_at is None else to_micros(event.ended_at),
        event.kind.value,
        event.phase.value,
        None if event.outcome is None else event.outcome.value,
        event.severity.value,
        event.environment,
        event.service,
        None if event.tool is None else event.tool.name,
        event.title,
        None if event.trace is None else event.trace.run_id,
        None if event.trace is None else event.trace.parent_run_id,
        event.dedup_key,
    )


def search_text(event: ChangeEvent) -> str:
    """Return the text that `--text` searches, in lower case."""
    parts = [event.title, event.environment, event.service, *event.tags.values()]
    if event.actor is not None:
        parts += [event.actor.user, event.actor.host]
    if event.vcs is not None:
        parts += [event.vcs.repository, event.vcs.branch, event.vcs.commit, event.vcs.subject]
    if event.tool is not None:
        parts += [event.tool.command, event.tool.directory]
    for cloud in event.clouds:
        parts += [*cloud.accounts, *cloud.regions]
    parts.append(event.message[: _SEARCH_CHARS // 2])
    for change in event.changes[: _SEARCH_CHARS // 8]:
        parts += [change.address, change.id, change.previous_id, change.import_id, *change.identity.values()]
    return "\n".join(part for part in parts if part)[:_SEARCH_CHARS].casefold()


def hosts_of(event: ChangeEvent) -> set[str]:
    """Return the hosts of an event: those of a playbook, and the machine that sent an explicit event."""
    own = {event.actor.host} if event.explicit and event.actor and event.actor.host else set()
    return {host.name for host in event.hosts} | own

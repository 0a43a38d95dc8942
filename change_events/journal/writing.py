"""Writes one event: its start, its end, its deliveries. Inside the caller's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.journal import backlog_limits, events_table, outbox, pruning, stages, touched, unrouted
from change_events.journal.records import RecordState, Stage

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from change_events.model import SealedEvent
    from change_events.model.retention import Retention


class Settling(NamedTuple):
    """The arguments of :meth:`Journal.settle`, and the time of the call, in seconds since 1970."""

    destinations: tuple[str, ...]
    dedup_window: float | None
    if_open: bool
    now: float
    waits: tuple[unrouted.Unrouted, ...] = ()


def start(
    connection: sqlite3.Connection,
    event: SealedEvent,
    destinations: Sequence[str],
    dedup_window: float | None,
    now: float,
) -> str | None:
    """Record the start of an event; if an earlier one has its key, return that one's ID instead."""
    earlier = _same_key(connection, event, now, dedup_window) if dedup_window else None
    if earlier is None:
        seq = events_table.put(connection, event, RecordState.STARTED)
        if destinations and stages.is_open(connection, seq):
            outbox.enqueue(connection, seq, destinations, now, Stage.STARTED)
    return earlier


def settle(
    connection: sqlite3.Connection, event: SealedEvent, terms: Settling, caps: Retention
) -> tuple[str | None, pruning.Pruned, list[str]]:
    """Record and enqueue an event's end; returns an earlier event with its key, and what was pruned and dropped."""
    now, dedup_window = terms.now, terms.dedup_window
    if dedup_window and (earlier := _same_key(connection, event, now, dedup_window)):
        return earlier, pruning.Pruned(), []
    if terms.if_open and events_table.is_settled(connection, event.event.id):
        return event.event.id, pruning.Pruned(), []
    seq = events_table.put(connection, event, RecordState.SETTLED)
    touched.record(connection, seq, event.event)
    stages.supersede(connection, seq)
    unrouted.note(connection, seq, terms.waits)
    names = [*terms.destinations, *stages.begun(connection, seq)]
    outbox.enqueue(connection, seq, names, now)
    dropped = backlog_limits.hold_caps(connection, caps, now, names, seq)
    return None, pruning.prune(connection, caps, int(now * 1_000_000), seq), dropped


def _same_key(connection: sqlite3.Connection, event: SealedEvent, now: float, seconds: float) -> str | None:
    """One that a clock years ahead has dated must not keep all later ones out."""
    return events_table.same_key(connection, event.event, *(int((now + by) * 1_000_000) for by in (-seconds, seconds)))

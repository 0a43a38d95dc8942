"""The queries and results of the journal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from change_events.model import ChangeEvent, SealedEvent


class RecordState(StrEnum):
    """``started`` until the run has ended, then ``settled``."""

    STARTED = "started"
    SETTLED = "settled"


class DeliveryState(StrEnum):
    """The state of one event at one destination."""

    WAITING = "waiting"
    LEASED = "leased"
    DELIVERED = "delivered"
    PARKED = "parked"
    DROPPED = "dropped"


class Stage(StrEnum):
    """The delivered stage of an event: its start or its end."""

    STARTED = "started"
    SETTLED = "settled"


class DeliveryStatus(msgspec.Struct, frozen=True):
    """One event, or its start, at one destination; ``next_at`` is when a waiting one is due, None for now."""

    destination: str
    state: DeliveryState
    attempts: int
    reason: str | None = None
    next_at: datetime | None = None
    stage: Stage = Stage.SETTLED


class Delivery(msgspec.Struct, frozen=True):
    """One event, leased for sending to one destination.

    Attributes:
        position: place in the outbox; grows in the order of enqueueing.
        lease: proof that this process holds it; a later claim has another one.
        attempts: number of earlier attempts.
        body: the sealed event's JSON.
        failures: number of failed flushes of the destination in a row.
        busy: seconds until earlier requests no longer count against its rate.
        stage: start or end of the event.
        handle: for a settled event, the backend's ID of its start.
    """

    event_id: str
    destination: str
    position: int
    lease: str
    attempts: int
    body: bytes
    failures: int = 0
    busy: float = 0.0
    stage: Stage = Stage.SETTLED
    handle: str | None = None

    def sealed(self) -> SealedEvent:
        """The event to render."""
        from change_events.redact import unseal

        return unseal(self.body)


class Standing(msgspec.Struct, frozen=True):
    """The health of one destination.

    Attributes:
        held: a process is sending its oldest open delivery.
        failures: number of flushes in a row that ended in a temporary failure; 0 after any other answer.
        wait: remaining seconds of back-off; 0 if it may be tried.
        reason: of the last failure.
        asked: seconds of the wait requested by the destination.
    """

    held: bool = False
    failures: int = 0
    wait: float = 0.0
    reason: str = ""
    asked: float = 0.0


class Progress(msgspec.Struct, frozen=True):
    """The progress of one destination's queue.

    Attributes:
        head: position of its oldest open delivery; 0 if there is none. It grows as events are delivered.
        tail: position of its newest open delivery; 0 if there is none. It grows as events are added.
    """

    head: int = 0
    tail: int = 0


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which events to list. Everything given must hold; ``limit`` None means all.

    Attributes:
        since: started at or after; timezone-aware.
        until: started before; timezone-aware.
        before: only events that are listed after the one with this id: the next page. None where it is gone, since
            the oldest events go first.
        after: only events that are listed before the one with this id, those nearest to it: the page before. None
            where it is gone.
        address: only events that changed the resource or host of this address, or one below it (``module.web``).
        actor: only events of this person, or of the CI system that stands for one.
        tag: only events with this tag, by its name or as ``name=value``.
        host: only runs that met this host (a playbook's host, or the machine an explicit event is about).
        run: only the event of this run id; ``parent`` only those that the run with this id started.
        key: only events with this ``dedup_key`` of their sender's.
        signal: only events with this risk signal.
        text: part of title, message, addresses, service, user or commit, in any case.
        undelivered: only events that some destination has not got yet (waiting or parked).
        backfilled: only events that were made of history, or only others.
        searched: what only bodies answer is looked for in so many of the newest events at most; None for all. Of a
            journal that is ``text``, ``actor``, ``tag`` and ``signal``, of a ledger ``text``.
    """

    since: datetime | None = None
    until: datetime | None = None
    before: str | None = None
    after: str | None = None
    address: str | None = None
    actor: str | None = None
    tag: str | None = None
    environment: str | None = None
    service: str | None = None
    tool: str | None = None
    host: str | None = None
    run: str | None = None
    parent: str | None = None
    key: str | None = None
    signal: str | None = None
    outcome: str | None = None
    kind: str | None = None
    phase: str | None = None
    severity: str | None = None
    state: RecordState | None = None
    text: str | None = None
    undelivered: bool = False
    backfilled: bool | None = None
    searched: int | None = None
    limit: int | None = 20


class Figures(msgspec.Struct, frozen=True):
    """The number of events selected by a query, in total and by the values of columns.

    Attributes:
        events: number of counted events.
        more: there are more; the counted ones are the newest.
        outcomes: by outcome; ``running`` for runs that have not ended.
    """

    events: int
    more: bool
    outcomes: dict[str, int]
    kinds: dict[str, int]
    tools: dict[str, int]
    environments: dict[str, int]
    services: dict[str, int]


class DestinationCounts(msgspec.Struct, frozen=True):
    """Deliveries to one destination by state; ``dropped`` are all ever dropped at the caps."""

    waiting: int = 0
    leased: int = 0
    delivered: int = 0
    parked: int = 0
    dropped: int = 0


class Owed(msgspec.Struct, frozen=True):
    """The open deliveries to one destination: counts, and since when the oldest of each waits (seconds since 1970)."""

    waiting: int = 0
    waiting_since: float = 0.0
    parked: int = 0
    parked_since: float = 0.0


class JournalCounts(msgspec.Struct, frozen=True):
    """Counts of the whole journal.

    Attributes:
        started: events whose run has not ended (or was killed and is not settled yet).
        bytes: size of all event bodies.
        pruned: events removed at the caps, ever.
        dropped: those of them with open deliveries.
    """

    events: int
    started: int
    bytes: int
    pruned: int
    dropped: int
    destinations: dict[str, DestinationCounts]

    @property
    def waiting(self) -> int:
        """Open deliveries, including leased ones."""
        return sum(counts.waiting + counts.leased for counts in self.destinations.values())

    @property
    def parked(self) -> int:
        """Parked deliveries."""
        return sum(counts.parked for counts in self.destinations.values())

    @property
    def delivered(self) -> int:
        """Deliveries made."""
        return sum(counts.delivered for counts in self.destinations.values())

    @property
    def given_up(self) -> int:
        """Deliveries dropped at the caps."""
        return sum(counts.dropped for counts in self.destinations.values())


class Record:
    """One event: the listed columns at once, the body when it is asked for.

    ``body``, ``sealed`` and ``event`` need the source to be open. ``kept_in`` is what that is: a ``journal``, or a
    ``ledger``, which does not know ``deliveries``, but the ``teams`` that have recorded the event so, and the
    ``others`` that have recorded it differently.
    """

    def __init__(
        self,
        row: tuple[object, ...],
        deliveries: tuple[DeliveryStatus, ...],
        load: Callable[[], bytes],
        kept_in: str = "journal",
        *,
        teams: tuple[str, ...] = (),
        others: tuple[str, ...] = (),
    ) -> None:
        columns = Columns(*row)  # type: ignore[arg-type]  # SQLite's column types are those of the schema
        self.id: str = columns.id
        self.state = RecordState(columns.state)
        self.started_at: datetime = from_micros(columns.started_at)
        self.ended_at: datetime | None = None if columns.ended_at is None else from_micros(columns.ended_at)
        self.kind = columns.kind
        self.phase = columns.phase
        self.outcome = columns.outcome
        self.severity = columns.severity
        self.environment = columns.environment
        self.service = columns.service
        self.tool = columns.tool
        self.title = columns.title
        self.run = columns.run
        self.parent = columns.parent
        self.deliveries = deliveries
        self.kept_in = kept_in
        self.teams = teams
        self.others = others
        self._load = load

    def __repr__(self) -> str:
        return f"<Record {self.id} {self.state.value} {self.title!r}>"

    @cached_property
    def body(self) -> bytes:
        """The sealed event's JSON, read from the journal."""
        return self._load()

    @cached_property
    def sealed(self) -> SealedEvent:
        """The sealed event, decoded."""
        from change_events.redact import unseal

        return unseal(self.body)

    @property
    def event(self) -> ChangeEvent:
        """The event, decoded on first use."""
        return self.sealed.event


class Columns(msgspec.Struct, frozen=True):
    """The listed columns of table ``events``, in the order of selection."""

    id: str
    state: str
    started_at: int
    ended_at: int | None
    kind: str
    phase: str
    outcome: str | None
    severity: str
    environment: str | None
    service: str | None
    tool: str | None
    title: str
    run: str | None
    parent: str | None
    key: str | None


def to_micros(moment: datetime) -> int:
    """Return microseconds since 1970: exact, and comparable as SQLite's integers."""
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_micros(micros: int) -> datetime:
    """Return the aware UTC time of :func:`to_micros`."""
    return _EPOCH + timedelta(microseconds=micros)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

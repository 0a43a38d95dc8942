"""The journal: an open SQLite file, and every operation on its events as one transaction."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

from change_events.journal import (
    backfilled,
    baselines,
    drift_checks,
    events_table,
    outbox,
    pruning,
    spool,
    touched,
    unrouted,
    writing,
)
from change_events.journal.access import IMPATIENCE
from change_events.journal.deliveries import Deliveries
from change_events.journal.errors import JournalLocked
from change_events.journal.event_reads import EventReads
from change_events.journal.touched_reads import TouchedReads
from change_events.model.retention import Retention
from change_events.process.pressure import stretch

if TYPE_CHECKING:
    import os
    import sqlite3
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from change_events.journal.drift_checks import LastCheck
    from change_events.journal.records import JournalCounts, Owed
    from change_events.journal.unrouted import Unrouted
    from change_events.model import ChangeEvent, SealedEvent

_Waits = list[unrouted.Unrouted]  # `list` is a method below
_Events: TypeAlias = "list[ChangeEvent]"
_Place = tuple[str, str | None]  # a directory and its workspace
_LAST = 2**62
_Sentences: TypeAlias = "list[str]"
PATIENCE = 5.0
LOCK_WAIT = 1.0  # seconds for which a journal that someone keeps locked holds up whoever records; more if all is slow


class Journal(Deliveries, EventReads, TouchedReads):
    """SQLite in WAL mode, private to its owner. Use one per thread; close it, or use it as a context manager.

    Writes of a run (``start``, ``settle``) are forced to the disk; bookkeeping of deliveries is not, because at worst a
    power failure causes an event to be sent again, with the same ID.

    Attributes:
        path: the file.
        patience: seconds to wait for another process's lock before giving up.
        notices: sentences for the user: events removed at a cap, a file moved aside.
    """

    def __init__(
        self, path: str, *, repair: bool, caps: Retention, clock: Callable[[], float], patience: float, index: bool
    ) -> None:
        super().__init__(path, repair=repair, caps=caps, clock=clock, patience=patience, index=index)
        if spool.waits(path):
            self._take_in()

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        repair: bool = False,
        caps: Retention | None = None,
        clock: Callable[[], float] = time.time,
        patience: float | None = None,
        index: bool = False,
    ) -> Journal:
        """Open the journal, creating it if needed.

        Args:
            path: the file; its folder is created too (0700).
            repair: move a damaged file aside (now, or when a later write finds the damage) and start a new one, so that
                the current event is kept; ``notices`` says so.
            caps: limits.
            clock: returns seconds since 1970, shared by all processes that use the file.
            index: create indexes missing in a large file of an older version: takes seconds, once.
            patience: seconds to wait for another process's lock, once: until it was obtained, each further wait is
                short. Five by default, and more on a busy machine.

        Raises:
            JournalLocked: another process keeps it locked.
            JournalError: it cannot be used; the text names the path and the remedy.
            JournalCorrupt: it is damaged, and ``repair`` is off.
        """
        waits = PATIENCE * stretch() if patience is None else patience
        return cls(
            str(Path(path).absolute()),
            repair=repair,
            caps=caps or Retention(),
            clock=clock,
            patience=waits,
            index=index,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(
        self, event: SealedEvent, destinations: Sequence[str] = (), *, dedup_window: float | None = None
    ) -> str | None:
        """Record a run that is about to change something. A settled event stays settled.

        Args:
            event: the current event.
            destinations: names of the destinations that receive the start, each once.
            dedup_window: seconds in which no second event with the same ``dedup_key`` is recorded.

        Returns:
            The ID of an earlier event with the same key, if this one was not recorded because of it.

        Raises:
            JournalError: it is not on disk.
        """
        now = self._clock()
        return self._write(
            lambda connection: writing.start(connection, event, destinations, dedup_window, now), durable=True
        )

    def settle(
        self,
        event: SealedEvent,
        destinations: Sequence[str],
        *,
        dedup_window: float | None = None,
        if_open: bool = False,
        waits: Sequence[Unrouted] = (),
    ) -> str | None:
        """Record the end of a run, even one without a start, and enqueue it, in one transaction.

        Settling again replaces the event and enqueues nothing twice. Unsent started stages are removed.

        Args:
            event: the whole event.
            destinations: names of the destinations; those that received its start are added.
            dedup_window: seconds in which no second event with the same ``dedup_key`` is recorded.
            if_open: leave a settled event unchanged: the first of several that settle it counts.
            waits: settings files whose mistakes leave further destinations unknown.

        Returns:
            The ID of an earlier event with the same key (or its own, with ``if_open``), if this one was not recorded
            because of it.

        Raises:
            JournalError: it is not on disk.
        """
        terms = writing.Settling(tuple(destinations), dedup_window, if_open, self._clock(), tuple(waits))
        return self._settled(event, terms)

    def _settled(self, event: SealedEvent, terms: writing.Settling) -> str | None:
        earlier, pruned, dropped = self._write(
            lambda connection: writing.settle(connection, event, terms, self._caps), durable=True
        )
        self.notices += dropped
        if pruned.events:
            self.notices.append(pruned.sentence())
            self._read(pruning.give_back)
        return earlier

    def index_older(self, seconds: float) -> bool:
        """Index events of older versions, within a time limit; returns whether all are. Raises JournalError.

        Uses short transactions, newest events first: concurrent runs are delayed by a fraction of a second.
        """
        end = time.monotonic() + seconds
        before: int | None = _LAST
        while before is not None:
            if not self._read(lambda connection: connection.execute("SELECT unindexed FROM totals").fetchone()[0]):
                return True
            start = before
            before = self._write(lambda connection: touched.index_step(connection, start))  # noqa: B023  # called at once
            if before is not None and time.monotonic() > end:
                return False
        return True

    def unrouted(self) -> _Waits:
        """Return events with unknown destinations, oldest first. Raises JournalError."""
        return self._read(unrouted.read)

    def route(self, waiting: Unrouted, destinations: Sequence[str]) -> None:
        """Enqueue an event whose settings file is valid now, nowhere twice. Raises JournalError."""

        def work(connection: sqlite3.Connection) -> None:
            seq = unrouted.take(connection, waiting)
            if seq is not None:
                outbox.enqueue(connection, seq, destinations, self._clock())

        self._write(work, durable=True)

    def backfill(self, event: SealedEvent, origin: backfilled.Origin, destinations: Sequence[str] = ()) -> bool:
        """Record an event from history, unless it is there.

        Args:
            event: the whole event.
            origin: its identity.
            destinations: names of the destinations.

        Returns:
            Whether it was recorded.

        Raises:
            JournalError: it cannot be written, or the journal is nearly at its caps.
        """
        return self._write(
            lambda connection: backfilled.put(
                connection, event, origin, destinations, now=self._clock(), caps=self._caps
            )
        )

    def withdraw_unjoined(self, event: SealedEvent, origin: backfilled.Origin) -> None:
        """Remove a backfilled event without a directory that turns out to be a recorded run's.

        Raises:
            JournalError: the journal cannot be written.
        """
        self._write(lambda connection: backfilled.withdraw_unjoined(connection, event.event, origin))

    def backfilled(self, source: str, *, joined: bool = False) -> set[str]:
        """Return the places of a source (:class:`~change_events.journal.backfilled.Origin`) to skip.

        Args:
            source: source of history.
            joined: it has a directory: places recorded without one are read again.

        Raises:
            JournalError: the journal cannot be read.
        """
        return self._read(lambda connection: backfilled.places(connection, source, joined=joined))

    def discard(self, event_id: str, baseline: SealedEvent | None = None) -> bool:
        """Remove a started run that is not worth a record.

        Args:
            event_id: ID of the run.
            baseline: the part of it that later runs of the stack are compared with.

        Returns:
            Whether it is gone: an event that is settled, or whose start was delivered, stays.

        Raises:
            JournalError: the journal cannot be written.
        """
        spool.withdraw(self.path, event_id)

        def work(connection: sqlite3.Connection) -> bool:
            if baseline is not None:
                baselines.keep(connection, baseline, self._caps)
            return events_table.discard(connection, event_id)

        return self._write(work)

    def baselines(self, text: bytes) -> _Events:
        """Return the baselines kept by :meth:`discard` whose JSON contains a text, newest first.

        Raises:
            JournalError: the journal cannot be read.
        """
        from change_events.redact.sealing import unseal

        return [unseal(body).event for body in self._read(lambda connection: baselines.find(connection, text))]

    def keep_drift_checks(self, checks: Sequence[LastCheck], forget: Sequence[_Place] = ()) -> None:
        """Replace the last drift checks of these directories, and remove others. Raises JournalError."""

        def write(connection: sqlite3.Connection) -> None:
            drift_checks.keep(connection, checks, self._caps.days)
            drift_checks.forget(connection, forget)

        self._write(write, durable=True)

    def note_today(self, sentences: Sequence[str], day: str) -> _Sentences:
        """Return those of the sentences not noted on this day yet, and note them. Raises JournalError."""
        return self._write(lambda connection: drift_checks.note(connection, sentences, day))

    def counts(self) -> JournalCounts:
        """Return counts of the whole journal.

        Raises:
            JournalError: the journal cannot be read.
        """
        return self._read(events_table.counts)

    def owed(self) -> dict[str, Owed]:
        """Return the open deliveries of each destination, by name.

        Raises:
            JournalError: the journal cannot be read.
        """
        return self._read(events_table.owed)

    def _take_in(self) -> None:
        """Apply spooled operations; if the journal is still locked, they stay."""
        usual, self.patience = self.patience, IMPATIENCE
        try:
            spool.take_in(self.path, self._apply)
        except (JournalLocked, OSError):
            return
        finally:
            self.patience = usual

    def _apply(self, entry: spool.Entry, is_kept: Callable[[], bool]) -> None:
        from change_events.redact.sealing import unseal

        if entry.operation == "discard":
            self.discard(entry.id, unseal(entry.body) if entry.body else None)
            return
        event = unseal(entry.body)
        if entry.operation == "settle":
            self._settled(
                event, writing.Settling(entry.destinations, entry.dedup_window, entry.if_open, entry.at, entry.waits)
            )
        else:
            begin = (event, entry.destinations, entry.dedup_window, entry.at)
            self._write(lambda connection: writing.start(connection, *begin) if is_kept() else None, durable=True)

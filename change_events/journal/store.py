"""The journal itself: one open SQLite file, and every operation on it as one transaction."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from change_events.caps import Caps
from change_events.errors import JournalError
from change_events.journal import (
    connections,
    dropping,
    files,
    ledger,
    listing,
    outbox,
    pruning,
    spool,
    stages,
    standing,
    unrouted,
    writing,
)
from change_events.journal.problems import AmbiguousId, JournalCorrupt, JournalLocked, explain, is_busy, is_corrupt
from change_events.journal.records import Delivery, JournalCounts, Owed, Progress, Query, Record, Standing, from_micros
from change_events.journal.senders import Senders
from change_events.pressure import stretch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    from change_events.journal.unrouted import Unrouted
    from change_events.model import SealedEvent

_T = TypeVar("_T")
_Waits = list[unrouted.Unrouted]  # `list` is a method below
_Deliveries = list[Delivery]  # inside the class, `list` is the method
_BATCH = 200
PATIENCE = 5.0
_IMPATIENCE = 0.05  # seconds to wait for a lock that was waited for in vain a moment ago
_MOMENT = 10.0
_locked_at: dict[str, float] = {}  # path → when this process gave up waiting for its lock, by time.monotonic


class Journal:
    """SQLite in WAL mode, for its owner only. Use one per thread; close it, or use it as a context manager.

    What a run writes (``start``, ``settle``) is forced to the disk; bookkeeping of deliveries is not, because
    the worst that a power cut does there is to send an event a second time, with the same id.

    Attributes:
        path: the file.
        patience: seconds to wait for another process's lock before giving up.
        notices: sentences the user should see: what a cap removed, what was moved aside.
    """

    def __init__(
        self, path: str, *, repair: bool, caps: Caps, clock: Callable[[], float], patience: float, index: bool
    ) -> None:
        self.path = path
        self.patience = patience
        self.notices: list[str] = []
        self._repair = repair
        self._index = index
        self._caps = caps
        self._clock = clock
        self._identity: tuple[int, int] | None = None
        self._senders = Senders(path)
        self._connection = self._connect()
        if spool.waits(path):
            self._take_in()

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        repair: bool = False,
        caps: Caps | None = None,
        clock: Callable[[], float] = time.time,
        patience: float | None = None,
        index: bool = False,
    ) -> Journal:
        """Open the journal, making it if need be.

        Args:
            path: the file; its folder is made too (0700).
            repair: move a damaged file aside (now, or when a later write finds the damage) and begin a new
                one, so that the event at hand is kept; ``notices`` says so.
            caps: how much to keep.
            clock: seconds since 1970, shared by all processes that use the file.
            index: make what listing needs, where an older version left a large file without: seconds, once.
            patience: seconds to wait for another process's lock, once: until it has been had, each further wait is
                a short one. Five without, and more on a busy machine.

        Raises:
            JournalLocked: another process keeps it locked.
            JournalError: it cannot be used; the text names the path and the remedy.
            JournalCorrupt: it is damaged, and ``repair`` is off.
        """
        waits = PATIENCE * stretch() if patience is None else patience
        return cls(
            str(Path(path).absolute()), repair=repair, caps=caps or Caps(), clock=clock, patience=waits, index=index
        )

    def close(self) -> None:
        """Close the file; harmless when closed already."""
        self._senders.close()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Events

    def start(
        self, event: SealedEvent, destinations: Sequence[str] = (), *, once_within: float | None = None
    ) -> str | None:
        """Record a run that is about to change something. A settled event stays settled.

        Args:
            event: what is known of it by now.
            destinations: names of those that shall be told of the start, each once.
            once_within: seconds in which no second event with the same ``key`` is recorded.

        Returns:
            The id of an earlier event with the same key, where that kept this one from being recorded.

        Raises:
            JournalError: it is not on disk.
        """
        now = self._clock()
        return self._write(
            lambda connection: writing.start(connection, event, destinations, once_within, now), durable=True
        )

    def settle(
        self,
        event: SealedEvent,
        destinations: Sequence[str],
        *,
        once_within: float | None = None,
        if_open: bool = False,
        waits: Sequence[Unrouted] = (),
    ) -> str | None:
        """Record how a run ended (also one that was never started here) and enqueue it, in one transaction.

        Settling again replaces the event and enqueues nothing twice. What of its start has not been sent is not sent
        any more.

        Args:
            event: the whole event.
            destinations: names of those that shall get it; who was told of its start gets it too.
            once_within: seconds in which no second event with the same ``key`` is recorded.
            if_open: leave it alone if it has been settled before: of several that settle it, the first counts.
            waits: settings files whose mistakes keep it from being known which further destinations get it.

        Returns:
            The id of an earlier event with the same key (or its own, by ``if_open``), where that kept this one from
            being recorded.

        Raises:
            JournalError: it is not on disk.
        """
        terms = writing.Settling(tuple(destinations), once_within, if_open, self._clock(), tuple(waits))
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

    def unrouted(self) -> _Waits:
        """Events of which it is not known yet where they go, oldest first. Raises JournalError."""
        return self._read(unrouted.read)

    def route(self, waiting: Unrouted, destinations: Sequence[str]) -> None:
        """The settings file that an event waited for is mended: enqueue it, nowhere twice. Raises JournalError."""

        def work(connection: sqlite3.Connection) -> None:
            seq = unrouted.take(connection, waiting)
            if seq is not None:
                outbox.enqueue(connection, seq, destinations, self._clock())

        self._write(work, durable=True)

    def discard(self, event_id: str) -> bool:
        """Forget a run that was started and turned out not to be worth a record.

        Returns:
            Whether it is gone: an event that is settled, or of whose start somebody was told, stays.

        Raises:
            JournalError: the journal cannot be written.
        """
        return self._write(lambda connection: ledger.discard(connection, event_id))

    def get(self, id_or_prefix: str) -> Record | None:
        """The event with this id, or the only one whose id begins so; None if there is none.

        Raises:
            AmbiguousId: several begin so.
            JournalError: the journal cannot be read.
        """
        prefix = id_or_prefix.strip().lower()
        if not prefix:
            return None
        rows = self._read(lambda connection: ledger.find(connection, prefix, 6))
        if len(rows) > 1:
            some = ", ".join(str(row[1]) for row in rows[:5]) + (" …" if len(rows) > 5 else "")  # noqa: PLR2004  # as many as were asked for
            raise AmbiguousId(f"{id_or_prefix} fits several events: {some}; give more of the id")
        return next(iter(self._records(rows)), None)

    def list(self, query: Query | None = None) -> Iterator[Record]:
        """The events that ``query`` asks for, newest first; no body is read before it is asked for.

        Raises:
            JournalError: the journal cannot be read.
        """
        wanted = query or Query()
        cursor = self._read(lambda connection: connection.execute(*listing.select(connection, wanted)))
        try:
            while rows := self._read(lambda _: cursor.fetchmany(_BATCH)):
                yield from self._records(rows)
        finally:
            cursor.close()

    def searched_since(self, query: Query) -> datetime | None:
        """The start of the oldest event in which ``query`` looks for its text; None where it looks in all."""
        micros = self._read(lambda connection: listing.oldest_searched(connection, query))
        return None if micros is None else from_micros(micros)

    def counts(self) -> JournalCounts:
        """Figures of the whole journal.

        Raises:
            JournalError: the journal cannot be read.
        """
        return self._read(ledger.counts)

    def owed(self) -> dict[str, Owed]:
        """What each destination has not got, by name.

        Raises:
            JournalError: the journal cannot be read.
        """
        return self._read(ledger.owed)

    # Outbox

    def claim(
        self, names: Sequence[str], limit: int, lease: float, *, force: bool = False, size: int | None = None
    ) -> _Deliveries:
        """Lease what is due: up to ``limit`` per destination, oldest first, each destination in order.

        While another process holds a destination's oldest open event, that destination yields nothing.

        Args:
            names: destinations.
            limit: at most so many for each.
            lease: seconds after which they may be claimed by somebody else (at most an hour).
            force: also where a destination is left alone because it failed, unless it asked for that itself.
            size: bytes of bodies after which no more are claimed for a destination.

        Raises:
            JournalError: the journal cannot be written.
        """
        terms = outbox.Terms(limit, lease, force, size)
        return self._write(lambda connection: outbox.claim(connection, names, terms, self._clock()))

    def now(self) -> float:
        """Seconds since 1970 by the clock that all bookkeeping here goes by."""
        return self._clock()

    def standing(self, name: str) -> Standing:
        """How this destination is doing: whether somebody is sending there, and how long it is left alone."""
        return self._read(lambda connection: outbox.standing_of(connection, name, self._clock()))

    def progress(self, name: str) -> Progress:
        """How far the queue of this destination has come."""
        return self._read(lambda connection: outbox.progress(connection, name))

    def waiting(self, names: Sequence[str]) -> int:
        """How many deliveries to these destinations are still to be made."""
        return self._read(lambda connection: outbox.waiting(connection, names))

    def is_waiting(self, event_id: str, name: str) -> bool:
        """Whether destination ``name`` is still to get this event."""
        return self._read(lambda connection: outbox.is_waiting(connection, event_id, name))

    def begin_sending(self, name: str) -> bool:
        """Become the process that sends to this destination; False while another process is (it delivers all)."""
        return self._senders.acquire(name)

    def end_sending(self, name: str) -> None:
        """Another process may send to this destination."""
        self._senders.release(name)

    def delivered(self, *deliveries: Delivery, handles: Mapping[int, str] | None = None) -> None:
        """They have arrived, so their destinations work.

        Args:
            deliveries: what has arrived.
            handles: the backend's own names of what became of them, by their positions, where it has any.
        """
        self._write(lambda connection: outbox.delivered(connection, deliveries, handles or {}))

    def handle(self, event_id: str, name: str) -> str | None:
        """The backend's own name of what this event's start became at destination ``name``, if it is known."""
        return self._read(lambda connection: stages.handle_of(connection, event_id, name))

    def retry(self, delivery: Delivery, after: float, reason: str, asked: float | None = None) -> str | None:
        """It failed: its whole destination is left alone for ``after`` seconds (at most a day).

        Args:
            delivery: what was tried.
            after: seconds.
            reason: a clause, free of secrets.
            asked: seconds of these for which the destination itself asked.

        Returns:
            A sentence, if what has waited for too long was dropped now, because the destination keeps failing.
        """

        def work(connection: sqlite3.Connection) -> str | None:
            now = self._clock()
            due_at = now + min(after, outbox.MAX_WAIT)
            if not outbox.retry(connection, delivery, due_at, reason):
                return None
            asked_until = min(due_at, now + asked) if asked else 0.0
            failure = standing.Failure(now, due_at, asked_until, reason)
            failures = standing.failed(connection, delivery.destination, failure)
            return dropping.give_up_old(connection, self._caps, now, delivery.destination, failures)

        return self._write(work)

    def cut_short(self, delivery: Delivery, reason: str) -> None:
        """It was tried, the time was up, and that says nothing of its destination: it is due again at once."""
        self._write(lambda connection: outbox.retry(connection, delivery, 0, reason))

    def release(self, *deliveries: Delivery) -> None:
        """They were not tried after all, and are due as before."""
        self._write(lambda connection: outbox.release(connection, deliveries))

    def park(self, delivery: Delivery, reason: str, *, answered: bool = True) -> None:
        """It needs a person before it can be delivered.

        Args:
            delivery: what is parked.
            reason: a clause, free of secrets.
            answered: the destination refused it, so it works; False if it was not even asked.
        """

        def work(connection: sqlite3.Connection) -> None:
            outbox.park(connection, delivery, reason, self._clock())
            if answered:
                standing.answered(connection, delivery.destination)

        self._write(work)

    def requeue(self, names: Sequence[str]) -> int:
        """Parked events of these destinations wait again, in their old order. Returns how many.

        A person has mended something: what destinations asked for before does not count any more.
        """
        return self._write(lambda connection: outbox.requeue(connection, names, self._clock()))

    def keep_pace(self, name: str, busy: float) -> None:
        """Requests made by now count against this destination's rate for another ``busy`` seconds."""
        self._write(lambda connection: standing.keep_pace(connection, name, self._clock() + busy))

    # How

    def _take_in(self) -> None:
        """Write what was kept beside the journal while it was locked; if it still is, that stays where it is."""
        usual, self.patience = self.patience, _IMPATIENCE
        try:
            spool.take_in(self.path, self._apply)
        except (JournalLocked, OSError):
            return
        finally:
            self.patience = usual

    def _apply(self, entry: spool.Entry) -> None:
        if entry.operation == "discard":
            self.discard(entry.id)
            return
        from change_events.redact.sealing import unseal

        event = unseal(entry.body)
        if entry.operation == "settle":
            self._settled(
                event, writing.Settling(entry.destinations, entry.once_within, entry.if_open, entry.at, entry.waits)
            )
        else:
            self._write(
                lambda connection: writing.start(connection, event, entry.destinations, entry.once_within, entry.at),
                durable=True,
            )

    def _records(self, rows: Sequence[tuple[object, ...]]) -> Iterator[Record]:
        seqs = [int(str(row[0])) for row in rows]
        statuses = self._read(lambda connection: ledger.deliveries(connection, seqs))
        for seq, row in zip(seqs, rows, strict=True):
            yield Record(row[1:], statuses[seq], self._loader(seq))

    def _loader(self, seq: int) -> Callable[[], bytes]:
        def load() -> bytes:
            found = self._read(lambda connection: ledger.body(connection, seq))
            if found is None:
                raise JournalError(f"journal {self.path}: this event has been removed meanwhile (cap)")
            return found

        return load

    def _read(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        return self._patiently(lambda: work(self._connection), self._begin_anew)

    def _write(self, work: Callable[[sqlite3.Connection], _T], *, durable: bool = False) -> _T:
        done = self._patiently(
            lambda: connections.transaction(self._connection, work, durable=durable), self._begin_anew
        )
        _locked_at.pop(self.path, None)
        return done

    def _connect(self) -> sqlite3.Connection:
        return self._patiently(self._open_file, self._move_aside)

    def _open_file(self) -> sqlite3.Connection:
        files.prepare(self.path)
        self._identity = files.identity(self.path)
        return connections.opened(self.path, index=self._index)

    def _patiently(self, work: Callable[[], _T], mend: Callable[[], None]) -> _T:
        """Run ``work``; wait for locks, ``mend`` a damaged file once if we may, raise errors of our own."""
        deadline = time.monotonic() + self._waits()
        mended = False
        while True:
            try:
                return work()
            except OSError as error:
                raise explain(error, self.path) from error
            except sqlite3.Error as error:
                if is_busy(error) and time.monotonic() < deadline:
                    time.sleep(0.002 + os.urandom(1)[0] / 10_000)  # spreads the waiters over 2 to 28 ms
                elif is_corrupt(error) and self._repair and not mended:
                    mended = True
                    mend()
                else:
                    if is_busy(error):
                        _locked_at[self.path] = time.monotonic()
                    raise explain(error, self.path) from error

    def _waits(self) -> float:
        """Seconds for which to wait for a lock: once for long in a moment, since a command asks for it many times."""
        given_up = _locked_at.get(self.path)
        if given_up is None or time.monotonic() - given_up > _MOMENT:
            return self.patience
        return min(self.patience, _IMPATIENCE)

    def _begin_anew(self) -> None:
        self._connection.close()
        self._move_aside()
        self._connection = self._connect()

    def _move_aside(self) -> None:
        if not files.is_journal(self.path):
            raise JournalCorrupt(f"journal {self.path}: this file is no journal and is left as it is; name another one")
        try:
            aside = files.move_aside(self.path, self._identity)
        except OSError as error:
            raise JournalCorrupt(
                f"journal {self.path}: the file is damaged and cannot be moved aside ({error.strerror})"
            ) from error
        if aside is not None:
            self.notices.append(f"the journal was damaged: moved to {aside}, a new one was begun")

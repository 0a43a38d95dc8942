"""Queries for events."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

from change_events.errors import JournalError
from change_events.journal import counting, drift_checks, events_table, listing
from change_events.journal.access import Access
from change_events.journal.errors import AmbiguousId
from change_events.journal.records import Query, Record, from_micros

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime, timedelta

    from change_events.journal.counting import Count
    from change_events.journal.drift_checks import LastCheck
    from change_events.journal.records import Figures

_BATCH = 200


class EventReads(Access):
    """The part of a journal that reads events."""

    called = "journal"

    def get(self, id_or_prefix: str) -> Record | None:
        """Return the event with this ID or unique prefix; None if there is none.

        Raises:
            AmbiguousId: several events match.
            JournalError: the journal cannot be read.
        """
        prefix = id_or_prefix.strip().lower()
        if not prefix:
            return None
        rows = self._read(lambda connection: events_table.find(connection, prefix, 6))
        if len(rows) > 1:
            some = ", ".join(str(row[1]) for row in rows[:5]) + (" …" if len(rows) > 5 else "")  # noqa: PLR2004  # as many as were asked for
            raise AmbiguousId(f"{id_or_prefix} fits several events: {some}; give more of the id")
        return next(iter(self._records(rows)), None)

    def list(self, query: Query | None = None) -> Iterator[Record]:
        """Return the events selected by ``query``, newest first; bodies are read on demand.

        Raises:
            JournalError: the journal cannot be read.
        """
        wanted = query or Query()
        cursor = self._read(lambda connection: connection.execute(*listing.select(connection, wanted)))
        try:
            while rows := self._read(lambda _: cursor.fetchmany(_BATCH)):
                yield from self._records(rows)
        finally:
            with suppress(sqlite3.ProgrammingError):  # whoever left off in the middle has closed the journal
                cursor.close()

    def figures(self, query: Query, *, most: int) -> Figures:
        """Count the events that ``query`` selects on all pages, in total and by column, up to ``most``.

        Raises:
            JournalError: the journal cannot be read.
        """
        return self._read(lambda connection: listing.figures(connection, query, most))

    def searched_since(self, query: Query) -> datetime | None:
        """Return the start of the oldest event whose body ``query`` examines; None if all or none."""
        micros = self._read(lambda connection: listing.oldest_searched(connection, query))
        return None if micros is None else from_micros(micros)

    def counted(self, query: Query, *, by: Sequence[str] = (), width: timedelta) -> Sequence[Count]:
        """Count the events selected by ``query``, by columns and time spans. Raises JournalError and ValueError."""
        return self._read(lambda connection: counting.count(connection, query, by, width))

    def drift_checks(self) -> Sequence[LastCheck]:
        """Return the last drift check of each directory. Raises JournalError."""
        return self._read(drift_checks.read)

    def _records(self, rows: Sequence[tuple[object, ...]]) -> Iterator[Record]:
        seqs = [int(str(row[0])) for row in rows]
        statuses = self._read(lambda connection: events_table.deliveries(connection, seqs))
        for seq, row in zip(seqs, rows, strict=True):
            yield Record(row[1:], statuses[seq], self._loader(seq))

    def _loader(self, seq: int) -> Callable[[], bytes]:
        def load() -> bytes:
            body = self._read(lambda connection: events_table.body(connection, seq))
            if body is None:
                raise JournalError(f"journal {self.path}: this event has been removed meanwhile (cap)")
            return body

        return load

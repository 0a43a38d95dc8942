"""The interface for reading events and their history: a journal, or the ledger of a team."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from change_events.journal import Query, Record
    from change_events.journal.counting import Count
    from change_events.journal.drift_checks import LastCheck
    from change_events.journal.records import Figures
    from change_events.journal.touched_records import Known, KnownThing, Move, Touch


class Source(Protocol):
    """Read access to events and things (resources, tasks, hosts). Every method may raise JournalError.

    The methods of the journal have the details; `tests/history/test_source_conformance.py` specifies every answer.
    """

    @property
    def called(self) -> str:
        """Its name for messages: ``journal`` or ``ledger``."""

    def get(self, id_or_prefix: str, /) -> Record | None:
        """Return the event with this id or unique prefix."""

    def list(self, query: Query, /) -> Iterator[Record]:
        """Yield events, newest first."""

    def figures(self, query: Query, /, *, most: int) -> Figures:
        """Return the number of events, in total and by outcome, kind, tool, environment and service."""

    def searched_since(self, query: Query, /) -> datetime | None:
        """Return the start of the oldest event searched for the query's text; None if all or none are searched."""

    def counted(self, query: Query, /, *, by: Sequence[str] = (), width: timedelta) -> Sequence[Count]:
        """Return the number of selected events by columns and by spans of ``width``, starting at the query's ``since``.

        Ordered by span and values, without zero counts. ``limit`` and ``before`` of the query are ignored.

        Args:
            query: has ``since`` and ``until``, at most 1,000 spans apart.
            by: columns of environment, service, kind, phase, severity, outcome (`running` if there is none) and host;
                by host, an event counts once per host, and not at all without hosts.
            width: a multiple of a microsecond.

        Raises:
            ValueError: there are more spans, or other columns.
        """

    def drift_checks(self) -> Sequence[LastCheck]:
        """Return the last drift check of each directory."""

    def known(self) -> Known:
        """Return how far back things are known."""

    def things_at(self, pattern: str, /, *, limit: int) -> Sequence[KnownThing]:
        """Return things by address, prefix or glob."""

    def things_named(self, name: str, /, *, limit: int) -> Sequence[KnownThing]:
        """Return resources by id, name or network address."""

    def names_of(self, things: Iterable[int], /) -> Mapping[int, Sequence[str]]:
        """Return the other names of each of these things."""

    def addresses(self, *, limit: int) -> Sequence[str]:
        """Return addresses, hosts and names, for near matches."""

    def things_of_stack(self, stack: str, addresses: Sequence[str], /) -> Mapping[str, KnownThing]:
        """Return those of these addresses that are known in a stack."""

    def paths(self, thing: int, attribute: str = "", /, *, limit: int) -> Sequence[str]:
        """Return the changed attributes of a thing."""

    def touches(
        self, thing: int, path: str = "", /, *, since: datetime | None = None, until: datetime | None = None, limit: int
    ) -> Sequence[Touch]:
        """Return the changes of one attribute, newest first."""

    def newest(self, things: Sequence[int], /) -> Mapping[int, int]:
        """Return when each thing was last changed, as numbers that grow with time."""

    def moves(self, stack: str, address: str, /) -> Sequence[Move]:
        """Return the moves to and from an address."""

    def stacks(self, *, limit: int) -> Sequence[str]:
        """Return the keys of stacks with runs, the most recent run first."""

    def events_of_stack(self, stack: str, /, *, limit: int) -> Sequence[str]:
        """Return the ids of the runs of a stack, newest first, without backfilled ones."""

    def events_of_plan(self, digest: str, /, *, limit: int) -> Sequence[str]:
        """Return the ids of the events that saved or applied a plan file, newest first."""

    def is_type_known(self, stack: str, kind: str, /, *, but: str) -> bool:
        """Return whether another event touched a type in a stack."""

    def values_of(self, column: str, /, *, limit: int) -> Sequence[str]:
        """Return the environments or services of events."""

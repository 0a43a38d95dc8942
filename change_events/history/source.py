"""What the questions of this package are asked: a journal, or the ledger of a team."""

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
    """Answers about events and things. Every method may raise JournalError; the journal's docstrings say the rest.

    `tests/history/test_source_conformance.py` holds what every source has to answer.
    """

    @property
    def called(self) -> str:
        """What it is, as sentences say it: ``journal`` or ``ledger``."""

    def get(self, id_or_prefix: str, /) -> Record | None:
        """The event with this id."""

    def list(self, query: Query, /) -> Iterator[Record]:
        """Events, newest first."""

    def figures(self, query: Query, /, *, most: int) -> Figures:
        """How many events there are, in all and by outcome, kind, tool, environment and service."""

    def searched_since(self, query: Query, /) -> datetime | None:
        """The start of the oldest event whose body ``query`` looks at; None where it looks at all, or needs none."""

    def counted(self, query: Query, /, *, by: Sequence[str] = (), width: timedelta) -> Sequence[Count]:
        """How many events a query selects: by spans of time of this width from its ``since`` on, and by columns.

        Ordered by span and values; what has no event is left out. ``limit`` and ``before`` of the query do not count.

        Args:
            query: with ``since`` and ``until``, at most 1,000 spans apart.
            by: of environment, service, kind, phase, severity, outcome (`running` where there is none) and host, by
                which an event of several hosts is counted several times, and one without hosts is not.
            width: whole microseconds.

        Raises:
            ValueError: the spans are more, or the columns are others.
        """

    def drift_checks(self) -> Sequence[LastCheck]:
        """The last drift check of each directory."""

    def known(self) -> Known:
        """How far back things are known."""

    def things_at(self, pattern: str, /, *, limit: int) -> Sequence[KnownThing]:
        """Things by address, prefix or glob."""

    def things_named(self, name: str, /, *, limit: int) -> Sequence[KnownThing]:
        """Resources by id, name or network address."""

    def names_of(self, things: Iterable[int], /) -> Mapping[int, Sequence[str]]:
        """By what else each of these is known."""

    def addresses(self, *, limit: int) -> Sequence[str]:
        """Addresses, hosts and names, for near matches."""

    def things_of_stack(self, stack: str, addresses: Sequence[str], /) -> Mapping[str, KnownThing]:
        """Those of these addresses that are known in a stack."""

    def paths(self, thing: int, attribute: str = "", /, *, limit: int) -> Sequence[str]:
        """Attributes of a thing that were changed."""

    def touches(
        self, thing: int, path: str = "", /, *, since: datetime | None = None, until: datetime | None = None, limit: int
    ) -> Sequence[Touch]:
        """What was changed of one attribute, newest first."""

    def newest(self, things: Sequence[int], /) -> Mapping[int, int]:
        """When each thing was last changed, as numbers that grow with time."""

    def moves(self, stack: str, address: str, /) -> Sequence[Move]:
        """Moves to and from an address."""

    def stacks(self, *, limit: int) -> Sequence[str]:
        """Keys of the stacks that have runs, the one that ran last first."""

    def events_of_stack(self, stack: str, /, *, limit: int) -> Sequence[str]:
        """Ids of the runs of a stack, newest first; none that were made of history."""

    def events_of_plan(self, digest: str, /, *, limit: int) -> Sequence[str]:
        """Ids of the events that saved or applied a plan file, newest first."""

    def is_type_known(self, stack: str, kind: str, /, *, but: str) -> bool:
        """Whether a type was touched in a stack by another event."""

    def values_of(self, column: str, /, *, limit: int) -> Sequence[str]:
        """The environments or services that events name."""

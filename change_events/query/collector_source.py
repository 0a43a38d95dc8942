"""A source over the HTTP queries of a collector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from change_events.journal.records import Columns, Record
from change_events.query import collector_answers, questions
from change_events.query.collector_client import CollectorClient
from change_events.query.questions import Filters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from change_events.history.suspects import Incident, Ranking
    from change_events.history.why import Answer
    from change_events.journal import Query
    from change_events.journal.counting import Count
    from change_events.journal.drift_checks import LastCheck
    from change_events.journal.records import Figures
    from change_events.journal.touched_records import Known, KnownThing, Move, Touch
    from change_events.query.questions import Listed


class CollectorSource(CollectorClient):
    """A :class:`~change_events.history.source.Source` over HTTP, of the team of a token. Use one per thread.

    It answers like the ledger over SQL, except that the body of an event is loaded with it, and so stays readable after
    the event is removed. It is also :class:`~change_events.query.answers.Elsewhere`.
    Every method raises LedgerError, and the errors of the same method of the ledger over SQL.
    """

    called = "ledger"

    def get(self, id_or_prefix: str, /) -> Record | None:
        """Return the event with this id or unique prefix; None if there is none."""
        found: Listed | None = self.ask("get", questions.GetArguments(id_or_prefix))
        return None if found is None else _record(found)

    def list(self, query: Query | None = None, /) -> Iterator[Record]:
        """Yield the selected events, newest first, a page at a time."""
        asked = questions.ListArguments(_filters(query))
        while True:
            lines = self.ask_for_lines("list", asked)
            found, end = collector_answers.page(lines, self.shown)
            yield from map(_record, found)
            if end.follows is None:
                return
            if asked.follows is not None and _place(asked.follows) <= _place(end.follows):
                raise collector_answers.unreadable(self.shown)  # endless
            # the event that bounds the first page may have been removed, and is no longer needed
            rest = msgspec.structs.replace(asked.query, before=None, limit=end.limit)
            asked = questions.ListArguments(rest, end.follows)

    def figures(self, query: Query, /, *, most: int) -> Figures:
        """Return the number of selected events, in total and by column."""
        found: Figures = self.ask("figures", questions.FiguresArguments(_filters(query), most))
        return found

    def searched_since(self, query: Query, /) -> datetime | None:
        """Return the start of the oldest event searched for the text; None if all are searched."""
        if not query.text or query.searched is None:
            return None
        found: datetime | None = self.ask("searched_since", questions.SearchedSinceArguments(_filters(query)))
        return found

    def counted(self, query: Query, /, *, by: Sequence[str] = (), width: timedelta) -> Sequence[Count]:
        """Return the number of selected events by span of time and columns."""
        found: Sequence[Count] = self.ask("counted", questions.CountedArguments(_filters(query), width, tuple(by)))
        return found

    def drift_checks(self) -> Sequence[LastCheck]:
        """Return the last drift check of each directory."""
        found: Sequence[LastCheck] = self.ask("drift_checks", questions.NoArguments())
        return found

    def known(self) -> Known:
        """Return how far back things are known."""
        found: Known = self.ask("known", questions.NoArguments())
        return found

    def things_at(self, pattern: str, /, *, limit: int) -> Sequence[KnownThing]:
        """Return things by address, prefix or glob."""
        found: Sequence[KnownThing] = self.ask("things_at", questions.ThingsAtArguments(pattern, limit))
        return found

    def things_named(self, name: str, /, *, limit: int) -> Sequence[KnownThing]:
        """Return resources by id, name or network address."""
        found: Sequence[KnownThing] = self.ask("things_named", questions.ThingsNamedArguments(name, limit))
        return found

    def names_of(self, things: Iterable[int], /) -> Mapping[int, Sequence[str]]:
        """Return the other names of each of these things."""
        found: Mapping[int, Sequence[str]] = self.ask("names_of", questions.NamesOfArguments(tuple(things)))
        return found

    def addresses(self, *, limit: int) -> Sequence[str]:
        """Return addresses, hosts and names, for near matches."""
        return self._texts("addresses", questions.LimitArguments(limit))

    def things_of_stack(self, stack: str, addresses: Sequence[str], /) -> Mapping[str, KnownThing]:
        """Return those of these addresses that are known in a stack."""
        asked = questions.ThingsOfStackArguments(stack, tuple(addresses))
        found: Mapping[str, KnownThing] = self.ask("things_of_stack", asked)
        return found

    def paths(self, thing: int, attribute: str = "", /, *, limit: int) -> Sequence[str]:
        """Return the changed attributes of a thing."""
        return self._texts("paths", questions.PathsArguments(thing, limit, attribute))

    def touches(
        self, thing: int, path: str = "", /, *, since: datetime | None = None, until: datetime | None = None, limit: int
    ) -> Sequence[Touch]:
        """Return the changes of one attribute, newest first."""
        found: Sequence[Touch] = self.ask("touches", questions.TouchesArguments(thing, limit, path, since, until))
        return found

    def newest(self, things: Sequence[int], /) -> Mapping[int, int]:
        """Return when each thing was last changed."""
        found: Mapping[int, int] = self.ask("newest", questions.NewestArguments(tuple(things)))
        return found

    def moves(self, stack: str, address: str, /) -> Sequence[Move]:
        """Return the moves to and from an address."""
        found: Sequence[Move] = self.ask("moves", questions.MovesArguments(stack, address))
        return found

    def stacks(self, *, limit: int) -> Sequence[str]:
        """Return the keys of stacks with runs, the most recent run first."""
        return self._texts("stacks", questions.LimitArguments(limit))

    def events_of_stack(self, stack: str, /, *, limit: int) -> Sequence[str]:
        """Return the ids of the runs of a stack, newest first."""
        return self._texts("events_of_stack", questions.EventsOfStackArguments(stack, limit))

    def events_of_plan(self, digest: str, /, *, limit: int) -> Sequence[str]:
        """Return the ids of the events that saved or applied a plan file, newest first."""
        return self._texts("events_of_plan", questions.EventsOfPlanArguments(digest, limit))

    def is_type_known(self, stack: str, kind: str, /, *, but: str) -> bool:
        """Return whether another event touched a type in a stack."""
        found: bool = self.ask("is_type_known", questions.IsTypeKnownArguments(stack, kind, but))
        return found

    def values_of(self, column: str, /, *, limit: int) -> Sequence[str]:
        """Return the distinct values of a column."""
        return self._texts("values_of", questions.ValuesOfArguments(column, limit))

    def why(self, text: str, /, *, limit: int, since: datetime | None = None, until: datetime | None = None) -> Answer:
        """Return the last changes of the subject of ``text``."""
        found: Answer = self.ask("why", questions.WhyArguments(text, limit, since, until))
        return found

    def suspects(self, incident: Incident, /, *, limit: int | None) -> Ranking:
        """Return the changes before an incident, the most likely cause first."""
        found: Ranking = self.ask("suspects", questions.SuspectsArguments(*incident, limit))
        return found

    def _texts(self, name: str, arguments: questions.Arguments) -> Sequence[str]:
        found: Sequence[str] = self.ask(name, arguments)
        return found


def _filters(query: Query | None) -> Filters:
    return Filters() if query is None else Filters(**msgspec.structs.asdict(query))


def _place(place: questions.Place) -> tuple[datetime, str]:
    return place.started_at, place.id


def _record(found: Listed) -> Record:
    row: tuple[Any, ...] = tuple(getattr(found, name, None) for name in Columns.__struct_fields__)
    body = bytes(found.body)
    return Record(row, (), lambda: body, kept_in="ledger", teams=found.teams, others=found.others)

"""The table of the queries of a collector: name, type of the arguments, type of the answer.

The queries are the methods of :class:`~change_events.history.source.Source` and
:class:`~change_events.query.answers.Elsewhere`, by name. The structs define the wire format: a field may
be added with a default; renaming or a change of meaning requires a new version in the path.
A collector rejects unknown arguments, since ignoring one would give a false answer. A client ignores unknown
fields of an answer.
"""

# ruff: noqa: D101  # the arguments of a question are those of the method
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from change_events.history.suspects import Ranking
from change_events.history.why import Answer
from change_events.journal.counting import Count
from change_events.journal.drift_checks import LastCheck
from change_events.journal.records import Figures, Query
from change_events.journal.touched_records import Known, KnownThing, Move, Touch

MOST = 20_000
"""Rows of one answer, or items of one argument."""

Limit = Annotated[int, Meta(ge=0, le=MOST)]
Text = Annotated[str, Meta(max_length=4_096)]
Texts = Annotated[tuple[Text, ...], Meta(max_length=MOST)]
Number = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Numbers = Annotated[tuple[Number, ...], Meta(max_length=MOST)]


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of the arguments of a question."""


class Filters(Query, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A query as it is sent."""


class Place(Arguments, frozen=True):
    """The event after which a listing goes on."""

    started_at: datetime
    id: Text


class GetArguments(Arguments, frozen=True):
    id_or_prefix: Text


class ListArguments(Arguments, frozen=True):
    """``follows`` is what the page before ended with."""

    query: Filters
    follows: Place | None = None


class FiguresArguments(Arguments, frozen=True):
    query: Filters
    most: Annotated[int, Meta(ge=0, le=1_000_000)]


class SearchedSinceArguments(Arguments, frozen=True):
    query: Filters


class CountedArguments(Arguments, frozen=True):
    query: Filters
    width: timedelta
    by: Texts = ()


class NoArguments(Arguments, frozen=True):
    """A question without any."""


class ThingsAtArguments(Arguments, frozen=True):
    pattern: Text
    limit: Limit


class ThingsNamedArguments(Arguments, frozen=True):
    name: Text
    limit: Limit


class NamesOfArguments(Arguments, frozen=True):
    things: Numbers


class LimitArguments(Arguments, frozen=True):
    limit: Limit


class ThingsOfStackArguments(Arguments, frozen=True):
    stack: Text
    addresses: Texts


class PathsArguments(Arguments, frozen=True):
    thing: Number
    limit: Limit
    attribute: Text = ""


class TouchesArguments(Arguments, frozen=True):
    thing: Number
    limit: Limit
    path: Text = ""
    since: datetime | None = None
    until: datetime | None = None


class NewestArguments(Arguments, frozen=True):
    things: Numbers


class MovesArguments(Arguments, frozen=True):
    stack: Text
    address: Text


class EventsOfStackArguments(Arguments, frozen=True):
    stack: Text
    limit: Limit


class EventsOfPlanArguments(Arguments, frozen=True):
    digest: Text
    limit: Limit


class IsTypeKnownArguments(Arguments, frozen=True):
    stack: Text
    kind: Text
    but: Text


class ValuesOfArguments(Arguments, frozen=True):
    column: Text
    limit: Limit


class WhyArguments(Arguments, frozen=True):
    text: Text
    limit: Limit
    since: datetime | None = None
    until: datetime | None = None


class SuspectsArguments(Arguments, frozen=True):
    at: datetime
    window: timedelta
    service: Text | None = None
    environment: Text | None = None
    host: Text | None = None
    limit: Limit | None = None


class Listed(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event as it is sent: its columns (times in microseconds since 1970) and its body.

    ``teams`` have recorded it so, ``others`` otherwise.
    """

    id: str
    state: str
    started_at: int
    kind: str
    phase: str
    severity: str
    title: str
    body: msgspec.Raw
    ended_at: int | None = None
    outcome: str | None = None
    environment: str | None = None
    service: str | None = None
    tool: str | None = None
    run: str | None = None
    parent: str | None = None
    teams: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


class PageEnd(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last line of a page of ``list``: how many events it has, where the next one begins, what its limit is."""

    events: int
    follows: Place | None = None
    limit: int | None = None


class Question(NamedTuple):
    """One query.

    Attributes:
        arguments: type of the arguments.
        answer: type of the answer, in an object as ``answer``; for ``list``, each line is a ``Listed``, and the
            last one a ``PageEnd``.
    """

    arguments: type[Arguments]
    answer: Any


QUESTIONS: dict[str, Question] = {
    "get": Question(GetArguments, Listed | None),
    "list": Question(ListArguments, Listed),
    "figures": Question(FiguresArguments, Figures),
    "searched_since": Question(SearchedSinceArguments, datetime | None),
    "counted": Question(CountedArguments, list[Count]),
    "drift_checks": Question(NoArguments, list[LastCheck]),
    "known": Question(NoArguments, Known),
    "things_at": Question(ThingsAtArguments, list[KnownThing]),
    "things_named": Question(ThingsNamedArguments, list[KnownThing]),
    "names_of": Question(NamesOfArguments, dict[int, list[str]]),
    "addresses": Question(LimitArguments, list[str]),
    "things_of_stack": Question(ThingsOfStackArguments, dict[str, KnownThing]),
    "paths": Question(PathsArguments, list[str]),
    "touches": Question(TouchesArguments, list[Touch]),
    "newest": Question(NewestArguments, dict[int, int]),
    "moves": Question(MovesArguments, list[Move]),
    "stacks": Question(LimitArguments, list[str]),
    "events_of_stack": Question(EventsOfStackArguments, list[str]),
    "events_of_plan": Question(EventsOfPlanArguments, list[str]),
    "is_type_known": Question(IsTypeKnownArguments, bool),
    "values_of": Question(ValuesOfArguments, list[str]),
    "why": Question(WhyArguments, Answer),
    "suspects": Question(SuspectsArguments, Ranking),
}

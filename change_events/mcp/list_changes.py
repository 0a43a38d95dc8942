"""``list_changes``: recorded events, newest first, a page at a time."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - of the answer's struct
from typing import TYPE_CHECKING

import msgspec

from change_events.errors import TfeventError
from change_events.mcp.answers import MOST, Found, under_way
from change_events.mcp.arguments import KINDS, OUTCOMES, PHASES, ListArguments, ToolArgumentError, choice, moment
from change_events.mcp.bounds import page
from change_events.model import Actor, Backfilled, Signal, Vcs  # noqa: TC001 - of a decoded struct
from change_events.query.event_ref import find
from change_events.query.known_names import known_signals, not_a_signal
from change_events.query.selection import RUNNING, SEARCHED, query_of
from change_events.summary.who import who

if TYPE_CHECKING:
    from change_events.history.source import Source
    from change_events.journal import Query, Record
    from change_events.settings import Settings

_EACH = 2_000
_ROOM = 1_500  # characters of the answer around the events
_SIGNALS = 10


class Listed(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event: ``running`` until its outcome is recorded; ``backfilled`` where it was made of history."""

    id: str
    started_at: datetime
    kind: str
    phase: str
    outcome: str
    title: str
    ended_at: datetime | None = None
    environment: str | None = None
    service: str | None = None
    tool: str | None = None
    who: str | None = None
    commit: str | None = None
    subject: str | None = None
    signals: tuple[str, ...] = ()
    backfilled: Backfilled | None = None


class Listing(msgspec.Struct, frozen=True):
    """Events, newest first."""

    events: tuple[Listed, ...]


class _Parts(msgspec.Struct):
    """The fields of the body needed for a row."""

    actor: Actor | None = None
    vcs: Vcs | None = None
    signals: tuple[Signal, ...] = ()
    backfilled: Backfilled | None = None


def list_changes(source: Source, settings: Settings, arguments: ListArguments) -> Found:
    """Return the selected events. Raises TfeventError."""
    query = _query(source, settings, arguments)
    found = list(source.list(query))
    wanted = found[: arguments.limit]
    shown = page(map(_listed, wanted), MOST - _ROOM, _EACH)
    notes = list(shown.left_out)
    following = None
    if len(found) > len(shown.items):
        following = {"before": shown.items[-1]["id"]}
        notes.append("there are older events: `next` has the argument for them")
    elif oldest := source.searched_since(query):
        notes.append(f"searched only the newest {SEARCHED:,} events; to search before {oldest:%Y-%m-%d}, give `since`")
    return Found({"events": shown.items}, (*notes, *under_way(wanted)), following)


def _query(source: Source, settings: Settings, arguments: ListArguments) -> Query:
    choice("outcome", arguments.outcome, OUTCOMES)
    choice("kind", arguments.kind, KINDS)
    choice("phase", arguments.phase, PHASES)
    if arguments.signal is not None and arguments.signal not in (known := known_signals(settings)):
        raise ToolArgumentError(f"signal: {not_a_signal(arguments.signal, known)}")
    filters = {name: getattr(arguments, name) for name in arguments.__struct_fields__}
    filters |= {name: moment(name, filters[name]) for name in ("since", "until")}
    if arguments.before is not None:
        filters["before"] = _event_id(source, arguments.before)
    return query_of(**{**filters, "limit": arguments.limit + 1})


def _event_id(source: Source, text: str) -> str:
    try:
        return find(source, text, listing="list_changes").id
    except TfeventError as error:
        raise ToolArgumentError(f"before: {error}") from None


def _listed(record: Record) -> Listed:
    parts = msgspec.json.decode(record.body, type=_Parts)
    return Listed(
        id=record.id,
        started_at=record.started_at,
        ended_at=record.ended_at,
        kind=record.kind,
        phase=record.phase,
        outcome=record.outcome or RUNNING,
        title=record.title,
        environment=record.environment,
        service=record.service,
        tool=record.tool,
        who=who(parts.actor) or None,
        commit=parts.vcs.commit if parts.vcs else None,
        subject=parts.vcs.subject if parts.vcs else None,
        signals=tuple(dict.fromkeys(signal.name for signal in parts.signals))[:_SIGNALS],
        backfilled=parts.backfilled,
    )

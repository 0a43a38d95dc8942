"""Changes before an incident, ranked as possible causes; each score has its reasons.

All weights are in :mod:`change_events.history.weights`; nothing is learned.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from change_events.history import weights
from change_events.history.teams import of_record
from change_events.journal import Query
from change_events.journal.touched_rows import rows_of
from change_events.model import Action, ChangeOutcome, Outcome, Phase, stack_key
from change_events.summary.who import who
from change_events.text.lazy_pattern import lazy_pattern
from change_events.text.times import short_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from change_events.history.source import Source
    from change_events.journal import Record
    from change_events.journal.touched_records import KnownThing
    from change_events.journal.touched_rows import Row
    from change_events.model import Change, ChangeEvent

MOST_EVENTS = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_RUN = timedelta(hours=12)  # a run that started this long before the window may end in it
_MOST_THINGS = 40  # per event whose history is read
_CERTAIN = ("object", "name")  # accepted sources of a backfilled event's time
_NOTHING = (Outcome.DECLINED, Outcome.NO_CHANGE)
_BAD = (Outcome.FAILED, Outcome.PARTIAL, Outcome.UNKNOWN)
_LABELS = lazy_pattern(
    r"(^|\.)(tags|tags_all|labels|effective_labels|terraform_labels|annotations|user_labels)($|[.\[])"
)
_FIX = lazy_pattern(r"\b(hot)?fix(es|ed)?\b|\bincident\b|\bmitigat|\boutage\b|\brestore")


class Incident(NamedTuple):
    """The known facts of an incident.

    Attributes:
        at: its start, UTC.
        window: how long before the start a change may have ended.
        service: the affected service; None if unknown, likewise the environment and the host.
    """

    at: datetime
    window: timedelta = timedelta(hours=6)
    service: str | None = None
    environment: str | None = None
    host: str | None = None


class Reason(msgspec.Struct, frozen=True):
    """Why an event has so many points: ``factor`` is a name of the table of weights."""

    factor: str
    points: int | float
    text: str


class Suspect(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event and its score, the sum of its reasons, the heaviest first."""

    event: str
    started_at: datetime
    title: str
    outcome: str | None
    score: int | float
    reasons: tuple[Reason, ...]
    ended_at: datetime | None = None
    environment: str | None = None
    service: str | None = None
    user: str | None = None
    commit: str | None = None
    causes: tuple[str, ...] = ()


class Ranking(msgspec.Struct, frozen=True, omit_defaults=True):
    """The suspects, first the likeliest. ``candidates`` is how many changes were ranked.

    ``cut`` says that the window has more events than are looked at: :data:`MOST_EVENTS`, the newest.
    """

    at: datetime
    since: datetime
    candidates: int
    suspects: tuple[Suspect, ...]
    cut: bool = False


class Ranked(NamedTuple):
    """A ranking, and the events of its suspects in the same order."""

    ranking: Ranking
    records: Sequence[Record]


def suspects(source: Source, incident: Incident, *, limit: int | None) -> Ranking:
    """Return the ranked changes before an incident. Raises JournalError."""
    return rank(source, incident, limit=limit).ranking


def rank(source: Source, incident: Incident, *, limit: int | None) -> Ranked:
    """Like :func:`suspects`, but return the events as well. Raises JournalError."""
    since = _before(incident.at, incident.window)
    looked_at, ranked = 0, []
    query = Query(since=_before(since, _LONGEST_RUN), until=incident.at, phase=Phase.APPLIED.value, limit=MOST_EVENTS)
    for record in source.list(query):
        looked_at += 1
        if record.outcome in _NOTHING or (record.ended_at or incident.at) < since:
            continue
        event = record.event
        if event.backfilled is not None and event.backfilled.time_from not in _CERTAIN:
            continue  # a file may have been copied at that time
        if _changed_something(event):
            ranked.append((record, event))
    units_of = {record.parent for record, event in ranked if event.trace is not None and event.trace.unit}
    # a run of many stacks is represented by its units, which are ranked individually
    ranked = [one for one in ranked if one[1].stacks is None or one[0].run not in units_of]
    known_by: dict[tuple[str, ...], _Known] = {}  # things of other teams are different, even with equal names
    found = []
    for record, event in ranked:
        if record.teams not in known_by:
            known_by[record.teams] = _Known(of_record(source, record))
        found.append((_suspect(known_by[record.teams], incident, event), record))
    found.sort(key=lambda one: (-one[0].score, -(one[0].ended_at or incident.at).timestamp(), one[0].event))
    first = tuple(one for one, _ in found[:limit])
    cut = looked_at == MOST_EVENTS
    return Ranked(Ranking(incident.at, since, len(found), first, cut), [record for _, record in found[:limit]])


def _before(moment: datetime, length: timedelta) -> datetime:
    """Subtract a duration, but not beyond 1970: no event is older."""
    return moment - min(length, max(moment - _EPOCH, timedelta()))


def _changed_something(event: ChangeEvent) -> bool:
    """Return whether it changed anything; a run cancelled before its first change did not."""
    if event.explicit or event.outcome is None or event.outcome is Outcome.UNKNOWN:
        return True
    outcomes = (ChangeOutcome.APPLIED, ChangeOutcome.FAILED, ChangeOutcome.UNKNOWN)
    return any(change.outcome in outcomes for change in event.changes) or event.outcome in _BAD


class _Known:
    """A cache of a source, since the events before an incident often change the same things."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.at = cache(lambda address: source.things_at(address, limit=5))
        self.named = cache(lambda name: {thing.address for thing in source.things_named(name, limit=_MOST_THINGS)})
        self._resources: dict[tuple[str, str], KnownThing | None] = {}

    def resources(self, stack: str, addresses: Iterable[str]) -> dict[str, KnownThing]:
        """Those of these addresses that are known in a stack."""
        wanted = dict.fromkeys(addresses)
        if new := [address for address in wanted if (stack, address) not in self._resources]:
            things = self.source.things_of_stack(stack, new)
            self._resources |= {(stack, address): things.get(address) for address in new}
        found = ((address, self._resources[stack, address]) for address in wanted)
        return {address: thing for address, thing in found if thing is not None}

    def host(self, address: str) -> KnownThing | None:
        """Return the host with this name."""
        return next((one for one in self.at(address) if one.kind == "host" and one.address == address), None)


def _suspect(known: _Known, incident: Incident, event: ChangeEvent) -> Suspect:
    rows = rows_of(event).rows
    reasons = [
        reason
        for reason in (
            _time(incident, event),
            *_scope(known, incident, event, rows),
            *_signals(known.source, event),
            *_kind(event),
            *_end(event),
            *_reach(known, event, rows),
            *_past(known, event, rows),
        )
        if reason.points
    ]
    reasons.sort(key=lambda reason: -abs(reason.points))
    return Suspect(
        event=event.id,
        started_at=event.started_at,
        ended_at=event.ended_at,
        title=event.title,
        outcome=event.outcome and event.outcome.value,
        score=round(sum(reason.points for reason in reasons), 1),
        reasons=tuple(reasons),
        environment=event.environment,
        service=event.service,
        user=who(event.actor) or None,
        commit=event.vcs.commit if event.vcs else None,
        causes=_causes(event),
    )


def _causes(event: ChangeEvent) -> tuple[str, ...]:
    from change_events.summary.causes import shared_words

    return tuple(shared_words(cause, markdown=False) for cause in event.causes[:3])


def _time(incident: Incident, event: ChangeEvent) -> Reason:
    ended = min(event.ended_at or incident.at, incident.at)
    seconds = (incident.at - ended).total_seconds()
    points = weights.TIME * 0.5 ** (seconds / 60 / weights.HALF_LIFE_MINUTES)
    text = f"ended {short_duration(seconds)} before" if seconds else "was running"
    return Reason("time", round(points, 1), text)


def _scope(known: _Known, incident: Incident, event: ChangeEvent, rows: list[Row]) -> Iterator[Reason]:
    if incident.environment and event.environment:
        same = incident.environment == event.environment
        points = weights.ENVIRONMENT if same else weights.OTHER_ENVIRONMENT
        yield Reason("environment", points, f"environment {event.environment}")
    if incident.service and event.service:
        same = incident.service == event.service
        yield Reason("service", weights.SERVICE if same else weights.OTHER_SERVICE, f"service {event.service}")
    if incident.host:
        yield from _host(known, incident.host, rows)


def _host(known: _Known, host: str, rows: list[Row]) -> Iterator[Reason]:
    """Yield a reason if it changed the host, or the resource known by its name or address."""
    named = known.named(host)
    if any(row.thing.address == host if row.thing.kind == "host" else row.thing.address in named for row in rows):
        yield Reason("host", weights.HOST, f"changed {host}")
    elif any(row.thing.kind == "host" for row in rows):
        yield Reason("host", weights.OTHER_HOSTS, "changed other hosts only")


def _signals(source: Source, event: ChangeEvent) -> Iterator[Reason]:
    left = float(weights.MOST_SIGNALS)
    first = {signal.name: signal for signal in reversed(event.signals)}
    for name in sorted(first, key=lambda name: -weights.SIGNALS.get(name, weights.OTHER_SIGNAL)):
        points = min(left, weights.SIGNALS.get(name, weights.OTHER_SIGNAL))
        left -= max(points, 0)
        where = f" at {first[name].address}" if first[name].address else ""
        yield Reason(f"signal:{name}", points, f"{name.replace('_', ' ')}{where}")
    for signal in event.signals:
        for undone in signal.events if signal.name == "reverted" else ():
            record = source.get(undone)
            if record is not None and _is_fix(record.event):
                yield Reason("fix_reverted", weights.FIX_REVERTED, f"takes back {undone}, a fix")
                return


def _is_fix(event: ChangeEvent) -> bool:
    """Return whether it is a fix: called so by its author, or a completion or revert."""
    texts = (event.title, event.vcs.subject if event.vcs else None)
    names = {signal.name for signal in event.signals}
    return any(text and _FIX.search(text.casefold()) for text in texts) or bool(names & {"reverted", "finished_later"})


def _kind(event: ChangeEvent) -> Iterator[Reason]:
    yield Reason("kind", weights.KINDS.get(event.kind.value, 0), f"a {event.kind.value}")
    if event.vcs and event.vcs.dirty:
        yield Reason("uncommitted", weights.UNCOMMITTED, "made from uncommitted edits")


def _end(event: ChangeEvent) -> Iterator[Reason]:
    if event.outcome in _BAD and event.backfilled is None:
        word = "its outcome is unknown" if event.outcome is Outcome.UNKNOWN else "failed"
        partly = event.outcome is Outcome.PARTIAL
        yield Reason("outcome", weights.FAILED, "partially failed" if partly else word)
    elif event.outcome is Outcome.CANCELLED:
        yield Reason("outcome", weights.CANCELLED, "cancelled after its first change")
    gone = [
        change
        for change in event.changes
        if change.action in (Action.DESTROY, Action.REPLACE) and change.outcome is not ChangeOutcome.NOT_ATTEMPTED
    ]
    if gone:
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        yield Reason("gone", weights.GONE, f"destroyed or replaced {gone[0].address}{more}")


def _reach(known: _Known, event: ChangeEvent, rows: list[Row]) -> Iterator[Reason]:
    """Yield a reason for its reach: the number of changed things and hosts, and machines that playbooks run on."""
    things = {row.thing.address: row.thing for row in rows}
    number = len(things)
    if number > 1:
        points = min(weights.MOST_REACH, round(weights.REACH * math.log10(number), 1))
        yield Reason("reach", points, f"changed {number} resources or hosts")
    names = [text for change in event.changes for text in (change.id, *change.identity.values()) if text]
    hosts = (name for name in names[:_MOST_THINGS] if any(thing.kind == "host" for thing in known.at(name)))
    if host := next(hosts, None):
        yield Reason("managed_host", weights.MANAGED_HOST, f"changed the machine {host}, which playbooks run on")


def _past(known: _Known, event: ChangeEvent, rows: list[Row]) -> Iterator[Reason]:
    """Yield reasons from history: changes that are frequent or new, or of labels only."""
    if event.changes and all(map(_is_label, event.changes)):
        yield Reason("labels_only", weights.LABELS_ONLY, "only labels changed")
        return
    things = [row for row in rows if row.path or row.thing.kind == "resource"]
    paths = [row for row in things if row.path] or things
    counted = _counted(known, event, paths[:_MOST_THINGS])
    new = [row for row, number in counted if number == 0]
    if counted and all(number is not None and number >= weights.ROUTINE_TIMES for _, number in counted):
        times, days = weights.ROUTINE_TIMES, weights.ROUTINE_DAYS
        yield Reason(
            "routine", weights.ROUTINE, f"the same was changed {times} times or more in the {days} days before"
        )
    elif new:
        row = new[0]
        name = (
            f"{row.thing.address}.{row.path}" if row.thing.kind == "resource" else f"{row.path} on {row.thing.address}"
        )
        yield Reason("new", weights.NEW, f"first recorded change of {name.rstrip('.')}")


def _is_label(change: Change) -> bool:
    paths = [attribute.path for attribute in change.attributes]
    return change.action is Action.UPDATE and bool(paths) and all(_LABELS.search(path) for path in paths)


def _counted(known: _Known, event: ChangeEvent, rows: list[Row]) -> list[tuple[Row, int | None]]:
    """Return how often each was changed in the preceding period; None for an unknown thing."""
    addresses = [row.thing.address for row in rows if row.thing.kind == "resource"]
    resources = known.resources(stack_key(event), addresses)
    found: list[tuple[Row, int | None]] = []
    for row in rows:
        thing = resources.get(row.thing.address) if row.thing.kind == "resource" else known.host(row.thing.address)
        if thing is None or (row.action == Action.CREATE.value and not row.path):
            found.append((row, None))
        else:
            found.append((row, _earlier(known.source, event, thing, row.path)))
    return found


def _earlier(source: Source, event: ChangeEvent, thing: KnownThing, path: str) -> int:
    """Return how often a thing was changed lately; for an attribute not changed lately, whether it ever was."""
    until = event.started_at
    since = until - timedelta(days=weights.ROUTINE_DAYS)
    recent = source.touches(thing.number, path, since=since, until=until, limit=weights.ROUTINE_TIMES + 1)
    number = sum(touch.event != event.id for touch in recent)
    if number or not path:
        return number
    return sum(touch.event != event.id for touch in source.touches(thing.number, path, until=until, limit=2))

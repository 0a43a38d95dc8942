"""The page of a resource or host: its last changes with causes, and its values over time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from change_events.errors import JournalError, TfeventError
from change_events.history.subject import subject_of
from change_events.history.why import why
from change_events.report.attributes import Row, values
from change_events.server import times, urls
from change_events.server.cause_views import CauseView, cause_view
from change_events.server.filters import LONGEST
from change_events.server.page import Page
from change_events.server.parameters import ParameterError, check_parameters, refusal
from change_events.server.rows import Look, outcome_look, parts_of
from change_events.server.signal_views import SignalView, signal_views
from change_events.server.teams import chosen_team, each_team, name_of, teams_in
from change_events.server.value_lanes import Lanes, value_lanes
from change_events.text.markdown import one_line
from change_events.text.near_names import near_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.history.source import Source
    from change_events.history.why import Answer, AttributeHistory, Entry, ThingChange
    from change_events.model import Vcs
    from change_events.server.page import PageRequest

ENTRIES = 20
_PARAMETERS = ("at", "until", "team")
_CHANGES = 20  # per event
_ATTRIBUTES = 20
_CHOICES = 100
_ADDRESSES, _NEAR, _LIKE = 20_000, 6, 0.6
_ERROR = 500
_ASKED = 300  # characters


class ShownAttribute(NamedTuple):
    """An attribute: ``reverts`` is the event whose value it reverted, ``undone`` the one that reverted this."""

    row: Row
    reverts: str
    undone: str


class ShownChange(NamedTuple):
    """A change of the thing by one event; ``address`` is empty if the page has only one.

    ``is_task``: the address is the name of a task that ran on the host.
    """

    address: str
    is_task: bool
    words: str
    notes: list[str]
    attributes: list[ShownAttribute]
    more: int
    cause: CauseView | None


class ShownEntry(NamedTuple):
    """One event of the log."""

    id: str
    when: str
    iso: str
    title: str
    look: Look
    who: str
    signals: list[SignalView]
    changes: list[ShownChange]
    more: int


class Latest(NamedTuple):
    """The last change that succeeded."""

    ago: str
    who: str
    change: ShownChange


def build(source: Source, request: PageRequest) -> Page:
    """Return the page of the thing in the parameter `at`. Raises JournalError."""
    try:
        check_parameters(request, _PARAMETERS)
        until = _until(request)
    except ParameterError as error:
        return refusal(error, urls.page("thing"))
    asked = request.query.get("at", "").strip()[:LONGEST]
    if not asked:
        context = {"title": "Which resource or host?", "asked": "", "text": "", "near": [], "teams": []}
        return Page("thing_choice.html", context)
    try:
        own = _of_team(source, asked, request)
        if isinstance(own, Page):
            return own
        answer = why(own, asked, until=until, limit=ENTRIES + 1)
    except ParameterError as error:
        return refusal(error, urls.page("thing"))
    except JournalError:
        raise
    except TfeventError as error:
        return _unknown(source, asked, str(error))
    return _known(own, request, answer, name_of(own) if teams_in(source) else "")


def _of_team(source: Source, asked: str, request: PageRequest) -> Source | Page:
    """Return the source of one team; if several teams know the name, a page to select the team.

    Things of two teams differ even if their names are equal, and share no values.
    """
    team = chosen_team(source, request)
    sources = dict(each_team(source))
    if len(sources) == 1:
        return source
    if team:
        return sources[team]
    known = [name for name, one in sources.items() if _knows(one, asked)]
    if len(known) == 1:
        return sources[known[0]]
    if not known:
        return source
    context = {
        "title": f"{asked[:_ASKED]} is known in {len(known)} teams",
        "asked": asked,
        "text": "",
        "near": [],
        "teams": [(name, urls.thing(asked, team=name)) for name in known[:_CHOICES]],
    }
    return Page("thing_choice.html", context)


def _knows(source: Source, asked: str) -> bool:
    try:
        subject_of(source, asked)
    except JournalError:
        raise
    except TfeventError:
        return False
    return True


def _until(request: PageRequest) -> datetime | None:
    """Return where an older page begins. Raises ParameterError."""
    if not (text := request.query.get("until", "")):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min  # noqa: DTZ901 - refused below
    if found.tzinfo is None:
        raise ParameterError("`until` is not a timestamp with a zone, such as `2026-11-24T14:00:00+01:00`.")
    return found


def _unknown(source: Source, asked: str, text: str) -> Page:
    near = near_names(asked, source.addresses(limit=_ADDRESSES), most=_NEAR, cutoff=_LIKE)
    title = f"No resource or host {asked[:_ASKED]} is known"
    return Page("thing_choice.html", {"title": title, "asked": asked, "text": text, "near": near, "teams": []}, 404)


def _known(source: Source, request: PageRequest, answer: Answer, team: str) -> Page:
    entries = answer.entries[:ENTRIES]
    addresses = list(dict.fromkeys(one.address for one in answer.things))
    is_one = len({change.address for entry in entries for change in entry.changes}) <= 1
    shown = [_entry(source, request, entry, is_one=is_one) for entry in entries]
    older = entries[-1].started_at - timedelta(microseconds=1) if len(answer.entries) > ENTRIES else None
    several = len(addresses) > 1 and answer.asked not in addresses
    lanes = value_lanes(entries, request) if is_one and not request.query.get("until") else Lanes([], [], "")
    context = {
        "title": _title(answer, entries, request),
        "asked": answer.asked,
        "name": one_line(answer.asked, LONGEST),
        "latest": _latest(source, request, entries, is_one=is_one),
        "attempt": shown[0] if entries and not _changed(entries[0]) else None,
        "entries": shown,
        "choices": addresses[:_CHOICES] if several else [],
        "more_choices": max(0, len(addresses) - _CHOICES) if several else 0,
        "lanes": lanes,
        "things": answer.things[:_NEAR],
        "stacks": sorted({thing.stack for thing in answer.things if thing.stack})[:_NEAR],
        "redacted": any(thing.redacted for thing in answer.things),
        "known_since": times.date(answer.known_since, request) if answer.known_since else "",
        "complete": answer.complete,
        "older": urls.thing(answer.asked, until=older.isoformat(), team=team) if older else "",
        "team": team,
    }
    return Page("thing.html", context)


def _title(answer: Answer, entries: Sequence[Entry], request: PageRequest) -> str:
    name = answer.asked[:_ASKED]
    if not entries:
        return f"{name}: no change in this time is recorded"
    last = next((entry for entry in entries if _changed(entry)), None)
    if last is None:
        return f"{name}: no change that succeeded is among the last {len(entries)}"
    by = f" by {one_line(last.user)}" if last.user else ""
    return f"{name}: last changed {times.ago(last.started_at, request)}{by}"


def _changed(entry: Entry) -> Sequence[ThingChange]:
    """Return the applied changes of an event, without failed and uncertain ones."""
    return [change for change in entry.changes if change.outcome == "applied"]


def _latest(source: Source, request: PageRequest, entries: Sequence[Entry], *, is_one: bool) -> Latest | None:
    entry = next((entry for entry in entries if _changed(entry)), None)
    if entry is None:
        return None
    record = source.get(entry.event)
    vcs = parts_of(record).vcs if record else None
    change = _change(_changed(entry)[0], vcs, is_one=is_one)
    return Latest(times.ago(entry.started_at, request), one_line(entry.user or ""), change)


def _entry(source: Source, request: PageRequest, entry: Entry, *, is_one: bool) -> ShownEntry:
    record = source.get(entry.event)
    parts = parts_of(record) if record else None
    vcs = parts.vcs if parts else None
    addresses = {change.address for change in entry.changes}
    signals = [one for one in (parts.signals if parts else ()) if one.address in addresses]
    return ShownEntry(
        id=entry.event,
        when=times.short(entry.started_at, request),
        iso=times.exact(entry.started_at, request),
        title=one_line(entry.title),
        look=outcome_look(entry.outcome or "running"),
        who=one_line(entry.user or ""),
        signals=signal_views(signals),
        changes=[_change(change, vcs, is_one=is_one) for change in entry.changes[:_CHANGES]],
        more=max(0, len(entry.changes) - _CHANGES),
    )


def _change(change: ThingChange, vcs: Vcs | None, *, is_one: bool) -> ShownChange:
    words = change.action.replace("_", " ")
    if change.outcome != "applied":
        words += f", {change.outcome.replace('_', ' ')}"
    things = ", ".join(change.things)
    if things and change.things_shared:
        things = f"on all its hosts together: {things}"
    notes = [change.edit, change.note, change.error, things]
    if change.previous_address and change.previous_address != change.address:
        notes.append(f"moved from {change.previous_address}")
    where = change.address if not is_one or change.host else ""
    return ShownChange(
        address=one_line(where),
        is_task=change.host is not None,
        words=words,
        notes=[one_line(note, _ERROR) for note in notes if note],
        attributes=[_attribute(one) for one in change.attributes[:_ATTRIBUTES]],
        more=max(0, len(change.attributes) - _ATTRIBUTES),
        cause=cause_view(change.cause, vcs) if change.cause else None,
    )


def _attribute(one: AttributeHistory) -> ShownAttribute:
    return ShownAttribute(values(one.path, one.before, one.after), one.reverts or "", one.reverted_by or "")

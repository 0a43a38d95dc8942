"""The page of stacks: last runs, unresolved failures, and results of the last drift checks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from change_events.model import Kind
from change_events.server import times, urls
from change_events.server.cause_views import commit_page
from change_events.server.page import Page
from change_events.server.parameters import ParameterError, check_parameters, refusal
from change_events.server.rows import EventRow, event_row, parts_of
from change_events.server.teams import each_team
from change_events.text.markdown import one_line
from change_events.text.plural import number_of
from change_events.text.times import short_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.history.source import Source
    from change_events.journal import Record
    from change_events.journal.drift_checks import LastCheck
    from change_events.server.page import PageRequest

MOST = 200
_RUNS = 100
_IN_A_ROW = 10  # largest number of counted failed runs
_LONG = timedelta(days=14)
_BAD = ("failed", "partial", "unknown")
_COMMIT = 7
_DRIFTED = 5
_CHECKS = 200


class StackRow(NamedTuple):
    """One stack and its last run."""

    key: str
    row: EventRow
    commit: str
    commit_href: str
    note: str
    runs: str
    bad: bool


class DriftRow(NamedTuple):
    """The last drift check of a directory; ``addresses`` lists some drifted resources."""

    directory: str
    icon: str
    words: str
    checked: str
    addresses: list[str]
    more: int


def build(source: Source, request: PageRequest) -> Page:
    """Return the page. Raises JournalError."""
    try:
        check_parameters(request, ())
    except ParameterError as error:
        return refusal(error, urls.page("stacks"))
    rows: list[StackRow] = []
    checks: list[tuple[str, LastCheck]] = []
    more = False
    for team, own in each_team(source):
        keys = own.stacks(limit=MOST + 1)
        rows += [row for key in keys[:MOST] if (row := _stack(own, key, team, request))]
        more |= len(keys) > MOST
        checks += ((team, one) for one in own.drift_checks())
    rows.sort(key=lambda row: row.row.started_at, reverse=True)
    more |= len(rows) > MOST
    rows = sorted(rows[:MOST], key=lambda row: not row.bad)  # otherwise the most recent run first
    drift = sorted(checks, key=_importance)
    context = {
        "title": _sentence(rows, [one for _, one in checks], more=more),
        "current": "stacks",
        "stacks": rows,
        "more": more,
        "drift": [_drift(one, team, request) for team, one in drift[:_CHECKS]],
        "more_drift": max(0, len(drift) - _CHECKS),
    }
    return Page("stacks.html", context)


def _importance(of_team: tuple[str, LastCheck]) -> tuple[bool, bool, str, str, str]:
    team, one = of_team
    return one.reason is None, not one.drift, one.directory, one.workspace, team


def _sentence(rows: Sequence[StackRow], checks: Sequence[LastCheck], *, more: bool) -> str:
    if not rows and not checks:
        return "No stack has been changed yet"
    bad = sum(row.bad for row in rows)
    number = f"{'More than ' if more else ''}{number_of(len(rows), 'stack')}"
    parts = [f"{number_of(bad, 'last run')} did not end well" if bad else "each last run ended well"] if rows else []
    if drifted := sum(1 for one in checks if one.drift):
        parts.append(f"{drifted} director{'y' if drifted == 1 else 'ies'} with drift")
    if unknown := sum(1 for one in checks if one.reason is not None):
        parts.append(f"drift of {unknown} not known")
    return f"{number}: {', '.join(parts)}" if parts else number


def _stack(source: Source, key: str, team: str, request: PageRequest) -> StackRow | None:
    ids = source.events_of_stack(key, limit=_RUNS + 1)
    record = source.get(ids[0]) if ids else None
    if record is None or record.kind != Kind.INFRASTRUCTURE:
        return None  # an explicit event of a machine is no run
    row = event_row(record, request)._replace(href=urls.event(record.id, team=team))
    vcs = parts_of(record).vcs
    commit = vcs.commit or "" if vcs else ""
    dirty = "uncommitted" if vcs and vcs.dirty else ""
    return StackRow(
        key=one_line(f"{team}: {key}" if team else key),
        row=row,
        commit=", ".join(filter(None, (one_line(commit[:_COMMIT]), dirty))),
        commit_href=commit_page(commit, vcs),
        note="; ".join(_notes(source, ids, record, row, request)),
        runs=f"{_RUNS}+" if len(ids) > _RUNS else str(len(ids)),
        bad=record.outcome in _BAD,
    )


def _notes(source: Source, ids: Sequence[str], record: Record, row: EventRow, request: PageRequest) -> Iterator[str]:
    earlier = (found for one in ids[1:_IN_A_ROW] if (found := source.get(one)))
    if record.outcome in _BAD:
        if row.failure:
            yield row.failure
        first, number = record, 1
        for one in earlier:
            if one.outcome not in _BAD:
                break
            first, number = one, number + 1
        open_for = short_duration((request.now - (first.ended_at or first.started_at)).total_seconds())
        yield f"open for {open_for}" + (f", {number} runs in a row" if number > 1 else "")
        return
    before = next(earlier, None)
    if before is not None and before.outcome in _BAD:
        yield f"{before.outcome} {times.short(before.started_at, request)}, finished {row.when}"
    if request.now - record.started_at > _LONG:
        yield f"{(request.now - record.started_at).days} days without a change"


def _drift(one: LastCheck, team: str, request: PageRequest) -> DriftRow:
    name = one.directory if one.workspace == "default" else f"{one.directory} ({one.workspace})"
    name = f"{team}: {name}" if team else name
    if one.reason is not None:
        icon, words = "unknown", f"not known: {one_line(one.reason)}"
    elif one.drift:
        since = short_duration(request.now.timestamp() - min(drift.since for drift in one.drift))
        icon, words = "partial", f"{len(one.drift)} drifted, the oldest for {since}"
    else:
        icon, words = "ok", "no drift"
    return DriftRow(
        directory=one_line(name),
        icon=icon,
        words=words,
        checked=times.short(datetime.fromtimestamp(one.checked_at, UTC), request),
        addresses=[drift.address for drift in one.drift[:_DRIFTED]],
        more=max(0, len(one.drift) - _DRIFTED),
    )

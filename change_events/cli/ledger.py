"""``tfevent events ledger``: create, fill and maintain the ledger of a team."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click
import msgspec

from change_events.cli.help_examples import examples
from change_events.cli.ledger_address import ledger_of, team_name, url_option
from change_events.cli.ledger_option import VARIABLE
from change_events.cli.ledger_tokens import token_command
from change_events.cli.render.terminal import colour_on, local_time, note, print_json, print_lines
from change_events.cli.time_option import moment
from change_events.errors import InputError
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from change_events.cli.session import Session
    from change_events.journal import Journal
    from change_events.journal.drift_checks import LastCheck
    from change_events.journal.read_only import ReadOnlyJournal
    from change_events.journal.records import RecordState
    from change_events.ledger.administration import Made, Status
    from change_events.model import SealedEvent

_SQLITE = b"SQLite format 3\0"
_HOURS = 24 * 3600.0  # that an import may read a journal
_BETWEEN_LINES = 5.0  # seconds between two lines of progress, where there is no terminal

_MAY_NOT = "42501"  # SQLSTATE: insufficient privilege
_MAY_NOT_WRITE = (
    "this user may not write events of team {team}: `tfevent events ledger init --team {team}` says what to grant"
)
_AS_IT_WAS = "the ledger is as it was, or all was done already: `tfevent events ledger status` prints what there is"
_MAY_NOT_REMOVE = {
    _MAY_NOT: "this user may not remove events: it needs the role tfevent_retention (GRANT tfevent_retention TO …)",
    "42883": "its schema is older than this tfevent; `tfevent events ledger init` brings it up to date",
    "55P03": "others use what is to be removed, e.g. a long query or a backup; repeat the command to remove the rest",
}

_team_option = click.option("--team", metavar="NAME", required=True, help="Team that the events belong to.")


@click.group(
    "ledger",
    short_help="Create and maintain the ledger of a team.",
    epilog=examples(
        "tfevent events ledger init --team ops      make it, and print what its users need",
        "tfevent events ledger import --team ops    add what this machine's journal has",
    ),
)
def ledger_command() -> None:
    """Create and maintain the ledger of a team: the events of all its machines, in one PostgreSQL database."""


ledger_command.add_command(token_command)


@ledger_command.command("init", short_help="Create the ledger, or upgrade its schema.")
@url_option
@click.option("--team", metavar="NAME", help="Also print the SQL statements that create users for a team.")
@click.pass_obj
def init_command(session: Session, /, url: str | None, team: str | None) -> int:
    """Create the ledger in a PostgreSQL database, or upgrade it to the schema of this version.

    The user needs CREATE on the database, and CREATEROLE the first time: tables belong to the role tfevent_owner.
    """
    if team:
        team_name(team)  # a bad one is an error before anything is made
    from change_events.ledger import administration

    with (
        _saying_if_interrupted(_AS_IT_WAS),
        administration.connected(*ledger_of(session, url), seconds=administration.LONG) as (connection, shown),
    ):
        made = administration.make(connection)
    print_lines([f"ledger {shown}: {_made(made)}"])
    lines = administration.grants(team_name(team)) if team else ()
    if team:
        print_lines(["", f"-- users of the team {team}, for psql, which asks for their passwords:", *lines])
        print_lines(["", "-- a user who removes what is old, of all teams:", *administration.retention()])
        print_lines(["", "-- a user for `tfevent events serve --collect`, of all teams:", *administration.collector()])
        print_lines(["", *_settings(shown, team)])
    else:
        note("`tfevent events ledger init --team NAME` prints the statements that make users for a team")
    return 0


@ledger_command.command("status", short_help="Show schema, size and events by team.")
@url_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.pass_obj
def status_command(session: Session, /, url: str | None, *, as_json: bool) -> int:
    """Print schema, size, months and events by team. The exit code is 1 if the schema is not this version's."""
    from change_events.ledger import administration

    with administration.connected(*ledger_of(session, url)) as (connection, shown):
        found = administration.status(connection, shown)
    if as_json:
        print_json({**msgspec.to_builtins(found), "teams": [team._asdict() for team in found.teams]})
    else:
        print_lines(_status(found))
    return 0 if found.version == found.known else 1


@ledger_command.command("prune", short_help="Remove old months of events.")
@url_option
@click.option("--before", type=moment, metavar="WHEN", required=True, help="Remove months that end before this time.")
@click.option("--dry-run", is_flag=True, help="Print what would be removed, and remove nothing.")
@click.pass_obj
def prune_command(session: Session, /, url: str | None, before: datetime, *, dry_run: bool) -> int:
    """Remove whole months of events, of all teams. The user needs the role tfevent_retention.

    Each month is removed in a short transaction of its own: the command can be interrupted and repeated.
    """
    if before > datetime.now(UTC):
        raise InputError("--before lies in the future: that would remove everything")
    from change_events.ledger import administration, removing
    from change_events.ledger.cutting import bounded

    day, total = before.astimezone(UTC).date(), 0
    with (
        _saying_if_interrupted("the months that are printed are removed; repeat the command to remove the rest"),
        administration.connected(*ledger_of(session, url), _MAY_NOT_REMOVE, seconds=None) as (connection, _),
    ):
        if dry_run:
            with bounded(connection, administration.LONG):
                found = iter(administration.prunable(connection, day).items())
        else:
            found = removing.prune(connection, day)
        months = 0
        for month, number in found:
            if number or month != removing.OTHER:
                print_lines([f"{month}  {number_of(number, 'event')}"])
                total, months = total + number, months + 1
    print_lines([_removed(day, months, total, dry_run=dry_run)])
    return 0


@ledger_command.command("import", short_help="Import existing events.")
@url_option
@_team_option
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.pass_obj
def import_command(session: Session, /, url: str | None, team: str, files: tuple[Path, ...]) -> int:
    """Add the events of a journal, or of files with one JSON event per line; by default, this machine's journal.

    The last drift check of each directory in a journal is added too. Events in the ledger are skipped, so the command
    can be interrupted and repeated.
    """
    team_name(team)
    from change_events.ledger import administration, importing, schema

    sources = [(_own(session) if path is None else _events_of(session, path), path) for path in files or (None,)]
    read = written = checks = 0
    refused = {_MAY_NOT: _MAY_NOT_WRITE.format(team=team)}
    asked = (*ledger_of(session, url), refused)
    with (
        _saying_if_interrupted("added events are kept; repeat the command to add the rest"),
        administration.connected(*asked, seconds=None) as (connection, shown),
        _progress() as step,
    ):
        for events, path in sources:
            try:
                schema.check_writable(connection, shown)
                done = importing.import_events(connection, team, events, step)
            except ValueError as error:
                raise InputError(str(error)) from None
            read, written = read + done.read, written + done.written
            checks += importing.import_checks(connection, team, *_checks(session, path))
    drift = f"; {number_of(checks, 'drift check')}" if checks else ""
    print_lines([f"ledger {shown}: {number_of(written, 'event')} added, {read - written} already there{drift}"])
    return 0


def _made(made: Made) -> str:
    if made.before == made.after:
        text = f"it has schema {made.after}, the newest that this tfevent knows; the next months have partitions"
    elif made.before:
        text = f"brought from schema {made.before} to {made.after}"
    else:
        roles = "tfevent_owner, _writer, _reader, _retention, _collector"
        text = f"made, with schema {made.after} in `tfevent` and the roles {roles}"
    return text if made.text_index else f"{text}; without an index of texts, since pg_trgm cannot be installed"


def _settings(shown: str, team: str) -> list[str]:
    folder, _, database = shown.rpartition("/")
    place = f"{quote(folder, safe=':') if folder.startswith('/') else folder}/{database}"  # a socket, in a URL
    return [
        "# writers, in tfevent.yaml (the password in ~/.pgpass, PGPASSWORD or password_command):",
        "destinations:",
        "  ledger:",
        f"    url: postgresql://{team}_writer@{place}",
        f"    team: {team}",
        "# readers, in the environment:",
        f"export {VARIABLE}=postgresql://{team}_reader@{place}",
    ]


def _status(found: Status) -> list[str]:
    from change_events.ledger.administration import SKEW

    current = "" if found.version == found.known else f", and this tfevent knows {found.known}"
    lines = [
        f"ledger  {found.shown}",
        f"schema  {found.version}{current}",
        f"size    {found.bytes / 1024 / 1024:.1f} MiB",
        f"months  {' to '.join(found.months) if found.months else 'none'}",
        f"texts   {'found by an index' if found.text_index else 'searched without an index'}",
    ]
    if abs(found.skew) > SKEW:
        lines.append(f"clock   {abs(found.skew):.0f} s {'ahead of' if found.skew > 0 else 'behind'} this machine's")
    if found.misplaced:
        lines.append(f"other   {number_of(found.misplaced, 'event')} outside the months: IDs of no plausible time")
    if not found.readable:
        lines.append("teams   this user may not read events, and so not count them")
    for team in found.teams:
        newest = f", the newest of {local_time(team.newest)}" if team.newest else ""
        running = f", {team.running} running" if team.running else ""
        lines.append(f"team    {team.name}: {number_of(team.events, 'event')}{running}{newest}")
    return lines


def _removed(before: date, months: int, events: int, *, dry_run: bool) -> str:
    if not months:
        return f"no month of the ledger ends before {before}, and only whole months are removed"
    return f"{number_of(events, 'event')} {'would be ' if dry_run else ''}removed"


def _own(session: Session) -> Iterator[tuple[SealedEvent, RecordState]]:
    from change_events.journal import Query

    for record in session.journal.list(Query(limit=None)):
        yield record.sealed, record.state


def _events_of(session: Session, path: Path) -> Iterator[tuple[SealedEvent, RecordState]]:
    """Return the events of a file. Raises InputError if it is neither a journal nor lines of events."""
    from change_events.journal import Query

    journal = _journal(path)
    if journal is None:
        with path.open("rb") as file:
            yield from _lines(session, path, file)
        return
    with journal:
        for record in journal.list(Query(limit=None)):
            yield record.sealed, record.state


def _journal(path: Path) -> ReadOnlyJournal | None:
    """Open a file as a journal; None for another file. Raises InputError if it cannot be read."""
    from change_events.journal.read_only import ReadOnlyJournal

    try:
        with path.open("rb") as file:
            if file.read(len(_SQLITE)) != _SQLITE:
                return None
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or type(error).__name__).lower()}") from None
    return ReadOnlyJournal.open(path, patience=10, seconds=_HOURS)


def _checks(session: Session, path: Path | None) -> tuple[str, Sequence[LastCheck]]:
    """Return the machine of a journal and its drift checks; none for another file."""
    if path is None:
        return _checks_of(session.journal)
    journal = _journal(path)
    if journal is None:
        return "", ()
    with journal:
        return _checks_of(journal)


def _checks_of(journal: Journal | ReadOnlyJournal) -> tuple[str, Sequence[LastCheck]]:
    """Return drift checks with the host of the newest event as the machine."""
    from change_events.journal import Query

    checks = journal.drift_checks()
    newest = next(iter(journal.list(Query(limit=1))), None) if checks else None
    actor = newest.event.actor if newest else None
    return (actor and actor.host) or "", checks


def _lines(session: Session, path: Path, lines: Any) -> Iterator[tuple[SealedEvent, RecordState]]:
    from change_events.journal.records import RecordState
    from change_events.model import ChangeEvent

    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                event = msgspec.json.decode(line, type=ChangeEvent)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise InputError(f"{path}:{number}: not an event: {error}") from None
            # whoever made the file may have left in what this machine's settings hide
            yield session.redactor.seal(event), RecordState.STARTED if event.outcome is None else RecordState.SETTLED


@contextmanager
def _saying_if_interrupted(text: str) -> Iterator[None]:
    """Print what an interrupted command leaves."""
    try:
        yield
    except KeyboardInterrupt:
        note(f"interrupted: {text}")
        raise


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Return a function that counts read events: on a terminal as it goes, elsewhere a line every few seconds."""
    if not sys.stderr.isatty():
        yield _lines_of_progress()
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed} events read"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True, no_color=not colour_on(sys.stderr)), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda number: bar.advance(task, number)


def _lines_of_progress() -> Callable[[int], None]:
    """A function that prints how many events have been read, when so many seconds have passed since it last did."""
    begun = printed = time.monotonic()
    read = 0

    def step(number: int) -> None:
        nonlocal printed, read
        read += number
        now = time.monotonic()
        if now - printed >= _BETWEEN_LINES:
            printed = now
            note(f"{read} events read in {now - begun:.0f} s")

    return step

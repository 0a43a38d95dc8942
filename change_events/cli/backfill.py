"""``tfevent events backfill``: create events from existing history."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from change_events.cli.help_examples import examples
from change_events.cli.limit_option import limit_option
from change_events.cli.render.terminal import clean, colour_on, local_time, note, print_json, print_lines
from change_events.cli.time_option import moment
from change_events.cli.tool_adapter import Found, HistoryRequest, Piece, Unused
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from change_events.cli.session import Session

DEFAULT_LAST = 100
_NAMED = 3  # of the versions that were not used for one reason
_REASONS = 10


@click.command(
    "backfill",
    short_help="Create events from history: state versions and plans.",
    epilog=examples(
        "tfevent events backfill s3://acme-states/prod/network.tfstate",
        "tfevent events backfill s3://acme-states/prod/network.tfstate --since 90d --last 0",
        "tfevent events backfill backups/ --directory live/prod/network",
        "tfevent events backfill plans/ --dry-run",
    ),
)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@limit_option(DEFAULT_LAST, "Only the newest N versions of each state, and plans; 0 for all.", name="last")
@click.option("--since", type=moment, metavar="WHEN", help="Only versions and plans written at or after this time.")
@click.option("--directory", metavar="DIR", help="Terraform directory that the states or plans belong to.")
@click.option("--workspace", metavar="NAME", help="Workspace of that directory.  [default: the selected one]")
@click.option("--deliver", is_flag=True, help="Also deliver the events to the configured destinations.")
@click.option("--dry-run", "dry", is_flag=True, help="Print what would be recorded, and record nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.pass_obj
def backfill_command(session: Session, /, **options: Any) -> int:
    """Create events from existing history. They are marked as backfilled, and not delivered.

    SOURCE is the object of a state in an S3 bucket with versioning (s3://BUCKET/KEY), or a folder or files: versions
    and backups of states, plans in JSON (`terraform show -json`).

    Each version of a state is compared with the one before it. Two states show which entries differ; they do not show
    who changed them, why, and whether the run succeeded. Recorded history is skipped, so the command can be interrupted
    and repeated.
    """
    tally = _Tally(dry=options["dry"])
    try:
        with _progress() as step:
            _backfill(session, options, tally, step)
    except KeyboardInterrupt:
        note(f"interrupted: {tally.summary()}; run the same command to continue")
        raise
    if options["deliver"] and not options["dry"]:
        _deliver(session)
    tally.report()
    if options["as_json"]:
        print_json(tally.document())
    else:
        print_lines([*tally.lines, tally.summary()])
    return 0


def _backfill(session: Session, options: dict[str, Any], tally: _Tally, step: Callable[[Found | None], None]) -> None:
    from change_events.recording import EventWriter
    from change_events.recording.backfill import add

    fields = ("sources", "last", "since", "directory", "workspace")
    request = HistoryRequest(**{name: options[name] for name in fields}, again=options["deliver"])
    settings, journal = session.settings, session.journal
    writer = EventWriter(settings, session.redactor, say=note, journal=journal)
    for item in session.tools.history(request, session.redactor, settings, journal.backfilled):
        if isinstance(item, Found):
            tally.found(item)
            step(item)
        elif isinstance(item, Piece):
            send, dry = options["deliver"], options["dry"]
            tally.added(add(journal, writer, item.event, item.origin, send=send, dry=dry))
            step(None)
        else:
            tally.unused(item)
            if item.counted:
                step(None)


def _deliver(session: Session) -> None:
    from change_events.delivery import deliver

    settings = session.settings
    report = deliver(session.journal, settings.destinations, budget=settings.budget, redactor=session.redactor)
    for problem in report.problems:
        note(problem)


@contextmanager
def _progress() -> Iterator[Callable[[Found | None], None]]:
    """Return a function that takes the start of a source, then None for each step of it; shows a bar on a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True, no_color=not colour_on(sys.stderr))
    with Progress(*columns, console=console, transient=True) as bar:

        def step(found: Found | None) -> None:
            if found is not None:
                bar.add_task(clean(found.label)[-40:], total=found.steps)
            elif bar.tasks:
                bar.advance(bar.tasks[-1].id)

        yield step


class _Tally:
    """The counts of results: found, recorded, left out."""

    def __init__(self, *, dry: bool) -> None:
        self.lines: list[str] = []
        self._dry = dry
        self._figures: Counter[str] = Counter()
        self._reasons: defaultdict[str, list[str]] = defaultdict(list)
        self._loose: list[str] = []
        self._events: list[str] = []
        self._range: list[datetime] = []

    def found(self, found: Found) -> None:
        if found.joined is None:
            self._loose.append(clean(found.label))

    def added(self, added: Any) -> None:
        if added.recorded_as is not None:
            self._figures["recorded_by_runs"] += 1
        elif not added.fresh:
            self._figures["known"] += 1
        else:
            event = added.sealed.event
            self._figures["recorded"] += 1
            self._events.append(event.id)
            if self._dry:
                self.lines.append(f"{local_time(event.started_at)}  {clean(event.title)}")

    def unused(self, item: Unused) -> None:
        if item.reason:
            self._figures["not_used"] += 1
            self._reasons[item.reason].append(item.name)
        else:
            self._figures["known" if item.known else "unchanged"] += 1

    def summary(self) -> str:
        """Return one line."""
        figures = self._figures
        count = figures["recorded"]
        verb = "would be recorded" if self._dry else "recorded"
        rest = (
            ("known", "already recorded"),
            ("recorded_by_runs", "recorded by tfevent at that time"),
            ("unchanged", "without changes"),
            ("not_used", "not used"),
        )
        parts = [f"{figures[name]} {words}" for name, words in rest if figures[name]]
        return "; ".join([f"{number_of(count, 'event')} {verb}", *parts])

    def report(self) -> None:
        """Print on standard error why sources were not used."""
        for reason, names in list(self._reasons.items())[:_REASONS]:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            note(f"not used: {', '.join(map(clean, names[:_NAMED]))}{more}: {clean(reason)}")
        if len(self._reasons) > _REASONS:
            note(f"{len(self._reasons) - _REASONS} more reasons: see --json")
        for label in dict.fromkeys(self._loose):
            note(f"{label}: no directory is known to use it; repeated with --directory, its events join the runs there")

    def document(self) -> dict[str, Any]:
        """Return the counts for --json."""
        names = ("recorded", "known", "recorded_by_runs", "unchanged", "not_used")
        skipped = [{"name": name, "reason": reason} for reason, names in self._reasons.items() for name in names]
        return {
            **{name: self._figures[name] for name in names},
            "dry_run": self._dry,
            "events": self._events,
            "skipped": skipped,
        }

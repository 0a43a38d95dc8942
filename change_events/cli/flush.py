"""``tfevent events flush``: deliver waiting events."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from change_events.cli.help_examples import examples
from change_events.cli.render.terminal import colour_on, note, print_lines
from change_events.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from change_events.cli.session import Session
    from change_events.destinations.base import DestinationSettings
    from change_events.journal import Journal, JournalCounts
    from change_events.redact import Redactor
    from change_events.settings import Settings

DEFAULT_TIMEOUT = 60.0
_INDEX_SECONDS = 2.0  # for what a version without `why` has recorded: a timer that calls this gets it done
_SILENT = 1.0  # seconds without progress shown


@click.command(
    "flush",
    short_help="Deliver waiting events now.",
    epilog=examples("tfevent events flush", "tfevent events flush --parked    after fixing a token or URL"),
)
@click.option("--parked", is_flag=True, help="Also retry parked deliveries.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=DEFAULT_TIMEOUT,
    show_default=True,
    metavar="SECONDS",
    help="Time limit.",
)
@click.pass_obj
def flush_command(session: Session, *, parked: bool, timeout: float) -> int:
    """Deliver all waiting events now, including those scheduled for a later retry.

    A wait requested by a backend (Retry-After) is respected unless --parked is given.

    The exit code is 1 if any delivery is still waiting or parked afterwards.
    """
    from change_events.machine import state_file
    from change_events.paths import state_dir

    destinations = session.settings.destinations
    journal = session.journal
    state_file.seen(state_dir())  # where a timer calls this, the next boot knows to minutes when this one ended
    if parked:
        journal.requeue([destination.name for destination in destinations])
    sent, problems = _send(journal, destinations, timeout, session.redactor)
    with suppress(JournalError):  # what was sent is what counts here
        journal.index_older(_INDEX_SECONDS)
    counts = journal.counts()
    print_lines([f"sent {sent}, waiting {counts.waiting}, parked {counts.parked}"])
    for problem in problems:
        note(problem)
    for line in _left_behind(counts, session.settings):
        note(line)
    for file, number in Counter(one.file for one in journal.unrouted()).items():
        note(f"{number} not routed yet: {file} is or was invalid; run a command that reads it")
    return 1 if counts.waiting or counts.parked else 0


def _send(
    journal: Journal, destinations: Sequence[DestinationSettings], timeout: float, redactor: Redactor
) -> tuple[int, tuple[str, ...]]:
    """Deliver waiting events and show the progress."""
    from change_events.delivery import deliver

    waiting = journal.waiting([destination.name for destination in destinations])
    with _progress() as show:
        report = deliver(
            journal,
            destinations,
            budget=timeout,
            force=True,
            on_sent=lambda sent: show(f"sent {sent} of {waiting}"),
            redactor=redactor,
        )
    return report.sent, report.problems


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Return a function that updates a line of progress, shown on a terminal after a while."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    status = Console(stderr=True, no_color=not colour_on(sys.stderr)).status("delivering")
    timer = threading.Timer(_SILENT, status.start)
    timer.start()
    try:
        yield status.update
    finally:
        timer.cancel()
        timer.join()
        status.stop()


def _left_behind(counts: JournalCounts, settings: Settings) -> Iterator[str]:
    usable, broken = ({one.name for one in some} for some in (settings.destinations, settings.broken))
    for name, figures in counts.destinations.items():
        open_ = figures.waiting + figures.leased
        if open_ and name not in usable:
            why = "which has invalid settings" if name in broken else "which is not in the settings"
            yield f"{open_} waiting for {name!r}, {why}"
    if counts.parked:
        yield "`tfevent events list --undelivered` lists parked events; fix the cause, then run `flush --parked`"

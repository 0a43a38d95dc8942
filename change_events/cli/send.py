"""``tfevent events send``: record and deliver what a person or a script says happened."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from change_events.cli.examples import examples
from change_events.cli.telling import EVERYTHING, told_by
from change_events.cli.terminal import note

if TYPE_CHECKING:
    from change_events.cli.session import Session
    from change_events.explicit.event import Draft, Surroundings
    from change_events.explicit.given import Given
    from change_events.recording import Settled

EXIT_USAGE = 2


@click.command(
    "send",
    epilog=examples(
        "tfevent events send --kind deployment --service shop --version 1.4.2 --environment prod",
        'tfevent events send --title "Failover to the second database" --severity warning',
        "tfevent events send --kind deployment --service shop --commit v1.4.2 --previous-commit v1.4.1",
        "git log -5 --format='- %s' | tfevent events send --kind build --service shop --message -",
        'id=$(tfevent events send --kind build --service shop --key "$BUILD_TAG")',
    ),
)
@told_by(EVERYTHING)
@click.pass_obj
def send_command(session: Session, /, **options: Any) -> int:
    """Record an event in the sender's own words, and deliver it.

    Its id is printed on standard output, and nothing else; everything else goes to standard error. The exit code is 0
    only if the event was recorded: in the journal, or, where that cannot be used, by sending it directly. Delivery that
    fails is tried again by later commands.
    """
    from change_events.recording import redactor_of

    redactor = redactor_of(session.settings, os.environ)
    given, mistakes = _given(session, options)
    if given.key and redactor.text(given.key) != given.key:
        mistakes.append("--key: looks like a secret, which is not kept: use another key")
    if mistakes:
        return complain(mistakes)
    close_killed_runs(session)
    around = surroundings(session, redactor)
    return _send(around, _draft(given, around), given)


def _given(session: Session, options: dict[str, Any]) -> tuple[Given, list[str]]:
    from datetime import UTC, datetime

    from change_events.explicit import titles
    from change_events.explicit.given import read

    names = [destination.name for destination in session.settings.destinations]
    given, mistakes = read(options, known_destinations=names, now=datetime.now(UTC))
    if not given.title and not titles.speaks_for_itself(given.kind):
        mistakes.append(f"--title: missing: an event of kind {given.kind} says nothing without one")
    return given, mistakes


def complain(mistakes: list[str]) -> int:
    """Tell what is wrong with a command line, all of it; gives the exit code."""
    for mistake in mistakes:
        note(mistake)
    return EXIT_USAGE


def surroundings(session: Session, redactor: Any, *, outside_of_git: bool = False) -> Surroundings:
    """Where the event is sent."""
    from change_events.explicit.event import Surroundings

    return Surroundings(session.cwd, os.environ, session.settings, redactor, outside_of_git)


def close_killed_runs(session: Session) -> None:
    """Ours is the next command that they wait for; trouble with the journal is told when the event is recorded."""
    from change_events import rundir
    from change_events.errors import JournalError
    from change_events.paths import state_dir

    if rundir.count(state_dir()):
        with suppress(JournalError):
            _ = session.journal


def _draft(given: Given, around: Surroundings) -> Draft:
    from change_events import trace
    from change_events.explicit.event import draft, trace_of
    from change_events.ids import new_id

    return draft(given, around, trace=trace_of(new_id(), trace.begin(around.environ)))


def _send(around: Surroundings, made: Draft, given: Given) -> int:
    from change_events.recording import Recording
    from change_events.recording.explicit import settings_for

    if made.note:
        note(made.note)
    settings = settings_for({"destinations": given.destinations}, around.settings, note)
    recording = Recording(settings, around.redactor, say=note)
    settled = recording.settle(made.worded(settings.message_bytes), once_within=given.once_within)
    return report(settled, quiet=around.settings.quiet)


def report(settled: Settled, *, quiet: bool) -> int:
    """Print the id, tell where the event went, and give the exit code."""
    from change_events.recording import report_line

    if settled.repeats:
        note(f"not recorded again: {settled.repeats} has the same key")
    elif settled.told and (settled.lost or settled.problems or not quiet):
        note(report_line(settled))
    sys.stdout.write(f"{settled.repeats or settled.sealed.event.id}\n")
    return 1 if settled.lost else 0

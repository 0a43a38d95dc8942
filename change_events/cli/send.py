"""``tfevent events send``: record and deliver an explicit event."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from change_events.cli.explicit_options import EVERYTHING, takes_options
from change_events.cli.help_examples import examples
from change_events.cli.render.terminal import note
from change_events.errors import EventRejectedError

if TYPE_CHECKING:
    from change_events.cli.session import Session
    from change_events.explicit.event import Draft, Surroundings
    from change_events.explicit.explicit_input import ExplicitInput
    from change_events.recording import EventWriter, RecordResult

EXIT_USAGE = 2


@click.command(
    "send",
    short_help="Record and deliver an event.",
    epilog=examples(
        "tfevent events send --kind deployment --service shop --version 1.4.2 --environment prod",
        'tfevent events send --title "Failover to the second database" --severity warning',
        "tfevent events send --kind deployment --service shop --commit v1.4.2 --previous-commit v1.4.1",
        "git log -5 --format='- %s' | tfevent events send --kind build --service shop --message -",
        'id=$(tfevent events send --kind build --service shop --dedup-key "$BUILD_TAG")',
    ),
)
@takes_options(EVERYTHING)
@click.pass_obj
def send_command(session: Session, /, **options: Any) -> int:
    """Record an event, such as a deployment or a build, and deliver it.

    Prints only the event ID on standard output; messages go to standard error. The exit code is 0 if the event was
    recorded in the journal or, if the journal cannot be used, sent directly. Failed deliveries are retried by later
    commands.
    """
    from change_events.explicit.validation import mistake_of_key

    redactor = session.redactor
    given, mistakes = _given(session, options)
    if wrong := mistake_of_key(given.dedup_key, redactor):
        mistakes.append(f"--dedup-key: {wrong}")
    if mistakes:
        return complain(mistakes)
    close_killed_runs(session)
    around = surroundings(session, redactor)
    return _send(around, _draft(given, around), given)


def _given(session: Session, options: dict[str, Any]) -> tuple[ExplicitInput, list[str]]:
    from datetime import UTC, datetime

    import msgspec

    from change_events.explicit import titles
    from change_events.explicit.explicit_input import read
    from change_events.model import Outcome

    given, mistakes = read(options, known_destinations=session.settings.names, now=datetime.now(UTC))
    named = given.title or given.state == "finished" or titles.speaks_for_itself(given.kind)
    if not named and options.get("kind") == given.kind:
        mistakes.append(f"--title is required for events of kind {given.kind}")
    if given.state is None and given.outcome is None:
        given = msgspec.structs.replace(given, outcome=Outcome.SUCCEEDED)
    return given, mistakes


def complain(mistakes: list[str]) -> int:
    """Print all mistakes of a command line; returns the exit code."""
    for mistake in mistakes:
        note(mistake)
    return EXIT_USAGE


def surroundings(session: Session, redactor: Any, *, outside_of_git: bool = False) -> Surroundings:
    """Return the context in which the event is sent."""
    from change_events.explicit.event import Surroundings

    return Surroundings(session.cwd, os.environ, session.settings, redactor, outside_of_git)


def close_killed_runs(session: Session) -> None:
    """Settle killed runs; problems with the journal are reported when the event is recorded."""
    from change_events.errors import JournalError
    from change_events.files import unsettled_runs
    from change_events.paths import state_dir

    if unsettled_runs.count(state_dir()):
        with suppress(JournalError):
            _ = session.journal


def _draft(given: ExplicitInput, around: Surroundings) -> Draft:
    from datetime import UTC, datetime

    from change_events import trace
    from change_events.explicit.event import draft
    from change_events.ids import new_id

    begun = given.started_at or datetime.now(UTC) if given.state == "started" else None
    event_id = given.id or new_id()
    return draft(given, around, event_id=event_id, trace=trace.begin(around.environ), begun=begun)


def _send(around: Surroundings, made: Draft, given: ExplicitInput) -> int:
    from change_events.recording import EventWriter, two_step
    from change_events.recording.explicit import settings_for

    if made.note:
        note(made.note)
    settings = settings_for({"destinations": given.destinations}, around.settings, note)
    recording = EventWriter(settings, around.redactor, say=note)
    if given.state == "finished":
        try:
            settled = _finish(recording, made, given)
        except EventRejectedError as error:
            return complain([f"--{str(error).replace('_', '-', 1)}"])
    elif given.state == "started":
        settled = two_step.start(recording, made.worded(settings.message_bytes), dedup_window=given.dedup_window)
    else:
        settled = recording.settle(made.worded(settings.message_bytes), dedup_window=given.dedup_window)
    return report(settled, quiet=settings.quiet)


def _finish(recording: EventWriter, made: Draft, given: ExplicitInput) -> RecordResult:
    """Record the second step; missing fields are those of the first step."""
    import msgspec

    from change_events.recording import two_step

    said = {name for name in ("environment", "service", "version", "severity", "ended_at") if getattr(given, name)}
    end = msgspec.structs.replace(
        made.event,
        title=made.own_title,
        message=made.own_message,
        severity=given.severity or made.event.severity,
        tags=given.tags,
    )
    return two_step.settle(recording, end, said)


def report(settled: RecordResult, *, quiet: bool) -> int:
    """Print the ID and where the event was sent; returns the exit code."""
    from change_events.recording import report_line

    if settled.repeats == settled.sealed.event.id:
        note(f"not recorded again: {settled.repeats} is already finished")
    elif settled.repeats:
        note(f"not recorded again: {settled.repeats} has the same key")
    elif settled.reportable and (settled.lost or settled.problems or not quiet):
        note(report_line(settled))
    if settled.lost:
        return 1
    sys.stdout.write(f"{settled.repeats or settled.sealed.event.id}\n")
    return 0

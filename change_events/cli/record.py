"""``tfevent events record``: take events from programs that observe a run themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from change_events.cli.help_examples import examples

if TYPE_CHECKING:
    from change_events.cli.session import Session


@click.command(
    "record",
    epilog=examples(
        "tfevent events record < run.json",
        'echo \'{"api": 1, "event": {"kind": "deployment", "title": "shop 2.1"}}\' | tfevent events record',
    ),
)
@click.pass_obj
def record_command(session: Session) -> int:
    """Record an event that another program tells, as JSON on standard input.

    Standard input is one JSON object, or one a line for a run that is told as it goes on. `event` has the shape of the
    event's schema and need not be redacted; values listed in `secrets` are told nowhere. `state` says how far the run
    is: started, running, settled (the default), or preview, which records nothing. When the input ends before a
    settled one, the run is recorded as "outcome unknown".

    What became of the event is printed as a JSON object. The exit code is 0 if it was recorded, was not worth a
    record, or repeats another.
    """
    from change_events.cli.record_stream import record

    return record(session.cwd)

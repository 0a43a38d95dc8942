"""``tfevent events record``: record events of programs that observe a run themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from change_events.cli.help_examples import examples

if TYPE_CHECKING:
    from change_events.cli.session import Session


@click.command(
    "record",
    short_help="Record an event given as JSON on standard input.",
    epilog=examples(
        "tfevent events record < run.json",
        'echo \'{"api": 1, "event": {"kind": "deployment", "title": "shop 2.1"}}\' | tfevent events record',
    ),
)
@click.pass_obj
def record_command(session: Session) -> int:
    """Record an event given as JSON on standard input by another program.

    The input is one JSON object, or one per line for a run that reports progress. `event` follows the event schema and
    need not be redacted; values listed in `secrets` are redacted everywhere. `state` is started, running, settled (the
    default), or preview, which records nothing. If the input ends without a settled object, the run is recorded as
    "outcome unknown".

    The result is printed as a JSON object. The exit code is 0 if the event was recorded, was not worth recording, or
    is a duplicate.
    """
    from change_events.cli.record_stream import record

    return record(session.cwd)

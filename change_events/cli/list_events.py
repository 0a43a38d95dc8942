"""``tfevent events list``: list events, newest first."""

from __future__ import annotations

import itertools
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from change_events.cli.event_filters import NO_MATCH, event_filters, select
from change_events.cli.help_examples import examples
from change_events.cli.ledger_option import ledger_option
from change_events.cli.limit_option import limit_option
from change_events.cli.render import listing
from change_events.cli.render.terminal import note
from change_events.query.selection import empty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.cli.session import Session
    from change_events.journal import Record

DEFAULT_LIMIT = 20


@click.command(
    "list",
    short_help="List recorded events, newest first.",
    epilog=examples(
        "tfevent events list --since 2h",
        "tfevent events list --environment prod --outcome failed",
        "tfevent events list --text aws_db_instance --since 3d",
        "tfevent events list --host web1 --since 1d",
        "tfevent events list --signal exposed_to_world --since 7d",
        "tfevent events list --undelivered",
        "tfevent events list --json --limit 0 | jq -r .title",
    ),
)
@event_filters
@limit_option(DEFAULT_LIMIT, "Maximum number of events; 0 for all.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines: each event with its deliveries.")
@ledger_option
@click.pass_obj
def list_command(session: Session, /, *, as_json: bool, **filters: Any) -> int:
    """List the events recorded on this machine, or in a ledger, newest first.

    On a terminal, prints a table in local time. In a pipe, prints one line per event with tab-separated fields: ID,
    start, outcome, title, user, environment, delivery, signals.
    """
    session.lists = True
    # Closed here, before the journal is: a pipe may break in the middle of reading.
    with closing(select(session.source, **filters)) as records:
        first = next(records, None)
        if first is None:
            del filters["limit"]
            note(NO_MATCH if any(filters.values()) else empty(session.source))
        else:
            _write(itertools.chain([first], records), as_json=as_json)
    return 0


def _write(records: Iterator[Record], *, as_json: bool) -> None:
    if as_json:
        listing.write_json(records)
    elif sys.stdout.isatty():
        listing.write_table(list(records))
    else:
        listing.write_tabs(records)

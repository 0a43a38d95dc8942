"""``tfevent events list``: what changed, newest first."""

from __future__ import annotations

import itertools
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from change_events.cli.help_examples import examples
from change_events.cli.limit_option import limit_option
from change_events.cli.name_option import NAME
from change_events.cli.render import event, listing
from change_events.cli.render.terminal import note
from change_events.cli.time_option import moment
from change_events.model import Kind, Outcome, Phase

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from change_events.cli.session import Session
    from change_events.journal import Journal, Record

DEFAULT_LIMIT = 20
SEARCHED = 100_000  # newest events in which a text is looked for; a journal at its usual cap has no more
NO_MATCH = "no matching events"
EMPTY = "the journal is empty: `tfevent apply` records its first event"
_OUTCOMES = [*(outcome.value for outcome in Outcome), event.RUNNING]
_KINDS = [kind.value for kind in Kind]
_PHASES = [phase.value for phase in Phase]


def _known_signal(context: click.Context, _: click.Parameter, name: str | None) -> str | None:
    if name is not None:
        from change_events.cli.signal_names import known_signals, not_known

        if name not in (known := known_signals(context.obj)):
            raise click.BadParameter(not_known(name, known))
    return name


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
@click.option(
    "--since",
    type=moment,
    metavar="WHEN",
    help="Started at or after this time: an age (90m, 2h, 3d, 1w) or a date and time.",
)
@click.option("--until", type=moment, metavar="WHEN", help="Started before this time, in the same format.")
@click.option("--environment", type=NAME, help="Filter by environment.")
@click.option("--service", type=NAME, help="Filter by service.")
@click.option("--tool", type=NAME, help="Filter by tool: terraform, tofu, ansible, or the command given to `run`.")
@click.option("--host", type=NAME, help="Filter by host: playbook runs that include it, and events sent from it.")
@click.option("--outcome", type=click.Choice(_OUTCOMES), help="Filter by outcome.")
@click.option("--kind", type=click.Choice(_KINDS), help="Filter by kind.")
@click.option("--phase", type=click.Choice(_PHASES), help="Filter by phase.")
@click.option("--signal", metavar="NAME", callback=_known_signal, help="Filter by risk signal, e.g. exposed_to_world.")
@click.option("--text", type=NAME, metavar="WORDS", help="Filter by text in titles, messages, addresses and names.")
@click.option("--undelivered", is_flag=True, help="Only events not yet delivered to all destinations.")
@limit_option(DEFAULT_LIMIT, "Maximum number of events; 0 for all.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines: each event with its deliveries.")
@click.pass_obj
def list_command(session: Session, /, *, as_json: bool, **filters: Any) -> int:
    """List the events recorded on this machine, newest first.

    On a terminal, prints a table in local time. In a pipe, prints one line per event with tab-separated fields: ID,
    start, outcome, title, user, environment, delivery, signals.
    """
    session.lists = True
    # Closed here, before the journal is: a pipe may break in the middle of reading.
    with closing(_select(session.journal, **filters)) as records:
        first = next(records, None)
        if first is None:
            del filters["limit"]
            note(NO_MATCH if any(filters.values()) else EMPTY)
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


def _select(journal: Journal, *, outcome: str | None, limit: int, **filters: Any) -> Generator[Record, None, None]:
    """Query the journal, and print how far back a text was searched."""
    from change_events.journal import Query, RecordState

    if outcome == event.RUNNING:
        filters["state"] = RecordState.STARTED
    else:
        filters["outcome"] = outcome
    query = Query(limit=limit or None, searched=None if filters["since"] else SEARCHED, **filters)
    count = 0
    for record in journal.list(query):
        count += 1
        yield record
    if (limit == 0 or count < limit) and (oldest := journal.searched_since(query)):
        note(f"searched only the newest {SEARCHED:,} events; to search before {oldest:%Y-%m-%d}, use --since")

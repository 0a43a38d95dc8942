"""The options that select events, shared by commands that list several, and their query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from change_events.cli.name_option import NAME
from change_events.cli.render.terminal import note
from change_events.cli.time_option import moment
from change_events.model import Kind, Outcome, Phase
from change_events.query.selection import RUNNING, SEARCHED, query_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from change_events.history.source import Source
    from change_events.journal import Record

NO_MATCH = "no matching events"
_OUTCOMES = [*(outcome.value for outcome in Outcome), RUNNING]
_KINDS = [kind.value for kind in Kind]
_PHASES = [phase.value for phase in Phase]


def _known_signal(context: click.Context, _: click.Parameter, name: str | None) -> str | None:
    if name is not None:
        from change_events.query.known_names import known_signals, not_a_signal

        if name not in (known := known_signals(context.obj.settings)):
            raise click.BadParameter(not_a_signal(name, known))
    return name


_FILTERS = (
    click.option(
        "--since",
        type=moment,
        metavar="WHEN",
        help="Started at or after this time: an age (90m, 2h, 3d, 1w) or a date and time.",
    ),
    click.option("--until", type=moment, metavar="WHEN", help="Started before this time, in the same format."),
    click.option("--environment", type=NAME, help="Filter by environment."),
    click.option("--service", type=NAME, help="Filter by service."),
    click.option("--tool", type=NAME, help="Filter by tool: terraform, tofu, ansible, or the command given to `run`."),
    click.option("--host", type=NAME, help="Filter by host: playbook runs that include it, and events sent from it."),
    click.option("--outcome", type=click.Choice(_OUTCOMES), help="Filter by outcome."),
    click.option("--kind", type=click.Choice(_KINDS), help="Filter by kind."),
    click.option("--phase", type=click.Choice(_PHASES), help="Filter by phase."),
    click.option(
        "--signal", metavar="NAME", callback=_known_signal, help="Filter by risk signal, e.g. exposed_to_world."
    ),
    click.option("--text", type=NAME, metavar="WORDS", help="Filter by text in titles, messages, addresses and names."),
    click.option("--undelivered", is_flag=True, help="Only events not yet delivered to all destinations."),
)


def event_filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command with the filters, passed as keywords; None (or False) if not given."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


def select(source: Source, *, outcome: str | None, limit: int, **filters: Any) -> Generator[Record, None, None]:
    """Return the events that the filters select, newest first; reports how far back bodies were searched.

    Args:
        source: the journal or ledger.
        outcome: the filter of that name, whose value may be ``running``.
        limit: maximum number of events; 0 for all.
        filters: the other filters.
    """
    query = query_of(outcome=outcome, limit=limit, **filters)
    count = 0
    for record in source.list(query):
        count += 1
        yield record
    if (limit == 0 or count < limit) and (oldest := source.searched_since(query)):
        note(f"searched only the newest {SEARCHED:,} events; to search before {oldest:%Y-%m-%d}, use --since")

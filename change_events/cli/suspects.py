"""``tfevent events suspects``: rank the changes before an incident."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from change_events.cli.help_examples import examples
from change_events.cli.ledger_option import ledger_option
from change_events.cli.limit_option import limit_option
from change_events.cli.name_option import NAME
from change_events.cli.render.terminal import local_time, note, print_json, print_lines
from change_events.cli.time_option import duration, moment
from change_events.errors import TfeventError
from change_events.query.known_names import check_known
from change_events.query.times import check_past

if TYPE_CHECKING:
    from change_events.cli.session import Session

DEFAULT_LIMIT = 5


@click.command(
    "suspects",
    short_help="Rank what changed before an incident.",
    epilog=examples(
        "tfevent events suspects",
        "tfevent events suspects --at 2026-11-24T14:05 --environment prod --service shop",
        "tfevent events suspects --at 20m --window 2h --host web1",
        "tfevent events suspects --json | jq '.suspects[0]'",
    ),
)
@click.option("--at", type=moment, metavar="WHEN", help="When the incident began [default: now].")
@click.option("--window", type=duration, default="6h", show_default=True, metavar="AGE", help="How far back to look.")
@click.option("--service", type=NAME, help="Affected service; its changes rank higher.")
@click.option("--environment", type=NAME, help="Affected environment; its changes rank higher.")
@click.option("--host", type=NAME, help="Affected host; its changes rank higher.")
@limit_option(DEFAULT_LIMIT, "Maximum number of suspects; 0 for all.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@ledger_option
@click.pass_obj
def suspects_command(
    session: Session,
    *,
    at: datetime | None,
    window: timedelta,
    service: str | None,
    environment: str | None,
    host: str | None,
    limit: int,
    as_json: bool,
) -> int:
    """Rank the changes before an incident, the likeliest cause first, each score with its reasons.

    Scores add up documented weights: time, signals, outcome, reach, history. --service, --environment and --host rank
    changes higher or lower; they exclude none, since a shared change can be the cause.
    """
    from change_events.history.suspects import Incident
    from change_events.query.answers import suspects

    now = datetime.now(UTC)
    try:
        check_past(at or now, now)
    except ValueError as error:
        raise TfeventError(f"--at {error}") from None
    session.lists = True
    source = session.indexed_source()
    check_known(source, service=service, environment=environment, host=host)
    incident = Incident(at or now, window, service, environment, host)
    ranking = suspects(source, incident, limit=limit or None)
    if as_json:
        print_json(ranking)
        return 0
    from change_events.cli.render.suspects import ranking_lines

    print_lines(ranking_lines(ranking))
    if not ranking.candidates:
        note(f"no change between {local_time(ranking.since)} and {local_time(ranking.at)} is recorded")
    return 0

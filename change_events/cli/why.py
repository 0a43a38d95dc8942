"""``tfevent events why``: the last changes of a resource, attribute or host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from change_events.cli.help_examples import examples
from change_events.cli.ledger_option import ledger_option
from change_events.cli.limit_option import limit_option
from change_events.cli.name_option import NAME
from change_events.cli.render.terminal import note, print_json, print_lines
from change_events.cli.time_option import moment

if TYPE_CHECKING:
    from datetime import datetime

    from change_events.cli.session import Session

DEFAULT_LIMIT = 10


@click.command(
    "why",
    short_help="Show the last changes of a resource or host.",
    epilog=examples(
        "tfevent events why aws_db_instance.main",
        "tfevent events why aws_db_instance.main.instance_class --since 30d",
        "tfevent events why 'module.web.*'",
        "tfevent events why web1             a host, with the machine Terraform made for it",
        "tfevent events why i-0abc123 --json | jq '.entries[0]'",
    ),
)
@click.argument("subject", type=NAME, metavar="ADDRESS[.ATTRIBUTE]|HOST")
@click.option("--since", type=moment, metavar="WHEN", help="Only changes at or after this time.")
@limit_option(DEFAULT_LIMIT, "Maximum number of events.", least=1)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@ledger_option
@click.pass_obj
def why_command(session: Session, *, subject: str, since: datetime | None, limit: int, as_json: bool) -> int:
    """Show the last changes of a resource, an attribute or a host, newest first.

    For each change: time, user, cause and commit, values before and after, and which change it reverts.

    ADDRESS is a resource address, a prefix of one (module.web) or a glob ('*.main'), or an ID; HOST is the name of an
    Ansible host, or the name, ID or network address of a machine that Terraform manages. Moved resources are found by
    their old and new address.
    """
    from change_events.query.answers import why

    answer = why(session.indexed_source(), subject, since=since, limit=limit)
    if as_json:
        print_json(answer)
        return 0
    from change_events.cli.render.why import answer_lines

    print_lines(answer_lines(answer))
    if not answer.entries:
        note(f"no change of {subject} since {since.astimezone():%Y-%m-%d %H:%M}" if since else "no recorded change")
    return 0

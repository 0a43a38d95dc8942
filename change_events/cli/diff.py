"""``tfevent events diff``: compare two events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from change_events.cli.event_ref import CountingBack
from change_events.cli.help_examples import examples
from change_events.cli.ledger_option import ledger_option
from change_events.cli.limit_option import limit_option
from change_events.cli.render.terminal import print_json, print_lines
from change_events.query.event_ref import find

if TYPE_CHECKING:
    from change_events.cli.session import Session

DEFAULT_CHANGES = 50


@click.command(
    "diff",
    short_help="Compare two events: what only one changed.",
    cls=CountingBack,
    epilog=examples(
        "tfevent events diff -2 last              the newest event and the one before it",
        "tfevent events diff 019ab3c4 019ab3d0    two runs of the same playbook",
        "tfevent events diff -2 -1 --json | jq .only_b",
    ),
)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@limit_option(DEFAULT_CHANGES, "Maximum number of changes in each section; 0 for all.")
@ledger_option
@click.pass_obj
def diff_command(session: Session, *, first: str, second: str, as_json: bool, limit: int) -> int:
    """Compare two events, or two runs of the same playbook: what one changed that the other did not.

    A and B are event IDs or unique prefixes, `last` (or -1) for the newest event, -2 for the one before it.
    """
    from change_events.history.compare import compare

    comparison = compare(find(session.source, first).event, find(session.source, second).event)
    if as_json:
        print_json(comparison)
        return 0
    from change_events.cli.render.diff import comparison_lines

    print_lines(comparison_lines(comparison, limit or None))
    return 0

"""``tfevent events show``: show one event in full."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from change_events.cli.event_ref import CountingBack
from change_events.cli.help_examples import examples
from change_events.cli.ledger_option import ledger_option
from change_events.cli.limit_option import limit_option
from change_events.cli.render.terminal import clean_lines, indented, print_lines
from change_events.query.event_ref import find

if TYPE_CHECKING:
    from change_events.cli.session import Session
    from change_events.journal import Record

DEFAULT_CHANGES = 50


@click.command(
    "show",
    short_help="Show one event in full.",
    cls=CountingBack,
    epilog=examples(
        "tfevent events show last",
        "tfevent events show 019ab3c4-5d6e",
        "tfevent events show -2 --markdown",
        "tfevent events show last --tree",
        "tfevent events show last --json | jq .summary.counts",
    ),
)
@click.argument("event_id", metavar="ID")
@click.option("--json", "form", flag_value="json", help="Print the event as recorded, in JSON.")
@click.option("--markdown", "form", flag_value="markdown", help="Print the Markdown message that destinations receive.")
@click.option("--tree", "form", flag_value="tree", help="Print the tree of parent and child events.")
@limit_option(DEFAULT_CHANGES, "Maximum number of changes (or children); 0 for all, with all attributes.")
@click.option("--all", "everything", is_flag=True, help="Show all changes and all attributes, like --limit 0.")
@ledger_option
@click.pass_obj
def show_command(session: Session, *, event_id: str, form: str | None, limit: int, everything: bool) -> int:
    """Show one event in full: user, location, changes and their outcomes, errors, drift, delivery.

    ID is an event ID or a unique prefix of one, `last` (or -1) for the newest event, -2 for the one before it.
    """
    most = None if everything else limit or None
    record = find(session.source, event_id)
    if form == "json":
        from change_events.cli.render.listing import with_teams

        sys.stdout.write(indented(with_teams(record)) + "\n")
    elif form == "markdown":
        print_lines(clean_lines(record.event.message))
    elif form == "tree":
        from change_events.cli.render.tree import tree_lines

        print_lines(tree_lines(session.source, record, limit=most))
    else:
        from change_events.cli.render.event import story

        print_lines(story(record, limit=most, held_up=_held_up(session, record)))
    return 0


def _held_up(session: Session, record: Record) -> dict[str, str]:
    """Return, by destination, why untried deliveries of this event wait, if the destination has failed."""
    from change_events.cli.render.deliveries import held_up_by, is_untried

    names = dict.fromkeys(one.destination for one in record.deliveries if is_untried(one))
    if not names:  # also where a ledger was asked: the journal stays closed
        return {}
    standings = {name: session.journal.standing(name) for name in names}
    now = session.journal.now()
    return {name: held_up_by(standing, now) for name, standing in standings.items() if standing.failures}

"""``tfevent events show``: one run, in full."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from change_events.cli.event_ref import CountingBack, find
from change_events.cli.help_examples import examples
from change_events.cli.render.terminal import clean_json, clean_lines, print_lines

if TYPE_CHECKING:
    from change_events.cli.session import Session

DEFAULT_CHANGES = 50


@click.command(
    "show",
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
@click.option("--json", "form", flag_value="json", help="The event, as it was recorded.")
@click.option("--markdown", "form", flag_value="markdown", help="The message, as destinations get it.")
@click.option("--tree", "form", flag_value="tree", help="What started it and what it started, in turn.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=DEFAULT_CHANGES,
    show_default=True,
    help="How many changes (or children) are shown; 0 for all, with all their attributes.",
)
@click.option("--all", "everything", is_flag=True, help="All changes with all their attributes: as --limit 0.")
@click.pass_obj
def show_command(session: Session, *, event_id: str, form: str | None, limit: int, everything: bool) -> int:
    """Show one event in full: who, where, every change with its outcome, errors, drift, delivery.

    ID is an event's id or its beginning, `last` (or -1) for the newest, -2 for the one before it.
    """
    most = None if everything else limit or None
    record = find(session.journal, event_id)
    if form == "json":
        sys.stdout.write(_indented(record.body))
    elif form == "markdown":
        print_lines(clean_lines(record.event.message))
    elif form == "tree":
        from change_events.cli.render.tree import tree_lines

        print_lines(tree_lines(session.journal, record, limit=most))
    else:
        from change_events.cli.render.event import story

        print_lines(story(record, limit=most))
    return 0


def _indented(body: bytes) -> str:
    import msgspec

    return clean_json(msgspec.json.format(body, indent=2)) + "\n"

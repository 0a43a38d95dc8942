"""``tfevent events preview``: show the request that would deliver an event to a destination."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from change_events.cli.event_ref import CountingBack
from change_events.cli.help_examples import examples
from change_events.cli.render.terminal import clean_json, clean_lines, note, print_lines
from change_events.errors import TfeventError
from change_events.query.event_ref import find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.cli.session import Session
    from change_events.delivery.rendering import Rendered
    from change_events.destinations.base import DestinationSettings
    from change_events.journal import Record


@click.command(
    "preview",
    short_help="Show the request a destination would receive for an event.",
    cls=CountingBack,
    epilog=examples(
        "tfevent events preview last --to chatops",
        "tfevent events preview 019ab3c4-5d6e --to sematext --json | jq .body.tags",
    ),
)
@click.argument("event_id", metavar="ID")
@click.option("--to", "name", metavar="NAME", required=True, help="Destination name in the settings.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object with method, url, headers, body, bytes.")
@click.pass_obj
def preview_command(session: Session, *, event_id: str, name: str, as_json: bool) -> int:
    """Show the request a destination would receive for an event, with secrets masked. Nothing is sent.

    ID is an event ID or a unique prefix of one, `last` (or -1) for the newest event, -2 for the one before it. Whether
    the settings route the event to this destination is printed on standard error.
    """
    destination = named(session.settings.destinations, name)
    record = find(session.source, event_id)
    request, problems = _rendered(session, destination, record)
    if as_json:
        from change_events.destinations.shared.preview import as_data

        sys.stdout.write(clean_json(json.dumps(as_data(request), indent=2, ensure_ascii=False).encode()) + "\n")
    else:
        from change_events.destinations.shared.preview import preview

        print_lines(clean_lines(preview(request)))
    for problem in problems:
        note(f"sent to {name} without its template; {problem}")
    _print_whether_it_goes(session, destination, record)
    return 0


def named(destinations: Sequence[DestinationSettings], name: str) -> DestinationSettings:
    """Return the destination with this name. Raises TfeventError."""
    destination_of_name = next((destination for destination in destinations if destination.name == name), None)
    if destination_of_name is None:
        names = ", ".join(destination.name for destination in destinations)
        there = f"there are {names}" if names else "there is none"
        raise TfeventError(
            f"the settings name no destination {name!r}: {there}; `tfevent events doctor` names mistakes"
        )
    return destination_of_name


def _rendered(session: Session, destination: DestinationSettings, record: Record) -> Rendered:
    from change_events.delivery.rendering import rendered
    from change_events.destinations.base import OptionError

    handle = session.journal.handle(record.id, destination.name) if record.state == "settled" else None
    try:
        return rendered(destination, record.sealed, handle=handle)
    except OptionError as error:
        raise TfeventError(f"{destination.name}: its settings cannot be used ({error})") from error


def _print_whether_it_goes(session: Session, destination: DestinationSettings, record: Record) -> None:
    from change_events import routing

    settings = session.settings
    if record.state == "started":
        if destination.name not in routing.started(record.event, settings):
            note(f"{destination.name} does not receive started events (`include_started`)")
    elif refusal := routing.refusal(record.event, destination, settings):
        note(f"this event is not routed to {destination.name}: {refusal}")

"""``tfevent events report``: render events as an HTML page or a Markdown document."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from change_events.cli.event_filters import NO_MATCH, event_filters, select
from change_events.cli.event_ref import CountingBack
from change_events.cli.help_examples import examples
from change_events.cli.ledger_option import ledger_option
from change_events.cli.limit_option import limit_option
from change_events.cli.render.terminal import note
from change_events.query.event_ref import find
from change_events.query.selection import empty

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.cli.session import Session
    from change_events.model import ChangeEvent

DEFAULT_LIMIT = 200
LEAST_CHARACTERS = 1_000  # summary.document.LEAST
_SIZES = ("github", "github_summary", "gitlab", "slack")  # report.sizes.sizes
_HTML_NAMES = (".html", ".htm")


@click.command(
    "report",
    short_help="Write a report on events in HTML or Markdown.",
    cls=CountingBack,
    epilog=examples(
        "tfevent events report last -o report.html",
        "tfevent events report --since 24h --environment prod -o night.html",
        "tfevent events report last --for github | gh pr comment 41 --body-file -",
        'tfevent events report --since 1h --for github_summary >> "$GITHUB_STEP_SUMMARY"',
    ),
)
@click.argument("event_ids", metavar="[ID...]", nargs=-1)
@click.option("--html", "form", flag_value="html", help="One self-contained HTML page.")
@click.option("--markdown", "form", flag_value="markdown", help="A Markdown document (the default).")
@click.option(
    "--for",
    "place",
    type=click.Choice(_SIZES),
    help="Limit the Markdown to the size of a comment, job summary or message there.",
)
@click.option(
    "--max-characters",
    type=click.IntRange(min=LEAST_CHARACTERS),
    metavar="N",
    help="Limit the Markdown to N characters.",
)
@click.option(
    "-o", "--output", "path", metavar="FILE", help="Write to FILE; a name that ends in .html is written as HTML."
)
@event_filters
@limit_option(DEFAULT_LIMIT, "Maximum number of events that filters select; 0 for all.")
@ledger_option
@click.pass_obj
def report_command(
    session: Session,
    /,
    *,
    event_ids: tuple[str, ...],
    form: str | None,
    place: str | None,
    max_characters: int | None,
    path: str | None,
    **filters: Any,
) -> int:
    """Write a report on events in HTML or Markdown: failures first, then risk signals, causes and changes.

    ID is an event ID or a unique prefix of one, `last` (or -1) for the newest event, -2 for the one before it. Without
    an ID, the filters select the events. Text is cut by importance, and the report says what was left out.
    """
    as_html = _as_html(form, path, bool(place or max_characters))
    if place and max_characters:
        raise click.UsageError("--for and --max-characters exclude each other")
    if path == "":
        raise click.UsageError("--output: expected the name of a file, or - for standard output")
    found, more = _selected(session, event_ids, filters)
    if not found:
        given = {name: value for name, value in filters.items() if name != "limit"}
        nothing = NO_MATCH if any(given.values()) else empty(session.source)
        note(f"{nothing}; {path} was not written" if path and path != "-" else nothing)
        return 0
    text = _html(found, more) if as_html else _markdown(found, more, place, max_characters)
    _write(text, path)
    return 0


def _as_html(form: str | None, path: str | None, cut: bool) -> bool:
    if form == "html" and cut:
        raise click.UsageError("--for and --max-characters cut Markdown: leave out --html")
    return form == "html" or (form is None and not cut and (path or "").lower().endswith(_HTML_NAMES))


def _selected(session: Session, event_ids: Sequence[str], filters: dict[str, Any]) -> tuple[list[ChangeEvent], bool]:
    """Return the events, newest first and each once, and whether the limit cut them. Raises TfeventError."""
    given = [name for name, value in filters.items() if value and name != "limit"]
    source = click.get_current_context().get_parameter_source("limit")
    newest = source is click.core.ParameterSource.COMMANDLINE
    if event_ids and given:
        raise click.UsageError(f"expected IDs or filters, not both: leave out --{given[0]}")
    if not event_ids and not given and not newest:
        raise click.UsageError("expected an event ID (`last`), a filter (--since 24h) or --limit")
    if event_ids:
        events = {record.event.id: record.event for record in (find(session.source, one) for one in event_ids)}
        return sorted(events.values(), key=lambda event: event.started_at, reverse=True), False
    session.lists = True
    limit = filters.pop("limit")
    with closing(select(session.source, limit=limit + 1 if limit else 0, **filters)) as records:
        found = [record.event for record in records]
    return (found[:limit], True) if limit and len(found) > limit else (found, False)


def _markdown(events: Sequence[ChangeEvent], more: bool, place: str | None, max_characters: int | None) -> str:
    from change_events.report.sizes import WHOLE, characters, sizes
    from change_events.summary.document import document

    size = sizes()[place] if place else characters(max_characters) if max_characters else WHOLE
    return document(events, size, more=more)


def _html(events: Sequence[ChangeEvent], more: bool) -> str:
    from change_events.report.page import page

    return page(events, more=more)


def _write(text: str, path: str | None) -> None:
    data = text.encode()
    if path is None or path == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        return
    from change_events.cli.output_file import write_file

    write_file(path, data)

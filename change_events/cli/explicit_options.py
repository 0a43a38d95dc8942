"""The options of an explicit event, shared by the commands that record one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from change_events.explicit.choices import KINDS, OUTCOMES, SEVERITIES, STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class AnyWord(click.Choice):  # type: ignore[type-arg] # generic since click 8.2 only
    """Shows its choices and accepts any word: a wrong one is reported with all other mistakes."""

    def convert(self, value: Any, _param: click.Parameter | None, _ctx: click.Context | None) -> Any:
        """Return the word unchanged."""
        return value


_OPTIONS = {
    "kind": click.option("--kind", type=AnyWord(KINDS), default="custom", show_default=True, help="Kind of event."),
    "title": click.option("--title", metavar="TEXT", show_default="generated", help="Title, one line."),
    "message": click.option(
        "--message", metavar="TEXT|@FILE|-", help="Message in Markdown: text, @FILE, or - for standard input."
    ),
    "severity": click.option(
        "--severity", type=AnyWord(SEVERITIES), show_default="derived from the outcome", help="Severity."
    ),
    "outcome": click.option("--outcome", type=AnyWord(OUTCOMES), show_default="succeeded", help="Outcome."),
    "environment": click.option(
        "--environment", metavar="NAME", show_default="from the settings", help="Environment, e.g. prod."
    ),
    "service": click.option("--service", metavar="NAME", show_default="from the settings", help="Service name."),
    "version": click.option("--version", metavar="TEXT", help="Version of the service."),
    "tag": click.option("--tag", metavar="NAME=VALUE", multiple=True, help="Tag to add (repeatable)."),
    "started_at": click.option(
        "--started-at", metavar="WHEN", show_default="now", help="Start: an age such as 10m, or a date and time."
    ),
    "ended_at": click.option(
        "--ended-at", metavar="WHEN", show_default="now", help="End, in the same format as --started-at."
    ),
    "link": click.option("--link", metavar="TITLE=URL", multiple=True, help="Link to add (repeatable)."),
    "commit": click.option(
        "--commit", metavar="REVISION", show_default="current commit", help="Deployed commit, tag or branch."
    ),
    "previous_commit": click.option(
        "--previous-commit", metavar="REVISION", help="Previously deployed commit; the commits since are listed."
    ),
    "path": click.option(
        "--path",
        metavar="PATH",
        multiple=True,
        help="List only commits that touch this file or folder (repeatable).",
    ),
    "data": click.option("--data", metavar="JSON|@FILE|-", help="Additional data as a JSON object."),
    "destination": click.option(
        "--destination",
        metavar="NAME",
        multiple=True,
        show_default="by routing",
        help="Deliver to this destination only (repeatable).",
    ),
    "state": click.option(
        "--state", type=AnyWord(STATES), help="Record in two steps: started prints an ID; pass it to finished."
    ),
    "id": click.option("--id", metavar="ID", help="ID printed by --state started."),
    "dedup_key": click.option(
        "--dedup-key", metavar="TEXT", help="Deduplication key: only the first event with it is recorded."
    ),
    "dedup_window": click.option(
        "--dedup-window", metavar="DURATION", show_default="1d", help="How long --dedup-key applies: 10m, 2h, 7d."
    ),
}


def takes_options(names: Sequence[str]) -> Callable[[Any], Any]:
    """Decorate a command with these options, in this order."""

    def decorate(command: Any) -> Any:
        for name in reversed(names):
            command = _OPTIONS[name](command)
        return command

    return decorate


EVERYTHING = tuple(_OPTIONS)

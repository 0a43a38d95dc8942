"""The options by which an explicit event is told, shared by the commands that record one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from change_events.explicit.choices import KINDS, OUTCOMES, SEVERITIES, STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class AnyWord(click.Choice):  # type: ignore[type-arg] # generic since click 8.2 only
    """Shows its choices and takes any word: what is wrong is told together with everything else that is."""

    def convert(self, value: Any, _param: click.Parameter | None, _ctx: click.Context | None) -> Any:
        """Leave the word as it is."""
        return value


_OPTIONS = {
    "kind": click.option("--kind", type=AnyWord(KINDS), default="custom", show_default=True, help="What happened."),
    "title": click.option("--title", metavar="TEXT", help="One line, for a graph; without it one is made."),
    "message": click.option(
        "--message", metavar="TEXT|@FILE|-", help="Markdown: text, @ and a file, or - for standard input."
    ),
    "severity": click.option("--severity", type=AnyWord(SEVERITIES), help="Without it, by the outcome."),
    "outcome": click.option("--outcome", type=AnyWord(OUTCOMES), help="How it ended; succeeded without it."),
    "environment": click.option("--environment", metavar="NAME", help="Such as prod; else the settings'."),
    "service": click.option("--service", metavar="NAME", help="What it is about; else the settings'."),
    "version": click.option("--version", metavar="TEXT", help="Version of the service."),
    "tag": click.option("--tag", metavar="NAME=VALUE", multiple=True, help="A tag; may be given several times."),
    "start": click.option("--start", metavar="WHEN", help="When it began: 10m (ago), or a date and time; else now."),
    "end": click.option("--end", metavar="WHEN", help="When it ended, written the same way; else now."),
    "link": click.option("--link", metavar="TITLE=URL", multiple=True, help="A page to look at; several times."),
    "commit": click.option("--commit", metavar="REVISION", help="What is deployed; else what is checked out."),
    "previous_commit": click.option(
        "--previous-commit", metavar="REVISION", help="What was there before: the commits between are listed."
    ),
    "path": click.option(
        "--path",
        metavar="PATH",
        multiple=True,
        help="List only commits that touch this file or folder; several times.",
    ),
    "data": click.option("--data", metavar="JSON|@FILE|-", help="A JSON object with whatever else is worth keeping."),
    "destination": click.option(
        "--destination",
        metavar="NAME",
        multiple=True,
        help="Send to this one, whatever the routing says; several times.",
    ),
    "state": click.option(
        "--state", type=AnyWord(STATES), help="Tell it in two steps: started prints the id that finished takes."
    ),
    "id": click.option("--id", metavar="ID", help="Of the event that is finished."),
    "key": click.option("--key", metavar="TEXT", help="Of several events with this key, only the first is recorded."),
    "once_within": click.option(
        "--once-within", metavar="DURATION", help="How long --key holds: 10m, 2h, 7d; a day without it."
    ),
}


def told_by(names: Sequence[str]) -> Callable[[Any], Any]:
    """Give a command these options, in this order."""

    def decorate(command: Any) -> Any:
        for name in reversed(names):
            command = _OPTIONS[name](command)
        return command

    return decorate


EVERYTHING = tuple(_OPTIONS)

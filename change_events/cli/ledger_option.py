"""``--ledger`` and ``--team``: query a team's ledger instead of the journal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from change_events.cli.name_option import NAME

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = "TFEVENT_LEDGER"


def ledger_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command with the options; they determine ``session.source``, and are not passed on."""
    for option in (_TEAM, _LEDGER):
        command = option(command)
    return command


def _choose_ledger(context: click.Context, _: click.Parameter, url: str | None) -> None:
    if context.obj is not None:  # a command line that is only read has no session
        context.obj.ledger = url or os.environ.get(VARIABLE, "").strip() or None


def _choose_team(context: click.Context, _: click.Parameter, team: str | None) -> None:
    if context.obj is None:
        return
    if team is not None and context.obj.ledger is None:
        raise click.UsageError("--team needs --ledger")
    context.obj.team = team


_LEDGER = click.option(
    "--ledger",
    type=NAME,
    metavar="URL",
    is_eager=True,  # before --team, which needs it
    expose_value=False,
    callback=_choose_ledger,
    help="Query the team's ledger (postgresql://…, or https://… of a collector) instead of this machine's journal "
    f"[default: {VARIABLE}].",
)
_TEAM = click.option(
    "--team",
    type=NAME,
    metavar="NAME",
    expose_value=False,
    callback=_choose_team,
    help="With --ledger: only this team's events [default: all readable teams].",
)

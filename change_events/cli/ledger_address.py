"""The ledger and the team for the commands of ``tfevent events ledger``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from change_events.cli.ledger_option import VARIABLE
from change_events.errors import LedgerError, TfeventError

if TYPE_CHECKING:
    from change_events.cli.session import Session

url_option = click.option(
    "--ledger",
    "url",
    metavar="URL",
    help=f"The ledger: postgresql://…  [default: {VARIABLE}, or the destination of kind ledger]",
)


def ledger_of(session: Session, given: str | None) -> tuple[str, str]:
    """Return the ledger of the option, the variable, or the settings' only destination of that kind.

    Returns:
        Its address, and the user's password if the settings have it separately.

    Raises:
        LedgerError: none is named, or several are.
    """
    if found := given or os.environ.get(VARIABLE, "").strip():
        return found, ""
    known = [one for one in session.settings.destinations if one.kind == "ledger" and "url" in one.options]
    if len(known) != 1:
        raise LedgerError(f"no ledger: give --ledger postgresql://USER@HOST/DATABASE, or set {VARIABLE}")
    return str(known[0].options["url"]), str(known[0].options.get("password") or "")


def team_name(team: str) -> str:
    """Return a valid name of a team. Raises TfeventError."""
    from change_events.destinations.shared.postgres import TEAM, TEAM_RULE

    if not TEAM.fullmatch(team):
        raise TfeventError(f"{team!r} is not a name of a team; {TEAM_RULE}")
    return team

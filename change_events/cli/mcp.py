"""``tfevent events mcp``: a Model Context Protocol server for assistants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from change_events.cli.help_examples import examples
from change_events.cli.ledger_option import ledger_option
from change_events.errors import TfeventError

if TYPE_CHECKING:
    from change_events.cli.session import Session
    from change_events.mcp.tools import Ledger

_EXTRA = {"mcp", "anyio", "pydantic"}


@click.command(
    "mcp",
    short_help="Serve the Model Context Protocol to assistants.",
    epilog=examples(
        "tfevent events mcp    started by a client, e.g. after: claude mcp add tfevent -- tfevent events mcp",
    ),
)
@ledger_option
@click.pass_obj
def mcp_command(session: Session) -> int:
    """Serve the Model Context Protocol on standard input and output, until the input ends.

    The tools are list_changes, show_change, why, suspects and drift_status. They read the journal of this machine, or a
    team's ledger, and change nothing: a journal is not migrated, killed runs are not settled, and nothing is delivered.
    """
    try:
        from change_events.mcp.server import note_at_a_terminal, serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise TfeventError("`tfevent events mcp` needs the package mcp: pip install 'tfevent[mcp]'") from None
    note_at_a_terminal()
    serve(session.settings, _ledger(session))


def _ledger(session: Session) -> Ledger | None:
    """Return the chosen ledger; one that cannot be used is an error of each call, which clients show."""
    if session.ledger is None:
        return None
    from change_events.mcp.tools import Ledger

    return Ledger(session.ledger, session.team)

"""``tfevent events ledger token``: tokens for writing to and reading a ledger through a collector."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
import msgspec

from change_events.cli.help_examples import examples
from change_events.cli.ledger_address import ledger_of, team_name, url_option
from change_events.cli.render.terminal import clean, local_time, note, print_json, print_lines
from change_events.cli.time_option import duration
from change_events.errors import InputError
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from datetime import timedelta

    from change_events.cli.session import Session
    from change_events.ledger.tokens import Token

_ID = lazy_pattern(r"[0-9]{1,18}")
_INIT = "`tfevent events ledger init` brings it up to date"
_REFUSED = {
    "42501": "only the owner of the ledger (GRANT tfevent_owner TO …) makes, lists and revokes its tokens",
    "42P01": f"there is no ledger in this database, or its schema is too old for tokens; {_INIT}",
    "3F000": "there is no ledger in this database; `tfevent events ledger init` makes one",
}


@click.group(
    "token",
    short_help="Manage the tokens of a collector.",
    epilog=examples(
        "tfevent events ledger token create --team ops --label ci --expires 90d",
        "tfevent events ledger token revoke 3",
    ),
)
def token_command() -> None:
    """Create, list and revoke the tokens with which machines use a collector (`tfevent events serve --collect`)."""


@token_command.command("create", short_help="Create a token, and print it once.")
@url_option
@click.option("--team", metavar="NAME", required=True, help="Team whose events the token writes and reads.")
@click.option("--write", is_flag=True, help="Allow recording events [default unless --read is given].")
@click.option("--read", is_flag=True, help="Allow reading events.")
@click.option("--label", metavar="TEXT", default="", help="Where the token is used, e.g. ci.")
@click.option("--expires", type=duration, metavar="AGE", help="Lifetime, e.g. 90d [default: unlimited].")
@click.pass_obj
def create_command(
    session: Session,
    /,
    url: str | None,
    team: str,
    label: str,
    expires: timedelta | None,
    *,
    write: bool,
    read: bool,
) -> int:
    """Create a token and print it on standard output; the ledger keeps only a digest, so it cannot be shown again."""
    team_name(team)
    if not label.isprintable():
        raise InputError("--label is one line of printable characters: it stands in a line of `token list`")
    from change_events.ledger import administration, tokens

    with administration.connected(*ledger_of(session, url), _REFUSED) as (connection, _):
        made, token = tokens.create(
            connection,
            team,
            may_write=write or not read,
            may_read=read,
            label=label,
            expires_at=_ends(expires),
        )
    print_lines([token])
    note(f"token {made.id} of team {team} may {_may(made)}, {_until(made)}; it is not shown again")
    return 0


@token_command.command("list", short_help="List tokens, without their secrets.")
@url_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@click.pass_obj
def list_command(session: Session, /, url: str | None, *, as_json: bool) -> int:
    """List all tokens: IDs, teams, rights, expiry and the day of their last use."""
    from change_events.ledger import administration, tokens

    with administration.connected(*ledger_of(session, url), _REFUSED) as (connection, _):
        found = tokens.listed(connection)
    if as_json:
        print_json(msgspec.to_builtins(found))
    elif found:
        print_lines([_line(token) for token in found])
    else:
        note("there are no tokens; `tfevent events ledger token create --team NAME` makes one")
    return 0


@token_command.command("revoke", short_help="Revoke a token.")
@url_option
@click.argument("token_id", metavar="ID")
@click.pass_obj
def revoke_command(session: Session, /, url: str | None, token_id: str) -> int:
    """Revoke a token, which is then refused. `token list` shows its ID."""
    number = _number(token_id)
    from change_events.ledger import administration, tokens

    with administration.connected(*ledger_of(session, url), _REFUSED) as (connection, shown):
        token = tokens.revoke(connection, number)
    if token is None:
        raise InputError(f"ledger {shown} has no token {number}; `tfevent events ledger token list` shows them")
    print_lines([f"token {token.id} of team {token.team} is refused from now on"])
    return 0


def _number(token_id: str) -> int:
    """The ID of a token. Raises InputError for another text, which may be the token itself: it is not quoted."""
    if not _ID.fullmatch(token_id):
        raise InputError("the ID of a token is a number; `tfevent events ledger token list` shows it")
    return int(token_id)


def _ends(expires: timedelta | None) -> datetime | None:
    """Return the time after that age. Raises InputError if it is out of range."""
    try:
        return None if expires is None else datetime.now(UTC) + expires
    except OverflowError:
        raise InputError("--expires lies too far in the future") from None


def _line(token: Token) -> str:
    parts = [f"{token.id:>4}  {token.team}: may {_may(token)}, {_until(token)}"]
    parts.append(f"used {token.last_used}" if token.last_used else "never used")
    return ", ".join(parts) + (f"  ({clean(token.label)})" if token.label else "")


def _may(token: Token) -> str:
    return " and ".join(word for word, may in (("write", token.may_write), ("read", token.may_read)) if may)


def _until(token: Token) -> str:
    if token.revoked_at:
        return f"revoked {local_time(token.revoked_at)}"
    if token.expires_at is None:
        return "does not expire"
    past = token.expires_at <= datetime.now(UTC)
    return f"{'expired' if past else 'expires'} {local_time(token.expires_at)}"

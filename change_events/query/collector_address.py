"""The address of a collector, and the token with which it is asked."""

from __future__ import annotations

import os

from change_events.destinations.shared.databases import collector_at, is_token
from change_events.errors import LedgerError

TOKEN_VARIABLE = "TFEVENT_LEDGER_READ_TOKEN"  # noqa: S105  # its name
"""Holds the token for reading; without it, that of deliveries may also be for reading."""
_OTHER_VARIABLE = "TFEVENT_LEDGER_TOKEN"  # likewise


def address_of(url: str) -> str:
    """Scheme, host, port and path of the collector that a URL means, without a slash at its end; nothing is secret.

    Raises:
        LedgerError: it cannot be used; no part of it is in the text.
    """
    found = collector_at(url)
    if found.trouble:
        raise LedgerError(f"the address of the collector {found.trouble}; {TOKEN_VARIABLE} holds the token")
    return found.address


def token() -> str:
    """The token of the environment.

    Raises:
        LedgerError: there is none, or it has characters that no token has; nothing of it is in the text.
    """
    variable = token_variable()
    found = os.environ.get(variable, "").strip()
    if not found:
        raise LedgerError(
            f"a collector is asked with a token: {TOKEN_VARIABLE} holds none; `tfevent events ledger token create "
            "--read` makes one"
        )
    if not is_token(found):
        raise LedgerError(f"{variable} is not a token: it has characters that a token has not")
    return found


def token_variable() -> str:
    """The variable that the token is taken from."""
    has_other_only = not os.environ.get(TOKEN_VARIABLE, "").strip() and os.environ.get(_OTHER_VARIABLE, "").strip()
    return _OTHER_VARIABLE if has_other_only else TOKEN_VARIABLE

"""The address of a collector, and the token sent to it."""

from __future__ import annotations

import os

from change_events.destinations.shared.databases import collector_at, is_token
from change_events.errors import LedgerError

TOKEN_VARIABLE = "TFEVENT_LEDGER_READ_TOKEN"  # noqa: S105  # its name
"""Holds the token for reading; without it, that of deliveries may also be for reading."""
_OTHER_VARIABLE = "TFEVENT_LEDGER_TOKEN"  # likewise


def address_of(url: str) -> str:
    """Return scheme, host, port and path of a collector's URL, without a trailing slash and without secrets.

    Raises:
        LedgerError: the URL cannot be used; the text contains no part of it.
    """
    found = collector_at(url)
    if found.trouble:
        raise LedgerError(f"the address of the collector {found.trouble}; {TOKEN_VARIABLE} holds the token")
    return found.address


def token() -> str:
    """Return the token from the environment.

    Raises:
        LedgerError: there is none, or it has invalid characters; the text contains no part of it.
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
    """Return the name of the variable the token is read from."""
    has_other_only = not os.environ.get(TOKEN_VARIABLE, "").strip() and os.environ.get(_OTHER_VARIABLE, "").strip()
    return _OTHER_VARIABLE if has_other_only else TOKEN_VARIABLE

"""The address of a collector, and the token with which it is asked."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from change_events.destinations.shared.databases import is_token
from change_events.destinations.shared.loopback import is_loopback
from change_events.errors import LedgerError

TOKEN_VARIABLE = "TFEVENT_LEDGER_READ_TOKEN"  # noqa: S105  # its name
"""Holds the token for reading; without it, that of deliveries may also be for reading."""
_OTHER_VARIABLE = "TFEVENT_LEDGER_TOKEN"  # likewise
SCHEMES = ("https://", "http://")

_EXPECTED = "expected https://HOST[:PORT]"
_WITHOUT = "a token or a password is not part of it: TFEVENT_LEDGER_READ_TOKEN holds the token"
_PLAIN = "http:// would show the token to the network: use https:// (http:// is for this machine alone)"


def address_of(url: str) -> str:
    """Scheme, host, port and path of the collector that a URL means, without a slash at its end; nothing is secret.

    Raises:
        LedgerError: it cannot be used; no part of it is in the text.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise LedgerError(f"the address of the collector cannot be read; {_EXPECTED}") from None
    if "@" in url or parts.query or parts.fragment:
        raise LedgerError(f"the address of the collector has parts that it may not have; {_EXPECTED}; {_WITHOUT}")
    if not host or not url.isascii() or not url.isprintable() or " " in url:
        raise LedgerError(f"the address of the collector cannot be read; {_EXPECTED}")
    if parts.scheme == "http" and not is_loopback(host):
        raise LedgerError(f"the address of the collector: {_PLAIN}")
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


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

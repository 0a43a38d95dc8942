"""The address of a ledger, as it is given, and as it may be shown: without the password, wherever that is in it."""

from __future__ import annotations

import os
from typing import NamedTuple

from change_events.errors import LedgerError

_SCHEMES = ("postgresql://", "postgres://")
_EXPECTED = "expected postgresql://USER@HOST:PORT/DATABASE"
_MISREAD = (
    f"the address of the ledger cannot be read; {_EXPECTED}, and in a password %40 for @, %2F for /, %3A for : and "
    "%25 for %"
)
_EXTRA = "a ledger needs the package psycopg: pip install 'tfevent[server]'"


class Address(NamedTuple):
    """Where a ledger is.

    Attributes:
        terms: what the driver is given.
        shown: host, port and database.
    """

    terms: dict[str, str | int]
    shown: str


def address_of(url: str) -> Address:
    """The ledger that a URL means; what it leaves out, the variables of PostgreSQL's clients say (``PGPASSWORD``).

    Raises:
        LedgerError: it cannot be read, or the driver is not installed; no part of the URL is in the text.
    """
    if not url.startswith(_SCHEMES):
        raise LedgerError(f"this is not the address of a ledger; {_EXPECTED}")
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:  # also where it finds no library of PostgreSQL's
        raise LedgerError(_EXTRA) from None
    try:
        given = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except (psycopg.Error, ValueError):
        raise LedgerError(_MISREAD) from None
    host = given.get("host") or os.environ.get("PGHOST") or "localhost"
    port = given.get("port") or os.environ.get("PGPORT") or ""
    database = given.get("dbname") or os.environ.get("PGDATABASE") or given.get("user", "")
    if "@" in host + database or (not port.replace(",", "").isdigit() and port):
        raise LedgerError(_MISREAD)  # a part of a password, which would be shown
    return Address({**_DEFAULTS, **given}, f"{host}{port and ':'}{port}/{database}")


_DEFAULTS: dict[str, str | int] = {
    "application_name": "tfevent",
    "client_encoding": "UTF8",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}

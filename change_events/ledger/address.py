"""The URL of a ledger, and its form for output, without a password in any part."""

from __future__ import annotations

import os
from typing import NamedTuple

from change_events.destinations.shared.databases import is_of_http
from change_events.errors import LedgerError
from change_events.text.lazy_pattern import lazy_pattern

SCHEMES = ("postgresql://", "postgres://")
_EXPECTED = "expected postgresql://USER@HOST:PORT/DATABASE"
_MISREAD = "the address of the ledger cannot be read; {}, {}"
_QUOTING = "and in a password %40 for @, %2F for /, %3A for : and %25 for %"
_PORT = "with a number as its port"
_BAD_PERCENT = lazy_pattern(r"%(?![0-9A-Fa-f]{2})")
_EXTRA = "a ledger needs the package psycopg: pip install 'tfevent[server]'"


class Address(NamedTuple):
    """The location of a ledger.

    Attributes:
        terms: connection parameters for the driver.
        shown: host, port and database.
    """

    terms: dict[str, str | int]
    shown: str


def address_of(url: str, patience: int | None = None) -> Address:
    """Return the ledger of a URL; PostgreSQL's client variables (``PGPASSWORD``) supply missing parts.

    Args:
        url: the URL as given.
        patience: seconds to connect, unless the URL has a limit; None for the default of commands.

    Raises:
        LedgerError: the URL is invalid, or the driver is not installed; the text contains no part of the URL.
    """
    if is_of_http(url):
        raise LedgerError(f"this is the address of a collector, and the database itself is needed; {_EXPECTED}")
    if not url.startswith(SCHEMES):
        raise LedgerError(f"this is not the address of a ledger; {_EXPECTED}")
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:  # also if libpq is missing
        raise LedgerError(_EXTRA) from None
    try:
        given = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except (psycopg.Error, ValueError):
        raise LedgerError(_MISREAD.format(_EXPECTED, _wrong_part(url))) from None
    host = given.get("host") or os.environ.get("PGHOST") or "localhost"
    port = given.get("port") or os.environ.get("PGPORT") or ""
    database = given.get("dbname") or os.environ.get("PGDATABASE") or given.get("user", "")
    if "@" in host + database:
        raise LedgerError(_MISREAD.format(_EXPECTED, _QUOTING))  # may be a part of a password
    if port and not port.replace(",", "").isdigit():
        raise LedgerError(_MISREAD.format(_EXPECTED, _PORT if "port=" in url else _wrong_part(url)))
    own = _DEFAULTS if patience is None else {**_DEFAULTS, "connect_timeout": patience}
    return Address({**own, **given}, f"{host}{port and ':'}{port}/{database}")


def _wrong_part(url: str) -> str:
    """Return what is expected in the invalid part of a URL, without quoting it: any part may be a password."""
    place, _, parameters = url.partition("://")[2].partition("?")
    servers, _, database = place.partition("/")
    login, _, hosts = servers.rpartition("@")
    if "@" in login + database + parameters or _BAD_PERCENT.search(login):
        return _QUOTING
    if hosts.count("[") != hosts.count("]"):
        return "with an address of IPv6 in [ and ]"
    ports = [host.rpartition("]")[2].rpartition(":")[2] for host in hosts.split(",") if ":" in host.rpartition("]")[2]]
    if not all(port.isdigit() for port in ports if port):
        return _PORT
    if _BAD_PERCENT.search(hosts + database + parameters):
        return "and %25 for a %"
    return "and after `?` only parameters of libpq, such as sslmode=verify-full" if parameters else _QUOTING


_DEFAULTS: dict[str, str | int] = {
    "application_name": "tfevent",
    "client_encoding": "UTF8",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}

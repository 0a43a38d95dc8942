"""Users of a ledger in the tests: their roles are those of the whole server, what they may is the ledger's."""

from __future__ import annotations

from urllib.parse import urlsplit

import psycopg

PASSWORD = "p@ss/w:rd%"
_IN = {"writer": "tfevent_writer", "reader": "tfevent_reader", "keeper": "tfevent_retention",
       "collector": "tfevent_collector"}  # fmt: skip
MAY = {
    "ops_writer": ("write", "ops"),
    "shop_writer": ("write", "shop"),
    "ops_reader": ("read", "ops"),
    "shop_reader": ("read", "shop"),
    "all_reader": ("read", "*"),
    "keeper": None,
    "collector": None,
    "no_reader": None,
    "stranger": None,
}


def hire(connection):
    """Make the users, and what each of them may in this ledger."""
    for name, may in MAY.items():
        group = _IN.get(name.rpartition("_")[2])
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone():
            connection.execute(
                f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'" + (f" IN ROLE {group}" if group else "")
            )
        if may:
            connection.execute("INSERT INTO tfevent.members (role, may, team) VALUES (%s, %s, %s)", (name, *may))


def url_of(ledger, name, address=None):
    """The address of a ledger for one of them."""
    from urllib.parse import quote

    info = ledger.info
    where = urlsplit(address).netloc.rpartition("@")[2] if address else f"{info.host}:{info.port}"
    return f"postgresql://{name}:{quote(PASSWORD, safe='')}@{where}/{info.dbname}"


def connect(ledger, name):
    """A connection as one of them."""
    return psycopg.connect(url_of(ledger, name), autocommit=True, prepare_threshold=None)

"""Opens the source of a ledger's address: the database itself, or a collector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.destinations.shared.databases import is_of_http
from change_events.errors import LedgerError
from change_events.ledger.address import SCHEMES as DATABASES

if TYPE_CHECKING:
    from change_events.ledger.source import LedgerSource
    from change_events.query.collector_source import CollectorSource


def open_ledger(url: str, team: str | None = None, *, in_all: float | None = None) -> LedgerSource | CollectorSource:
    """Return the source at this address, a context manager.

    Args:
        url: ``postgresql://…`` or ``https://…``.
        team: the team whose events are read; None for all readable ones.
        in_all: time limit of all answers, in seconds; None for no limit.

    Raises:
        LedgerError: it cannot be used; the text says what to do, and contains no part of the address.
    """
    if url.startswith(DATABASES):
        from change_events.ledger.source import LedgerSource

        return LedgerSource.open(url, team, in_all=in_all)
    if is_of_http(url):
        from change_events.query.collector_source import CollectorSource

        return CollectorSource.open(url, team, in_all=in_all)
    raise LedgerError(
        "this is not the address of a ledger; expected postgresql://USER@HOST:PORT/DATABASE, or https://HOST of a "
        "collector"
    )

"""Which source a ledger's address means: the database itself, or a collector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.destinations.shared.databases import is_of_http
from change_events.errors import LedgerError
from change_events.ledger.address import SCHEMES as DATABASES

if TYPE_CHECKING:
    from change_events.ledger.source import LedgerSource
    from change_events.query.collector_source import CollectorSource


def open_ledger(url: str, team: str | None = None, *, in_all: float | None = None) -> LedgerSource | CollectorSource:
    """The source at this address; a context manager.

    Args:
        url: ``postgresql://…`` or ``https://…``.
        team: whose events are read; None for all that may be read.
        in_all: seconds after which all answers are broken off; None for no end.

    Raises:
        LedgerError: it cannot be used; the text says what to do, and quotes nothing of the address.
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

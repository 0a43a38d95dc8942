"""The request that records an event in a ledger; nothing of a driver."""

from __future__ import annotations

from typing import NamedTuple

from change_events.destinations.base import Request
from change_events.destinations.shared.databases import host_of
from change_events.text.lazy_pattern import lazy_pattern

TEAM = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
"""The name of a team, as a ledger demands it."""

TEAM_RULE = "expected letters, digits, dots, dashes and underscores, at most 63"
RECORD, LOOK = "RECORD", "LOOK"  # record the event, or only ask for the version of the ledger


class _States(NamedTuple):
    """In place of a SQLSTATE: schemas that this tfevent cannot write to."""

    older: str
    newer: str


SCHEMA_STATES = _States("older", "newer")


class LedgerRequest(Request, frozen=True):
    """An event to record. ``url`` names host and database, ``body`` is the event, ``method`` is RECORD or LOOK.

    Attributes:
        address: of the database, as it is given, with what it has of a password.
        password: empty for what libpq finds.
        team: whose event it is.
    """

    address: str = ""
    password: str = ""
    team: str = ""

    @property
    def host(self) -> str:
        """The host of the database, or the folder of its socket: the only part of the address that may be shown."""
        return host_of(self.address) or "the database"

"""Finds events by a part of their text, for readers who cannot use the index due to row-level security.

A frequent text is found quickly in the newest events selected by the other filters, a rare one by the
database function that uses the index. Since the frequency of a text, alone or with the filters, is unknown
beforehand, both alternate, each continues where the other ended, and examines more each time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.journal.records import Query
from change_events.ledger import listing, problems
from change_events.ledger.access import Access
from change_events.ledger.listing import Anchor, Bounds, anchor_of
from change_events.ledger.text_function import MOST
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOOKED_AT, _LEAST = 1_000, 200  # initial number of events: in total, and per team at least
_FOUND = 1_000  # initial number of matches of the index, if other filters may exclude most
_FEW = 2_000  # events that are faster to scan than to find by the index
_MORE_LOOKED_AT, _MORE_FOUND = 2, 10  # growth factors per turn
_ANY = 1_000_000
# trigrams consist of letters and digits; which non-ASCII letters count depends on the server's locale
_HAS_TRIGRAM = lazy_pattern("[a-z0-9]{3}")
# The matches, followed by the last examined event; the server stops at the length of the page.
_FITTING = (
    "WITH c AS MATERIALIZED ({}) (SELECT false AS is_last, c.* FROM c WHERE "
    "(SELECT b.search LIKE %(text)s FROM tfevent.bodies b WHERE b.team = c.team AND b.id = c.id::uuid)) "
    "UNION ALL (SELECT true, c.* FROM c OFFSET %(skipped)s LIMIT 1) LIMIT %(page)s"
)
_LAST = "SELECT c.started_at, c.id FROM ({}) AS c OFFSET %(skipped)s LIMIT 1"
_WITH_TEXT = (
    f"SELECT {listing.micros('started_at')}, id::text FROM tfevent.with_text(%(teams)s::text[], %(text)s, "  # noqa: S608  # of ours
    "%(since)s::timestamptz, %(until)s::timestamptz, %(anchor)s::timestamptz, %(anchor_id)s::uuid, "
    "%(newest)s, %(most)s)"
)


class TextReads(Access):
    """The part of a ledger source that searches texts."""

    def _finds(self, text: str | None) -> bool:
        """Return whether an index finds the events with this text."""
        return self.finds_texts and bool(_HAS_TRIGRAM.search((text or "").casefold()))

    def _rows_with_text(self, query: Query, bounds: Bounds, limit: int | None) -> list[tuple[Any, ...]]:
        """Return rows of the selected events, in the query's order, up to the limit."""
        left = _ANY if limit is None else limit
        looked_at = max(_LEAST, _LOOKED_AT // max(1, len(self.teams)))
        most = min(MOST, left if _asks_for_text_alone(query) else max(_FOUND, left))
        until = time.monotonic() + self._seconds
        found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        while time.monotonic() < until:
            rows, last = self._fitting(query, bounds, looked_at, left - len(found))
            found |= {(row[0], row[-1]): row for row in rows}
            if len(found) >= left or last is None:
                return list(found.values())[:left]
            bounds = _moved(query, bounds, last)
            ids = self._ids_with_text(query, bounds, most)
            rows = self._with_ids(query, bounds, ids, left - len(found))
            found |= {(row[0], row[-1]): row for row in rows}
            if len(found) >= left or len(ids) < most:
                return list(found.values())[:left]
            bounds = _moved(query, bounds, ids[-1])
            looked_at, most = looked_at * _MORE_LOOKED_AT, min(MOST, most * _MORE_FOUND)
        raise problems.LedgerTooSlow(f"ledger {self.shown}: {problems.TOO_LONG}")

    def _ids_with_text(self, query: Query, bounds: Bounds, most: int) -> list[Anchor]:
        """Return the first events between the bounds with the text of a query, ignoring its other filters."""
        anchor = bounds.before if query.after is None else bounds.after
        values = {
            "teams": list(self.teams),
            "text": (query.text or "").casefold(),
            "since": query.since,
            "until": query.until,
            "anchor": anchor and anchor.started_at,
            "anchor_id": anchor and anchor.id,
            "newest": query.after is None,
            "most": most,
        }
        return [anchor_of(*row) for row in self._ask(_WITH_TEXT, values)]

    def _by_index(self, query: Query, bounds: Bounds, most: int) -> tuple[Bounds, bool]:
        """Return the bounds with ids found by the index, and whether these are complete.

        Without an index, the bounds are unchanged.
        """
        if not self._finds(query.text):
            return bounds, True
        most = min(most, MOST)
        ids = self._ids_with_text(query, bounds, most)
        return bounds._replace(ids=tuple(one.id for one in ids)), len(ids) < most

    def _beyond_few(self, query: Query, bounds: Bounds) -> Anchor | None:
        """Return the first event after the few that are scanned, ignoring the text; None if there is none."""
        statement, values = listing.statement(msgspec.structs.replace(query, text=None), bounds)
        candidates, given = self._of_each(statement, _order(query), {**values, "limit": _FEW + 1})
        last = self._ask(_LAST.format(candidates), {**given, "skipped": _FEW})
        return anchor_of(*last[0]) if last else None

    def _fitting(
        self, query: Query, bounds: Bounds, number: int, limit: int
    ) -> tuple[list[tuple[Any, ...]], Anchor | None]:
        """Return the matches among the first ``number`` events selected without the text, and the last of these events.

        The last event is None if there are no others.
        """
        statement, values = listing.statement(msgspec.structs.replace(query, text=None), bounds)
        candidates, given = self._of_each(statement, _order(query), {**values, "limit": number})
        # an event of several teams occurs several times: take the last one that is complete
        places = {"skipped": number - max(1, len(self.teams)), "page": limit}
        found = self._ask(_FITTING.format(candidates), {**given, **listing.text_value(query), **places})
        rows = [row for is_last, *row in found if not is_last]
        last = next((row for is_last, *row in found if is_last), None)
        return [tuple(row) for row in rows], None if last is None else anchor_of(last[2], last[0])

    def _with_ids(self, query: Query, bounds: Bounds, ids: Sequence[Anchor], limit: int) -> list[tuple[Any, ...]]:
        if not ids:
            return []
        statement, values = listing.statement(query, bounds._replace(ids=tuple(one.id for one in ids)))
        return self._ask_each(statement, _order(query), {**values, "limit": limit})


def _order(query: Query) -> str:
    return listing.NEWEST if query.after is None else listing.OLDEST


def _asks_for_text_alone(query: Query) -> bool:
    """Return whether the text is the only filter, apart from times and the page."""
    return query == Query(
        text=query.text, since=query.since, until=query.until, before=query.before, after=query.after,
        limit=query.limit, searched=query.searched,
    )  # fmt: skip


def _moved(query: Query, bounds: Bounds, anchor: Anchor) -> Bounds:
    return bounds._replace(before=anchor) if query.after is None else bounds._replace(after=anchor)

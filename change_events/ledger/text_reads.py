"""Events by a part of their text, for a reader of whom row-level security keeps the index of texts.

A frequent text is found soon by looking at the newest events that the other filters select, a rare one by the function
of the database that has the index. Which of them a text is, alone or together with the filters, is not known before:
they take turns, each goes on where the other one has ended, and looks at more each time.
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

_LOOKED_AT, _LEAST = 1_000, 200  # events at first: of all teams together, and however many teams there are
_FOUND = 1_000  # by the index at first, where other filters leave few of them
_FEW = 2_000  # events that are sooner looked at than an index of all is asked
_MORE_LOOKED_AT, _MORE_FOUND = 2, 10  # times as many in the next turn
_ANY = 1_000_000
# trigrams, of which the index is made, are of letters and digits; which others are letters, the server's locale says
_HAS_TRIGRAM = lazy_pattern("[a-z0-9]{3}")
# Those that fit, and behind them the last one of all; the server looks no further than the page is long.
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
    """The part of a ledger that finds texts."""

    def _finds(self, text: str | None) -> bool:
        """Whether an index finds the events with this text, however many there are."""
        return self.finds_texts and bool(_HAS_TRIGRAM.search((text or "").casefold()))

    def _rows_with_text(self, query: Query, bounds: Bounds, limit: int | None) -> list[tuple[Any, ...]]:
        """Rows of the events that a query selects, in its order, up to the limit."""
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
        """The first events between the bounds that have the text of a query, whatever else it demands."""
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
        """The bounds with the ids that the index finds; False where there may be others.

        Without an index, the bounds as they are.
        """
        if not self._finds(query.text):
            return bounds, True
        most = min(most, MOST)
        ids = self._ids_with_text(query, bounds, most)
        return bounds._replace(ids=tuple(one.id for one in ids)), len(ids) < most

    def _beyond_few(self, query: Query, bounds: Bounds) -> Anchor | None:
        """The first event beyond the few that are looked at of those that all but the text selects; None for none."""
        statement, values = listing.statement(msgspec.structs.replace(query, text=None), bounds)
        candidates, given = self._of_each(statement, _order(query), {**values, "limit": _FEW + 1})
        last = self._ask(_LAST.format(candidates), {**given, "skipped": _FEW})
        return anchor_of(*last[0]) if last else None

    def _fitting(
        self, query: Query, bounds: Bounds, number: int, limit: int
    ) -> tuple[list[tuple[Any, ...]], Anchor | None]:
        """Those that have the text of the first ``number`` events that all but it selects, and the last one of these.

        None where there are no others.
        """
        statement, values = listing.statement(msgspec.structs.replace(query, text=None), bounds)
        candidates, given = self._of_each(statement, _order(query), {**values, "limit": number})
        # an event that several teams have stands there several times: the last one whose others are there, too
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
    """Whether no other filter leaves out an event that has the text."""
    return query == Query(
        text=query.text, since=query.since, until=query.until, before=query.before, after=query.after,
        limit=query.limit, searched=query.searched,
    )  # fmt: skip


def _moved(query: Query, bounds: Bounds, anchor: Anchor) -> Bounds:
    return bounds._replace(before=anchor) if query.after is None else bounds._replace(after=anchor)

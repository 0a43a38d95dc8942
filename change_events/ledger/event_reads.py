"""Queries about events."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.journal import counting
from change_events.journal.drift_checks import KnownDrift, LastCheck
from change_events.journal.errors import AmbiguousId
from change_events.journal.event_columns import columns_of
from change_events.journal.records import Figures, Query, Record, RecordState, from_micros, to_micros
from change_events.ledger import listing
from change_events.ledger.entries import LONGEST
from change_events.ledger.listing import Bounds, anchor_of
from change_events.ledger.problems import EventGone, NotInLedger
from change_events.ledger.text_function import MOST
from change_events.ledger.text_reads import TextReads
from change_events.ledger.variants import DIGESTS, Variant, readable, variants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime, timedelta

    from change_events.journal.counting import Count
    from change_events.ledger.listing import Anchor

_BATCH = 500
_AHEAD = 20  # bodies read ahead
_TEXTS = range(8, 15)  # positions of texts that may be stored in changed form
_BODIES = (
    "SELECT b.id::text, b.team, b.body FROM tfevent.bodies b "
    "WHERE b.team = ANY (%(teams)s) AND b.id = ANY (%(ids)s::uuid[])"
)
# an event with the ID of another one is necessarily recorded later
_TEAMS_OF = (
    "SELECT e.team FROM tfevent.events e WHERE e.team = ANY (%(teams)s) AND e.id = ANY (%(ids)s::uuid[]) "
    "ORDER BY e.ingested_at, e.team"
)
_DRIFT = """
    SELECT DISTINCT ON (directory, workspace)
        directory, workspace, checked_at, known_at, clean_at, revision, terms, reason, drift
    FROM tfevent.drift_checks WHERE team = ANY (%(teams)s) ORDER BY directory, workspace, checked_at DESC
"""
_DECODER = msgspec.json.Decoder(tuple[KnownDrift, ...])
_UNDELIVERED = (
    "the ledger does not know which events were not delivered, each machine's journal does; leave out --undelivered, "
    "or --ledger"
)


class EventReads(TextReads):
    """The part of a ledger source for events."""

    called = "ledger"

    def get(self, id_or_prefix: str) -> Record | None:
        """Return the event with this id or unique prefix; None if there is none.

        If teams have recorded it differently, the first record is returned; its ``others`` names the rest.

        Raises:
            AmbiguousId: several ids have this prefix.
            LedgerError: the ledger cannot be read.
        """
        return next(self.versions(id_or_prefix), None)

    def versions(self, id_or_prefix: str) -> Iterator[Record]:
        """Yield the event as recorded by each team, the first record first; errors as in :meth:`get`.

        Teams with equal records share one.
        """
        prefix = id_or_prefix.strip().lower()
        ends = listing.id_range(prefix) if prefix else None
        if ends is None:
            return iter(())
        low, high = ends
        found = self._ask_each(listing.BY_ID, "id, team", {"low": low, "high": high, "limit": 12})
        ids = list(dict.fromkeys(str(row[0]) for row in found))
        if len(ids) > 1:
            some = ", ".join(ids[:5]) + (" …" if len(ids) > 5 else "")  # noqa: PLR2004  # as many as are named
            raise AmbiguousId(f"{id_or_prefix} fits several events: {some}; give more of the id")
        if len(found) > 1:
            first = [team for (team,) in self._ask(_TEAMS_OF, self._of_ids(ids))]
            found = sorted((row for row in found if row[-1] in first), key=lambda row: first.index(row[-1]))
        return self._records(found)

    def list(self, query: Query | None = None, *, follows: Anchor | None = None) -> Iterator[Record]:
        """Yield the selected events, newest first; bodies are read on demand.

        Args:
            query: which events.
            follows: only events after this one in that order, even if it has been removed.

        Raises:
            LedgerError: the ledger cannot be read, or lacks the requested data: it has no deliveries.
        """
        wanted = query or Query()
        bounds = self._bounds(wanted)
        if bounds is None:
            return
        if follows is not None:
            bounds = bounds._replace(before=follows)
        if wanted.after is not None:
            yield from self._records(self._page(wanted, bounds, wanted.limit)[::-1])
            return
        left = wanted.limit
        while left is None or left > 0:
            number = _BATCH if left is None else min(left, _BATCH)
            found = self._page(wanted, bounds, number)
            yield from self._records(found)
            if len(found) < number:
                return
            bounds = bounds._replace(before=anchor_of(found[-1][2], found[-1][0]))
            left = None if left is None else left - len({row[0] for row in found})

    def figures(self, query: Query, *, most: int) -> Figures:
        """Return the number of selected events, in total and by column, of the newest ``most``, regardless of the page.

        Raises:
            LedgerError: as in :meth:`list`.
        """
        whole = msgspec.structs.replace(query, before=None, after=None)
        bounds = self._bounds(whole) or Bounds()
        combined = self._combined_by_text(whole, bounds, most) if self._finds(whole.text) else None
        if combined is None:
            combined = self._combined(whole, bounds, most)
        by_column: tuple[Counter[str], ...] = tuple(Counter() for _ in range(5))
        for *columns, number, _ in combined:
            for found, value in zip(by_column, columns, strict=True):
                if value is not None:
                    found[value] += number
        events = sum(row[5] for row in combined)
        return Figures(events, any(row[6] > most for row in combined), *by_column)

    def counted(self, query: Query, *, by: Sequence[str] = (), width: timedelta) -> Sequence[Count]:
        """Return the number of selected events by columns and spans of time. Raises LedgerError and ValueError."""
        whole = msgspec.structs.replace(query, before=None, after=None)
        first = counting.first_of(whole, by, width)
        bounds = self._bounds(whole) or Bounds()
        if self._finds(whole.text) and self._beyond_few(whole, bounds):
            narrowed, complete = self._by_index(whole, bounds, MOST)
            bounds = narrowed if complete else bounds
        selected, values = listing.selection(whole, bounds)
        statement = listing.counted(selected.replace("{team}", "ANY (%(teams)s)"), by)
        micros = round(width.total_seconds() * 1_000_000)
        found = self._ask(statement, {**values, "teams": list(self.teams), "first": to_micros(first), "width": micros})
        return [counting.Count(row[0], tuple(row[1:-1]), row[-1]) for row in found]

    def searched_since(self, query: Query) -> datetime | None:
        """Return the start of the oldest event searched for the text; None if all are searched."""
        if not query.text or query.searched is None or self._finds(query.text):
            return None
        values = {"limit": query.searched + 1}
        each, given = self._of_each(listing.STARTS, listing.NEWEST, values)
        found = self._ask(f"SELECT started_at FROM ({each}) AS starts OFFSET %(limit)s - 1", given)  # noqa: S608  # of ours
        if not found or (query.since is not None and query.since > from_micros(found[0][0])):
            return None
        return from_micros(found[0][0])

    def drift_checks(self) -> Sequence[LastCheck]:
        """Return the last drift check of each directory, by directory. Raises LedgerError."""
        names = LastCheck.__struct_fields__
        checks = []
        for row in self._ask(_DRIFT, {"teams": list(self.teams)}):
            with suppress(msgspec.DecodeError, UnicodeDecodeError):  # a writer can record invalid drift
                checks.append(LastCheck(**dict(zip(names, (*row[:-1], _DECODER.decode(row[-1])), strict=True))))
        return checks

    def _bounds(self, query: Query) -> Bounds | None:
        """Return the bounds of ``query``; None if an event it names is gone."""
        if query.undelivered:
            raise NotInLedger(_UNDELIVERED)
        searched = self.searched_since(query)
        named = [name for name in (query.before, query.after) if name is not None]
        if not named:
            return Bounds(searched=searched)
        ids = [found for name in named if (found := listing.uuid_of(name))]
        known = {row[0]: anchor_of(row[1], row[0]) for row in self._ask(listing.ANCHORS, self._of_ids(ids))}
        if not known.keys() >= set(named):
            return None
        before, after = (known[name] if name else None for name in (query.before, query.after))
        return Bounds(before, after, searched)

    def _page(self, query: Query, bounds: Bounds, limit: int | None) -> Sequence[tuple[Any, ...]]:
        """Return rows up to the limit, and the last event's rows of other teams."""
        if limit is None or len(self.teams) == 1:
            return self._rows(query, bounds, limit)
        found = self._rows(query, bounds, limit + len(self.teams) - 1)
        last = found[limit - 1][0] if len(found) >= limit > 0 else None
        return [row for place, row in enumerate(found) if place < limit or row[0] == last]

    def _rows(self, query: Query, bounds: Bounds, limit: int | None) -> Sequence[tuple[Any, ...]]:
        if self._finds(query.text):
            return self._rows_with_text(query, bounds, limit)
        statement, values = listing.statement(query, bounds)
        order = listing.NEWEST if query.after is None else listing.OLDEST
        return self._ask_each(statement, order, {**values, "limit": limit})

    def _combined_by_text(self, query: Query, bounds: Bounds, most: int) -> Sequence[tuple[Any, ...]] | None:
        """Like :meth:`_combined`, by the newest events if they suffice, or the index of texts; None if neither does."""
        beyond = self._beyond_few(query, bounds)
        if beyond is None:
            return None
        combined = self._combined(query, bounds._replace(searched=beyond.started_at), most)
        if any(row[6] > most for row in combined):
            return combined
        narrowed, complete = self._by_index(query, bounds, most + 1)
        combined = self._combined(query, narrowed, most)
        return combined if complete or any(row[6] > most for row in combined) else None

    def _combined(self, query: Query, bounds: Bounds, most: int) -> Sequence[tuple[Any, ...]]:
        """Return the number of events with equal columns: values, number, and the total."""
        statement, values = listing.statement(query, bounds, figures=True)
        inner, given = self._of_each(statement, listing.NEWEST, {**values, "limit": most + 1})
        return self._ask(listing.COUNTED.format(inner), given)

    def _records(self, found: Sequence[tuple[Any, ...]]) -> Iterator[Record]:
        chosen = variants(found, self._digests(found))
        bodies = _Bodies(self._bodies, chosen, self.shown)
        for place, variant in enumerate(chosen):
            load = bodies.loader(place)
            row = _as_recorded(variant.row, load)
            yield Record(row, (), load, kept_in=self.called, teams=variant.teams, others=variant.others)

    def _digests(self, found: Sequence[tuple[Any, ...]]) -> dict[tuple[str, str], str]:
        if len(self.teams) == 1 or not found:
            return {}
        rows = self._ask(DIGESTS, self._of_ids(list({row[0] for row in found})))
        return {(event_id, team): digest for event_id, team, digest in rows}

    def _bodies(self, ids: Sequence[str]) -> dict[tuple[str, str], bytes]:
        return {(event_id, team): body for event_id, team, body in self._ask(_BODIES, self._of_ids(ids))}

    def _of_ids(self, ids: Sequence[object]) -> dict[str, object]:
        return {"teams": list(self.teams), "ids": list(ids)}


class _Bodies:
    """The bodies of listed events, read in batches, since most callers read the following ones as well."""

    def __init__(
        self, read: Callable[[Sequence[str]], dict[tuple[str, str], bytes]], chosen: Sequence[Variant], shown: str
    ) -> None:
        self._read = read
        self._chosen = chosen
        self._shown = shown
        self._ahead: dict[tuple[str, str], bytes] = {}

    def loader(self, place: int) -> Callable[[], bytes]:
        """Return a function that loads the body of the event at this position."""

        def load() -> bytes:
            variant = self._chosen[place]
            key = (str(variant.row[0]), variant.teams[0])
            if key not in self._ahead:
                self._ahead = self._read([one.row[0] for one in self._chosen[place : place + _AHEAD]])
            if key not in self._ahead:
                raise EventGone(f"ledger {self._shown}: this event has been removed meanwhile (retention)")
            return readable(self._ahead.pop(key), variant)

        return load


def _as_recorded(row: tuple[Any, ...], load: Callable[[], bytes]) -> tuple[Any, ...]:
    """Return the columns of an event with its original texts if one could not be stored unchanged."""
    if not any(text and ("\ufffd" in text or len(text) == LONGEST) for text in (row[place] for place in _TEXTS)):
        return row
    from change_events.redact import unseal

    return columns_of(unseal(load()).event, RecordState(row[1]))

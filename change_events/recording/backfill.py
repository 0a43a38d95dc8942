"""Records events from history: each once, and none that was recorded while it happened."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from change_events import routing
from change_events.journal import Query
from change_events.model import stack_key

if TYPE_CHECKING:
    from change_events.journal import Journal
    from change_events.journal.backfilled import Origin
    from change_events.model import ChangeEvent, SealedEvent
    from change_events.recording.writer import EventWriter

_LONGEST_RUN = timedelta(hours=12)
_SLACK = timedelta(seconds=10)  # between the clocks of a machine and of a store


class Added(NamedTuple):
    """The result for one piece of history.

    Attributes:
        sealed: the event.
        fresh: it was not recorded before.
        recorded_as: the event recorded while it happened, if there is one.
    """

    sealed: SealedEvent
    fresh: bool
    recorded_as: str | None = None


def add(
    journal: Journal, writer: EventWriter, event: ChangeEvent, origin: Origin, *, send: bool = False, dry: bool = False
) -> Added:
    """Record a piece of history, unless it is recorded already.

    Args:
        journal: the journal to write to.
        writer: composes and redacts.
        event: redacted, without title and message.
        origin: its identity.
        send: deliver it to the destinations selected by its settings.
        dry: record nothing.

    Raises:
        JournalError: the journal cannot be used, or is nearly full.
    """
    sealed = writer.sealed(event)
    if (earlier := recorded_meanwhile(journal, event)) is not None:
        if not dry:
            journal.withdraw_unjoined(sealed, origin)
        return Added(sealed, fresh=False, recorded_as=earlier)
    if dry:
        return Added(sealed, fresh=True)
    names = routing.destinations(sealed.event, writer.settings) if send else []
    return Added(sealed, journal.backfill(sealed, origin, names))


def recorded_meanwhile(journal: Journal, event: ChangeEvent) -> str | None:
    """Return the ID of a recorded run that wrote this version; None if there is none.

    It was running at that time, and has the same stack or left the same version. Equal addresses prove nothing: other
    stacks have them too.
    """
    at = event.started_at
    query = Query(since=at - _LONGEST_RUN, until=at + _SLACK, phase=event.phase, backfilled=False, limit=None)
    for record in journal.list(query):
        if (record.ended_at or at) + _SLACK >= at and _is_same(event, record.event):
            return record.id
    return None


def _is_same(event: ChangeEvent, other: ChangeEvent) -> bool:
    if stack_key(event) == stack_key(other):
        return True
    one, two = event.state, other.state
    return bool(one and two and one.lineage and (one.lineage, one.serial) == (two.lineage, two.serial))

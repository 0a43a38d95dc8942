"""Events recorded while the settings had mistakes: they are routed when these are corrected."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from change_events import routing
from change_events.journal import RecordState
from change_events.journal.unrouted import Unrouted

if TYPE_CHECKING:
    from change_events.journal import Journal
    from change_events.settings import Settings


def waits_of(settings: Settings) -> list[Unrouted]:
    """Return the settings files that an event recorded now has to wait for."""
    return [Unrouted("", one.file, one.wanted) for one in settings.unrouted]


def route_late(journal: Journal, settings: Settings) -> None:
    """Enqueue events that waited for files of these settings that are valid now.

    Events of other files are left to commands that read them: they belong to other projects. Raises JournalError.
    """
    mended = {str(path) for path in settings.files} - {one.file for one in settings.unrouted}
    for waiting in journal.unrouted():
        if waiting.file not in mended:
            continue
        record = journal.get(waiting.event_id)
        if record is None or record.state is RecordState.STARTED:
            continue
        with suppress(msgspec.DecodeError):  # written by a newer version: it is left to that
            if waiting.wanted is None:
                names = routing.destinations(record.event, settings)
            else:
                names = [name for name in waiting.wanted if name in settings.names]
            journal.route(waiting, names)

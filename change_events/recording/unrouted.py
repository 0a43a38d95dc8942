"""Events that were recorded while the settings had mistakes: where they go is decided when these are mended."""

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
    """What an event that is recorded now has to wait for."""
    return [Unrouted("", one.file, one.wanted) for one in settings.unrouted]


def route_late(journal: Journal, settings: Settings) -> None:
    """Enqueue what waited for files that these settings were read from and that have no such mistake any more.

    Events of other files are left to the commands that read those: another project's settings say nothing of them.
    Raises JournalError.
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

"""Queries the journal in plain values, for programs that do not know this package's types."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def events(
    directory: str | Path, environ: Mapping[str, str], say: Callable[[str], object], **filters: Any
) -> list[dict[str, Any]]:
    """Return the events of the settings' journal, newest first, in the shape of the published schema.

    Killed runs are settled first, as in every command that reads the journal.

    Args:
        directory: where ``tfevent.yaml`` is looked for.
        environ: the environment.
        say: takes one line for the user.
        filters: fields of :class:`change_events.journal.Query`; all events without ``limit``.

    Raises:
        JournalError: it exists and cannot be read. A missing journal has no events.
    """
    from change_events.journal import Journal, Query
    from change_events.paths import state_dir
    from change_events.recording.recovery import settle_killed
    from change_events.settings import load_leniently

    settings, mistakes = load_leniently(Path(directory), environ)
    for mistake in mistakes:
        say(mistake)
    if not settings.journal.exists():
        return []
    with Journal.open(settings.journal, caps=settings.caps) as journal:
        settle_killed(state_dir(), journal, settings, say)
        found = journal.list(Query(**{"limit": None, **filters}))
        return [msgspec.json.decode(record.body) for record in found]

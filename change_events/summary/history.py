"""Text for a backfilled event: its source, and the meaning of its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.model import Backfilled

_TIMES = {
    "object": "",
    "plan": "",
    "name": "time from the file's name",
    "file": "time from the file's modification",
}


def words(found: Backfilled) -> str:
    """Return all known facts on one line."""
    return "; ".join(_parts(found))


def _parts(found: Backfilled) -> Iterator[str]:
    version = f"version {found.version} of " if found.version else ""
    yield f"{version}{found.source}"
    if found.since is not None:
        yield f"changed since {found.since:%Y-%m-%d %H:%M} UTC"
    if times := _TIMES.get(found.time_from, ""):
        yield times
    if found.owner:
        yield f"object owner {found.owner}"
    if found.skipped:
        yield f"spans {found.skipped} version{'s' if found.skipped > 1 else ''} that could not be read"

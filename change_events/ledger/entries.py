"""The entry of an event, sent with its body: the columns and rows of the journal, computed by the same functions.

Pure functions. The server records entries as given, for a team the writer may write to.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from uuid import UUID

from change_events.journal.event_columns import columns_of, hosts_of, search_text
from change_events.journal.records import Columns, RecordState
from change_events.journal.touched_rows import Rows, rows_of
from change_events.model.stack import stack_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.journal.touched_rows import Thing
    from change_events.model import ChangeEvent

LONGEST = 500
"""Characters of a text that an index holds: one entry of a b-tree of PostgreSQL has 2,704 bytes at most."""
_DIGEST = 24
_INDEXED = ("environment", "service", "tool", "run", "parent", "key", "actor")


def indexed(text: str) -> str:
    """Return ``text`` as it is stored and searched in an index: a text that is too long ends in a digest."""
    text = storable(text)
    if len(text) <= LONGEST:
        return text
    digest = hashlib.blake2b(text.encode(), digest_size=_DIGEST // 2).hexdigest()
    return f"{text[: LONGEST - _DIGEST - 1]}…{digest}"


def storable(text: str) -> str:
    """Return ``text`` without characters that PostgreSQL cannot store."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def entry_of(event: ChangeEvent, state: RecordState) -> dict[str, Any]:
    """Return the entry of one event as JSON-like data.

    Raises:
        ValueError: its id is not a UUID.
    """
    columns: dict[str, Any] = dict(zip(Columns.__struct_fields__, columns_of(event, state), strict=True))
    columns["actor"] = _actor(event)
    columns |= {name: columns[name] and indexed(columns[name]) for name in _INDEXED}
    entry = columns | {
        "id": _uuid(event.id),
        "title": storable(event.title),
        "started_at": event.started_at.isoformat(),
        "ended_at": event.ended_at and event.ended_at.isoformat(),
        "plan": None,
        "stack": None,
        "backfilled": event.backfilled is not None,
        "search": storable(search_text(event)),
        "hosts": sorted({indexed(host) for host in hosts_of(event)}),
        "signals": sorted({indexed(signal.name) for signal in event.signals}),
        "tags": sorted({indexed(tag) for tag in _tags(event)}),
        "things": [],
        "touched": [],
        "moves": [],
        "names": [],
    }
    return entry | _past(event) if state is RecordState.SETTLED else entry


def _actor(event: ChangeEvent) -> str | None:
    """Return the person, or the CI system in its place."""
    actor = event.actor
    if actor is None:
        return None
    return (actor.ci and (actor.ci.actor or actor.ci.system)) or actor.user


def _tags(event: ChangeEvent) -> Iterator[str]:
    """Yield the filters that match each tag: its name, and ``name=value``; a name with ``=`` cannot be queried."""
    for name, value in event.tags.items():
        if "=" not in name:
            yield from (name, f"{name}={value}")


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError(f"the ID of event {text[:80]!r} is not a UUID") from None


def _past(event: ChangeEvent) -> dict[str, Any]:
    """Return the data of a settled event needed by later queries about history."""
    rows = _rows(event)
    things: dict[Thing, int] = {}
    for row in rows.rows:
        things.setdefault(row.thing, len(things))
    return {
        "plan": event.tool.plan if event.tool else None,
        "stack": indexed(stack_key(event)) if rows.rows else None,
        "things": [
            {"address": storable(thing.address), "kind": thing.kind, "type": thing.type and storable(thing.type)}
            for thing in things
        ],
        "touched": [[things[row.thing], storable(row.path), *row[2:]] for row in rows.rows],
        "moves": [[storable(new), storable(old)] for new, old in rows.moves],
        "names": [[storable(name), things[thing]] for name, thing in rows.names if thing in things],
    }


def _rows(event: ChangeEvent) -> Rows:
    try:
        return rows_of(event)
    except Exception:  # noqa: BLE001 - an odd event must not be lost because its past cannot be asked for
        return Rows([], [], [])

"""The journal's results about resources and hosts and their changes."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  # of structs that are decoded

import msgspec


class KnownThing(msgspec.Struct, frozen=True):
    """A resource of a stack, or a host (``stack`` is empty); ``number`` is the journal's own."""

    number: int
    address: str
    kind: str
    type: str | None = None
    stack: str = ""


class Touch(msgspec.Struct, frozen=True):
    """One attribute of a thing (or a task on a host) changed by one event; an empty path is the whole thing.

    Attributes:
        thing: number of the thing.
        seq: of the event; grows in the order of recording.
        at: start of the event, UTC.
        before: fingerprint of the value before; None if it is not comparable.
        after: fingerprint of the value after; None if it is not comparable.
    """

    thing: int
    path: str
    seq: int
    event: str
    at: datetime
    action: str
    outcome: str
    before: str | None = None
    after: str | None = None


class Move(msgspec.Struct, frozen=True):
    """A move of a resource to another address within its stack."""

    old: str
    new: str
    at: datetime


class Known(msgspec.Struct, frozen=True):
    """Since when things are known: ``since`` is None for an empty journal.

    ``complete`` is True if every event in the journal since then is indexed.
    """

    since: datetime | None
    complete: bool

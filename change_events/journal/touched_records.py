"""What the journal answers about things and what was changed of them."""

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
    """One attribute of a thing (or a task on a host) that one event changed; an empty path is the thing as a whole.

    Attributes:
        thing: number of the thing.
        seq: of the event; grows with the order of recording.
        at: start of the event, UTC.
        before: fingerprint of the value before; None where it cannot be compared. ``after`` likewise.
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
    """A resource got another address within its stack."""

    old: str
    new: str
    at: datetime


class Known(msgspec.Struct, frozen=True):
    """How far back things are known: ``since`` is None in an empty journal, ``complete`` False while older events lack.

    ``complete`` says that each event that the journal holds since then was looked at.
    """

    since: datetime | None
    complete: bool

"""Where an event was read from that was not recorded while it happened."""

from __future__ import annotations

from datetime import datetime

from change_events.model.base import Struct


class Backfilled(Struct, frozen=True):
    """History that an event was made of afterwards: a version of a state, or a plan in JSON.

    ``source`` is the object or folder it is in, ``version`` the version ID of the object or the file's name. The
    event's time is that at which the state was written or the plan made, as ``time_from`` has it: ``object`` (the
    store), ``plan``, ``name`` (of the file) or ``file`` (its modification time). ``since`` is when the version before
    was written: the changes were made between the two. ``owner`` is the object's owner, an account and not the person
    who made the changes. ``skipped`` counts versions between the two that could not be read. ``host`` is where the
    event was made, ``at`` when.
    """

    source: str
    at: datetime
    time_from: str
    version: str | None = None
    since: datetime | None = None
    owner: str | None = None
    skipped: int = 0
    host: str | None = None

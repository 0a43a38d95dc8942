"""What a source of history gives: versions of one state, the oldest first, each read when it is needed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from change_events.errors import InputError
from tf_wrapper.state.document import read_state

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from tf_wrapper.state.objects import State

MOST_BYTES = 64 * 1024 * 1024
"""Of one document: what terraform itself can hardly work with is not read."""


class UnreadableError(Exception):
    """One version cannot be read; the text is the reason, a clause without values."""


class Moment(NamedTuple):
    """A time, and what it was taken from (``Backfilled.time_from``)."""

    at: datetime
    taken_from: str


class Version(NamedTuple):
    """One version of a state.

    Attributes:
        name: what a person calls it: a version ID, a file's name.
        place: what it is found by, unique within its source.
        written: when; None where that is not known.
        replaced: when the next version was written, of a backup that is made then.
        load: reads it. Raises UnreadableError.
        owner: of the object.
        undated: why its own time is of no use, as a clause; empty where that is the time of a copy, or none was looked
            for.
    """

    name: str
    place: str
    written: Moment | None
    load: Callable[[], bytes]
    replaced: Moment | None = None
    owner: str | None = None
    undated: str = ""


class Stored(NamedTuple):
    """All versions of one state at one place.

    Attributes:
        label: of the place, for people.
        versions: in the order in which they were written.
        lineage: of all of them, where they were chosen by it.
    """

    label: str
    versions: Sequence[Version]
    lineage: str | None = None


def digest(*parts: object) -> str:
    """A short text that is equal for equal parts; none of them can be read from it."""
    text = "\0".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=12).hexdigest()


def state_of(version: Version) -> State:
    """Read and decode one version. Raises UnreadableError."""
    data = version.load()
    try:
        state = read_state(data, "state")
    except InputError as error:
        raise UnreadableError(str(error).removeprefix("state: ").partition(";")[0].partition(" (")[0]) from error
    if state.serial is None:
        raise UnreadableError("it has no serial: it is the output of `show -json`, or empty")
    return state

"""The versions of one state from a source of history, oldest first, each read on demand."""

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
    """A version cannot be read; the text is the reason, a clause without values."""


class Moment(NamedTuple):
    """A time and its origin (``Backfilled.time_from``)."""

    at: datetime
    taken_from: str


class Version(NamedTuple):
    """One version of a state.

    Attributes:
        name: its name for people: a version ID, a file name.
        place: its identity, unique within the source.
        written: time of writing; None if unknown.
        replaced: for a backup made at that time, when the next version was written.
        load: reads it. Raises UnreadableError.
        owner: owner of the object.
        undated: why its time is unusable, as a clause; empty if it is the time of a copy, or not needed.
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
        label: name of the place for people.
        versions: in the order of writing.
        lineage: lineage of all of them, if they were selected by it.
    """

    label: str
    versions: Sequence[Version]
    lineage: str | None = None


def digest(*parts: object) -> str:
    """Return a short text that is equal for equal parts and reveals none of them."""
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

"""A spool for operations that could not be written because the journal was locked.

One file per operation in the folder ``JOURNAL-spool``, named by its time, written atomically. The next process that
opens the journal applies them in order. A process that dies between the journal's commit and the removal of the file
causes a second application, which changes nothing.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from change_events.journal.unrouted import Unrouted  # noqa: TC001 - msgspec reads the annotation

if TYPE_CHECKING:
    from collections.abc import Callable

Operation = Literal["start", "settle", "discard"]
_FRESH = ".new-"
_UNREADABLE = ".unreadable"


class Entry(msgspec.Struct, frozen=True):
    """An operation on the journal, with the arguments of the method of the same name.

    Attributes:
        operation: ``start``, ``settle`` or ``discard``.
        at: time of the request, seconds since 1970.
        id: ID of the event.
        body: the sealed event; for ``discard``, its baseline, if any.
        destinations: names.
    """

    operation: Operation
    at: float
    id: str
    body: bytes = b""
    destinations: tuple[str, ...] = ()
    dedup_window: float | None = None
    if_open: bool = False
    waits: tuple[Unrouted, ...] = ()


def keep(journal: str | Path, entry: Entry) -> None:
    """Write an operation to the spool, durably. Raises OSError.

    Args:
        journal: path of the journal's file.
        entry: the operation.
    """
    folder = _folder(journal)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{time.time_ns():020d}-{os.getpid()}-{entry.operation}"
    fresh = folder / (_FRESH + name)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.msgpack.encode(entry))
            file.flush()
            os.fsync(descriptor)
        fresh.rename(folder / name)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def waits(journal: str | Path) -> bool:
    """Return whether the spool has operations."""
    return _folder(journal).is_dir()


def withdraw(journal: str | Path, event_id: str) -> None:
    """Remove the spooled start of a discarded event, which would otherwise run for ever."""
    folder = _folder(journal)
    for path in folder.glob("*-start") if folder.is_dir() else ():
        with suppress(OSError, msgspec.DecodeError):
            if msgspec.msgpack.decode(path.read_bytes(), type=Entry).id == event_id:
                path.unlink(missing_ok=True)


def take_in(journal: str | Path, apply: Callable[[Entry, Callable[[], bool]], None]) -> int:
    """Apply spooled operations, oldest first, and remove them; returns their number.

    ``apply`` also receives a function that returns whether the entry is still spooled, to be called when the journal
    can be written: another process may have applied it meanwhile, and discarded its event.

    An exception of ``apply`` ends it, and the rest stays. Unreadable entries are renamed.
    """
    folder, taken = _folder(journal), 0
    for path in sorted(path for path in folder.iterdir() if path.suffix != _UNREADABLE and path.name[0] != "."):
        try:
            entry = msgspec.msgpack.decode(path.read_bytes(), type=Entry)
        except FileNotFoundError:
            continue  # another process was quicker
        except msgspec.DecodeError:
            path.rename(path.with_name(path.name + _UNREADABLE))
            continue
        apply(entry, path.exists)
        path.unlink(missing_ok=True)
        taken += 1
    with suppress(OSError):  # something has come meanwhile, or is just being written
        folder.rmdir()
    return taken


def _folder(journal: str | Path) -> Path:
    return Path(f"{journal}-spool")

"""The state stored from one boot to the next: one small file in the state folder, written atomically."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from change_events.files import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "machine.json"
_LOCK_SECONDS = 0.5  # two commands at the same boot; whoever waits longer goes on without


class Memory(msgspec.Struct, frozen=True, omit_defaults=True):
    """The stored state of the last recorded boot.

    Attributes:
        boot: its identity; see :class:`change_events.machine.snapshot.MachineSnapshot`, also for ``boot_id``,
            ``booted_at``, ``kernel`` and ``image``.
        event: ID of its event.
        seen_at: when the machine last ran a tfevent command.
        stopped_at: when a shutdown was requested; None while it is up, and after a crash.
        goal: purpose of the shutdown, if known: ``reboot``, ``poweroff`` and the like.
        records_stops: shutdowns are recorded on this machine, so that a missing one is evidence.
    """

    boot: str
    boot_id: str
    booted_at: datetime
    kernel: str
    image: str | None = None
    event: str | None = None
    seen_at: datetime | None = None
    stopped_at: datetime | None = None
    goal: str | None = None
    records_stops: bool = False


def recall(state: str) -> Memory | None:
    """Return the state in this folder; None if there is none, or it cannot be read."""
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode((Path(state) / NAME).read_bytes(), type=Memory)
    return None


def keep(state: str, memory: Memory) -> None:
    """Replace the state, safe against power failures. Raises OSError."""
    folder = Path(state)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        private_folder.write_file(descriptor, NAME, msgspec.json.encode(memory), durable=True)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def seen(state: str) -> None:
    """Record that the machine is alive, if a boot was recorded: a later crash is then known to be later."""
    memory = recall(state)
    if memory is None or memory.stopped_at is not None:
        return
    with suppress(OSError):
        keep(state, msgspec.structs.replace(memory, seen_at=datetime.now(UTC)))


@contextmanager
def alone(state: str) -> Iterator[None]:
    """Run one command at a time, if the file system supports locks."""
    try:
        Path(state).mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(Path(state) / f"{NAME}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError:
        yield
        return
    try:
        _wait_for(descriptor)
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int) -> None:
    end = time.monotonic() + _LOCK_SECONDS
    while time.monotonic() < end:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:  # no locks there
            return
        else:
            return

"""A started change that cannot outlive one process: when that has ended, the change is settled by the next command.

It has a folder like an observed run (:mod:`change_events.files.rundir`), but without a lock: the starting process may
end at once. The ``writer`` in its facts decides.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from change_events import process
from change_events.files import rundir
from change_events.paths import state_dir
from change_events.recording.checkpoint import write_checkpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.files.rundir import RunDirectory
    from change_events.model import ChangeEvent, SealedEvent


OWNER = "process"


class ProcessBound(NamedTuple):
    """The ID of a process, and the destinations of the event if recovery settles it: None for all."""

    process: int
    destinations: list[str] | None = None


def tie(event: ChangeEvent, to: ProcessBound, journal: str) -> RunDirectory | None:
    """Create the folder that binds a change to a process, before its record is written. Raises OSError.

    Args:
        event: the started change.
        to: the process that it cannot outlive.
        journal: path of the journal with its record.

    Returns:
        The folder, locked, for :func:`keep` or its own ``remove``; None if it cannot be created.
    """
    folder = rundir.create(state_dir(), event.id)
    if folder is not None:
        facts = {"id": event.id, "owner": OWNER, "started_at": event.started_at.timestamp()}
        seen = {"writer": process.identity(to.process), "space": _space()}
        folder.write_journal(journal)
        folder.write_facts(durable=True, destinations=to.destinations, **facts, **seen)
    return folder


def keep(folder: RunDirectory, sealed: SealedEvent) -> None:
    """Leave the folder to the command that settles the change. Raises OSError."""
    try:
        write_checkpoint(folder, sealed)
    finally:
        folder.release()


def untie(event_id: str) -> None:
    """Remove the folder of a settled change, if it has one. Never raises."""
    folder = rundir.find(state_dir(), event_id)
    if folder is None:
        return
    if folder.acquire():
        folder.remove()
    else:  # someone is about to do the same
        folder.release()


def lives(facts: Mapping[str, Any]) -> bool:
    """Return whether the ``writer`` of a folder may still run; True if it cannot be seen from here."""
    if "writer" not in facts:
        return False
    return facts.get("space", _space()) != _space() or process.lives(facts["writer"])


def _space() -> list[str]:
    """Return the namespace of process IDs: a container that shares the state folder has its own."""
    try:
        numbers = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        numbers = ""
    return [os.uname().nodename, numbers]

"""A started change that cannot outlive one process: when that has ended and no one has settled it, no one will.

It has a folder as an observed run has (:mod:`change_events.files.rundir`), which no one keeps locked: who started it
may be a process that is over at once. What counts is the ``writer`` in its facts.
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
    """The number of a process, and the destinations that get the event if no one but us settles it: None for all."""

    process: int
    destinations: list[str] | None = None


def tie(event: ChangeEvent, to: ProcessBound, journal: str) -> RunDirectory | None:
    """Make the folder that ties a change to a process, before its record is written. Raises OSError.

    Args:
        event: the change that starts.
        to: what it cannot outlive.
        journal: path of the journal that its record is written to.

    Returns:
        The folder, locked, for :func:`keep` or its own ``remove``; None where no place can be written.
    """
    folder = rundir.create(state_dir(), event.id)
    if folder is not None:
        facts = {"id": event.id, "owner": OWNER, "started_at": event.started_at.timestamp()}
        seen = {"writer": process.identity(to.process), "space": _space()}
        folder.write_journal(journal)
        folder.write_facts(durable=True, destinations=to.destinations, **facts, **seen)
    return folder


def keep(folder: RunDirectory, sealed: SealedEvent) -> None:
    """Leave the folder to whoever settles the change. Raises OSError."""
    try:
        write_checkpoint(folder, sealed)
    finally:
        folder.release()


def untie(event_id: str) -> None:
    """The change has been settled: its folder, if it has one, goes. Never raises."""
    folder = rundir.find(state_dir(), event_id)
    if folder is None:
        return
    if folder.acquire():
        folder.remove()
    else:  # someone is about to do the same
        folder.release()


def lives(facts: Mapping[str, Any]) -> bool:
    """Whether the ``writer`` of a folder may still run: one that cannot be seen from here is taken to."""
    if "writer" not in facts:
        return False
    return facts.get("space", _space()) != _space() or process.lives(facts["writer"])


def _space() -> list[str]:
    """Where numbers of processes mean the same: a container that shares our state folder has its own."""
    try:
        numbers = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        numbers = ""
    return [os.uname().nodename, numbers]
